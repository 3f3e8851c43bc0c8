"""Outputs made to break their reader: never an exception, never slow, never much memory."""

import random
import time
from itertools import product

import numpy as np
import pandas as pd
import pytest
import torch
from nbformat.v4 import new_output

from d2l.grader.compare.compare_items import compare_items
from d2l.grader.outputs.read_cell import read_cell

SECONDS = 10  # of CPU time: what takes a second at worst; time that grows as a square takes minutes
LENGTH = 30_000

REPEATED = [
    "[", "(", "[(", "[]", "[],", "[[1],", "tensor(", "tensor([", "array([1,", "'", '"', "' \"",
    "1", "1.", "1e", "-", "-1", "0x", "...", "nan ", "a.", "a", "a ", "a'", " ", "\n", "  a\n",
    "\r", "\x1b[0", "/a", "/a/", "0:00:", "<", "< ", "<a", "<td>", "<tr><td>", "&", "&#9", "\x00",
    "한", "𝟙", "\ud800", "loss 1\n", "a 1 ", "(1,", "[1 2]\n", "tensor(1)", "True", "%|",
]  # fmt: skip


def outputs_of(text):
    return [
        new_output("stream", text=text),
        new_output("execute_result", data={"text/plain": text}),
        new_output("display_data", data={"text/html": f"<table>{text}"}),
        new_output("display_data", data={"image/svg+xml": f"<svg {text}"}),
        new_output("display_data", data={"image/png": text}),
        new_output("display_data", data={"application/vnd.d2l.points+json": text}),
        new_output("error", ename=text, evalue=text, traceback=[]),
    ]


@pytest.mark.parametrize("piece", REPEATED, ids=repr)
def test_a_piece_repeated_without_end_is_read_at_once(piece):
    text = piece * (LENGTH // len(piece))
    begun = time.process_time()
    items = read_cell(outputs_of(text))
    compare_items([items], [items])
    assert time.process_time() - begun < SECONDS


@pytest.mark.parametrize(
    "opening, closing", [("[", "]"), ("(", ")"), ("[(", ")]"), ("tensor([", "])")]
)
def test_deep_nesting_is_read_at_once(opening, closing):
    text = opening * 5_000 + "1, 2" + closing * 5_000
    begun = time.process_time()
    read_cell(outputs_of(text))
    assert time.process_time() - begun < SECONDS


HONEST = [
    repr(torch.arange(24.0).reshape(2, 3, 4)),
    repr((torch.ones(2), torch.tensor([True]), "a", 3.5, torch.Size([2]))),
    repr(np.linspace(0, 1, 2000)),
    str(np.eye(3)),
    str(pd.DataFrame({"a": [1, np.nan], "b": ["x", "y z"]})),
    pd.DataFrame({"a": [1, np.nan], "b": ["x", "y z"]}).to_html(),
    "epoch 1, loss 0.5, time 0.1 sec\nepoch 2, loss 0.25, time 0.1 sec",
    '{"loss": [[1, 2], [2, "nan"]]}',
    '<?xml version="1.0"?><svg width="10pt" height="20pt"></svg>',
]
SPICE = [
    *"[](){}<>'\",.:;=-+/\\|&%#\n\r\t 0123456789eE",
    "...",
    "nan",
    "inf",
    "tensor(",
    "1e999",
    "\x1b[0m",
]


@pytest.mark.parametrize("seed", range(8))
def test_changed_texts_are_read_without_an_exception(seed):
    chance = random.Random(seed)
    for text, _ in product(HONEST, range(6)):
        changed = mutated(text, chance)
        begun = time.process_time()
        found, honest = read_cell(outputs_of(changed)), read_cell(outputs_of(text))
        findings = compare_items([honest, honest], [found, found])
        again = compare_items([found, honest, found], [honest, found])
        assert all(finding.message for finding in findings + again if finding.verdict != "match")
        assert time.process_time() - begun < SECONDS


def mutated(text, chance):
    characters = list(text)
    for _ in range(chance.randint(1, 20)):
        at = chance.randrange(len(characters) + 1)
        match chance.randrange(3):
            case 0:
                characters[at:at] = chance.choice(SPICE)
            case 1:
                del characters[at : at + chance.randint(1, 5)]
            case _:
                other = chance.randrange(len(characters) + 1)
                characters[at:at] = characters[other : other + chance.randint(1, 30)]
    return "".join(characters)


NO_OUTPUTS = [
    {}, {"output_type": 3}, {"output_type": "stream"}, {"output_type": "stream", "text": 3},
    {"output_type": "stream", "text": ["a", 3]}, {"output_type": "display_data"},
    {"output_type": "display_data", "data": "x"}, {"output_type": "execute_result", "data": {}},
    {"output_type": "display_data", "data": {"text/plain": {"a": 1}, "text/html": 3}},
    {"output_type": "display_data", "data": {"image/png": {"a": 1}}}, {"output_type": "error"},
]  # fmt: skip


@pytest.mark.parametrize("output", NO_OUTPUTS, ids=str)
def test_outputs_of_another_form_are_read_as_next_to_nothing(output):
    assert len(read_cell([output])) <= 1


def test_of_very_many_items_the_first_are_compared_in_bounded_time():
    items = read_cell([new_output("stream", text="\n".join(str(i) for i in range(50_000)))])
    wrong = read_cell([new_output("stream", text="\n".join(str(-i) for i in range(50_000)))])
    begun = time.process_time()
    assert len(compare_items([items], [wrong])) == len(items) <= 200
    assert time.process_time() - begun < SECONDS


def test_a_hundred_thousand_outputs_are_read_at_once():
    begun = time.process_time()
    read_cell([new_output("display_data", data={"text/plain": "1"})] * 100_000)
    assert time.process_time() - begun < SECONDS
