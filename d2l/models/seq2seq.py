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
    """The base of encoders: `forward(X, *args)` turns a sequence into what a decoder reads.

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
        """The encoded sequence; further arguments are such as valid lengths. To be overridden."""
        raise NotImplementedError(_to_write(self, "forward(self, X, *args)"))


class Decoder(nn.Module):
    """The base of decoders: a state from what the encoder gave, and outputs step by step.

    >>> class Reader(d2l.Decoder):  # says what is left of the source, a token at each step
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
        """The state before the first step. To be overridden."""
        raise NotImplementedError(_to_write(self, "init_state(self, enc_all_outputs, *args)"))

    def forward(self, X: Any, state: Any) -> Any:
        """The outputs for the tokens `X` after `state`, and the state then. To be overridden."""
        raise NotImplementedError(_to_write(self, "forward(self, X, state)"))


class AttentionDecoder(Decoder):
    """The base of decoders that attend, and show their `attention_weights`.

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
        """The weights of the last call. To be overridden, with `@property` above."""
        raise NotImplementedError(_to_write(self, "the property attention_weights(self)"))


class EncoderDecoder(Classifier):
    """An encoder and a decoder in one: trained with the right tokens as the decoder's input.

    Batches are `(enc_X, dec_X, *args, labels)`; `args`, such as the lengths of the sources, go to
    the encoder and to the decoder's `init_state`.

    >>> class Tokens(d2l.Encoder):
    ...     def forward(self, X, *args):
    ...         return X
    >>> class Reader(d2l.Decoder):  # gives back the source, a token at each step
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

    _d2l_returns_state = False  # whether a call outside a run gives what the decoder gives

    @has_call_shapes
    def __init__(self, encoder: nn.Module, decoder: nn.Module) -> None:
        super().__init__()
        self.encoder: Any = encoder
        self.decoder: Any = decoder

    def forward(  # type: ignore[override]
        self, enc_X: Any, dec_X: Any, *args: Any
    ) -> Any:
        """The decoder's outputs, without its state."""
        enc_all_outputs = self.encoder(enc_X, *args)
        dec_state = self.decoder.init_state(enc_all_outputs, *args)
        answer = self.decoder(dec_X, dec_state)
        return answer if self._d2l_returns_state and not self._is_in_run() else answer[0]

    def _is_in_run(self) -> bool:
        trainer = vars(self).get("trainer")
        return trainer is not None and trainer is self.trainer  # not what is left of one

    def predict_step(
        self,
        batch: Sequence[Any],
        device: Any,
        num_steps: int,
        save_attention_weights: bool = False,
    ) -> tuple[Int[Tensor, "batch num_steps"], list[Any]]:
        """The likeliest token of each step, fed back, for a batch `(src, tgt, src_valid_len, …)`.

        Of `tgt` only the first column is read, the token that opens a sentence. The second part of
        the answer is `decoder.attention_weights` of each step, if asked for, else empty. Runs in
        evaluation mode, where the model is; tokens come to `device`.

        Book: 10.7 Sequence-to-sequence learning for machine translation
        """
        src, tgt, *args = move(list(batch[:3]), device_of(self, device))
        opening = tgt[:, :1]
        tokens, weights = decode(self, src, args, opening, num_steps, save_attention_weights)
        return tokens.to(device), weights


def _to_write(part: nn.Module, what: str) -> str:
    return f"{type(part).__name__} does not say how: define {what}"


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
