"""A disk that fills up ends a run, but not its last checkpoint; one that refuses ends neither."""

import errno
import os

import pytest
import torch
from disks import small_disk
from torch import nn

from d2l import torch as d2l
from d2l.errors import CheckpointError

WEIGHTS = 250_000  # of 4 bytes: a checkpoint is about a megabyte, and room is for three of them


class Line(d2l.LinearRegression):
    """A line through many inputs."""

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.01 / WEIGHTS)


def parts():
    torch.manual_seed(0)
    model = Line(lr=0.01)
    model.net = nn.Linear(WEIGHTS, 1)
    return model, d2l.SyntheticRegressionData(
        torch.ones(WEIGHTS) / WEIGHTS, 0.0, num_train=8, num_val=4, batch_size=4
    )


def test_a_run_whose_disk_fills_up_goes_on_from_its_last_checkpoint_on_a_larger_one(tmp_path):
    straight, data = parts()
    d2l.Trainer(6, seed=0).fit(straight, data)

    model, data = parts()
    (tmp_path / "full").mkdir()
    with small_disk(tmp_path / "full", 3_600_000):
        trainer = d2l.Trainer(6, seed=0, checkpoint=tmp_path / "full", keep=6)
        with pytest.raises(CheckpointError, match=r"could not be written \(No space left"):
            trainer.fit(model, data)
        assert model.board.points["val_loss"]  # the board has what was trained
        kept = sorted((tmp_path / "full").glob("step-*.pt"))
        assert len(kept) == 3
        assert [path.name for path in (tmp_path / "full").iterdir() if ".part" in path.name] == []
        (tmp_path / "larger").mkdir()
        for path in kept:
            (tmp_path / "larger" / path.name).write_bytes(path.read_bytes())

    model, data = parts()
    d2l.Trainer(6, seed=0, checkpoint=tmp_path / "larger").fit(model, data, resume="last")
    assert torch.equal(model.net.weight, straight.net.weight)


def test_a_run_goes_on_when_each_file_is_refused_for_a_moment(tmp_path, waits, refuse):
    straight, data = parts()
    d2l.Trainer(3, seed=0, checkpoint=tmp_path / "straight", keep=2).fit(straight, data)

    seen = set()

    def is_first(_, path):
        is_new = path not in seen
        seen.add(path)
        return is_new

    model, data = parts()
    refuse(os, "replace", errno.EACCES, 100, is_first)
    d2l.Trainer(3, seed=0, checkpoint=tmp_path / "refused", keep=2).fit(model, data)
    assert torch.equal(model.net.weight, straight.net.weight)
    left = [{path.name for path in (tmp_path / name).iterdir()} for name in ("refused", "straight")]
    assert left[0] == left[1]
    assert len(seen) == len(waits) >= 4
