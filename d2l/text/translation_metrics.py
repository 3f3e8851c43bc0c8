"""Metrics of translations: BLEU and chrF."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise


def bleu(pred_seq: str | Sequence[str], label_seq: str | Sequence[str], k: int) -> float:
    """Return the BLEU score of a prediction, from 0 (no common word) to 1 (equal to the label).

    Sentences are words separated by single spaces, or lists of words. The score uses n-grams of 1
    to `k` words, or up to the length of the prediction if that is less; longer n-grams have a
    larger weight, and a prediction shorter than the label is penalized.

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
    """Return how many `n`-grams of the prediction are in the label, each matched once."""
    left: dict[object, int] = {}
    for run in _ngrams(label, n):
        left[run] = left.get(run, 0) + 1
    num_matches = 0
    for run in _ngrams(predicted, n):
        if left.get(run):
            left[run] -= 1
            num_matches += 1
    return num_matches


def _ngrams(words: list[str], n: int) -> Iterable[object]:
    if n == 1:
        return words
    return pairwise(words) if n == 2 else zip(*[words[i:] for i in range(n)])  # noqa: B905


def chrf(pred: str, label: str, n: int = 6, beta: float = 2) -> float:
    """Return the chrF score of two texts, from 0 (no common character) to 1 (equal).

    Uses n-grams of 1 to `n` characters, ignoring white space. For each length, precision is the
    fraction of the n-grams of `pred` that are in `label`, and recall the fraction of the n-grams of
    `label` that are in `pred`. With their means P and R, the score is the F-score
    `(1 + beta²) P R / (beta² P + R)`, which weights recall `beta` times as much.

    >>> d2l.chrf("he is calm", "he is calm")
    1.0
    >>> round(d2l.chrf("the cats", "the cat", n=1, beta=1), 3)  # 6 of 7 and 6 of 6
    0.923

    Book: 10.7 Sequence-to-sequence learning for machine translation (2026)
    """
    predicted, expected = "".join(pred.split()), "".join(label.split())
    longest = min(n, len(predicted), len(expected))
    if longest < 1:
        return float(predicted == expected)
    precision = recall = 0.0
    for length in range(1, longest + 1):
        found = _character_ngrams(predicted, length)
        in_label = _character_ngrams(expected, length)
        num_common = (found & in_label).total()
        precision += num_common / found.total()
        recall += num_common / in_label.total()
    precision, recall = precision / longest, recall / longest
    if precision + recall == 0:
        return 0.0
    return (1 + beta**2) * precision * recall / (beta**2 * precision + recall)


def _character_ngrams(text: str, length: int) -> Counter[str]:
    return Counter(text[i : i + length] for i in range(len(text) - length + 1))
