"""The public surface: every name of the contracts, with signatures that take the same calls.

`contract.json` lists names, signatures and methods of d2l 1.0.3, `contract_0_17_6.json` those of
0.17.6, `names_2026.json` the names that only the edition of 2026 has. The few defaults that are
better now are listed here, each with its reason.
"""

import ast
import inspect
import json
import types
from pathlib import Path

import pytest
import torch

from d2l import torch as d2l
from d2l.base import public_names
from d2l.base.call_shapes import SHAPES
from d2l.base.public_names import MODULES

HERE = Path(__file__).parent
CONTRACT = json.loads((HERE / "contract.json").read_text())
EARLIER = json.loads((HERE / "contract_0_17_6.json").read_text())
CONTRACT_2026 = json.loads((HERE / "contract_2026.json").read_text())
NAMES_2026 = json.loads((HERE / "names_2026.json").read_text())
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
CALLS_OF_0_17_6 = [
    *((n, None, e["signature"]) for n, e in EARLIER.items() if e["kind"] == "function"),
    *((n, m, s) for n, e in EARLIER.items() for m, s in e.get("methods", {}).items()),
]
KEYWORDS_THAT_REACH_NN_MODULE = {  # whose constructor refuses each: `Encoder(**{})` alone works
    "AddNorm", "AttentionDecoder", "Decoder", "DotProductAttention", "Encoder", "EncoderDecoder",
    "PositionWiseFFN", "Seq2SeqEncoder", "TransformerEncoder",
}  # fmt: skip
ANY_NAME = {("Decoder", "init_state"): "the parameter is 1.0.3's enc_all_outputs"}
MODULES_OF_2026 = {"asdict", "io", "json", "queue", "textwrap", "threading"}
BETTER_DEFAULTS = {
    ("DataModule", "__init__", "num_workers"): "no worker processes by default",
    ("train_ch13", "devices"): "looked for at the call, not at the import",
}
NEW = {
    "CharacterText", "SyntheticTranslation", "MLP", "MLPScratch", "MLflowLogger", "SentencePairs",
    "SoftmaxRegressionScratch", "TinyStory", "TensorBoardLogger", "TrackioLogger", "WandbLogger",
    "check_model", "overfit_one_batch", "watching",
}  # fmt: skip
NEW |= set(json.loads(Path(__file__).with_name("contract_2026.json").read_text("utf-8")))


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


def shapes_of(function):
    """The names and defaults of the parameters of each shape of call that a function takes."""
    shapes = [inspect.signature(function), *(s.signature for s in getattr(function, SHAPES, ()))]
    return [
        {p.name: p.default for p in shape.parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD}
        for shape in shapes
    ]


def is_begun_by(shape, old):
    """Whether a shape has the parameters `old` first, and defaults for what comes after."""
    names, more = list(shape)[: len(old)], list(shape.values())[len(old) :]
    same = all(frozen(shape[n]) == frozen(old[n]) for n in names if n in old and has(old[n]))
    return names == list(old) and same and all(map(has, more))


def has(default):
    return default is not inspect.Parameter.empty


@pytest.mark.parametrize("name", EARLIER)
def test_every_name_of_0_17_6_is_there_and_of_its_kind(name):
    pytest.importorskip("IPython")
    thing, kind = getattr(d2l, name), EARLIER[name]["kind"]
    assert inspect.isclass(thing) == (kind == "class" or name in ("nn_Module", "defaultdict"))


@pytest.mark.parametrize("name, method, signature", CALLS_OF_0_17_6)
def test_the_calls_of_0_17_6_are_of_a_shape_that_is_taken(name, method, signature):
    thing = getattr(d2l, name)
    function = thing if method is None else getattr(thing, method, None)
    if (name, method) in ANY_NAME or isinstance(function, property):
        return
    if (name, method) == ("Vocab", "token_freqs"):
        assert d2l.Vocab(["a"]).token_freqs == [("a", 1)]
        return
    old = old_parameters(signature)
    if (name, method) == ("Vocab", "__init__"):
        old |= {"tokens": (), "reserved_tokens": ()}  # None is taken as well
    if name == "plot":
        old["legend"] = ()  # None is taken as well
    if name == "train_ch13":
        old["devices"] = None  # looked for at the call
    assert any(is_begun_by(shape, old) for shape in shapes_of(function)), shapes_of(function)


@pytest.mark.parametrize("name", sorted(KEYWORDS_THAT_REACH_NN_MODULE))
def test_keywords_that_0_17_6_gives_to_nn_module_are_those_that_nn_module_takes(name):
    assert "**kwargs" in EARLIER[name]["methods"]["__init__"]
    with pytest.raises(TypeError, match="unexpected keyword argument"):
        torch.nn.Module(no_such_keyword=1)


@pytest.mark.parametrize("name", sorted({*NAMES_2026, *public_names.TODAY}))
def test_a_name_of_any_edition_is_there_or_says_what_became_of_it(name):
    if name in (*d2l.__all__, *MODULES):
        assert getattr(d2l, name) is not None
        return
    with pytest.raises(AttributeError) as error:
        getattr(d2l, name)
    left_out = f"d2l has no '{name}': it belongs to the 2026 edition ("
    today = f"d2l has no '{name}', a name of another edition; use "
    assert str(error.value).startswith((left_out, today))


def test_what_is_said_of_absent_names_is_said_of_absent_names_and_names_what_is_there():
    listed = [n for names in public_names.LEFT_OUT.values() for n in names]
    assert sorted(set(listed)) == sorted(listed)
    assert not {*listed, *public_names.TODAY} & {*d2l.__all__, *MODULES}
    assert set(listed) <= set(NAMES_2026)
    for today in public_names.TODAY.values():
        assert today.startswith("the package ") or eval(today, {"d2l": d2l}) is not None


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
    assert visible == {*CONTRACT, *EARLIER, *CONTRACT_2026, *MODULES_OF_2026, *NEW}
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
    from d2l.base import public_names

    monkeypatch.setitem(public_names.MODULES, "requests", "package_that_is_not_there")
    with pytest.raises(ModuleNotFoundError, match="pip install package_that_is_not_there"):
        _ = d2l.requests
