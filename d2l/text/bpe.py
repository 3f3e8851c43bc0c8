"""Byte-level byte-pair encoding: a tokenizer that is trained on a text and encodes any text."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from d2l.base.axes import Int, Tensor
from d2l.errors import ConfigurationError, LabelError
from d2l.text.bpe_merges import Pair, apply_merges, learn_merges, pairs_of_ranks

# A word with the space before it, up to three digits, a run of other signs, or white space. Every
# character is of one of these kinds, so that nothing of a text is lost.
PATTERN = r"'(?:[sdmt]|ll|ve|re)| ?[^\W\d_]+| ?\d{1,3}| ?(?:[^\w\s]|_)+|\s+(?!\S)|\s+"
NUM_BYTES = 256
MOST_REMEMBERED = 2**16  # chunks whose numbers are kept: a few MB
END_OF_TEXT = "<|endoftext|>"  # what tiktoken's vocabularies have in place of <bos> and <eos>


class BPETokenizer:
    """A tokenizer whose tokens are the most frequent sequences of bytes of a text.

    The special tokens are numbered first, then the 256 bytes, then up to `vocab_size` in all the
    merged tokens, in the order in which they are learned. Training ends earlier where no pair of
    tokens comes twice; `len(tokenizer)` is how many tokens there are. `pattern` cuts a text into
    chunks that no token crosses: a regular expression for `re`, or a compiled one of any engine.
    Any text can be encoded, and decoding gives it back.

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
        self._numbers: dict[str, int] | None = None  # of tokens as they are written, once asked for
        byte_ids = {bytes([byte]): len(self.specials) + byte for byte in range(NUM_BYTES)}
        self._set_tokens(byte_ids, {})

    def __len__(self) -> int:
        return max(self._token_bytes) + 1

    @property
    def pad(self) -> int:
        """The number of `<pad>`."""
        return self._number_of_special("<pad>")

    @property
    def bos(self) -> int:
        """The number of `<bos>`, or of `<|endoftext|>`."""
        return self._number_of_special("<bos>", END_OF_TEXT)

    @property
    def eos(self) -> int:
        """The number of `<eos>`, or of `<|endoftext|>`."""
        return self._number_of_special("<eos>", END_OF_TEXT)

    def train(self, text: str) -> "BPETokenizer":
        """Learn the tokens of a text, in place of those there are; returns the tokenizer itself.

        The most frequent pair of neighbours is merged first; of equally frequent ones, that with
        the smallest numbers.
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
        """The numbers of the tokens of a text.

        The name of a special token in it counts as ordinary text, unless `allow_special`.
        """
        if not allow_special or not self.specials:
            return self._encode_ordinary(text)
        names = sorted(map(re.escape, self.specials), key=len, reverse=True)
        ids: list[int] = []
        for i, part in enumerate(re.split(f"({'|'.join(names)})", text)):
            ids += [self.specials[part]] if i % 2 else self._encode_ordinary(part)
        return ids

    def decode(self, ids: Iterable[int] | Int[Tensor, "num_tokens"]) -> str:
        """The text of tokens; a list, an array or a tensor of numbers.

        Bytes that are no UTF-8, such as half a character, become the replacement character.
        """
        numbers = ids.tolist() if hasattr(ids, "tolist") else ids
        try:
            pieces = [self._token_bytes[number] for number in numbers]
        except KeyError as error:
            raise self._no_such_number(error.args[0]) from error
        return b"".join(pieces).decode("utf-8", errors="replace")

    @classmethod
    def from_tiktoken(cls, name: str) -> "BPETokenizer":
        """A tokenizer with the vocabulary that the package tiktoken has by this name: "gpt2", ….

        Its numbers are tiktoken's. tiktoken downloads the vocabulary at first use.
        """
        try:
            import regex
            import tiktoken
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                f"BPETokenizer.from_tiktoken({name!r}) reads a vocabulary of tiktoken, and "
                f"{error.name} is not installed: pip install tiktoken",
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
        """The number of a token, as `to_tokens` writes it, or those of a list of tokens.

        Raises `LabelError` for what is no token.
        """
        if isinstance(token, (list, tuple)):
            return [self[item] for item in token]
        if self._numbers is None:
            tokens = ((self._shown(number), number) for number in sorted(self._token_bytes))
            self._numbers = dict(reversed([*tokens]))  # of two that are written alike, the first
        if token not in self._numbers:
            raise LabelError(
                f"{token!r} is no token of this vocabulary of {len(self)}: "
                "tokenizer.encode(text) gives the numbers of a text"
            )
        return self._numbers[token]

    def to_tokens(self, ids: Any) -> Any:
        r"""The token with a number, or a list of those of several; bytes of a part as `\xe2`."""
        numbers = ids.tolist() if hasattr(ids, "tolist") else ids
        if isinstance(numbers, Iterable):
            return [self.to_tokens(number) for number in numbers]
        return self._shown(numbers)

    def _chunks(self, text: str) -> list[str]:
        """The text in pieces that no token crosses; what the pattern passes over is one too."""
        return list(_pieces(self._pattern, text))

    def _encode_chunk(self, text_bytes: bytes) -> list[int]:
        """The numbers of one chunk: of its pairs, the one that was learned first is merged next."""
        return apply_merges([self._byte_ids[byte] for byte in text_bytes], self._merges)

    def _encode_ordinary(self, text: str) -> list[int]:
        ids: list[int] = []
        for chunk in self._chunks(text):
            known = self._known.get(chunk)
            if known is None:
                if len(self._known) >= MOST_REMEMBERED:
                    self._known.clear()
                known = self._known[chunk] = self._encode_chunk(_utf8(chunk))
            ids += known
        return ids

    def _set_tokens(self, byte_ids: Mapping[bytes, int], merges: Mapping[Pair, int]) -> None:
        self._byte_ids = {token[0]: number for token, number in byte_ids.items()}
        self._merges = dict(merges)
        self._token_bytes = {number: name.encode() for name, number in self.specials.items()}
        self._token_bytes |= {number: token for token, number in byte_ids.items()}
        for (left, right), new_id in self._merges.items():
            self._token_bytes[new_id] = self._token_bytes[left] + self._token_bytes[right]
        self._known: dict[str, list[int]] = {}  # the numbers of chunks that came before
        self._numbers = None

    def _shown(self, number: int) -> str:
        if number not in self._token_bytes:
            raise self._no_such_number(number)
        return self._token_bytes[number].decode("utf-8", errors="backslashreplace")

    def _no_such_number(self, number: object) -> LabelError:
        return LabelError(f"the vocabulary has the numbers 0..{len(self) - 1}; found {number}")

    def _number_of_special(self, *names: str) -> int:
        found = next((self.specials[name] for name in names if name in self.specials), None)
        if found is None:
            raise LabelError(
                f"this tokenizer has no {names[0]}; its special tokens are {list(self.specials)}. "
                f"BPETokenizer(vocab_size, specials=({names[0]!r}, …)) makes one"
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
            "Compile one of another engine first: BPETokenizer(pattern=regex.compile(…))"
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
            f"the text has {text[error.start]!r}, half of a surrogate pair, which is no character. "
            'Read files with encoding="utf-8", or drop it: text.encode(errors="replace").decode()'
        ) from error
