"""Parse numbers, tensors, arrays, lists and tuples in printed text, without evaluating it.

Takes time linear in the length of the text: it is split into tokens in one pass without
backtracking, unmatched brackets are not values, and the nesting of values is limited.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np

from d2l.grader.outputs.output_values import Array, Kind, Shape

TokenKind = Literal["number", "word", "string", "address", "cut", "line", "sign"]

_PATTERN = re.compile(
    r"(?P<line>\n)"
    r"|(?P<space>[^\S\n]+)"
    r"|(?P<cut>\.\.\.|…)"
    r"|(?P<address>0x[0-9a-fA-F]+)"
    r"|(?P<number>(?:(?<![\w)\]])[-+])?(?:"
    r"(?<![\w.,\[(])[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?(?![0-9]|,[0-9])"  # 1,234,567.8
    r"|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?(?:%(?![\w(|]))?"
    r"|(?:inf|nan|NaN|NAN)(?![\w.])))"
    r"|(?P<word>(?:cuda|cpu|mps):[0-9]+|[^\W\d]\w*(?:\.[^\W\d]\w*)*)"
    r"|(?P<string>(?<!\w)(?:'[^'\n]*'|\"[^\"\n]*\"))"
    r"|(?P<sign>.)",
    re.DOTALL,
)
_ESCAPES = re.compile(r"\x1b\[[0-9;]{0,20}[A-Za-z]")
_DEEPEST = 12  # nested brackets; deeper ones are parsed as text
_PAIRS = {")": "(", "]": "["}
_TENSORS = {"tensor": "tensor", "array": "array", "torch.Size": "sequence", "Size": "sequence"}
_WRAPPERS = ("np.", "numpy.")  # np.float32(0.5)
_CONSTANTS = ("True", "False", "None")
_TRUTH = {"True": 1.0, "False": 0.0}
# The first word of the `repr` of an object that a cell shows in passing: `<Axes: title=…>`.
_BY_PRODUCT = re.compile(
    r"\w*Axes\w*|\w*Container|Figure|matplotlib\..*|function|bound|built|module|generator"
)


class Token(NamedTuple):
    """A token, and whether white space precedes it."""

    kind: TokenKind
    text: str
    is_apart: bool

    @property
    def number(self) -> float:
        """The value of a number; `12.5%` is 0.125."""
        if self.text.endswith("%"):
            return float(self.text[:-1]) / 100
        return float(self.text.replace(",", ""))

    @property
    def unit(self) -> float:
        """The unit of the last digit; 0 if no digit follows the point: `3`, `3.`.

        Also 0 for a number with an exponent and a mantissa below 1, such as `0.0e99`.
        """
        mantissa, _, exponent = self.text.rstrip("%").lower().partition("e")
        digits = len(mantissa.partition(".")[2])
        if self.text.endswith("%"):
            return 10.0 ** -(digits + 2)
        if digits == 0 or (exponent and abs(float(mantissa)) < 1):
            return 0.0
        return _power_of_ten(int(exponent[:6] or 0) - digits)

    @property
    def is_integer(self) -> bool:
        """Whether a number is written without decimal point and exponent."""
        return self.text.lstrip("+-").replace(",", "").isdecimal()


def tokens_of(text: str) -> Iterator[Token]:
    """Split `text` into tokens."""
    is_apart = True
    for match in _PATTERN.finditer(text):
        kind = match.lastgroup
        if kind == "space":
            is_apart = True
            continue
        yield Token(kind, match.group(), is_apart)  # type: ignore[arg-type]
        is_apart = kind == "line"


def visible(text: str) -> str:
    """Return the text that a terminal would show: without colours and overwritten lines.

    >>> visible("10%\\r20%\\r\\x1b[1mdone\\x1b[0m")
    'done'
    """
    lines = _ESCAPES.sub("", text.replace("\r\n", "\n")).split("\n")
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines)


def _power_of_ten(exponent: int) -> float:
    return math.inf if exponent > 300 else 10.0**exponent


@dataclass(frozen=True)
class Node:
    """A parsed value: a number, a string, … or a bracket with other values."""

    kind: Literal["atom", "list", "tuple", "call", "by-product"]
    token: Token  # of an atom; of a call its name; else the bracket
    parts: tuple["Node", ...] = ()
    options: dict[str, str] = field(default_factory=dict)  # dtype, size, shape of a call


class Reader:
    """Parses values at given positions in a list of tokens."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self.partner = _partners(tokens)

    def read(self, start: int, depth: int = 0) -> tuple[Node, int] | None:
        """Return the value that begins at `start` and the position after it, or None."""
        start = self._past_lines(start)
        if start >= len(self.tokens) or depth > _DEEPEST:
            return None
        token = self.tokens[start]
        if token.kind == "sign" and token.text in ("[", "("):
            return self._bracket(start, depth)
        if token.kind == "word" and self._text(start + 1) == "(":
            return self._call(start, depth)
        if token.text == "<" and depth:
            return self._object(start)
        is_name = token.kind == "word" and "." in token.text and depth > 0  # torch.float32
        is_atom = token.kind in ("number", "string", "cut") or token.text in _CONSTANTS
        return (Node("atom", token), start + 1) if is_atom or is_name else None

    def is_bracket(self, start: int) -> bool:
        """Whether a bracket, or a call, begins at `start`."""
        token = self.tokens[start]
        if token.kind == "word":
            return self._text(start + 1) == "(" and start + 1 in self.partner
        return token.text in ("[", "(") and start in self.partner

    def _bracket(self, start: int, depth: int) -> tuple[Node, int] | None:
        end = self.partner.get(start)
        if end is None:
            return None
        parts, position, has_comma = [], self._past_lines(start + 1), False
        while position < end:
            if self.tokens[position].text == ",":
                position, has_comma = self._past_lines(position + 1), True
                continue
            read = self.read(position, depth + 1)
            if read is None:
                return None
            parts.append(read[0])
            position = self._past_lines(read[1])
        is_list = self.tokens[start].text == "["
        if not is_list and not has_comma:  # (3) is a remark, not a tuple
            return None
        return Node("list" if is_list else "tuple", self.tokens[start], tuple(parts)), end + 1

    def _call(self, start: int, depth: int) -> tuple[Node, int] | None:
        name = self.tokens[start]
        end = self.partner.get(start + 1)
        if end is None:
            return None
        if self._is_text_of_plot(start, end):
            return Node("by-product", name), end + 1
        if not (name.text in _TENSORS or name.text.startswith(_WRAPPERS)):
            return None
        read = self.read(start + 2, depth + 1)
        if read is None or read[1] > end:
            return None
        return Node("call", name, (read[0],), self._options(read[1], end)), end + 1

    def _options(self, start: int, end: int) -> dict[str, str]:
        options: dict[str, str] = {}
        for position in range(start, min(end, start + 60)):
            if self._text(position) in ("dtype", "size", "shape"):
                options[self._text(position)] = self._option(position + 2, end)
        return options

    def _option(self, start: int, end: int) -> str:
        stop = self.partner[start] + 1 if start in self.partner else start + 1
        return "".join(token.text for token in self.tokens[start : min(stop, end, start + 40)])

    def _object(self, start: int) -> tuple[Node, int] | None:
        """Parse a default `repr` in angle brackets."""
        for position in range(start, min(start + 60, len(self.tokens))):
            if self._text(position) == ">":
                tokens = self.tokens[start : position + 1]
                if is_by_product(tokens):
                    return Node("by-product", tokens[0]), position + 1
                text = " ".join(token.text for token in tokens)
                return Node("atom", Token("word", text, True)), position + 1
        return None

    def _is_text_of_plot(self, start: int, end: int) -> bool:
        """Whether a call is the `repr` of a Matplotlib text: `Text(0.5, 1.0, 'a title')`."""
        if self.tokens[start].text != "Text" or end != start + 7:
            return False
        kinds = [token.kind for token in self.tokens[start + 2 : end : 2]]
        return kinds == ["number", "number", "string"]

    def _past_lines(self, position: int) -> int:
        while position < len(self.tokens) and self.tokens[position].kind == "line":
            position += 1
        return position

    def _text(self, position: int) -> str:
        return self.tokens[position].text if position < len(self.tokens) else ""


