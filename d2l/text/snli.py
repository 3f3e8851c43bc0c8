"""Stanford's natural language inference data, and predicting the relation of one sentence pair."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import Dataset

from d2l.base.axes import Int, Tensor
from d2l.data.hub import download_extract
from d2l.engine.tensor_loaders import ResidentLoader
from d2l.errors import DataError, ShapeError
from d2l.text.imdb import most_likely_class
from d2l.text.tokens import pad_numbers, tokenize
from d2l.text.vocab import Vocab

LABELS = {"entailment": 0, "contradiction": 1, "neutral": 2}
MIN_FREQ = 5
BRACKETS = str.maketrans("", "", "()")
Split = tuple[Sequence[str], Sequence[str], Sequence[int]]
Pair = tuple[Int[Tensor, "... num_steps"], Int[Tensor, "... num_steps"]]


def read_snli(data_dir: str | Path, is_train: bool) -> tuple[list[str], list[str], list[int]]:
    r"""Return premises, hypotheses and labels: 0 entailment, 1 contradiction, 2 neutral.

    Pairs without a consensus of the annotators are left out.

    >>> lines = ["label\tsentence1\tsentence2\n", "entailment\t( He ( runs . ) )\t( He moves )\n"]
    >>> from pathlib import Path
    >>> _ = Path("snli_1.0_train.txt").write_text("".join(lines))
    >>> d2l.read_snli(".", is_train=True)
    (['He runs .'], ['He moves'], [0])

    Book: 16.4 Natural language inference and the dataset
    """
    file = Path(data_dir, f"snli_1.0_{'train' if is_train else 'test'}.txt")
    with file.open(encoding="utf-8") as lines:
        next(lines, None)  # the names of the columns
        rows = [row for row in (line.split("\t", 3) for line in lines) if row[0] in LABELS]
    if not rows:
        raise DataError(
            f"found no labelled pair in {file}; expected lines with a label and two bracketed "
            "sentences, separated by tabs"
        )
    premises, hypotheses = (_words([row[column].strip() for row in rows]) for column in (1, 2))
    return premises, hypotheses, [LABELS[row[0]] for row in rows]


class SNLIDataset(Dataset[tuple[Pair, Tensor]]):
    """Examples `((premise, hypothesis), label)`, truncated or padded to `num_steps` words.

    `dataset` is the result of `read_snli`. Without `vocab`, a vocabulary of the words that occur
    five times or more is built. `premises` and `hypotheses` are (num_examples, num_steps), `labels`
    (num_examples,), all int64.

    >>> vocab = d2l.Vocab(["he", "runs", "sits"], reserved_tokens=["<pad>"])
    >>> data = d2l.SNLIDataset((["he runs"], ["he sits"], [1]), num_steps=3, vocab=vocab)
    read 1 examples
    >>> data[0]
    ((tensor([2, 3, 0]), tensor([2, 4, 0])), tensor(1))

    Book: 16.4 Natural language inference and the dataset
    """

    def __init__(self, dataset: Split, num_steps: int, vocab: Vocab | None = None) -> None:
        self.num_steps = num_steps
        _check_lengths(dataset)
        premises, hypotheses = (tokenize(sentences) for sentences in dataset[:2])
        if vocab is None:
            vocab = Vocab(premises + hypotheses, min_freq=MIN_FREQ, reserved_tokens=("<pad>",))
        self.vocab = vocab
        self.premises, self.hypotheses = self._pad(premises), self._pad(hypotheses)
        self.labels = torch.tensor(dataset[2])
        print(f"read {len(self.premises)} examples")

    def _pad(self, lines: Sequence[Sequence[str]]) -> Int[Tensor, "num_examples num_steps"]:
        return pad_numbers(self.vocab[list(lines)], self.num_steps, self.vocab["<pad>"])

    def __getitem__(self, idx: Any) -> tuple[Pair, Tensor]:
        return (self.premises[idx], self.hypotheses[idx]), self.labels[idx]

    def __len__(self) -> int:
        return len(self.premises)


def load_data_snli(
    batch_size: int, num_steps: int = 50
) -> tuple[ResidentLoader, ResidentLoader, Vocab]:
    """Return loaders of training (shuffled) and test pairs, and the vocabulary.

    A batch is `([premises, hypotheses], labels)`: (batch, num_steps) twice, and (batch,).

    >>> train_iter, test_iter, vocab = d2l.load_data_snli(128)  # doctest: +SKIP
    read 549367 examples
    read 9824 examples

    Book: 16.4 Natural language inference and the dataset
    """
    data_dir = download_extract("SNLI")
    train = SNLIDataset(read_snli(data_dir, True), num_steps)
    test = SNLIDataset(read_snli(data_dir, False), num_steps, train.vocab)
    return _loader(train, batch_size, True), _loader(test, batch_size, False), train.vocab


def predict_snli(
    net: Callable[..., Tensor],
    vocab: Vocab,
    premise: str | Sequence[str],
    hypothesis: str | Sequence[str],
) -> str:
    """Predict `"entailment"`, `"contradiction"` or `"neutral"` for a pair of sentences.

    Sentences are texts or lists of words. `net` is a module or a function that maps a list of two
    tensors of word indices (1, num_words) to a score per class.

    >>> class Doubts(nn.Module):
    ...     def forward(self, X):
    ...         return torch.tensor([[0.0, 0.0, 1.0]])
    >>> d2l.predict_snli(Doubts(), d2l.Vocab(), "he runs", "he sits")
    'neutral'

    Book: 16.5 Natural language inference: using attention
    """
    pair = [_numbers(vocab, sentence) for sentence in (premise, hypothesis)]
    return list(LABELS)[most_likely_class(net, pair)]


def _numbers(vocab: Vocab, sentence: str | Sequence[str]) -> Int[Tensor, "1 num_words"]:
    words = sentence.split() if isinstance(sentence, str) else list(sentence)
    return torch.tensor(vocab[words], dtype=torch.int64).reshape(1, -1)


def _words(parses: Sequence[str]) -> list[str]:
    """Return the sentences without the brackets of their parse trees."""
    text = "\n".join(parses).translate(BRACKETS)
    return [" ".join(line.split()) for line in text.split("\n")]


def _check_lengths(dataset: Split) -> None:
    lengths = [len(part) for part in dataset]
    if len(lengths) != 3 or len(set(lengths)) != 1:
        raise ShapeError(
            "dataset must be premises, hypotheses and labels of equal lengths; found lengths "
            f"{lengths}. Example: SNLIDataset(d2l.read_snli(data_dir, True), num_steps)"
        )


def _loader(dataset: SNLIDataset, batch_size: int, shuffle: bool) -> ResidentLoader:
    tensors = (dataset.premises, dataset.hypotheses, dataset.labels)
    return ResidentLoader(tensors, batch_size, shuffle, _nested, dataset)


def _nested(premises: Tensor, hypotheses: Tensor, labels: Tensor) -> Any:
    return [premises, hypotheses], labels
