"""Cells in the style of 0.17.6's readers run from first to last, chapter by chapter."""

import re
from pathlib import Path

import pytest

from d2l import torch as d2l

CELLS = Path(__file__).parent / "cells"
NOVEL = (
    "The Time Machine, by H. G. Wells\n\nThe Time Traveller (for so it will be convenient to say)\n"
    * 30
)


def cells_of(name):
    """The cells of a script, and the line at which each begins."""
    text = (CELLS / f"{name}.py").read_text("utf-8")
    starts = [match.start() for match in re.finditer(r"^# %%", text, re.M)]
    ends = [*starts[1:], len(text)]
    return [(text[a:b], text[:a].count("\n")) for a, b in zip(starts, ends, strict=True)]


@pytest.fixture(autouse=True)
def _face_and_data_as_they_were(tmp_path, monkeypatch):
    """The cells may assign names of the face; the novel is a text of the tests."""
    for part in ("run", "data"):
        (tmp_path / part).mkdir()
    (tmp_path / "data" / "novel.txt").write_text(NOVEL, encoding="utf-8")
    monkeypatch.chdir(tmp_path / "run")
    monkeypatch.delenv("D2L_DATA", raising=False)
    monkeypatch.setitem(d2l.DATA_HUB, "time_machine", ("https://nowhere.invalid/novel.txt", None))
    for name in ("train_epoch_ch3", "evaluate_accuracy"):
        monkeypatch.setattr(d2l, name, getattr(d2l, name))


@pytest.mark.parametrize("name", sorted(file.stem for file in CELLS.glob("*.py")))
def test_every_cell_runs(name):
    variables = {"__name__": "__main__"}
    for source, line in cells_of(name):
        exec(compile("\n" * line + source, str(CELLS / f"{name}.py"), "exec"), variables)


def test_there_are_a_few_dozen_cells():
    assert sum(len(cells_of(file.stem)) for file in CELLS.glob("*.py")) >= 36
