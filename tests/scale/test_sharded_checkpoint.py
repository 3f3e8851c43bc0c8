"""The folder of a sharded checkpoint on a disk that refuses, and its placeholders."""

import errno
import os

import numpy as np
import pytest
import torch

from d2l.errors import CheckpointError, CheckpointUnavailableError
from d2l.scale.process_group import SINGLE_PROCESS
from d2l.scale.sharded_checkpoint import full_state, load, save

STATE = {"step": 3, "weights": {"w": torch.arange(3.0)}, "pair": ("a", 1)}


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def refuse(monkeypatch):
    """Have a function of `os` fail so many times."""

    def refuse(name, number, times):
        real, left = getattr(os, name), [times]

        def refusing(*arguments, **options):
            if left[0]:
                left[0] -= 1
                raise OSError(number, os.strerror(number))
            return real(*arguments, **options)

        monkeypatch.setattr(os, name, refusing)

    monkeypatch.setattr("d2l.files.atomic_write.time.sleep", lambda seconds: None)
    return refuse


def test_a_state_comes_back_as_it_was(tmp_path):
    save(tmp_path / "run.dcp", STATE, SINGLE_PROCESS)
    found = load(tmp_path / "run.dcp", {}, SINGLE_PROCESS)
    assert (found["step"], found["pair"]) == (3, ("a", 1))
    assert torch.equal(found["weights"]["w"], STATE["weights"]["w"])
    assert names(tmp_path) == ["run.dcp"]


def test_a_folder_whose_rename_is_refused_for_a_moment_is_written(tmp_path, refuse):
    refuse("replace", errno.EACCES, times=3)
    save(tmp_path / "run.dcp", STATE, SINGLE_PROCESS)
    assert load(tmp_path / "run.dcp", {}, SINGLE_PROCESS)["step"] == 3


@pytest.mark.parametrize(
    ("number", "is_transient"), [(errno.EIO, True), (errno.EACCES, True), (errno.ENOSPC, False)]
)
@pytest.mark.parametrize("name", ["rename", "replace", "fsync"])
def test_a_refusal_is_told_apart_from_a_full_disk_and_leaves_nothing(
    tmp_path, refuse, name, number, is_transient
):
    refuse(name, number, times=1000)
    with pytest.raises(CheckpointError, match=r"run\.dcp.* could not be written") as raised:
        save(tmp_path / "run.dcp", STATE, SINGLE_PROCESS)
    assert isinstance(raised.value, CheckpointUnavailableError) is is_transient
    assert names(tmp_path) == []


def test_a_pair_of_arrays_is_no_placeholder():
    state = {"pair": (np.ones(2), 1), "tensors": (torch.ones(2), torch.ones(1))}
    assert full_state(state) == state
