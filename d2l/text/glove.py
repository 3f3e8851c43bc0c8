"""Word vectors trained by others, GloVe and fastText: files with a word and its numbers a line."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from d2l.base.axes import Float, Tensor
from d2l.data.hub import download_extract
from d2l.errors import DataError
from d2l.text.vocab import UNKNOWN


class TokenEmbedding:
    """The vectors of one of the hub's sets: `glove.6b.50d`, `glove.6b.100d`, `glove.42b.300d`,
    `wiki.en`.

    `idx_to_vec` is (num_tokens, num_dims) float32, in the order of `idx_to_token`; the first token
    is `<unk>`, all zeros. Indexed with a list of tokens it gives (len(tokens), num_dims), with one
    token (num_dims,).

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
        """The vectors of these tokens; those of unknown ones are zeros."""
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
    """The tokens of a file and their vectors, `<unk>` and zeros before them.

    A first line that holds two numbers only, as fastText has it, is passed over.
    """
    with file.open(encoding="utf-8") as lines:
        tokens, rows = [UNKNOWN], []
        for line in lines:
            token, *numbers = line.rstrip().split(" ")
            if len(numbers) > 1:
                tokens.append(token)
                rows.append(np.array(numbers, dtype=np.float32))
    widths = {len(row) for row in rows}
    if len(widths) != 1:
        raise DataError(
            f"{file} should have a token and the same number of numbers in each line; found "
            f"{sorted(widths) or 'no'} numbers a line"
        )
    return tokens, torch.from_numpy(np.stack([np.zeros(widths.pop(), np.float32), *rows]))
