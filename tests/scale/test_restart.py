"""Runs of two processes under torchrun of which one is killed, or that are told to end."""

import os
import re
import sys

import pytest
import torch
from starts import PROGRAMS, finish

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")]


def run(folder, trouble):
    """Train with two processes, which torchrun starts anew up to two times."""
    launcher = ["torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    options = ["--max-restarts", "2", "--monitor-interval", "0.2"]
    program = [str(PROGRAMS / "restarted.py"), str(folder), trouble]
    return finish([sys.executable, "-m", *launcher, *options, *program])


def is_same(end, other):
    names = end["weights"].keys() | other["weights"].keys()
    are_equal = (torch.equal(end["weights"][name], other["weights"][name]) for name in names)
    return all(are_equal) and end["points"] == other["points"]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """How the run ends when nothing happens to it."""
    folder = tmp_path_factory.mktemp("undisturbed")
    ended = run(folder, "nothing")
    assert ended.returncode == 0, ended.stderr[-4000:]
    assert "resuming from" not in ended.stdout
    return torch.load(folder / "end.pt")


def test_a_process_killed_in_mid_epoch_is_restarted_and_the_numbers_are_the_undisturbed_ones(
    undisturbed, tmp_path
):
    ended = run(tmp_path, "kill")
    assert ended.returncode == 0, ended.stderr[-4000:]
    assert (tmp_path / "had trouble").exists()
    assert re.search(r"resuming from .*step-00000009\.pt: epoch 2, batch 3", ended.stdout)
    assert is_same(torch.load(tmp_path / "end.pt"), undisturbed)


def test_sigterm_to_torchrun_leaves_a_checkpoint_from_which_the_run_goes_on(undisturbed, tmp_path):
    ended = run(tmp_path, "term")
    assert ended.returncode != 0
    assert not (tmp_path / "end.pt").exists()
    said = re.search(r"saved .*?(step-\d+\.pt); trainer\.fit", ended.stdout)
    assert said, ended.stdout + ended.stderr[-4000:]
    assert (tmp_path / "checkpoints" / said[1]).exists()
    resumed = run(tmp_path, "nothing")
    assert resumed.returncode == 0, resumed.stderr[-4000:]
    assert f"{said[1]}: epoch" in resumed.stdout
    assert is_same(torch.load(tmp_path / "end.pt"), undisturbed)
