"""The attributes of 1.0.3's objects: each can be read, and assigned, on ours."""

import json

import pytest
from attributes import FILE, attributes_of, for_each_object
from cases_clothes import CLOTHES

from d2l import torch as d2l

# Attributes of objects that are not there yet: (title, attribute).
OPEN: set[tuple[str, str]] = set()


@pytest.fixture(scope="module")
def released_attributes():
    return json.loads(FILE.read_text("utf-8"))


@pytest.mark.slow
def test_each_attribute_of_the_released_objects_can_be_read_and_assigned(
    clothes, monkeypatch, released_attributes
):
    monkeypatch.setenv(CLOTHES, clothes)
    failed, seen = set(), []

    def look(title, thing):
        seen.append(title)
        for name in released_attributes[title]:
            try:
                value = getattr(thing, name)
                setattr(thing, name, value)
                assert getattr(thing, name) is not None or value is None
            except Exception:
                failed.add((title, name))

    for_each_object(d2l, look)
    assert seen == list(released_attributes)
    assert failed == OPEN


def test_the_dump_sees_what_an_instance_holds_and_nothing_private():
    timer = d2l.Timer()
    timer._private = 1
    timer.extra = "text"
    assert attributes_of(timer) == {"extra": "str", "tik": "float", "times": "list"}
