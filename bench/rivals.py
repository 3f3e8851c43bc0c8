"""The three that are measured, and the folder in which they are: this library, a hand-written loop,
and the released d2l 1.0.3, installed as a black box that nobody opens.
"""

import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from d2l.data import fashion_files

OURS, HAND, RELEASED = "ours", "hand loop", "1.0.3"

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".rivals"
RELEASED_FOLDER = FOLDER / "d2l-1.0.3"
RUN_FOLDER = FOLDER / "work" / "run"
DATA_FOLDER = FOLDER / "work" / "data"  # what "../data" is to a rival, which runs in RUN_FOLDER
NEEDED = ("IPython", "ipykernel", "jupyter_client", "requests", "scipy", "torchvision")


def prepare() -> None:
    """Put the released library and the data where the rivals look for them, once."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise click.ClickException(
            f"measuring needs {', '.join(missing)}, which {sys.executable} does not have. "
            "Install the developers' tools: pip install -e '.[all]'"
        )
    if not RELEASED_FOLDER.exists():
        _install_released()
    RUN_FOLDER.mkdir(parents=True, exist_ok=True)
    for name in fashion_files.SHA256:
        if not next(fashion_files.places(name, DATA_FOLDER)).exists():
            fashion_files.keep(name, fashion_files.find(name, DATA_FOLDER), DATA_FOLDER)


def environment(rival: str, threads: int | None) -> dict[str, str]:
    """The variables under which a rival's process finds its own `d2l`, and no other."""
    folders = (RELEASED_FOLDER, ROOT) if rival == RELEASED else (ROOT,)
    variables = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, folders))}
    if threads is not None:
        variables["OMP_NUM_THREADS"] = variables["MKL_NUM_THREADS"] = str(threads)
    return variables


def check_origin(rival: str, file: str | None) -> None:
    """Raise unless a rival's process has imported its own `d2l`, and the hand loop none."""
    folders = {OURS: ROOT / "d2l", RELEASED: RELEASED_FOLDER / "d2l", HAND: None}
    found = None if file is None else Path(file).resolve().parent
    if found != folders[rival]:
        raise click.ClickException(
            f"{rival} was to be measured from {folders[rival]}, but its process imported {found}. "
            f"Remove {RELEASED_FOLDER} and run again"
        )


def _install_released() -> None:
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER) as unfinished:
        options = ["--quiet", "--no-deps", "--target", unfinished]
        command = [sys.executable, "-m", "pip", "install", *options, "d2l==1.0.3"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise click.ClickException(
                f"d2l 1.0.3 could not be installed beside this library:\n{done.stderr.strip()}"
            )
        Path(unfinished).rename(RELEASED_FOLDER)
        Path(unfinished).mkdir()  # for the context to clear away
