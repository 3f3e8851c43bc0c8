"""The program that runs within a sandbox: cells first, then values, and a message about each.

It reads its order from stdin and writes messages to stdout, which no process of the notebook can
reach. Whatever it says is checked outside, so all it has to be is honest about honest notebooks.
"""

import asyncio
import ctypes
import os
import sys
import time
from pathlib import Path
from typing import Any, BinaryIO

from d2l.grader.sandbox.guest.first_assignments import first_assignments
from d2l.grader.sandbox.guest.framing import parse, read_frames
from d2l.grader.sandbox.guest.installs import install_environment
from d2l.grader.sandbox.guest.message_writer import MessageWriter
from d2l.grader.sandbox.guest.values import Values
from d2l.notebook.cells import CellRun, CellRunner
from d2l.notebook.kernel import (
    Kernel,
    KernelDiedError,
    KernelStartError,
    KernelTimeoutError,
    fresh_kernel,
)
from d2l.notebook.outputs import Caps

PR_SET_DUMPABLE = 4
START = "d2l.grader.sandbox.guest.kernel_hooks"
START_SECONDS = 60
WORST_FIRST = ("died", "timeout", "error")


def main() -> None:
    """Do what the order on stdin says."""
    begin = time.monotonic()
    _hide()
    stdin, stdout = _own_pipes()
    (_, order), *inputs = read_frames(stdin)
    driver = _Driver(parse(order), [payload for _, payload in inputs], MessageWriter(stdout), begin)
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        runner.run(driver.run())


def _hide() -> None:
    """Keep the notebook's processes, of the same user, from this one's memory and pipes."""
    if sys.platform == "linux" and ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise OSError("the driver cannot hide itself")


def _own_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Move stdin and stdout to where no child process inherits them."""
    stdin, stdout = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    return os.fdopen(stdin, "rb"), os.fdopen(stdout, "wb")


class _Driver:
    def __init__(
        self, order: dict[str, Any], inputs: list[bytes], speaker: MessageWriter, begin: float
    ) -> None:
        self._order = order
        self._inputs = dict(zip(order["inputs"], inputs, strict=True))
        self._speaker = speaker
        self._deadline = begin + order["seconds"]
        self._runs: list[CellRun] = []

    async def run(self) -> None:
        environment = kernel_environment(self._order["may_install"])
        try:
            async with fresh_kernel(Path.cwd(), environment) as kernel:
                await _tell(kernel, "begin", self._order["seed_offset"], self._order["may_install"])
                await self._run_cells(kernel)
                values = Values(kernel, self._order["fetches"], self._inputs)
                await values.fetch_all(self._speaker, self._order["output"] // 2)
                self._speaker.say_end(*self._verdict())
                os._exit(0)  # the walls end the kernel faster than it ends itself
        except KernelStartError as error:
            self._speaker.say_end("start", str(error))

    async def _run_cells(self, kernel: Kernel) -> None:
        cells = self._order["cells"]
        assigned_after_cell = first_assignments(self._order["set"], cells)
        self._speaker.say_start(assigned_after_cell)
        await self._assign(kernel, assigned_after_cell, None)
        caps = Caps(self._order["cell_characters"], self._order["output"] // 8)
        runner = CellRunner(kernel, caps)
        for cell in cells:
            left = self._deadline - time.monotonic()
            if left <= 0 or not await kernel.is_alive():
                break
            seconds = min(left, self._order["cell_seconds"] or left)
            run = await runner.run(cell["index"], cell["source"], seconds, cell["may_fail"])
            self._runs.append(run)
            self._speaker.say_cell(run, self._order["output"] // 2)
            if run.status != "ok" and not self._order["keep_going"]:
                break
            await self._assign(kernel, assigned_after_cell, cell["index"])

    async def _assign(
        self, kernel: Kernel, assigned_after_cell: dict[str, int | None], index: int | None
    ) -> None:
        due = {
            name: self._order["set"][name]
            for name, at in assigned_after_cell.items()
            if at == index
        }
        if due and await kernel.is_alive():
            await _tell(kernel, "assign", due)

    def _verdict(self) -> tuple[str, str]:
        """How the run ended, by the worst that happened, and which cell it was."""
        for status in WORST_FIRST:
            for number, run in enumerate(self._runs, start=1):
                if run.status == status:
                    return status, f"code cell {number}: {run.message}"
        done, all_cells = len(self._runs), len(self._order["cells"])
        if done == all_cells:
            return "ok", ""
        if time.monotonic() < self._deadline:
            return "died", f"the kernel ended after code cell {done} of {all_cells}"
        return "timeout", f"the time was over after code cell {done} of {all_cells}"


def kernel_environment(may_install: bool) -> dict[str, str]:
    """What the kernel's environment has beyond the sandbox's own."""
    return {
        "D2L_POINTS": "1",  # boards leave their points beside their pictures
        "PYTHONHASHSEED": "0",  # the order of a set is that of the last run
        **install_environment(may_install),
    }


async def _tell(kernel: Kernel, function: str, *arguments: object) -> None:
    """Call a function of `inside.start` in the kernel. Raises `KernelStartError` if it fails."""
    code = f"__import__({START!r}, fromlist=['']).{function}(*{arguments!r})"
    try:
        reply = await kernel.execute(code, seconds=START_SECONDS, silent=True)
    except (KernelTimeoutError, KernelDiedError) as error:
        raise KernelStartError(f"{function}: {error}") from error
    if reply.get("status") != "ok":
        raise KernelStartError(f"{function}: {reply.get('ename')}: {reply.get('evalue')}")
