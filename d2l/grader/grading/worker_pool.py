"""Grades a class, several submissions at a time; one that fails or hangs stops none of the others.

Knows nothing of how one is graded, nor of how progress is shown.
"""

import queue
import threading
from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")


class Done(NamedTuple, Generic[Task, Result]):
    """A task that came to its end: with a result, or with the grader's own error."""

    task: Task
    result: Result | None
    error: Exception | None


def run_tasks(
    tasks: Sequence[Task],
    work: Callable[[Task], Result],
    jobs: int,
    on_start: Callable[[Task], None],
    on_done: Callable[[Done[Task, Result]], None],
    stop: Callable[[], None],
) -> None:
    """Call `work` for every task, `jobs` at a time, in threads; the callbacks are called in this.

    At an interrupt, or when a callback raises, `stop` is called, which must have the work at hand
    end; no further task begins, and nothing is left running.
    """
    waiting: queue.SimpleQueue[Task] = queue.SimpleQueue()
    for task in tasks:
        waiting.put(task)
    events: queue.SimpleQueue[Task | Done[Task, Result]] = queue.SimpleQueue()
    ended = threading.Event()

    def worker() -> None:
        while not ended.is_set():
            try:
                task = waiting.get_nowait()
            except queue.Empty:
                return
            events.put(task)
            events.put(_done(task, work))

    threads = [threading.Thread(target=worker) for _ in range(min(jobs, len(tasks)))]
    for thread in threads:
        thread.start()
    left = len(tasks)
    try:
        while left:
            event = events.get()
            if isinstance(event, Done):
                left -= 1
                on_done(event)
            else:
                on_start(event)
    finally:
        ended.set()
        if left:
            stop()
        for thread in threads:
            thread.join()


def _done(task: Task, work: Callable[[Task], Result]) -> Done[Task, Result]:
    try:
        return Done(task, work(task), None)
    except Exception as error:  # handed to who asked: the others go on
        return Done(task, None, error)
