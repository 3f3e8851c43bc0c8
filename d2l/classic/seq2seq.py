"""Training loop and prediction for encoder-decoder models, as in d2l 0.17.6."""

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from d2l.base.axes import Int, Tensor
from d2l.base.call_shapes import Arguments, call_shape_of
from d2l.base.timing import Timer
from d2l.classic.animator import Animator
from d2l.classic.evaluation import Accumulator
from d2l.classic.optimization import grad_clipping
from d2l.classic.procedural_run import ClassicRun
from d2l.errors import LabelError
from d2l.models.inference import decode, device_of
from d2l.models.seq2seq import EncoderDecoder, Seq2Seq, init_seq2seq
from d2l.models.transformers.masks import MaskedSoftmaxCELoss

_TRAINED_BY_TRAINER = Seq2Seq  # stays this class if a notebook redefines the name


def train_seq2seq(
    net: nn.Module,
    data_iter: Any,
    lr: float,
    num_epochs: int,
    tgt_vocab: Any,
    device: torch.device | str,
) -> None:
    """Train an encoder and a decoder with Adam, and print the final loss.

    `data_iter` yields batches `X` (batch, num_steps), `X_valid_len` (batch,), `Y`, `Y_valid_len`.
    The net is called with `X`, with `Y` shifted right after `<bos>`, and with `X_valid_len`; it
    returns logits, or a tuple that starts with them. Linear layers and GRUs are reinitialized with
    Xavier's uniform distribution first. Padding is ignored in the loss.

    >>> class Copier(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.net = nn.Sequential(nn.Embedding(6, 16), nn.Linear(16, 6))
    ...
    ...     def forward(self, X, dec_X, X_valid_len):
    ...         return self.net(X)
    >>> vocab = d2l.Vocab(["a", "b"], reserved_tokens=["<pad>", "<bos>", "<eos>"])
    >>> X, valid_len = torch.randint(0, 6, (32, 5)), torch.full((32,), 5)
    >>> batches = d2l.load_array((X, valid_len, X, valid_len), batch_size=8)
    >>> d2l.train_seq2seq(Copier(), batches, 0.05, 30, vocab, "cpu")
    epoch 1/30: loss ... (... s)
    loss 0.0..., ... tokens/sec on cpu

    Book: 10.7 Sequence-to-sequence learning for machine translation
    """
    net.apply(init_seq2seq)
    net.to(device)
    net.train()
    bos = torch.tensor([[_index_of(tgt_vocab, "<bos>")]], device=device)
    optimizer = torch.optim.Adam(net.parameters(), lr=lr)
    animator = Animator(xlabel="epoch", legend=["loss"], xlim=[1, num_epochs])
    timer = Timer()
    with ClassicRun(data_iter, num_epochs, animator, torch.device(device)) as run:
        for epoch in run.epochs():
            timer.start()
            metric = Accumulator(2)  # losses, tokens
            for batch in run.batches:
                metric.add(*_train_batch(net, batch, bos, optimizer))
            losses, num_tokens = metric.data
            animator.add(epoch + 1, losses / num_tokens)
            timer.stop()
    speed = num_tokens * len(timer.times) / timer.sum()
    print(f"loss {losses / num_tokens:.3f}, {speed:.1f} tokens/sec on {device}")


