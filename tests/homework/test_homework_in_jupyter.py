"""Every cell of the homework in a real kernel, with the outputs that its printed copy shows."""

import os
import sys
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell
from printed_outputs import complaints, is_same

from d2l.notebook.execute import code_cells, run_notebook
from d2l.notebook.source import read_notebook

SECONDS_PER_CELL = 300


@pytest.fixture(scope="module")
def homework_run(homework_folder):
    notebook = read_notebook(Path(__file__).parent / "cells" / "hw1.py")
    # Else one run in sixteen prints another word: (100 * a) / a is not 100 for every a.
    notebook.cells.insert(0, new_code_cell("import torch; torch.manual_seed(1);"))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", path)  # so that `!pip` is this environment's
        patch.setenv("PIP_DISABLE_PIP_VERSION_CHECK", "1")
        return run_notebook(notebook, homework_folder, SECONDS_PER_CELL)


@pytest.mark.slow
def test_every_cell_of_the_homework_runs(homework_run):
    assert homework_run.failure is None
    assert len(homework_run.cells) == len(code_cells(homework_run.notebook))


@pytest.mark.slow
def test_every_cell_of_the_homework_shows_what_it_showed(homework_run):
    notebook = homework_run.notebook
    found = [words for i in code_cells(notebook) for words in complaints(notebook.cells[i])]
    assert not found, "\n\n".join(found)


def test_an_output_with_another_number_or_word_is_not_the_same():
    assert is_same("tensor([1., 2.5000])", "tensor([1.0, 2.50001])", with_values=True)
    assert not is_same("tensor([1., 2.5])", "tensor([1., 2.6])", with_values=True)
    assert not is_same("tensor([1., 2.5])", "tensor([1.])", with_values=False)
    assert is_same("took 2.5 sec", "took 3.5  sec", with_values=False)
    assert not is_same("took 2.5 sec", "took nan sec", with_values=False)
