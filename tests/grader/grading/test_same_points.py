"""The sample course gets the same table alone, with too many jobs, and on a busy machine."""

import multiprocessing
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

COURSE = Path(__file__).parents[3] / "examples" / "course"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        os.environ.get("D2L_LONG_TESTS") != "1",
        reason="grades the sample course three times, 10 minutes on two cores: D2L_LONG_TESTS=1",
    ),
]


def graded(out: Path, jobs: int) -> bytes:
    """The bytes of the table that `d2l grade` writes for the sample course."""
    command = [sys.executable, "-m", "d2l", "grade", COURSE / "submissions"]
    command += ["--rubric", COURSE / "rubric.toml", "--out", out, "--jobs", jobs]
    done = subprocess.run(
        [str(word) for word in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=3600,
        check=False,
    )
    assert done.returncode == 0, done.stdout.decode()
    return (out / "grades.csv").read_bytes()


def spin(parent: int) -> None:
    while os.getppid() == parent:
        sum(range(100_000))


@contextmanager
def busy(count: int):
    """Keep so many cores busy."""
    loops = [multiprocessing.Process(target=spin, args=(os.getpid(),)) for _ in range(count)]
    for loop in loops:
        loop.start()
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.join()


def test_the_table_is_the_same_alone_with_twice_the_jobs_and_next_to_busy_loops(tmp_path):
    num_cores = len(os.sched_getaffinity(0))
    alone = graded(tmp_path / "alone", 1)
    assert alone.count(b"\n") == 11
    assert graded(tmp_path / "crowded", 2 * num_cores) == alone
    with busy(2):
        assert graded(tmp_path / "busy", num_cores) == alone
