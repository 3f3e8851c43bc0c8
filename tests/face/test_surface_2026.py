"""The names that the face has of the 2026 edition, with the signatures that they have there.

`contract_2026.json` lists them, and the public methods of the classes.
"""

import ast
import inspect
import json
from pathlib import Path

import pytest
import torch
from torch import nn

from d2l import torch as d2l

CONTRACT = json.loads(Path(__file__).with_name("contract_2026.json").read_text("utf-8"))
BASES = {"nn.Module": nn.Module, "d2l.RNN": d2l.RNN, "d2l.Module": d2l.Module}
BASES |= {"d2l.Classifier": d2l.Classifier}
SIGNATURES = [(name, None, e["signature"]) for name, e in CONTRACT.items() if "signature" in e]
SIGNATURES += [
    (name, method, signature)
    for name, entry in CONTRACT.items()
    for method, signature in entry.get("methods", {}).items()
]
PROPERTIES = [("BPETokenizer", name) for name in ("pad", "bos", "eos")]


def written(function):
    """Positional names and defaults, and whether there are `*args` and `**kwargs`."""
    parameters = inspect.signature(function).parameters.values()
    positional = [p for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    stars = [p.name for p in parameters if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    return [(p.name, p.default) for p in positional], stars


def expected(signature, is_class_method):
    """The same of a signature that is written as text."""
    arguments = ast.parse(f"def f{signature}: pass").body[0].args
    names = [argument.arg for argument in arguments.args]
    defaults = [ast.literal_eval(default) for default in arguments.defaults]
    missing = [inspect.Parameter.empty] * (len(names) - len(defaults))
    stars = [star.arg for star in (arguments.vararg, arguments.kwarg) if star]
    return [*zip(names, missing + defaults, strict=True)][is_class_method:], stars


@pytest.mark.parametrize("name, method, signature", SIGNATURES)
def test_names_of_the_2026_edition_have_its_signatures(name, method, signature):
    function = getattr(d2l, name) if method is None else getattr(getattr(d2l, name), method)
    if isinstance(function, property):
        assert (name, method) in PROPERTIES
        return
    is_class_method = inspect.ismethod(function)
    assert written(function) == expected(signature, is_class_method)
    keyword_only = [
        p for p in inspect.signature(function).parameters.values() if p.kind is p.KEYWORD_ONLY
    ]
    assert all(p.default is not inspect.Parameter.empty for p in keyword_only)


@pytest.mark.parametrize("name", [name for name, e in CONTRACT.items() if e.get("bases")])
def test_classes_of_the_2026_edition_have_its_bases(name):
    assert all(issubclass(getattr(d2l, name), BASES[base]) for base in CONTRACT[name]["bases"])


def test_shared_names_take_the_calls_of_the_2026_edition():
    class Text(d2l.TimeMachine):
        def _download(self):
            return "The wind sat down by the door, and the wind waited. " * 9

    class Pairs(d2l.MTFraEng):
        def _download(self):
            return "Go.\tVa !\nHi.\tSalut !\n" * 4

    data = Text(4, 8, num_train=20, num_val=8, tokenization="bpe", vocab_size=270)
    assert isinstance(data.vocab, d2l.BPETokenizer)
    pairs = Pairs(4, num_steps=20, num_train=6, num_val=2, vocab_size=270)
    assert isinstance(pairs.tgt_vocab, d2l.BPETokenizer)
    assert len(d2l.Benchmark(lambda: None, warmup=1, repeats=2, desc="nothing").times) == 2
    d2l.ProgressBoard().flush()
    model = d2l.RNNLM(d2l.LSTM(len(data.vocab), 8), len(data.vocab))
    rng = torch.Generator().manual_seed(0)
    said = model.predict("the wind", 3, data.vocab, d2l.cpu(), temperature=0.5, rng=rng)
    assert said.startswith("the wind")
