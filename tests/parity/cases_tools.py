"""Tools that every chapter uses: checks, stopwatches, hyperparameters, devices, accumulators."""

import contextlib
import io
import time
from unittest import mock

import torch
from made import noise
from registry import Raises, differs, same


@same("HyperParameters")
def constructor_arguments_are_saved(d2l):
    class Parent(d2l.HyperParameters):
        def __init__(self, a, b, c=3):
            self.save_hyperparameters(ignore=["c"])

    return Parent(1, "two").hparams, vars(Parent(4, 5)), hasattr(Parent(1, 2), "c")


@differs(
    "HyperParameters",
    released={"b": 2, "local": 3},
    here={"b": 2},
    because="a local is no parameter",
)
def a_child_saves_too(d2l):
    class Parent(d2l.HyperParameters):
        def __init__(self, a):
            self.save_hyperparameters()

    class Child(Parent):
        def __init__(self, b):
            super().__init__(a=1)
            local = b + 1  # noqa: F841
            self.save_hyperparameters()

    return Child(2).hparams


@same("add_to_class")
def a_function_becomes_a_method(d2l):
    class A:
        b = 1

    a = A()

    @d2l.add_to_class(A)
    def do(self, n=2):
        return self.b + n

    return a.do(), A().do(5), A.do.__name__


@differs(
    "add_to_class",
    released=True,
    here=False,
    because="the decorated function keeps its name for the reader",
)
def the_decorated_name_is_lost(d2l):
    class A:
        pass

    @d2l.add_to_class(A)
    def do(self):
        return 1

    return do is None


@same("check_len", "check_shape")
def right_lengths_and_shapes_pass(d2l):
    return d2l.check_len([1, 2, 3], 3), d2l.check_shape(torch.zeros(2, 3), (2, 3))


@differs(
    "check_len",
    released=Raises("AssertionError"),
    here=Raises("ShapeError"),
    because="an exception, with both lengths, that python -O does not remove",
)
def a_wrong_length_fails(d2l):
    d2l.check_len([1, 2], 3)


@differs(
    "check_shape",
    released=Raises("AssertionError"),
    here=Raises("ShapeError"),
    because="an exception, with both shapes, that python -O does not remove",
)
def a_wrong_shape_fails(d2l):
    d2l.check_shape(torch.zeros(2, 3), (3, 2))


@same("Timer")
def a_stopwatch_sums_and_averages(d2l):
    timer = d2l.Timer()
    stops = []
    for _ in range(3):
        timer.start()
        time.sleep(0.002)
        stops.append(timer.stop())
    return {
        "stop is the last lap": stops == timer.times,
        "long enough": all(lap >= 0.002 for lap in stops),
        "sum": timer.sum() == sum(stops),
        "average": timer.avg() == sum(stops) / 3,
        "cumulated": [round(t - s, 9) for t, s in zip(timer.cumsum(), stops, strict=True)][:1],
        "the last of them": abs(timer.cumsum()[-1] - timer.sum()) < 1e-9,
    }


@same("Benchmark")
def a_benchmark_prints_its_description_and_seconds(d2l):
    said, now = io.StringIO(), [1000.0]
    clocks = {name: lambda: now[0] for name in ("time", "perf_counter")}
    with mock.patch.multiple(time, **clocks), contextlib.redirect_stdout(said):
        with d2l.Benchmark("Slept"):
            now[0] += 0.25
        with d2l.Benchmark():
            pass
    return said.getvalue()


@same("cpu", "gpu", "num_gpus", "try_gpu")
def devices_have_names(d2l):
    return [str(d2l.cpu()), str(d2l.gpu()), str(d2l.gpu(1)), str(d2l.try_gpu(99)), d2l.num_gpus()]


@differs(
    "try_all_gpus",
    released=[] if not torch.cuda.is_available() else None,
    here=["cpu"] if not torch.cuda.is_available() else None,
    because="without a GPU the work is done on the CPU, not nowhere",
)
def all_devices_of_a_machine_without_gpu(d2l):
    return None if torch.cuda.is_available() else [str(device) for device in d2l.try_all_gpus()]


@same("Accumulator")
def sums_of_several_numbers(d2l):
    sums = d2l.Accumulator(3)
    sums.add(1, 2.5, torch.tensor(3.0))
    sums.add(1, torch.tensor(0.5), 4)
    found = [sums[0], sums[1], sums[2], type(sums[2]).__name__, list(sums.data)]
    sums.reset()
    return found, list(sums.data)


@same("DATA_URL")
def data_come_from_one_address(d2l):
    return d2l.DATA_URL.partition("://")[2]


@same("DATA_HUB")
def data_sets_have_a_file_and_a_checksum(d2l):
    asked = ("airfoil", "SNLI", "fra-eng", "ptb", "pokemon", "voc2012", "wikitext-2", "aclImdb")
    hub = d2l.DATA_HUB
    return {name: (hub[name][0].partition("://")[2], hub[name][1]) for name in asked}


@same("linreg", "squared_loss")
def the_pieces_of_a_regression(d2l):
    X, w, b = noise(5, 3), noise(3, 1, seed=1).requires_grad_(), torch.ones(1, requires_grad=True)
    y = noise(5, seed=2)
    loss = d2l.squared_loss(d2l.linreg(X, w, b), y)
    loss.sum().backward()
    return loss.detach(), w.grad, b.grad


@same("sgd")
def a_step_down_the_gradient_of_a_sum(d2l):
    w = noise(3).requires_grad_()
    (w**2).sum().backward()
    answer = d2l.sgd([w], lr=0.5, batch_size=2)
    return answer, w.detach().clone(), w.grad


@same("synthetic_data")
def data_of_a_line_with_noise(d2l):
    return list(d2l.synthetic_data(torch.tensor([2, -3.4]), 4.2, 7))


@same("get_dataloader_workers")
def up_to_four_processes_read(d2l):
    return 1 <= d2l.get_dataloader_workers() <= 4
