"""What the battery calls: a function of the face, or a method of an object, with base arguments.

Base calls are written by hand in `subjects_*.py`; `variants.py` generates the others from them.
This module knows neither library.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SUBJECTS: dict[str, "Subject"] = {}
SCENARIOS: dict[str, Callable[[Any], Any]] = {}  # whole runs, which have no generated variants


@dataclass(frozen=True)
class Subject:
    """A base call; `make(d2l, Class)` builds the object whose `method` is called, if any."""

    title: str
    name: str
    args: Callable[[Any], dict[str, Any]]
    make: Callable[[Any, Any], Any] | None = None
    method: str = "__call__"
    is_drawn: bool = False  # the current figure is part of the outcome
    is_generated: bool = True  # variants are generated
    parts: tuple[str, ...] = ()  # arguments that are varied, if not all
    look: Callable[[Any], Any] = lambda result: result  # what of the result is compared


def function(name: str, args: Callable[[Any], dict[str, Any]], case: str = "", **more: Any) -> None:
    """Add a call of `d2l.name(**args)`, with the arguments in order."""
    _add(Subject(f"{name}{case and ':' + case}", name, args, **more))


def method(
    name: str,
    make: Callable[[Any, Any], Any],
    called: str,
    args: Callable[[Any], dict[str, Any]],
    case: str = "",
    **more: Any,
) -> None:
    """Add a call of a method of the object that `make` builds from the class `d2l.name`."""
    _add(Subject(f"{name}.{called}{case and ':' + case}", name, args, make, called, **more))


def model(
    name: str,
    make: Callable[[Any, Any], Any],
    args: Callable[[Any], dict[str, Any]],
    case: str = "",
    **more: Any,
) -> None:
    """Add the forward pass of a module."""
    method(name, make, "__call__", args, case, **more)


def scenario(run: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Add a whole run; its title is the function's name."""
    if run.__name__ in SCENARIOS:
        raise ValueError(f"two scenarios are called {run.__name__}")
    SCENARIOS[run.__name__] = run
    return run


def read_subjects(area: str = "*") -> None:
    """Fill `SUBJECTS` and `SCENARIOS` from `subjects_{area}.py`."""
    for file in sorted(Path(__file__).parent.glob(f"subjects_{area}.py")):
        importlib.import_module(file.stem)


def _add(subject: Subject) -> None:
    if subject.title in SUBJECTS:
        raise ValueError(f"two subjects are called {subject.title}")
    SUBJECTS[subject.title] = subject
