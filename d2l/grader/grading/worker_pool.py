"""Grades a class, several submissions at a time; one that fails or hangs stops none of the others.

Knows nothing of how one is graded, nor of how progress is shown.
"""

import queue
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
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
    events: queue.SimpleQueue[Task | Done[Task, Result]] = queue.SimpleQueue()

    def run(task: Task) -> None:
        events.put(task)
        try:
            events.put(Done(task, work(task), None))
        except Exception as error:  # passed on: the others continue
            events.put(Done(task, None, error))

    left = len(tasks)
    with ThreadPoolExecutor(jobs) as pool:
        for task in tasks:
            pool.submit(run, task)
        try:
            while left:
                event = events.get()
                if isinstance(event, Done):
                    left -= 1
                    on_done(event)
                else:
                    on_start(event)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            if left:
                stop()
