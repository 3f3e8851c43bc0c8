"""A text as a data module for character language models, and H. G. Wells's novel as one."""

import re
from pathlib import Path

import torch

from d2l.base.axes import Int, Tensor
from d2l.core.data import DataModule
from d2l.data.hub import download
from d2l.engine.resident import ResidentLoader
from d2l.errors import DataError
from d2l.text.vocab import Vocab


class TextWindows(DataModule):
    """What the text data sets have in common; its constructor is `DataModule`'s, so that a reader's
    `super(d2l.TimeMachine, self).__init__()` needs no arguments.
    """

    num_steps: int
    num_train: int
    num_val: int
    root: str
    X: Int[Tensor, "num_windows num_steps"]
    Y: Int[Tensor, "num_windows num_steps"]
    vocab: Vocab

    def build(self, raw_text: str, vocab: Vocab | None = None) -> tuple[list[int], Vocab]:
        """The numbers of the tokens of a text, and its vocabulary or the one given.

        Book: 9.2 Converting raw text into sequence data
        """
        tokens = self._tokenize(self._preprocess(raw_text))
        vocab = Vocab(tokens) if vocab is None else vocab
        return vocab[tokens], vocab

    def get_dataloader(self, train: bool) -> ResidentLoader:
        """Minibatches `X`, `Y`, each (batch, num_steps); shuffled if `train`.

        Book: 9.3 Language models
        """
        end = self.num_train + self.num_val
        rows = slice(0, self.num_train) if train else slice(self.num_train, end)
        return self.get_tensorloader((self.X, self.Y), train, rows)

    def _download(self) -> str:
        """The raw text. To be overridden."""
        raise NotImplementedError(
            f"{type(self).__name__} does not say which text it reads: define _download(self)"
        )

    def _preprocess(self, text: str) -> str:
        """The text in lower case, with one space for every run of other characters than letters."""
        return re.sub("[^A-Za-z]+", " ", text).lower()

    def _tokenize(self, text: str) -> list[str]:
        """The characters."""
        return list(text)

    def _make_windows(self, raw_text: str) -> None:
        corpus, self.vocab = self.build(raw_text)
        if len(corpus) == 0:
            raise DataError(
                f"the text has no tokens: of {len(raw_text)} characters none was left. Return "
                "text from _download(self), and keep some of it in _preprocess(self, text)"
            )
        if not 1 <= self.num_steps < len(corpus):
            raise DataError(
                f"the text has {len(corpus):,} tokens, so num_steps is at least 1 and at most "
                f"{len(corpus) - 1:,}; found num_steps={self.num_steps:,}"
            )
        windows = torch.tensor(corpus).unfold(0, self.num_steps + 1, 1)
        self.X, self.Y = windows[:, :-1], windows[:, 1:]


class CharacterText(TextWindows):
    """Windows of `num_steps` characters `X` and the same one character on `Y`, from every start.

    `X` and `Y` are (num_windows, num_steps) int64 and share memory: they are views on the text.
    The first `num_train` windows are for training, the next `num_val` for validation. The text is
    what `_download()` returns; `_preprocess` leaves small letters and spaces, `_tokenize` cuts it
    into characters. A reader overrides any of the three.

    >>> class Song(d2l.CharacterText):
    ...     def _download(self):
    ...         return "Row, row, row!"
    >>> data = Song(batch_size=2, num_steps=5)
    >>> data.vocab.to_tokens(data.X[0]), data.vocab.to_tokens(data.Y[0])
    (['r', 'o', 'w', ' ', 'r'], ['o', 'w', ' ', 'r', 'o'])

    Book: 9.2 Converting raw text into sequence data
    """

    def __init__(
        self,
        batch_size: int,
        num_steps: int,
        num_train: int = 10000,
        num_val: int = 5000,
        *,
        root: str = "../data",
    ) -> None:
        super().__init__(root=root)
        self.save_hyperparameters()
        self._make_windows(self._download())


class TimeMachine(TextWindows):
    """H. G. Wells's "The Time Machine", 173,428 characters without punctuation, as windows.

    The file is kept in `root`; the text is what `CharacterText` makes of it.

    >>> data = d2l.TimeMachine(batch_size=2, num_steps=10)  # doctest: +SKIP
    >>> data.X.shape, len(data.vocab)  # doctest: +SKIP
    (torch.Size([173418, 10]), 28)

    Book: 9.2 Converting raw text into sequence data
    """

    def __init__(
        self,
        batch_size: int,
        num_steps: int,
        num_train: int = 10000,
        num_val: int = 5000,
        *,
        root: str = "../data",
    ) -> None:
        super().__init__(root=root)
        self.save_hyperparameters()
        self._make_windows(self._download())

    def _download(self) -> str:
        """The text of the novel's file."""
        return Path(download("time_machine", self.root)).read_text(encoding="utf-8")
