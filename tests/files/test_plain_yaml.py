"""YAML of others: plain values, nothing built, nothing that grows."""

import pytest
import yaml

from d2l.files import plain_yaml
from d2l.files.plain_yaml import YamlError, load_yaml

TEXT = b"""---
a: &one text
b: [1, *one, {c: ~}]
d: !ruby/object:Thing {e: "\\u00e9"}
? f
: |
  two
  lines
"""


def test_values_are_texts_as_the_ordinary_loader_reads_them():
    expected = yaml.load(TEXT.replace(b"!ruby/object:Thing ", b""), Loader=yaml.BaseLoader)
    assert load_yaml(TEXT) == expected


def test_aliases_that_grow_are_refused():
    layers = "\n".join(f"l{i}: &l{i} [*l{i - 1}, *l{i - 1}]" for i in range(1, 40))
    with pytest.raises(YamlError, match="repeats a list or table"):
        load_yaml(f"l0: &l0 [x]\n{layers}".encode())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[" * 500, "levels"),
        ("a: [", "it is not valid YAML"),
        ("", "it is empty"),
        ("\x00", "it is not valid YAML"),
        ("a: 1\n" * 30, "more than 20 values"),
    ],
)
def test_what_is_damaged_deep_or_large_is_refused(monkeypatch, text, words):
    monkeypatch.setattr(plain_yaml, "MAX_NODES", 20 if "20" in words else 1_000)
    with pytest.raises(YamlError, match=words):
        load_yaml(text.encode())
    monkeypatch.setattr(plain_yaml, "MAX_BYTES", 3)
    with pytest.raises(YamlError, match="4 bytes; at most 3"):
        load_yaml(b"a: b")
