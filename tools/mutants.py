"""Mutation tests: small faults put into the library on purpose, and whether a test notices each.

    python -m tools.mutants --sample 300            # as `make mutants`
    python -m tools.mutants --only d2l/engine/running_metrics.py
    python -m tools.mutants --again out/mutants.txt # those that survived a run with this output

First the tests run once under coverage, which says which of them execute which line. Then each
mutant, one changed expression in a copy of the tree, is tried by tests that execute its line.
Of the libraries for this, mutmut replaces each function by a trampoline, whose frame
`save_hyperparameters` would read as its caller's, and cosmic-ray runs one test command for every
mutant, which with the whole suite takes days.
"""

import argparse
import ast
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Queue

import coverage
import matplotlib.pyplot  # noqa: F401  for the forks that run tests
import pytest
import torchvision  # noqa: F401

ROOT = Path(__file__).parents[1]
PACKAGES = ("core", "engine", "runs", "data", "grader/compare", "grader/outputs", "grader/grading")
TESTS = ("base", "core", "engine", "runs", "data", "board", "scale", "grader/compare",
         "grader/grading", "properties")  # fmt: skip
# The tests, by package, of what runs in child processes, where coverage does not see it.
TESTS_OF_CHILDREN = {
    "d2l/core": ("scale/test_processes.py", "scale/test_restart.py", "board/test_jupyterlab.py"),
    "d2l/engine": ("scale/test_processes.py",),
    "d2l/runs": ("scale/test_restart.py", "runs/test_kill_points.py"),
    "d2l/data": ("data",),
    "d2l/grader": ("cli/test_grade.py", "cli/test_check.py"),
}
# Packages whose lines, if coverage sees them, run in one process alone.
IN_PROCESS = ("d2l/data", "d2l/grader")
FAST = "not slow and not browser and not gpu"
SECONDS = 600  # for the tests of one mutant: one that runs into it has made something endless
# Of those that execute a line: those that execute least besides, which are fast and to the point,
# and others drawn at random; then, of a mutant that survived these, more of the others, whole files
# of the first, and the tests of its package's child processes.
NEAREST_TESTS, OTHER_TESTS, MORE_TESTS, MORE_FILES = 40, 20, 200, 6
COMPARISONS = {ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">", ast.Eq: "!=",
               ast.NotEq: "==", ast.Is: "is not", ast.IsNot: "is", ast.In: "not in",
               ast.NotIn: "in"}  # fmt: skip
