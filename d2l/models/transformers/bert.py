"""BERT: a transformer encoder of two segments with two tasks, masked words and next sentence."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from d2l.base.axes import Float, Int, Shaped, Tensor
from d2l.base.call_shapes import has_call_shapes
from d2l.models.input_errors import (
    ExplainsErrors,
    require_axes,
    require_below,
    require_broadcastable,
    require_positions,
)
from d2l.models.transformers.embedding import embed
from d2l.models.transformers.transformer import TransformerEncoderBlock


def bert_losses(
    net: nn.Module,
    loss: Callable[[Tensor, Tensor], Tensor],
    vocab_size: int,
    tokens_X: Int[Tensor, "batch num_steps"],
    segments_X: Int[Tensor, "batch num_steps"],
    valid_lens_x: Shaped[Tensor, "..."],
    pred_positions_X: Int[Tensor, "batch num_preds"],
    mlm_weights_X: Float[Tensor, "batch num_preds"],
    mlm_Y: Int[Tensor, "batch num_preds"],
    nsp_y: Int[Tensor, "batch"],
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the masked language model loss, the next-sentence loss, and their sum.

    `mlm_weights_X` is 1 for a masked word and 0 for padding in `pred_positions_X`: the first loss
    is the mean over masked words, and 0 if there are none. `loss` is a
    `nn.CrossEntropyLoss`, or any mean over a batch.

    Book: 15.10 Pretraining BERT
    """
    _, mlm_Y_hat, nsp_Y_hat = net(tokens_X, segments_X, valid_lens_x.reshape(-1), pred_positions_X)
    weights = mlm_weights_X.reshape(-1)
    each = _per_word(loss, mlm_Y_hat.reshape(-1, vocab_size), mlm_Y.reshape(-1))
    mlm_l = (each * weights).sum() / (weights.sum() + 1e-8)
    nsp_l = loss(nsp_Y_hat, nsp_y).mean()
    return mlm_l, nsp_l, mlm_l + nsp_l


def _per_word(loss: Callable[[Tensor, Tensor], Tensor], Y_hat: Tensor, Y: Tensor) -> Tensor:
    if not isinstance(loss, nn.CrossEntropyLoss):
        return loss(Y_hat, Y)
    return F.cross_entropy(
        Y_hat, Y, loss.weight, ignore_index=loss.ignore_index, reduction="none",
        label_smoothing=loss.label_smoothing,
    )  # fmt: skip


Inputs = Float[Tensor, "..."]  # names, because TorchScript reads no subscripts
Positions = Int[Tensor, "batch num_preds"]
WordLogits = Float[Tensor, "batch num_preds vocab_size"]
Logits = Float[Tensor, "*batch 2"]


