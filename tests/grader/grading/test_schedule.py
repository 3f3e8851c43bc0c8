"""Many tasks at a time: none stops another, and an interrupt leaves nothing running."""

import threading
import time

import pytest

from d2l.grader.grading.worker_pool import run_tasks


def test_every_task_is_done_as_many_at_a_time_as_there_are_jobs():
    together, most, lock = [], [], threading.Lock()

    def work(task):
        with lock:
            together.append(task)
            most.append(len(together))
        time.sleep(0.02)
        with lock:
            together.remove(task)
        return task * task

    done, started = [], []
    run_tasks(range(12), work, 3, started.append, done.append, lambda: None)
    assert sorted(started) == list(range(12))
    assert sorted((one.task, one.result) for one in done) == [(i, i * i) for i in range(12)]
    assert max(most) == 3


def test_an_error_is_handed_over_and_the_others_go_on():
    done = []
    run_tasks([1, 0, 2], lambda task: 1 / task, 1, lambda task: None, done.append, lambda: None)
    assert [one.result for one in done] == [1, None, 0.5]
    assert isinstance(done[1].error, ZeroDivisionError)


def test_no_tasks_are_done_at_once():
    run_tasks([], lambda task: task, 2, print, print, lambda: None)


def test_an_interrupt_has_the_work_stopped_and_begins_no_more():
    stopped, begun = threading.Event(), []

    def work(task):
        begun.append(task)
        stopped.wait(5)

    def interrupt(task):
        raise KeyboardInterrupt

    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        run_tasks(range(50), work, 2, interrupt, print, stopped.set)
    assert stopped.is_set()
    assert len(begun) <= 2
    assert threading.active_count() == before
