"""The Penn Treebank for word2vec: subsampling, skip-gram pairs, negative sampling."""

import math
import random
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from itertools import accumulate, chain, compress, pairwise, repeat
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch.utils.data import Dataset

from d2l.base.axes import Int, Shaped, Tensor
from d2l.base.context_managers import collector_paused
from d2l.data.hub import download_extract
from d2l.engine.tensor_loaders import ResidentLoader
from d2l.errors import DataError
from d2l.text.tokens import before, flat
from d2l.text.vocab import UNKNOWN, Vocab

Item = TypeVar("Item")
FREQUENT = 1e-4  # words with a larger relative frequency are subsampled
CANDIDATES_AT_ONCE = 10_000


def subsample(
    sentences: Iterable[Iterable[str]], vocab: Vocab
) -> tuple[list[list[str]], Counter[str]]:
    """Return the sentences with frequent words subsampled, and each word's count before that.

    Words that are not in the vocabulary are removed first. A word with relative frequency f is kept
    with probability sqrt(1e-4 / f).

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
    is_kept[is_kept] = [random.random() < chance for chance in chances[is_kept].tolist()]
    ends = np.fromiter(accumulate(map(len, lines), initial=0), np.int64)
    num_kept = np.concatenate(([0], is_kept.cumsum()))[ends]
    return _cut([*compress(tokens, is_kept.tolist())], num_kept.tolist()), counter


def get_centers_and_contexts(
    corpus: Iterable[Iterable[Item]], max_window_size: int
) -> tuple[list[Item], list[list[Item]]]:
    """Return each word of the lines and its context, the words around it in the same line.

    The window size is drawn for each word, uniformly from 1 to `max_window_size`. Lines of one word
    have no context and are left out.

    >>> d2l.get_centers_and_contexts([[1, 2, 3], [4]], 1)
    ([1, 2, 3], [[2], [1, 3], [2]])

    Book: 15.3 The dataset for pretraining word embeddings
    """
    if max_window_size < 1:
        raise ValueError(f"max_window_size must be at least 1; found {max_window_size}")
    lines = [line for line in map(list, corpus) if len(line) > 1]
    centers = [*chain.from_iterable(lines)]
    largest = int(max_window_size)
    sizes = iter([random.randint(1, largest) for _ in centers])
    with collector_paused():
        contexts = [
            line[i - size if i > size else 0 : i] + line[i + 1 : i + 1 + size]
            for line in lines
            for i, size in zip(range(len(line)), sizes)  # noqa: B905
        ]
    return centers, contexts


class RandomGenerator:
    """Draws 1, 2, …, len(sampling_weights) with probabilities proportional to the weights.

    Draws ten thousand numbers at a time and caches them.

    >>> d2l.RandomGenerator([0, 0, 1]).draw()
    3

    Book: 15.3 The dataset for pretraining word embeddings
    """

    def __init__(self, sampling_weights: Collection[float]) -> None:
        weights = list(sampling_weights)
        if not weights or min(weights) < 0 or not 0 < sum(weights) < math.inf:
            raise ValueError(f"weights are at least 0 and not all 0; found {weights}")
        self.sampling_weights = sampling_weights
        self.population = list(range(1, len(sampling_weights) + 1))
        self.candidates: list[int] = []
        self.i = 0

    def draw(self) -> int:
        """Return the next number."""
        return self._next(1)[0]

    def draw_without(self, excluded: Iterable[int], count: int) -> list[int]:
        """Return the next `count` numbers that are not in `excluded`."""
        excluded_set, drawn = set(excluded), self._next(count)
        while not excluded_set.isdisjoint(drawn):
            drawn = [n for n in drawn if n not in excluded_set]
            self._require_others(drawn, excluded_set)
            drawn += self._next(count - len(drawn))
        return drawn

    def _next(self, count: int) -> list[int]:
        drawn = self.candidates[self.i : self.i + count]
        self.i += len(drawn)
        while len(drawn) < count:
            self.candidates = random.choices(
                self.population, list(self.sampling_weights), k=CANDIDATES_AT_ONCE
            )
            self.i = min(count - len(drawn), CANDIDATES_AT_ONCE)
            drawn += self.candidates[: self.i]
        return drawn

    def _require_others(self, found: list[int], excluded_set: set[int]) -> None:
        weighted = zip(self.population, self.sampling_weights, strict=True)
        if not found and all(n in excluded_set for n, weight in weighted if weight > 0):
            raise DataError(
                f"no noise word can be drawn because all {len(self.population)} words are in the "
                "context. Use more text, a smaller max_window_size or a smaller min_freq"
            )


def get_negatives(
    all_contexts: Iterable[Sequence[int]], vocab: Vocab, counter: Counter[str], K: int
) -> list[list[int]]:
    """Return for each context `K` noise words per context word, none of them in the context.

    Sampled in proportion to the words' counts to the power of 3/4, excluding `<unk>`, index 0.

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