class BERTEncoder(ExplainsErrors):
    """Token, segment (0 or 1) and position embeddings, and `num_blks` transformer blocks.

    >>> encoder = d2l.BERTEncoder(50, 16, 32, num_heads=2, num_blks=2, dropout=0.1)
    >>> tokens, segments = torch.ones(2, 9, dtype=torch.long), torch.zeros(2, 9, dtype=torch.long)
    >>> encoder(tokens, segments, torch.tensor([9, 6])).shape
    torch.Size([2, 9, 16])

    Book: 15.8 Bidirectional encoder representations from transformers (BERT)
    """

    @has_call_shapes
    def __init__(
        self,
        vocab_size: int,
        num_hiddens: int,
        ffn_num_hiddens: int,
        num_heads: int,
        num_blks: int,
        dropout: float,
        max_len: int = 1000,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.token_embedding = nn.Embedding(vocab_size, num_hiddens)
        self.segment_embedding = nn.Embedding(2, num_hiddens)
        self.blks = nn.Sequential()
        for i in range(num_blks):
            block = TransformerEncoderBlock(num_hiddens, ffn_num_hiddens, num_heads, dropout, True)
            self.blks.add_module(f"{i}", block)
        self.pos_embedding = nn.Parameter(torch.randn(1, max_len, num_hiddens))

    def forward(
        self,
        tokens: Int[Tensor, "batch num_steps"],
        segments: Int[Tensor, "..."],
        valid_lens: Shaped[Tensor, "..."] | None = None,
    ) -> Float[Tensor, "batch num_steps num_hiddens"]:
        """Return the encoded tokens; each attends to the first `valid_lens` of its sequence."""
        X = embed(self.token_embedding, tokens, "tokens")
        X = X + embed(self.segment_embedding, segments, "segments")
        X = X + self.pos_embedding[:, : tokens.shape[1], :]
        for block in self.blks:
            X = block(X, valid_lens)
        return X

    def _require_fitting(self, tokens: Tensor, segments: Tensor, valid_lens: Any = None) -> None:
        require_axes("tokens", tokens, ("batch", "num_steps"))
        require_broadcastable("segments", segments, "tokens", tokens)
        require_positions("tokens", tokens, self.pos_embedding.shape[1])


class MaskLM(ExplainsErrors):
    """Predicts the words at `pred_positions` (batch, num_preds); num_preds may be 0.

    >>> mlm = d2l.MaskLM(vocab_size=50, num_hiddens=16)
    >>> mlm(torch.ones(2, 9, 16), torch.tensor([[1, 4, 7], [2, 3, 8]])).shape
    torch.Size([2, 3, 50])

    Book: 15.8 Bidirectional encoder representations from transformers (BERT)
    """

    @has_call_shapes
    def __init__(self, vocab_size: int, num_hiddens: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mlp = nn.Sequential(
            nn.LazyLinear(num_hiddens),
            nn.ReLU(),
            nn.LayerNorm(num_hiddens),
            nn.LazyLinear(vocab_size),
        )

    def forward(self, X: Inputs, pred_positions: Positions) -> WordLogits:
        """Return the logits at `pred_positions` of `X` (batch, num_steps, num_inputs)."""
        examples = torch.arange(X.shape[0], device=X.device).unsqueeze(1)
        masked_X = X[examples, pred_positions].unsqueeze(-1).flatten(2)
        return self.mlp(masked_X)  # of (batch, num_preds, num_inputs)

    def _require_fitting(self, X: Tensor, pred_positions: Tensor) -> None:
        require_axes("pred_positions", pred_positions, (X.shape[0], "num_preds"))
        require_below("pred_positions", pred_positions, X.shape[1], "the sequence")


class NextSentencePred(nn.Module):
    """Predicts whether the second segment follows the first: two logits, no and yes.

    >>> d2l.NextSentencePred()(torch.ones(2, 24)).shape
    torch.Size([2, 2])

    Book: 15.8 Bidirectional encoder representations from transformers (BERT)
    """

    @has_call_shapes
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.output = nn.LazyLinear(2)

    def forward(self, X: Inputs) -> Logits:
        """Return the logits for encoded `<cls>` tokens (batch, num_inputs)."""
        return self.output(X)


class BERTModel(nn.Module):
    """The BERT encoder with the masked language model and next sentence prediction.

    A call returns the encoded tokens, the logits of the masked words (None without
    `pred_positions`), and the next-sentence logits, computed from the first token, `<cls>`.

    >>> bert = d2l.BERTModel(50, 16, 32, num_heads=2, num_blks=2, dropout=0.1)
    >>> tokens, segments = torch.ones(3, 9, dtype=torch.long), torch.zeros(3, 9, dtype=torch.long)
    >>> [Y.shape for Y in bert(tokens, segments, None, torch.tensor([[1, 5], [6, 1], [2, 3]]))]
    [torch.Size([3, 9, 16]), torch.Size([3, 2, 50]), torch.Size([3, 2])]

    Book: 15.8 Bidirectional encoder representations from transformers (BERT)
    """

    @has_call_shapes
    def __init__(
        self,
        vocab_size: int,
        num_hiddens: int,
        ffn_num_hiddens: int,
        num_heads: int,
        num_blks: int,
        dropout: float,
        max_len: int = 1000,
    ) -> None:
        super().__init__()
        self.encoder = BERTEncoder(
            vocab_size, num_hiddens, ffn_num_hiddens, num_heads, num_blks, dropout, max_len
        )
        self.hidden = nn.Sequential(nn.LazyLinear(num_hiddens), nn.Tanh())
        self.mlm = MaskLM(vocab_size, num_hiddens)
        self.nsp = NextSentencePred()

    def forward(
        self,
        tokens: Int[Tensor, "batch num_steps"],
        segments: Int[Tensor, "batch num_steps"],
        valid_lens: Shaped[Tensor, "..."] | None = None,
        pred_positions: Int[Tensor, "batch num_preds"] | None = None,
    ) -> tuple[
        Float[Tensor, "batch num_steps num_hiddens"],
        Float[Tensor, "batch num_preds vocab_size"] | None,
        Float[Tensor, "batch 2"],
    ]:
        """Return encoded tokens, logits of masked words or None, and next-sentence logits."""
        encoded_X = self.encoder(tokens, segments, valid_lens)
        mlm_Y_hat = None if pred_positions is None else self.mlm(encoded_X, pred_positions)
        return encoded_X, mlm_Y_hat, self.nsp(self.hidden(encoded_X[:, 0, :]))
