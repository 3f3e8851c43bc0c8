"""The names and calls of d2l 0.17.6 give what they gave there: from one seed, the same numbers.

Among these are the weights of every layer, the number that is drawn next, and what loops learn.
"""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "battery"))
sys.path.insert(0, str(Path(__file__).parent))

import answer
import record_earlier

from d2l import torch as d2l

STORED = record_earlier.stored_answers()
FOLDER = Path(
    os.environ.get("D2L_RELEASED_0_17_6")
    or Path(__file__).resolve().parents[3] / ".rivals" / "d2l-0.17.6"
)


def test_there_is_an_answer_for_each_call():
    assert set(STORED) == set(record_earlier.CALLS)
    assert record_earlier.ANSWERS.stat().st_size < 100_000


@pytest.mark.parametrize("title", STORED)
def test_a_call_gives_what_0_17_6_gives(title, tmp_path):
    found = record_earlier.play(title, d2l, tmp_path)
    assert answer.difference(found, STORED[title]) is None


@pytest.mark.slow
def test_the_stored_answers_are_those_of_0_17_6(tmp_path):
    if not FOLDER.exists():
        pytest.skip(f"d2l 0.17.6 is not in {FOLDER}")
    found = record_earlier.answers_of(FOLDER, tmp_path)
    parted = {title: answer.difference(found[title], said) for title, said in STORED.items()}
    assert {title: said for title, said in parted.items() if said} == {}
