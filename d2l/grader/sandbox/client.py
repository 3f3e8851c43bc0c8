"""Runs a command in a sandbox, within its limits, and reads what it writes.

Knows nothing of notebooks or messages: bytes go in, bytes come out, nothing outlives the run.
"""

import io
import json
import os
import queue
import select
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO, Literal

from d2l.errors import D2LError
from d2l.grader.sandbox import bubblewrap, container, no_isolation
from d2l.grader.sandbox.cgroup import cores_of_one_run, group_of, started_on
from d2l.grader.sandbox.isolation import (
    MARK,
    IsolationError,
    LaunchSpec,
    Level,
    SandboxConfig,
)
from d2l.grader.sandbox.process_tree import kill_run
from d2l.grader.sandbox.resource_monitor import POLL_SECONDS, Exceeded, ResourceMonitor
from d2l.grader.sandbox.workspace import Workspace, new_workspace

# "broken": `read` raised; "start": the command could not be started.
ProcessStatus = Literal[
    "ok", "timeout", "memory", "processes", "output", "disk", "died", "broken", "start"
]
GRACE_SECONDS = 2.0  # for a run that has sent everything, to end by itself
_TAIL = 2000  # characters kept of what a run complains
_PIPE_SECONDS = 5.0  # for pipes to close after the last process has ended
_PAUSE_SECONDS = 0.005  # between two looks whether a thread runs


class OutputLimitError(D2LError, OSError):
    """A run that writes more than it may."""


@dataclass(frozen=True)
class ProcessResult:
    """What became of a command; all processes that it started are gone."""

    status: ProcessStatus
    reason: str  # one readable line; empty when status is "ok"
    exit_code: int | None  # None: it was ended from outside
    seconds: float
    peak_memory: int  # bytes, of all its processes
    stderr_tail: str  # hostile like all that comes out
    error: Exception | None = None  # what `read` raised


class Outbox:
    """What is written to a run's stdin, in order, without waiting for it to be read."""

    def __init__(self, content: bytes = b"") -> None:
        self._parts: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self.send(content)

    def send(self, content: bytes) -> None:
        """Write `content` as soon as there is room."""
        if content:
            self._parts.put(content)

    def close(self) -> None:
        """Close the pipe after all that was sent."""
        self._parts.put(b"")

    def feed(self, pipe: IO[bytes]) -> None:
        """Write what comes until the end; nothing more where nobody reads it."""
        with suppress(BrokenPipeError), pipe:
            while part := self._parts.get():
                rest = memoryview(part)
                while rest:
                    rest = rest[pipe.write(rest) :]


def run_sandboxed(
    command: Sequence[str],
    sandbox: SandboxConfig,
    stdin: bytes | Outbox,
    read: Callable[[BinaryIO], None],
    files: Path | None = None,
) -> ProcessResult:
    """Run `command` in the sandbox's folder `work`, where copies of `files` lie.

    `read` gets what the command writes to its stdout, in a thread of its own. When it returns, or
    raises at the end of that, the command has two seconds to end; if it raises before, it has none.
    Raises `IsolationError` if there is no such sandbox on this machine.
    """
    if os.name != "posix":
        raise IsolationError(
            "notebooks of others run on Linux and macOS alone; on Windows use WSL "
            "(`wsl --install`), and install d2l there"
        )
    outbox = stdin if isinstance(stdin, Outbox) else Outbox(stdin)
    if isinstance(stdin, bytes):
        outbox.close()
    workspace = new_workspace(files)
    with ExitStack() as stack:
        cores = stack.enter_context(cores_of_one_run(sandbox.limits.threads))
        spec = _launch(command, sandbox, workspace, stack)
        return _Run(sandbox, spec, cores).run(outbox, read)


