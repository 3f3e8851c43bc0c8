"""Examples of docstrings, run as doctests, and the pictures that they draw.

Each runs on its own: seeded, on one thread, offline, in an empty folder, warnings being errors. A
second passes whenever it looks at the clock, so that pictures of times are always the same.
"""

import ast
import doctest
import io
import itertools
import os
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import matplotlib as mpl
import numpy as np
import torch
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from torch import nn

from d2l import torch as d2l
from d2l.base.seed import seed_all
from tools.api.face import Name


class ExampleError(Exception):
    """An example that does not give what its docstring says."""


@dataclass(frozen=True)
class Ran:
    """What came of an example: how many of its lines ran, and its pictures as SVG."""

    num_lines: int
    pictures: tuple[str, ...]


def run(name: Name) -> Ran:
    """Run the examples of a name and its methods; raises `ExampleError` with doctest's report."""
    docstrings = [name.docstring, *(ast.get_docstring(method) or "" for method in name.methods)]
    globs: dict[str, Any] = {"d2l": d2l, "torch": torch, "nn": nn, "np": np}
    test = doctest.DocTestParser().get_doctest(
        "\n\n".join(docstrings), globs, name.name, None, None
    )
    lines = [line for line in test.examples if not line.options.get(doctest.SKIP)]
    if not lines:
        return Ran(0, ())
    report: list[str] = []
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS)
    with _alone():
        runner.run(test, out=report.append, clear_globs=False)
        if report:
            raise ExampleError("".join(report))
        return Ran(len(lines), tuple(_svg(figure) for figure in _figures(test.globs)))


@contextmanager
def _alone() -> Iterator[None]:
    num_threads, offline = torch.get_num_threads(), os.environ.get("D2L_OFFLINE")
    os.environ["D2L_OFFLINE"] = "1"
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder, mpl.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("error")
        mpl.rcdefaults()
        mpl.use("Agg")
        mpl.rc("figure", figsize=(3.5, 2.5))
        mpl.rc("svg", hashsalt="d2l", fonttype="none")
        (Path(folder) / "here").mkdir()
        seed_all(0)
        seconds = itertools.count(time.perf_counter())
        try:
            with chdir(Path(folder) / "here"), mock.patch("time.perf_counter", seconds.__next__):
                yield
        finally:
            plt.close("all")
            torch.set_num_threads(num_threads)
            os.environ.pop("D2L_OFFLINE")
            if offline is not None:
                os.environ["D2L_OFFLINE"] = offline


def _figures(globs: dict[str, Any]) -> list[Figure]:
    """What an example drew: figures, else a board of its own or of a model that it trained."""
    if plt.get_fignums():
        return [plt.figure(number) for number in plt.get_fignums()]
    for value in reversed(globs.values()):
        board = value.board if isinstance(value, d2l.Module) else value
        if isinstance(board, d2l.ProgressBoard | d2l.Animator) and board.latest():
            return [board.render()]
    return []


def _svg(figure: Figure) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", bbox_inches="tight", metadata={"Date": None})
    return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines()) + "\n"
