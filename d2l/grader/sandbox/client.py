"""Run a command in a sandbox with limits, and exchange bytes with it over pipes.

No process of the command outlives the run. Notebooks and messages are handled by `sandbox_run`.
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

# "broken": the callback `read` raised; "start": the command could not be started.
ProcessStatus = Literal[
    "ok", "timeout", "memory", "processes", "output", "disk", "died", "broken", "start"
]
GRACE_SECONDS = 2.0  # for a run that has sent everything to exit by itself
_TAIL = 2000  # characters kept of a run's stderr
_PIPE_SECONDS = 5.0  # for pipes to close after the last process has ended
_PAUSE_SECONDS = 0.005  # between two checks whether a thread has started


class OutputLimitError(D2LError, OSError):
    """A run that writes more than its output limit."""


@dataclass(frozen=True)
class ProcessResult:
    """The result of a command; all processes that it started have ended."""

    status: ProcessStatus
    reason: str  # one readable line; empty when status is "ok"
    exit_code: int | None  # None: it was killed
    seconds: float
    peak_memory: int  # bytes, of all its processes
    stderr_tail: str  # untrusted, like all output
    error: Exception | None = None  # raised by `read`


class Outbox:
    """A queue of bytes for a run's stdin; sending does not wait until they are read."""

    def __init__(self, content: bytes = b"") -> None:
        self._parts: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self.send(content)

    def send(self, content: bytes) -> None:
        """Queue `content`; it is written as soon as the pipe has room."""
        if content:
            self._parts.put(content)

    def close(self) -> None:
        """Close the pipe after everything queued was written."""
        self._parts.put(b"")

    def feed(self, pipe: IO[bytes]) -> None:
        """Write queued bytes to `pipe` until `close`, or until the pipe has no reader."""
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
    """Run `command` in the sandbox's folder `work`, which contains copies of `files`.

    `read` is called in a separate thread with the command's stdout. After it returns, or raises at
    the end of the stream, the command has two seconds to exit; if it raises earlier, the command is
    killed at once. Raises `IsolationError` if the sandbox is not available on this machine.
    """
    if os.name != "posix":
        raise IsolationError(
            "sandboxes are available on Linux and macOS only. On Windows, use WSL "
            "(`wsl --install`) and install d2l there."
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
    """One running command, the threads for its pipes, and the monitoring of its limits."""

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
        """Wait until the run exits (None), exceeds a limit, or has to be stopped."""
        deadline = None
        while process.poll() is None:
            if self.is_to_end.is_set():
                return "stopped", "the run was stopped"
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
        except Exception as error:  # returned as `ProcessResult.error`
            self.error = error
        # A run that has closed its stdout may be exiting; wait for its exit status.
        if self.error is None or limited.has_ended:
            self.all_was_read.set()
        else:
            self.is_to_end.set()
        self.wake.set()
        while pipe.read(2**16):  # a full pipe would keep the run from exiting by itself
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
    """Join the threads and close the pipes once no process of the run is left."""
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
    """Join a thread, even if Ctrl-C interrupted its start."""
    deadline = time.monotonic() + _PIPE_SECONDS
    while time.monotonic() < deadline:
        try:
            thread.join(_PIPE_SECONDS)
            return
        except RuntimeError:  # not started yet
            time.sleep(_PAUSE_SECONDS)


@contextmanager
def _ended(process: "subprocess.Popen[bytes]", spec: LaunchSpec) -> Iterator[None]:
    """Kill all processes of the run at the end of the block."""
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
                # Fails if the container has already been removed.
                subprocess.run(spec.afterwards, capture_output=True, timeout=30, check=False)


def _first_inside(spec: LaunchSpec) -> int | None:
    """Return a pidfd of the first process in bubblewrap's namespaces, which end with it."""
    if spec.info is None:
        return None
    with open(spec.info, "rb") as reported:
        try:
            return os.pidfd_open(int(json.load(reported)["child-pid"]))
        except (ValueError, KeyError, OSError):  # not started, or already ended
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
    how = f"was killed by signal {-code}" if code < 0 else f"exited with status {code}"
    return "died", f"the process {how}"


class _LimitedReader(io.RawIOBase):
    """A reader that raises `OutputLimitError` after `limit` bytes.

    `has_ended` is whether the end of the pipe was reached.
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
            raise OutputLimitError(f"the output exceeded {self._limit:,} bytes")
        buffer[: len(part)] = part
        return len(part)
