"""The Time Machine as one corpus, with random and sequential minibatches."""

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch

from d2l.base.axes import Int, Tensor
from d2l.base.public_names import is_replaced
from d2l.data.hub import download
from d2l.text.tokens import tokenize
from d2l.text.vocab import Vocab, count_tokens

Corpus = Sequence[int] | Int[Tensor, "num_tokens"]
Batches = Iterator[tuple[Int[Tensor, "batch num_steps"], Int[Tensor, "batch num_steps"]]]


def read_time_machine() -> list[str]:
    """Return the 3,221 lines of "The Time Machine", reduced to lower-case letters and spaces.

    >>> d2l.read_time_machine()[0]  # doctest: +SKIP
    'the time machine by h g wells'

    Book: 8.2 Text preprocessing (0.17.6)
    """
    with open(download("time_machine"), encoding="utf-8") as lines:
        return [re.sub("[^A-Za-z]+", " ", line).strip().lower() for line in lines]


def count_corpus(tokens: Sequence[Any]) -> Counter[Any]:
    """Count each token in a list of tokens or a list of lines of tokens.

    >>> d2l.count_corpus([["a", "b"], ["a"]])
    Counter({'a': 2, 'b': 1})

    Book: 8.2 Text preprocessing (0.17.6)
    """
    return count_tokens(tokens)


def load_corpus_time_machine(max_tokens: int = -1) -> tuple[list[int], Vocab]:
    """Return the indices of the novel's characters, all or `max_tokens`, and the vocabulary.

    The vocabulary contains all characters, the most frequent first.

    >>> corpus, vocab = d2l.load_corpus_time_machine()  # doctest: +SKIP
    >>> len(corpus), len(vocab)  # doctest: +SKIP
    (170580, 28)

    Book: 8.2 Text preprocessing (0.17.6)
    """
    tokens = tokenize(read_time_machine(), "char")
    vocab = Vocab(tokens) if is_replaced("Vocab") else Vocab(tokens, order="frequency")
    corpus = [number for line in tokens for number in vocab[line]]
    return (corpus[:max_tokens] if max_tokens > 0 else corpus), vocab


def seq_data_iter_random(corpus: Corpus, batch_size: int, num_steps: int) -> Batches:
    """Yield minibatches `X` and `Y`, shifted by one token, of subsequences in random order.

    Starting at a random offset below `num_steps`, the corpus is split into subsequences of that
    length; an incomplete batch is left out. Drawn from Python's `random`.

    >>> X, Y = next(iter(d2l.seq_data_iter_random(range(35), batch_size=2, num_steps=5)))
    >>> X.shape, (Y - X).unique()
    (torch.Size([2, 5]), tensor([1]))

    Book: 8.3 Language models and the dataset (0.17.6)
    """
    tokens = torch.as_tensor(corpus)[random.randint(0, num_steps - 1) :]
    starts = [*range(0, (len(tokens) - 1) // num_steps * num_steps, num_steps)]
    random.shuffle(starts)
    windows = tokens.unfold(0, num_steps + 1, 1) if starts else tokens.new_empty(0, num_steps + 1)
    num_batches = len(starts) // batch_size
    for rows in torch.tensor(starts, dtype=torch.int64).split(batch_size)[:num_batches]:
        batch = windows[rows.to(tokens.device)]
        yield batch[:, :-1], batch[:, 1:]


def seq_data_iter_sequential(corpus: Corpus, batch_size: int, num_steps: int) -> Batches:
    """Yield minibatches `X` and `Y`, shifted by one token, each continuing the previous one.

    Starting at a random offset up to `num_steps`, the corpus is split into `batch_size` rows.
    Drawn from Python's `random`.

    >>> (X1, _), (X2, _), *_ = d2l.seq_data_iter_sequential(range(35), batch_size=2, num_steps=5)
    >>> X2 - X1
    tensor([[5, 5, 5, 5, 5],
            [5, 5, 5, 5, 5]])

    Book: 8.3 Language models and the dataset (0.17.6)
    """
    tokens = torch.as_tensor(corpus)[random.randint(0, num_steps) :]
    num_tokens = (len(tokens) - 1) // batch_size * batch_size
    Xs = tokens[:num_tokens].reshape(batch_size, -1)
    Ys = tokens[1 : num_tokens + 1].reshape(batch_size, -1)
    for first in range(0, Xs.shape[1] // num_steps * num_steps, num_steps):
        yield Xs[:, first : first + num_steps], Ys[:, first : first + num_steps]


class SeqDataLoader:
    """Minibatches of The Time Machine with a new offset in each pass; has `corpus` and `vocab`.

    >>> data_iter = d2l.SeqDataLoader(32, 35, False, 10000)  # doctest: +SKIP
    >>> [X.shape for X, Y in data_iter][0]  # doctest: +SKIP
    torch.Size([32, 35])

    Book: 8.3 Language models and the dataset (0.17.6)
    """

    data_iter_fn: Callable[..., Batches]

    def __init__(
        self, batch_size: int, num_steps: int, use_random_iter: bool, max_tokens: int
    ) -> None:
        self.data_iter_fn = seq_data_iter_random if use_random_iter else seq_data_iter_sequential
        self.corpus, self.vocab = load_corpus_time_machine(max_tokens)
        self.batch_size, self.num_steps = batch_size, num_steps

    def __iter__(self) -> Batches:
        return self.data_iter_fn(self.corpus, self.batch_size, self.num_steps)


def load_data_time_machine(
    batch_size: int, num_steps: int, use_random_iter: bool = False, max_tokens: int = 10000
) -> tuple[SeqDataLoader, Vocab]:
    """Return a loader of the novel's first `max_tokens` characters, and the vocabulary.

    Batches are `X`, `Y`, each (batch_size, num_steps), from `seq_data_iter_sequential` or, with
    `use_random_iter`, `seq_data_iter_random`.

    >>> train_iter, vocab = d2l.load_data_time_machine(32, 35)  # doctest: +SKIP
    >>> len(vocab)  # doctest: +SKIP
    28

    Book: 8.3 Language models and the dataset (0.17.6)
    """
    data_iter = SeqDataLoader(batch_size, num_steps, use_random_iter, max_tokens)
    return data_iter, data_iter.vocab
