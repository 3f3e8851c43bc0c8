"""The calls of a subject: its base call, and those generated from it.

Each is a function of a library and gives plain data. Of an object the calls are also made on
subclasses, copies and reloaded ones, and with every name of the library replaced.
"""

import contextlib
import io
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import answer
import numpy as np
import torch
import values
from subject import Subject
from torch import nn

Call = Callable[[Any], Any]
SKIPPED = {"skipped": True}
LARGE = 1_000_000  # numbers


def calls(subject: Subject, d2l: Any) -> Iterator[tuple[str, Call]]:
    """Every call by its title, which starts with the subject's. `d2l` is only read for types."""
    import objects  # which makes its calls by what is defined here

    yield f"{subject.title}/base", lambda d2l: play(subject, d2l)
    if not subject.is_generated:
        return
    seed()
    arguments = subject.args(d2l)
    for name, value in arguments.items():
        if subject.parts and name not in subject.parts:
            continue
        for form, change in values.forms(value):
            yield f"{subject.title}/{name}={form}", _changed(subject, name, change)
    for form, change in values.joint_forms():
        if (
            not subject.parts
            and sum(isinstance(value, torch.Tensor | tuple) for value in arguments.values()) > 1
        ):
            yield f"{subject.title}/all={form}", _all_changed(subject, change)
    is_main = subject.make and ":" not in subject.title
    for title, call in (_OF_FUNCTIONS | objects.CALLS if is_main else _OF_FUNCTIONS).items():
        yield f"{subject.title}/{title}", lambda d2l, call=call: call(subject, d2l)
    if "keyword" not in arguments and not any(name.startswith("_") for name in arguments):
        yield f"{subject.title}/keywords", lambda d2l: play(subject, d2l, by_keyword=True)
    for number in range(1, len(arguments)):
        yield f"{subject.title}/first {number} only", _shortened(subject, number)


def seed() -> None:
    """The same numbers for each call."""
    torch.default_generator.manual_seed(0)  # `torch.manual_seed` takes 3 ms where there is no GPU
    random.seed(0)
    np.random.seed(0)


def play(subject: Subject, d2l: Any, by_keyword: bool = False) -> Any:
    """The outcome of a base call: the result, arguments that were changed, the figure."""
    seed()
    target = build(subject, d2l)
    return play_on(subject, d2l, target, by_keyword)


def build(subject: Subject, d2l: Any, kind: Any = None) -> Any:
    """What is called: a function, or a bound method of an object whose weights follow a rule."""
    kind = getattr(d2l, subject.name) if kind is None else kind
    if subject.make is None:
        return kind
    return getattr(built(subject, d2l, kind), subject.method)


def built(subject: Subject, d2l: Any, kind: Any) -> Any:
    """The object itself."""
    thing = subject.make(d2l, kind)
    if isinstance(thing, nn.Module):
        with torch.no_grad(), contextlib.suppress(Exception):  # lazy layers get their shapes
            getattr(thing, subject.method)(*_arguments(subject, d2l).values())
        weigh(thing)
        thing.zero_grad()
    return thing


def weigh(net: nn.Module) -> None:
    """Weights by a rule of their shapes and order, the same in both libraries."""
    plain = {
        f"{path}.{name}": value
        for path, module in net.named_modules()
        for name, value in sorted(vars(module).items())
        if isinstance(value, torch.Tensor) and value.is_leaf and value.requires_grad
    }
    with torch.no_grad():
        for i, tensor in enumerate([*net.parameters(), *plain.values()]):
            if isinstance(tensor, nn.parameter.UninitializedTensorMixin):
                continue
            places = torch.arange(tensor.numel(), dtype=torch.float64).reshape(tensor.shape)
            tensor.copy_(torch.cos(places * 1.3 + i) * 0.4)


def _arguments(subject: Subject, d2l: Any) -> dict[str, Any]:
    seed()
    return subject.args(d2l)


def play_on(subject: Subject, d2l: Any, target: Any, by_keyword: bool = False) -> Any:
    arguments = _arguments(subject, d2l)
    before = {name: answer.plain(_seen(value)) for name, value in arguments.items()}
    seed()
    with contextlib.redirect_stdout(io.StringIO()):
        result = target(**arguments) if by_keyword else target(*arguments.values())
        _backward(result)
        outcome = {"result": answer.plain(subject.look(result))}
    after = {name: answer.plain(_seen(value)) for name, value in arguments.items()}
    outcome["changed"] = {name: after[name] for name in after if after[name] != before[name]}
    if subject.is_drawn:
        from matplotlib import pyplot as plt

        outcome["figure"] = answer.figure(plt.gcf())
    return outcome


