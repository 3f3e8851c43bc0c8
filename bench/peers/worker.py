"""One contender at one task, in a process of its own.

Run as `python -P -m bench.peers.worker CASE ANSWER`: JSON in, a file of JSON out.
"""

import importlib
import json
import os
import sys
from pathlib import Path
from statistics import median

from bench.peers.case import Case, Epochs


def main() -> None:
    """Run the case that the command line gives and write down its epochs."""
    case = Case(**json.loads(sys.argv[1]))
    _keep_to_cores(case.threads)
    epochs: Epochs = importlib.import_module(case.module).run(case)
    answer = {"seconds": median(epochs.seconds), "accuracies": epochs.accuracies}
    torch = sys.modules.get("torch")
    answer["threads"] = case.threads if torch is None else torch.get_num_threads()
    answer["file"] = getattr(sys.modules.get("d2l.torch"), "__file__", None)
    Path(sys.argv[2]).write_text(json.dumps(answer))


def _keep_to_cores(threads: int | None) -> None:
    """As many cores as threads: XLA reads no OMP_NUM_THREADS, it counts the cores it may use."""
    if threads is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


if __name__ == "__main__":
    main()
