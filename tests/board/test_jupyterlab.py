"""The board where students look at it: a real JupyterLab in a real browser, during a run."""

import importlib.util
import shutil
import time
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pytest
from lab_server import jupyterlab

REPOSITORY = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
CHROMIUM_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
OPEN_SECONDS, RUN_SECONDS, SAVE_SECONDS = 600, 900, 300
TRAINING = f"""\
from d2l import torch as d2l

data = d2l.FashionMNIST(batch_size=256, root={str(REPOSITORY / "data")!r})
model = d2l.MLP(num_outputs=10, num_hiddens=64, lr=0.1)
trainer = d2l.Trainer(max_epochs=15)
trainer.fit(model, data)"""

# Notes, in each frame that the browser paints, what of the first cell is new in it.
WATCH = """() => {
  window.frames_seen = [];
  const look = () => {
    const cell = document.querySelector('.jp-CodeCell');
    const pictures = [...cell.querySelectorAll('.jp-OutputArea img, .jp-OutputArea-output svg')];
    const frame = {
      is_running: cell.querySelector('.jp-InputPrompt').textContent.includes('*'),
      outputs: cell.querySelectorAll('.jp-OutputArea-child').length,
      sizes: pictures.map(picture => picture.getBoundingClientRect())
        .map(box => [Math.round(box.width), Math.round(box.height)]),
      picture: pictures.length ? pictures[0].src || pictures[0].outerHTML : '',
    };
    const before = window.frames_seen.at(-1);
    if (JSON.stringify(before) !== JSON.stringify(frame)) window.frames_seen.push(frame);
    requestAnimationFrame(look);
  };
  look();
}"""
# Before there is a kernel, JupyterLab calls it idle.
IS_READY = """() => document.querySelector('.jp-KernelName')?.innerText.includes('Python 3')
  && document.querySelector('.jp-Notebook-ExecutionIndicator')?.dataset.status === 'idle'"""
HAS_RUN = "() => document.querySelector('.jp-CodeCell .jp-InputPrompt').innerText.includes('[1]')"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here"),
    *(
        pytest.mark.skipif(importlib.util.find_spec(name) is None, reason=f"there is no {name}")
        for name in ("jupyterlab", "playwright")
    ),
]


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """The frames seen while the cell ran and after it, and the notebook as it was then saved."""
    from playwright.sync_api import sync_playwright

    path = tmp_path_factory.mktemp("notebooks") / "board.ipynb"
    write_notebook(path)
    with (
        jupyterlab(path.parent, tmp_path_factory.mktemp("private")) as url,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        page = browser.new_page(viewport={"width": 1000, "height": 700})
        frames = run_first_cell(page, url(path.name))
        page.keyboard.press("Control+s")
        saved = wait_for_outputs(path)
        (REPOSITORY / "out").mkdir(exist_ok=True)
        page.screenshot(path=REPOSITORY / "out" / "jupyterlab.png")
        browser.close()
    errors = [output for output in saved.cells[0].outputs if output.output_type == "error"]
    assert not errors, "\n".join(errors[0].traceback)
    return frames, saved


def write_notebook(path):
    """A notebook of one cell, which trains."""
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cells = [nbformat.v4.new_code_cell(TRAINING)]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(notebook, path)


def run_first_cell(page, url):
    """Open a notebook, run its first cell to the end, return the distinct frames in between."""
    page.goto(url, timeout=OPEN_SECONDS * 1000)
    page.wait_for_function(IS_READY, timeout=OPEN_SECONDS * 1000)
    page.click(".jp-Notebook .jp-CodeCell .cm-content")
    page.evaluate(WATCH)
    page.keyboard.press("Shift+Enter")
    page.wait_for_function(HAS_RUN, timeout=RUN_SECONDS * 1000)
    page.wait_for_function(IS_READY, timeout=OPEN_SECONDS * 1000)
    page.wait_for_timeout(500)
    return page.evaluate("() => window.frames_seen")


def wait_for_outputs(path):
    """The notebook on disk, once it is there with outputs."""
    deadline = time.monotonic() + SAVE_SECONDS
    while time.monotonic() < deadline:
        notebook = nbformat.read(path, as_version=4)
        if notebook.cells[0].outputs:
            return notebook
        time.sleep(0.2)
    raise TimeoutError(f"JupyterLab did not save the outputs into {path}")


def test_the_picture_changes_while_the_model_trains(watched):
    frames, _ = watched
    seen = {frame["picture"] for frame in frames if frame["is_running"] and frame["picture"]}
    assert len(seen) >= 4


def test_there_is_always_one_picture_from_the_first_on_and_it_stays_as_large(watched):
    frames, _ = watched
    first = next(i for i, frame in enumerate(frames) if frame["sizes"])
    assert {frame["outputs"] for frame in frames[first:]} == {1}
    assert all(len(frame["sizes"]) == 1 for frame in frames[first:])
    (size,) = {tuple(frame["sizes"][0]) for frame in frames[first:]}
    assert min(size) > 100


def test_the_last_picture_is_what_the_saved_notebook_keeps(watched):
    frames, notebook = watched
    (output,) = notebook.cells[0].outputs
    svg = output.data["image/svg+xml"]
    assert all(f"<!-- {label} -->" in svg for label in ("train_loss", "val_loss", "val_acc"))
    assert svg.strip() in unquote(frames[-1]["picture"])
