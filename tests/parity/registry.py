"""What is compared with d2l 1.0.3: cases, each a function of `d2l` that runs on both sides.

A case returns plain things (numbers, text, tensors, and lists, tuples and dicts of them), for
tensors and text are what both sides can write down. This module knows neither library.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

CASES: dict[str, "Case"] = {}
LEFT_OUT: dict[str, str] = {}  # names that are not compared → the reason


@dataclass(frozen=True)
class Raises:
    """The outcome of a case that ends with an exception of this class."""

    error: str


@dataclass(frozen=True)
class Difference:
    """What each side gives, and why ours is right."""

    released: Any
    here: Any
    because: str


@dataclass(frozen=True)
class Case:
    """A comparison of these names of the face."""

    run: Callable[[Any], Any]
    names: tuple[str, ...]
    difference: Difference | None = None


def same(*names: str) -> Callable[[Callable], Callable]:
    """Declare a case in which both sides must give the same."""
    return lambda run: add(Case(run, names), run.__name__)


def differs(*names: str, released: Any, here: Any, because: str) -> Callable[[Callable], Callable]:
    """Declare a case in which 1.0.3 is wrong or lacks something: both outcomes are stated."""
    difference = Difference(released, here, because)
    return lambda run: add(Case(run, names, difference), run.__name__)


def add(case: Case, title: str) -> Callable:
    """Put a case on the list, under a title of its own."""
    if title in CASES:
        raise ValueError(f"two cases are called {title}")
    CASES[title] = case
    return case.run
