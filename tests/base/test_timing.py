"""The stopwatch: when a lap began, and how long it took."""

import re
import time

import pytest

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


def test_a_function_is_warmed_up_and_measured_as_often_as_asked():
    calls = []
    result = d2l.Benchmark(lambda: calls.append(1), warmup=2, repeats=5)
    assert len(calls) == 7
    assert len(result.times) == 5
    assert re.fullmatch(r"time: \S+ sec \(median of 5\)", repr(result))
    assert d2l.Benchmark(f=calls.clear, repeats=1, desc="clear").description == "clear"
    assert len(d2l.Benchmark(f=calls.clear).times) == 10


def test_the_median_of_the_times_is_printed():
    result = d2l.Benchmark(lambda: None, repeats=3, desc="x")
    result.times = [4.0, 1.0, 2.0]
    assert repr(result) == "x: 2 sec (median of 3)"
    result.times = [4.0, 1.0, 2.0, 7.0]
    assert repr(result) == "x: 3 sec (median of 4)"


def test_a_block_is_described_by_either_name(capsys):
    for benchmark in (d2l.Benchmark("this"), d2l.Benchmark(desc="this")):
        with benchmark:
            pass
        assert capsys.readouterr().out.startswith("this: 0.")
    assert repr(d2l.Benchmark()) == "Benchmark('Done')"


def test_no_repetition_is_an_error():
    with pytest.raises(ValueError, match="repeats must be at least 1; found 0"):
        d2l.Benchmark(lambda: None, repeats=0)
