"""Load one submission: find its files and its notebook, compute its hash, or refuse it.

Sizes and types of files are checked before they are read, and links are not followed.
"""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from nbformat import NotebookNode

from d2l.errors import D2LError
from d2l.files.archive import ArchiveError, UnpackLimits, unpack
from d2l.files.folder_files import TooManyFilesError, file_hash, files_below, hash_of_all
from d2l.notebook.source import SUFFIXES, read_notebook

ARCHIVES = (".zip",)
MOST_FILES = 2_000
MOST_BYTES = 256 * 2**20
MOST_RATIO = 200  # text compresses about tenfold

_ARCHIVES_IN_ARCHIVES = 2
_COPY = re.compile(r"[-_ ]*(\(\d{1,4}\)|copy ?\d{0,4}|-\d{1,2})$")


class SubmissionError(D2LError, ValueError):
    """A class without readable submissions, or one submission that cannot be opened."""


@dataclass(frozen=True)
class Submission:
    """What one student submitted, with the metadata of the platform.

    `path` is a file or a folder; with `parts`, the submission consists of these files and folders
    under other names. For a folder named "" its contents are taken.
    """

    student: str
    key: str  # a stem for the student's files that is valid on every system, unique in the class
    path: Path
    parts: tuple[tuple[str, Path], ...] = ()
    id: str = ""
    login: str = ""  # or an email address
    submitted_at: str = ""
    attempt: int = 0  # 0: unknown
    returned_as: str = ""  # the folder from which the platform imports feedback files
    alias: str = ""  # shown on pages in place of the name

    @property
    def files(self) -> tuple[tuple[str, Path], ...]:
        """The name and the path of each file or folder."""
        return self.parts or ((("" if self.path.is_dir() else self.path.name), self.path),)


@dataclass(frozen=True)
class LoadedSubmission:
    """A notebook that can be run; `files` exists only inside the `with` block."""

    notebook: NotebookNode
    name: str  # path of its file relative to the submission's folder
    content: str  # the hash of its file
    files: Path | None  # the folder that contains it; None for a single notebook


@contextmanager
def load_submission(
    submission: Submission, named_like: Path, course_files: Path | None = None
) -> Iterator[LoadedSubmission]:
    """Yield the notebook of a submission; of several notebooks the one named like `named_like`.

    The files of the folder `course_files` are copied next to it and replace its own files of the
    same names. Raises `SubmissionError` if no notebook can be run.
    """
    files = submission.files
    for _, path in files:
        if path.is_symlink():
            raise SubmissionError(f"{path.name} is a link. Submit the file itself.")
    name, path = files[0]
    if len(files) == 1 and not path.is_dir() and path.suffix.lower() not in ARCHIVES:
        yield _read(path, name, course_files)
        return
    with TemporaryDirectory(prefix="d2l-grade-", ignore_cleanup_errors=True) as private:
        whole = Path(private, "submission")
        for name, path in files:
            _gather(name, path, whole)
        _unpack_all(whole)
        chosen = _choose(whole, _files_below(whole), named_like.stem)
        loaded = _read(chosen, chosen.relative_to(whole).as_posix(), chosen.parent)
        if course_files is not None:
            _copy_over(course_files, chosen.parent)
        yield loaded


def content_hash(submission: Submission) -> str:
    """Return a hash of the names and contents of all files of a submission."""
    return hash_of_all(
        (f"{part}/{file.relative_to(path)}", file)
        for part, path in submission.files
        for file in (_files_below(path) if path.is_dir() and not path.is_symlink() else [path])
    )


def has_notebook(submission: Submission) -> bool:
    """Whether a submission has a file named as a notebook, or an archive that may contain one."""
    try:
        files = [
            file
            for name, part in submission.files
            for file in (_files_below(part) if part.is_dir() else [Path(name)])
        ]
    except SubmissionError:  # too many files, which grading reports
        return True
    return any(is_notebook(file) or file.suffix.lower() in ARCHIVES for file in files)


