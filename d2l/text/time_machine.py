"""Text data sets for language models: The Time Machine, a short story, and a synthetic translation
task. The last two come with the library and train within a minute on a CPU.
"""

import random
import re
from pathlib import Path
from typing import Any, NamedTuple

import torch

from d2l.base.axes import Int, Tensor
from d2l.core.data_module import DataModule
from d2l.data.hub import download
from d2l.engine.tensor_loaders import ResidentLoader
from d2l.errors import ConfigurationError, DataError
from d2l.text.bpe import BPETokenizer
from d2l.text.sentence_pairs import SentencePairs
from d2l.text.vocab import Vocab

TOKENIZATIONS = ("char", "word", "bpe")


class Tokenization(NamedTuple):
    """How a text is tokenized: `kind` is one of `TOKENIZATIONS`; `vocab_size` is for "bpe"."""

    kind: str = "char"
    vocab_size: int = 1024


class TextWindows(DataModule):
    """Base class of the text data sets.

    Its constructor is `DataModule`'s, so that `super(d2l.TimeMachine, self).__init__()` in a
    subclass needs no arguments.
    """

    num_steps: int
    num_train: int
    num_val: int
    root: str
    X: Int[Tensor, "num_windows num_steps"]
    Y: Int[Tensor, "num_windows num_steps"]
    vocab: Any
    _d2l = Tokenization()  # one attribute: a subclass may use the field names

    def build(self, raw_text: str, vocab: Any = None) -> tuple[list[int], Any]:
        """Return the token indices of a text, and its vocabulary or the one given.

        The vocabulary is a `Vocab` or, for subwords, a `BPETokenizer` trained on the text.

        Book: 9.2 Converting raw text into sequence data
        """
        text = self._preprocess(raw_text)
        if self._d2l.kind == "bpe" and type(self)._tokenize is TextWindows._tokenize:
            vocab = BPETokenizer(self._d2l.vocab_size).train(text) if vocab is None else vocab
            return vocab.encode(text), vocab
        tokens = self._tokenize(text)
        vocab = Vocab(tokens) if vocab is None else vocab
        return vocab[tokens], vocab

    def get_dataloader(self, train: bool) -> ResidentLoader:
        """Return a loader of `X` and `Y`, each (batch, num_steps), shuffled if `train`.

        Book: 9.3 Language models
        """
        end = self.num_train + self.num_val
        rows = slice(0, self.num_train) if train else slice(self.num_train, end)
        return self.get_tensorloader((self.X, self.Y), train, rows)

    def _download(self) -> str:
        """Return the raw text. Must be overridden."""
        raise NotImplementedError(
            f"{type(self).__name__} must define _download(self), which returns the text"
        )

    def _preprocess(self, text: str) -> str:
        """Return the text in lower case, with each run of non-letters replaced by one space.

        For subwords the text is returned unchanged.
        """
        return text if self._d2l.kind == "bpe" else re.sub("[^A-Za-z]+", " ", text).lower()

    def _tokenize(self, text: str) -> list[str]:
        """Split the text into characters, words, or tokens of `self.vocab`."""
        if self._d2l.kind == "bpe":
            return self.vocab.to_tokens(self.vocab.encode(text))
        return text.split() if self._d2l.kind == "word" else list(text)

    def _make_windows(self, raw_text: str, tokenization: str, vocab_size: int) -> None:
        if tokenization not in TOKENIZATIONS:
            raise ConfigurationError(
                f"tokenization must be 'char', 'word' or 'bpe'; found {tokenization!r}"
            )
        self._d2l = Tokenization(tokenization, vocab_size)
        corpus, self.vocab = self.build(raw_text)
        if len(corpus) == 0:
            raise DataError(
                f"the text has no tokens: none of its {len(raw_text)} characters was left. Return "
                "text from _download(self) and from _preprocess(self, text)"
            )
        if not 1 <= self.num_steps < len(corpus):
            raise DataError(
                f"num_steps must be in 1..{len(corpus) - 1:,} because the text has {len(corpus):,} "
                f"tokens; found num_steps={self.num_steps:,}"
            )
        windows = torch.tensor(corpus).unfold(0, self.num_steps + 1, 1)
        self.X, self.Y = windows[:, :-1], windows[:, 1:]


