"""The points that a board leaves beside its picture: where they are asked for, and only there."""

import nbformat
import pytest

from d2l.notebook.execute import run_notebook

PICTURE = ["image/svg+xml", "text/plain", "image/png", "application/pdf"]
POINTS = "application/vnd.d2l.points+json"
CELLS = [
    """
import time
from d2l import torch as d2l
board = d2l.ProgressBoard("x")
for x in range(40):
    board.draw(x, float("nan") if x == 3 else x / 4, "quarter", every_n=1)
    time.sleep(0.01)
""",
    """
board.draw(40, 10, "quarter")
board.finish()
board.finish()
""",
    "quiet = d2l.ProgressBoard(display=False); quiet.draw(1, 2, 'a')",
]


def outputs(folder):
    """What a notebook's cells with boards leave."""
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    notebook = nbformat.v4.new_notebook(cells=cells)
    assert run_notebook(notebook, folder).failure is None
    nbformat.validate(notebook)
    return [[output.data for output in cell.outputs] for cell in notebook.cells]


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("D2L_POINTS", "1")
        return outputs(tmp_path_factory.mktemp("asked"))


def test_the_picture_that_stays_carries_every_point(asked):
    (first,), (second,), nothing = asked
    assert list(first) == [*PICTURE, POINTS]
    values = [[x, "nan" if x == 3 else x / 4] for x in range(40)]
    assert first[POINTS] == {"quarter": values}
    assert second[POINTS] == {"quarter": [*values, [40, 10]]}
    assert nothing == []


@pytest.mark.parametrize("value", [None, "0"])
def test_without_the_wish_a_picture_is_a_picture(tmp_path, monkeypatch, value):
    monkeypatch.delenv("D2L_POINTS", raising=False)
    if value is not None:
        monkeypatch.setenv("D2L_POINTS", value)
    (first,), (second,), nothing = outputs(tmp_path)
    assert list(first) == list(second) == PICTURE
    assert nothing == []
