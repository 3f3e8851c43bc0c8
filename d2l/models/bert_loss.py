"""BERT's loss of one batch: masked words, next sentences, and their sum."""

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional as F

from d2l.base.axes import Float, Int, Shaped


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
    """The losses of the masked words, of the next sentences, and both together.

    `mlm_weights_X` is 1 for a masked word and 0 where `pred_positions_X` is filled up: the first
    loss is the mean over masked words, and 0 where there is none. `loss` is a
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