def _launch(
    command: Sequence[str], sandbox: SandboxConfig, workspace: Workspace, stack: ExitStack
) -> LaunchSpec:
    if sandbox.level == Level.BUBBLEWRAP:
        return bubblewrap.launch(command, sandbox, workspace)
    launch = container.launch if sandbox.level == Level.CONTAINER else no_isolation.launch
    return launch(command, sandbox, workspace, stack.enter_context(workspace.folder()))


class _Run:
    """One command, the threads that carry bytes to and from it, and the watch over its limits."""

    def __init__(self, sandbox: SandboxConfig, spec: LaunchSpec, cores: Sequence[int]) -> None:
        self.sandbox, self.spec, self.cores = sandbox, spec, cores
        self.error: Exception | None = None
        self.tail = b""
        self.wake = threading.Event()
        self.all_was_read = threading.Event()
        self.is_to_end = threading.Event()

    def run(self, outbox: Outbox, read: Callable[[BinaryIO], None]) -> ProcessResult:
        start = time.monotonic()
        try:
            process = self._start()
        except OSError as error:
            return ProcessResult(
                "start", f"{self.spec.command[0]}: {error.strerror or error}", None, 0.0, 0, ""
            )
        work = (
            (outbox.feed, (process.stdin,)),
            (self._read, (process.stdout, read)),
            (self._keep_tail, (process.stderr,)),
            (self._note_end, (process,)),
        )
        threads: list[threading.Thread] = []
        group = group_of(process.pid) if self.spec.is_local else None
        monitor = ResourceMonitor(process.pid, self.sandbox.limits, self.spec, group)
        with _closed(process, threads, outbox), _ended(process, self.spec):
            for target, arguments in work:
                threads.append(threading.Thread(target=target, args=arguments, daemon=True))
                threads[-1].start()
            with self.sandbox.cancellation.subscribed(self._end):
                found = self._watch(process, monitor)
        seconds = time.monotonic() - start
        return self._conclude(found, process.returncode, seconds, monitor.peak_memory)

    def _start(self) -> "subprocess.Popen[bytes]":
        user = self.spec.user
        who: dict[str, Any] = {}
        if user is not None:
            who = {"user": user, "group": user, "extra_groups": []}
        try:
            with started_on(self.cores):
                return subprocess.Popen(
                    self.spec.command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    bufsize=0,
                    env=self.spec.environment,
                    cwd=self.spec.folder,
                    pass_fds=self.spec.passed,
                    start_new_session=True,
                    umask=0o022,
                    **who,
                )
        finally:
            for descriptor in self.spec.passed:
                os.close(descriptor)

    def _watch(
        self, process: "subprocess.Popen[bytes]", monitor: ResourceMonitor
    ) -> Exceeded | None:
        """Wait until the run ends, exceeds a limit, or is to be ended; None: it ended by itself."""
        deadline = None
        while process.poll() is None:
            if self.is_to_end.is_set():
                return "stopped", "it was stopped"
            if self.all_was_read.is_set() and deadline is None:
                deadline = time.monotonic() + GRACE_SECONDS
            if deadline is not None and time.monotonic() > deadline:
                return "ok", ""
            if (exceeded := monitor.exceeded_limit()) is not None:
                return exceeded
            self.wake.wait(POLL_SECONDS)
            self.wake.clear()
        return None

    def _end(self) -> None:
        self.is_to_end.set()
        self.wake.set()

    def _note_end(self, process: "subprocess.Popen[bytes]") -> None:
        with suppress(OSError):
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        self.wake.set()

    def _read(self, pipe: IO[bytes], read: Callable[[BinaryIO], None]) -> None:
        limited = _LimitedReader(pipe, self.sandbox.limits.output)
        try:
            read(io.BufferedReader(limited))
        except Exception as error:  # handed on in `ProcessResult.error`
            self.error = error
        # What can send no more may be ending, and how it ends is worth knowing.
        if self.error is None or limited.has_ended:
            self.all_was_read.set()
        else:
            self.is_to_end.set()
        self.wake.set()
        while pipe.read(2**16):  # a full pipe would keep the run from ending by itself
            pass

    def _keep_tail(self, pipe: IO[bytes]) -> None:
        while part := pipe.read(2**16):
            self.tail = (self.tail + part)[-4 * _TAIL :]

    def _conclude(
        self, found: Exceeded | None, code: int | None, seconds: float, peak: int
    ) -> ProcessResult:
        status, reason = found or _ended_by_itself(code)
        if isinstance(self.error, OutputLimitError):
            status, reason = "output", str(self.error)
        elif status == "stopped" or (status == "ok" and self.error is not None):
            status, reason = "broken", str(self.error or reason)
        tail = self.tail.decode(errors="replace")[-_TAIL:]
        exit_code = code if found is None else None
        return ProcessResult(status, reason, exit_code, seconds, peak, tail, self.error)  # type: ignore[arg-type]


