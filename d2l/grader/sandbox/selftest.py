"""Verify the guarantees of a sandbox before untrusted code runs in it.

Small programs run inside and try to break each guarantee, whatever the kind of isolation.
"""

import os
import socket
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from d2l.grader.sandbox import cgroup
from d2l.grader.sandbox.client import ProcessResult, run_sandboxed
from d2l.grader.sandbox.isolation import IsolationError, Level, Limits, SandboxConfig

BEGUN = "begun"  # printed by a program before its attempt
SUCCEEDED = "succeeded"  # printed if the attempt was successful
_MEGABYTE = 2**20


@dataclass(frozen=True)
class EscapeAttempt:
    """A program that tries to exceed `limits`."""

    name: str
    limits: Limits
    program: str


LOOK_AROUND = """
import os, socket, sys
port, process, *paths = sys.stdin.read().split("\\n")
try:
    socket.create_connection(("127.0.0.1", int(port)), timeout=0.5).close()
    print("connected", "a connection to a server outside was possible")
except OSError:
    pass
for path in paths:
    try:
        os.listdir(path) if os.path.isdir(path) else open(path, "rb").close()
        print("read", path, "could be read")
    except OSError:
        pass
if os.getpid() > 100 or os.path.exists("/proc/" + process):
    print("process", "the processes of the machine are visible")
print("done")
"""

_MEMORY = f"""
import time
print("{BEGUN}", flush=True)
try:
    kept = [bytearray(b"x") * {16 * _MEGABYTE} for part in range(20)]
    time.sleep(2)
    print("{SUCCEEDED}")
except MemoryError:
    pass
"""

_PROCESSES = f"""
import os, time
print("{BEGUN}", flush=True)
try:
    for number in range(40):
        if os.fork() == 0:
            time.sleep(3)
            os._exit(0)
    time.sleep(2)
    print("{SUCCEEDED}")
except OSError:
    pass
"""

_DISK = f"""
import time
print("{BEGUN}", flush=True)
try:
    for number in range(8):
        with open(f"part{{number}}", "wb") as file:
            file.write(bytes({4 * _MEGABYTE}))
    time.sleep(2)
    print("{SUCCEEDED}")
except OSError:
    pass
"""

_TIME = f"""
import os, signal, time
print("{BEGUN}", flush=True)
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
time.sleep(8)
print("{SUCCEEDED}")
"""

ATTEMPTS = (
    EscapeAttempt("time", Limits(wall_seconds=1.0), _TIME),
    EscapeAttempt("memory", Limits(wall_seconds=10, memory=160 * _MEGABYTE), _MEMORY),
    EscapeAttempt("processes", Limits(wall_seconds=10, processes=20), _PROCESSES),
    EscapeAttempt("disk", Limits(wall_seconds=10, disk=16 * _MEGABYTE), _DISK),
)


@dataclass(frozen=True)
class Guarantee:
    """One guarantee of a sandbox, and how it was broken if it does not hold."""

    name: str
    holds: bool
    problem: str = ""


@dataclass(frozen=True)
class SelfTest:
    """The level of isolation, and the guarantees that were verified."""

    level: Level
    guarantees: tuple[Guarantee, ...]

    def __str__(self) -> str:
        verified = ", ".join(guarantee.name for guarantee in self.guarantees)
        lines = [f"isolation: {self.level.title} (verified: {verified})"]
        if self.level == Level.NONE:
            lines.append(
                "  WARNING: no isolation: submissions can use the network, read this user's files "
                "and interfere with the grading"
            )
        if self.level == Level.BUBBLEWRAP:
            why_not = cgroup.unavailable()
            by = f"measured by d2l ({why_not})" if why_not else "limited by cgroup v2"
            lines.append(f"  memory, processes and CPU share: {by}")
        return "\n".join(lines)


