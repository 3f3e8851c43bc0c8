"""The README's example does what it says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]


@pytest.mark.slow
def test_the_example_trains_and_prints_its_numbers(tmp_path):
    text = (REPOSITORY / "README.md").read_text("utf-8")
    command = [sys.executable, "-c", re.search(r"```python\n(.*?)```", text, re.S)[1]]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    *_, last_line, numbers = done.stdout.splitlines()
    assert last_line.startswith("epoch 10/10: train_loss ")
    assert float(re.search(r"'val_acc': ([\d.]+)", numbers)[1]) > 0.8
