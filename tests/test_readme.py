"""The README's example does what it says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from d2l import torch as d2l

REPOSITORY = Path(__file__).parents[1]


def printed_by_the_example(page, folder):
    text = (REPOSITORY / page).read_text("utf-8")
    command = [sys.executable, "-c", re.search(r"```python\n(.*?)```", text, re.S)[1]]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@pytest.mark.slow
def test_the_example_trains_and_prints_its_numbers(tmp_path):
    *_, last_line, numbers = printed_by_the_example("README.md", tmp_path)
    assert last_line.startswith("epoch 10/10: train_loss ")
    assert float(re.search(r"'val_acc': ([\d.]+)", numbers)[1]) > 0.8


@pytest.mark.slow
def test_the_example_in_chinese_trains_as_the_chinese_edition_does(tmp_path):
    *_, last_line = printed_by_the_example("README.zh.md", tmp_path)
    assert last_line.startswith("epoch 10/10: train loss ")
    assert float(re.search(r"test acc ([\d.]+)", last_line)[1]) > 0.8


def test_every_call_in_the_table_of_editions_is_one_that_the_face_has():
    text = (REPOSITORY / "README.zh.md").read_text("utf-8")
    names = set(re.findall(r"`d2l\.(\w+)", text))
    assert len(names) > 10
    assert names <= set(d2l.__all__)