def is_notebook(file: Path) -> bool:
    """Whether the name of a file is that of a notebook."""
    return file.suffix.lower() in SUFFIXES and not file.name.lower().startswith("readme")


def _gather(name: str, path: Path, whole: Path) -> None:
    """Copy a file or a folder of a submission into the folder of the whole submission."""
    files = _files_below(path) if path.is_dir() else [path]
    if any(file.is_symlink() or not file.is_file() for file in files):
        raise SubmissionError("it contains a link or a device. Submit the files themselves.")
    for file in files:
        target = whole / name / file.relative_to(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)


def _unpack_all(whole: Path) -> None:
    """Unpack archives in place, including archives in archives, until there is a notebook."""
    limits = UnpackLimits(MOST_BYTES, MOST_FILES, MOST_RATIO, is_strict=True)
    whole.mkdir(exist_ok=True)
    for _ in range(_ARCHIVES_IN_ARCHIVES):
        files = _files_below(whole)
        archives = [file for file in files if file.suffix.lower() in ARCHIVES]
        if not archives or any(map(is_notebook, files)):
            return
        for archive in archives:
            try:
                # An archive that is the whole submission does not add its name to the paths.
                target = archive.parent if len(files) == 1 else archive.with_suffix("")
                packed = archive.rename(archive.with_name(f".{archive.name}"))
                unpack(packed, target, limits)
                packed.unlink()
                _files_below(whole)  # the limits apply to all archives together
            except ArchiveError as error:
                raise SubmissionError(str(error).replace(packed.name, archive.name, 1)) from error
            except OSError as error:
                raise SubmissionError(
                    f"{archive.name} cannot be unpacked: {error.strerror}"
                ) from error


def _read(path: Path, name: str, folder: Path | None) -> LoadedSubmission:
    if path.suffix.lower() not in SUFFIXES or not path.is_file():
        raise SubmissionError(f"{name} is not a notebook (expected {', '.join(SUFFIXES)} or .zip)")
    if path.stat().st_size == 0:
        raise SubmissionError(f"{name} is empty")
    try:
        notebook = read_notebook(path)
    except D2LError as error:
        raise SubmissionError(str(error).replace(str(path), name)) from error
    if not any(cell.cell_type == "code" and cell.source.strip() for cell in notebook.cells):
        raise SubmissionError(f"{name} has no code cells")
    return LoadedSubmission(notebook, name, file_hash(path), folder)


def _copy_over(course_files: Path, own: Path) -> None:
    """Copy the instructor's files into a submission's folder, replacing files of the same names."""
    for file in sorted(course_files.rglob("*")):
        there = own / file.relative_to(course_files)
        if there.exists() and there.is_dir() != file.is_dir():
            shutil.rmtree(there) if there.is_dir() else there.unlink()
    shutil.copytree(course_files, own, dirs_exist_ok=True)


def _choose(folder: Path, files: list[Path], name: str) -> Path:
    notebooks = [file for file in files if is_notebook(file)]
    # Scripts next to a notebook are taken for its helper modules.
    found = sorted([file for file in notebooks if file.suffix.lower() == ".ipynb"] or notebooks)
    expected = name.casefold()
    exact = [file for file in found if file.stem.casefold() == expected]
    named = [file for file in found if _COPY.sub("", file.stem.casefold()) == expected]
    alike = [file for file in found if expected in file.stem.casefold()]
    for candidates in (found, exact, named, alike):
        if len(candidates) == 1:
            return candidates[0]
    if not found:
        raise SubmissionError("the submission contains no notebook")
    names = ", ".join(str(file.relative_to(folder)) for file in found[:5])
    raise SubmissionError(
        f"the submission contains {len(found)} notebooks, none or several of them named like "
        f"{name}: {names}{', …' if len(found) > 5 else ''}"
    )


def _files_below(folder: Path) -> list[Path]:
    try:
        return files_below(folder, MOST_FILES, MOST_BYTES)
    except TooManyFilesError as error:
        raise SubmissionError(str(error)) from error
