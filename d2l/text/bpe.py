"""Byte-level byte-pair encoding: a tokenizer trained on one text that can encode any text."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from d2l.base.axes import Int, Tensor
from d2l.errors import ConfigurationError, LabelError
from d2l.text.bpe_merges import Pair, apply_merges, learn_merges, pairs_of_ranks

# A word with the space before it, up to three digits, a run of other symbols, or white space. Every
# character matches one of these alternatives, so no part of a text is lost.
PATTERN = r"'(?:[sdmt]|ll|ve|re)| ?[^\W\d_]+| ?\d{1,3}| ?(?:[^\w\s]|_)+|\s+(?!\S)|\s+"
NUM_BYTES = 256
MAX_CACHED_CHUNKS = 2**16  # chunks whose ids are cached: a few MB
END_OF_TEXT = "<|endoftext|>"  # tiktoken's vocabularies use it for both <bos> and <eos>


class BPETokenizer:
    """A tokenizer whose tokens are the most frequent sequences of bytes of a text.

    Ids are assigned to the special tokens first, then to the 256 bytes, then to the merged tokens
    in the order in which they are learned, up to `vocab_size` tokens. Training ends earlier if no
    pair of tokens occurs twice; `len(tokenizer)` is the number of tokens. `pattern` splits a text
    into chunks that no token crosses: a regular expression for `re`, or a compiled one of any
    engine. Any text can be encoded, and decoding restores it.

    >>> tokenizer = d2l.BPETokenizer(vocab_size=262).train("low lower lowest")
    >>> ids = tokenizer.encode("low owl")
    >>> tokenizer.to_tokens(ids), tokenizer.decode(ids)
    (['low', ' ', 'o', 'w', 'l'], 'low owl')
    >>> len(tokenizer), tokenizer["low"], tokenizer.pad
    (262, 260, 0)

    Book: 15.6 Subword embedding (2026)
    """

    def __init__(
        self,
        vocab_size: int = 1024,
        pattern: Any = None,
        specials: Sequence[str] = ("<pad>", "<bos>", "<eos>"),
    ) -> None:
        smallest = NUM_BYTES + len(specials)
        if vocab_size < smallest:
            raise ConfigurationError(
                f"vocab_size must be at least {smallest}, for {NUM_BYTES} bytes and "
                f"{len(specials)} special tokens; found {vocab_size}"
            )
        self.vocab_size = vocab_size
        self.specials = {name: number for number, name in enumerate(specials)}
        self._pattern = _compiled(PATTERN if pattern is None else pattern)
        self._numbers: dict[str, int] | None = None  # token → id, computed on first use
        byte_ids = {bytes([byte]): len(self.specials) + byte for byte in range(NUM_BYTES)}
        self._set_tokens(byte_ids, {})

    def __len__(self) -> int:
        return max(self._token_bytes) + 1

    @property
    def pad(self) -> int:
        """The id of `<pad>`."""
        return self._id_of_special("<pad>")

    @property
    def bos(self) -> int:
        """The id of `<bos>`, or of `<|endoftext|>`."""
        return self._id_of_special("<bos>", END_OF_TEXT)

    @property
    def eos(self) -> int:
        """The id of `<eos>`, or of `<|endoftext|>`."""
        return self._id_of_special("<eos>", END_OF_TEXT)

    def train(self, text: str) -> "BPETokenizer":
        """Learn the tokens of a text, replacing earlier ones; return the tokenizer itself.

        The most frequent pair of adjacent tokens is merged first; of equally frequent pairs, the
        one with the smallest ids.
        """
        self.specials = {name: number for number, name in enumerate(self.specials)}
        first = len(self.specials)
        byte_ids = {bytes([byte]): first + byte for byte in range(NUM_BYTES)}
        chunks = Counter(self._chunks(text))
        words = [([first + byte for byte in _utf8(c)], count) for c, count in chunks.items()]
        new_id = first + NUM_BYTES
        self._set_tokens(byte_ids, learn_merges(words, new_id, self.vocab_size - new_id))
        return self

    def encode(self, text: str, allow_special: bool = False) -> list[int]:
        """Return the token ids of a text.

        The name of a special token in the text is ordinary text unless `allow_special`.
        """
        if not allow_special or not self.specials:
            return self._encode_ordinary(text)
        names = sorted(map(re.escape, self.specials), key=len, reverse=True)
        ids: list[int] = []
        for i, part in enumerate(re.split(f"({'|'.join(names)})", text)):
            ids += [self.specials[part]] if i % 2 else self._encode_ordinary(part)
        return ids

    def decode(self, ids: Iterable[int] | Int[Tensor, "num_tokens"]) -> str:
        """Return the text of token ids, given as a list, an array or a tensor.

        Bytes that are not valid UTF-8, such as half a character, become the replacement character.
        """
        numbers = ids.tolist() if hasattr(ids, "tolist") else ids
        try:
            pieces = [self._token_bytes[number] for number in numbers]
        except KeyError as error:
            raise self._unknown_id(error.args[0]) from error
        return b"".join(pieces).decode("utf-8", errors="replace")

    @classmethod
    def from_tiktoken(cls, name: str) -> "BPETokenizer":
        """Create a tokenizer with a vocabulary of the package tiktoken, such as "gpt2".

        The ids are those of tiktoken, which downloads the vocabulary on first use.
        """
        try:
            import regex
            import tiktoken
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                f"BPETokenizer.from_tiktoken({name!r}) requires {error.name}, which is not "
                "installed: pip install tiktoken",
                name=error.name,
            ) from error
        encoding = tiktoken.get_encoding(name)
        specials = encoding._special_tokens
        tokenizer = cls(encoding.n_vocab, regex.compile(encoding._pat_str), tuple(specials))
        tokenizer.specials = dict(specials)
        ranks = encoding._mergeable_ranks
        byte_ids = {token: rank for token, rank in ranks.items() if len(token) == 1}
        tokenizer._set_tokens(byte_ids, pairs_of_ranks(ranks))
        return tokenizer

    def __getitem__(self, token: Any) -> Any:
        """Return the id of a token, as printed by `to_tokens`, or the ids of a list of tokens.

        Raises `LabelError` for an unknown token.
        """
        if isinstance(token, (list, tuple)):
            return [self[item] for item in token]
        if self._numbers is None:
            tokens = ((self._token_text(number), number) for number in sorted(self._token_bytes))
            self._numbers = dict(reversed([*tokens]))  # if two tokens print alike, the first one
        if token not in self._numbers:
            raise LabelError(
                f"{token!r} is not one of the {len(self)} tokens of this vocabulary. Use "
                "tokenizer.encode(text) for the ids of a text"
            )
        return self._numbers[token]

    def to_tokens(self, ids: Any) -> Any:
        r"""Return the token of an id or a list of tokens; incomplete characters as `\xe2`."""
        numbers = ids.tolist() if hasattr(ids, "tolist") else ids
        if isinstance(numbers, Iterable):
            return [self.to_tokens(number) for number in numbers]
        return self._token_text(numbers)

    def _chunks(self, text: str) -> list[str]:
        """Split a text into chunks that no token crosses; unmatched text is a chunk too."""
        return list(_pieces(self._pattern, text))

    def _encode_chunk(self, text_bytes: bytes) -> list[int]:
        """Return the ids of one chunk; pairs are merged in the order in which they were learned."""
        return apply_merges([self._byte_ids[byte] for byte in text_bytes], self._merges)

    def _encode_ordinary(self, text: str) -> list[int]:
        ids: list[int] = []
        for chunk in self._chunks(text):
            chunk_ids = self._chunk_ids.get(chunk)
            if chunk_ids is None:
                if len(self._chunk_ids) >= MAX_CACHED_CHUNKS:
                    self._chunk_ids.clear()
                chunk_ids = self._chunk_ids[chunk] = self._encode_chunk(_utf8(chunk))
            ids += chunk_ids
        return ids

    def _set_tokens(self, byte_ids: Mapping[bytes, int], merges: Mapping[Pair, int]) -> None:
        self._byte_ids = {token[0]: number for token, number in byte_ids.items()}
        self._merges = dict(merges)
        self._token_bytes = {number: name.encode() for name, number in self.specials.items()}
        self._token_bytes |= {number: token for token, number in byte_ids.items()}
        for (left, right), new_id in self._merges.items():
            self._token_bytes[new_id] = self._token_bytes[left] + self._token_bytes[right]
        self._chunk_ids: dict[str, list[int]] = {}  # cached ids of chunks
        self._numbers = None

    def _token_text(self, number: int) -> str:
        if number not in self._token_bytes:
            raise self._unknown_id(number)
        return self._token_bytes[number].decode("utf-8", errors="backslashreplace")

    def _unknown_id(self, number: object) -> LabelError:
        return LabelError(f"token ids must be in 0..{len(self) - 1}; found {number}")

    def _id_of_special(self, *names: str) -> int:
        found = next((self.specials[name] for name in names if name in self.specials), None)
        if found is None:
            raise LabelError(
                f"this tokenizer has no {names[0]}; its special tokens are {list(self.specials)}. "
                f"Add it with BPETokenizer(vocab_size, specials=({names[0]!r}, …))"
            )
        return found


def _compiled(pattern: Any) -> Any:
    if hasattr(pattern, "finditer"):
        return pattern
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ConfigurationError(
            f"pattern must be a regular expression of Python's re; found {pattern!r} ({error}). "
            "Compile a pattern of another engine first: BPETokenizer(pattern=regex.compile(…))"
        ) from error


def _pieces(pattern: Any, text: str) -> Iterator[str]:
    end = 0
    for match in pattern.finditer(text):
        if match.start() > end:
            yield text[end : match.start()]
        if match.end() > match.start():
            yield match.group(0)
        end = match.end()
    if end < len(text):
        yield text[end:]


def _utf8(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise LabelError(
            f"the text contains {text[error.start]!r}, half of a surrogate pair, which is not a "
            'character. Read files with encoding="utf-8", or replace it: '
            'text.encode(errors="replace").decode()'
        ) from error
