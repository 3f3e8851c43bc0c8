"""Small programs run in sandboxes, as the tests of this folder need them."""

import os
import sys
import time
import uuid
from functools import cache
from pathlib import Path

import pytest

from d2l.grader.sandbox.client import run_sandboxed
from d2l.grader.sandbox.isolation import IsolationError, Level, Limits, SandboxConfig
from d2l.grader.sandbox.workspace import python_folders, require_readable, unprivileged_user

# Root's own Python may lie where the unprivileged user that runs become cannot read it.
SYSTEM_PYTHON = "/usr/bin/python3"
PYTHON = SYSTEM_PYTHON if Path(SYSTEM_PYTHON).exists() else sys.executable
CHECKOUT = Path(__file__).parents[3]


def limits(**changes):
    """Limits that no test comes near but those it changes."""
    generous = {
        "seconds": 200, "wall_seconds": 200, "memory": 2**29, "processes": 30, "disk": 2**25,
        "output": 2**20,
    }  # fmt: skip
    return Limits(**(generous | changes))


def guarded(source, level, stdin=b"", read=None, files=None, data=None, network=False, **changes):
    """What became of a Python program, and the text that it printed."""
    said = []
    sandbox = SandboxConfig(level, limits(**changes), data=data, network=network)
    command = [PYTHON, "-I", "-S", "-c", source]
    found = run_sandboxed(command, sandbox, stdin, read or (lambda p: said.append(p.read())), files)
    return found, b"".join(said).decode()


@cache
def why_not(level):
    """Why there is no such isolation on this machine; empty if there is."""
    try:
        found, said = guarded("print(6 * 7)", level)
    except IsolationError as error:
        return str(error)
    return "" if said == "42\n" else f"{found.reason} {found.stderr_tail}"


def need(level):
    """Skip the test where there is no such isolation."""
    if why_not(level):
        pytest.skip(f"no isolation {level.title} here: {why_not(level)}")
    return level


def need_own_python(level):
    """Skip the test where a run at this level cannot read the Python of the tests."""
    if level == Level.NONE:
        try:
            require_readable(python_folders(), unprivileged_user(), with_parents=True)
        except IsolationError as error:
            pytest.skip(str(error))


def best():
    """The highest level of this machine."""
    levels = (Level.BUBBLEWRAP, Level.NONE)
    return next(level for level in levels if not why_not(level))


def token():
    """A word that is on the command line of one test's processes alone."""
    return f"token-{uuid.uuid4().hex}"


def alive_with(word):
    """The processes with this word on their command line."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes()
        except OSError:  # ended in between
            continue
        if word.encode() in line and int(folder.name) != os.getpid():
            found.append((int(folder.name), line))
    return found


def wait_until(condition, seconds):
    """Whether the condition comes true within that time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
