"""A text of sentence pairs as a data module for machine translation."""

import warnings
from collections.abc import Iterable, Sequence
from typing import Any

from d2l.base.axes import Int, Tensor
from d2l.core.data_module import DataModule
from d2l.engine.tensor_loaders import ResidentLoader
from d2l.errors import DataError
from d2l.text.bpe import BPETokenizer
from d2l.text.tokens import pad_numbers, preprocess_nmt, split_pairs, truncate_pad
from d2l.text.vocab import Vocab

Arrays = tuple[
    Int[Tensor, "batch num_steps"],
    Int[Tensor, "batch num_steps"],
    Int[Tensor, "batch"],
    Int[Tensor, "batch num_steps"],
]


class PairArrays(DataModule):
    """Base class of the data sets of sentence pairs.

    Its constructor is `DataModule`'s, so that `super(d2l.MTFraEng, self).__init__()` in a subclass
    needs no arguments.
    """

    num_steps: int
    num_train: int
    num_val: int
    root: str
    arrays: Arrays
    src_vocab: Any
    tgt_vocab: Any
    _d2l: int | None = None  # vocabulary size of subword tokens; None for words

    def build(self, src_sentences: Iterable[str], tgt_sentences: Iterable[str]) -> Arrays:
        """Return the arrays of other sentences, encoded with the existing vocabularies.

        Unpaired sentences are dropped with a warning.

        Book: 10.5 Machine translation and the dataset
        """
        sources, targets = list(src_sentences), list(tgt_sentences)
        if len(sources) != len(targets):
            warnings.warn(
                f"expected as many source as target sentences; found {len(sources)} and "
                f"{len(targets)}, so the unpaired ones are dropped",
                stacklevel=2,
            )
        pairs = zip(sources, targets, strict=False)
        raw_text = "\n".join(f"{source}\t{target}" for source, target in pairs)
        return self._build_arrays(raw_text, self.src_vocab, self.tgt_vocab)[0]

    def get_dataloader(self, train: bool) -> ResidentLoader:
        """Return a loader of minibatches of `arrays`, shuffled if `train`.

        Book: 10.5 Machine translation and the dataset
        """
        end = self.num_train + self.num_val
        rows = slice(0, self.num_train) if train else slice(self.num_train, end)
        return self.get_tensorloader(self.arrays, train, rows)

    def _download(self) -> str:
        """Return the raw text. Must be overridden."""
        raise NotImplementedError(
            f"{type(self).__name__} must define _download(self), which returns the sentence pairs"
        )

    def _preprocess(self, text: str) -> str:
        """Return `preprocess_nmt(text)`."""
        return preprocess_nmt(text)

    def _tokenize(
        self, text: str, max_examples: int | None = None
    ) -> tuple[list[list[str]], list[list[str]]]:
        """Return the words of each pair, ending in `<eos>`; of at most `max_examples` pairs."""
        pairs = split_pairs(text, max_examples)
        return [_ended(source) for source, _ in pairs], [_ended(target) for _, target in pairs]

    def _build_arrays(
        self, raw_text: str, src_vocab: Any = None, tgt_vocab: Any = None
    ) -> tuple[Arrays, Any, Any]:
        """Return the arrays and vocabularies of a text; uses all pairs if `src_vocab` is given."""
        num_pairs = self.num_train + self.num_val if src_vocab is None else None
        text = self._preprocess(raw_text)
        if self._d2l is None:
            words, translated = self._tokenize(text, num_pairs)
            begun = [["<bos>", *line] for line in translated]
            source_lines = _as_words(words, src_vocab, self.num_steps)
            target_lines = _as_words(begun, tgt_vocab, self.num_steps + 1)
        else:
            pairs = split_pairs(text, num_pairs)
            source_lines = _as_subwords([pair[0] for pair in pairs], src_vocab, self._d2l, False)
            target_lines = _as_subwords([pair[1] for pair in pairs], tgt_vocab, self._d2l, True)
        (sources, src_vocab), (targets, tgt_vocab) = source_lines, target_lines
        if not sources:
            raise DataError(
                "expected lines with a source sentence, a tab and a target sentence; found no "
                f"sentence pair in {len(raw_text)} characters"
            )
        source = pad_numbers(sources, self.num_steps, src_vocab["<pad>"])
        target = pad_numbers(targets, self.num_steps + 1, tgt_vocab["<pad>"])
        valid_len = (source != src_vocab["<pad>"]).sum(1)
        return (source, target[:, :-1], valid_len, target[:, 1:]), src_vocab, tgt_vocab


class SentencePairs(PairArrays):
    r"""Sentence pairs, truncated or padded with `<pad>` to `num_steps` tokens, for `Seq2Seq`.

    `arrays` are the source, the target preceded by `<bos>`, the number of source tokens that are
    not padding, and the target. Tokens that occur once are `<unk>`. The first `num_train` pairs are
    for training, the next `num_val` for validation. `_download()` returns the text, one pair per
    line, separated by a tab; override it, `_preprocess` or `_tokenize`.

    >>> class Greetings(d2l.SentencePairs):
    ...     def _download(self):
    ...         return "Hi.\tSalut !\nHi, hi.\tSalut, salut !"
    >>> src, tgt, src_valid_len, label = Greetings(batch_size=2, num_steps=4).arrays
    >>> src.shape, src_valid_len
    (torch.Size([2, 4]), tensor([3, 4]))

    Book: 10.5 Machine translation and the dataset
    """

    def __init__(
        self,
        batch_size: int,
        num_steps: int = 9,
        num_train: int = 512,
        num_val: int = 128,
        *,
        root: str = "../data",
    ) -> None:
        super().__init__(root=root)
        self.save_hyperparameters()
        self.arrays, self.src_vocab, self.tgt_vocab = self._build_arrays(self._download())


def _ended(sentence: str) -> list[str]:
    return [token for token in f"{sentence} <eos>".split(" ") if token]


def _as_words(
    sentences: Sequence[Sequence[str]], vocab: Any, num_steps: int
) -> tuple[list[list[int]], Any]:
    """Return the word indices of each sentence, and the vocabulary."""
    if vocab is None:
        padded = [truncate_pad(line, num_steps, "<pad>") for line in sentences]
        vocab = Vocab(padded, min_freq=2, reserved_tokens=("<pad>", "<eos>"))
    return vocab[list(sentences)], vocab


def _as_subwords(
    sentences: Sequence[str], vocab: Any, vocab_size: int, is_target: bool
) -> tuple[list[list[int]], Any]:
    """Return the subword ids of each sentence, and the tokenizer; targets start with `<bos>`."""
    if vocab is None:
        vocab = BPETokenizer(vocab_size).train("\n".join(sentences))
    opening = [vocab.bos] if is_target else []
    return [[*opening, *vocab.encode(line), vocab.eos] for line in sentences], vocab
