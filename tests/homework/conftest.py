"""The homework as a notebook, and a folder in which it finds its data."""

from pathlib import Path

import pytest

from d2l.data.fashion_files import SHA256, find, keep
from d2l.notebook.source import read_notebook

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def homework_folder(tmp_path_factory):
    """A working folder beside whose `../data` torchvision's own Fashion-MNIST needs no network."""
    root = tmp_path_factory.mktemp("homework")
    for name in SHA256:
        keep(name, find(name, REPOSITORY / "data"), root / "data")
    folder = root / "work"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def homework_script():
    """The homework's cells as one program: without magics, and with the same numbers each time."""
    notebook = read_notebook(Path(__file__).parent / "cells" / "hw1.py")
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    lines = ["import torch; torch.manual_seed(1)", *"\n".join(cells).splitlines()]
    return "\n".join(line for line in lines if not line.startswith(("%", "!")))
