"""The corpus on which text is measured: made up, with the frequencies of words of a real one."""

import hashlib
import random
import zipfile
from collections.abc import Callable
from itertools import accumulate, pairwise
from pathlib import Path

NUM_KINDS = 5000  # of words; the n-th is n times rarer than the first
NUM_SENTENCES = 20_000
NUM_PARAGRAPHS = 4000
NUM_VECTORS = 10_000
NUM_DIMS = 50
LETTERS = "etaoinshrdlu"

Hub = dict[str, tuple[str, str]]


def sentences() -> list[list[str]]:
    """Sentences of 5 to 35 words, the same ones each time."""
    chance = random.Random(0)
    kinds = [_word(chance) for _ in range(NUM_KINDS)]
    limits = list(accumulate(1 / n for n in range(1, NUM_KINDS + 1)))
    return [
        chance.choices(kinds, cum_weights=limits, k=chance.randint(5, 35))
        for _ in range(NUM_SENTENCES)
    ]


def pair_lines(lines: list[list[str]]) -> str:
    """Sentence pairs, a tab between, with capitals and full stops."""
    texts = [" ".join(line).capitalize() for line in lines]
    return "".join(f"{a}.\t{b}!\n" for a, b in pairwise(texts))


def write_archives(folder: Path) -> Hub:
    """Archives in the layout of the book's sets, and what the hub has to know of them."""
    lines = [" ".join(line) for line in sentences()]
    makers: dict[str, tuple[str, Callable[[list[str]], str]]] = {
        "ptb": ("bench-ptb/ptb.train.txt", "\n".join),
        "wikitext-2": ("wikitext-2/wiki.train.tokens", _paragraphs),
        "SNLI": ("bench-SNLI/snli_1.0_train.txt", _parses),
        "glove.6b.50d": ("bench-glove.6b.50d/vec.txt", _vectors),
    }
    return {
        name: _archive(folder / f"bench-{name}.zip", inside, make(lines))
        for name, (inside, make) in makers.items()
    }


def _archive(file: Path, inside: str, text: str) -> tuple[str, str]:
    member = zipfile.ZipInfo(inside)  # of a fixed date, so that the checksum is the same each time
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(member, text)
    return f"http://localhost/{file.name}", hashlib.sha1(file.read_bytes()).hexdigest()


def _paragraphs(lines: list[str]) -> str:
    each = len(lines) // NUM_PARAGRAPHS
    cut = [lines[i * each : (i + 1) * each] for i in range(NUM_PARAGRAPHS)]
    return "".join(f" {' . '.join(part)} . \n" for part in cut)


def _parses(lines: list[str]) -> str:
    labels = ("entailment", "contradiction", "neutral", "-")
    rows = (
        f"{labels[i % 4]}\t( ( {a} ) . )\t( {b} )\tx\ty\n"
        for i, (a, b) in enumerate(pairwise(lines))
    )
    return "gold_label\tsentence1_binary_parse\tsentence2_binary_parse\tx\ty\n" + "".join(rows)


def _vectors(lines: list[str]) -> str:
    chance = random.Random(1)
    return "".join(
        f"word{i} {' '.join(f'{chance.gauss(0, 1):.5f}' for _ in range(NUM_DIMS))}\n"
        for i in range(NUM_VECTORS)
    )


def _word(chance: random.Random) -> str:
    return "".join(chance.choices(LETTERS, k=chance.randint(2, 9)))
