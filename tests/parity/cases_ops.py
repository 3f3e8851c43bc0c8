"""The tensor aliases, by value, and the modules that come along with the library."""

import torch
from registry import Case, add, same

ONE_TENSOR = ("abs", "cos", "cosh", "exp", "log", "sigmoid", "sin", "sinh", "tanh")
MADE_FROM_SHAPE = ("ones", "zeros", "rand", "randn")
MADE_LIKE = ("ones_like", "zeros_like")
TYPES = ("float32", "int32", "int64")
MODULES = (
    "F", "Image", "backend_inline", "collections", "data", "defaultdict", "display",
    "distance_matrix", "hashlib", "inspect", "math", "nn", "np", "os", "pd", "plt", "random",
    "re", "requests", "shutil", "sys", "tarfile", "time", "torch", "torchvision", "transforms",
    "zipfile", "nn_Module",
)  # fmt: skip
X = torch.arange(1.0, 25).reshape(2, 3, 4) / 7


def _with_gradient(function, *inputs):
    leaf = inputs[0].clone().requires_grad_()
    Y = function(leaf, *inputs[1:])
    Y.sum().backward()
    return Y.detach(), leaf.grad


def _of_one_tensor(name):
    return lambda d2l: _with_gradient(getattr(d2l, name), X)


def _from_shape(name):
    return lambda d2l: (getattr(d2l, name)((2, 3)), getattr(d2l, name)(4))


def _like(name):
    return lambda d2l: getattr(d2l, name)(X.to(torch.float64))


def _type(name):
    return lambda d2l: str(getattr(d2l, name))


def _module(name):
    def where_it_is_from(d2l):
        thing = getattr(d2l, name)
        return getattr(thing, "__module__", None), thing.__name__

    return where_it_is_from


for names, make in (
    (ONE_TENSOR, _of_one_tensor),
    (MADE_FROM_SHAPE, _from_shape),
    (MADE_LIKE, _like),
    (TYPES, _type),
    (MODULES, _module),
):
    for name in names:
        add(Case(make(name), (name,)), f"what_{name}_is")


@same("arange", "linspace", "eye", "tensor", "normal")
def tensors_are_made_from_numbers(d2l):
    return {
        "arange": (d2l.arange(5), d2l.arange(1, 2, 0.25)),
        "linspace": d2l.linspace(0, 1, 7),
        "eye": d2l.eye(3),
        "tensor": (d2l.tensor([[1, 2], [3, 4]]), d2l.tensor(2.5)),
        "normal": d2l.normal(0, 1, (3, 2)),
    }


@same("meshgrid")
def meshgrid_counts_rows_first(d2l):
    return list(d2l.meshgrid(torch.arange(2), torch.arange(3)))


@same("matmul", "batch_matmul")
def products_of_matrices(d2l):
    return _with_gradient(d2l.matmul, X, X.mT), _with_gradient(d2l.batch_matmul, X, X.mT)


@same("concat", "stack")
def tensors_are_put_together(d2l):
    return d2l.concat((X, X), 1), d2l.concat([X, X], dim=2), d2l.stack([X, X], 1)


@same("argmax", "reduce_sum", "reduce_mean")
def tensors_are_reduced(d2l):
    return {
        "argmax": (d2l.argmax(X), d2l.argmax(X, axis=1), d2l.argmax(X, 2)),
        "reduce_sum": (d2l.reduce_sum(X), d2l.reduce_sum(X, 1), d2l.reduce_sum(X, 1, True)),
        "reduce_mean": (d2l.reduce_mean(X), d2l.reduce_mean(X, axis=0, keepdim=True)),
    }


@same("reshape", "expand_dims", "swapaxes", "transpose", "repeat", "size")
def tensors_change_their_shape(d2l):
    return {
        "reshape": (d2l.reshape(X, (4, 6)), d2l.reshape(X, -1)),
        "expand_dims": (d2l.expand_dims(X, 1), d2l.expand_dims(X, dim=-1)),
        "swapaxes": d2l.swapaxes(X, 0, 2),
        "transpose": d2l.transpose(X[0]),
        "repeat": d2l.repeat(X, 2, 1, 3),
        "size": (d2l.size(X), d2l.size(X[0, 0])),
    }


@same("astype", "to", "numpy")
def tensors_change_their_type(d2l):
    array = d2l.numpy(X.clone().requires_grad_())
    return {
        "astype": (d2l.astype(X, torch.int32), d2l.astype(X, d2l.int64)),
        "to": (d2l.to(X, "cpu"), d2l.to(X, torch.float64)),
        "numpy": (type(array).__name__, str(array.dtype), array.tolist()),
    }
