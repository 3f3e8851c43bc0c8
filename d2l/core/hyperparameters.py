"""Add methods to an existing class, and save constructor arguments as attributes."""

import inspect
import sys
from collections.abc import Callable, Iterable
from types import FrameType
from typing import Any, TypeVar, cast

Added = TypeVar("Added")


def add_to_class(Class: type) -> Callable[[Added], Added]:
    """Register a function or property, by its name, as a member of an existing class.

    Existing instances get it too.

    >>> class Dog:
    ...     sound = "woof"
    >>> dog = Dog()
    >>> @d2l.add_to_class(Dog)
    ... def bark(self):
    ...     return self.sound
    >>> dog.bark()
    'woof'

    Book: 3.2 Object-oriented design for implementation
    """

    def wrapper(obj: Added) -> Added:
        function = obj.fget if isinstance(obj, property) else obj
        setattr(Class, cast(Any, function).__name__, obj)
        return obj

    return wrapper


class HyperParameters:
    """Base class that saves the arguments of the constructor as attributes.

    >>> class Walk(d2l.HyperParameters):
    ...     def __init__(self, steps, stride=2, name="walk"):
    ...         self.save_hyperparameters(ignore=["name"])
    >>> walk = Walk(10)
    >>> walk.steps * walk.stride, walk.hparams
    (20, {'steps': 10, 'stride': 2})

    Book: 3.2 Object-oriented design for implementation
    """

    hparams: dict[str, Any]

    def save_hyperparameters(self, ignore: str | Iterable[str] = ()) -> None:
        """Save the arguments of the calling `__init__` as attributes and in `self.hparams`.

        `hparams` holds the arguments of the last call, so `type(m)(**m.hparams)` creates another
        `m`; attributes saved by a parent's constructor are kept. Only parameters in the signature
        are saved, except `self`, names in `ignore`, and names that begin with an underscore.

        Book: 3.2 Object-oriented design for implementation
        """
        caller = sys._getframe(1)  # not this frame: a variable that holds it would be a cycle
        ignored = {ignore} if isinstance(ignore, str) else set(ignore)
        found = {
            name: value
            for name, value in _arguments(caller).items()
            if name not in ignored and not name.startswith("_") and value is not self
        }
        self.hparams = found
        for name, value in found.items():
            setattr(self, name, value)


def _arguments(frame: FrameType) -> dict[str, Any]:
    names, star, double_star, local_values = inspect.getargvalues(frame)
    every = [*names, *(name for name in (star, double_star) if name)]
    return {name: local_values[name] for name in every if name in local_values}