def is_by_product(tokens: Sequence[Token]) -> bool:
    """Whether tokens from "<" to ">" are an object that is not a result.

    That is a function, a part of a plot, or an object of which only the address is shown.
    """
    if len(tokens) < 3 or (tokens[0].text, tokens[-1].text) != ("<", ">"):
        return False
    has_address = any(token.kind == "address" for token in tokens)
    return has_address or _BY_PRODUCT.fullmatch(tokens[1].text) is not None


def _partners(tokens: Sequence[Token]) -> dict[int, int]:
    """Return the position of the closing bracket for each opening bracket that has one."""
    partners: dict[int, int] = {}
    opened: list[int] = []
    for position, token in enumerate(tokens):
        if token.kind != "sign":
            continue
        if token.text in _PAIRS.values():
            opened.append(position)
        elif token.text in _PAIRS and opened:
            if tokens[opened[-1]].text == _PAIRS[token.text]:
                partners[opened.pop()] = position
            else:
                opened.clear()
    return partners


def array_of(node: Node, label: str = "") -> Array | None:
    """Return `node` as an array, None if it is not one: ragged, or with words."""
    if node.kind == "call":
        return _called(node, label)
    layout = _layout(node)
    if layout is None:
        return None
    kind: Kind = "number" if node.kind == "atom" else "sequence"
    dtype = _dtype(layout.tokens, ("int", "float"))
    return _array(kind, dtype, layout.shape, layout, label)


def number_of(token: Token, label: str = "") -> Array:
    """Return a single number or boolean."""
    array = array_of(Node("atom", token), label)
    assert array is not None, token
    return array


def is_number(token: Token) -> bool:
    """Whether a token is a number or a boolean."""
    return token.kind == "number" or token.text in _TRUTH


def printed_unit(units: Sequence[float], is_padded: bool) -> float:
    """Return the unit of the last digit of numbers that were printed together.

    Python, NumPy and pandas omit trailing zeros, so their 0.5 is exact; tensors are padded with
    zeros, so a tensor's 0.5 may be rounded.
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
    if first is None or len(first.shape) >= _DEEPEST:
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
    return tuple(int(digits) for digits in re.findall(r"[0-9]{1,15}", text[:200])[:_DEEPEST])
