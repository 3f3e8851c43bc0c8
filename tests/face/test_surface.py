"""The public surface: every name of the contract, with a signature that takes the same calls.

`contract.json` lists names, signatures and methods of d2l 1.0.3. The few defaults that are better
now are listed here, each with its reason.
"""

import ast
import inspect
import json
import types
from pathlib import Path

import pytest

from d2l import torch as d2l

CONTRACT = json.loads(Path(__file__).with_name("contract.json").read_text())
CALLABLES = {n: entry for n, entry in CONTRACT.items() if entry["kind"] in ("class", "function")}
METHODS = [
    (name, method, signature)
    for name, entry in CALLABLES.items()
    for method, signature in entry.get("methods", {}).items()
]
STANDING_FOR_SOMETHING = [
    name
    for name, entry in CONTRACT.items()
    if "." in (entry.get("of") or "") and name != "meshgrid"  # ours has a default for `indexing`
]
BETTER_DEFAULTS = {
    ("DataModule", "__init__", "num_workers"): "no worker processes by default",
    ("train_ch13", "devices"): "looked for at the call, not at the import",
}
NEW = {
    "CharacterText", "InventedPairs", "MLP", "MLPScratch", "SentencePairs",
    "SoftmaxRegressionScratch", "Tale",
}  # fmt: skip


def old_parameters(signature):
    """Names and defaults of a signature written as text."""
    arguments = ast.parse(f"def f{signature}: pass").body[0].args
    names = [argument.arg for argument in arguments.args]
    defaults = [
        eval(ast.unparse(default), {"slice": slice, "d2l": d2l}) for default in arguments.defaults
    ]
    missing = [inspect.Parameter.empty] * (len(names) - len(defaults))
    return dict(zip(names, missing + defaults, strict=True))


def frozen(default):
    """An immutable default stands for the mutable one it replaced."""
    return tuple(default) if isinstance(default, list) else default


def assert_takes_the_same_calls(where, function, signature):
    new = inspect.signature(function).parameters
    positional = [p for p in new.values() if p.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
    old = old_parameters(signature)
    assert [p.name for p in positional][: len(old)] == list(old)
    for parameter, default in zip(positional, old.values(), strict=False):
        had_one = default is not inspect.Parameter.empty
        if had_one and (*where, parameter.name) not in BETTER_DEFAULTS:
            assert frozen(parameter.default) == frozen(default), parameter.name
    added = positional[len(old) :]
    assert all(p.default is not inspect.Parameter.empty for p in added)
    assert all(not isinstance(p.default, (list, dict, set)) for p in new.values())


@pytest.mark.parametrize("name", CONTRACT)
def test_every_name_of_the_contract_is_there_and_of_its_kind(name):
    pytest.importorskip("IPython")  # of these, display and backend_inline are
    thing, kind = getattr(d2l, name), CONTRACT[name]["kind"]
    assert inspect.isclass(thing) == (kind == "class" or name in ("nn_Module", "defaultdict"))
    if kind == "module":
        assert isinstance(thing, types.ModuleType) or name in ("defaultdict", "distance_matrix")


@pytest.mark.parametrize("name", [n for n, e in CALLABLES.items() if e["kind"] == "function"])
def test_functions_take_the_calls_they_always_took(name):
    assert_takes_the_same_calls((name,), getattr(d2l, name), CALLABLES[name]["signature"])


@pytest.mark.parametrize("name, method, signature", METHODS)
def test_methods_take_the_calls_they_always_took(name, method, signature):
    function = getattr(getattr(d2l, name), method)
    if isinstance(function, property):
        assert signature == "(self)"
        return
    assert_takes_the_same_calls((name, method), function, signature)


@pytest.mark.parametrize("name", STANDING_FOR_SOMETHING)
def test_aliases_and_modules_are_what_they_always_stood_for(name):
    *path, last = CONTRACT[name]["of"].split(".")
    if path == ["nn"]:
        path = ["torch", "nn"]
    module = __import__(".".join(path), fromlist=[last])
    expected = getattr(module, last, None) or __import__(f"{'.'.join(path)}.{last}", fromlist=["_"])
    assert getattr(d2l, name) is expected


def test_the_face_shows_the_contract_the_new_names_and_nothing_else():
    visible = set(d2l.__all__) | {n for n, e in CONTRACT.items() if e["kind"] == "module"}
    assert visible == set(CONTRACT) | NEW
    assert set(dir(d2l)) == visible


def test_every_public_name_says_in_its_docstring_where_the_book_has_it():
    own = [getattr(d2l, name) for name in d2l.__all__]
    own = [t for t in own if callable(t) and getattr(t, "__module__", "").startswith("d2l.")]
    ops = [t for t in own if t.__module__ == "d2l.base.ops"]
    named = [t for t in own if t not in ops]
    missing = [t.__name__ for t in named if "\nBook: " not in (inspect.getdoc(t) or "")]
    assert missing == []


def test_a_bare_import_of_the_package_names_the_right_import():
    import d2l as package

    with pytest.raises(AttributeError, match="from d2l import torch as d2l"):
        _ = package.Trainer
    with pytest.raises(ImportError, match="from d2l import torch as d2l"):
        from d2l import tensorflow  # noqa: F401


def test_a_misspelt_name_is_answered_with_the_right_one():
    with pytest.raises(AttributeError, match="did you mean Trainer"):
        _ = d2l.Trainr


def test_a_module_that_is_not_installed_is_named_with_its_package(monkeypatch):
    from d2l.base import modules

    monkeypatch.setitem(modules.MODULES, "requests", "package_that_is_not_there")
    with pytest.raises(ModuleNotFoundError, match="pip install package_that_is_not_there"):
        _ = d2l.requests
