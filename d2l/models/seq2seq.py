"""The encoder-decoder architecture, and sequence-to-sequence learning with RNNs."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from d2l.base.axes import Float, Int, Shaped, Tensor
from d2l.base.call_shapes import has_call_shapes
from d2l.base.devices import move
from d2l.core.classifier import Classifier
from d2l.models.inference import decode, device_of
from d2l.models.input_errors import ExplainsErrors, require_axes
from d2l.models.rnn import GRU
from d2l.models.transformers.embedding import embed


class Encoder(nn.Module):
    """Base class of encoders: `forward(X, *args)` encodes a sequence for a decoder.

    >>> class Means(d2l.Encoder):
    ...     def forward(self, X, *args):
    ...         return X.mean(dim=1)
    >>> Means()(torch.ones(2, 9, 4)).shape
    torch.Size([2, 4])

    Book: 10.6 The encoder-decoder architecture
    """

    def __init__(self) -> None:
        super().__init__()

    def forward(self, X: Any, *args: Any) -> Any:
        """Return the encoded sequence; `args` may be valid lengths. Must be overridden."""
        raise NotImplementedError(_not_implemented(self, "forward(self, X, *args)"))


class Decoder(nn.Module):
    """Base class of decoders: `init_state` from the encoder's outputs, then steps of `forward`.

    >>> class Reader(d2l.Decoder):  # outputs the source, one token per step
    ...     def init_state(self, enc_all_outputs, *args):
    ...         return enc_all_outputs
    ...
    ...     def forward(self, X, state):
    ...         return state[:, :1], state[:, 1:]
    >>> reader = Reader()
    >>> reader(None, reader.init_state(torch.tensor([[5, 6, 7]])))
    (tensor([[5]]), tensor([[6, 7]]))

    Book: 10.6 The encoder-decoder architecture
    """

    def __init__(self) -> None:
        super().__init__()

    def init_state(self, enc_all_outputs: Any, *args: Any) -> Any:
        """Return the state before the first step. Must be overridden."""
        raise NotImplementedError(
            _not_implemented(self, "init_state(self, enc_all_outputs, *args)")
        )

    def forward(self, X: Any, state: Any) -> Any:
        """Return the outputs for the tokens `X` and the new state. Must be overridden."""
        raise NotImplementedError(_not_implemented(self, "forward(self, X, state)"))


class AttentionDecoder(Decoder):
    """Base class of decoders with attention, which have `attention_weights`.

    >>> class Even(d2l.AttentionDecoder):
    ...     @property
    ...     def attention_weights(self):
    ...         return torch.full((1, 4), 0.25)
    >>> Even().attention_weights
    tensor([[0.2500, 0.2500, 0.2500, 0.2500]])

    Book: 11.4 The Bahdanau attention mechanism
    """

    def __init__(self) -> None:
        super().__init__()

    @property
    def attention_weights(self) -> Any:
        """The weights of the last call. Must be overridden as a property."""
        raise NotImplementedError(_not_implemented(self, "the property attention_weights(self)"))


class EncoderDecoder(Classifier):
    """An encoder and a decoder, trained with teacher forcing.

    Batches are `(enc_X, dec_X, *args, labels)`; `args`, such as the valid lengths of the sources,
    are passed to the encoder and to the decoder's `init_state`.

    >>> class Tokens(d2l.Encoder):
    ...     def forward(self, X, *args):
    ...         return X
    >>> class Reader(d2l.Decoder):  # outputs the source, one token per step
    ...     def init_state(self, enc_all_outputs, *args):
    ...         return enc_all_outputs
    ...
    ...     def forward(self, X, state):
    ...         return nn.functional.one_hot(state[:, :1], 8), state[:, 1:]
    >>> model = d2l.EncoderDecoder(Tokens(), Reader())
    >>> src, tgt, valid_len = torch.tensor([[5, 6, 7]]), torch.tensor([[0]]), torch.tensor([3])
    >>> model.predict_step((src, tgt, valid_len), d2l.cpu(), num_steps=2)
    (tensor([[5, 6]]), [])

    Book: 10.6 The encoder-decoder architecture
    """

    _d2l_returns_state = False  # whether a call outside a run also returns the decoder's state

    @has_call_shapes
    def __init__(self, encoder: nn.Module, decoder: nn.Module) -> None:
        super().__init__()
        self.encoder: Any = encoder
        self.decoder: Any = decoder

    def forward(  # type: ignore[override]
        self, enc_X: Any, dec_X: Any, *args: Any
    ) -> Any:
        """Return the decoder's outputs, without its state."""
        enc_all_outputs = self.encoder(enc_X, *args)
        dec_state = self.decoder.init_state(enc_all_outputs, *args)
        result = self.decoder(dec_X, dec_state)
        return result if self._d2l_returns_state and not self._is_in_run() else result[0]

    def _is_in_run(self) -> bool:
        trainer = vars(self).get("trainer")
        return (
            trainer is not None and trainer is self.trainer
        )  # false for the trainer of a finished run

    def predict_step(
        self,
        batch: Sequence[Any],
        device: Any,
        num_steps: int,
        save_attention_weights: bool = False,
    ) -> tuple[Int[Tensor, "batch num_steps"], list[Any]]:
        """Greedily decode `num_steps` tokens for a batch `(src, tgt, src_valid_len, …)`.

        Only the first column of `tgt`, the start token, is used. Also returns
        `decoder.attention_weights` of each step, if requested, otherwise an empty list. Runs in
        evaluation mode on the model's device; the tokens are returned on `device`.

        Book: 10.7 Sequence-to-sequence learning for machine translation
        """
        src, tgt, *args = move(list(batch[:3]), device_of(self, device))
        opening = tgt[:, :1]
        tokens, weights = decode(self, src, args, opening, num_steps, save_attention_weights)
        return tokens.to(device), weights


def _not_implemented(part: nn.Module, what: str) -> str:
    return f"{type(part).__name__} must define {what}"


def init_seq2seq(module: nn.Module) -> None:
    """Initialize the weights of a linear layer or a GRU with Xavier's uniform distribution.

    Use it as `net.apply(d2l.init_seq2seq)`. Lazy layers and all others, including subclasses of
    these two, are unchanged.

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
    """An embedding followed by a GRU with `num_layers` layers.

    Returns the outputs `(num_steps, batch, num_hiddens)`, time first, and the state
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
        """Return the outputs of the last layer at each step, and the last state of each layer."""
        return self.rnn(embed(self.embedding, X.t().to(torch.int64), "tokens"))

    def _require_fitting(self, X: Tensor, *args: Any) -> None:
        require_axes("X", X, ("batch", "num_steps"))


class Seq2Seq(EncoderDecoder):
    """An encoder and a decoder, trained with Adam; the loss ignores padding.

    `tgt_pad` is the index of the padding token in the target vocabulary. The loss is the mean over
    the other tokens.

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
        """Return the cross-entropy of the tokens that are not padding; 0 if there are none.

        With `averaged=False`, return one value per token, 0 for padding.

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
        """Return Adam with learning rate `self.lr`."""
        return torch.optim.Adam(self.parameters(), lr=self.lr)
