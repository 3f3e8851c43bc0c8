"""One task of one rival, in a process of its own, which PYTHONPATH has given its `d2l`.

Run as `python -P -m bench.worker MODULE TASK SIZE ANSWER`: a file of numbers is the answer.
"""

import importlib
import json
import sys
from pathlib import Path

from bench.size import Size


def main() -> None:
    """Run the task that the command line names and write down what it returns."""
    module, task, size, answer = sys.argv[1:]
    numbers = getattr(importlib.import_module(module), task)(Size(**json.loads(size)))
    numbers["threads"] = sys.modules["torch"].get_num_threads()
    numbers["file"] = getattr(sys.modules.get("d2l.torch"), "__file__", None)
    Path(answer).write_text(json.dumps(numbers))


if __name__ == "__main__":
    main()
