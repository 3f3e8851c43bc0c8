"""Runs a command behind the walls of a sandbox, within its limits, and reads what it says.

Knows nothing of notebooks or frames: bytes go in, bytes come out, nothing outlives the run.
"""

import io
import json
import os
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO, Literal

from d2l.grader.sandbox import bubblewrap, container, namespaces, no_isolation
from d2l.grader.sandbox.isolation import LaunchSpec, SandboxConfig, program
from d2l.grader.sandbox.level import Level
from d2l.grader.sandbox.limited_reader import LimitedReader, OutputLimitError
from d2l.grader.sandbox.workspace import temp_workspace

# "broken": `read` raised; "start": the command could not be started, or was not looked after.
ProcessStatus = Literal[
    "ok", "timeout", "memory", "processes", "output", "disk", "died", "broken", "start"
]
_WALLS = {
    Level.LIMITS: no_isolation.launch,
    Level.NAMESPACES: namespaces.launch,
    Level.BUBBLEWRAP: bubblewrap.launch,
    Level.CONTAINER: container.launch,
}
_SAID = 2000  # characters kept of what a run complains
_PATIENCE_SECONDS = 5.0  # for pipes to close after the last process has ended
_NO_REPORT = {"status": "start", "reason": "its supervisor ended without a report"}


@dataclass(frozen=True)
class ProcessResult:
    """What became of a command; all processes that it started are gone."""

    status: ProcessStatus
    reason: str  # one readable line; empty when status is "ok"
    exit_code: int | None  # None: it was ended from outside
    seconds: float
    peak_memory: int  # bytes, of all its processes
    said: str  # the end of what it wrote to its stderr; hostile like all that comes out
    error: Exception | None = None  # what `read` raised


def run_sandboxed(
    command: Sequence[str],
    sandbox: SandboxConfig,
    stdin: bytes,
    read: Callable[[BinaryIO], None],
    files: Path | None = None,
) -> ProcessResult:
    """Run `command` in the sandbox's own folder `work`, where copies of `files` lie.

    `read` gets what the command writes to its stdout, in a thread of its own. When it returns, or
    raises at the end of that, the command has two seconds to end; if it raises before, it has none.
    Raises `IsolationError` if there is no such sandbox on this machine.
    """
    with temp_workspace(files) as place:
        launch = _WALLS[sandbox.level](command, sandbox, place)
        return _Guard(sandbox, launch, place.root).run(stdin, read)


class _Guard:
    """One supervisor, the threads that carry bytes to and from its run, and its report."""

    def __init__(self, sandbox: SandboxConfig, launch: LaunchSpec, place: Path) -> None:
        self.plan = asdict(launch) | asdict(sandbox.limits) | {"place": str(place)}
        self.output = sandbox.limits.output
        self.stop = sandbox.stop
        self.error: Exception | None = None
        self.said = ""

    def run(self, stdin: bytes, read: Callable[[BinaryIO], None]) -> ProcessResult:
        with _supervisor() as (supervisor, control, report):
            control.write(json.dumps(self.plan).encode() + b"\n")
            threads = [
                threading.Thread(target=self._feed, args=(supervisor.stdin, stdin), daemon=True),
                threading.Thread(
                    target=self._read, args=(supervisor.stdout, read, control), daemon=True
                ),
                threading.Thread(target=self._listen, args=(supervisor.stderr,), daemon=True),
            ]
            for thread in threads:
                thread.start()
            try:
                with self.stop.subscribed(control):
                    found = report.read()
            except BaseException:  # an interrupt: the run ends as well
                _order(control, b"k")
                raise
            finally:
                for thread in threads:
                    thread.join(_PATIENCE_SECONDS)
        stuck = any(thread.is_alive() for thread in threads)
        return self._conclude(json.loads(found) if found and not stuck else _NO_REPORT)

    def _feed(self, pipe: IO[bytes], stdin: bytes) -> None:
        rest = memoryview(stdin)
        with suppress(BrokenPipeError), pipe:  # it need not read what it is told
            while rest:
                rest = rest[pipe.write(rest) :]

    def _read(self, pipe: IO[bytes], read: Callable[[BinaryIO], None], control: IO[bytes]) -> None:
        capped = LimitedReader(pipe, self.output)
        try:
            read(io.BufferedReader(capped))
        except Exception as error:  # handed on in `ProcessResult.error`
            self.error = error
        # What can say no more may be ending, and how it ends is worth knowing.
        _order(control, b"d" if self.error is None or capped.has_ended else b"k")
        while pipe.read(2**16):  # a full pipe would keep the run from ending by itself
            pass

    def _listen(self, pipe: IO[bytes]) -> None:
        tail = b""
        while part := pipe.read(2**16):
            tail = (tail + part)[-4 * _SAID :]
        self.said = tail.decode(errors="replace")[-_SAID:]

    def _conclude(self, report: dict[str, Any]) -> ProcessResult:
        status, reason = report["status"], report["reason"]
        if isinstance(self.error, OutputLimitError):
            status, reason = "output", str(self.error)
        elif status == "stopped" or (status == "ok" and self.error is not None):
            status, reason = "broken", str(self.error or reason)
        return ProcessResult(
            status=status,
            reason=reason,
            exit_code=report.get("code"),
            seconds=report.get("seconds", 0.0),
            peak_memory=report.get("peak_memory", 0),
            said=self.said,
            error=self.error,
        )


def _order(control: IO[bytes], order: bytes) -> None:
    """Tell the supervisor that the run has said all ("d"), or is to be ended at once ("k")."""
    with suppress(BrokenPipeError):  # it has ended by itself
        control.write(order)


@contextmanager
def _supervisor() -> Iterator[tuple["subprocess.Popen[bytes]", IO[bytes], IO[bytes]]]:
    """Start a supervisor; give it, the pipe to order it about, and the one that it reports by."""
    orders, control = os.pipe()
    report, result = os.pipe()
    command = program("d2l.grader.sandbox.supervisor", str(orders), str(result), bare=True)
    with open(control, "wb", buffering=0) as to_it, open(report, "rb") as from_it:
        try:
            supervisor = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                pass_fds=(orders, result),
                start_new_session=True,
            )
        finally:
            os.close(orders)
            os.close(result)
        try:
            yield supervisor, to_it, from_it
        finally:
            to_it.close()  # if it still runs, this is its order to end everything
            supervisor.wait()
            for pipe in (supervisor.stdin, supervisor.stdout, supervisor.stderr):
                assert pipe is not None
                pipe.close()
