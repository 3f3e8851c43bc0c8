"""Aligning cells: pairs of equals, pieces, renamed and reordered cells, and what it may cost."""

import itertools
import random
import time

import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_output

from d2l.grader.compare.align import Cell, align, assign, fingerprint, imported_names

CELLS = [
    "import torch\nfrom torch import nn",
    "def softmax(X):\n    e = torch.exp(X)\n    return e / e.sum(1, keepdims=True)",
    "logits = torch.tensor([[1.0, 2.0]])\nsoftmax(logits)",
    "net = nn.Linear(4, 3)\nprint(net.weight.shape)",
    "A = torch.arange(6).reshape(2, 3)\nA.sum(axis=0)",
    "A = torch.arange(6).reshape(2, 3)\nA.sum(axis=1)",
]


def cells_of(sources, sections=None):
    imported = imported_names(sources)
    return [
        Cell(
            index, sections[index] if sections else 0, fingerprint(cell_of(source), imported), True
        )
        for index, source in enumerate(sources)
    ]


def cell_of(source, *texts):
    return new_code_cell(source, outputs=[new_output("stream", text=text) for text in texts])


def pairs(ours, theirs):
    groups = align(cells_of(ours), cells_of(theirs))
    return {group.reference: group.submission for group in groups}


def test_an_assignment_has_the_largest_sum_that_any_has():
    draw = np.random.default_rng(0)
    for rows, columns in itertools.product(range(1, 5), range(1, 6)):
        scores = draw.integers(-3, 4, (rows, columns)).astype(float)
        chosen = assign(scores)
        assert len({row for row, _ in chosen}) == min(rows, columns) == len(chosen)
        assert len({column for _, column in chosen}) == len(chosen)
        wide = scores if rows <= columns else scores.T
        orders = itertools.permutations(range(wide.shape[1]), wide.shape[0])
        best = max(sum(wide[row, column] for row, column in enumerate(o)) for o in orders)
        assert sum(scores[row, column] for row, column in chosen) == best


def test_equals_cost_no_time():
    begin = time.process_time()
    assert assign(np.zeros((500, 500)))[-1] == (499, 499)
    assert time.process_time() - begin < 2


@pytest.mark.parametrize("seed", range(5))
def test_cells_are_found_wherever_they_are(seed):
    order = random.Random(seed).sample(range(len(CELLS)), len(CELLS))
    found = pairs(CELLS, [CELLS[place] for place in order])
    assert found == {(place,): (order.index(place),) for place in range(len(CELLS))}


def test_the_names_of_variables_do_not_count():
    ours = "loss = nn.MSELoss()\ntotal = loss(a, b) + loss(b, a)"
    theirs = "l = nn.MSELoss()\ns = l(one, two) + l(two, one)"
    imported = frozenset({"nn"})
    lines = [
        {word for word in fingerprint(cell_of(source), imported) if word.startswith("line")}
        for source in ("x = nn.MSELoss()", "y = nn.MSELoss()", "x = nn.L1Loss()")
    ]
    assert lines[0] == lines[1] != lines[2]
    assert pairs([*CELLS, ours], [theirs, *CELLS])[(len(CELLS),)] == (0,)


def test_pieces_of_a_cell_are_found_and_so_is_a_cell_made_of_several():
    whole = "print('sum', A.sum(axis=0))\nprint('largest', A.max())"
    first, second = whole.split("\n")
    assert pairs([*CELLS, whole], [*CELLS, first, second])[(6,)] == (6, 7)
    assert pairs([*CELLS, first, second], [*CELLS, whole])[(6, 7)] == (6,)


def test_between_equals_the_section_decides_and_then_the_order():
    same = ["x.grad", "x.grad", "x.grad"]
    assert pairs(same, same) == {(0,): (0,), (1,): (1,), (2,): (2,)}
    groups = align(cells_of(same, [1, 2, 3]), cells_of(same, [3, 1, 2]))
    assert {group.reference: group.submission for group in groups} == {
        (0,): (1,), (1,): (2,), (2,): (0,),
    }  # fmt: skip


def test_a_cell_that_has_nothing_in_common_is_nobodys():
    assert pairs(["A.sum(axis=0)"], ["with open('a') as f:\n    f.write('b')"]) == {}
    assert pairs(["A"], []) == {} == pairs([], ["A"])


def test_what_is_shown_counts_too():
    shown = cell_of("x", "the answer is 42.5")
    assert {"shows 42.5", "shows answer"} <= fingerprint(shown, frozenset())


@pytest.mark.parametrize(
    "source",
    ["%matplotlib inline\n!pip install d2l", "x = (", "'''", "def", "\x00", "é = 'ü'\n\tx", "x\\"],
)
def test_a_fingerprint_is_taken_of_anything(source):
    assert all("matplotlib" not in word for word in fingerprint(cell_of(source), frozenset()))


def test_brackets_without_end_are_read_without_recursion():
    begin = time.process_time()
    fingerprint(cell_of("(" * 100_000, "[" * 1_000_000), frozenset())
    fingerprint(cell_of("x = " + "-" * 100_000 + "1"), frozenset())
    assert time.process_time() - begin < 5


@pytest.mark.parametrize("num_words", [3, 5_000])
def test_five_hundred_cells_are_aligned_in_two_seconds(num_words):
    draw = random.Random(0)
    kinds = ("defines", "line", "calls", "writes", "shows")

    def cells():
        return [
            Cell(
                index,
                index // 10,
                frozenset(f"{draw.choice(kinds)} {draw.randrange(num_words)}" for _ in range(80)),
                True,
            )
            for index in range(500)
        ]

    ours, theirs = cells(), cells()
    begin = time.process_time()
    align(ours, theirs)
    assert time.process_time() - begin < 5
