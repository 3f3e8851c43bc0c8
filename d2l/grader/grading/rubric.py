"""The rubric: points per section and per hidden check, read from one TOML file.

Reads and validates the file alone, not the contents of the reference or of the checks.
"""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast

from d2l.errors import D2LError
from d2l.files.toml_table import TomlTable
from d2l.grader.compare.tolerance import (
    ALL_AUTO,
    AUTO,
    MODES,
    MOST_REFERENCE_RUNS,
    SUBMISSION_RUNS,
    Mode,
    Rule,
    SectionRules,
)
from d2l.grader.sandbox.isolation import Limits

MOST_RUNS = 10
CELL_SECONDS = 30  # of CPU time: an endless cell must not use up the time of the whole run
_MIB, _GIB = 2**20, 2**30


class RubricError(D2LError, ValueError):
    """A rubric that is invalid or does not match its checks or its reference."""


@dataclass(frozen=True)
class SectionRule:
    """Points for outputs that match those of a section of the reference."""

    heading: str
    points: float
    manual: bool = False  # free text, graded by the instructor
    rules: SectionRules = ALL_AUTO  # how its outputs are compared


@dataclass(frozen=True)
class CheckRule:
    """Points given by a function of the instructor that checks values of the notebook."""

    name: str
    section: str  # empty: none
    points: float
    function: str
    fetch: dict[str, tuple[str, ...]]  # for each parameter, expressions to try in order


@dataclass(frozen=True)
class Rubric:
    """A whole rubric, with absolute paths."""

    path: Path
    title: str
    reference: Path
    checks_file: Path | None
    files: Path | None  # a folder whose files are copied next to every notebook
    sections: tuple[SectionRule, ...]
    checks: tuple[CheckRule, ...]
    limits: Limits
    seed: int  # of the hidden inputs
    seeds: tuple[int, ...]  # seed offsets of the reference's runs
    runs: tuple[int, ...]  # seed offsets of each submission's runs
    all_or_nothing: bool  # a run that failed gets no points, not even for cells before the failure
    check_seconds: float  # time limit of one call of a check
    auto_seeds: bool = False  # run the reference more than a few times only if needed
    auto_runs: bool = False  # run a submission once more if the result may be due to chance
    notebook: str = ""  # which of several notebooks is graded; empty: the reference's name

    @property
    def out_of(self) -> float:
        """The maximum number of points."""
        sections = sum(rule.points for rule in self.sections)
        return sections + sum(rule.points for rule in self.checks)

    @property
    def another_run(self) -> int:
        """The seed offset of the additional run of a submission with `auto_runs`."""
        return max(self.runs) + 1

    @property
    def compare_rules(self) -> dict[str, SectionRules]:
        """How the outputs of each section are compared, by its heading."""
        return {rule.heading: rule.rules for rule in self.sections}


