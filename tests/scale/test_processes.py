"""Runs of two and three processes, held against one.

A start costs seconds, so each program trains all its cases, and tests look at what it left.
"""

import json
import shutil

import pytest
from starts import start

NUM_VAL = 37


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    """What `learning.py` left with so many processes, and what it printed; started once each."""
    found = {}

    def with_processes(n):
        if n not in found:
            folder = tmp_path_factory.mktemp(f"learned-{n}")
            printed = start("learning.py", n, folder)
            found[n] = json.loads((folder / "found.json").read_text()), printed
        return found[n]

    return with_processes


@pytest.mark.parametrize("n", [2, 3])
@pytest.mark.parametrize(
    "case",
    [
        "the book's perceptron",
        "Adam",
        "plain tensors",
        "the homework's loop",
        "clipped",
        "clipped plain tensors",
        "two batches a step",
        "a DataLoader",
        "a loader of one's own",
        "unseeded data",
        "an unused layer",
        "sharded",
        "sharded and clipped",
    ],
)
def test_several_processes_learn_what_one_learns(learned, case, n):
    one, several = learned(1)[0][case], learned(n)[0][case]
    assert several["batches"] == one["batches"]
    assert several["points"].keys() == one["points"].keys()
    for name, curve in one["points"].items():
        assert several["points"][name] == pytest.approx(curve, rel=1e-4), name


@pytest.mark.parametrize("n", [2, 3])
def test_each_validation_example_counts_once(learned, n):
    one, several = learned(1)[0], learned(n)[0]
    assert one.keys() == several.keys()
    for case, found in several.items():
        right = found["validated"]["val_acc"] * NUM_VAL
        assert right == pytest.approx(round(right), abs=1e-4), case
        assert round(right) == round(one[case]["validated"]["val_acc"] * NUM_VAL), case
        assert found["points"]["val_acc"][-1] == pytest.approx(right / NUM_VAL), case


@pytest.mark.parametrize("n", [2, 3])
def test_only_the_first_process_prints(learned, n):
    words = [printed.split("(")[0] for _, printed in (learned(1), learned(n))]
    assert words[0].startswith("epoch 1/1: train_loss")
    assert words[0] == words[1]
    assert learned(n)[1].count("epoch") == 1


def test_what_several_processes_cannot_share_is_refused_by_each(tmp_path):
    start("refused.py", 2, tmp_path)
    first, second = (json.loads((tmp_path / f"found_{i}.json").read_text()) for i in (0, 1))
    assert first.pop("drawn") != second.pop("drawn")  # each has random numbers of its own
    assert first == second
    assert first.pop("none of these") is None
    for case, kind, complaint, num_batches in [
        ("a batch too small", "DataError", "batches of 1 cannot be split over 2 processes", 0),
        ("a step that nobody shares", "ModelError", "without Perceptron.training_step", 1),
        ("weights that drift apart", "ModelError", "weights of Perceptron differ", 7),
        (
            "plain tensors sharded",
            "ModelError",
            "trains 2 unregistered tensors, which FSDP cannot",
            0,
        ),
        ("a sampler", "DataError", "Remove the sampler", 0),
        (
            "batches that differ",
            "DataError",
            "OwnBatches yields different batches in each process",
            0,
        ),
        (
            "orders that differ",
            "DataError",
            "DataLoader yields different batches in each process",
            0,
        ),
        ("loaders of other lengths", "DataError", "different lengths: [7, 13] batches", 0),
    ]:
        found = first.pop(case)
        assert found[0] == kind
        assert complaint in found[1]
        assert found[2] == num_batches
    assert not first


def test_a_sharded_run_goes_on_in_another_number_of_processes(tmp_path):
    two, one, three = (tmp_path / name for name in "213")
    two.mkdir()
    start("sharded.py", 2, two, 2)
    for folder in (one, three):
        shutil.copytree(two, folder)
    assert "epoch 3" in start("sharded.py", 1, one, 4)
    assert "epoch 3" in start("sharded.py", 3, three, 4)
    expected = _found(one)["straight"]
    for folder, is_sharded in ((one, False), (three, True)):
        found = _found(folder)
        assert found["sharded"] is is_sharded
        for name, curve in expected.items():
            assert [x for x, _ in found["curves"][name]] == [x for x, _ in curve]
            ys = [y for _, y in curve]
            assert [y for _, y in found["curves"][name]] == pytest.approx(ys, rel=1e-4)
    assert _found(two)["sharded"]


def test_what_processes_tell_each_other_brings_no_thread_into_python():
    found = dict(line.rsplit(" ", 1) for line in start("quiet.py", 2).splitlines())
    assert list(found) == ["all_reduce", "all_gather", "broadcast", "broadcast_result"]
    for name, count in found.items():  # of 100; a dozen to two hundred by PyTorch's own calls
        assert int(count) <= 2, name


def _found(folder):
    return json.loads((folder / "found.json").read_text())


def test_of_several_processes_the_first_one_is_given_the_hints():
    lines = [line for line in start("mistaken.py", 2).splitlines() if line.startswith("rank")]
    assert sorted(lines) == ["rank 0: ['softmax-before-cross-entropy']", "rank 1: []"]
