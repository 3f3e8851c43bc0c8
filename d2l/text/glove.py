"""Pretrained word vectors, GloVe and fastText: files with a word and its vector per line."""

import csv
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from d2l.base.axes import Float, Tensor
from d2l.data.hub import download_extract
from d2l.errors import DataError
from d2l.text.vocab import UNKNOWN


class TokenEmbedding:
    """Pretrained word vectors: `glove.6b.50d`, `glove.6b.100d`, `glove.42b.300d` or `wiki.en`.

    `idx_to_vec` is (num_tokens, num_dims) float32, in the order of `idx_to_token`; the first token
    is `<unk>`, all zeros. Indexing with a list of tokens returns (len(tokens), num_dims), with
    one token (num_dims,).

    >>> vectors = d2l.TokenEmbedding("glove.6b.50d")  # doctest: +SKIP
    >>> len(vectors), vectors[["chip", "baby"]].shape  # doctest: +SKIP
    (400001, torch.Size([2, 50]))

    Book: 15.7 Word similarity and analogy
    """

    idx_to_vec: Float[Tensor, "num_tokens num_dims"]

    def __init__(self, embedding_name: str) -> None:
        self.idx_to_token, self.idx_to_vec = self._load_embedding(embedding_name)
        self.unknown_idx = 0
        self.token_to_idx = {token: i for i, token in enumerate(self.idx_to_token)}

    def __getitem__(self, tokens: str | Sequence[str]) -> Float[Tensor, "..."]:
        """Return the vectors of these tokens, zeros for unknown ones."""
        if isinstance(tokens, str):
            return self.idx_to_vec[self.token_to_idx.get(tokens, self.unknown_idx)]
        indices = [self.token_to_idx.get(token, self.unknown_idx) for token in tokens]
        return self.idx_to_vec[torch.tensor(indices, dtype=torch.int64)]

    def __len__(self) -> int:
        return len(self.idx_to_token)

    def _load_embedding(
        self, embedding_name: str
    ) -> tuple[list[str], Float[Tensor, "num_tokens num_dims"]]:
        return read_vectors(Path(download_extract(embedding_name), "vec.txt"))


def read_vectors(file: Path) -> tuple[list[str], Float[Tensor, "num_tokens num_dims"]]:
    """Return the tokens of a file and their vectors, preceded by `<unk>` and zeros.

    A first line with only two numbers, as in fastText's files, is skipped.
    """
    import pandas

    num_dims, has_head, ends_with_space = _layout(file)
    columns = {0: str} | dict.fromkeys(range(1, num_dims + 1), np.float32)
    if ends_with_space:  # adds an empty column
        columns[num_dims + 1] = str
    try:
        table = pandas.read_csv(
            file,
            sep=" ",
            header=None,
            skiprows=int(has_head),
            dtype=columns,
            na_filter=False,  # "nan" and "null" are words
            quoting=csv.QUOTE_NONE,
        )
    except ValueError as error:
        found = str(error).strip()
        raise DataError(
            f"{file} must have a token and {num_dims} numbers per line like line 1: {found}"
        ) from error
    vectors = table.iloc[:, 1 : num_dims + 1].to_numpy(np.float32)
    unknown = np.zeros((1, num_dims), np.float32)
    return [UNKNOWN, *table[0]], torch.from_numpy(np.concatenate([unknown, vectors]))


def _layout(file: Path) -> tuple[int, bool, bool]:
    """Return the number of dimensions, whether the file starts with a header line of counts, and
    whether lines end with a space.
    """
    with file.open(encoding="utf-8") as text:
        lines = [line.rstrip("\n") for line in islice(text, 2)]
    has_head = len(lines) == 2 and len(lines[0].split()) == 2
    line = lines[has_head] if lines else ""
    num_dims = len(line.rstrip().split(" ")) - 1
    if num_dims < 1:
        raise DataError(f"expected a token and its numbers per line in {file}; found no numbers")
    return num_dims, has_head, line.endswith(" ")
