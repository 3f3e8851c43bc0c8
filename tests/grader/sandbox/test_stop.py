"""One sign that ends runs from another thread, those at work and those that begin later."""

import threading

from d2l.grader.sandbox.cancellation import CancellationToken


class Control:
    def __init__(self, is_closed=False):
        self.orders = []
        self.is_closed = is_closed

    def write(self, order):
        if self.is_closed:
            raise BrokenPipeError
        self.orders.append(order)


def test_every_run_that_obeys_is_ended_and_no_other():
    sign, running, ended, finished = (
        CancellationToken(),
        Control(),
        Control(is_closed=True),
        Control(),
    )
    with sign.subscribed(finished):
        pass
    with sign.subscribed(ended), sign.subscribed(running):
        thread = threading.Thread(target=sign.cancel)
        thread.start()
        thread.join()
        assert running.orders == [b"k"]
    assert finished.orders == []


def test_a_run_that_begins_when_it_is_up_ends_at_once():
    sign, late = CancellationToken(), Control()
    sign.cancel()
    with sign.subscribed(late):
        assert late.orders == [b"k"]