def choose_isolation(
    requested: Level | None = None,
    required: Level | None = None,
    hidden: Sequence[Path] = (),
    container_image: str | None = None,
    container_engine: str | None = None,
) -> SelfTest:
    """Return the requested level, bubblewrap by default, if its guarantees hold on this machine.

    `hidden` are paths that must not be visible inside: the reference, the submissions. Raises
    `IsolationError` if a guarantee does not hold, or if the level is below `required`. Nothing runs
    without isolation unless `Level.NONE` is requested.
    """
    level = Level.BUBBLEWRAP if requested is None else requested
    if required is not None and level < required:
        raise IsolationError(
            f"isolation level {required.title} or higher is required, but {level.title} was "
            f"requested. Use --isolation {required.title}."
        )
    sandbox = SandboxConfig(
        level, Limits(), container_image=container_image, container_engine=container_engine
    )
    try:
        guarantees = _try(sandbox, hidden)
        if _broken(guarantees):  # retry once: a chance failure must not end the grading
            guarantees = _try(sandbox, hidden)
        broken = _broken(guarantees)
    except IsolationError as error:
        broken = str(error)
    else:
        broken = broken and f"broken guarantees: {broken}"
    if broken:
        hint = "`d2l doctor` prints what is missing"
        if level > Level.NONE:
            hint += "; `--isolation none` runs without isolation"
        raise IsolationError(
            f"isolation level {level.title} is not available on this machine: {broken}. {hint}"
        )
    return SelfTest(level, guarantees)


def _broken(guarantees: Sequence[Guarantee]) -> str:
    names: dict[str, list[str]] = {}
    for one in guarantees:
        if not one.holds:
            names.setdefault(one.problem, []).append(one.name)
    return "; ".join(f"{', '.join(found)} ({problem})" for problem, found in names.items())


def _try(sandbox: SandboxConfig, hidden: Sequence[Path]) -> tuple[Guarantee, ...]:
    with ThreadPoolExecutor(len(ATTEMPTS) + 1) as threads:
        is_isolated = sandbox.level > Level.NONE
        isolation = threads.submit(_look_around, sandbox, hidden) if is_isolated else None
        limits = list(threads.map(lambda attempt: _attempt(sandbox, attempt), ATTEMPTS))
        return (*(isolation.result() if isolation else ()), *limits)


def _attempt(sandbox: SandboxConfig, attempt: EscapeAttempt) -> Guarantee:
    """Run a program that exceeds a limit: the guarantee holds if it does not succeed."""
    for factor in (1, 4):
        wall_seconds = factor * attempt.limits.stop_seconds
        limits = replace(attempt.limits, wall_seconds=wall_seconds)
        printed, result = _run(attempt.program, replace(sandbox, limits=limits))
        if printed or result.status != "timeout":  # on a busy machine it may start too late
            break
    problem = "" if printed.startswith(BEGUN) else f"the test did not start: {_why(result)}"
    if SUCCEEDED in printed:
        problem = "a program exceeded the limit"
    return Guarantee(attempt.name, holds=not problem, problem=problem)


def _look_around(sandbox: SandboxConfig, hidden: Sequence[Path]) -> tuple[Guarantee, ...]:
    with _server() as port, _secrets() as secrets:
        paths = [*secrets, *(path.resolve() for path in hidden)]
        sent = "\n".join([str(port), str(os.getpid()), *map(str, paths)])
        printed, result = _run(LOOK_AROUND, sandbox, sent)
    seen = dict(line.partition(" ")[::2] for line in printed.splitlines())
    broken = "" if "done" in seen else f"the test did not finish: {_why(result)}"
    names = {"connected": "network off", "read": "files hidden", "process": "processes hidden"}
    problems = {name: broken or seen.get(word, "") for word, name in names.items()}
    return tuple(Guarantee(name, holds=not why, problem=why) for name, why in problems.items())


def _run(program: str, sandbox: SandboxConfig, sent: str = "") -> tuple[str, ProcessResult]:
    printed: list[bytes] = []
    command = [sys.executable, "-I", "-S", "-c", program]
    result = run_sandboxed(
        command, sandbox, sent.encode(), lambda pipe: printed.append(pipe.read())
    )
    return b"".join(printed).decode(errors="replace"), result


def _why(result: ProcessResult) -> str:
    return "; ".join([result.reason, *result.stderr_tail.strip().splitlines()[-1:]])


@contextmanager
def _server() -> Iterator[int]:
    """Listen on the loopback interface; yield the port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


@contextmanager
def _secrets() -> Iterator[list[Path]]:
    """Create a world-readable file in the temporary folder and in the home folder."""
    folders = [tempfile.gettempdir(), os.path.expanduser("~")]
    with ExitStack() as stack:
        files = [
            stack.enter_context(tempfile.NamedTemporaryFile(dir=folder, prefix=".d2l-selftest-"))
            for folder in folders
            if os.access(folder, os.W_OK)
        ]
        for file in files:
            os.chmod(file.name, 0o644)
        yield [Path(file.name).resolve() for file in files]
