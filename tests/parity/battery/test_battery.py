"""Generated calls give here what they gave with 1.0.3, or the difference is documented."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import answer
import known
import record
import released

DIFFERENCES = released.ROOT / "docs" / "reference" / "differences"
DOCUMENTED = "\n".join(page.read_text("utf-8") for page in sorted(DIFFERENCES.glob("*.md")))
AT_LEAST = 5000  # calls that 1.0.3 accepts
SAMPLE = 8  # every so many calls are asked of 1.0.3 again


@pytest.fixture(scope="module")
def parted(tmp_path_factory):
    """The calls whose outcome is another one here, and what it is."""
    found = record.outcomes_with(released.ROOT, tmp_path_factory.mktemp("battery"))
    return record.differences(found, record.stored_answers())


def test_each_call_gives_what_1_0_3_gives_or_its_difference_is_listed(parted):
    listed = known.open_titles()
    unlisted = {t: said for t, said in parted.items() if not (known.reason(t) or t in listed)}
    shown = "\n".join(f"{title}\n    {said}" for title, said in list(unlisted.items())[:30])
    assert not unlisted, f"{len(unlisted)} calls, of which the first are\n{shown}"


def test_no_difference_is_listed_that_is_none_any_more(parted):
    assert known.open_titles() - parted.keys() == set()
    used = {p for p in known.KNOWN for title in parted if known.matches(p, title)}
    assert known.KNOWN.keys() - used == set()


def test_no_call_is_both_open_and_documented():
    assert [title for title in known.open_titles() if known.reason(title)] == []


@pytest.mark.parametrize("row", sorted(set(known.KNOWN.values())))
def test_each_reason_is_a_row_of_the_documented_differences(row):
    cells = [line.split("|")[1] for line in DOCUMENTED.splitlines() if line.startswith("|")]
    assert any(row in cell for cell in cells)


def test_there_are_many_calls_and_their_answers_are_small():
    answers = record.stored_answers()
    refused = [a for a in answers.values() if isinstance(a, dict) and "raised" in a]
    assert len(answers) - len(refused) >= AT_LEAST
    assert record.ANSWERS.stat().st_size < 1_000_000


@pytest.mark.slow
def test_the_stored_answers_are_those_of_1_0_3(tmp_path):
    """A sample of them; `record.py` asks 1.0.3 for all."""
    if not released.FOLDER.exists():
        pytest.skip(f"d2l 1.0.3 is not in {released.FOLDER}")
    found, stored = record.outcomes_with(released.FOLDER, tmp_path, SAMPLE), record.stored_answers()
    assert len(found) > len(stored) / (2 * SAMPLE)
    assert record.differences(found, {title: stored[title] for title in found}) == {}


@pytest.mark.parametrize(
    "found, expected",
    [
        ([1.0, 2.0], [1.0, 2.1]),
        ({"tensor": "float32"}, {"tensor": "float64"}),
        ({"raised": ["TypeError"]}, 1.0),
        (1, 1.0),
        ({"raised": ["ValueError"], "deliberate": True}, {"raised": ["RuntimeError"]}),
        ({"names": {"a": 1}}, {"names": {"a": 1, "b": 2}}),
    ],
)
def test_outcomes_that_differ_are_seen(found, expected):
    assert answer.difference(found, expected)


@pytest.mark.parametrize(
    "found, expected",
    [
        ([1.0, 2.0], [1.0, 2.00001]),
        (3.0, {"raised": ["TypeError"]}),
        ({"raised": ["ValueError"]}, {"raised": ["TypeError"]}),
        ({"names": {"a": 1, "b": 2}}, {"names": {"a": 1}}),
    ],
)
def test_outcomes_that_are_as_good_are_no_difference(found, expected):
    assert answer.difference(found, expected) is None
