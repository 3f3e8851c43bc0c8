"""What a grading has finished, kept as one file for each submission, so that it can go on.

An entry counts only for the very same submission, rubric, checks, reference and versions.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from d2l.errors import D2LError
from d2l.grader.compare.report import CheckReport, Finding, SectionReport
from d2l.grader.grading.result import CheckResult, SectionResult, StudentResult
from d2l.grader.grading.rubric import Rubric
from d2l.grader.sandbox.isolation import SandboxConfig
from d2l.grader.sandbox.job import CellOutcome
from d2l.notebook.versions import versions_of
from d2l.files.atomic_write import replace_file

_FORMAT = 1
_ENTRIES = Path("journal", "students")
_PACKAGES = ("torch", "numpy", "ipykernel")


class OutputFolderError(D2LError, ValueError):
    """A folder that cannot take a grading, or this one."""


def fingerprint_of_inputs(rubric: Rubric, sandbox: SandboxConfig) -> dict[str, str]:
    """Return everything beside a submission that its grade depends on, as texts.

    Of the data, which may be large, the names and sizes alone.
    """
    files = {"rubric": rubric.path, "reference": rubric.reference, "checks": rubric.checks_file}
    return {
        **{name: _hash(path) for name, path in files.items() if path is not None},
        **versions_of(_PACKAGES),
        "isolation": sandbox.level.title,
        "files": _hash_of_all(rubric.files, _hash),
        "data": _hash_of_all(sandbox.data, lambda path: str(path.stat().st_size)),
    }


class ResultCache:
    """The entries in the folder `out` of one grading."""

    def __init__(self, out: Path, stamp: Mapping[str, str]) -> None:
        self.out = out
        self.stamp = dict(stamp)

    def check_output_folder(self, *, resume: bool) -> None:
        """Raise `OutputFolderError` if there are other files, or a grading without `resume`."""
        if self.out.exists() and any(self.out.iterdir()):
            if not (self.out / _ENTRIES.parent).is_dir():
                raise OutputFolderError(
                    f"{self.out} holds files that are no grading: name a new folder by --out"
                )
            if not resume:
                raise OutputFolderError(
                    f"{self.out} holds a grading already: `--resume` goes on with it, `--out DIR` "
                    "begins another"
                )

    @contextmanager
    def exclusive_lock(self) -> Iterator[None]:
        """Keep other gradings out of the folder. Raises `OutputFolderError` if one is running."""
        self.out.mkdir(parents=True, exist_ok=True)
        folder = os.open(self.out, os.O_RDONLY)
        try:
            self._claim(folder)
            yield
        finally:
            with suppress(OSError):  # it is not empty: something was graded
                self.out.rmdir()
            os.close(folder)

    def _claim(self, folder: int) -> None:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise OutputFolderError(
                f"another `d2l grade` is at work in {self.out}: wait for its end, or name another "
                "folder by --out"
            ) from error

    def find(self, key: str, content: str) -> StudentResult | None:
        """Return the kept result of the submission with this hash, if all of it still holds."""
        path = self._path(key)
        try:
            entry = json.loads(path.read_bytes())
            if entry["head"] == self._head(content):
                return result_of(entry["result"])
        except (OSError, ValueError, LookupError, TypeError):
            pass  # not there, or not as this version writes it: it is graded again
        return None

    def keep(self, result: StudentResult, content: str) -> None:
        """Write a result down, once everything that belongs to it is written."""
        entry = {"head": self._head(content), "result": asdict(result)}
        replace_file(self._path(result.key), json.dumps(entry).encode())

    def _head(self, content: str) -> dict[str, Any]:
        return {"format": _FORMAT, "submission": content, **self.stamp}

    def _path(self, key: str) -> Path:
        return self.out / _ENTRIES / f"{key}.json"


def result_of(plain: Mapping[str, Any]) -> StudentResult:
    """Return the result that `dataclasses.asdict` made `plain` of."""
    report = plain["report"]
    parts = {
        "sections": tuple(SectionResult(**section) for section in plain["sections"]),
        "checks": tuple(CheckResult(**check) for check in plain["checks"]),
        "cells": tuple(CellOutcome(**cell) for cell in plain["cells"]),
        "report": None if report is None else _report_of(report),
        "same_as": tuple(plain["same_as"]),
    }
    return StudentResult(**{**plain, **parts})


def _report_of(plain: Mapping[str, Any]) -> CheckReport:
    sections = (
        SectionReport(section["heading"], _findings(section["findings"]))
        for section in plain["sections"]
    )
    return CheckReport(tuple(sections), _findings(plain["stale"]), plain["problem"])


def _findings(plain: list[dict[str, Any]]) -> tuple[Finding, ...]:
    return tuple(Finding(**finding) for finding in plain)


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _hash_of_all(folder: Path | None, mark: Callable[[Path], str]) -> str:
    """One hash of the files in the folder: of their names, and of the mark of each."""
    if folder is None:
        return "none"
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    marks = [(path.relative_to(folder).as_posix(), mark(path)) for path in paths]
    return hashlib.sha256(json.dumps(marks).encode()).hexdigest()
