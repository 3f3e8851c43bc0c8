"""The face: every public name, as itself, in the order of the book's contents.

`from d2l import torch as d2l`. What a homework reaches beyond them (`d2l.plt`, `d2l.nn`, …) is
loaded when it is asked for.
"""

from typing import Any as _Any

from d2l import __version__

# Every chapter: tensor aliases, stopwatches, checks
from d2l.base import modules as _modules
from d2l.base.checks import check_len, check_shape
from d2l.base.ops import (
    abs,
    arange,
    argmax,
    astype,
    batch_matmul,
    concat,
    cos,
    cosh,
    exp,
    expand_dims,
    eye,
    float32,
    int32,
    int64,
    linspace,
    log,
    matmul,
    meshgrid,
    normal,
    numpy,
    ones,
    ones_like,
    rand,
    randn,
    reduce_mean,
    reduce_sum,
    repeat,
    reshape,
    sigmoid,
    sin,
    sinh,
    size,
    stack,
    swapaxes,
    tanh,
    tensor,
    to,
    transpose,
    zeros,
    zeros_like,
)
from d2l.base.timing import Benchmark, Timer

# 2 Preliminaries
from d2l.plot.figure import plot, set_axes, set_figsize, use_svg_display

# 3 Linear neural networks for regression
from d2l.core.board import ProgressBoard
from d2l.core.data import DataModule
from d2l.core.hyperparameters import HyperParameters, add_to_class
from d2l.core.module import Module
from d2l.core.trainer import Trainer
from d2l.data.synthetic import SyntheticRegressionData
from d2l.models.linear import LinearRegression, LinearRegressionScratch
from d2l.models.sgd import SGD

# 4 Linear neural networks for classification
from d2l.core.classifier import Classifier
from d2l.data.fashion_mnist import FashionMNIST
from d2l.models.linear import SoftmaxRegression, SoftmaxRegressionScratch
from d2l.plot.images import show_images

# 5 Multilayer perceptrons
from d2l.models.mlp import MLP, MLPScratch

# 6 Builders' guide
from d2l.base.devices import cpu, gpu, num_gpus, try_all_gpus, try_gpu

# 11 Attention
from d2l.plot.heatmaps import show_heatmaps
from torch.nn import Module as nn_Module

__all__ = [name for name in globals() if not name.startswith("_")]


def __getattr__(name: str) -> _Any:
    if name in _modules.MODULES:
        return _modules.load(name)
    raise AttributeError(f"d2l has no name {name!r}{_modules.suggest(name, __all__)}")


def __dir__() -> list[str]:
    return sorted({*__all__, *_modules.MODULES})
