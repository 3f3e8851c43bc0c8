"""Pictures that a cell refers to appear on the page, from its attachments and from its folder."""

import base64
import io
import os

import nbformat
import numpy as np
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from d2l.notebook.render import cell_images
from d2l.notebook.render.cell_images import attach_pictures
from d2l.notebook.render.page import notebook_page
from d2l.notebook.render.sanitize_images import ImageBudget

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9"><script>1</script><circle r="4"/></svg>'


def packed(colour="red", form="PNG", size=(3, 2)):
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, form)
    return file.getvalue()


def text_of(content):
    return base64.b64encode(content).decode()


def shown(source, files=None, attachments=None):
    cell = new_markdown_cell(source, attachments=attachments or {})
    page = notebook_page(new_notebook(cells=[cell]), "t", files=files)
    return BeautifulSoup(page, "html.parser").main


def first_pixel(image):
    kind, _, data = image["src"].partition(",")
    assert kind == "data:image/png;base64"
    return Image.open(io.BytesIO(base64.b64decode(data))).getpixel((0, 0))


@pytest.fixture
def folder(tmp_path):
    work = tmp_path / "work"
    (work / "figures").mkdir(parents=True)
    (work / "figures" / "a b.png").write_bytes(packed("blue"))
    (work / "drawing.svg").write_text(SVG)
    (tmp_path / "secret.png").write_bytes(packed())
    return work


def test_an_attachment_is_shown_where_the_text_names_it():
    attachments = {"my photo.png": {"image/png": text_of(packed())}}
    page = shown("![derivation](attachment:my%20photo.png)", attachments=attachments)
    assert first_pixel(page.img) == (255, 0, 0)
    assert page.img["alt"] == "derivation"


@pytest.mark.parametrize(
    "source",
    [
        "![a](<figures/a b.png>)",
        "![a](./figures/a%20b.png)",
        '<img src="figures/a b.png" onerror="x()" width="50%">',
        "<IMG SRC='figures/a b.png?raw=1'>",
    ],
)
def test_a_picture_next_to_the_notebook_is_shown(folder, source):
    image = shown(source, folder).img
    assert first_pixel(image) == (0, 0, 255)
    assert "onerror" not in image.attrs


def test_a_drawing_next_to_the_notebook_is_shown_without_what_acts(folder):
    kind, _, data = shown("![a](drawing.svg)", folder).img["src"].partition(",")
    assert kind == "data:image/svg+xml;base64"
    drawing = base64.b64decode(data).decode()
    assert "<circle" in drawing
    assert "script" not in drawing


def test_an_html_output_shows_pictures_of_the_folder_too(folder):
    html = {"text/html": "<img src='figures/a b.png'>"}
    cell = new_code_cell("x", outputs=[new_output("display_data", data=html)])
    page = notebook_page(new_notebook(cells=[cell]), "t", files=folder)
    assert first_pixel(BeautifulSoup(page, "html.parser").main.img) == (0, 0, 255)


@pytest.mark.parametrize(
    "address",
    ["../secret.png", "link.png", "figures", "missing.png", "pipe.png", "large.png", "page.png",
     "//e.org/a.png", "https://e.org/a.png", "file:///etc/passwd", "attachment:none.png",
     "attachment:text.png", "a%00b.png", "http://[", ""],
)  # fmt: skip
def test_what_is_no_picture_of_the_folder_is_shown_by_its_words(folder, address):
    (folder / "link.png").symlink_to(folder.parent / "secret.png")
    os.mkfifo(folder / "pipe.png")
    (folder / "large.png").write_bytes(packed() + bytes(9 * 2**20))
    (folder / "page.png").write_text("<script>alert(1)</script>")
    page = shown(f"![the words](<{address}>)", folder, {"text.png": {"text/plain": "a"}})
    assert page.find("img") is None
    assert "the words" in page.text


def test_a_page_without_a_folder_reads_no_file(folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert shown("![words](drawing.svg)").find("img") is None


def test_a_photograph_stands_upright_as_its_camera_held_it():
    photograph = Image.new("RGB", (40, 20), "red")
    about = Image.Exif()
    about[0x0112] = 6  # turn it by a quarter
    file = io.BytesIO()
    photograph.save(file, "JPEG", exif=about)
    address = ImageBudget().address(text_of(file.getvalue()))
    data = base64.b64decode(address.partition(",")[2])
    assert Image.open(io.BytesIO(data)).size == (20, 40)


def test_a_photograph_stays_small_enough_for_a_page_of_many():
    noise = np.random.default_rng(0).normal(128, 20, (900, 1200, 3)).clip(0, 255).astype("uint8")
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "JPEG", quality=70)
    address = ImageBudget().address(text_of(file.getvalue()))
    assert address.startswith("data:image/jpeg;base64,")
    assert len(address) < 1_500_000


@pytest.mark.parametrize(
    "source", ["![](figures/a%20b.png)", '<img src="figures/a%20b.png">', "![x](drawing.svg)"]
)
def test_a_notebook_whose_pictures_were_attached_is_shown_without_its_folder(folder, source):
    notebook = new_notebook(cells=[new_markdown_cell(source)])
    attach_pictures(notebook, folder)
    again = nbformat.reads(nbformat.writes(notebook), 4)
    alone = BeautifulSoup(notebook_page(again, "t"), "html.parser").main.img
    assert alone["src"] == shown(source, folder).img["src"]


def test_only_pictures_of_the_folder_are_attached_and_not_too_much(folder, monkeypatch):
    monkeypatch.setattr(cell_images, "MAX_ATTACHED_BYTES", 10)
    names = ("../secret.png", "figures/a%20b.png", "https://x.org/a.png", "figures", "no.png")
    notebook = new_notebook(cells=[new_markdown_cell(f"![]({name})") for name in names])
    attach_pictures(notebook, folder)
    assert not any(cell.get("attachments") for cell in notebook.cells)
