"""The time of a step by operation, ours and the eager loop's: `bench.peers --profile`.

Run as `python -P -m bench.peers.profile CASE`, it prints a table. The profiler's own time is in
the steps it watches; the first row has the steps without it.
"""

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import NamedTuple

from torch.profiler import ProfilerActivity, profile

from bench import rivals, rounds, summary
from bench.peers import eager, ours
from bench.peers.case import Case
from bench.peers.contenders import CONTENDERS, WORKS, case_of
from bench.peers.tasks import TASKS

NUM_ROWS = 14  # of operations; the others are summed up
NUM_TIMES = 5  # ours and the eager loop in turn, of which medians count
NUM_EPOCHS = 3  # to watch, after one that has in it what a fit does once

Fit = Callable[[Case], list[float]]


class Watched(NamedTuple):
    """Of a step: microseconds by operation, without what it calls; how often; of all of it."""

    operations: dict[str, float]
    calls: dict[str, float]
    step: float


def in_own_process(task: str, threads: int | None) -> str:
    """The table of a task."""
    case = case_of(CONTENDERS[0], task, 0, threads, quick=False)
    variables = rivals.environment(rivals.OURS, threads)
    with tempfile.TemporaryDirectory() as private:
        arguments = ["-m", "bench.peers.profile", json.dumps(case._asdict())]
        said = rounds.run_python(arguments, variables, Path(private))
    return said[said.index("| ") :].strip()  # what a fit prints comes before


def main() -> None:
    """Print the table."""
    case = Case(**json.loads(sys.argv[1]))._replace(epochs=1 + NUM_EPOCHS)
    fits: tuple[Fit, ...] = (
        lambda case: ours.fit(case, validates=False)[1],
        lambda case: eager.fit(case, validates=False).seconds,
    )
    alone: tuple[list[float], ...] = ([], [])
    for _ in range(NUM_TIMES):
        for fit, steps in zip(fits, alone, strict=True):
            steps += [seconds / num_steps(case) * 1e6 for seconds in fit(case)[1:]]
    print(table(case.task, [median(steps) for steps in alone], [watch(fit, case) for fit in fits]))


def num_steps(case: Case) -> int:
    """Of an epoch."""
    return -(-case.num_train // TASKS[case.task].batch_size)


def watch(fit: Fit, case: Case) -> Watched:
    """Steps under the profiler: those of a fit without what a fit of one epoch has too."""
    short, (long, seconds) = profiled(fit, case._replace(epochs=1))[0], profiled(fit, case)
    count = NUM_EPOCHS * num_steps(case)
    operations = {name: (t - short.get(name, (0, 0))[0]) / count for name, (t, _) in long.items()}
    calls = {name: (n - short.get(name, (0, 0))[1]) / count for name, (_, n) in long.items()}
    return Watched(operations, calls, sum(seconds[1:]) / count * 1e6)


def profiled(fit: Fit, case: Case) -> tuple[dict[str, tuple[float, int]], list[float]]:
    """Microseconds and calls by operation, and the seconds of each epoch."""
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        seconds = fit(case)
    events = profiler.key_averages()
    return {event.key: (event.self_cpu_time_total, event.count) for event in events}, seconds


def table(task: str, alone: list[float], watched: list[Watched]) -> str:
    """Operations with most time first, ours and the eager loop's, and what is outside of them."""
    ours, eager = watched
    names = sorted({**ours.operations, **eager.operations}, key=lambda n: -_most(n, watched))
    rows = [
        ("the step, not profiled", *(f"{value:.0f}" for value in alone), _change(*alone), ""),
        ("the step, profiled", *_pair(ours.step, eager.step), ""),
    ]
    for name in names[:NUM_ROWS]:
        calls = f"{ours.calls.get(name, 0):.1f} / {eager.calls.get(name, 0):.1f}"
        rows.append((name, *_pair(*(w.operations.get(name, 0.0) for w in watched)), calls))
    rest = [sum(w.operations.get(name, 0.0) for name in names[NUM_ROWS:]) for w in watched]
    outside = [w.step - sum(w.operations.values()) for w in watched]
    shares = " / ".join(f"{o / w.step:.0%}" for o, w in zip(outside, watched, strict=True))
    rows += [
        ("other operations", *_pair(*rest), ""),
        ("outside operations", *_pair(*outside), shares),
    ]
    heading = f"a training step of {WORKS[task].words}"
    return summary.table(rows, (heading, "ours, µs", "eager, µs", "difference", "calls or share"))


def _most(name: str, watched: list[Watched]) -> float:
    return max(w.operations.get(name, 0.0) for w in watched)


def _pair(ours: float, eager: float) -> tuple[str, str, str]:
    return f"{ours:.0f}", f"{eager:.0f}", _change(ours, eager)


def _change(ours: float, eager: float) -> str:
    return f"{ours - eager:+.0f}"


if __name__ == "__main__":
    main()
