"""Chapters 2 and 3: tensor aliases, checks, devices, stopwatches, the pieces of a regression."""

import torch
from made import noise, whole
from subject import function, method

A, B = noise(2, 3), noise(2, 3, seed=1)

for name in (
    "abs",
    "cos",
    "cosh",
    "exp",
    "log",
    "sigmoid",
    "sin",
    "sinh",
    "tanh",
    "ones_like",
    "zeros_like",
):
    function(name, lambda d2l: {"input": noise(2, 3).abs() + 0.1})
for name in ("ones", "zeros", "rand", "randn"):
    function(name, lambda d2l: {"_size": (2, 3)})
    function(name, lambda d2l: {"_rows": 2, "_columns": 3}, "numbers")
for name in ("argmax", "reduce_mean", "reduce_sum"):
    function(name, lambda d2l: {"x": noise(2, 3), "dim": 1})
    function(name, lambda d2l: {"x": noise(2, 3), "dim": 0, "keepdim": True}, "kept")
function("arange", lambda d2l: {"_start": 2, "_end": 7})
function("astype", lambda d2l: {"x": noise(2, 3), "dtype": torch.float64})
function("batch_matmul", lambda d2l: {"input": noise(2, 3, 4), "mat2": noise(2, 4, 2, seed=1)})
function("concat", lambda d2l: {"tensors": [noise(2, 3), noise(2, 3, seed=1)], "dim": 1})
function("expand_dims", lambda d2l: {"x": noise(2, 3), "dim": 1})
function("eye", lambda d2l: {"n": 3})
function("linspace", lambda d2l: {"start": 0.0, "end": 1.0, "steps": 4})
function("matmul", lambda d2l: {"input": noise(2, 3), "other": noise(3, 4, seed=1)})
function("meshgrid", lambda d2l: {"_x": torch.arange(2), "_y": torch.arange(3)})
function("meshgrid", lambda d2l: {"_x": [torch.arange(2), torch.arange(3)]}, "list")
function("normal", lambda d2l: {"mean": 0.0, "std": 1.0, "size": (2, 3)})
function("numpy", lambda d2l: {"x": noise(2, 3)})
function("repeat", lambda d2l: {"x": noise(2), "_times": 2, "_more": 3})
function("reshape", lambda d2l: {"x": noise(2, 3), "_shape": (3, 2)})
function("reshape", lambda d2l: {"x": noise(2, 3), "_rows": 3, "_columns": -1}, "numbers")
function("size", lambda d2l: {"x": noise(2, 3)})
function("size", lambda d2l: {"x": noise(2, 3), "_dim": 0}, "of an axis")
function("stack", lambda d2l: {"tensors": [noise(2), noise(2, seed=1)], "dim": 1})
function("swapaxes", lambda d2l: {"x": noise(2, 3), "_a": 0, "_b": 1})
function("tensor", lambda d2l: {"data": [1.5, 2.0]})
function("to", lambda d2l: {"x": noise(2, 3), "_device": "cpu"})
function("transpose", lambda d2l: {"x": noise(2, 3)})

function("check_len", lambda d2l: {"a": [1, 2, 3], "n": 3})
function("check_len", lambda d2l: {"a": [1, 2, 3], "n": 2}, "wrong")
function("check_shape", lambda d2l: {"a": noise(2, 3), "shape": (2, 3)})
function("check_shape", lambda d2l: {"a": noise(2, 3), "shape": [2, 3]}, "list")
function("check_shape", lambda d2l: {"a": noise(2, 3), "shape": (3, 2)}, "wrong")
function("cpu", lambda d2l: {})
function("gpu", lambda d2l: {"i": 1})
function("num_gpus", lambda d2l: {})
function("try_gpu", lambda d2l: {"i": 3})
function("try_all_gpus", lambda d2l: {})

function("linreg", lambda d2l: {"X": noise(4, 3), "w": noise(3, 1), "b": torch.ones(1)})
function("squared_loss", lambda d2l: {"y_hat": noise(4, 1), "y": noise(4, seed=1)})
function("squared_loss", lambda d2l: {"y_hat": noise(4, 2), "y": noise(8, seed=1)}, "flat labels")
function("synthetic_data", lambda d2l: {"w": torch.tensor([2, -3.4]), "b": 4.2, "num_examples": 6})
function("rbfkernel", lambda d2l: {"x1": noise(4, 1), "x2": noise(3, 1), "ls": 2.0})
function("corr2d", lambda d2l: {"X": noise(4, 5), "K": noise(2, 2)})
function("accuracy", lambda d2l: {"y_hat": noise(5, 3), "y": whole(3, 5)})
function("accuracy", lambda d2l: {"y_hat": whole(3, 5), "y": whole(3, 5, seed=1)}, "classes")


def stepped(d2l):
    w = noise(3).requires_grad_()
    (w**2).sum().backward()
    return {"params": [w], "lr": 0.5, "batch_size": 2}


function("sgd", stepped)
function("grad_clipping", lambda d2l: {"net": net_with_gradient(), "theta": 0.5})


def net_with_gradient():
    net = torch.nn.Linear(2, 1)
    torch.nn.init.ones_(net.weight)
    net(noise(3, 2)).sum().backward()
    return net


def laps(thing):
    thing.times[:] = [1.0, 2.0]
    return thing


for called in ("avg", "sum", "cumsum"):
    method("Timer", lambda d2l, C: laps(C()), called, lambda d2l: {})
method("Timer", lambda d2l, C: C(), "start", lambda d2l: {})
method("SGD", lambda d2l, C: C(stepped(d2l)["params"], 0.5), "step", lambda d2l: {})
method(
    "SGD",
    lambda d2l, C: C(params=tuple(stepped(d2l)["params"]), lr=torch.tensor(0.5)),
    "step",
    lambda d2l: {},
    "tensor rate",
)
method("SGD", lambda d2l, C: C(stepped(d2l)["params"], 0), "step", lambda d2l: {}, "rate 0")
method("SGD", lambda d2l, C: C(stepped(d2l)["params"], -0.5), "step", lambda d2l: {}, "uphill")


def filled(thing):
    thing.add(1, 2.5)
    thing.add(torch.tensor(3.0), 4)
    return thing


method("Accumulator", lambda d2l, C: filled(C(2)), "add", lambda d2l: {"_a": 1, "_b": 2.5})
method(
    "Accumulator",
    lambda d2l, C: filled(C(2)),
    "add",
    lambda d2l: {"_a": noise(1), "_b": torch.tensor(2.0)},
    "tensors",
)
method("Accumulator", lambda d2l, C: filled(C(2)), "reset", lambda d2l: {})
method("Accumulator", lambda d2l, C: filled(C(2)), "__getitem__", lambda d2l: {"idx": 1})
method("Benchmark", lambda d2l, C: C("Done"), "__exit__", lambda d2l: {}, is_generated=False)
