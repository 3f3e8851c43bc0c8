"""Run one code cell in a kernel and say what became of it. Knows nothing of notebooks and files."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from d2l.notebook.kernel import Kernel, KernelDiedError, KernelTimeoutError, TimeLimit
from d2l.notebook.memory import forget_peak, peak_memory
from d2l.notebook.outputs import MAX_MESSAGE, Caps, Output, Outputs, clean

Status = Literal["ok", "error", "timeout", "died"]


@dataclass(frozen=True)
class CellRun:
    """What became of one code cell; `traceback` may hold ANSI colours."""

    index: int
    seconds: float
    status: Status
    message: str
    outputs: list[Output] = field(default_factory=list, repr=False)
    execution_count: int | None = None
    peak_memory: int = 0  # bytes, of the kernel

    @property
    def traceback(self) -> str:
        """The lines that led to the error; empty without one."""
        errors = (output for output in self.outputs if output["output_type"] == "error")
        return "\n".join(line for error in errors for line in error["traceback"])


class CellRunner:
    """Runs the cells of one notebook in its kernel; what they show stays within `caps`, each."""

    def __init__(self, kernel: Kernel, caps: Caps = Caps()) -> None:  # noqa: B008
        self._kernel = kernel
        self._caps = caps
        self._shown: dict[str, list[Output]] = {}

    async def run(
        self,
        index: int,
        source: str,
        limit: float | TimeLimit | None = None,
        may_fail: bool = False,
    ) -> CellRun:
        """Run the cell `index` within `limit`; one that `may_fail` is fine if it does."""
        outputs = Outputs(self._caps, self._shown)
        forget_peak(self._kernel.process_id)
        start = time.perf_counter()
        status, message = await self._execute(source, outputs, limit)
        if status == "error" and may_fail:
            status, message = "ok", ""
        return CellRun(
            index,
            time.perf_counter() - start,
            status,
            message,
            outputs.finish(),
            outputs.execution_count,
            peak_memory(self._kernel.process_id),
        )

    async def _execute(
        self, source: str, outputs: Outputs, limit: float | TimeLimit | None
    ) -> tuple[Status, str]:
        try:
            reply = await self._kernel.execute(source, outputs.add, limit)
            await self._end_if_asked(reply)
        except KernelTimeoutError as error:
            outputs.fail("Timeout", str(error))
            return "timeout", str(error)
        except KernelDiedError as error:
            outputs.fail("KernelDied", str(error))
            return "died", str(error)
        return ("ok", "") if reply.get("status") == "ok" else ("error", _message(reply))

    async def _end_if_asked(self, reply: Mapping[str, object]) -> None:
        """Take `quit()` at its word: left alone, the kernel ends some cells later, by chance."""
        payload = reply.get("payload")
        requests = payload if isinstance(payload, list) else []
        if any(
            isinstance(request, dict)
            and request.get("source") == "ask_exit"
            and not request.get("keepkernel")
            for request in requests
        ):
            await self._kernel.kill()
            raise KernelDiedError("the cell ended the kernel")


def announces_failure(metadata: Mapping[str, object], *, trusted: bool = False) -> bool:
    """Whether a cell is meant to fail, as its tag "raises-exception" tells Jupyter's tools.

    Only in a `trusted` notebook: in a submission the tag would have a failed cell count as ok.
    """
    tags = metadata.get("tags")
    return trusted and isinstance(tags, list) and "raises-exception" in tags


def _message(reply: Mapping[str, object]) -> str:
    return clean(f"{reply.get('ename', '')}: {reply.get('evalue', '')}")[:MAX_MESSAGE]
