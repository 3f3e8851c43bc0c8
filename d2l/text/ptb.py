"""The Penn Tree Bank's Wall Street Journal, as batches for the skip-gram model."""

from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path

import torch
from torch.utils.data import Dataset

from d2l.base.axes import Int, Shaped, Tensor
from d2l.data.hub import download_extract
from d2l.engine.resident import ResidentLoader
from d2l.errors import DataError
from d2l.text.skipgram import get_centers_and_contexts, get_negatives, subsample
from d2l.text.tokens import before, flat
from d2l.text.vocab import Vocab

Example = tuple[int, Sequence[int], Sequence[int]]
Batch = tuple[
    Int[Tensor, "batch 1"],
    Int[Tensor, "batch max_len"],
    Int[Tensor, "batch max_len"],
    Int[Tensor, "batch max_len"],
]
MIN_FREQ = 10


def read_ptb() -> list[list[str]]:
    """The words of the sentences of the training file, 42,069 of them, the last one empty.

    >>> len(d2l.read_ptb())  # doctest: +SKIP
    42069

    Book: 15.3 The dataset for pretraining word embeddings
    """
    file = Path(download_extract("ptb"), "ptb.train.txt")
    return [line.split() for line in file.read_text(encoding="utf-8").split("\n")]


def batchify(data: Iterable[Example]) -> Batch:
    """One batch of examples `(center, context, negatives)`.

    Gives the centres (batch, 1) and three tensors (batch, max_len): context and noise words, filled
    with 0; masks, 1 where there is a word; and labels, 1 where it is of the context.

    >>> d2l.batchify([(1, [2, 2], [3, 4]), (1, [2], [5])])[1]
    tensor([[2, 2, 3, 4],
            [2, 5, 0, 0]])

    Book: 15.3 The dataset for pretraining word embeddings
    """
    examples = list(data)
    if not examples:
        raise DataError("there are no examples to make a batch of: give at least one")
    return unpack(*pack(*zip(*examples, strict=True)))


def load_data_ptb(
    batch_size: int, max_window_size: int, num_noise_words: int
) -> tuple[ResidentLoader, Vocab]:
    """Shuffled batches as `batchify` makes them, of one width, and the vocabulary.

    Words seen fewer than ten times are `<unk>` and left out.

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
            f"{len(sentences)} sentences have no word {MIN_FREQ} times or more with another such "
            "word beside it: take more text"
        )
    negatives = get_negatives(contexts, vocab, counter, num_noise_words)
    dataset = SkipGrams(*pack(centers, contexts, negatives))
    return ResidentLoader(dataset.tensors, batch_size, True, unpack, dataset), vocab


class SkipGrams(Dataset[Example]):
    """Examples `(center, context, negatives)`, kept in four tensors as `pack` makes them.

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
    """Centres, context and noise words in rows of one width, and where each kind ends in a row."""
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
    """What `batchify` promises, of what `pack` made; on any device."""
    places = torch.arange(words.shape[1], device=words.device)
    masks, labels = (_ones(places < ends[:, None]) for ends in (num_words, context_lens))
    return centers.reshape(-1, 1), words.long(), masks, labels


def _ones(places: Shaped[Tensor, "batch max_len"]) -> Int[Tensor, "batch max_len"]:
    return places.long()
