"""What a grading has finished, kept as one file for each submission, so that it can go on.

An entry counts only for the very same submission, rubric, checks, reference and versions.
"""

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from d2l import __version__
from d2l.errors import D2LError
from d2l.notebook.box.job import CellOutcome
from d2l.notebook.box.walls import Box
from d2l.notebook.check.report import CheckReport, Finding, SectionReport
from d2l.notebook.grade.result import CheckResult, SectionResult, StudentResult
from d2l.notebook.grade.rubric import Rubric
from d2l.runs.files import replace_file

_FORMAT = 1
_ENTRIES = Path("journal", "students")
_PACKAGES = ("torch", "numpy", "ipykernel")


class JournalError(D2LError, ValueError):
    """A folder that cannot take a grading, or this one."""


def stamp_of(rubric: Rubric, box: Box) -> dict[str, str]:
    """Return everything beside a submission that its grade depends on, as texts."""
    files = {"rubric": rubric.path, "reference": rubric.reference, "checks": rubric.checks_file}
    hashes = {name: _hash(path) for name, path in files.items() if path is not None}
    versions = {name: _version(name) for name in _PACKAGES}
    return {
        **hashes,
        **versions,
        "d2l": __version__,
        "python": platform.python_version(),
        "isolation": box.level.title,
        "data": str(box.data or ""),
    }


class Journal:
    """The entries in the folder `out` of one grading."""

    def __init__(self, out: Path, stamp: Mapping[str, str]) -> None:
        self.out = out
        self.stamp = dict(stamp)

    def require_room(self, *, resume: bool) -> None:
        """Raise `JournalError` if the folder holds a grading and `resume` is not set, or else."""
        if self.out.exists() and any(self.out.iterdir()):
            if not (self.out / _ENTRIES.parent).is_dir():
                raise JournalError(
                    f"{self.out} holds files that are no grading: name a new folder by --out"
                )
            if not resume:
                raise JournalError(
                    f"{self.out} holds a grading already: `--resume` goes on with it, `--out DIR` "
                    "begins another"
                )

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


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"
