"""Sections by headings: what counts as one, and which of two notebooks are the same."""

import time

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from d2l.grader.compare.match_sections import START, headings_in, match_sections, sections_of


def notebook_of(*texts):
    """Texts that begin with # are markdown, others are code."""
    cells = [new_markdown_cell(t) if t.startswith("#") else new_code_cell(t) for t in texts]
    return new_notebook(cells=cells)


def homes(ours, theirs):
    """The reference's heading that each heading of the submission belongs to."""
    reference = sections_of(notebook_of(*(f"# {heading}" for heading in ours)))
    submission = sections_of(notebook_of(*(f"# {heading}" for heading in theirs)))
    return [reference[home].heading for home in match_sections(reference, submission)][1:]


def test_cells_belong_to_the_heading_above_them_and_else_to_the_start():
    notebook = notebook_of("a", "# One", "b", "", "c", "# Two\n\nwords\n\n## Three", "d")
    sections = sections_of(notebook)
    assert [(section.heading, section.cells) for section in sections] == [
        (START, (0,)), ("One", (2, 4)), ("Two", ()), ("Three", (6,)),
    ]  # fmt: skip
    assert sections[-1].parents == ("Two",)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("# A", [(1, "A")]),
        ("text\n### A *b* ###\n", [(3, "A *b*")]),
        ("#A", []),
        ("####### A", []),
        ("```\n# A\n```\n# B", [(1, "B")]),
        ("~~~\n```\n# A\n~~~\n# B", [(1, "B")]),
        ("    # code", []),
        ("# A\r\n## B", [(1, "A"), (2, "B")]),
    ],
)
def test_headings_are_what_markdown_takes_for_headings(source, found):
    assert headings_in(source) == found


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("2.1.1 Getting started", "2.1.1. Getting Started"),
        ("2.1.1 Getting started", "Getting started"),
        ("3 Gradients", "**Gradients:**"),
        ("Softmax and its loss", "Softmax & its loss (5 points)"),
        ("Linear regression", "Linear regresion"),
        ("The `softmax` function", "Softmax function"),
        ("2.1 Data manipulation", "2.1 Manipulating data"),
        ("자동 미분", "2.5 자동 미분"),
    ],
)
def test_a_heading_is_known_by_its_words_whatever_its_number_and_letters(ours, theirs):
    others = ["Something else", "Problem 7"]
    assert homes([*others, ours], [theirs, *others]) == [ours, *others]


def test_parts_of_a_list_are_told_apart_by_number_and_letter():
    ours = ["Problem 1", "Problem 2", "Part (a)", "Part (b)"]
    assert homes(ours, ["Part (b)", "Problem 2", "Part (a)"]) == [
        "Part (b)", "Problem 2", "Part (a)",
    ]  # fmt: skip
    assert homes(["Problem 1", "Problem 2"], ["Problem 3"]) == [START]


def test_equal_headings_are_known_by_the_headings_above_them_then_by_their_place():
    ours = ["# One", "## Exercises", "# Two", "## Exercises"]
    reference = sections_of(notebook_of(*ours))
    moved = sections_of(notebook_of("# Two", "## Exercises", "# One", "## Exercises"))
    assert match_sections(reference, moved) == [0, 3, 4, 1, 2]
    flat = sections_of(notebook_of("# Exercises", "# Exercises"))
    assert match_sections(flat, flat) == [0, 1, 2]
    reference = sections_of(notebook_of("# Exercises", "# Limits", "# Exercises"))
    last = sections_of(notebook_of("# Limits", "# Exercises"))
    assert match_sections(reference, last) == [0, 2, 3]


def test_a_heading_of_ones_own_opens_no_section():
    assert homes(["Tensors", "Loss"], ["Notes", "Tensors", "My answer", "Loss", "What I saw"]) == [
        START, "Tensors", "Tensors", "Loss", "Loss",
    ]  # fmt: skip


def test_thousands_of_headings_take_no_time():
    many = notebook_of("# a b\n" * 5000, *(f"# Heading {number} of many" for number in range(700)))
    begin = time.process_time()
    sections = sections_of(many)
    match_sections(sections, sections)
    assert time.process_time() - begin < 5
