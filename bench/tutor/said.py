"""What the library says about a program: the one place where hints are read."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from d2l import torch as d2l

_trainers: list[Any] = []
_watchers: list[Any] = []


def heard(trainer: Any) -> Any:
    """`trainer`, whose hints are read once the program has ended, also where it raises."""
    _trainers.append(trainer)
    return trainer


@contextmanager
def watching(model: Any, optimizer: Any) -> Iterator[Any]:
    """The line that a loop written by hand adds in order to be watched."""
    with d2l.watching(model, optimizer) as watcher:
        _watchers.append(watcher)
        yield watcher


def forget() -> None:
    """Begin with another program."""
    _trainers.clear()
    _watchers.clear()


def of_error(error: BaseException | None) -> tuple[tuple[str, str], ...]:
    """The kind of the hint that an error carries, or one of its causes, and when it came."""
    while error is not None:
        kind = getattr(getattr(error, "hint", None), "kind", None) or getattr(error, "kind", None)
        if kind is not None:
            return ((kind, "when PyTorch raises an error"),)
        error = error.__cause__ or error.__context__
    return ()


def said() -> tuple[tuple[str, str], ...]:
    """The kinds of the hints that the program just run was given, in their order, and when."""
    things = (*_trainers, *_watchers)
    return tuple((hint.kind, hint.where) for thing in things for hint in thing.hints)
