"""The page of a notebook: everything is shown, nothing runs and nothing is loaded."""

import base64
import io
import shutil

import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from d2l.notebook.render.page import notebook_page

POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'"
)

HOSTILE = "<script>document.title = 'run'</script><img src=https://e.org/a.png>"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><circle r="4"/></svg>'


def bitmap(size=(2, 1), colour="red", form="PNG"):
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, form)
    return base64.b64encode(file.getvalue()).decode()


def page_of(*outputs, source="x"):
    cells = [new_markdown_cell(f"# A title\n\n{HOSTILE}"), new_code_cell(source)]
    cells[1].outputs = list(outputs)
    return notebook_page(new_notebook(cells=cells), "A <title>", "ran in 1 s")


def result(**data):
    return new_output(
        "execute_result", data={kind.replace("_", "/"): v for kind, v in data.items()}
    )


def parsed(page):
    return BeautifulSoup(page, "html.parser")


@pytest.fixture(scope="module")
def full_page():
    return page_of(
        result(text_plain=HOSTILE),
        result(text_html=f"<table><tr><td>7</td></tr></table>{HOSTILE}", text_plain="a table"),
        result(text_markdown=f"*words* {HOSTILE}"),
        new_output("display_data", data={"image/svg+xml": SVG, "text/plain": "a figure"}),
        new_output("display_data", data={"image/png": f"{bitmap()}\n"}),
        new_output("display_data", data={"application/javascript": "alert(1)"}),
        new_output("stream", name="stdout", text=HOSTILE),
        new_output("error", ename="E", evalue="v", traceback=[f"\x1b[31m{HOSTILE}\x1b[0m"]),
        source=f"print('''{HOSTILE}''')",
    )


def test_the_page_forbids_and_has_nothing_that_runs_or_loads(full_page):
    page = parsed(full_page)
    policy = page.find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"]
    assert policy == POLICY
    assert page.find_all(["script", "link", "iframe", "object", "embed", "svg", "base"]) == []
    assert all(picture["src"].startswith("data:image/") for picture in page.find_all("img"))
    assert "http:" not in page.find("style").text
    assert "url(" not in page.find("style").text
    assert not [name for tag in page.find_all(True) for name in tag.attrs if name[:2] == "on"]


def test_text_that_looks_like_a_tag_is_shown_as_text(full_page):
    page = parsed(full_page)
    assert page.title.text == "A <title>"
    assert page.find("pre", class_="code").text == f"print('''{HOSTILE}''')"
    texts = [pre.text for pre in page.find_all("pre", class_="output")]
    assert texts == [HOSTILE, HOSTILE, HOSTILE]


def test_a_drawing_is_shown_as_a_picture_inside_the_page(full_page):
    drawing, picture = (picture["src"] for picture in parsed(full_page).find_all("img"))
    kind, _, data = drawing.partition(";base64,")
    assert kind == "data:image/svg+xml"
    assert BeautifulSoup(base64.b64decode(data), "html.parser").circle["r"] == "4"
    kind, _, data = picture.partition(";base64,")
    assert kind == "data:image/png"
    assert Image.open(io.BytesIO(base64.b64decode(data))).getpixel((1, 0)) == (255, 0, 0)


def test_the_richest_form_of_an_output_is_shown_and_an_unknown_one_named(full_page):
    page = parsed(full_page)
    assert page.find("td").text == "7"
    assert "a table" not in page.text
    assert "a figure" not in page.text
    assert "(application/javascript cannot be shown on a page)" in page.text


