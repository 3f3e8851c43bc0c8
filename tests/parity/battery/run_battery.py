"""Runs the battery with one library. As a program, `python run_battery.py RESULTS [AREA [N]]`, with
the `d2l` that this process imports; with N, every N-th call. What is printed or drawn goes nowhere.
"""

import contextlib
import importlib
import io
import json
import os
import signal
import sys
import tempfile
import time
import warnings
import zlib
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[1]))  # for `made` and `corpora`

import answer
import matplotlib as mpl
import torch
import variants
from subject import SCENARIOS, SUBJECTS, read_subjects

CALL_SECONDS = 10  # of CPU time; the slowest call takes 2


class StuckError(Exception):
    """A call that does not end."""


def run_all(d2l: Any, area: str = "*", every_n: int = 1) -> dict[str, Any]:
    """The outcome of every n-th call, by title; with an area, of those in `subjects_{area}.py`."""
    read_subjects(area)
    outcomes = {}
    hub, size = dict(d2l.DATA_HUB), mpl.rcParams["figure.figsize"]
    for title, call in _every_call(d2l):
        if zlib.crc32(title.encode()) % every_n:
            continue
        outcome = _outcome(call, d2l)
        if outcome != variants.SKIPPED:
            outcomes[title] = outcome
        d2l.DATA_HUB.clear()
        d2l.DATA_HUB.update(hub)
        mpl.rcParams["figure.figsize"] = size
    return outcomes


def _every_call(d2l: Any) -> Any:
    for subject in SUBJECTS.values():
        yield from variants.calls(subject, d2l)
    for title, run in SCENARIOS.items():
        yield f"run/{title}", lambda d2l, run=run: answer.plain(run(d2l))


def _outcome(call: Any, d2l: Any) -> Any:
    from matplotlib import pyplot as plt

    plt.close("all")
    variants.seed()
    signal.setitimer(signal.ITIMER_PROF, CALL_SECONDS)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            return json.loads(json.dumps(call(d2l)))
    except StuckError:
        return {"raised": ["never ends"]}
    except Exception as error:
        return answer.raised(error) | {"words": f"{type(error).__name__}: {error}"[:200]}
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _stuck(*_: Any) -> None:
    raise StuckError


def main(results: Path, area: str = "*", every_n: int = 1) -> None:
    """Run the battery in an empty folder and write the outcomes."""
    mpl.use("Agg")
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    signal.signal(signal.SIGPROF, _stuck)
    importlib.import_module("torch._dynamo")  # by the first optimizer: not within a call's time
    from d2l import torch as d2l

    begun, results = time.monotonic(), results.resolve()
    with tempfile.TemporaryDirectory() as scratch:
        for part in ("run", "data"):
            Path(scratch, part).mkdir()
        with contextlib.chdir(Path(scratch, "run")):
            outcomes = run_all(d2l, area, every_n)
    written = {
        "file": d2l.__file__,
        "seconds": time.monotonic() - begun,
        "outcomes": outcomes,
    }
    results.with_suffix(".part").write_text(json.dumps(written))
    os.replace(results.with_suffix(".part"), results)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:3], *map(int, sys.argv[3:]))
