"""Let a name that a reader replaces on the public face take effect in the library's own code."""

import inspect
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

PACKAGE = __name__.partition(".")[0] + "."
Place = tuple[str, str]  # a module's name and the global variable in it


class ReplaceableNames(ModuleType):
    """A module that passes on what is assigned to its names to the modules they came from.

    After `d2l.accuracy = mine`, every module of the library that has loaded, or will load, the
    original finds `mine` under that name. Assigning the original again undoes it; so does deleting
    the name. Nothing is looked up while the library runs: assigning pays, calling does not.

    A class that other classes of the library are derived from is replaced on the face only: its
    subclasses keep their base.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if name in vars(self) or name in _originals:
            _rebind(self, name, value)
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        if name in vars(self):
            _rebind(self, name, _originals.get(name, vars(self)[name]))
        super().__delattr__(name)


_originals: dict[str, Any] = {}  # of each name that was ever assigned or deleted
_places: dict[str, set[Place]] = {}  # of each name that is replaced now, the changed variables


def is_replaced(name: str) -> bool:
    """Whether a reader has replaced this name; for code that has a faster way than calling it."""
    return name in _places


def _rebind(face: ModuleType, name: str, value: Any) -> None:
    original = _originals.setdefault(name, vars(face).get(name))
    if _is_base(original):
        return
    current = vars(face).get(name, original)  # the name may have been deleted
    places = _places.setdefault(name, set())
    places.update(_places_of(face, name, original, current))
    for module, variable in places:
        vars(sys.modules[module])[variable] = value
    if value is original:
        del _places[name]


def _places_of(face: ModuleType, name: str, original: Any, current: Any) -> Iterator[Place]:
    """Where the library holds the original, or what replaces it, since a module was loaded later.

    A function or class of the library may have another name there; anything else, such as a
    number or a function of PyTorch, must have the same.
    """
    taken = {place for other, places in _places.items() if other != name for place in places}
    is_ours = getattr(original, "__module__", None) or ""
    any_name = callable(original) and is_ours.startswith(PACKAGE)
    for module in [m for m in sys.modules if m.startswith(PACKAGE)]:
        if sys.modules[module] is face or sys.modules[module] is None:
            continue
        for variable, bound in vars(sys.modules[module]).items():
            is_original = bound is original and (any_name or variable == name)
            is_current = bound is current and variable == name
            if (is_original or is_current) and (module, variable) not in taken:
                yield module, variable


def _is_base(thing: Any) -> bool:
    """Whether classes of the library are derived from it."""
    return inspect.isclass(thing) and any(
        child.__module__.startswith(PACKAGE) for child in type.__subclasses__(thing)
    )
