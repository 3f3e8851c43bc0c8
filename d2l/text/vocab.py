"""Vocabularies: count the tokens of a text and map tokens to indices and back."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, repeat
from typing import Any

from torch import Tensor

from d2l.errors import ConfigurationError, LabelError

UNKNOWN = "<unk>"
ORDERS = ("alphabetical", "frequency")
WORDS: set[type] = {str}
LINES: set[type] = {list, tuple}
INTEGERS: set[type] = {int}


class Vocab:
    """The tokens of a text with indices in alphabetical order; the unknown token is `<unk>`.

    `tokens` is a list of tokens, a list of lines of tokens, or a `Counter`. Tokens that occur fewer
    than `min_freq` times are left out; `reserved_tokens` are always included. `token_freqs` lists
    every token with its count, the most frequent first; `idx_to_token` and `token_to_idx` map
    indices to tokens and back. With `order="frequency"`, the order of d2l 0.17.6, `<unk>` is 0,
    followed by the reserved tokens and the others, the most frequent first. A vocabulary of tuples,
    such as pairs of words, uses this order too; a tuple is one token.

    >>> vocab = d2l.Vocab([["b", "a", "c"], ["a"]], reserved_tokens=["<pad>"])
    >>> vocab["a"], vocab[["b", "who?"]], vocab.to_tokens([0, 2])
    (2, [3, 1], ['<pad>', 'a'])

    Book: 9.2 Converting raw text into sequence data
    """

    def __init__(
        self,
        tokens: Iterable[Any] | None = (),
        min_freq: int = 0,
        reserved_tokens: Iterable[str] | None = (),
        *,
        order: str = "alphabetical",
    ) -> None:
        if order not in ORDERS:
            raise ConfigurationError(
                f"order must be 'alphabetical' or 'frequency'; found {order!r}"
            )
        self.token_freqs = count_tokens(tokens).most_common()
        frequent = [token for token, count in self.token_freqs if count >= min_freq]
        unique = dict.fromkeys([UNKNOWN, *(reserved_tokens or ()), *frequent])
        has_tuples = _check_kinds(unique)
        by_frequency = order == "frequency" or has_tuples
        self.idx_to_token = list(unique) if by_frequency else sorted(unique)
        self.token_to_idx = {token: i for i, token in enumerate(self.idx_to_token)}

    def __len__(self) -> int:
        return len(self.idx_to_token)

    def __contains__(self, token: object) -> bool:
        return token in self.token_to_idx

    def __iter__(self) -> Iterator[str]:
        return iter(self.idx_to_token)

    def __getitem__(self, tokens: Any) -> Any:
        """Return the index of a token, or the indices of a list or tuple with the same nesting.

        A token that is not in the vocabulary has the index of `<unk>`.
        """
        if isinstance(tokens, Tensor):
            raise TypeError(
                f"vocab[...] expects tokens; found a tensor of shape {tuple(tokens.shape)}. Use "
                "vocab.to_tokens(indices) to convert indices to tokens"
            )
        if not isinstance(tokens, (list, tuple)):
            return self.token_to_idx.get(tokens, self.unk)
        if type(self).__getitem__ is not _OWN[0].__getitem__:  # a subclass looks up each token
            return [self[token] for token in tokens]
        return self._indices_of(tokens, self.unk)

    def to_tokens(self, indices: Any) -> Any:
        """Return the token of an index, or a list of tokens for a list, range, tensor, ….

        Raises `LabelError` for an index that is out of range.
        """
        numbers = indices.tolist() if hasattr(indices, "tolist") else indices
        try:
            return self._tokens_of(numbers)
        except IndexError as error:
            found = _out_of_range(numbers, self)
            raise LabelError(
                f"token indices must be in 0..{len(self) - 1}; found {found}"
            ) from error

    @property
    def unk(self) -> int:
        """The index of `<unk>`."""
        return self.token_to_idx[UNKNOWN]

    def _indices_of(self, tokens: list[Any] | tuple[Any, ...], unk: int) -> list[Any]:
        kinds = set(map(type, tokens))
        if kinds and kinds <= LINES:
            return [self._indices_of(line, unk) for line in tokens]
        if kinds != WORDS and any(issubclass(kind, (list, tuple)) for kind in kinds):
            return [self[item] for item in tokens]
        return list(map(self.token_to_idx.get, tokens, repeat(unk)))

    def _tokens_of(self, numbers: Any) -> Any:
        if not _is_sequence(numbers):
            return self.idx_to_token[int(numbers)]
        numbers = list(numbers)
        if set(map(type, numbers)) <= INTEGERS:
            return list(map(self.idx_to_token.__getitem__, numbers))
        return [self._tokens_of(item) for item in numbers]


def _is_sequence(numbers: Any) -> bool:
    return isinstance(numbers, Iterable) and getattr(numbers, "ndim", 1) > 0


def count_tokens(tokens: Iterable[Any] | None) -> Counter[Any]:
    """Count each token in a list of tokens or a list of lines of tokens."""
    if tokens is None or isinstance(tokens, Counter):
        return Counter(tokens)
    tokens = tokens if isinstance(tokens, Sequence) else list(tokens)
    are_lines = len(tokens) > 0 and isinstance(tokens[0], list)
    try:
        return Counter(chain.from_iterable(tokens) if are_lines else tokens)
    except TypeError as error:
        raise TypeError(
            f"Vocab expects a list of tokens or a list of lines of tokens ({error}). "
            "For text, use Vocab(d2l.tokenize(lines))"
        ) from error


def _check_kinds(tokens: Iterable[Any]) -> bool:
    """Whether any token is a tuple; raises unless all others are strings."""
    kinds = {type(token) for token in tokens if not isinstance(token, str)}
    others = sorted(kind.__name__ for kind in kinds if not issubclass(kind, tuple))
    if others:
        raise TypeError(
            f"tokens must be strings; found {', '.join(others)}. "
            "Use Vocab([str(token) for token in tokens])"
        )
    return bool(kinds)


def _out_of_range(numbers: Any, vocab: Vocab) -> Any:
    """Return the first index that is out of range."""
    if _is_sequence(numbers):
        found = (_out_of_range(number, vocab) for number in numbers)
        return next((number for number in found if number is not None), None)
    return None if -len(vocab) <= int(numbers) < len(vocab) else numbers


_OWN = (Vocab,)  # stays this class if a notebook redefines the name
