"""Turns what the reader has read, brackets and numbers, into arrays: shapes, dtypes, values."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from d2l.grader.compare.outputs import Array, Kind, Shape
from d2l.grader.compare.parse_values import Node
from d2l.grader.compare.tokenizer import Token

_TRUTH = {"True": 1.0, "False": 0.0}
_MOST_AXES = 12


def array_of(node: Node, label: str = "") -> Array | None:
    """Return the array that `node` is; None if it is none: ragged, or with words in it."""
    if node.kind == "call":
        return _called(node, label)
    layout = _layout(node)
    if layout is None:
        return None
    kind: Kind = "number" if node.kind == "atom" else "sequence"
    dtype = _dtype(layout.tokens, ("int", "float"))
    return _array(kind, dtype, layout.shape, layout, label)


def number_of(token: Token, label: str = "") -> Array:
    """Return a number or a truth value that stands alone."""
    array = array_of(Node("atom", token), label)
    assert array is not None, token
    return array


def is_number(token: Token) -> bool:
    """Whether a token is a number or a truth value."""
    return token.kind == "number" or token.text in _TRUTH


def printed_unit(units: Sequence[float], is_padded: bool) -> float:
    """Return what the last digit is worth of numbers that were printed together.

    Python, NumPy and pandas leave zeros at the end away, tensors do not: a tensor's 0.5 may have
    been rounded, anybody else's is a half.
    """
    unit = min((unit for unit in units if unit > 0), default=0.0)
    return unit if is_padded or unit < 0.1 else 0.0


class _Layout(NamedTuple):
    shape: Shape
    shown: tuple[int, ...]
    tokens: list[Token]


def _called(node: Node, label: str) -> Array | None:
    layout = _layout(node.parts[0])
    if layout is None:
        return None
    name = node.token.text
    if name.endswith("Size"):
        return _array("sequence", "int", layout.shape, layout, label)
    if name not in ("tensor", "array"):  # np.float32(0.5)
        return _array("number", name.rpartition(".")[2].rstrip("_"), (), layout, label)
    defaults = ("int64", "float32" if name == "tensor" else "float64")
    dtype = node.options.get("dtype", "").strip("'\"").removeprefix("torch.")
    size = node.options.get("size") or node.options.get("shape")
    shape = layout.shape if size is None else _sizes(size)
    kind: Kind = "tensor" if name == "tensor" else "array"
    return _array(kind, dtype or _dtype(layout.tokens, defaults), shape, layout, label)


def _array(kind: Kind, dtype: str, shape: Shape, layout: _Layout, label: str) -> Array:
    values = [_value(token) for token in layout.tokens]
    units = [0.0 if token.text in _TRUTH else token.unit for token in layout.tokens]
    unit = printed_unit(units, is_padded=kind == "tensor")
    return Array(kind, dtype, shape, layout.shown, np.array(values, dtype=float), unit, label)


def _value(token: Token) -> float:
    return _TRUTH[token.text] if token.text in _TRUTH else token.number  # noqa: SIM401 (no number)


def _layout(node: Node) -> _Layout | None:
    if node.kind == "atom":
        if node.token.kind == "cut":
            return _Layout((None,), (0,), [])
        return _Layout((), (), [node.token]) if is_number(node.token) else None
    if node.kind not in ("list", "tuple"):
        return None
    whole = [part for part in node.parts if part.token.kind != "cut"]
    layouts = [_layout(part) for part in whole]
    first = layouts[0] if layouts else _Layout((), (), [])
    size = len(whole) if len(whole) == len(node.parts) else None
    if first is None or len(first.shape) >= _MOST_AXES:
        return None
    tokens: list[Token] = []
    for layout in layouts:
        if layout is None or (layout.shape, layout.shown) != (first.shape, first.shown):
            return None
        tokens += layout.tokens
    return _Layout((size, *first.shape), (len(whole), *first.shown), tokens)


def _dtype(tokens: Sequence[Token], defaults: tuple[str, str]) -> str:
    integer, real = defaults
    if tokens and all(token.text in _TRUTH for token in tokens):
        return "bool"
    is_whole = all(token.is_integer or token.text in _TRUTH for token in tokens)
    return integer if tokens and is_whole else real


def _sizes(text: str) -> Shape:
    return tuple(int(digits) for digits in re.findall(r"[0-9]{1,15}", text[:200])[:_MOST_AXES])