@contextmanager
def _closed(
    process: "subprocess.Popen[bytes]", threads: Sequence[threading.Thread], outbox: Outbox
) -> Iterator[None]:
    """Have the threads end, and close the pipes, once no process of the run is left."""
    try:
        yield
    finally:
        outbox.close()
        for thread in threads:
            _join(thread)
        if not any(thread.is_alive() for thread in threads):
            for pipe in (process.stdin, process.stdout, process.stderr):
                assert pipe is not None
                pipe.close()


def _join(thread: threading.Thread) -> None:
    """Wait for the end of a thread, the one too whose start was interrupted by Ctrl-C."""
    deadline = time.monotonic() + _PIPE_SECONDS
    while time.monotonic() < deadline:
        try:
            thread.join(_PIPE_SECONDS)
            return
        except RuntimeError:  # it does not run yet
            time.sleep(_PAUSE_SECONDS)


@contextmanager
def _ended(process: "subprocess.Popen[bytes]", spec: LaunchSpec) -> Iterator[None]:
    """Leave no process of the run behind, however the block ends."""
    inner = _first_inside(spec)
    try:
        yield
    finally:
        root = process.pid if process.returncode is None else None
        kill_run(root, spec.runs_as, spec.environment.get(MARK, ""))
        process.wait()
        _wait_for_end(inner)
        if spec.afterwards:
            with suppress(subprocess.TimeoutExpired):
                # It fails when nothing is left of a container that ended by itself.
                subprocess.run(spec.afterwards, capture_output=True, timeout=30, check=False)


def _first_inside(spec: LaunchSpec) -> int | None:
    """A descriptor of the first process in bubblewrap's namespaces: they end when it does."""
    if spec.info is None:
        return None
    with open(spec.info, "rb") as reported:
        try:
            return os.pidfd_open(int(json.load(reported)["child-pid"]))
        except (ValueError, KeyError, OSError):  # it did not get that far, or has ended
            return None


def _wait_for_end(inner: int | None) -> None:
    if inner is not None:
        waiter = select.poll()
        waiter.register(inner, select.POLLIN)
        waiter.poll(30_000)
        os.close(inner)


def _ended_by_itself(code: int | None) -> Exceeded:
    if code == 0:
        return "ok", ""
    assert code is not None
    how = f"signal {-code}" if code < 0 else f"exit status {code}"
    return "died", f"its process ended with {how}"


class _LimitedReader(io.RawIOBase):
    """A pipe that raises `OutputLimitError` when more comes out of it than may.

    `has_ended` is whether all was read, to the end that its writers have closed.
    """

    def __init__(self, pipe: IO[bytes], limit: int) -> None:
        self._pipe, self._limit, self._left = pipe, limit, limit
        self.has_ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        part = self._pipe.read(len(buffer))
        self.has_ended = not part
        self._left -= len(part)
        if self._left < 0:
            raise OutputLimitError(f"it put out more than {self._limit:,} bytes")
        buffer[: len(part)] = part
        return len(part)
