"""Results made by hand for tests of pages; with `evil`, every untrusted text is."""

from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from d2l.grader.compare.report import CheckReport, Finding, SectionReport
from d2l.grader.grading.result import CheckResult, SectionResult, StudentResult
from d2l.grader.grading.rubric import CheckRule, Rubric, SectionRule
from d2l.grader.sandbox.isolation import Limits
from d2l.grader.sandbox.job import CellOutcome

SECTIONS = (("1. Tensors", 4), ("2. Training", 6))
CHECKS = (("softmax, unseen", "1. Tensors", 3), ("loss, unseen", "", 2))


def rubric(evil: str = "") -> Rubric:
    return Rubric(
        path=Path("/course/rubric.toml"),
        title=f"Homework 1{evil}",
        reference=Path("/course/reference.py"),
        checks_file=None,
        files=None,
        sections=tuple(SectionRule(heading + evil, points) for heading, points in SECTIONS),
        checks=tuple(CheckRule(n + evil, s and s + evil, p, "f", {}) for n, s, p in CHECKS),
        limits=Limits(),
        seed=0,
        seeds=(0, 1, 2),
        runs=(0, 1),
        all_or_nothing=False,
        check_seconds=10,
    )


def report(evil: str = "") -> CheckReport:
    found = (
        Finding("match", f"tensor{evil}", "", 1, 1),
        Finding(
            "differs",
            f"number{evil}",
            f"expected 2.0, found 3.0{evil}",
            2,
            2,
            f"3.0 is wrong{evil}",
        ),
    )
    missing = (
        Finding("failed", f"curve{evil}", f"ValueError: no{evil}", 4, 4, f"ValueError: no{evil}"),
        Finding(
            "missing", f"table{evil}", f"nothing like it{evil}", 5, None, f"nothing like it{evil}"
        ),
    )
    sections = tuple(
        SectionReport(heading + evil, findings)
        for (heading, _), findings in zip(SECTIONS, (found, missing), strict=True)
    )
    stale = (
        Finding(
            "differs",
            f"number{evil}",
            f"the code shows none{evil}",
            None,
            5,
            f"the code shows none{evil}",
        ),
    )
    return CheckReport(sections, stale, problem=evil)


def result(student: str = "Ada Example", share: float = 0.5, evil: str = "", **given: object):
    """A student who has `share` of all points; further arguments replace fields."""
    sections = tuple(
        SectionResult(heading + evil, points * share, points, 1, 2, "differs")
        for heading, points in SECTIONS
    )
    status = "passed" if share == 1 else "failed"
    checks = tuple(
        CheckResult(
            name + evil, section and section + evil, points * share, points, status,
            "" if share == 1 else f"rows sum to 4{evil}",
        )
        for name, section, points in CHECKS
    )  # fmt: skip
    fields: dict[str, object] = {
        "student": student + evil,
        "key": student.lower().replace(" ", "_"),
        "status": "ok",
        "reason": evil,
        "sections": sections,
        "checks": checks,
        "total": 15 * share,
        "out_of": 15,
        "report": report(evil),
        "cells": tuple(
            CellOutcome(i, "error" if i == 4 else "ok", 0.25 * i, 0, evil) for i in (1, 2, 4, 5)
        ),
        "submitted": f"homework{evil}.ipynb",
        "seconds": 8.25,
    }
    return StudentResult(**(fields | given))


def notebook(evil: str = "", more: tuple[NotebookNode, ...] = ()) -> NotebookNode:
    shown = [
        new_output("execute_result", data={"text/plain": f"tensor([1.]){evil}"}),
        new_output("display_data", data={"text/html": f"<b>bold</b>{evil}", "text/plain": ""}),
        new_output("display_data", data={"text/markdown": f"*slanted* {evil}"}),
        new_output("display_data", data={"text/latex": f"$x$ {evil}"}),
        new_output("display_data", data={"image/svg+xml": evil, "text/plain": evil}),
        new_output("display_data", data={"image/png": evil, f"x/{evil}": evil}),
        new_output("display_data", data={"application/javascript": evil}),
        new_output("stream", name="stdout", text=f"printed {evil}"),
        new_output("stream", name="stderr", text=f"warned {evil}"),
    ]
    error = new_output(
        "error", ename=f"ValueError{evil}", evalue=f"no{evil}", traceback=[f"\x1b[31mno{evil}"]
    )
    cells = [
        new_markdown_cell(f"# Homework\n\n{evil}\n\n## 1. Tensors {evil}"),
        new_code_cell(f"x = 1  #{evil}", outputs=shown),
        new_code_cell("x + 1", outputs=[new_output("stream", text=f"3.0{evil}")]),
        new_markdown_cell(f"## 2. Training\n\n[a link](https://e.org) {evil}"),
        new_code_cell(f"fit()  # {evil}", outputs=[error]),
        new_code_cell("0.99"),
        *more,
    ]
    return new_notebook(cells=cells)
