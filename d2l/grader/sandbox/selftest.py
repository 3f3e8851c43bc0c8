"""Tries what the walls claim, before anybody's work is trusted to them.

Knows nothing of how walls are made: small programs run behind them and try to break each claim.
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

from d2l.grader.sandbox.client import ProcessResult, run_sandboxed
from d2l.grader.sandbox.escape_attempts import ATTEMPTS, BEGUN, KEPT, LOOK_AROUND, Attempt
from d2l.grader.sandbox.isolation import SandboxConfig
from d2l.grader.sandbox.level import IsolationError, Level
from d2l.grader.sandbox.limits import Limits

_BY_ITSELF = (Level.BUBBLEWRAP, Level.NAMESPACES, Level.LIMITS)  # an image must be asked for


@dataclass(frozen=True)
class Guarantee:
    """One thing that the walls claim, and what a program behind them found."""

    what: str
    held: bool
    found: str = ""


@dataclass(frozen=True)
class SelfTest:
    """The level that was reached, the claims that were tried, and why it is not a higher one."""

    level: Level
    claims: tuple[Guarantee, ...]
    not_reached: tuple[str, ...] = ()

    def __str__(self) -> str:
        tried = ", ".join(claim.what for claim in self.claims)
        lines = [f"isolation: {self.level.title} (tried and held: {tried})"]
        if self.level < Level.NAMESPACES:
            lines.append("  NOT held: submissions can use the network and read this user's files")
        return "\n".join([*lines, *(f"  {reason}" for reason in self.not_reached)])


def choose_isolation(
    asked: Level | None = None,
    required: Level | None = None,
    hidden: Sequence[Path] = (),
    container_image: str | None = None,
    container_engine: str | None = None,
) -> SelfTest:
    """Return the level asked for, or the highest whose claims hold on this machine.

    `hidden` are paths that must be out of sight behind walls: the reference, the submissions.
    Raises `IsolationError` if no level holds, or none as high as `required`.
    """
    not_reached: list[str] = []
    for level in _BY_ITSELF if asked is None else (asked,):
        sandbox = SandboxConfig(
            level,
            Limits(),
            container_image=container_image,
            container_engine=container_engine,
        )
        try:
            claims = _try(sandbox, hidden)
            if _broken(claims):  # once more: what fails by chance must not lower the walls
                claims = _try(sandbox, hidden)
        except IsolationError as error:
            not_reached.append(f"{level.title}: {error}")
            continue
        if broken := _broken(claims):
            not_reached.append(f"{level.title}: not held: {broken}")
        elif required is None or level >= required:
            return SelfTest(level, claims, tuple(not_reached))
        else:
            not_reached.append(f"{level.title}: there, and below {required.title}")
    wanted = max(asked or Level.LIMITS, required or Level.LIMITS)
    raise IsolationError(
        f"isolation at the level {wanted.title} or above was asked for and is not to be had here. "
        + "; ".join(not_reached)
    )


def _broken(claims: Sequence[Guarantee]) -> str:
    reasons = dict.fromkeys(claim.found for claim in claims if not claim.held)
    whats = {why: ", ".join(one.what for one in claims if one.found == why) for why in reasons}
    return "; ".join(f"{what} ({reason})" for reason, what in whats.items())


def _try(sandbox: SandboxConfig, hidden: Sequence[Path]) -> tuple[Guarantee, ...]:
    with ThreadPoolExecutor(len(ATTEMPTS) + 1) as threads:
        walls = (
            threads.submit(_look_around, sandbox, hidden) if sandbox.level > Level.LIMITS else None
        )
        claims = list(threads.map(lambda attempt: _attempt(sandbox, attempt), ATTEMPTS))
        return (*(walls.result() if walls else ()), *claims)


def _attempt(sandbox: SandboxConfig, attempt: Attempt) -> Guarantee:
    """Have a program use more than it may: the claim holds if it does not get away with it."""
    for seconds in (attempt.limits.seconds, 4 * attempt.limits.seconds):
        limits = replace(attempt.limits, seconds=seconds)
        said, guarded = _run(attempt.program, replace(sandbox, limits=limits))
        if said or guarded.status != "timeout":  # on a busy machine it may begin too late
            break
    found = "" if said.startswith(BEGUN) else f"the trial did not begin: {_why(guarded)}"
    if KEPT in said:
        found = "it got away with more than it may"
    return Guarantee(attempt.what, held=not found, found=found)


def _look_around(sandbox: SandboxConfig, hidden: Sequence[Path]) -> Iterator[Guarantee]:
    with _server() as port, _secrets() as secrets:
        paths = [*secrets, *(path.resolve() for path in hidden)]
        told = "\n".join([str(port), str(os.getpid()), *map(str, paths)])
        said, guarded = _run(LOOK_AROUND, sandbox, told)
    seen = dict(line.partition(" ")[::2] for line in said.splitlines())
    broken = "" if "done" in seen else f"the trial did not end: {_why(guarded)}"
    for word, what in (("connected", "network off"), ("read", "files out of sight"),
                       ("process", "other processes out of sight")):  # fmt: skip
        found = broken or seen.get(word, "")
        yield Guarantee(what, held=not found, found=found)


def _run(program: str, sandbox: SandboxConfig, told: str = "") -> tuple[str, ProcessResult]:
    said: list[bytes] = []
    command = [sys.executable, "-I", "-S", "-c", program]
    guarded = run_sandboxed(command, sandbox, told.encode(), lambda pipe: said.append(pipe.read()))
    return b"".join(said).decode(errors="replace"), guarded


def _why(guarded: ProcessResult) -> str:
    return "; ".join([guarded.reason, *guarded.said.strip().splitlines()[-1:]])


@contextmanager
def _server() -> Iterator[int]:
    """Listen on the loopback; give the port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


@contextmanager
def _secrets() -> Iterator[list[Path]]:
    """Plant a file that anybody may read in the temporary folder and in the home folder."""
    folders = [tempfile.gettempdir(), os.path.expanduser("~")]
    with ExitStack() as stack:
        files = [
            stack.enter_context(tempfile.NamedTemporaryFile(dir=folder, prefix=".d2l-probe-"))
            for folder in folders
            if os.access(folder, os.W_OK)
        ]
        for file in files:
            os.chmod(file.name, 0o644)
        yield [Path(file.name).resolve() for file in files]
