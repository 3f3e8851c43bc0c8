"""Plays the cases with one `d2l`. As a program, `python play.py RESULTS`, it plays all of them with
the library that this process imports, in empty folders below the current one.

What a case prints and draws goes nowhere; the generators start from the same seed in each.
"""

import contextlib
import importlib
import io
import os
import random
import sys
import warnings
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import torch
from registry import CASES, Case

SUBJECTS = sorted(file.stem for file in Path(__file__).parent.glob("cases_*.py"))
RAISED = "raised"  # the key of an outcome that is an exception: its class, and its words


def read_cases() -> dict[str, Case]:
    """All cases, by title."""
    for subject in SUBJECTS:
        importlib.import_module(subject)
    return CASES


def play(case: Case, d2l: Any, folder: Path) -> Any:
    """What the case returns, run in `folder/run`, so that `../data` is `folder/data`."""
    import matplotlib.pyplot as plt

    for part in ("run", "data"):
        (folder / part).mkdir(parents=True)
    torch.manual_seed(0)
    random.seed(0)
    np.random.seed(0)
    plt.close("all")
    mpl.rcdefaults()
    hub = dict(d2l.DATA_HUB)
    with contextlib.chdir(folder / "run"), contextlib.redirect_stdout(io.StringIO()):
        try:
            return plain(case.run(d2l))
        finally:
            d2l.DATA_HUB.clear()
            d2l.DATA_HUB.update(hub)


def plain(result: Any) -> Any:
    """The result in types that `torch.save` writes for everybody; arrays as tensors."""
    if isinstance(result, dict):
        return {plain(key): plain(value) for key, value in result.items()}
    if isinstance(result, list | tuple):
        return (list if isinstance(result, list) else tuple)(plain(part) for part in result)
    if isinstance(result, np.ndarray):
        return torch.as_tensor(result)
    if isinstance(result, np.generic):
        return result.item()
    if isinstance(result, torch.Tensor):
        return result.detach().clone()
    if result is None or isinstance(result, bool | int | float | str):
        return result
    raise TypeError(f"a case returns plain things, not {type(result).__name__}: {result!r}")


def outcome(case: Case, d2l: Any, folder: Path) -> Any:
    """As `play`; an exception is an outcome too."""
    try:
        return play(case, d2l, folder)
    except Exception as error:
        return {RAISED: type(error).__name__, "words": str(error)[:400]}


def _play_all(results: Path) -> None:
    mpl.use("Agg")
    warnings.simplefilter("ignore")
    from d2l import torch as d2l

    outcomes = {
        title: outcome(case, d2l, Path.cwd() / title) for title, case in read_cases().items()
    }
    torch.save(
        {"file": d2l.__file__, "names": sorted(dir(d2l)), "outcomes": outcomes},
        results.with_suffix(".part"),
    )
    os.replace(results.with_suffix(".part"), results)


if __name__ == "__main__":
    _play_all(Path(sys.argv[1]))
