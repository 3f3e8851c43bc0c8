"""How good a translation is, in one number."""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise


def bleu(pred_seq: str | Sequence[str], label_seq: str | Sequence[str], k: int) -> float:
    """How much of the prediction is in the label, from 0 (nothing) to 1 (they are equal).

    Sentences are words with one space between, or lists of words. Compared are runs of 1 to `k`
    words, or to the length of the prediction if that is less; longer runs count more, and a
    prediction shorter than the label loses.

    >>> d2l.bleu("he is calm .", "he is calm .", k=2)
    1.0
    >>> round(d2l.bleu("she is calm .", "he is calm .", k=2), 2)
    0.78

    Book: 10.7 Sequence-to-sequence learning for machine translation
    """
    predicted, label = _words(pred_seq), _words(label_seq)
    if not predicted:
        return 0.0
    is_short = len(predicted) < len(label)
    score = math.exp(1 - len(label) / len(predicted)) if is_short else 1.0
    if predicted == label:
        return score
    for n in range(1, min(k, len(predicted)) + 1):
        num_matches = _num_matches(predicted, label, n)
        if num_matches == 0:
            return 0.0
        score *= (num_matches / (len(predicted) - n + 1)) ** 0.5**n
    return score


def _words(sentence: str | Sequence[str]) -> list[str]:
    return sentence.split(" ") if isinstance(sentence, str) else list(sentence)


def _num_matches(predicted: list[str], label: list[str], n: int) -> int:
    """How many runs of `n` words of the prediction the label has, each counted once."""
    left: dict[object, int] = {}
    for run in _runs(label, n):
        left[run] = left.get(run, 0) + 1
    num_matches = 0
    for run in _runs(predicted, n):
        if left.get(run):
            left[run] -= 1
            num_matches += 1
    return num_matches


def _runs(words: list[str], n: int) -> Iterable[object]:
    if n == 1:
        return words
    return pairwise(words) if n == 2 else zip(*[words[i:] for i in range(n)])  # noqa: B905
