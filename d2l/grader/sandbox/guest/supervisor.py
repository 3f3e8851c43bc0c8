"""The supervisor inside a sandbox: runs the cells in a Jupyter kernel, then fetches values from it.

It reads requests from stdin and writes answers to stdout, which no process of the notebook can
access. The grader treats its answers as untrusted.
"""

import asyncio
import ctypes
import json
import os
import queue
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from d2l.grader.sandbox.guest import VALUE_TYPE
from d2l.grader.sandbox.guest.answers import (
    cell_answer,
    first_assignments,
    value_answer,
    wire_output,
)
from d2l.grader.sandbox.guest.installs import install_environment
from d2l.grader.sandbox.process_tree import CpuClock, descendants
from d2l.grader.sandbox.protocol import (
    Answer,
    CellDone,
    CellsDone,
    FetchValue,
    Finish,
    Request,
    RunCells,
    Started,
    Stream,
    ValueProblem,
    frame,
    read_requests,
)
from d2l.notebook.execute import CellRun, CellRunner
from d2l.notebook.kernel import (
    Kernel,
    KernelDiedError,
    KernelStartError,
    KernelTimeoutError,
    fresh_kernel,
    hook_call,
)
from d2l.notebook.outputs import MAX_MESSAGE, Caps

HOOKS = "d2l.grader.sandbox.guest.kernel_hooks"
START_SECONDS = 60
FETCH_SECONDS = 60  # CPU, for one value
WALL_FACTOR = 10  # wall time limit of a cell, as a multiple of its CPU time limit
GRACE_SECONDS, GRACE_WALL_SECONDS = 3, 10  # after an interrupt, before the kernel is killed
POLL_SECONDS = 0.1
RESERVED = 2**16  # bytes of each half of the answers, for everything but outputs and values
_SUBREAPER, _DUMPABLE = 36, 4
_OUT_OF_MEMORY_FIRST = "900"


def main() -> None:
    """Process the requests on stdin."""
    _prepare_process()
    stdin, stdout = _own_pipes()
    requests = _requests(stdin)
    first = next(requests)
    assert isinstance(first, RunCells)
    supervisor = _Supervisor(first, _Answers(stdout))
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        runner.run(supervisor.run(requests))


def _prepare_process() -> None:
    """Adopt orphaned descendants, and protect this process's memory and pipes from them."""
    if sys.platform != "linux":
        return
    system = ctypes.CDLL(None)
    for option, value in ((_SUBREAPER, 1), (_DUMPABLE, 0)):
        if system.prctl(option, value, 0, 0, 0) != 0:
            raise OSError("prctl failed: the supervisor cannot be protected from its children")
    # If the machine runs out of memory, the kernel should kill the run, not the grader.
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_OUT_OF_MEMORY_FIRST)


def _own_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Move stdin and stdout to descriptors that child processes do not inherit."""
    stdin, stdout = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    return os.fdopen(stdin, "rb"), os.fdopen(stdout, "wb")


def _requests(stdin: BinaryIO) -> Iterator[Request]:
    """Yield each request; if they end without `Finish`, the grader has exited: kill the run."""
    waiting: queue.SimpleQueue[Request] = queue.SimpleQueue()

    def read() -> None:
        for request in read_requests(stdin):
            waiting.put(request)
            if isinstance(request, Finish):
                return
        for process in descendants(os.getpid()):
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process.number, signal.SIGKILL)
        os._exit(1)

    threading.Thread(target=read, daemon=True).start()
    while True:
        yield waiting.get()


class _Answers:
    """Writes answers unbuffered, so that they outlive this process, and counts their bytes."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe
        self.of_cells = self.of_values = 0

    def send(self, answer: Answer) -> None:
        encoded = frame(answer)
        if isinstance(answer, CellDone):
            self.of_cells += len(encoded)
        elif not isinstance(answer, (Started, CellsDone)):
            self.of_values += len(encoded)
        self._pipe.write(encoded)
        self._pipe.flush()


