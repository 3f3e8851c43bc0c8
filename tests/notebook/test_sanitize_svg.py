"""Drawings are written anew: shapes, letters and colours."""

import base64
import io
import time

import pytest
from bs4 import BeautifulSoup
from matplotlib.figure import Figure
from PIL import Image, ImageChops

from d2l.notebook.render.sanitize_images import ImageBudget
from d2l.notebook.render.sanitize_svg import MAX_CHARACTERS, sanitize_svg

OPEN = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'


def cleaned(inside):
    return sanitize_svg(f"{OPEN}{inside}</svg>", ImageBudget())


def elements(inside):
    page = BeautifulSoup(cleaned(inside), "html.parser")
    return [tag.name for tag in page.svg.find_all(True)]


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<style>@import 'https://e.org'</style>",
        "<foreignObject><body xmlns='http://www.w3.org/1999/xhtml'><p>a</p></body></foreignObject>",
        "<image href='https://e.org/a.png'/>",
        "<image xlink:href='data:image/svg+xml,x'/>",
        "<a href='javascript:alert(1)'><rect/></a>",
        "<use href='https://e.org/a.svg#b'/>",
        "<use href='#nothing'/>",
        "<animate attributeName='href' to='javascript:alert(1)'/>",
        "<set attributeName='onclick' to='alert(1)'/>",
        "<filter><feImage href='https://e.org'/></filter>",
        "<pattern><rect/></pattern>",
        "<x:script xmlns:x='http://www.w3.org/2000/svg'>alert(1)</x:script>",
        "<script xmlns='http://www.w3.org/1999/xhtml'>alert(1)</script>",
        "<iframe/>",
    ],
)
def test_what_acts_or_loads_or_multiplies_goes_with_all_that_is_in_it(hostile):
    assert elements(f"{hostile}<circle/>") == ["circle"]
    assert "alert" not in cleaned(hostile)
    assert "e.org" not in cleaned(hostile)


@pytest.mark.parametrize(
    "attribute",
    [
        'onload="alert(1)"',
        'fill="url(https://e.org/a)"',
        'fill="url(&quot;https://e.org/a&quot;)"',
        'style="background: url(https://e.org)"',
        'style="fill: url(//e.org)"',
        'style="position: fixed"',
        'style="fill: expression(alert(1))"',
        'filter="url(#a)"',
        'width="99999999"',
        'xlink:href="https://e.org"',
        'd="M 0 0 \\75rl(x)"',
    ],
)
def test_an_attribute_that_is_not_allowed_goes(attribute):
    page = BeautifulSoup(cleaned(f"<path {attribute}/>"), "html.parser")
    assert page.path.attrs == {}


def test_a_copy_is_kept_of_a_shape_and_never_of_a_copy():
    inside = '<path id="a" d="M 0 0 L 1 1"/><g id="b"><use href="#a"/><use href="#a"/></g>'
    inside += '<g id="c"><use href="#b"/><use href="#b"/></g><use xlink:href="#c" id="a"/>'
    assert elements(inside) == ["path", "g", "use", "use", "g"]


@pytest.mark.parametrize(
    "hostile",
    [
        '<!DOCTYPE svg [<!ENTITY a "aaaa">]><svg xmlns="http://www.w3.org/2000/svg">&a;</svg>',
        '<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]><svg>&a;</svg>',
        "<svg",
        "<html/>",
        "",
        "no drawing",
        OPEN + "<g>" * 1000 + "</g>" * 1000 + "</svg>",
        OPEN + "<g/>" * 60_000 + "</svg>",
        "<svg>" + " " * MAX_CHARACTERS + "</svg>",
    ],
)
def test_what_is_no_drawing_or_is_too_large_is_refused(hostile):
    start = time.process_time()
    assert sanitize_svg(hostile, ImageBudget()) is None
    assert time.process_time() - start < 5


@pytest.mark.parametrize("piece", ["rgb(1", "url(#a", "M 1 2 ", "((", "rgb(1) ", "fill: x; "])
@pytest.mark.parametrize("name", ["d", "style"])
def test_a_long_attribute_takes_little_time_whatever_it_is_made_of(piece, name):
    start = time.process_time()
    cleaned(f'<path {name}="{piece * (1_000_000 // len(piece))}!"/>')
    assert time.process_time() - start < 5


def test_a_picture_within_a_drawing_is_encoded_anew():
    file = io.BytesIO()
    Image.new("RGB", (2, 2), "blue").save(file, "PNG")
    data = base64.b64encode(file.getvalue() + b"<script>").decode()
    page = BeautifulSoup(
        cleaned(f'<image width="9" xlink:href="data:image/png;base64,{data}"/>'), "html.parser"
    )
    kept = base64.b64decode(page.image["href"].partition(",")[2])
    assert Image.open(io.BytesIO(kept)).getpixel((0, 0)) == (0, 0, 255)
    assert b"script" not in kept


@pytest.mark.browser
def test_a_figure_looks_as_it_did(chromium):
    figure = Figure(figsize=(4, 3), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot([0, 1, 2], [1, 0.5, 0.3], "m--", label="loss $x^2$ < 1")
    left.plot([0, 1, 2], [0, 0.5, 0.7], "o-", label="accuracy")
    left.legend()
    left.grid()
    right.imshow([[0, 1], [2, 3]])
    right.set_title("a & b")
    file = io.StringIO()
    figure.savefig(file, format="svg")
    seen = [
        chromium.seen(svg)
        for svg in (file.getvalue(), sanitize_svg(file.getvalue(), ImageBudget()))
    ]
    assert ImageChops.difference(*seen).getbbox() is None
