"""Boards where outputs are not replaced, where LaTeX shows them, and after a run was resumed."""

import base64
import re

import pytest

pytest.importorskip("ipykernel", reason="the extra `notebook` is not installed")

import nbformat
from jupyter_client.manager import start_new_kernel
from nbconvert import LatexExporter

from d2l.notebook.execute import run_notebook

MARKS = ("JPY_SESSION_NAME", "VSCODE_PID")
LOOPS = {
    "board": """
import time
from d2l import torch as d2l
board = d2l.ProgressBoard("x")
for x in range(25):
    board.draw(x, x * x, "square")
    time.sleep(0.02)
""",
    "animator": """
animator = d2l.Animator(legend=["square"])
for x in range(25):
    animator.add(x, x * x)
    time.sleep(0.02)
""",
}
RESUMED = """
from d2l import torch as d2l
first, second = d2l.ProgressBoard("x"), d2l.ProgressBoard("x")
for x in range(3):
    first.draw(x, x, "line")
first.display = False
second.load_state_dict(first.state_dict())
second.finish()
"""


def count_points(svg):
    (curve,) = re.findall(r'<path d="([^"]*)"[^>]*stroke: #1f77b4[^>]*square', svg)[:1]
    return curve.count("L") + 1


@pytest.fixture(scope="module")
def shown():
    """What a front end that ignores updates shows of each loop, as qtconsole does."""
    with pytest.MonkeyPatch.context() as environment:
        for name in MARKS:
            environment.delenv(name, raising=False)
        manager, client = start_new_kernel(kernel_name="python3")
    pictures = {}
    try:
        for title, loop in LOOPS.items():
            pictures[title] = []

            def keep(message, title=title):
                if message["msg_type"] == "display_data":
                    pictures[title].append(message["content"]["data"]["image/svg+xml"])

            reply = client.execute_interactive(
                loop, output_hook=keep, allow_stdin=True, timeout=900
            )
            assert reply["content"]["status"] == "ok"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return pictures


@pytest.mark.parametrize("loop", LOOPS)
def test_a_front_end_that_cannot_update_gets_the_last_picture_as_a_new_output(shown, loop):
    first, last = shown[loop]
    assert count_points(first) < 25
    assert count_points(last) == 25


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    cells = [nbformat.v4.new_code_cell(source) for source in (LOOPS["board"], RESUMED)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    assert run_notebook(notebook, tmp_path_factory.mktemp("run")).failure is None
    return notebook


def test_the_picture_that_stays_can_be_read_by_latex(notebook):
    (output,) = notebook.cells[0].outputs
    png = base64.b64decode(output.data["image/png"])
    assert png.startswith(b"\x89PNG")
    width, height = int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")
    assert (width, height) == (350, 250)
    latex, resources = LatexExporter().from_notebook_node(notebook)
    assert latex.count("includegraphics") >= 2
    shown = [name for name in resources["outputs"] if name in latex]
    assert {name.rpartition(".")[2] for name in shown} == {"pdf"}
    assert all(resources["outputs"][name].startswith(b"%PDF") for name in shown)


def test_a_finished_run_that_is_resumed_shows_its_picture(notebook):
    (output,) = notebook.cells[1].outputs
    assert "<!-- line -->" in output.data["image/svg+xml"]
