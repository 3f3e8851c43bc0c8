"""Sequence to sequence with recurrent layers: the encoder, and a loss that ignores padding."""

from typing import Any

import torch
from torch import nn

from d2l.base.axes import Float, Shaped, Tensor
from d2l.models.embedding import embed
from d2l.models.encoder_decoder import Encoder, EncoderDecoder
from d2l.models.input_errors import ExplainsErrors, require_axes
from d2l.models.rnn import GRU


def init_seq2seq(module: nn.Module) -> None:
    """Draw the weights of a linear layer or a GRU from Xavier's uniform distribution.

    For `net.apply`. Lazy layers and all others, also classes derived from these two, stay as they
    are.

    >>> net = nn.Sequential(nn.Linear(4, 2))
    >>> _ = net.apply(d2l.init_seq2seq)
    >>> bool(net[0].weight.abs().max() <= 1)  # the bound is (6 / (4 + 2)) ** 0.5
    True

    Book: 10.7 Sequence-to-sequence learning for machine translation
    """
    if type(module) in (nn.Linear, nn.GRU):
        for name, parameter in module.named_parameters():
            if "weight" in name:
                nn.init.xavier_uniform_(parameter)


class Seq2SeqEncoder(ExplainsErrors, Encoder):
    """Tokens through an embedding and `num_layers` of gated recurrent units.

    It returns the outputs `(num_steps, batch, num_hiddens)`, time first, and the state
    `(num_layers, batch, num_hiddens)`. Arguments after the tokens, such as lengths, are ignored.

    >>> encoder = d2l.Seq2SeqEncoder(vocab_size=20, embed_size=6, num_hiddens=12, num_layers=3)
    >>> outputs, state = encoder(torch.zeros(2, 7, dtype=torch.int64))
    >>> outputs.shape, state.shape
    (torch.Size([7, 2, 12]), torch.Size([3, 2, 12]))

    Book: 10.7 Sequence-to-sequence learning for machine translation
    """

    def __init__(
        self,
        vocab_size: int,
        embed_size: int,
        num_hiddens: int,
        num_layers: int,
        dropout: float = 0,
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_size)
        self.rnn = GRU(embed_size, num_hiddens, num_layers, dropout)
        self.apply(init_seq2seq)

    def forward(
        self, X: Shaped[Tensor, "..."], *args: Any
    ) -> tuple[Float[Tensor, "..."], Float[Tensor, "..."]]:
        """The outputs of the last level at each step, and the last state of each level."""
        return self.rnn(embed(self.embedding, X.t().to(torch.int64), "tokens"))

    def _require_fitting(self, X: Tensor, *args: Any) -> None:
        require_axes("X", X, ("batch", "num_steps"))


class Seq2Seq(EncoderDecoder):
    """An encoder and a decoder, trained with Adam; padding does not count in the loss.

    `tgt_pad` is the index of the padding token among the targets. The loss is the mean over the
    other tokens.

    >>> model = d2l.Seq2Seq(d2l.Encoder(), d2l.Decoder(), tgt_pad=0, lr=0.005)
    >>> logits = torch.zeros(1, 3, 10)
    >>> model.loss(logits, torch.tensor([[4, 2, 0]]), averaged=False)  # the last is padding
    tensor([2.3026, 2.3026, 0.0000])

    Book: 10.7 Sequence-to-sequence learning for machine translation
    """

    tgt_pad: int
    lr: float

    def __init__(self, encoder: nn.Module, decoder: nn.Module, tgt_pad: int, lr: float) -> None:
        super().__init__(encoder, decoder)
        self.save_hyperparameters()

    def loss(
        self,
        Y_hat: Float[Tensor, "*batch num_classes"],
        Y: Shaped[Tensor, "*batch"],
        averaged: bool = True,
    ) -> Float[Tensor, "..."]:
        """Cross-entropy of the tokens that are not padding; 0 if there are none.

        With `averaged=False` one number for each token, 0 for padding.

        Book: 10.7 Sequence-to-sequence learning for machine translation
        """
        mask = (Y.reshape(-1) != self.tgt_pad).to(Y_hat.dtype)
        l = super().loss(Y_hat, Y, averaged=False) * mask
        return l.sum() / mask.sum().clamp(min=1) if averaged else l

    def validation_step(self, batch: Any) -> Any:
        """Plot the loss of one validation batch."""
        *inputs, y = batch
        self.plot("loss", self.loss(self(*inputs), y), train=False)

    def configure_optimizers(self) -> Any:
        """Adam at rate `self.lr`."""
        return torch.optim.Adam(self.parameters(), lr=self.lr)
