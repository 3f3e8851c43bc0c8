"""Training and using an encoder and a decoder in loops written by hand."""

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

_TRAINED_BY_TRAINER = Seq2Seq  # which stays, whatever a reader calls by that name


def train_seq2seq(
    net: nn.Module,
    data_iter: Any,
    lr: float,
    num_epochs: int,
    tgt_vocab: Any,
    device: torch.device | str,
) -> None:
    """Train an encoder and a decoder with Adam, and print the loss that was reached.

    `data_iter` gives batches of sources, their lengths, targets and theirs: `X` (batch, num_steps),
    `X_valid_len` (batch,), `Y`, `Y_valid_len`. The net is called with `X`, with `Y` one step late
    behind `<bos>`, and with `X_valid_len`; it gives logits, or a tuple that begins with them.
    Linear layers and GRUs are first drawn anew, Xavier-uniform. Padding adds nothing to the loss.

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
    bos = torch.tensor([[_number(tgt_vocab, "<bos>")]], device=device)
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
    """Translate one sentence, of words parted by spaces: at most `num_steps` words, until `<eos>`.

    Words beyond `num_steps` are left unread. The second part of the answer is
    `net.decoder.attention_weights` of each step, if asked for. Runs in evaluation mode.

    >>> class Tokens(d2l.Encoder):
    ...     def forward(self, X, valid_len):
    ...         return X
    >>> class Reader(d2l.Decoder):  # gives back the source, a token at each step
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
    X = torch.tensor([[_number(tgt_vocab, "<bos>")]], device=device)
    found, attention_weights = decode(net, src, [valid_len], X, num_steps, save_attention_weights)
    tokens = found[0].tolist()  # the only wait
    eos = _number(tgt_vocab, "<eos>")
    length = tokens.index(eos) if eos in tokens else len(tokens)
    words = tgt_vocab.to_tokens(tokens[:length]) if length else []
    return " ".join(words), attention_weights[: length + 1]


def _train_batch(
    net: nn.Module, batch: Any, bos: Int[Tensor, "1 1"], optimizer: Any
) -> tuple[Tensor, Tensor]:
    """One step; the sum of the losses and the number of tokens, unread."""
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
    """The sentence in numbers, padded, and how many of them count."""
    words = [*sentence.lower().split(" "), "<eos>"][:num_steps]
    padding = [_number(vocab, "<pad>")] * (num_steps - len(words))
    src = torch.tensor([vocab[words] + padding], device=device)
    return src, torch.tensor([len(words)], device=device)


def _number(vocab: Any, token: str) -> int:
    """The number of a token that the vocabulary must have."""
    if token not in getattr(vocab, "token_to_idx", {token}):
        raise LabelError(
            f"the vocabulary of {len(vocab)} tokens has no {token!r}. Make it with "
            'd2l.Vocab(tokens, reserved_tokens=["<pad>", "<bos>", "<eos>"])'
        )
    return vocab[token]


def _are_of_0_17_6(call: Arguments) -> bool:
    """Whether the constructors of encoder and decoder take `**kwargs`, as that edition's all do.

    None of 1.0.3's book does. The library's own encoders serve both editions.
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
    """An `EncoderDecoder` that gives `(output, state)`; under a `Trainer` the output alone."""
    native(self, encoder, decoder)
    self._d2l_returns_state = True
