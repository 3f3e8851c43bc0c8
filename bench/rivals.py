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
IN_A_KERNEL = ("IPython", "ipykernel", "jupyter_client")  # what the board in a kernel needs


def prepare(with_released: bool, wheels: Path | None) -> None:
    """Put the data and, if asked, the released library where the rivals look for them, once.

    `wheels` is a folder to install from, instead of the index that pip is set up for.
    """
    RUN_FOLDER.mkdir(parents=True, exist_ok=True)
    for name in fashion_files.SHA256:
        if not next(fashion_files.candidate_paths(name, DATA_FOLDER)).exists():
            fashion_files.keep(name, fashion_files.find(name, DATA_FOLDER), DATA_FOLDER)
    if with_released:
        if not RELEASED_FOLDER.exists():
            _install_released(wheels)
        _check_released()


def missing(modules: tuple[str, ...]) -> list[str]:
    """Those of these modules that this Python does not have."""
    return [name for name in modules if importlib.util.find_spec(name) is None]


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


def _install_released(wheels: Path | None) -> None:
    """From a folder, with all that lies beside it: what it imports may not be on this machine."""
    source, wanted = [], ["d2l==1.0.3"]
    if wheels is not None:
        source = ["--no-index", "--find-links", str(wheels)]
        wanted += [str(file) for file in wheels.glob("*.whl") if not file.name.startswith("d2l-")]
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER) as unfinished:
        options = ["--quiet", "--no-deps", *source, "--target", unfinished]
        command = [sys.executable, "-m", "pip", "install", *options, *wanted]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise click.ClickException(
                f"d2l 1.0.3 could not be installed beside this library:\n{done.stderr.strip()}\n"
                "--rival-from takes it from a folder of wheels, --without-released leaves it out"
            )
        Path(unfinished).rename(RELEASED_FOLDER)
        Path(unfinished).mkdir()  # for the context to clear away


def _check_released() -> None:
    """Raise unless the released library can be imported: it brings none of what it needs."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", "from d2l import torch"], cwd=RUN_FOLDER,
        env=environment(RELEASED, None), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()[-1:]
        raise click.ClickException(
            f"d2l 1.0.3 in {RELEASED_FOLDER} cannot be imported: {''.join(said)}. Install what it "
            "asks for; or remove the folder and have the wheels beside its own in --rival-from; "
            "or leave it out with --without-released"
        )
