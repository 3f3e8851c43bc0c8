"""The code of the first tutorial runs and reaches the accuracy that it names."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "tutorial" / "first-model.md"


@pytest.mark.slow
def test_the_first_model_trains_and_is_validated(tmp_path):
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.S)
    program = "\n".join(blocks).replace("seed=0)", 'seed=0, device="cpu")')
    command = [sys.executable, "-c", program]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr
    assert 0.8 < float(re.search(r"'val_acc': ([\d.]+)", done.stdout)[1]) < 0.9
    assert (tmp_path / "curves.svg").is_file()