Example = tuple[int, Sequence[int], Sequence[int]]
Batch = tuple[
    Int[Tensor, "batch 1"],
    Int[Tensor, "batch max_len"],
    Int[Tensor, "batch max_len"],
    Int[Tensor, "batch max_len"],
]
MIN_FREQ = 10


def read_ptb() -> list[list[str]]:
    """Return the 42,069 sentences of the training file as lists of words; the last is empty.

    >>> len(d2l.read_ptb())  # doctest: +SKIP
    42069

    Book: 15.3 The dataset for pretraining word embeddings
    """
    file = Path(download_extract("ptb"), "ptb.train.txt")
    return [line.split() for line in file.read_text(encoding="utf-8").split("\n")]


def batchify(data: Iterable[Example]) -> Batch:
    """Collate examples `(center, context, negatives)` into one batch.

    Returns the centers (batch, 1) and three tensors (batch, max_len): context and noise words,
    padded with 0; masks, 1 at words; and labels, 1 at context words.

    >>> d2l.batchify([(1, [2, 2], [3, 4]), (1, [2], [5])])[1]
    tensor([[2, 2, 3, 4],
            [2, 5, 0, 0]])

    Book: 15.3 The dataset for pretraining word embeddings
    """
    examples = list(data)
    if not examples:
        raise DataError("batchify requires at least one example; found none")
    return unpack(*pack(*zip(*examples, strict=True)))


def load_data_ptb(
    batch_size: int, max_window_size: int, num_noise_words: int
) -> tuple[ResidentLoader, Vocab]:
    """Return a loader of shuffled batches as of `batchify`, all of one width, and the vocabulary.

    Words that occur fewer than ten times are `<unk>` and left out.

    >>> loader, vocab = d2l.load_data_ptb(512, 5, num_noise_words=5)  # doctest: +SKIP
    >>> [tuple(part.shape) for part in next(iter(loader))]  # doctest: +SKIP
    [(512, 1), (512, 60), (512, 60), (512, 60)]

    Book: 15.3 The dataset for pretraining word embeddings
    """
    sentences = read_ptb()
    vocab = Vocab(sentences, min_freq=MIN_FREQ)
    subsampled, counter = subsample(sentences, vocab)
    corpus = [vocab[line] for line in subsampled]
    centers, contexts = get_centers_and_contexts(corpus, max_window_size)
    if not centers:
        raise DataError(
            f"none of the {len(sentences)} sentences has two adjacent words that occur {MIN_FREQ} "
            "times or more. Use more text"
        )
    negatives = get_negatives(contexts, vocab, counter, num_noise_words)
    dataset = SkipGrams(*pack(centers, contexts, negatives))
    return ResidentLoader(dataset.tensors, batch_size, True, unpack, dataset), vocab


class SkipGrams(Dataset[Example]):
    """Examples `(center, context, negatives)`, stored in the four tensors of `pack`.

    Book: 15.3 The dataset for pretraining word embeddings
    """

    def __init__(self, *tensors: Tensor) -> None:
        self.tensors = tensors

    def __len__(self) -> int:
        return len(self.tensors[0])

    def __getitem__(self, index: int) -> Example:
        center, words, context_len, num_words = (tensor[index] for tensor in self.tensors)
        known = words[:num_words].tolist()
        return int(center), known[:context_len], known[context_len:]


def pack(
    centers: Sequence[int], contexts: Sequence[Sequence[int]], negatives: Sequence[Sequence[int]]
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Pad examples to one width: centers, words, context lengths and total lengths."""
    context_lens = torch.tensor([*map(len, contexts)])
    num_words = context_lens + torch.tensor([*map(len, negatives)])
    filled = before(num_words, int(num_words.max()))
    in_turn = chain.from_iterable(zip(contexts, negatives, strict=True))
    words = torch.zeros(filled.shape, dtype=torch.int32)
    words.masked_scatter_(filled, flat(in_turn).to(torch.int32))
    return torch.tensor(centers), words, context_lens, num_words


def unpack(
    centers: Int[Tensor, "batch"],
    words: Int[Tensor, "batch max_len"],
    context_lens: Int[Tensor, "batch"],
    num_words: Int[Tensor, "batch"],
) -> Batch:
    """Convert the tensors of `pack` to a batch as of `batchify`, on any device."""
    places = torch.arange(words.shape[1], device=words.device)
    masks, labels = (_ones(places < ends[:, None]) for ends in (num_words, context_lens))
    return centers.reshape(-1, 1), words.long(), masks, labels


def _ones(places: Shaped[Tensor, "batch max_len"]) -> Int[Tensor, "batch max_len"]:
    return places.long()
