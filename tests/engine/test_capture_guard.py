"""What a replay would not repeat is noticed while a step runs as usual."""

import random
import warnings

import numpy as np
import pytest
import torch

from d2l.engine.capture_guard import (
    _PROBE,
    CaptureBlockers,
    TrainerProxy,
    _StdoutProbe,
    detect_uncapturable,
)

X = torch.arange(4.0)
state = {"steps": 0}


def blockers_of(step):
    blockers = CaptureBlockers()
    with detect_uncapturable(blockers, lambda: dict(state), torch.device("cpu")):
        step()
    return blockers


def set_steps():
    state["steps"] += 1


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (lambda: X.sum().item(), "reads a value back"),
        (lambda: float(X.detach().sum()), "reads a value back"),
        (lambda: X if X.sum() > 0 else -X, "reads a value back"),
        (lambda: X[X > 1], "shape that depends on values"),
        (lambda: torch.nonzero(X), "shape that depends on values"),
        (lambda: torch.unique(X), "shape that depends on values"),
        (lambda: torch.bincount(X.long()), "shape that depends on values (bincount)"),
        (lambda: X.repeat_interleave(X.long()), "shape that depends on values (repeat_inter"),
        (lambda: X.to("meta"), "copies a tensor to another device"),
        (lambda: torch.empty(4, device="meta").copy_(X), "copies a tensor to another device"),
        (lambda: print("hello"), "it prints"),
        (random.random, "random numbers on the host"),
        (np.random.rand, "random numbers on the host"),
        (set_steps, "it changes steps"),
    ],
)
def test_a_step_that_cannot_be_replayed_is_told_why(step, words):
    assert len(blockers_of(step)) == 1
    assert words in blockers_of(step)[0]


@pytest.mark.parametrize(
    "step",
    [
        lambda: (X @ X).relu(),
        lambda: torch.dropout(X, 0.5, True),
        lambda: torch.where(X > 1, X, 0.0),
        lambda: X.gather(0, torch.tensor([1, 2])),
        lambda: torch.nn.functional.cross_entropy(X.reshape(2, 2), torch.tensor([0, 1])),
        lambda: (X.requires_grad_(True).sum() * 2).backward(),
    ],
)
def test_an_ordinary_step_has_nothing_against_it(step):
    assert blockers_of(step) == []


def test_what_is_printed_is_still_seen(capsys):
    blockers_of(lambda: print("hello"))
    assert capsys.readouterr().out == "hello\n"


def test_a_step_that_asks_the_run_where_it_is_is_noticed():
    class Run:
        epoch, progress = 3, "allowed"

    blockers = CaptureBlockers()
    seen = TrainerProxy(Run(), blockers, frozenset({"progress"}))
    assert (seen.progress, blockers) == ("allowed", [])
    assert seen.epoch == 3
    seen.total = 1
    assert blockers == ["it reads trainer.epoch", "it sets trainer.total"]


def test_what_pytorch_says_of_waiting_for_the_device_is_a_finding(monkeypatch):
    """On a GPU: list indices, `torch.tensor(…, device=)`, `bincount`, a copy from the CPU."""
    modes = ["default"]
    monkeypatch.setattr(torch.cuda, "get_sync_debug_mode", lambda: modes[-1])
    monkeypatch.setattr(torch.cuda, "set_sync_debug_mode", modes.append)
    blockers = CaptureBlockers()

    def step():
        with detect_uncapturable(blockers, dict, torch.device("cuda", 0)):
            for _ in range(2):
                warnings.warn("called a synchronizing CUDA operation", stacklevel=1)
            warnings.warn("something else", stacklevel=1)

    with pytest.warns(UserWarning, match="something else"):
        step()
    assert modes == ["default", "warn", "default"]
    assert len(blockers) == 1
    assert blockers[0].startswith("it synchronizes with the device (test_capture_guard.py, line ")


def test_the_probe_of_stdout_closes_nothing_at_exit(capsys):
    _StdoutProbe().close()  # one that has watched nothing
    with _PROBE.watching() as has_printed:
        _PROBE.close()
        print("still open")
        assert has_printed()
    assert capsys.readouterr().out == "still open\n"