@pytest.mark.parametrize(
    "data",
    [
        {"image/png": base64.b64encode(b"not really a picture").decode()},
        {"image/png": "no base64 at all"},
        {"image/png": bitmap()[: len(bitmap()) // 2]},
        {"image/svg+xml": "<svg"},
        {"image/svg+xml": "<html><script>alert(1)</script></html>"},
    ],
)
def test_what_is_no_picture_is_left_out_with_a_note(data):
    page = parsed(page_of(new_output("display_data", data=data)))
    assert page.find("img") is None
    assert "picture omitted" in page.find("p", class_="left-out").text


def test_cells_that_are_too_large_for_the_parsers_are_shown_as_plain_text():
    long = "*a* " * 6000
    cells = [new_markdown_cell(long), new_code_cell("x = 1\n" * 30_000)]
    page = parsed(notebook_page(new_notebook(cells=cells), "t"))
    assert page.find("pre", class_="output").text == long.rstrip()
    assert page.find("em") is None
    assert page.find("pre", class_="code").find("span") is None


def test_a_page_has_its_share_of_rich_cells_and_then_plain_ones():
    cells = [new_markdown_cell("*a* " * 4900) for _ in range(15)]
    page = parsed(notebook_page(new_notebook(cells=cells), "t"))
    assert [section.find("em") is not None for section in page.find_all("section")] == (
        [True] * 10 + [False] * 5
    )


def test_half_a_surrogate_pair_can_be_written():
    page = notebook_page(new_notebook(cells=[new_markdown_cell("a \ud800 b")]), "t \ud800")
    assert "a ? b" in page
    page.encode()


def test_colours_of_programs_become_colours_of_the_page():
    text = "\x1b[31mred\x1b[0m and \x1b[1mbold\x1b[0m \x1b[2Kplain"
    output = parsed(page_of(new_output("stream", text=text))).find("pre", class_="output")
    assert output.text == "red and bold plain"
    assert [(span["class"], span.text) for span in output.find_all("span")] == [
        (["ansi-red-fg"], "red"),
        (["ansi-bold"], "bold"),
    ]


def test_an_error_without_a_traceback_is_shown_by_its_message():
    page = parsed(page_of(new_output("error", ename="Timeout", evalue="too slow", traceback=[])))
    assert page.find("pre", class_="error").text == "Timeout: too slow"


@pytest.mark.browser
@pytest.mark.skipif(not shutil.which("chromium"), reason="needs Debian's chromium")
def test_a_browser_opens_the_page_without_asking_for_anything_at_any_width(full_page, tmp_path):
    sync_api = pytest.importorskip("playwright.sync_api")
    path = tmp_path / "page.html"
    wide = page_of(new_output("stream", text="wide " * 500), source="x = 1  # " + "long " * 99)
    asked = []
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        tab = browser.new_page(viewport={"width": 360, "height": 640})
        tab.on("request", lambda request: asked.append(request.url))
        for text in (full_page, wide):
            path.write_text(text, encoding="utf-8")
            tab.goto(path.as_uri())
            assert tab.title() == "A <title>"
            assert tab.evaluate("document.documentElement.scrollWidth") == 360
        browser.close()
    assert [url for url in asked if not url.startswith("data:")] == [path.as_uri()] * 2


def solution_cell(*outputs):
    cell = new_code_cell("# Solution of exercise 1\n6 * 7", metadata={"tags": ["hide-cell"]})
    cell.outputs = list(outputs)
    return cell


def test_a_lesson_shows_a_cell_tagged_hide_cell_folded_with_its_outputs():
    notebook = new_notebook(cells=[solution_cell(result(text_plain="42")), new_code_cell("x")])
    page = parsed(notebook_page(notebook, "t", fold_solutions=True))
    (folded,) = page.find_all("details")
    assert "open" not in folded.attrs
    assert folded.summary.text == "Solution"
    assert folded.find("pre", class_="code").text == "# Solution of exercise 1\n6 * 7"
    assert folded.find("pre", class_="output").text == "42"
    assert [pre.text for pre in page.find_all("pre") if not pre.find_parent("details")] == ["x"]


def test_a_folded_solution_that_failed_is_open():
    failed = solution_cell(new_output("error", ename="E", evalue="v", traceback=["trace"]))
    page = parsed(notebook_page(new_notebook(cells=[failed]), "t", fold_solutions=True))
    assert "open" in page.details.attrs


def test_the_author_of_a_submission_cannot_fold_a_cell():
    notebook = new_notebook(cells=[solution_cell(result(text_plain="42"))])
    assert parsed(notebook_page(notebook, "t")).details is None


def test_a_folded_answer_is_closed_and_its_markdown_is_rendered():
    source = (
        "**Question 1.** Why?\n\n<details><summary>Answer</summary>\n\n"
        "Because *a* is $x^2$:\n\n- one\n- `two`\n\n</details>\n\n**Question 2.** How?"
    )
    page = parsed(notebook_page(new_notebook(cells=[new_markdown_cell(source)]), "t"))
    (folded,) = page.find_all("details")
    assert "open" not in folded.attrs
    assert folded.summary.text == "Answer"
    assert (folded.em.text, folded.code.text, len(folded.find_all("li"))) == ("a", "two", 2)
    assert folded.find("math")
    assert "Question" not in folded.text
    assert [text.text for text in page.find_all("strong")] == ["Question 1.", "Question 2."]
