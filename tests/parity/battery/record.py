"""Stores what 1.0.3 answers to the battery, or lists the calls that are answered otherwise here.

    python tests/parity/battery/record.py           # asks 1.0.3 and writes answers.json.gz
    python tests/parity/battery/record.py open      # writes open_differences.txt

Stored are numbers, shapes, types and names of attributes: nothing of 1.0.3's own words.
"""

import gzip
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import answer  # noqa: E402
import known  # noqa: E402
import released  # noqa: E402

ANSWERS = HERE / "answers.json.gz"
PLAY_SECONDS = 3600  # a guard against hanging; two minutes on a quiet machine


def outcomes_with(path: Path, scratch: Path, every_n: int = 1) -> dict[str, Any]:
    """The outcome of every n-th call with the `d2l` in this folder, in a process of its own."""
    results = scratch / "outcomes.json"
    environment = {name: v for name, v in os.environ.items() if not name.startswith("D2L_")} | {
        "PYTHONPATH": str(path), "MPLBACKEND": "Agg", "OMP_NUM_THREADS": "1",
        "IPYTHONDIR": str(scratch / "ipython"), "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, str(HERE / "run_battery.py"), str(results), "*", str(every_n)],
        cwd=scratch, env=environment, capture_output=True, text=True, check=False,
        timeout=PLAY_SECONDS,
    )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(f"the battery did not run with {path}:\n{done.stderr[-2000:]}")
    played = json.loads(results.read_text("utf-8"))
    if Path(played["file"]).resolve().parent.parent != path.resolve():
        raise RuntimeError(f"{played['file']} was imported instead of the d2l in {path}")
    return played["outcomes"]


def stored_answers() -> dict[str, Any]:
    """What 1.0.3 answered, by the title of the call."""
    return json.loads(gzip.decompress(ANSWERS.read_bytes()))


def differences(found: dict[str, Any], expected: dict[str, Any]) -> dict[str, str]:
    """Where outcomes part from the stored ones, by title; a call may lack an answer of 1.0.3."""
    parted = {t: answer.difference(found.get(t, {}), e) for t, e in expected.items()}
    return {title: said for title, said in parted.items() if said is not None}


def write_answers() -> None:
    """Ask 1.0.3, installed where the other parity tests have it, and store its answers."""
    if not released.FOLDER.exists():
        released._install()
    with tempfile.TemporaryDirectory() as scratch:
        outcomes = outcomes_with(released.FOLDER, Path(scratch))
    kept = {title: without_words(outcome) for title, outcome in sorted(outcomes.items())}
    text = json.dumps(kept, separators=(",", ":"), sort_keys=True)
    ANSWERS.write_bytes(gzip.compress(text.encode(), mtime=0))


def without_words(outcome: Any) -> Any:
    """An outcome without the message of an exception."""
    if isinstance(outcome, dict) and "raised" in outcome:
        return {"raised": outcome["raised"]}
    return outcome


def write_open() -> None:
    """List every difference that no documented row covers."""
    with tempfile.TemporaryDirectory() as scratch:
        found = outcomes_with(released.ROOT, Path(scratch))
    parted = differences(found, stored_answers())
    titles = sorted(title for title in parted if known.reason(title) is None)
    known.OPEN.write_text("".join(f"{title}\n" for title in titles), "utf-8")
    for title in titles:
        print(f"{title}\n    {parted[title]}")


if __name__ == "__main__":
    write_open() if sys.argv[1:] == ["open"] else write_answers()
