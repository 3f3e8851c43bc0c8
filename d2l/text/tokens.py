"""Split text into tokens, and pad token indices to arrays of one width."""

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any

import numpy as np
import torch

from d2l.base.axes import Int, Shaped, Tensor
from d2l.base.public_names import is_replaced
from d2l.errors import ConfigurationError, DataError
from d2l.text.vocab import Vocab

SPLITTERS: dict[str, Callable[[str], list[str]]] = {"word": str.split, "char": list}
UNSPACED_MARK = re.compile(r"(?<=[^ ])([,.!?])")


def tokenize(lines: Iterable[str], token: str = "word") -> list[list[str]]:
    """Split each line into words, or into characters with `token="char"`.

    >>> d2l.tokenize(["the time", "machine"])
    [['the', 'time'], ['machine']]

    Book: 9.2 Converting raw text into sequence data
    """
    if token not in SPLITTERS:
        raise ConfigurationError(f"token must be 'word' or 'char'; found {token!r}")
    return [*map(SPLITTERS[token], lines)]


def truncate_pad(line: Any, num_steps: int, padding_token: Any) -> Any:
    """Return the line truncated to `num_steps` items (same type), or padded to as many (list).

    >>> d2l.truncate_pad([4, 5], 3, 0)
    [4, 5, 0]

    Book: 10.5 Machine translation and the dataset
    """
    if len(line) > num_steps:
        return line[:num_steps]
    return [*line, *[padding_token] * (num_steps - len(line))]


def preprocess_nmt(text: str) -> str:
    """Return the text in lower case, with a space before each of `,.!?` and no-break spaces
    replaced by spaces.

    >>> d2l.preprocess_nmt("Hi, there!")
    'hi , there !'

    Book: 10.5 Machine translation and the dataset
    """
    spaced = text.replace("\u202f", " ").replace("\xa0", " ")
    return UNSPACED_MARK.sub(r" \1", spaced.lower())


def tokenize_nmt(
    text: str, num_examples: int | None = None
) -> tuple[list[list[str]], list[list[str]]]:
    r"""Return the words of the source and the target sentences, one tab-separated pair per line.

    At most `num_examples` pairs, if given. Lines without a tab are skipped, and so is the text
    after a second tab.

    >>> d2l.tokenize_nmt("hi .\tsalut !\nrun !\tcours !", num_examples=1)
    ([['hi', '.']], [['salut', '!']])

    Book: 10.5 Machine translation and the dataset
    """
    pairs = split_pairs(text, num_examples)
    return [source.split(" ") for source, _ in pairs], [target.split(" ") for _, target in pairs]


def build_array_nmt(
    lines: Iterable[Sequence[str]], vocab: Vocab, num_steps: int
) -> tuple[Int[Tensor, "batch num_steps"], Int[Tensor, "batch"]]:
    """Return the indices of sentences, each followed by `<eos>`, and their valid lengths.

    Longer sentences are truncated, shorter ones padded with `<pad>`.

    >>> vocab = d2l.Vocab(["a", "b"], reserved_tokens=["<pad>", "<eos>"])
    >>> d2l.build_array_nmt([["a", "b"]], vocab, 4)
    (tensor([[3, 4, 0, 1]]), tensor([3]))

    Book: 10.5 Machine translation and the dataset
    """
    ended = [[*line, "<eos>"] for line in lines]
    if not ended:
        raise DataError("build_array_nmt requires at least one sentence; found none")
    array = pad_numbers(vocab[ended], num_steps, vocab["<pad>"])
    return array, (array != vocab["<pad>"]).sum(1)


def split_pairs(text: str, num_pairs: int | None) -> list[tuple[str, str]]:
    """Return the first `num_pairs` pairs of a text with one pair per line; all if None or 0."""
    pairs = []
    for line in text.split("\n"):
        source, tab, rest = line.partition("\t")
        if tab:
            pairs.append((source, rest.partition("\t")[0]))
            if len(pairs) == num_pairs:
                break
    return pairs


def pad_numbers(
    lines: Sequence[Sequence[int]], num_steps: int, padding: int
) -> Int[Tensor, "batch num_steps"]:
    """Truncate or pad all lines to one width, as `truncate_pad` does for one line."""
    if is_replaced("truncate_pad"):
        return torch.tensor([truncate_pad(line, num_steps, padding) for line in lines])
    filled = before(torch.tensor([*map(len, lines)], dtype=torch.int64), num_steps)
    array = torch.full(filled.shape, padding)
    return array.masked_scatter_(filled, flat(line[:num_steps] for line in lines))


def before(lengths: Int[Tensor, "batch"], num_steps: int) -> Shaped[Tensor, "batch num_steps"]:
    """Return a mask of the `num_steps` positions before the end of each line."""
    return torch.arange(num_steps) < lengths[:, None]


def flat(lines: Iterable[Iterable[int]]) -> Int[Tensor, "num_items"]:
    """Concatenate the items of all lines."""
    return torch.from_numpy(np.fromiter(chain.from_iterable(lines), dtype=np.int64))
