"""Markdown with formulas: MathML where mathematics is meant, dollars where money or code is."""

import xml.etree.ElementTree as ET

import pytest
from bs4 import BeautifulSoup

from d2l.notebook.render.markdown import code_to_html, formula, markdown_to_html


def parsed(source):
    return BeautifulSoup(markdown_to_html(source), "html.parser")


def tags(mathml):
    return [element.tag.rpartition("}")[2] for element in ET.fromstring(mathml).iter()]


def test_formulas_in_a_line_and_on_their_own_become_mathml():
    page = parsed("Let $x_1$ be.\n\n$$\\frac{1}{n}$$\n\nand so $$y$$ too")
    assert [math["display"] for math in page.find_all("math")] == ["inline", "block", "block"]
    assert page.find("msub").get_text() == "x1"
    assert page.find("mfrac").get_text() == "1n"
    assert "$" not in page.get_text()


@pytest.mark.parametrize("source", ["`$x$ and $y$`", "```\n$x$ and $y$\n```", "    $x$ and $y$"])
def test_dollars_in_code_stay_dollars(source):
    page = parsed(source)
    assert page.find("math") is None
    assert page.find("code").get_text().strip() == "$x$ and $y$"


@pytest.mark.parametrize(
    "source", ["From $5 to $6.", "It is US$5-$6.", "Only \\$5 or 5\\$.", "A lone $ sign"]
)
def test_dollars_that_are_money_stay_dollars(source):
    page = parsed(source)
    assert page.find("math") is None
    assert page.get_text().strip() == source.replace("\\", "")


def test_a_formula_of_many_lines_directly_below_text_is_one_formula():
    page = parsed("The sum\n$$\na\n+ b\n- c\n$$\nis small.")
    assert [math.get_text() for math in page.find_all("math")] == ["a+b−c"]
    assert [p.get_text() for p in page.find_all("p")] == ["The sum", "is small."]
    assert page.find("li") is None


def test_aligned_lines_are_rows_of_a_table():
    rows = formula(r"\begin{aligned} a &= b \\ c &= d \end{aligned}", display=True)
    assert tags(rows).count("mtr") == 2
    assert "&amp;" not in rows


def test_names_of_functions_stand_apart_from_letters_but_not_from_brackets():
    assert 'rspace="0.167em">log</mo><mi>x</mi>' in formula(r"\log x", display=False)
    assert "<mi>log</mi><mo" in formula(r"\log(x)", display=False)
    assert tags(formula(r"\max_j o_j", display=False)).count("msub") == 2


def test_both_bars_of_a_norm_have_the_same_height():
    bars = [
        element.attrib
        for element in ET.fromstring(formula(r"\lVert A \rVert_2", display=True)).iter()
        if element.text == "‖"
    ]
    assert bars == [{"fence": "false", "stretchy": "false"}] * 2


def test_a_formula_that_cannot_be_read_is_shown_as_it_was_written():
    assert formula(r"\left( <", display=True) == r"<code>\left( &lt;</code>"


def test_tables_keep_their_columns_sides():
    cells = parsed("| a | b |\n| --- | ---: |\n| 1 | $x$ |").find_all("td")
    assert [cell.get("style") for cell in cells] == [None, "text-align:right"]


def test_code_is_coloured_and_escaped():
    page = parsed("```python\ndef f(): return '<b>'\n```")
    assert page.find("span", class_="k").get_text() == "def"
    assert page.find("code").get_text() == "def f(): return '<b>'"
    assert code_to_html("<b>", "no such language") == "&lt;b&gt;"
