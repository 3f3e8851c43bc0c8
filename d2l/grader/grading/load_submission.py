"""One submission, opened: its notebook, the files beside it, its hash; or why there is none.

Reads as little as it must before it knows that it is harmless, and follows no link.
"""

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from nbformat import NotebookNode

from d2l.errors import D2LError
from d2l.grader.grading.submissions import ARCHIVES, Submission, SubmissionError
from d2l.grader.grading.unpack import MOST_BYTES, MOST_FILES, unpack
from d2l.notebook.source import SUFFIXES, read_notebook

_COPY = re.compile(r"[-_ ]*(\(\d{1,4}\)|copy ?\d{0,4})$")
_PASSED_OVER = {"__macosx", "__pycache__"}


@dataclass(frozen=True)
class LoadedSubmission:
    """A notebook that can be run; `files` lies there as long as the submission is open."""

    notebook: NotebookNode
    name: str  # of its file, below the submission's folder
    content: str  # the hash of its file
    files: Path | None  # the folder it lies in; None for a notebook handed in alone


@contextmanager
def load_submission(
    submission: Submission, reference: Path, beside: Path | None = None
) -> Iterator[LoadedSubmission]:
    """Give the notebook of a submission, of several the one that is named like `reference`.

    The files of the folder `beside` lie with it, in the place of its own of the same names.
    Raises `SubmissionError` with the reason if there is none, or none that can be run.
    """
    path = submission.path
    if path.is_symlink():
        raise SubmissionError(f"{path.name} is a link: hand in the file itself")
    with TemporaryDirectory(prefix="d2l-grade-", ignore_cleanup_errors=True) as private:
        if path.suffix.lower() in ARCHIVES and path.is_file():
            path = Path(private, "unpacked")
            path.mkdir()
            unpack(submission.path, path)
        if not path.is_dir():
            yield _read(path, path.name, beside)
        else:
            files = _files_below(path)
            chosen = _choose(path, files, reference)
            together = _copied(files, chosen.parent, beside, Path(private, "files"))
            yield _read(chosen, str(chosen.relative_to(path)), together)


def content_hash(path: Path) -> str:
    """Return one hash of a file, or of the names and contents of all files in a folder."""
    is_folder = path.is_dir() and not path.is_symlink()
    whole = hashlib.sha256()
    for file in sorted(_files_below(path)) if is_folder else [path]:
        name = os.fsencode(file.relative_to(path))
        whole.update(b"%d %s %s" % (len(name), name, _file_hash(file).encode()))
    return whole.hexdigest()


def _read(path: Path, name: str, folder: Path | None) -> LoadedSubmission:
    _require_readable(path, name)
    try:
        notebook = read_notebook(path)
    except D2LError as error:
        raise SubmissionError(str(error).replace(str(path), name)) from error
    if not any(cell.cell_type == "code" and cell.source.strip() for cell in notebook.cells):
        raise SubmissionError(f"{name} has no cell with code")
    return LoadedSubmission(notebook, name, _file_hash(path), folder)


def _require_readable(path: Path, name: str) -> None:
    if path.suffix.lower() not in SUFFIXES or not path.is_file():
        raise SubmissionError(f"{name} is no notebook: asked for {', '.join(SUFFIXES)} or .zip")
    if path.stat().st_size == 0:
        raise SubmissionError(f"{name} is empty")


def _copied(files: list[Path], own: Path, beside: Path | None, target: Path) -> Path:
    """A folder with what lies in the folder `own` and below, and in `beside`: it wins."""
    target.mkdir()
    for file in files:
        if file.is_relative_to(own):
            copy = target / file.relative_to(own)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
    return shutil.copytree(beside, target, dirs_exist_ok=True) if beside else target


def _choose(folder: Path, files: list[Path], reference: Path) -> Path:
    if any(file.is_symlink() or not file.is_file() for file in files):
        raise SubmissionError("it holds a link or a device: hand in the files themselves")
    notebooks = [file for file in files if _is_notebook(file)]
    # Scripts beside a notebook are its helpers.
    found = sorted([file for file in notebooks if file.suffix.lower() == ".ipynb"] or notebooks)
    wanted = reference.stem.casefold()
    named = [file for file in found if _COPY.sub("", file.stem.casefold()) == wanted]
    alike = [file for file in found if wanted in file.stem.casefold()]
    for candidates in (found, named, alike):
        if len(candidates) == 1:
            return candidates[0]
    if not found:
        raise SubmissionError("there is no notebook in it")
    names = ", ".join(str(file.relative_to(folder)) for file in found[:5])
    raise SubmissionError(
        f"it holds {len(found)} notebooks ({names}{', …' if len(found) > 5 else ''}), of which not "
        f"exactly one is named like {reference.stem}"
    )


def _is_notebook(file: Path) -> bool:
    return file.suffix.lower() in SUFFIXES and not file.name.lower().startswith("readme")


def _files_below(folder: Path) -> list[Path]:
    """All files and links in a folder, hidden ones and Jupyter's own aside; refuse a huge one."""
    found: list[Path] = []
    size = 0
    for place, folders, names in os.walk(folder):
        links = [name for name in folders if Path(place, name).is_symlink()]
        folders[:] = [name for name in folders if _is_looked_into(name) and name not in links]
        files = [Path(place, name) for name in (*links, *names) if not name.startswith(".")]
        size += sum(file.lstat().st_size for file in files)
        found += files
        if len(found) > MOST_FILES or size > MOST_BYTES:
            raise SubmissionError(
                f"it holds more than {MOST_FILES} files or {MOST_BYTES // 2**20} MB"
            )
    return found


def _is_looked_into(name: str) -> bool:
    return not name.startswith(".") and name.lower() not in _PASSED_OVER


def _file_hash(file: Path) -> str:
    if file.is_symlink():
        return f"link to {os.readlink(file)}"
    if not file.is_file():
        return "no file"
    with open(file, "rb") as opened_file:
        return hashlib.file_digest(opened_file, "sha256").hexdigest()
