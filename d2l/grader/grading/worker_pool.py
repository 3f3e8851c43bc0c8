"""Run tasks in a pool of threads; a task that fails does not stop the others."""

import queue
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, NamedTuple, TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")


class Done(NamedTuple, Generic[Task, Result]):
    """A finished task, with its result or the exception that it raised."""

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
    """Call `work` for every task in threads, `jobs` at a time; callbacks run in the calling thread.

    After an interrupt, or if a callback raises, `stop` is called, which must end the running tasks.
    No further task starts then, and the function returns once no task is running.
    """
    events: queue.SimpleQueue[Task | Done[Task, Result]] = queue.SimpleQueue()

    def run(task: Task) -> None:
        events.put(task)
        try:
            events.put(Done(task, work(task), None))
        except Exception as error:  # reported by on_done; the other tasks continue
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