OPERATORS = {ast.Add: "-", ast.Sub: "+", ast.Mult: "/", ast.Div: "*", ast.FloorDiv: "/",
             ast.Mod: "*"}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One changed expression: the characters from `start` to `stop` of a file become `new`."""

    file: str
    line: int
    start: int
    stop: int
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.old} -> {self.new}"


def mutants_of(file: Path) -> Iterator[Mutant]:
    """Every mutant of a file."""
    text = file.read_text("utf-8")
    lines = [0]
    for line in text.encode().splitlines(keepends=True):
        lines.append(lines[-1] + len(line))
    tree = ast.parse(text)
    ignored = {id(node) for node in ast.walk(tree) if _is_message(node) for node in ast.walk(node)}
    for node in ast.walk(tree):
        if id(node) in ignored or not isinstance(node, (ast.expr, ast.Return)):
            continue
        for new in _replacements(node):
            start = lines[node.lineno - 1] + node.col_offset
            stop = lines[node.end_lineno - 1] + node.end_col_offset  # type: ignore[operator]
            old = text.encode()[start:stop].decode()
            name = str(file.relative_to(ROOT))
            yield Mutant(name, node.lineno, start, stop, old, new)


def _is_message(node: ast.AST) -> bool:
    """Whether a node is the text of an error, or a type: no behaviour that a test compares."""
    if isinstance(node, (ast.Raise, ast.arg)):
        return True
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "warnings.warn"


def _replacements(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Compare(left, [operator], [right]) if type(operator) in COMPARISONS:
            yield f"{_text(left)} {COMPARISONS[type(operator)]} {_text(right)}"
        case ast.BinOp(left, operator, right) if type(operator) in OPERATORS:
            if not any(isinstance(side, (ast.JoinedStr, ast.Constant)) and
                       not isinstance(getattr(side, "value", 0), (int, float))
                       for side in (left, right)):  # fmt: skip
                yield f"{_text(left)} {OPERATORS[type(operator)]} {_text(right)}"
        case ast.BoolOp(operator, values):
            word = " or " if isinstance(operator, ast.And) else " and "
            yield "(" + word.join(map(_text, values)) + ")"
        case ast.UnaryOp(ast.Not(), operand):
            yield f"bool({_text(operand)})"
        case ast.Constant(bool() as value):
            yield str(not value)
        case ast.Constant(int() | float() as value):
            yield f"({value!r} + 1)"
        case ast.IfExp(test, body, orelse):
            yield f"({_text(orelse)} if {_text(test)} else {_text(body)})"
        case ast.Return(ast.expr() as value) if not isinstance(value, ast.Constant):
            yield "return None"


def _text(node: ast.expr) -> str:
    return f"({ast.unparse(node)})"


def tests_by_line(data: Path) -> dict[str, dict[int, set[str]]]:
    """Of each file and line, the tests that execute it, from a run under coverage."""
    stored = coverage.CoverageData(str(data))
    stored.read()
    found: dict[str, dict[int, set[str]]] = {}
    for file in stored.measured_files():
        contexts = stored.contexts_by_lineno(file)
        found[str(Path(file).relative_to(ROOT))] = {
            line: {test.rpartition("|")[0] for test in tests if test}
            for line, tests in contexts.items()
        }
    return found


def run_under_coverage(data: Path, tests: list[str], workers: int) -> None:
    """Run the tests once, and record which of them execute which line."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", str(workers)]
    command += ["-m", FAST, "--cov=d2l", "--cov-context=test", "--cov-report=", *tests]
    environment = os.environ | {"COVERAGE_FILE": str(data)}
    subprocess.run(command, cwd=ROOT, env=environment, check=False)


def outcome(mutant: Mutant, tests: list[str], tree: Path) -> str:
    """`killed`, `timeout`, `survived`, `not covered` or `untried`, in a copy of the repository."""
    if not tests:
        return "not covered"
    file = tree / mutant.file
    original = file.read_bytes()
    file.write_bytes(original[: mutant.start] + mutant.new.encode() + original[mutant.stop :])
    try:
        status = _status(tests, tree)
    finally:
        file.write_bytes(original)
    if status == 0:
        return "survived"
    if status is None:
        return "timeout"
    # Another status can also come from the tests themselves, such as a name that does not exist.
    return "killed" if status == 1 or _status(tests, tree) == 0 else "untried"


def _status(tests: list[str], tree: Path) -> int | None:
    """What pytest ends with: 0 passed, 1 failed, above that it could not run them; None: too late.

    It runs in a fork of this process, which has imported PyTorch but not d2l: two seconds less.
    """
    child = os.fork()
    if child == 0:
        _run_pytest(tests, tree)
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.05)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def _run_pytest(tests: list[str], tree: Path) -> None:
    """In the child: run the tests on the copy, then end with pytest's status."""
    status = 3  # as pytest's for an internal error
    try:
        os.setsid()
        os.chdir(tree)
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nothing, stream)
        os.environ |= {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
        sys.dont_write_bytecode = True
        sys.path.insert(0, str(tree))
        status = int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *tests]))
    finally:
        os._exit(status)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sample", type=int, default=300, help="mutants, drawn at random")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", help="a file, instead of the packages")
    parser.add_argument("--again", type=Path, help="what an earlier run printed: its survivors")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--unchanged", action="store_true",
                        help="change nothing: every one must survive")  # fmt: skip
    parser.add_argument("--coverage", type=Path, default=ROOT / "out" / "mutants.coverage")
    options = parser.parse_args()
    options.coverage.parent.mkdir(exist_ok=True)
    if not options.coverage.exists():
        tests = [f"tests/{folder}" for folder in TESTS]
        run_under_coverage(options.coverage, tests, options.workers)
    executed = tests_by_line(options.coverage)
    files = [ROOT / options.only] if options.only else [
        file for package in PACKAGES for file in sorted((ROOT / "d2l" / package).rglob("*.py"))
    ]  # fmt: skip
    every = [mutant for file in files for mutant in mutants_of(file)]
    chosen = random.Random(options.seed).sample(every, min(options.sample, len(every)))
    if options.again:
        survivors = _survivors(options.again.read_text("utf-8"))
        chosen = [mutant for mutant in chosen if str(mutant) in survivors]
    print(f"{len(every)} mutants in {len(files)} files; {len(chosen)} are tried", flush=True)
    if options.unchanged:
        chosen = [replace(mutant, new=mutant.old) for mutant in chosen]
    report(list(tried(chosen, executed, options.workers)))


