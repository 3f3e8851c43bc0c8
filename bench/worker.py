"""One task of one rival, in a process of its own, which PYTHONPATH has given its `d2l`.

Run as `python -P -m bench.worker MODULE TASK SIZE ANSWER`: a file of numbers is the answer.
"""

import importlib
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from bench.size import Size


def main() -> None:
    """Run the task that the command line names and write down what it returns."""
    module, task, size, answer = sys.argv[1:]
    numbers = getattr(importlib.import_module(module), task)(Size(**json.loads(size)))
    numbers["threads"] = sys.modules["torch"].get_num_threads()
    numbers["file"] = getattr(sys.modules.get("d2l.torch"), "__file__", None)
    Path(answer).write_text(json.dumps(numbers))


def seconds_of(action: Callable[[], object], at_least_seconds: float) -> float:
    """The median of the seconds of repeated calls, which take so many seconds in all."""
    laps: list[float] = []
    while not laps or sum(laps) < at_least_seconds:
        begun = time.perf_counter()
        action()
        laps.append(time.perf_counter() - begun)
    return median(laps)


if __name__ == "__main__":
    main()
