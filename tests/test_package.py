"""The distribution: what it requires, and that installing it leaves an environment as it was."""

import importlib.metadata
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
HARD = {"torch", "numpy", "matplotlib", "pandas", "psutil", "click", "rich"}


def requirements():
    return [line.partition(";") for line in importlib.metadata.requires("d2l") or []]


def test_the_hard_requirements_are_the_promised_ones():
    hard = {re.match(r"[\w-]+", r)[0] for r, _, marker in requirements() if "extra" not in marker}
    assert hard == HARD


def test_requirements_have_floors_and_neither_pins_nor_upper_bounds():
    for requirement, _, _ in requirements():
        name = re.match(r"[\w.-]+(\[[\w,]+\])?", requirement)[0]
        specifiers = [s.strip() for s in requirement.removeprefix(name).split(",") if s.strip()]
        assert all(s.startswith((">=", "!=")) for s in specifiers), requirement


def test_installing_into_an_environment_that_has_the_packages_changes_none_of_them(tmp_path):
    report = tmp_path / "report.json"
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--no-build-isolation"]
    command += ["--no-index", "--report", str(report), str(REPOSITORY)]
    subprocess.run(command, capture_output=True, check=True, timeout=900)
    planned = json.loads(report.read_text())["install"]
    assert {item["metadata"]["name"] for item in planned} <= {"d2l"}


def test_a_bare_pip_install_d2l_is_satisfied():
    command = [sys.executable, "-m", "pip", "install", "--no-index", "d2l"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=900)
    assert "Requirement already satisfied: d2l" in done.stdout
    assert "Installing" not in done.stdout


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
def test_make_understands_every_target_that_the_makefile_names():
    text = (REPOSITORY / "Makefile").read_text("utf-8")
    targets = re.search(r"^\.PHONY: (.*)$", text, re.M)[1].split()
    assert {"demo", "test", "docs", "dist"} <= set(targets)
    for target in targets:
        command = ["make", "--dry-run", target]
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=900)
        assert done.returncode == 0, done.stderr
        assert target == ".venv" or re.search(rf"^{target}:", text, re.M), target


def test_no_file_needs_a_module_that_only_posix_has():
    posix_only = re.compile(
        r"(?<!try:\n)^[ \t]*(import|from) (fcntl|resource|pwd|grp|termios|pty|posix)\b", re.M
    )
    files = (REPOSITORY / "d2l").rglob("*.py")
    assert [f.name for f in files if posix_only.search(f.read_text("utf-8"))] == []


def test_the_command_line_and_the_grader_load_where_posix_is_not_and_say_what_to_do():
    source = """
import importlib, os, pkgutil
import d2l.cli, d2l.grader, d2l.notebook
for package in (d2l.cli, d2l.grader, d2l.notebook):
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        importlib.import_module(found.name)
from d2l.grader.sandbox import client
from d2l.grader.sandbox.isolation import IsolationError, Level, Limits, SandboxConfig
for name in ("getuid", "geteuid", "sysconf", "sched_getaffinity"):
    delattr(os, name)
os.name = "nt"
try:
    client.run_sandboxed(["python"], SandboxConfig(Level.NONE, Limits()), b"", lambda pipe: None)
except IsolationError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-P", "-c", source], capture_output=True, text=True, check=True
    )
    assert "On Windows, use WSL" in done.stdout
