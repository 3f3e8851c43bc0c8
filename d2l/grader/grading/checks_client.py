"""Starts the process of the checks (`judging`), hands it one task, and waits for each answer.

Knows how long an answer may take, and what it is when none comes; not what is asked.
"""

import queue
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import IO, Any

import numpy as np

from d2l.grader.grading.checks_messages import read_message, write_message
from d2l.grader.sandbox.isolation import module_command

LOAD_SECONDS = 120  # for importing what the checks import, PyTorch perhaps
_END_SECONDS = 10
Message = tuple[Any, dict[str, np.ndarray]]


class NoResponseError(Exception):
    """The process of the checks hung or died: for who asked to catch, not for users."""


class ChecksProcess:
    """The answers of a process, as they come."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process
        self._come: queue.Queue[Message | None] = queue.Queue()
        assert process.stdout is not None
        reader = threading.Thread(target=self._read, args=(process.stdout,), daemon=True)
        reader.start()

    def next(self, seconds: float) -> Message:
        """Return the next answer; raise `NoResponseError` if none comes within `seconds`."""
        try:
            answer = self._come.get(timeout=seconds)
        except queue.Empty:
            raise NoResponseError(f"it gave no answer within {seconds:g} s") from None
        if answer is None:
            status = self._process.wait(_END_SECONDS)
            raise NoResponseError(f"it ended its process (exit status {status})")
        return answer

    def _read(self, pipe: IO[bytes]) -> None:
        with suppress(EOFError, ValueError):  # the end; or a pipe closed by who gave up waiting
            while True:
                self._come.put(read_message(pipe))
        self._come.put(None)


@contextmanager
def checks_process(
    task: dict[str, Any], arrays: Mapping[str, np.ndarray]
) -> Iterator[ChecksProcess]:
    """Give the answers to `task`; the process is gone when the block ends."""
    with subprocess.Popen(
        module_command("d2l.grader.grading.checks_worker"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for the grader, which ends this process itself
    ) as process:
        assert process.stdin is not None
        answers = ChecksProcess(process)
        try:
            with suppress(BrokenPipeError):  # it died: the first answer that is missing says so
                write_message(process.stdin, task, arrays)
            yield answers
        finally:
            process.kill()
            with suppress(BrokenPipeError):
                process.stdin.close()
