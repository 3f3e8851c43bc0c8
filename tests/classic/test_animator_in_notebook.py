"""The animator in a real kernel: one output, one picture, its last state the saved one."""

import re

import pytest

pytest.importorskip("ipykernel", reason="the extra `notebook` is not installed")

import nbformat

from d2l.notebook.execute import run_notebook

LOOP = """
import time
from d2l import torch as d2l
from d2l.plot import live
pictures, to_svg = [], live.to_svg
def counted(figure):
    pictures.append(time.monotonic())
    return to_svg(figure)
live.load()  # draws one of its own
live.to_svg = counted
animator = d2l.Animator(xlabel="epoch", legend=["train loss"])
for epoch in range(25):
    time.sleep(0.02)
    animator.add(epoch, 1 / (epoch + 1))
"""


# When the counter of cells goes up differs between versions of IPython.
COUNT_UP = """
shell = get_ipython()
def count_up(): shell.execution_count += 1
shell.events.register("post_execute", count_up)
"""


@pytest.mark.parametrize("before", ["", COUNT_UP])
def test_a_loop_leaves_one_picture_that_was_updated_in_place(tmp_path, before):
    sources = before + LOOP, "print(len(pictures))"
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    notebook = nbformat.v4.new_notebook(cells=cells)
    assert run_notebook(notebook, tmp_path).failure is None
    (output,) = notebook.cells[0].outputs
    assert output.output_type == "display_data"
    svg = output.data["image/svg+xml"]
    assert "<!-- train loss -->" in svg
    (curve,) = re.findall(r'<path d="([^"]*)"[^>]*stroke: #1f77b4[^>]*square', svg)[:1]
    assert curve.count("L") + 1 >= 25  # every point is in the last picture
    shown = int(notebook.cells[1].outputs[0].text)
    assert 2 <= shown <= 8  # half a second, ten a second at most, and one at the end