def _seen(value: Any) -> Any:
    """An argument that can be looked at without using it up, in a short time."""
    if isinstance(value, torch.Tensor) and value.numel() > LARGE:
        return None
    return None if hasattr(value, "__next__") or not hasattr(value, "__len__") else value


def _backward(result: Any) -> None:
    found = result if isinstance(result, list | tuple) else [result]
    tensors = [t for t in found if isinstance(t, torch.Tensor) and t.requires_grad and t.numel()]
    if tensors and all(t.grad_fn is not None and t.is_floating_point() for t in tensors):
        sum(
            (t * torch.cos(torch.arange(t.numel()).reshape(t.shape))).sum() for t in tensors
        ).backward()


def _changed(subject: Subject, name: str, change: Callable[[Any], Any]) -> Call:
    def args(d2l: Any) -> dict[str, Any]:
        arguments = subject.args(d2l)
        return arguments | {name: change(arguments[name])}

    return lambda d2l: _play_changed(subject, args, d2l)


def _all_changed(subject: Subject, change: Callable[[Any], Any]) -> Call:
    def args(d2l: Any) -> dict[str, Any]:
        return {name: change(value) for name, value in subject.args(d2l).items()}

    return lambda d2l: _play_changed(subject, args, d2l)


def _shortened(subject: Subject, number: int) -> Call:
    def args(d2l: Any) -> dict[str, Any]:
        return dict(list(subject.args(d2l).items())[:number])

    return lambda d2l: _play_changed(subject, args, d2l)


def _play_changed(subject: Subject, args: Any, d2l: Any) -> Any:
    """The object is built with the base arguments; the call takes the others."""
    try:
        _arguments(replace(subject, args=args), d2l)
    except Exception:
        return SKIPPED  # this value has no such form
    seed()
    target = build(subject, d2l)
    return play_on(replace(subject, args=args), d2l, target)


def _twice(subject: Subject, d2l: Any) -> Any:
    seed()
    target = build(subject, d2l)
    return [play_on(subject, d2l, target), play_on(subject, d2l, target)]


def _result_changed(subject: Subject, d2l: Any) -> Any:
    """What was returned is changed in place: do the arguments, and the next answer, change?"""
    seed()
    target = build(subject, d2l)
    arguments = _arguments(subject, d2l)
    with contextlib.redirect_stdout(io.StringIO()):
        _spoil(target(*arguments.values()))
    seen = {name: answer.plain(_seen(value)) for name, value in arguments.items()}
    return seen, play_on(subject, d2l, target)


def _spoil(result: Any, depth: int = 0) -> None:
    if isinstance(result, torch.Tensor):
        with torch.no_grad():
            result.add_(1)
    elif isinstance(result, np.ndarray):
        result += 1
    elif isinstance(result, tuple | list) and depth < 4:
        for part in result:
            _spoil(part, depth + 1)
        if isinstance(result, list):
            result.append(None)
    elif isinstance(result, dict):
        result.clear()


def _replaced_names(subject: Subject, d2l: Any) -> Any:
    """Which names of the library its own code looks up when it runs."""
    used: set[str] = set()
    seed()
    target = build(subject, d2l)
    originals = {name: value for name, value in vars(d2l).items() if _is_replaceable(name, value)}
    try:
        for name, value in originals.items():
            setattr(d2l, name, _counted(name, value, used))
        play_on(subject, d2l, target)
    finally:
        for name, value in originals.items():
            setattr(d2l, name, value)
    return {"names": dict.fromkeys(used - {subject.name}, True)}


def _is_replaceable(name: str, value: Any) -> bool:
    return (
        not name.startswith("_")
        and name != "nn_Module"
        and callable(value)
        and (getattr(value, "__module__", "").startswith("d2l"))
    )


def _counted(name: str, value: Any, used: set[str]) -> Any:
    def called(*args: Any, **kwargs: Any) -> Any:
        used.add(name)
        return value(*args, **kwargs)

    return called


_OF_FUNCTIONS = {
    "twice": _twice, "result changed": _result_changed, "replaced names": _replaced_names,
}  # fmt: skip
