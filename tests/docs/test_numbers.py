"""Measured numbers in README and docs are those of bench/records.md.

A block between `<!-- record: HEADING -->` and `<!-- record: end -->` holds numbers of that record.
Outside of such blocks there are no measurements, except those listed here with a reason.
"""

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
RECORDS = REPOSITORY / "bench" / "records.md"
PAGES = (
    "README.md",
    "README.zh.md",
    "docs/explanation/comparison.md",
    "docs/explanation/isolation.md",
    "docs/explanation/performance.md",
    "docs/explanation/scaling.md",
    "docs/how-to/checkpoints.md",
    "docs/how-to/grading.md",
    "docs/how-to/many-devices.md",
    "docs/how-to/migrate.md",
)
BLOCK = re.compile(r"<!-- record: (?!end)(.+?) -->\n(.*?)<!-- record: end -->", re.S)
NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?")
MEASUREMENT = re.compile(r"\d ?(?:×(?! ?\d)|x\b|seconds\b|s\b|ms\b|µs\b|MB\b|GB\b)|\d (?:秒|倍)")
CALCULATED = "calculated from sizes and assumed bandwidths, which the page says"
# Lines outside of blocks that may hold such a number: a part of the line → why.
EXCEPTIONS = {
    "docs/how-to/grading.md": {
        "A notebook may have 2,000 cells and 50 MB": "a limit",
    },
    "docs/how-to/many-devices.md": {
        "weights, gradients and Adam's two moments are 16 bytes": CALCULATED,
        "and 112 GB for 7 billion": CALCULATED,
        "torchrun gives them 30 seconds": "torchrun's documented limit",
    },
    "docs/explanation/isolation.md": {
        "an empty, truncated, non-JSON, renamed or 200 MB notebook": "the size of a test's input",
    },
    "docs/explanation/scaling.md": {
        "| the book's MLP": CALCULATED,
        "| ResNet-18": CALCULATED,
        "| transformer of GPT-2's smallest size": CALCULATED,
        "| | 1 Gbit/s Ethernet": CALCULATED,
        "In addition each exchange has a latency": "an order of magnitude, not a result",
        "- **MLP**, batches of 256": CALCULATED,
        "on two cores of a CPU (1 Gbit/s": CALCULATED,
        "- **ResNet-18** at 96 pixels": CALCULATED,
        "- **Transformer**": CALCULATED,
        "400,000 billion a second (bf16). NVLink": CALCULATED,
        "**Assumptions**": CALCULATED,
        "| arithmetic a step": CALCULATED,
        "| exchange: bytes": CALCULATED,
        "| and 2 × 255 hops": CALCULATED,
        "| overlapped with the last backward pass": CALCULATED,
        "| a step takes": CALCULATED,
        "with one 100 Gbit/s card": CALCULATED,
    },
}


def record(heading):
    """The text of a record, with its heading."""
    for section in re.split(r"^## ", RECORDS.read_text("utf-8"), flags=re.M)[1:]:
        if section.partition("\n")[0] == heading:
            return section
    raise LookupError(f"bench/records.md has no {heading}")


@pytest.mark.parametrize("page", PAGES)
def test_every_number_of_a_block_is_in_its_record(page):
    for heading, block in BLOCK.findall((REPOSITORY / page).read_text("utf-8")):
        recorded = set(NUMBER.findall(record(heading)))
        words = re.sub(r"\d\.\d+\.\d+|ResNet-\d+|]\([^)]*\)", "", block)  # versions, names, links
        assert [n for n in NUMBER.findall(words) if n not in recorded] == [], (page, heading)


@pytest.mark.parametrize("page", PAGES)
def test_no_measurement_is_outside_of_a_block(page):
    text = re.sub(r"^```.*?^```", "", (REPOSITORY / page).read_text("utf-8"), flags=re.M | re.S)
    lines = BLOCK.sub("", text).splitlines()
    allowed = EXCEPTIONS.get(page, {})
    found = [line for line in lines if MEASUREMENT.search(re.sub(r"`[^`]*`", "", line))]
    assert [line for line in found if not any(part in line for part in allowed)] == []
    assert [part for part in allowed if not any(part in line for line in found)] == []


def test_a_number_that_the_record_does_not_have_is_found():
    numbers = NUMBER.findall(record("Calibration: seed 2026"))
    assert "0.42" in numbers
    assert "0.43" not in numbers
    assert MEASUREMENT.search("it takes 3 ms")
    assert not MEASUREMENT.search("2 × 784 × 256 operations")