def _survivors(printed: str) -> set[str]:
    """The mutants, as text, that were not killed according to an earlier run."""
    ended = re.compile(r"^(killed|timeout|survived|not covered|untried) +", re.MULTILINE)
    parts = ended.split(printed)[1:]
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return {text.strip() for status, text in pairs if status not in ("killed", "timeout")}


def tried(
    chosen: list[Mutant], executed: dict[str, dict[int, set[str]]], workers: int
) -> Iterator[tuple[Mutant, str]]:
    """Each mutant with its outcome; as many at once as there are workers, each in a copy."""
    num_lines = Counter(
        test for lines in executed.values() for tests in lines.values() for test in tests
    )
    with tempfile.TemporaryDirectory() as folder:
        trees: Queue[Path] = Queue()
        for number in range(workers):
            tree = Path(folder, str(number))
            ignored = shutil.ignore_patterns(".git", ".venv*", "out", ".rivals", "__pycache__")
            shutil.copytree(ROOT, tree, ignore=ignored, symlinks=True)
            trees.put(tree)

        def attempt(mutant: Mutant) -> tuple[Mutant, str]:
            lines = executed.get(mutant.file, {})
            tests = sorted(lines.get(mutant.line, ()), key=lambda test: (num_lines[test], test))
            if not tests:  # it runs at import, such as a constant: tests of little but its file
                of_file = Counter(test for executing in lines.values() for test in executing)
                tests = sorted(of_file, key=lambda test: (-of_file[test] / num_lines[test], test))
            nearest, others = tests[:NEAREST_TESTS], tests[NEAREST_TESTS:]
            random.Random(0).shuffle(others)
            tree = trees.get()
            try:
                found = outcome(mutant, nearest + others[:OTHER_TESTS], tree)
                more = others[OTHER_TESTS : OTHER_TESTS + MORE_TESTS]
                if found == "survived" and more:
                    found = outcome(mutant, more, tree)
                if found == "survived":
                    found = outcome(mutant, ["-m", FAST, *_files_of(tests)], tree)
                is_seen = mutant.file.startswith(IN_PROCESS) and mutant.line in lines
                if found in ("survived", "not covered") and not is_seen:
                    found = outcome(mutant, _tests_of_children(mutant.file), tree)
            finally:
                trees.put(tree)
            print(f"{found:12} {mutant}", flush=True)
            return mutant, found

        with ThreadPoolExecutor(workers) as pool:
            yield from pool.map(attempt, chosen)


def _files_of(tests: list[str]) -> list[str]:
    """The files of the first tests: what a fixture or a cache keeps is seen by other tests, too."""
    return list(dict.fromkeys(test.partition("::")[0] for test in tests))[:MORE_FILES]


def _tests_of_children(file: str) -> list[str]:
    named = (tests for package, tests in TESTS_OF_CHILDREN.items() if file.startswith(package))
    return [f"tests/{test}" for tests in named for test in tests]


def report(results: list[tuple[Mutant, str]]) -> None:
    """Print how many were killed, and every one that was not."""
    killed = [mutant for mutant, found in results if found in ("killed", "timeout")]
    print(f"\nkilled {len(killed)} of {len(results)}: {len(killed) / max(1, len(results)):.0%}")
    for mutant, found in results:
        if found not in ("killed", "timeout"):
            print(f"{found:12} {mutant}")


if __name__ == "__main__":
    main()