class CharacterText(TextWindows):
    """Windows of `num_steps` characters `X`, one per position, and `Y`, shifted by one character.

    `X` and `Y` are (num_windows, num_steps) int64 and share memory: they are views on the text.
    The first `num_train` windows are for training, the next `num_val` for validation.
    `_download()` returns the text, `_preprocess` reduces it to lower-case letters and spaces, and
    `_tokenize` splits it into characters; a subclass may override any of the three. With
    `tokenization="word"` the tokens are words; with "bpe" they are subwords of the unchanged text,
    and `vocab` is a `BPETokenizer` of up to `vocab_size` tokens.

    >>> class Song(d2l.CharacterText):
    ...     def _download(self):
    ...         return "Row, row, row!"
    >>> data = Song(batch_size=2, num_steps=5)
    >>> data.vocab.to_tokens(data.X[0]), data.vocab.to_tokens(data.Y[0])
    (['r', 'o', 'w', ' ', 'r'], ['o', 'w', ' ', 'r', 'o'])
    >>> data = Song(batch_size=2, num_steps=2, tokenization="bpe", vocab_size=261)
    >>> data.vocab.to_tokens(data.X[0]), data.vocab.decode(data.X[2])
    (['R', 'ow'], ', r')

    Book: 9.2 Converting raw text into sequence data
    """

    def __init__(
        self,
        batch_size: int,
        num_steps: int,
        num_train: int = 10000,
        num_val: int = 5000,
        tokenization: str = "char",
        vocab_size: int = 1024,
        *,
        root: str = "../data",
    ) -> None:
        super().__init__(root=root)
        self.save_hyperparameters()
        self._make_windows(self._download(), tokenization, vocab_size)


class TimeMachine(TextWindows):
    """H. G. Wells's "The Time Machine", 173,428 characters without punctuation, as windows.

    The file is stored in `root`; the text is processed as in `CharacterText`. The tokens are
    characters, words with `tokenization="word"`, or `vocab_size` subwords with "bpe".

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
        tokenization: str = "char",
        vocab_size: int = 1024,
        *,
        root: str = "../data",
    ) -> None:
        super().__init__(root=root)
        self.save_hyperparameters()
        self._make_windows(self._download(), tokenization, vocab_size)

    def _download(self) -> str:
        """Return the text of the novel."""
        return Path(download("time_machine", self.root)).read_text(encoding="utf-8")


# Upland starts with the hundreds, Lowland with the ones; Upland has the place value after the
# digit, Lowland before it, after "ke"; Upland omits zeros, Lowland includes them.
UPLAND_DIGITS = ("", "an", "bo", "cim", "dal", "ek", "fos", "gar", "hil", "ib")
UPLAND_PLACES = ("", "tor", "mek")
LOWLAND_DIGITS = ("nul", "uno", "dva", "tri", "kva", "pen", "ses", "sep", "okt", "nov")
LOWLAND_PLACES = ("", "deka", "henta")
NUM_NUMBERS = 1000


class TinyStory(CharacterText):
    """ "The Lamp on the Hill", a short story of 3,800 characters with many repetitions.

    >>> data = d2l.TinyStory(batch_size=32, num_steps=16, num_train=3000, num_val=500)
    >>> "".join(data.vocab.to_tokens(data.X[0]))
    'the lamp on the '

    Book: 9.5 Recurrent neural network implementation from scratch
    """

    def _download(self) -> str:
        """Return the text of the story."""
        return Path(__file__).with_name("tiny_story.txt").read_text(encoding="utf-8")


class SyntheticTranslation(SentencePairs):
    """The numbers 1 to 999 in words of two invented languages, from Upland to Lowland.

    The languages order the parts of a number in opposite directions and join them differently. The
    numbers are in a fixed random order.

    >>> data = d2l.SyntheticTranslation(batch_size=64, num_train=800, num_val=199)
    >>> src, tgt, src_valid_len, label = data.build(["cim mek dal tor bo ."], ["dva ke deka kva ."])
    >>> data.src_vocab.to_tokens(src[0])
    ['cim', 'mek', 'dal', 'tor', 'bo', '.', '<eos>', '<pad>', '<pad>']
    >>> data.tgt_vocab.to_tokens(tgt[0, :4])
    ['<bos>', 'dva', 'ke', 'deka']

    Book: 10.5 Machine translation and the dataset
    """

    def _download(self) -> str:
        """Return one line per number."""
        numbers = list(range(1, NUM_NUMBERS))
        random.Random(0).shuffle(numbers)
        return "\n".join(f"{upland(n)}\t{lowland(n)}" for n in numbers)


def upland(number: int) -> str:
    """Return a number below 1,000 in Upland: 342 is three hundred, four tens, two."""
    parts = [(UPLAND_DIGITS[d], UPLAND_PLACES[place]) for place, d in _digits(number) if d]
    return " ".join([word for part in reversed(parts) for word in part if word] + ["."])


def lowland(number: int) -> str:
    """Return a number below 1,000 in Lowland: 342 is two and tens four and hundreds three."""
    parts = [f"{LOWLAND_PLACES[place]} {LOWLAND_DIGITS[d]}".strip() for place, d in _digits(number)]
    return " ke ".join(parts) + " ."


def _digits(number: int) -> list[tuple[int, int]]:
    """Return the digit positions of a number and their digits, ones first."""
    return [(place, int(digit)) for place, digit in enumerate(reversed(str(number)))]
