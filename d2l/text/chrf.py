"""How good a translation is, by its characters: a score for languages with long words."""

from collections import Counter


def chrf(pred: str, label: str, n: int = 6, beta: float = 2) -> float:
    """How much two texts have in common, from 0 (no character) to 1 (all).

    Compared are runs of 1 to `n` characters, white space left out. For each length that both texts
    have, precision is the share of the runs of `pred` that are in `label`, recall the share of the
    runs of `label` that are in `pred`; their means P and R give the F-score
    `(1 + beta²) P R / (beta² P + R)`, so that recall counts `beta` times as much.

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
        found, wanted = _runs(predicted, length), _runs(expected, length)
        num_common = (found & wanted).total()
        precision += num_common / found.total()
        recall += num_common / wanted.total()
    precision, recall = precision / longest, recall / longest
    if precision + recall == 0:
        return 0.0
    return (1 + beta**2) * precision * recall / (beta**2 * precision + recall)


def _runs(text: str, length: int) -> Counter[str]:
    return Counter(text[i : i + length] for i in range(len(text) - length + 1))
