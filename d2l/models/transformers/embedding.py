"""Token embeddings and positional encoding."""

import torch
from torch import nn

from d2l.base.axes import Float, Tensor
from d2l.models.input_errors import (
    ExplainsErrors,
    explain,
    require_axes,
    require_below,
    require_positions,
)


def embed(embedding: nn.Embedding, tokens: Tensor, name: str) -> Tensor:
    """Return a vector per token; raise `LabelError` if tokens are outside the vocabulary.

    On a GPU PyTorch reports them itself.
    """
    try:
        return embedding(tokens)
    except IndexError as error:
        explain(error, require_below, name, tokens, embedding.num_embeddings, "the embedding")
        raise


Sequences = Float[
    Tensor, "batch num_steps _"
]  # an alias, because TorchScript cannot parse subscripts


class PositionalEncoding(ExplainsErrors):
    """Sinusoidal positional encoding: adds a row of `P` to each position.

    `P` is (1, max_len, num_hiddens), a non-persistent buffer.

    >>> encoding = d2l.PositionalEncoding(num_hiddens=4, dropout=0)
    >>> encoding(torch.zeros(1, 60, 4)).shape
    torch.Size([1, 60, 4])
    >>> encoding.P[0, 0]
    tensor([0., 1., 0., 1.])

    Book: 11.6 Self-attention and positional encoding
    """

    P: Tensor

    def __init__(self, num_hiddens: int, dropout: float, max_len: int = 1000) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.register_buffer("P", _sines_and_cosines(max_len, num_hiddens), persistent=False)

    def forward(self, X: Sequences) -> Sequences:
        """Return `X` (batch, num_steps, num_hiddens) plus the encoding, after dropout."""
        return self.dropout(X + self.P[:, : X.shape[1], :].to(X.device))

    def _require_fitting(self, X: Tensor) -> None:
        require_axes("X", X, ("batch", "num_steps", self.P.shape[2]))
        require_positions("X", X, self.P.shape[1])


def _sines_and_cosines(max_len: int, num_hiddens: int) -> Float[Tensor, "1 max_len num_hiddens"]:
    """Return sines in even and cosines in odd columns; adjacent columns share a frequency."""
    steps = torch.arange(max_len, dtype=torch.float32).unsqueeze(1)
    exponents = torch.arange(0, num_hiddens, 2, dtype=torch.float32) / num_hiddens
    angles = steps / torch.pow(10000, exponents)
    waves = torch.stack((torch.sin(angles), torch.cos(angles)), dim=2).flatten(1)
    return waves[:, :num_hiddens].unsqueeze(0)
