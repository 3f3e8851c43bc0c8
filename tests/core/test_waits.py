"""How often a run waits for its device: not in a step, ten times a second for the board."""

import time
import warnings

import pytest
import torch
from test_graphed_run import Images, small_mlp

from d2l import torch as d2l
from d2l.core.training.graphed_run import GraphedRun
from d2l.engine.running_metrics import FiniteCheck


def counting(monkeypatch, owner, name):
    """Count the calls of a method, which still does its work."""
    calls, method = [], getattr(owner, name)

    def counted(self, *args):
        calls.append(time.monotonic())
        return method(self, *args)

    monkeypatch.setattr(owner, name, counted)
    return calls


def fit(max_epochs, **options):
    """Seconds of a run of 11 training and 3 validation batches an epoch."""
    trainer = d2l.Trainer(max_epochs, seed=0, **options)
    begun = time.monotonic()
    model = small_mlp()
    model.board.display = False  # a line for each epoch would need its values at once
    trainer.fit(model, Images())
    return time.monotonic() - begun


@pytest.mark.usefixtures("cpu_graphs")
def test_a_replayed_run_reads_its_results_at_most_ten_times_a_second(monkeypatch):
    reads = counting(monkeypatch, GraphedRun, "flush")
    seconds = fit(40, replay=True)
    assert 1 <= len(reads) <= 10 * seconds + 2


def test_an_eager_run_on_a_device_looks_for_nan_at_most_ten_times_a_second(monkeypatch):
    reads = counting(monkeypatch, FiniteCheck, "read")
    monkeypatch.setattr("d2l.core.training.run.FiniteCheck", lambda deferred: FiniteCheck(True))
    seconds = fit(40)
    assert 1 <= len(reads) <= 10 * seconds + 2


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA GPU")
@pytest.mark.parametrize("replay", [False, True])
def test_a_run_on_a_gpu_waits_for_it_at_most_about_ten_times_a_second(replay):
    fit(2, num_gpus=1, replay=replay)  # whatever is loaded at first is not counted
    with warnings.catch_warnings(record=True) as waits:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        try:
            seconds = fit(200, num_gpus=1, replay=replay)
        finally:
            torch.cuda.set_sync_debug_mode("default")
    at_begin_and_end = 40
    per_epoch = 6  # two passes, of which each compares its first step
    assert len(waits) <= 20 * seconds + at_begin_and_end + per_epoch * 200
