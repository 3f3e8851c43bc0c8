"""Cuts text into numbers, words, strings and signs, in one pass whose time is linear in the text.

Every pattern takes each character once: there is nothing in it that could go back and try again.
"""

import math
import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

TokenKind = Literal["number", "word", "string", "address", "cut", "line", "sign"]

_PATTERN = re.compile(
    r"(?P<line>\n)"
    r"|(?P<space>[^\S\n]+)"
    r"|(?P<cut>\.\.\.|…)"
    r"|(?P<address>0x[0-9a-fA-F]+)"
    r"|(?P<number>(?:(?<![\w)\]])[-+])?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
    r"|(?:inf|nan|NaN|NAN)(?![\w.])))"
    r"|(?P<word>(?:cuda|cpu|mps):[0-9]+|[^\W\d]\w*(?:\.[^\W\d]\w*)*)"
    r"|(?P<string>(?<!\w)(?:'[^'\n]*'|\"[^\"\n]*\"))"
    r"|(?P<sign>.)",
    re.DOTALL,
)
_ESCAPES = re.compile(r"\x1b\[[0-9;]{0,20}[A-Za-z]")


class Token(NamedTuple):
    """A piece of text, and whether white space stands before it."""

    kind: TokenKind
    text: str
    is_apart: bool

    @property
    def number(self) -> float:
        """What a number is worth."""
        return float(self.text)

    @property
    def unit(self) -> float:
        """What the last digit of a number is worth; 0 where none follows the point: `3`, `3.`."""
        mantissa, _, exponent = self.text.lower().partition("e")
        digits = len(mantissa.partition(".")[2])
        if digits == 0:
            return 0.0
        return _power_of_ten(int(exponent[:6] or 0) - digits)

    @property
    def is_integer(self) -> bool:
        """Whether a number is written without point and exponent."""
        return self.text.lstrip("+-").isdecimal()


def tokens_of(text: str) -> Iterator[Token]:
    """Cut `text` into its tokens."""
    is_apart = True
    for match in _PATTERN.finditer(text):
        kind = match.lastgroup
        if kind == "space":
            is_apart = True
            continue
        yield Token(kind, match.group(), is_apart)  # type: ignore[arg-type]
        is_apart = kind == "line"


def visible(text: str) -> str:
    """Return what a terminal would still show: without colours and overwritten lines.

    >>> visible("10%\\r20%\\r\\x1b[1mdone\\x1b[0m")
    'done'
    """
    lines = _ESCAPES.sub("", text.replace("\r\n", "\n")).split("\n")
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines)


def _power_of_ten(exponent: int) -> float:
    return math.inf if exponent > 300 else 10.0**exponent
