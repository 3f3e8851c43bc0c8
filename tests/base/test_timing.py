"""The stopwatch: when a lap began, and how long it took."""

import time

from d2l import torch as d2l


def test_the_start_of_a_lap_is_a_time_of_the_clock_on_the_wall():
    before = time.time()
    timer = d2l.Timer()
    assert before <= timer.tik <= time.time()
    assert 0 <= time.time() - timer.tik < 60


def test_a_start_that_a_reader_sets_counts():
    timer = d2l.Timer()
    timer.tik -= 100
    assert 100 <= timer.stop() < 160
