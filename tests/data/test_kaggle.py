"""Folders of pictures by class, on a handful of small files."""

import collections
import os

import pytest

from d2l import torch as d2l
from d2l.errors import DataError

LABELS = {**{str(i): "cat" for i in range(6)}, **{str(i): "dog" for i in range(6, 10)}}


@pytest.fixture
def contest(tmp_path):
    for folder, names in (("train", LABELS), ("test", ["90", "91"])):
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / f"{name}.png").write_text(name)
    return tmp_path


def names_in(*path):
    return sorted(os.listdir(os.path.join(*path)))


def test_labels_are_read_by_file_name(tmp_path):
    table = tmp_path / "labels.csv"
    table.write_text('id,label\n1,frog\n"2","a, b"\n\n3,truck\n', encoding="utf-8-sig")
    assert d2l.read_csv_labels(table) == {"1": "frog", "2": "a, b", "3": "truck"}


@pytest.mark.parametrize("row", ["3", "3,a,b", "1,truck"])
def test_a_row_that_is_no_name_and_label_is_an_error(tmp_path, row):
    table = tmp_path / "labels.csv"
    table.write_text(f"id,label\n1,frog\n{row}\n")
    with pytest.raises(DataError, match=r"labels\.csv, line 3: .*found \['"):
        d2l.read_csv_labels(str(table))


def test_a_file_is_copied_into_a_folder_that_is_made(contest):
    d2l.copyfile(contest / "train" / "0.png", str(contest / "new" / "folder"))
    assert (contest / "new" / "folder" / "0.png").read_text() == "0"


@pytest.mark.parametrize(("ratio", "num_valid"), [(0, 1), (0.25, 1), (0.5, 2), (1, 4)])
def test_the_smallest_class_decides_how_many_are_for_validation(contest, ratio, num_valid):
    assert d2l.reorg_train_valid(str(contest), LABELS, ratio) == num_valid
    root = contest / "train_valid_test"
    for label, total in (("cat", 6), ("dog", 4)):
        valid = names_in(root, "valid", label)
        rest = names_in(root, "train", label) if total > num_valid else []
        assert len(valid) == num_valid
        assert sorted(valid + rest) == names_in(root, "train_valid", label)
        assert len(valid + rest) == total


def test_another_ratio_leaves_no_picture_on_both_sides(contest):
    for ratio in (0.25, 0.75, 0.5):
        d2l.reorg_train_valid(contest, LABELS, ratio)
    root = contest / "train_valid_test"
    assert names_in(root, "valid", "dog") == ["6.png", "7.png"]
    assert names_in(root, "train", "dog") == ["8.png", "9.png"]


def test_a_picture_without_a_label_is_an_error_that_names_it(contest):
    (contest / "train" / "77.png").write_text("?")
    (contest / "train" / ".hidden").write_text("of the system")
    with pytest.raises(DataError, match=r"77\.png has no label: '77' is not one of the 10 keys"):
        d2l.reorg_train_valid(contest, LABELS, 0.1)


@pytest.mark.parametrize("label", ["../up", "", "a/b", ".."])
def test_a_label_that_is_no_name_of_a_folder_is_an_error(contest, label):
    with pytest.raises(DataError, match="not a valid folder name"):
        d2l.reorg_train_valid(contest, {**LABELS, "0": label}, 0.1)


def test_a_ratio_that_is_no_share_leaves_one_or_all(contest):
    smallest = min(collections.Counter(LABELS.values()).values())
    assert d2l.reorg_train_valid(contest, LABELS, -0.1) == 1
    assert d2l.reorg_train_valid(contest, LABELS, 1.5) == int(smallest * 1.5)


def test_no_labels_and_no_folder_are_errors(contest):
    with pytest.raises(DataError, match="labels is empty"):
        d2l.reorg_train_valid(contest, {}, 0.1)
    with pytest.raises(DataError, match="does not exist"):
        d2l.reorg_test(contest / "nowhere")


def test_test_pictures_are_in_one_folder_of_no_class(contest):
    d2l.reorg_test(contest)
    assert names_in(contest, "train_valid_test", "test", "unknown") == ["90.png", "91.png"]
