"""The glossary is sorted, short, and each of its terms leads to a file."""

import re
from pathlib import Path

GLOSSARY = Path(__file__).parents[2] / "docs" / "reference" / "glossary.md"
ROW = re.compile(r"\| (?P<term>[^|]+) \| (?P<meaning>[^|]+\.) \| \[[^\]]+\]\((?P<file>[^)]+)\) \|")


def rows():
    text = GLOSSARY.read_text("utf-8").splitlines()
    lines = [line for line in text if line.startswith("|")][2:]
    return [ROW.fullmatch(line) or line for line in lines]


def test_every_row_has_a_term_a_sentence_and_a_file():
    assert [row for row in rows() if isinstance(row, str)] == []


def test_there_are_fifty_to_eighty_terms_in_alphabetical_order():
    terms = [row["term"].lower() for row in rows()]
    assert terms == sorted(terms)
    assert len(set(terms)) == len(terms)
    assert 50 <= len(terms) <= 80


def test_every_file_exists():
    files = [row["file"] for row in rows()]
    assert [file for file in files if not (GLOSSARY.parent / file).is_file()] == []