def predict_seq2seq(
    net: Any,
    src_sentence: str,
    src_vocab: Any,
    tgt_vocab: Any,
    num_steps: int,
    device: torch.device | str,
    save_attention_weights: bool = False,
) -> tuple[str, list[Any]]:
    """Translate one sentence, with words separated by spaces, until `<eos>` or `num_steps` words.

    Source words after `num_steps` are ignored. Also returns `net.decoder.attention_weights` of each
    step, if requested. Runs in evaluation mode.

    >>> class Tokens(d2l.Encoder):
    ...     def forward(self, X, valid_len):
    ...         return X
    >>> class Reader(d2l.Decoder):  # outputs the source, one token per step
    ...     def init_state(self, enc_all_outputs, valid_len):
    ...         return enc_all_outputs
    ...
    ...     def forward(self, X, state):
    ...         return nn.functional.one_hot(state[:, :1], 8), state[:, 1:]
    >>> vocab = d2l.Vocab(["we", "rest"], reserved_tokens=["<pad>", "<bos>", "<eos>"])
    >>> net = d2l.EncoderDecoder(Tokens(), Reader())
    >>> d2l.predict_seq2seq(net, "we rest", vocab, vocab, num_steps=6, device="cpu")
    ('we rest', [])

    Book: 10.7 Sequence-to-sequence learning for machine translation
    """
    device = device_of(net, device)
    src, valid_len = _source(src_sentence, src_vocab, num_steps, device)
    X = torch.tensor([[_index_of(tgt_vocab, "<bos>")]], device=device)
    found, attention_weights = decode(net, src, [valid_len], X, num_steps, save_attention_weights)
    tokens = found[0].tolist()  # the only device synchronization
    eos = _index_of(tgt_vocab, "<eos>")
    length = tokens.index(eos) if eos in tokens else len(tokens)
    words = tgt_vocab.to_tokens(tokens[:length]) if length else []
    return " ".join(words), attention_weights[: length + 1]


def _train_batch(
    net: nn.Module, batch: Any, bos: Int[Tensor, "1 1"], optimizer: Any
) -> tuple[Tensor, Tensor]:
    """Take one step; return the sum of losses and the number of tokens, on the device."""
    X, X_valid_len, Y, Y_valid_len = batch
    dec_X = torch.cat((bos.expand(len(Y), 1), Y[:, :-1]), dim=1)
    optimizer.zero_grad()
    outputs = net(X, dec_X, X_valid_len)
    Y_hat = outputs[0] if isinstance(outputs, tuple) else outputs
    l = MaskedSoftmaxCELoss()(Y_hat, Y, Y_valid_len).sum()
    l.backward()
    grad_clipping(net, 1)
    optimizer.step()
    return l.detach(), Y_valid_len.sum()


def _source(
    sentence: str, vocab: Any, num_steps: int, device: torch.device
) -> tuple[Int[Tensor, "1 num_steps"], Int[Tensor, "1"]]:
    """Return the padded token indices of a sentence, and its valid length."""
    words = [*sentence.lower().split(" "), "<eos>"][:num_steps]
    padding = [_index_of(vocab, "<pad>")] * (num_steps - len(words))
    src = torch.tensor([vocab[words] + padding], device=device)
    return src, torch.tensor([len(words)], device=device)


def _index_of(vocab: Any, token: str) -> int:
    """Return the index of a token; raise `LabelError` if the vocabulary does not have it."""
    if token not in getattr(vocab, "token_to_idx", {token}):
        raise LabelError(
            f"the vocabulary of {len(vocab)} tokens has no {token!r}. Create it with "
            'd2l.Vocab(tokens, reserved_tokens=["<pad>", "<bos>", "<eos>"])'
        )
    return vocab[token]


def _are_of_0_17_6(call: Arguments) -> bool:
    """Whether the constructors of encoder and decoder accept `**kwargs`, as all of 0.17.6 do.

    Those of the 1.0.3 edition do not. The library's own encoders support both editions.
    """
    encoder, decoder = type(call["encoder"]), type(call["decoder"])
    encoder_may_be = _takes_any_keyword(encoder) or encoder.__module__.startswith("d2l.")
    is_other = isinstance(call["self"], _TRAINED_BY_TRAINER)
    return _takes_any_keyword(decoder) and encoder_may_be and not is_other


def _takes_any_keyword(kind: type) -> bool:
    constructor = inspect.unwrap(kind.__init__)  # type: ignore[misc]
    code = getattr(constructor, "__code__", None)
    is_own = constructor is not nn.Module.__init__
    return is_own and code is not None and bool(code.co_flags & inspect.CO_VARKEYWORDS)


@call_shape_of(EncoderDecoder.__init__, when=_are_of_0_17_6)
def make_encoder_decoder(
    native: Callable[..., None], self: EncoderDecoder, encoder: nn.Module, decoder: nn.Module
) -> None:
    """Make `EncoderDecoder` return `(output, state)`; under a `Trainer` only the output."""
    native(self, encoder, decoder)
    self._d2l_returns_state = True
