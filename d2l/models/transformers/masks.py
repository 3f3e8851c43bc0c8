"""Padding masks from the valid lengths of sequences: for values, attention weights and losses.

Arguments are not modified, and there is no device synchronization.
"""

from collections.abc import Sequence

import torch
from torch import nn

from d2l.base.axes import Float, Shaped, Tensor
from d2l.models.input_errors import ExplainsErrors, explain, require_axes, require_valid_lens


def sequence_mask(
    X: Shaped[Tensor, "*shape"], valid_len: Shaped[Tensor, "..."], value: float = 0
) -> Shaped[Tensor, "*shape"]:
    """Return a copy of `X` (batch, num_steps, …) with `value` at the steps beyond each length.

    >>> X = torch.tensor([[7, 7, 7], [8, 8, 8]])
    >>> d2l.sequence_mask(X, torch.tensor([2, 1]), value=-1)
    tensor([[ 7,  7, -1],
            [ 8, -1, -1]])

    Book: 10.7 Sequence-to-sequence learning for machine translation
    """
    try:
        steps = torch.arange(X.shape[1], device=X.device)
        is_padding = steps >= valid_len.unsqueeze(1)  # (batch, num_steps)
        return X.masked_fill(is_padding.reshape(*X.shape[:2], *[1] * (X.ndim - 2)), value)
    except (RuntimeError, IndexError) as error:
        explain(error, _require_lengths, X, valid_len)
        raise


class MaskedSoftmaxCELoss(ExplainsErrors, nn.CrossEntropyLoss):
    """Cross-entropy that ignores padding, one value per sequence.

    `pred` (batch, num_steps, vocab_size) are logits. The value is the sum over the valid tokens
    divided by `num_steps` including padding, so that longer sentences have a larger weight.

    >>> loss = d2l.MaskedSoftmaxCELoss()
    >>> loss(torch.zeros(2, 5, 4), torch.ones(2, 5, dtype=torch.long), torch.tensor([5, 1]))
    tensor([1.3863, 0.2773])

    Book: 10.7 Sequence-to-sequence learning for machine translation
    """

    def forward(  # type: ignore[override]
        self,
        pred: Float[Tensor, "batch num_steps vocab_size"],
        label: Shaped[Tensor, "batch num_steps"],
        valid_len: Shaped[Tensor, "..."],
    ) -> Float[Tensor, "batch"]:
        """Return the loss of each sequence."""
        self.reduction = "none"
        unweighted = super().forward(pred.transpose(1, 2), label.to(torch.int64))
        return sequence_mask(unweighted, valid_len).mean(dim=1)

    def _require_fitting(self, pred: Tensor, label: Tensor, valid_len: Tensor) -> None:
        require_axes("label", label, tuple(pred.shape[:2]), "Pass one token per prediction")


def masked_softmax(
    X: Float[Tensor, "*shape"], valid_lens: Shaped[Tensor, "..."] | None
) -> Float[Tensor, "*shape"]:
    """Return the softmax over the last axis of `X` (batch, queries, keys), ignoring padded keys.

    `valid_lens` is the number of valid keys per example, `(batch,)`, or per query,
    `(batch, queries)`; by default all are valid. Rows without valid keys are zero. `X` may have
    another number of axes if `valid_lens` has one length per row.

    >>> d2l.masked_softmax(torch.zeros(2, 1, 4), torch.tensor([2, 0]))
    tensor([[[0.5000, 0.5000, 0.0000, 0.0000]],
    <BLANKLINE>
            [[0.0000, 0.0000, 0.0000, 0.0000]]])

    Book: 11.3 Attention scoring functions
    """
    if valid_lens is None:
        return torch.softmax(X, dim=-1)
    try:
        mask = KeyMask(valid_lens, X.shape[:-1], X.shape[-1])
        weights = torch.softmax(X.masked_fill(~mask.keys, float("-inf")), dim=-1)
        return mask.without_empty_rows(weights)
    except (RuntimeError, IndexError) as error:
        explain(error, _require_scores, X, valid_lens)
        raise


class KeyMask:
    """Mask of valid keys: `keys` (batch, 1 or queries, num_keys) is True for those.

    `rows` are the axes of the scores except the last, usually (batch, queries). The softmax of a
    query without valid keys would be 0/0; it attends to all keys instead, and
    `without_empty_rows` replaces its results by zeros.
    """

    def __init__(
        self, valid_lens: Shaped[Tensor, "..."], rows: Sequence[int], num_keys: int
    ) -> None:
        lens = _lens_of_rows(valid_lens, rows)
        self.keys = torch.arange(num_keys, device=lens.device) < lens
        self._is_empty = lens <= 0
        self._may_be_empty = _is_costly_to_read(lens) or bool(self._is_empty.any())
        if self._may_be_empty:
            self.keys = self.keys | self._is_empty

    def without_empty_rows(self, X: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """Return `X` (batch, queries, …) with zeros for queries without valid keys."""
        return X.masked_fill(self._is_empty, 0) if self._may_be_empty else X

    def as_bias(self, dtype: torch.dtype) -> Float[Tensor, "batch rows keys"]:
        """Return the bias to add to scores: 0 for a valid key, otherwise minus infinity."""
        bias = torch.zeros(self.keys.shape, dtype=dtype, device=self.keys.device)
        return bias.masked_fill_(~self.keys, float("-inf"))


def _lens_of_rows(valid_lens: Tensor, rows: Sequence[int]) -> Tensor:
    """Return the lengths with an axis for the keys, one per example or per row."""
    if valid_lens.ndim != 1:
        return valid_lens.reshape(*rows, 1)
    if len(rows) == 2:
        return valid_lens.reshape(-1, 1, 1)
    return valid_lens.repeat_interleave(rows[1]).reshape(*rows, 1)


def _require_lengths(X: Tensor, valid_len: Tensor) -> None:
    if X.ndim < 2:
        require_axes("X", X, ("batch", "num_steps"))
    require_axes("valid_len", valid_len, (len(X),), "Pass one length per example")


def _require_scores(X: Tensor, valid_lens: Tensor) -> None:
    require_axes("X", X, ("batch", "queries", "keys"))
    require_valid_lens("valid_lens", valid_lens, X.shape[0], X.shape[1])


def _is_costly_to_read(tensor: Tensor) -> bool:
    """Whether reading the values needs a device synchronization or is impossible."""
    return tensor.device.type != "cpu" or torch.compiler.is_compiling()
