"""Aliases, devices, stopwatches, checks."""

import time

import numpy as np
import pytest
import torch

from d2l import torch as d2l
from d2l.base.devices import move
from d2l.errors import ShapeError

X = torch.arange(6.0).reshape(2, 3)


@pytest.mark.parametrize(
    "name, args, expected",
    [
        ("reduce_sum", (X, 0), X.sum(0)),
        ("reduce_mean", (X, 1), X.mean(1)),
        ("argmax", (X, 1), X.argmax(1)),
        ("astype", (X, torch.int64), X.long()),
        ("reshape", (X, (3, 2)), X.reshape(3, 2)),
        ("transpose", (X,), X.T),
        ("swapaxes", (X, 0, 1), X.T),
        ("repeat", (X, 2, 1), torch.cat([X, X])),
        ("expand_dims", (X, 0), X[None]),
        ("to", (X, torch.float64), X.double()),
        ("concat", ([X, X],), torch.cat([X, X])),
        ("batch_matmul", (X[None], X.T[None]), (X @ X.T)[None]),
    ],
)
def test_aliases_give_what_the_tensor_method_gives(name, args, expected):
    assert torch.equal(getattr(d2l, name)(*args), expected)


def test_size_is_the_number_of_elements():
    assert d2l.size(X) == 6


def test_a_tensor_in_a_graph_becomes_an_array():
    array = d2l.numpy(X.clone().requires_grad_(True))
    assert isinstance(array, np.ndarray)
    assert array.tolist() == X.tolist()


def test_meshgrid_is_in_matrix_order_without_a_warning():
    rows, columns = d2l.meshgrid(torch.arange(2), torch.arange(3))
    assert rows.tolist() == [[0, 0, 0], [1, 1, 1]]
    assert columns.tolist() == [[0, 1, 2], [0, 1, 2]]


def test_devices_fall_back_to_the_cpu_beyond_what_there_is():
    assert d2l.cpu() == torch.device("cpu")
    assert d2l.try_gpu(d2l.num_gpus()) == d2l.cpu()
    assert len(d2l.try_all_gpus()) == max(1, d2l.num_gpus())
    assert d2l.gpu(1).index == 1


@pytest.mark.skipif(d2l.num_gpus() > 0, reason="this machine has a GPU")
def test_without_a_gpu_all_gpus_are_the_cpu():
    assert d2l.try_all_gpus() == [d2l.cpu()]
    assert d2l.try_gpu() == d2l.cpu()


def test_everything_in_a_nested_batch_is_moved():
    batch = {"x": [X, (X, 3)], "name": "a"}
    moved = move(batch, torch.device("meta"))
    assert moved["x"][0].device.type == moved["x"][1][0].device.type == "meta"
    assert (moved["x"][1][1], moved["name"]) == (3, "a")
    assert move(X, X.device) is X


@pytest.fixture
def clock(monkeypatch):
    """Move the clocks of this machine by `clock(seconds)`; they stand still otherwise."""
    now = [1000.0]

    def advance(seconds):
        now[0] += seconds

    for name in ("time", "monotonic", "perf_counter"):
        monkeypatch.setattr(time, name, lambda: now[0])
    return advance


def test_a_timer_keeps_its_laps(clock):
    timer = d2l.Timer()
    clock(0.75)
    assert timer.stop() == 0.75
    clock(8)  # between two laps
    timer.start()
    clock(0.25)
    assert timer.stop() == 0.25
    assert timer.times == [0.75, 0.25]
    assert (timer.sum(), timer.avg()) == (1.0, 0.5)
    assert timer.cumsum() == [0.75, 1.0]


def test_a_timer_measures_the_time_of_this_machine():
    timer = d2l.Timer()
    time.sleep(0.01)
    assert timer.stop() >= 0.01


def test_a_benchmark_prints_its_seconds(capsys, clock):
    with d2l.Benchmark("work"):
        clock(0.0625)
    assert capsys.readouterr().out == "work: 0.0625 sec\n"


def test_checks_are_silent_when_right_and_say_both_sides_when_not():
    d2l.check_shape(X, (2, 3))
    d2l.check_len([1, 2], 2)
    with pytest.raises(ShapeError, match=r"expected shape \(3, 2\); found \(2, 3\)"):
        d2l.check_shape(X, (3, 2))
    with pytest.raises(ShapeError, match="expected length 3; found 2"):
        d2l.check_len([1, 2], 3)