def read_rubric(path: Path) -> Rubric:
    """Return the rubric in the file `path`.

    Raises `RubricError` if it is not valid TOML, or if a key is unknown, missing or of wrong type.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RubricError(f"{path} is not valid TOML: {error}") from error
    table = TomlTable(values, str(path), RubricError)
    auto_seeds = _is_auto(values, "seeds", range(MOST_REFERENCE_RUNS))
    auto_runs = _is_auto(values, "runs", range(SUBMISSION_RUNS))
    checks = tuple(map(_check, table.tables("check")))
    rubric = Rubric(
        path=path.resolve(),
        title=table.text("title"),
        reference=_file(table, "reference", path),
        checks_file=_file(table, "checks", path) if table.has("checks") or checks else None,
        files=_folder(table, "files", path) if table.has("files") else None,
        sections=tuple(map(_section, table.tables("section"))),
        checks=checks,
        limits=_limits(table.table("limits")),
        seed=table.whole("seed", 0),
        seeds=table.wholes("seeds", [0, 1, 2], most=MOST_RUNS),
        runs=table.wholes("runs", [0, 1], most=MOST_RUNS),
        all_or_nothing=table.truth("all_or_nothing", False),
        check_seconds=table.number("check_seconds", 10, positive=True),
        auto_seeds=auto_seeds,
        auto_runs=auto_runs,
        notebook=table.text("notebook") if table.has("notebook") else "",
    )
    table.end()
    _require_distinct(path, "section", "heading", [rule.heading for rule in rubric.sections])
    _require_distinct(path, "check", "name", [rule.name for rule in rubric.checks])
    require_outside(rubric, rubric.files, "its folder `files`")
    if rubric.out_of == 0:
        raise RubricError(f"{path} gives no points. Add a [[section]] or a [[check]] with points.")
    return rubric


def _is_auto(values: dict[str, Any], key: str, offsets: Iterable[int]) -> bool:
    """Whether `key` is "auto", the default; if so, replace it by these seed offsets."""
    is_auto = values.setdefault(key, "auto") == "auto"
    if is_auto:
        values[key] = list(offsets)
    return is_auto


def require_headings(rubric: Rubric, headings: Iterable[str]) -> None:
    """Raise `RubricError` unless each section of the rubric is exactly one of the `headings`."""
    there = list(headings)
    named = [("section", rule.heading) for rule in rubric.sections]
    named += [("check", rule.section) for rule in rubric.checks if rule.section]
    for kind, heading in named:
        if there.count(heading) != 1:
            raise RubricError(_no_heading(rubric, kind, heading, there))


def require_outside(rubric: Rubric, folder: Path | None, name: str) -> None:
    """Raise `RubricError` if a folder that notebooks can read contains secret files."""
    secrets = (rubric.path, rubric.reference, rubric.checks_file)
    seen = [path for path in secrets if folder and path and path.is_relative_to(folder.resolve())]
    if seen:
        raise RubricError(
            f"{rubric.path}: {name}, {folder}, contains {seen[0].name}, so every notebook could "
            "read it. Keep files that notebooks may read in a separate folder."
        )


def _no_heading(rubric: Rubric, kind: str, heading: str, there: list[str]) -> str:
    where = f"{rubric.path}, [[{kind}]]: {rubric.reference.name} has"
    if heading in there:
        return f"{where} the heading {heading!r} {there.count(heading)} times. Make them unique."
    close = get_close_matches(heading, there, n=1, cutoff=0.5)
    hint = f"Did you mean {close[0]!r}? " if close else ""
    return f"{where} no heading {heading!r}. {hint}Available: {', '.join(map(repr, there))}"


def _section(table: TomlTable) -> SectionRule:
    heading, points = table.text("heading"), table.number("points")
    manual = table.truth("manual", False)
    default = _compare_rule(table)
    outputs = []
    for output in table.tables("output"):
        outputs.append((output.text("shows"), _compare_rule(output, default)))
        output.end()
    table.end()
    return SectionRule(heading, points, manual, SectionRules(default, tuple(outputs)))


def _compare_rule(table: TomlTable, default: Rule = AUTO) -> Rule:
    mode = table.text("compare", default.compare)
    if mode not in MODES:
        raise table.error(
            "compare", f"must be one of {', '.join(map(repr, MODES))}, found {mode!r}"
        )
    tolerance = table.number("tolerance", 0) if table.has("tolerance") else default.tolerance
    return Rule(cast(Mode, mode), tolerance)


def _check(table: TomlTable) -> CheckRule:
    fetched = table.table("fetch")
    rule = CheckRule(
        name=table.text("name"),
        section=table.text("section") if table.has("section") else "",
        points=table.number("points"),
        function=table.text("function"),
        fetch={name: _expressions(fetched, name) for name in fetched.values},
    )
    table.end()
    return rule


def _expressions(table: TomlTable, name: str) -> tuple[str, ...]:
    expressions = table.texts(name)
    for expression in expressions:
        try:
            compile(expression.strip(), "", "eval")
        except (SyntaxError, ValueError) as error:
            raise table.error(name, f"must be a Python expression, found {expression!r}") from error
    return tuple(expression.strip() for expression in expressions)


def _limits(table: TomlTable) -> Limits:
    usual = Limits()
    cell_seconds = table.number("cell_seconds", CELL_SECONDS)
    limits = Limits(
        seconds=table.number("seconds", usual.seconds, positive=True),
        cell_seconds=cell_seconds or None,
        memory=_bytes(table, "memory_gb", usual.memory, _GIB),
        processes=table.whole("processes", usual.processes),
        output=_bytes(table, "output_mb", usual.output, _MIB),
        cell_characters=table.whole("cell_characters", usual.cell_characters),
        disk=_bytes(table, "disk_mb", usual.disk, _MIB),
        threads=table.whole("threads", 1),
    )
    table.end()
    return limits


def _bytes(table: TomlTable, key: str, usual: int, unit: int) -> int:
    return int(table.number(key, usual / unit, positive=True) * unit)


def _file(table: TomlTable, key: str, rubric: Path) -> Path:
    path = (rubric.parent / table.text(key)).resolve()
    if not path.is_file():
        raise table.error(key, f"refers to {path}, which is not a file")
    return path


def _folder(table: TomlTable, key: str, rubric: Path) -> Path:
    path = (rubric.parent / table.text(key)).resolve()
    if not path.is_dir():
        raise table.error(key, f"refers to {path}, which is not a folder")
    return path


def _require_distinct(path: Path, kind: str, key: str, names: list[str]) -> None:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise RubricError(f"{path}, [[{kind}]]: duplicate {key} {twice!r}")
