"""One checkpoint: read as it was written, and refused when it is damaged, foreign or dangerous."""

import math
import os
import pickle
import random
import re
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from disks import no_file_longer_than, read_only, small_disk
from rights import without_rights

import d2l
from d2l.errors import CheckpointError
from d2l.runs.checkpoint_dir import FORMAT, VERSION, read_checkpoint, write_checkpoint
from d2l.runs.serializable import to_serializable


def state():
    """A state with something of each plain type."""
    generator = torch.Generator().manual_seed(0)
    return {
        "weights": {
            "net.0.weight": torch.randn(16, 8, generator=generator),
            "half": torch.randn(5, generator=generator).bfloat16(),
            "counts": torch.arange(3),
            "none": torch.empty(0, 4),
        },
        "groups": [{"lr": 0.1, "betas": (0.9, 0.999), "nesterov": False, "maximize": None}],
        "by number": {0: "zero", 1: math.inf},
        "이름": "값",
    }


def is_same(a, b):
    if isinstance(a, torch.Tensor):
        return isinstance(b, torch.Tensor) and a.dtype == b.dtype and torch.equal(a, b)
    if isinstance(a, dict):
        return isinstance(b, dict) and list(a) == list(b) and all(is_same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(map(is_same, a, b))
    return type(a) is type(b) and a == b


@pytest.fixture
def checkpoint(tmp_path):
    path = tmp_path / "run.pt"
    write_checkpoint(path, state())
    return path


def test_a_checkpoint_gives_back_what_it_was_given(checkpoint):
    found = read_checkpoint(checkpoint)
    for name, value in state().items():
        assert is_same(found[name], value)


def test_a_checkpoint_says_what_it_is_and_who_wrote_it(checkpoint):
    found = torch.load(checkpoint, weights_only=True)
    assert found["format"] == FORMAT
    assert found["version"] == VERSION
    assert (found["d2l"], found["torch"]) == (d2l.__version__, torch.__version__)


def test_values_near_to_plain_ones_become_plain(tmp_path):
    given = {
        "ordered": OrderedDict(a=np.float32(0.5)),
        "where": Path("runs") / "1",
        "parameter": torch.nn.Parameter(torch.ones(2)),
        "of": torch.float32,
    }
    write_checkpoint(tmp_path / "run.pt", given)
    found = read_checkpoint(tmp_path / "run.pt")
    assert type(found["ordered"]) is dict
    assert found["ordered"] == {"a": 0.5}
    assert (found["where"], found["of"]) == (str(Path("runs") / "1"), "torch.float32")
    assert type(found["parameter"]) is torch.Tensor


@pytest.mark.parametrize(
    "value", [object(), print, np.zeros(2), 1j, b"bytes", {"deep": [{3: len}]}]
)
def test_what_is_not_plain_is_refused_by_its_place_before_the_file_is_touched(checkpoint, value):
    before = checkpoint.read_bytes()
    with pytest.raises(CheckpointError, match=r"the checkpoint\['odd'\].*cannot contain"):
        write_checkpoint(checkpoint, {"odd": value})
    assert checkpoint.read_bytes() == before


@pytest.mark.parametrize("part", range(20))
def test_a_truncated_checkpoint_is_refused(checkpoint, part):
    whole = checkpoint.read_bytes()
    checkpoint.write_bytes(whole[: len(whole) * part // 20])
    with pytest.raises(CheckpointError, match="is not a complete checkpoint"):
        read_checkpoint(checkpoint)


def test_a_checkpoint_that_lacks_its_last_byte_or_has_more_is_refused_or_the_same(checkpoint):
    whole, expected = checkpoint.read_bytes(), read_checkpoint(checkpoint)
    for damaged in (whole[:-1], whole + b"\0", whole + whole, b"\0" + whole):
        checkpoint.write_bytes(damaged)
        assert is_refused_or(expected, checkpoint)


@pytest.mark.parametrize("bit", range(8))
def test_a_checkpoint_with_a_flipped_bit_is_refused_or_harmless(checkpoint, bit):
    whole, expected = checkpoint.read_bytes(), read_checkpoint(checkpoint)
    num_refused, draw = 0, random.Random(bit)
    headers = [*range(120), *range(len(whole) - 900, len(whole))]
    positions = {*draw.sample(headers, 120), *draw.sample(range(len(whole)), 80)}
    for position in positions:
        damaged = bytearray(whole)
        damaged[position] ^= 1 << bit
        checkpoint.write_bytes(damaged)
        num_refused += is_refused_or(expected, checkpoint) == "refused"
    assert num_refused > len(positions) // 4  # the others are in padding and unread dates


def is_refused_or(expected, path):
    """Whether reading raises `CheckpointError`, or gives the very same; any other error is one."""
    try:
        found = read_checkpoint(path)
    except CheckpointError:
        return "refused"
    return is_same(found, expected)


class RunsCode:
    """What a pickle may do to a program that reads it."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return (os.mkdir, (self.path,))


def test_a_pickle_that_would_run_code_is_refused_and_does_not_run(tmp_path):
    path, trace = tmp_path / "run.pt", tmp_path / "it ran"
    torch.save({"format": FORMAT, "version": VERSION, "bad": RunsCode(trace)}, path)
    with pytest.raises(CheckpointError, match="arbitrary pickled objects and was not loaded"):
        read_checkpoint(path)
    assert not trace.exists()
    torch.load(path, weights_only=False)  # so it would have
    assert trace.exists()


@pytest.mark.parametrize("old_format", [True, False])
def test_a_pickle_of_another_make_is_refused_and_does_not_run(tmp_path, old_format):
    path, trace = tmp_path / "run.pt", tmp_path / "it ran"
    if old_format:
        torch.save(RunsCode(trace), path, _use_new_zipfile_serialization=False)
    else:
        path.write_bytes(pickle.dumps(RunsCode(trace)))
    with pytest.raises(CheckpointError):
        read_checkpoint(path)
    assert not trace.exists()


def test_a_tensor_that_became_a_folder_in_the_archive_is_refused(checkpoint):
    with zipfile.ZipFile(checkpoint) as archive:
        names = [part.filename.encode() for part in archive.infolist() if "/data/" in part.filename]
    whole, is_folder = checkpoint.read_bytes(), 0x10  # in the directory's attributes
    for name in names:
        damaged = bytearray(whole)
        damaged[whole.rindex(name) - 8] ^= is_folder
        checkpoint.write_bytes(damaged)
        with pytest.raises(CheckpointError, match=re.escape(name.decode())):
            read_checkpoint(checkpoint)


def test_weights_alone_are_refused_with_the_call_that_loads_them(tmp_path):
    path = tmp_path / "weights.pt"
    torch.save(torch.nn.Linear(2, 1).state_dict(), path)
    with pytest.raises(CheckpointError, match=r"contains \['weight', 'bias'\].*load_state_dict"):
        read_checkpoint(path)


@pytest.mark.parametrize(
    "content", [torch.ones(2), [1, 2], 3, {}, {"version": 1}, {"format": "another", "version": 1}]
)
def test_other_files_of_pytorch_are_refused(tmp_path, content):
    torch.save(content, tmp_path / "other.pt")
    with pytest.raises(CheckpointError, match="not a checkpoint of a d2l run"):
        read_checkpoint(tmp_path / "other.pt")


def test_a_newer_version_is_refused_with_what_to_install(tmp_path):
    path = tmp_path / "run.pt"
    write_checkpoint(path, {"version": VERSION + 1, "d2l": "9.0"})
    words = rf"format {VERSION + 1}, written by d2l 9\.0.*.*pip install --upgrade d2l"
    with pytest.raises(CheckpointError, match=words):
        read_checkpoint(path)


@pytest.mark.parametrize("mark", [{}, {"version": None}, {"version": "2"}, {"version": [1]}])
def test_a_file_that_only_calls_itself_a_checkpoint_is_refused(tmp_path, mark):
    torch.save({"format": FORMAT, **mark}, tmp_path / "run.pt")
    with pytest.raises(CheckpointError):
        read_checkpoint(tmp_path / "run.pt")


def test_empty_and_text_files_are_refused(tmp_path):
    for content in (b"", b"epoch,loss\n1,0.5\n" * 100, b"PK\x03\x04", bytes(4096)):
        (tmp_path / "run.pt").write_bytes(content)
        with pytest.raises(CheckpointError, match=f"{len(content):,} bytes"):
            read_checkpoint(tmp_path / "run.pt")


def test_a_missing_file_and_a_folder_are_refused_and_the_ones_beside_are_named(tmp_path):
    write_checkpoint(tmp_path / "step-00000007.pt", {})
    (tmp_path / "folder.pt").mkdir()
    for name in ("missing.pt", "folder.pt"):
        words = f"there is no checkpoint .*{name}.*Other checkpoints in .*: step-00000007.pt"
        with pytest.raises(CheckpointError, match=words):
            read_checkpoint(tmp_path / name)


def test_a_file_without_rights_is_refused(open_folder):
    path = open_folder / "run.pt"
    write_checkpoint(path, state())
    with without_rights(open_folder), pytest.raises(CheckpointError):
        read_checkpoint(path)


@pytest.mark.parametrize("free_kib", [4, 8, 40, 56])
def test_a_full_disk_leaves_the_checkpoint_before_whole(tmp_path, free_kib):
    path = tmp_path / "run.pt"
    with small_disk(tmp_path, num_bytes=64 * 1024):
        write_checkpoint(path, {"epoch": 1})
        (tmp_path / "other files").write_bytes(bytes((60 - free_kib) * 1024))
        with pytest.raises(CheckpointError, match="No space left"):
            write_checkpoint(path, {"epoch": 2, "weights": torch.rand(50_000)})
        assert read_checkpoint(path)["epoch"] == 1
        assert sorted(os.listdir(tmp_path)) == ["other files", "run.pt"]


@pytest.mark.parametrize("num_bytes", [0, 1, 100, 5000, 150_000])
def test_a_file_that_may_not_grow_leaves_the_checkpoint_before_whole(tmp_path, num_bytes):
    path = tmp_path / "run.pt"
    write_checkpoint(path, {"epoch": 1})
    with no_file_longer_than(num_bytes), pytest.raises(CheckpointError, match="File too large"):
        write_checkpoint(path, {"epoch": 2, "weights": torch.rand(50_000)})
    assert read_checkpoint(path)["epoch"] == 1
    assert os.listdir(tmp_path) == ["run.pt"]


def test_a_read_only_disk_leaves_the_checkpoint_before_whole(tmp_path):
    path = tmp_path / "run.pt"
    write_checkpoint(path, {"epoch": 1})
    with read_only(tmp_path):
        with pytest.raises(CheckpointError, match="Read-only file system"):
            write_checkpoint(path, {"epoch": 2})
        assert read_checkpoint(path)["epoch"] == 1


def test_a_tensor_of_a_subclass_is_saved_as_a_plain_tensor():
    class Labelled(torch.Tensor):
        pass

    labelled = torch.arange(3.0).as_subclass(Labelled).requires_grad_()
    saved = to_serializable({"x": [labelled]}, "state")["x"][0]
    assert type(saved) is torch.Tensor
    assert not saved.requires_grad
    assert saved.data_ptr() == labelled.data_ptr()  # not a copy
