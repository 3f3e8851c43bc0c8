"""Calls made on subclasses of a class, on copies and reloaded objects, and on their attributes."""

import contextlib
import copy
import io
import pickle
import time
from collections.abc import Callable
from typing import Any

import answer
import torch
from subject import Subject
from torch import nn
from variants import SKIPPED, build, built, play_on


def _subclass(subject: Subject, d2l: Any) -> Any:
    parent = getattr(d2l, subject.name)
    return play_on(subject, d2l, build(subject, d2l, type("Own", (parent,), {})))


def _own_constructor(subject: Subject, d2l: Any) -> Any:
    parent = getattr(d2l, subject.name)

    class Own(parent):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.own = 1

    return play_on(subject, d2l, build(subject, d2l, Own))


def _logged_methods(subject: Subject, d2l: Any) -> Any:
    """A subclass overrides every method of the class: which of them are called on the way?"""
    parent = getattr(d2l, subject.name)
    log: dict[str, Any] = {}
    kinds = [kind for kind in parent.__mro__ if kind.__module__.startswith("d2l")]
    found = {n for kind in kinds for n, v in vars(kind).items() if callable(v)}
    own = {n: _logged(n, getattr(parent, n), log) for n in found if n != "__init_subclass__"}
    outcome = play_on(subject, d2l, build(subject, d2l, type("Own", (parent,), own)))
    log.pop("save_hyperparameters", None)
    return {"names": log}, outcome


def _logged(name: str, function: Any, log: dict[str, Any]) -> Any:
    if name == "save_hyperparameters":  # reads its caller's frame
        return function

    def called(self: Any, *args: Any, **kwargs: Any) -> Any:
        log[name] = True
        return function(self, *args, **kwargs)

    return called


def _copied(copied: Callable[[Any], Any]) -> Callable[[Subject, Any], Any]:
    def call(subject: Subject, d2l: Any) -> Any:
        thing = built(subject, d2l, getattr(d2l, subject.name))
        first = play_on(subject, d2l, getattr(thing, subject.method))
        return first, play_on(subject, d2l, getattr(copied(thing), subject.method))

    return call


def _copied_unused(subject: Subject, d2l: Any) -> Any:
    thing = copy.deepcopy(subject.make(d2l, getattr(d2l, subject.name)))
    if isinstance(thing, nn.Module):
        return SKIPPED  # its weights are drawn, on each side in its own order
    return play_on(subject, d2l, getattr(thing, subject.method))


def _saved_whole(thing: Any) -> Any:
    file = io.BytesIO()
    torch.save(thing, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


def _reloaded(subject: Subject, d2l: Any) -> Any:
    """The weights are loaded into a fresh object, which was not called before."""
    kind = getattr(d2l, subject.name)
    thing = built(subject, d2l, kind)
    if not isinstance(thing, nn.Module):
        return SKIPPED
    fresh = subject.make(d2l, kind)
    said = fresh.load_state_dict(thing.state_dict())
    if not thing.state_dict():
        return [str(said)]
    return [str(said), play_on(subject, d2l, getattr(fresh, subject.method))]


def _attributes(subject: Subject, d2l: Any) -> Any:
    """Every public attribute, before and after the call."""
    thing = built(subject, d2l, getattr(d2l, subject.name))
    before = _public(thing)
    play_on(subject, d2l, getattr(thing, subject.method))
    return [{"names": before}, {"names": _public(thing)}]


def _public(thing: Any) -> dict[str, Any]:
    inherited = set(dir(nn.Module)) if isinstance(thing, nn.Module) else set()
    names = [n for n in dir(thing) if not n.startswith("_") and n not in inherited]
    found = {}
    for name in names:
        with contextlib.suppress(Exception):
            found[name] = _seen_attribute(thing, name)
    return found


def _seen_attribute(thing: Any, name: str) -> Any:
    value = getattr(thing, name)
    if name == "hparams":
        return _own_hyperparameters(thing)
    if name == "tik":
        return abs(time.time() - value) < 3600
    return {"callable": True} if callable(value) else answer.plain(value)


def _assigned(subject: Subject, d2l: Any) -> Any:
    """Each attribute is assigned its own value."""
    thing = built(subject, d2l, getattr(d2l, subject.name))
    done = {}
    for name in _public(thing):
        if not callable(getattr(thing, name)):
            with contextlib.suppress(AttributeError):
                setattr(thing, name, getattr(thing, name))
                done[name] = True
    return {"names": done}, play_on(subject, d2l, getattr(thing, subject.method))


def _constructor_skipped(subject: Subject, d2l: Any) -> Any:
    """A reader's own `__init__` calls that of the class above the parent."""
    parent = getattr(d2l, subject.name)
    if not parent.__mro__[1].__module__.startswith("d2l"):
        return SKIPPED
    return {"names": _public(type("Own", (parent,), {"__init__": _init_of_grandparent})())}


def _init_of_grandparent(self: Any) -> None:
    super(type(self).__mro__[1], self).__init__()
    self.save_hyperparameters()


def _rebuilt(subject: Subject, d2l: Any) -> Any:
    """Another of the kind is made from the saved hyperparameters."""
    thing = built(subject, d2l, getattr(d2l, subject.name))
    if not hasattr(thing, "hparams"):
        return SKIPPED
    kept = _own_hyperparameters(thing)
    type(thing)(**thing.hparams)
    return kept


def _own_hyperparameters(thing: Any) -> Any:
    return {"names": {name: answer.plain(value) for name, value in thing.hparams.items()}}


def _on_module(change: Callable[[Any], Any]) -> Callable[[Subject, Any], Any]:
    def call(subject: Subject, d2l: Any) -> Any:
        thing = built(subject, d2l, getattr(d2l, subject.name))
        if not isinstance(thing, nn.Module):
            return SKIPPED
        target = change(thing)
        return play_on(subject, d2l, getattr(target, subject.method)), answer.plain(thing)

    return call


CALLS = {
    "subclass": _subclass,
    "own constructor": _own_constructor,
    "logged methods": _logged_methods,
    "deepcopy": _copied(copy.deepcopy),
    "deepcopy before use": _copied_unused,
    "copy": _copied(copy.copy),
    "pickle": _copied(lambda thing: pickle.loads(pickle.dumps(thing))),
    "saved whole": _copied(_saved_whole),
    "reloaded": _reloaded,
    "attributes": _attributes,
    "assigned": _assigned,
    "constructor skipped": _constructor_skipped,
    "rebuilt": _rebuilt,
    "eval": _on_module(lambda net: net.eval()),
    "double": _on_module(lambda net: net.double()),
    "frozen": _on_module(lambda net: net.requires_grad_(False)),
}
