"""Reads tensors, arrays, lists and tuples out of printed text. Nothing is ever evaluated.

A bracket without a partner is no value, and values nest a bounded number of times, so the time is
linear in the text.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from d2l.grader.compare.tokenizer import Token

_DEEPEST = 12  # brackets within brackets; deeper ones are read as text
_PAIRS = {")": "(", "]": "["}
_TENSORS = {"tensor": "tensor", "array": "array", "torch.Size": "sequence", "Size": "sequence"}
_WRAPPERS = ("np.", "numpy.")  # np.float32(0.5)
_CONSTANTS = ("True", "False", "None")


@dataclass(frozen=True)
class Node:
    """A value as it was written: a number, a string, … or a bracket around others."""

    kind: Literal["atom", "list", "tuple", "call"]
    token: Token  # of an atom; of a call its name; else the bracket
    parts: tuple["Node", ...] = ()
    options: dict[str, str] = field(default_factory=dict)  # dtype, size, shape of a call


class Reader:
    """Reads values at given places of a list of tokens."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self.partner = _partners(tokens)

    def read(self, start: int, depth: int = 0) -> tuple[Node, int] | None:
        """The value that begins at `start`, and where the text goes on; None if there is none."""
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
        if not is_list and not has_comma:  # (3) is a remark, no tuple
            return None
        return Node("list" if is_list else "tuple", self.tokens[start], tuple(parts)), end + 1

    def _call(self, start: int, depth: int) -> tuple[Node, int] | None:
        name = self.tokens[start]
        end = self.partner.get(start + 1)
        if end is None or not (name.text in _TENSORS or name.text.startswith(_WRAPPERS)):
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
        """Something in angle brackets, as Python shows what it has no better words for."""
        for position in range(start, min(start + 60, len(self.tokens))):
            if self._text(position) == ">":
                text = " ".join(token.text for token in self.tokens[start : position + 1])
                return Node("atom", Token("word", text, True)), position + 1
        return None

    def _past_lines(self, position: int) -> int:
        while position < len(self.tokens) and self.tokens[position].kind == "line":
            position += 1
        return position

    def _text(self, position: int) -> str:
        return self.tokens[position].text if position < len(self.tokens) else ""


def _partners(tokens: Sequence[Token]) -> dict[int, int]:
    """Where each opened bracket is closed; those that never are are left out."""
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
