"""What the skip-gram model is trained on: centre words, the words around them, and words that are
not. Knows lists of numbers, not where they come from.

Random numbers are those of Python's `random`: one seed, the same sample, as it ever was.
"""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from itertools import accumulate, chain, compress, pairwise, repeat
from typing import Any, TypeVar

import numpy as np

from d2l.base.collector import collector_paused
from d2l.errors import DataError
from d2l.text.draws import Chances, integers, uniform
from d2l.text.vocab import UNKNOWN, Vocab

Item = TypeVar("Item")
FREQUENT = 1e-4  # words with a larger share of the text than this are thinned out
CANDIDATES_AT_ONCE = 10_000


def subsample(
    sentences: Iterable[Iterable[str]], vocab: Vocab
) -> tuple[list[list[str]], Counter[str]]:
    """The sentences with frequent words thinned out, and the count of each word before that.

    Words that the vocabulary does not have are taken out first. A word with the share f of the
    text stays with probability sqrt(1e-4 / f).

    >>> lines = [["the"] * 9000 + ["cat"]]
    >>> subsampled, counter = d2l.subsample(lines, d2l.Vocab(lines))
    >>> counter["the"], len(subsampled[0]) < 200, "cat" in subsampled[0]
    (9000, True, True)

    Book: 15.3 The dataset for pretraining word embeddings
    """
    lines = [list(sentence) for sentence in sentences]
    tokens = [*chain.from_iterable(lines)]
    known = vocab.token_to_idx.keys() - {UNKNOWN}
    counter = Counter({token: n for token, n in Counter(tokens).items() if token in known})
    num_known = counter.total()
    stays = {token: math.sqrt(FREQUENT / n * num_known) for token, n in counter.items()}
    chances = np.fromiter(map(stays.get, tokens, repeat(-1.0)), np.float64, len(tokens))
    is_kept = chances >= 0
    is_kept[is_kept] = uniform(num_known) < chances[is_kept]
    ends = np.fromiter(accumulate(map(len, lines), initial=0), np.int64)
    num_kept = np.concatenate(([0], is_kept.cumsum()))[ends]
    return _cut([*compress(tokens, is_kept.tolist())], num_kept.tolist()), counter


def get_centers_and_contexts(
    corpus: Iterable[Iterable[Item]], max_window_size: int
) -> tuple[list[Item], list[list[Item]]]:
    """Each word of the lines, and the words around it in its line.

    How many on each side is drawn anew for each word, 1 to `max_window_size`. Lines of one word
    have nothing around it and are left out.

    >>> d2l.get_centers_and_contexts([[1, 2, 3], [4]], 1)
    ([1, 2, 3], [[2], [1, 3], [2]])

    Book: 15.3 The dataset for pretraining word embeddings
    """
    if max_window_size < 1:
        raise ValueError(f"max_window_size is at least 1, found {max_window_size}")
    lines = [line for line in map(list, corpus) if len(line) > 1]
    centers = [*chain.from_iterable(lines)]
    sizes = iter(integers(1, int(max_window_size), len(centers)).tolist())
    with collector_paused():
        contexts = [
            line[i - size if i > size else 0 : i] + line[i + 1 : i + 1 + size]
            for line in lines
            for i, size in zip(range(len(line)), sizes)  # noqa: B905
        ]
    return centers, contexts


class RandomGenerator:
    """Draws 1, 2, …, len(sampling_weights) with probabilities in the ratio of the weights.

    Ten thousand are drawn ahead at a time.

    >>> d2l.RandomGenerator([0, 0, 1]).draw()
    3

    Book: 15.3 The dataset for pretraining word embeddings
    """

    def __init__(self, sampling_weights: Collection[float]) -> None:
        self.sampling_weights = sampling_weights
        self.population = list(range(1, len(sampling_weights) + 1))
        self.candidates: list[int] = []
        self.i = 0
        self._chances = Chances(sampling_weights)

    def draw(self) -> int:
        """The next number."""
        return self._next(1)[0]

    def draw_without(self, excluded: Iterable[int], count: int) -> list[int]:
        """The next `count` numbers that are not `excluded`."""
        unwanted, drawn = set(excluded), self._next(count)
        while not unwanted.isdisjoint(drawn):
            drawn = [n for n in drawn if n not in unwanted]
            self._require_others(drawn, unwanted)
            drawn += self._next(count - len(drawn))
        return drawn

    def _next(self, count: int) -> list[int]:
        drawn = self.candidates[self.i : self.i + count]
        self.i += len(drawn)
        while len(drawn) < count:
            chosen = self._chances.draw(CANDIDATES_AT_ONCE).tolist()
            self.candidates = [*map(self.population.__getitem__, chosen)]
            self.i = min(count - len(drawn), CANDIDATES_AT_ONCE)
            drawn += self.candidates[: self.i]
        return drawn

    def _require_others(self, found: list[int], unwanted: set[int]) -> None:
        weighted = zip(self.population, self.sampling_weights, strict=True)
        if not found and all(n in unwanted for n, weight in weighted if weight > 0):
            raise DataError(
                f"each of the {len(self.population)} words is in the context, so none is left to "
                "be noise: take more text, a smaller max_window_size or a smaller min_freq"
            )


def get_negatives(
    all_contexts: Iterable[Sequence[int]], vocab: Vocab, counter: Counter[str], K: int
) -> list[list[int]]:
    """For each context `K` noise words a word: numbers that the context does not have.

    Drawn in the ratio of the words' counts to the power of 3/4, without `<unk>`, word 0.

    >>> vocab = d2l.Vocab(["a", "b", "c"])
    >>> counter = d2l.collections.Counter(a=5, b=2, c=1)
    >>> d2l.get_negatives([[1, 2], [1, 3]], vocab, counter, K=2)
    [[3, 3, 3, 3], [2, 2, 2, 2]]

    Book: 15.3 The dataset for pretraining word embeddings
    """
    weights = [counter[token] ** 0.75 for token in vocab.idx_to_token[1:]]
    generator = RandomGenerator(weights)
    with collector_paused():
        return [generator.draw_without(context, len(context) * K) for context in all_contexts]


def _cut(items: list[Any], ends: list[int]) -> list[list[Any]]:
    return [items[start:end] for start, end in pairwise(ends)]
