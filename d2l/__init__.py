"""The distribution `d2l`; its public face is `d2l.torch`: `from d2l import torch as d2l`."""

from typing import Any

__version__ = "2.0.0"

_OTHER_EDITIONS = frozenset({"mxnet", "tensorflow", "jax", "paddle"})


def __getattr__(name: str) -> Any:
    if name in _OTHER_EDITIONS:
        raise ImportError(
            f"d2l 2 has the PyTorch edition alone, not {name!r}: from d2l import torch as d2l"
        )
    raise AttributeError(
        f"module 'd2l' has no attribute {name!r}: the names of the book are in its PyTorch face. "
        f"Write `from d2l import torch as d2l`, then `d2l.{name}`"
    )