class _RunClock:
    """CPU time of the kernel and its descendants, and wall time."""

    def __init__(self) -> None:
        self._clock = CpuClock()
        self._begin = time.monotonic()
        self.kernel_process = 0

    def cpu_seconds(self) -> float:
        tree = descendants(os.getpid())
        for process in tree:  # reap adopted processes
            if process.parent == os.getpid() and process.number != self.kernel_process:
                with suppress(ChildProcessError):
                    os.waitpid(process.number, os.WNOHANG)
        times = os.times()
        return self._clock.read(tree, times.children_user + times.children_system)

    def wall_seconds(self) -> float:
        return time.monotonic() - self._begin


class _CpuLimit:
    """The limit of one cell: CPU time, and a generous wall time."""

    def __init__(self, clock: _RunClock, seconds: float, wall_seconds: float) -> None:
        self._clock, self._seconds, self._wall_seconds = clock, seconds, wall_seconds

    async def reached(self) -> str:
        if await self._used(self._seconds, self._wall_seconds) == "cpu":
            return f"stopped: used more than {round(self._seconds, 1):g} s of CPU time"
        return f"stopped: timed out after {round(self._wall_seconds, 1):g} s"

    async def grace_is_over(self) -> None:
        await self._used(GRACE_SECONDS, GRACE_WALL_SECONDS)

    async def _used(self, seconds: float, wall_seconds: float) -> str:
        cpu, wall = self._clock.cpu_seconds(), self._clock.wall_seconds()
        while True:
            if self._clock.cpu_seconds() - cpu >= seconds:
                return "cpu"
            if self._clock.wall_seconds() - wall >= wall_seconds:
                return "wall"
            await asyncio.sleep(POLL_SECONDS)


