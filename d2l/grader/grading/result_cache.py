"""Cache of finished results, one file for each submission, so that a grading can be resumed.

An entry is valid only for the same submission, rubric, checks, reference and versions.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec
from filelock import FileLock, Timeout

from d2l.errors import D2LError
from d2l.files.atomic_write import replace_file
from d2l.files.folder_files import file_hash, hash_of_all
from d2l.grader.grading.result import StudentResult
from d2l.grader.grading.rubric import Rubric
from d2l.grader.sandbox.isolation import SandboxConfig
from d2l.notebook.optional_deps import versions_of

_FORMAT = 2
_ENTRIES = Path("journal", "students")
_LOCK = ".lock"
_PACKAGES = ("torch", "numpy", "ipykernel")


class OutputFolderError(D2LError, ValueError):
    """An output folder that cannot be used for this grading."""


@dataclass(frozen=True)
class CachedResult:
    """A result as graded, and a digest of what its page shows."""

    head: dict[str, Any]
    result: StudentResult
    page: str


def fingerprint_of_inputs(rubric: Rubric, sandbox: SandboxConfig) -> dict[str, str]:
    """Return everything besides a submission that its grade depends on, as strings.

    Data files, which may be large, are represented by their names and sizes.
    """
    files = {"rubric": rubric.path, "reference": rubric.reference, "checks": rubric.checks_file}
    return {
        **{name: file_hash(path) for name, path in files.items() if path is not None},
        **versions_of(_PACKAGES),
        "isolation": sandbox.level.title,
        "files": hash_of_all(_below(rubric.files)),
        "data": hash_of_all(_below(sandbox.data), lambda path: str(path.stat().st_size)),
    }


class ResultCache:
    """The cached results in the output folder `out` of one grading."""

    def __init__(self, out: Path, stamp: Mapping[str, str]) -> None:
        self.out = out
        self.stamp = dict(stamp)

    def check_output_folder(self, *, resume: bool) -> None:
        """Raise `OutputFolderError` if there are other files, or a grading but not `resume`."""
        if self.out.exists() and any(path.name != _LOCK for path in self.out.iterdir()):
            if not (self.out / _ENTRIES.parent).is_dir():
                raise OutputFolderError(
                    f"{self.out} is not empty and is not a grading output folder. Choose "
                    "another folder with --out."
                )
            if not resume:
                raise OutputFolderError(
                    f"{self.out} already contains a grading. Continue it with `--resume`, or start "
                    "a new one with `--out DIR`."
                )

    @contextmanager
    def exclusive_lock(self) -> Iterator[None]:
        """Lock the folder for this grading. Raises `OutputFolderError` if another is running."""
        self.out.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.out / _LOCK, timeout=0):
                try:
                    yield
                finally:
                    if [path.name for path in self.out.iterdir()] == [_LOCK]:  # nothing was graded
                        with suppress(OSError):  # Windows does not delete an open file
                            (self.out / _LOCK).unlink()
        except Timeout as error:
            raise OutputFolderError(
                f"another `d2l grade` is running in {self.out}. Wait until it ends, or choose "
                "another folder with --out."
            ) from error
        finally:
            with suppress(OSError):  # not empty
                self.out.rmdir()

    def find(self, key: str, content: str) -> CachedResult | None:
        """Return the cached result of the submission with this hash, if it is still valid."""
        try:
            plain = json.loads(self._path(key).read_bytes())
            entry = msgspec.convert(plain, CachedResult)
        except (OSError, ValueError, msgspec.ValidationError):
            return None  # missing or written by another version: grade the submission again
        return entry if entry.head == self._head(content) else None

    def keep(self, result: StudentResult, content: str, page: str) -> None:
        """Store a result; to be called once its page and notebook are written."""
        entry = asdict(CachedResult(self._head(content), result, page))
        replace_file(self._path(result.key), json.dumps(entry).encode())

    def _head(self, content: str) -> dict[str, Any]:
        return {"format": _FORMAT, "submission": content, **self.stamp}

    def _path(self, key: str) -> Path:
        return self.out / _ENTRIES / f"{key}.json"


def _below(folder: Path | None) -> list[tuple[str, Path]]:
    found = folder.rglob("*") if folder else ()
    return [(path.relative_to(folder or "").as_posix(), path) for path in found if path.is_file()]
