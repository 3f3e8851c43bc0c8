"""One token that ends runs from another thread, running ones and those that start later."""

import threading

from d2l.grader.sandbox.isolation import CancellationToken


def test_every_subscribed_run_is_ended_and_no_other():
    token, ended = CancellationToken(), []
    with token.subscribed(lambda: ended.append("finished")):
        pass
    with token.subscribed(lambda: ended.append("a")), token.subscribed(lambda: ended.append("b")):
        thread = threading.Thread(target=token.cancel)
        thread.start()
        thread.join()
        assert ended == ["a", "b"]
    assert token.is_cancelled


def test_a_run_that_starts_after_a_cancellation_ends_at_once():
    token, ended = CancellationToken(), []
    token.cancel()
    with token.subscribed(lambda: ended.append("late")):
        assert ended == ["late"]