class _Supervisor:
    def __init__(self, request: RunCells, answers: _Answers) -> None:
        self._request = request
        self._answers = answers
        self._clock = _RunClock()
        self._runs: list[CellRun] = []

    async def run(self, requests: Iterator[Request]) -> None:
        environment = kernel_environment(self._request.may_install)
        try:
            async with fresh_kernel(Path.cwd(), environment, HOOKS) as kernel:
                self._clock.kernel_process = kernel.process_id
                await _call(kernel, "begin", self._request.seed_offset, self._request.may_install)
                await self._run_cells(kernel)
                self._answers.send(CellsDone(*self._verdict()))
                await self._fetch_values(kernel, requests)
                os._exit(0)  # the sandbox kills the kernel, which is faster than a shutdown
        except KernelStartError as error:
            self._answers.send(CellsDone("start", str(error)[:MAX_MESSAGE]))
            while isinstance(request := next(requests), FetchValue):
                self._answers.send(ValueProblem(request.name, "the kernel did not start"))

    async def _run_cells(self, kernel: Kernel) -> None:
        request = self._request
        values = json.loads(request.values)
        sources = [(cell.index, cell.source) for cell in request.cells]
        assigned_after = first_assignments(values, sources)
        self._answers.send(Started(assigned_after))
        await self._assign(kernel, values, assigned_after, None)
        runner = CellRunner(kernel, Caps(request.cell_characters, request.output // 8))
        for cell in request.cells:
            limit = self._limit_of_next_cell()
            if limit is None or not await kernel.is_alive():
                break
            run = await runner.run(cell.index, cell.source, limit, cell.may_fail)
            self._runs.append(run)
            self._answers.send(self._cell_done(run))
            if run.status != "ok" and not request.keep_going:
                break
            await self._assign(kernel, values, assigned_after, cell.index)

    def _limit_of_next_cell(self) -> _CpuLimit | None:
        """Return the limit of the next cell, None if no time is left."""
        left = self._request.seconds - self._clock.cpu_seconds()
        wall_left = self._request.wall_seconds - self._clock.wall_seconds()
        if left <= 0 or wall_left <= 0:
            return None
        seconds = self._request.cell_seconds or left
        return _CpuLimit(self._clock, min(left, seconds), min(wall_left, WALL_FACTOR * seconds))

    async def _assign(
        self,
        kernel: Kernel,
        values: Mapping[str, Any],
        assigned_after: Mapping[str, int | None],
        index: int | None,
    ) -> None:
        due = {name: values[name] for name, at in assigned_after.items() if at == index}
        if due and await kernel.is_alive():
            await _call(kernel, "assign", due)

    def _cell_done(self, run: CellRun) -> CellDone:
        """Return the answer for a cell, without its outputs if all cells' outputs are too large."""
        answer = cell_answer(run, list(map(wire_output, run.outputs)))
        size = len(frame(answer))
        if self._answers.of_cells + size > self._request.output // 2 - RESERVED:
            note = (
                f"[d2l: {size:,} bytes of output removed: the output limit of the run is reached]\n"
            )
            return cell_answer(run, [Stream("stderr", note)])
        return answer

    def _verdict(self) -> tuple[Any, str]:
        """Return the worst status of the cells, and a message that names the cell."""
        for status in ("died", "timeout", "error"):
            for number, run in enumerate(self._runs, start=1):
                if run.status == status:
                    return status, f"code cell {number}: {run.message}"
        done, num_cells = len(self._runs), len(self._request.cells)
        if done == num_cells:
            return "ok", ""
        if self._limit_of_next_cell() is not None:
            return "died", f"the kernel exited after code cell {done} of {num_cells}"
        return "timeout", f"no time was left after code cell {done} of {num_cells}"

    async def _fetch_values(self, kernel: Kernel, requests: Iterator[Request]) -> None:
        while isinstance(request := next(requests), FetchValue):
            left = self._request.output // 2 - RESERVED - self._answers.of_values
            limit = _CpuLimit(self._clock, FETCH_SECONDS, WALL_FACTOR * FETCH_SECONDS)
            found = await _fetch(kernel, request, left, limit)
            self._answers.send(value_answer(request.name, found, left))


def kernel_environment(may_install: bool) -> dict[str, str]:
    """Return the variables that the kernel's environment has in addition to the sandbox's."""
    return {
        "D2L_POINTS": "1",  # boards export their points with their pictures
        "PYTHONHASHSEED": "0",  # the order of sets is the same in every run
        **install_environment(may_install),
    }


async def _call(kernel: Kernel, function: str, *arguments: object) -> None:
    """Call a function of `kernel_hooks` in the kernel. Raises `KernelStartError` if it fails."""
    try:
        reply = await kernel.execute(
            hook_call(function, *arguments), limit=START_SECONDS, silent=True
        )
    except (KernelTimeoutError, KernelDiedError) as error:
        raise KernelStartError(f"{function}: {error}") from error
    if reply.get("status") != "ok":
        raise KernelStartError(f"{function}: {reply.get('ename')}: {reply.get('evalue')}")


async def _fetch(
    kernel: Kernel, request: FetchValue, size: int, limit: _CpuLimit
) -> dict[str, Any]:
    """Return the value that `fetch` displays in the kernel, or a problem."""
    found: dict[str, Any] = {}

    def keep(kind: str, content: Mapping[str, Any]) -> None:
        data = content.get("data") if kind == "display_data" else None
        value = data.get(VALUE_TYPE) if isinstance(data, dict) else None
        if isinstance(value, dict):
            found.update(value)

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        paths = {}
        for number, (name, npy) in enumerate(request.inputs.items()):
            path = Path(folder, f"{number}.npy")
            path.write_bytes(npy)
            paths[name] = str(path)
        code = hook_call("fetch", request.expressions, paths, size)
        try:
            reply = await kernel.execute(code, keep, limit, silent=True)
        except (KernelDiedError, KernelTimeoutError) as error:
            return {"problem": str(error)}
    if not found:
        return {"problem": f"not fetched: {reply.get('ename')}: {reply.get('evalue')}"}
    return found
