"""Stores what d2l 0.17.6, a black box in a folder of its own, answers to `earlier_calls.py`.

    python tests/parity/earlier_edition/record_earlier.py FOLDER   # pip install --target FOLDER

As `record_earlier.py FOLDER RESULTS` it plays the calls with the library of this process.
Stored are numbers, shapes, types and names of parameters: nothing of 0.17.6's own words.
"""

import contextlib
import gzip
import io
import json
import os
import random
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "battery"), str(HERE)]

import answer  # noqa: E402
import matplotlib as mpl  # noqa: E402
import torch  # noqa: E402
from earlier_calls import CALLS  # noqa: E402

ANSWERS = HERE / "earlier_answers.json.gz"
PLAY_SECONDS = 1200


def play(title: str, d2l: Any, folder: Path) -> Any:
    """What a call gives, as plain data, run in `folder/run`, so that `../data` is `folder/data`."""
    from matplotlib import pyplot as plt

    for part in ("run", "data"):
        (folder / part).mkdir(parents=True)
    torch.default_generator.manual_seed(0)
    random.seed(0)
    plt.close("all")
    hub = dict(d2l.DATA_HUB)
    with contextlib.chdir(folder / "run"), contextlib.redirect_stdout(io.StringIO()):
        try:
            return json.loads(json.dumps(answer.plain(CALLS[title](d2l))))
        finally:
            d2l.DATA_HUB.clear()
            d2l.DATA_HUB.update(hub)


def stored_answers() -> dict[str, Any]:
    """What 0.17.6 answered, by the title of the call."""
    return json.loads(gzip.decompress(ANSWERS.read_bytes()))


def answers_of(folder: Path, scratch: Path) -> dict[str, Any]:
    """What the `d2l` in a folder answers, in a process of its own."""
    results = scratch / "answers.json"
    environment = {name: v for name, v in os.environ.items() if not name.startswith("D2L_")} | {
        "PYTHONPATH": str(folder), "MPLBACKEND": "Agg", "OMP_NUM_THREADS": "1",
        "IPYTHONDIR": str(scratch / "ipython"), "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip
    subprocess.run(
        [sys.executable, str(Path(__file__)), str(folder), str(results)],
        cwd=scratch, env=environment, check=True, timeout=PLAY_SECONDS,
    )  # fmt: skip
    return json.loads(results.read_text("utf-8"))


def _play_all(folder: Path, results: Path) -> None:
    mpl.use("Agg")
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    from d2l import torch as d2l

    if Path(d2l.__file__).resolve().parent.parent != folder.resolve():
        raise RuntimeError(f"{d2l.__file__} was imported instead of the d2l in {folder}")
    with tempfile.TemporaryDirectory() as scratch:
        found = {
            title: play(title, d2l, Path(scratch, str(i))) for i, title in enumerate(sorted(CALLS))
        }
    results.write_text(json.dumps(found))


def _record(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        text = json.dumps(answers_of(folder, Path(scratch)), separators=(",", ":"), sort_keys=True)
    ANSWERS.write_bytes(gzip.compress(text.encode(), mtime=0))


if __name__ == "__main__":
    folder, *results = map(Path, sys.argv[1:])
    _play_all(folder, *results) if results else _record(folder)
