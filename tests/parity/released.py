"""The released d2l 1.0.3, in a folder of its own, as a black box: it runs and nobody opens it."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ.get("D2L_RELEASED") or ROOT / ".rivals" / "d2l-1.0.3")
INSTALL_SECONDS, PLAY_SECONDS = 300, 1200


class ReleasedMissingError(Exception):
    """There is no d2l 1.0.3 to compare with; the words say why."""


def outcomes_of_released(scratch: Path) -> dict[str, Any]:
    """What every case gives with d2l 1.0.3, all in one process that runs below `scratch`."""
    if not FOLDER.exists():
        _install()
    results, work = scratch / "released.pt", scratch / "released"
    work.mkdir()
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("play.py")), str(results)],
        cwd=work, env=_environment(scratch), capture_output=True, text=True, check=False,
        timeout=PLAY_SECONDS,
    )  # fmt: skip
    if done.returncode != 0:
        raise ReleasedMissingError(f"d2l 1.0.3 in {FOLDER} does not run:\n{done.stderr[-1500:]}")
    played = torch.load(results, weights_only=True)
    if Path(played["file"]).resolve().parent != (FOLDER / "d2l").resolve():
        raise ReleasedMissingError(
            f"{FOLDER} holds no d2l 1.0.3: {played['file']} was imported instead"
        )
    return played


def _environment(scratch: Path) -> dict[str, str]:
    """Nothing of this machine's settings for data, no screen, one thread, no IPython history."""
    settings = {n: v for n, v in os.environ.items() if not n.startswith("D2L_")}
    return settings | {
        "PYTHONPATH": str(FOLDER), "MPLBACKEND": "Agg", "OMP_NUM_THREADS": "1",
        "IPYTHONDIR": str(scratch / "ipython"), "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip


def _install() -> None:
    """Without what it asks for, which is older than Python; whole, or not at all."""
    FOLDER.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER.parent) as unfinished:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--retries=1"]
        try:
            done = subprocess.run(
                [*command, "--target", unfinished, "d2l==1.0.3"],
                capture_output=True, text=True, check=False, timeout=INSTALL_SECONDS,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise ReleasedMissingError(
                f"d2l 1.0.3 was not had in {INSTALL_SECONDS} seconds"
            ) from None
        if done.returncode != 0:
            said = done.stderr.strip().splitlines()[-1:]
            raise ReleasedMissingError(
                f"d2l 1.0.3 cannot be installed in {FOLDER}: {''.join(said)}"
            )
        Path(unfinished).rename(FOLDER)
        Path(unfinished).mkdir()  # for the context to clear away
