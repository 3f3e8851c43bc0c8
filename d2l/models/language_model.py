"""Language models: RNN language models, and a small transformer for comparing optimizers."""

import warnings
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from d2l.base.axes import Float, Int, Shaped, Tensor
from d2l.core.classifier import Classifier
from d2l.core.module import batch_parts
from d2l.errors import ShapeError
from d2l.models.inference import device_of, predicting
from d2l.models.input_errors import (
    ExplainsErrors,
    explain,
    require_axes,
    require_below,
    require_positions,
)
from d2l.models.transformers.embedding import embed
from d2l.text.decoding import draw, next_probabilities


class RNNLMScratch(Classifier):
    """A language model: `rnn` on one-hot tokens, followed by an output layer W_hq, b_q.

    `rnn` takes `(num_steps, batch, vocab_size)` and a state, and returns outputs (a list or a
    tensor, time first) and a state. The board plots the perplexity, `ppl`.

    >>> rnn = d2l.RNNScratch(num_inputs=10, num_hiddens=8)
    >>> model = d2l.RNNLMScratch(rnn, vocab_size=10, lr=0.5)
    >>> model(torch.zeros(2, 7, dtype=torch.int64)).shape
    torch.Size([2, 7, 10])

    Book: 9.5 Recurrent neural network implementation from scratch
    """

    rnn: Any
    vocab_size: int
    lr: float
    _geometric_means = frozenset({"ppl"})  # the perplexity of all tokens together

    def __init__(self, rnn: nn.Module, vocab_size: int, lr: float = 0.01) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.init_params()

    def init_params(self) -> None:
        """Create W_hq and b_q; override it to use another output layer."""
        sigma = getattr(self.rnn, "sigma", 0.01)
        self.W_hq = nn.Parameter(torch.randn(self.rnn.num_hiddens, self.vocab_size) * sigma)
        self.b_q = nn.Parameter(torch.zeros(self.vocab_size))

    def training_step(self, batch: Any) -> Tensor:
        """Return the loss of one training batch and plot its perplexity."""
        *inputs, y = batch_parts(self, batch)
        l = self.loss(self(*inputs), y)
        self.plot("ppl", torch.exp(l), train=True)
        return l

    def validation_step(self, batch: Any) -> Any:
        """Plot the perplexity of one validation batch."""
        *inputs, y = batch_parts(self, batch)
        self.plot("ppl", torch.exp(self.loss(self(*inputs), y)), train=False)

    def one_hot(self, X: Shaped[Tensor, "..."]) -> Float[Tensor, "... vocab_size"]:
        """Convert tokens (batch, num_steps) to one-hot vectors (num_steps, batch, vocab_size).

        Raises `LabelError` for a token outside the vocabulary; on a GPU PyTorch reports it itself.

        Book: 9.5 Recurrent neural network implementation from scratch
        """
        tokens = _with_reversed_axes(X).to(torch.int64)
        shape = tokens.shape + (self.vocab_size,)  # noqa: RUF005 - torch.fx cannot trace unpacking
        rows = tokens.new_zeros(shape, dtype=torch.get_default_dtype())
        try:
            return rows.scatter_(-1, tokens.unsqueeze(-1), 1.0)
        except RuntimeError as error:
            explain(error, require_below, "tokens", X, self.vocab_size, type(self).__name__)
            raise

    def output_layer(
        self, rnn_outputs: Sequence[Tensor] | Tensor
    ) -> Float[Tensor, "... vocab_size"]:
        """Return the logits of every step, given `num_steps` outputs `(batch, num_hiddens)`.

        Book: 9.5 Recurrent neural network implementation from scratch
        """
        H = rnn_outputs if isinstance(rnn_outputs, Tensor) else torch.stack(tuple(rnn_outputs))
        return (torch.matmul(H, self.W_hq) + self.b_q).transpose(0, 1)

    def forward(self, X: Shaped[Tensor, "..."], state: Any = None) -> Float[Tensor, "..."]:
        """Return the logits of the next token at each step."""
        rnn_outputs, _ = self.rnn(self.one_hot(X), state)
        return self.output_layer(rnn_outputs)

    def predict(
        self,
        prefix: str | Sequence[str],
        num_preds: int | None = None,
        vocab: Any = None,
        device: Any = None,
        temperature: float = 0.0,
        rng: Any = None,
        *,
        num_tokens: int | None = None,
        tok: Any = None,
    ) -> str:
        """Return `prefix` continued by `num_preds` tokens, the most likely one at each step.

        Runs in evaluation mode on the model's device; `device` is for a model without parameters.
        Tokens of `prefix` that are not in `vocab` become `<unk>`, with a warning. `vocab` is a
        `Vocab` or a tokenizer such as `BPETokenizer`. With a `temperature` above 0, tokens are
        sampled from `softmax(logits / temperature)`, with `rng` if given (see `sample_next`).
        `num_tokens` and `tok` are aliases of `num_preds` and `vocab`.

        Book: 9.5 Recurrent neural network implementation from scratch
        """
        num_preds = num_tokens if num_preds is None else num_preds
        vocab = tok if vocab is None else vocab
        if num_preds is None or vocab is None:
            raise TypeError(
                "predict requires the number of tokens and the vocabulary, for example "
                "model.predict(prefix, 20, data.vocab)"
            )
        known = _encode(prefix, vocab)
        known = known[: max(1, len(known) + num_preds)]  # a negative number drops tokens
        X, state = torch.tensor([known], device=device_of(self, device)), None
        predicted: list[Tensor] = []
        with predicting(self):
            for _ in range(num_preds):
                rnn_outputs, state = self.rnn(self.one_hot(X), state)
                X = _select_tokens(
                    self.output_layer(rnn_outputs)[:, -1:], temperature, rng
                )  # (1, 1)
                predicted.append(X)
        new = (
            torch.cat(predicted, 1)[0].tolist() if predicted else []
        )  # synchronizes with the device once
        return _decode(known + new, vocab)


class RNNLM(RNNLMScratch):
    """A language model whose output layer is PyTorch's, lazy; `rnn` returns tensors, time first.

    >>> model = d2l.RNNLM(d2l.GRU(num_inputs=10, num_hiddens=8), vocab_size=10, lr=0.5)
    >>> model(torch.zeros(2, 7, dtype=torch.int64)).shape
    torch.Size([2, 7, 10])

    Book: 9.6 Concise implementation of recurrent neural networks
    """

    linear: nn.Module

    def init_params(self) -> None:
        """Create the output layer."""
        self.linear = nn.LazyLinear(self.vocab_size)

    def output_layer(  # type: ignore[override]
        self, hiddens: Float[Tensor, "num_steps *batch num_hiddens"]
    ) -> Float[Tensor, "..."]:
        """Return the logits of every step.

        Book: 9.6 Concise implementation of recurrent neural networks
        """
        return self.linear(hiddens).transpose(0, 1)


def _with_reversed_axes(X: Tensor) -> Tensor:
    """Return `X.T`, deprecated unless X has two axes; without a branch, for torch.fx."""
    try:
        return X.t()
    except RuntimeError:
        return X.permute(*reversed(range(X.ndim)))


def _select_tokens(
    logits: Float[Tensor, "batch num_steps vocab_size"], temperature: float, rng: Any
) -> Int[Tensor, "batch num_steps"]:
    """Return the most likely token of each step, or a sampled one if `temperature` is not 0."""
    if temperature == 0:
        return logits.argmax(dim=2)
    return draw(next_probabilities(logits, temperature), rng)


def _encode(prefix: str | Sequence[str], vocab: Any) -> list[int]:
    _check_prefix(prefix, vocab)
    if isinstance(prefix, str) and hasattr(vocab, "encode"):
        return vocab.encode(prefix)
    return [vocab[token] for token in prefix]


def _decode(numbers: list[int], vocab: Any) -> str:
    if hasattr(vocab, "decode"):
        return vocab.decode(numbers)
    return "".join(vocab.idx_to_token[i] for i in numbers)


def _check_prefix(prefix: str | Sequence[str], vocab: Any) -> None:
    if len(prefix) == 0:
        raise ShapeError(
            f"predict requires a prefix of at least one token; found prefix={prefix!r}. "
            "Example: model.predict('it has', 20, vocab)"
        )
    known = getattr(vocab, "token_to_idx", None)
    unknown = [token for token in dict.fromkeys(prefix) if known is not None and token not in known]
    if unknown:
        warnings.warn(
            f"{unknown} in the prefix {prefix!r} are not in the vocabulary and become <unk>; its "
            f"{len(vocab)} tokens are {list(known or ())[:10]}, …",
            stacklevel=4,
        )


class TinyLM(ExplainsErrors):
    """A small transformer: token and position embeddings, `num_blks` causal blocks, and logits.

    A block is a `ModuleDict` of `norm1`, `qkv`, `proj`, `norm2`, `up`, `down`, without biases.
    `attention(blk, X)` may be overridden. Sequences have at most `max_len` tokens.

    >>> model = d2l.TinyLM(vocab_size=28)
    >>> model(torch.zeros(2, 7, dtype=torch.long)).shape
    torch.Size([2, 7, 28])

    Book: 12 Optimization algorithms (2026)
    """

    def __init__(
        self,
        vocab_size: int,
        d_model: int = 128,
        num_heads: int = 2,
        num_blks: int = 2,
        max_len: int = 64,
    ) -> None:
        super().__init__()
        self.num_heads, self.max_len = num_heads, max_len
        self.embedding = nn.Embedding(vocab_size, d_model)
        self.pos_embedding = nn.Embedding(max_len, d_model)
        self.blks: Any = nn.ModuleList(_block(d_model) for _ in range(num_blks))
        self.norm = nn.LayerNorm(d_model)
        self.head = nn.Linear(d_model, vocab_size, bias=False)

    def attention(
        self, blk: Any, X: Float[Tensor, "batch num_steps d_model"]
    ) -> Float[Tensor, "batch num_steps d_model"]:
        """Causal self-attention with the matrices of a block.

        Book: 12 Optimization algorithms (2026)
        """
        heads = blk["qkv"](X).unflatten(2, (3, self.num_heads, -1)).permute(2, 0, 3, 1, 4)
        Q, K, V = heads.unbind(0)  # each (batch, num_heads, num_steps, head_size)
        H = F.scaled_dot_product_attention(Q, K, V, is_causal=True)
        return blk["proj"](H.transpose(1, 2).flatten(2))

    def forward(
        self, X: Int[Tensor, "batch num_steps"]
    ) -> Float[Tensor, "batch num_steps vocab_size"]:
        """Return the logits of the token after each token of `X`."""
        steps = torch.arange(X.shape[1], device=X.device)
        H = embed(self.embedding, X, "tokens") + self.pos_embedding(steps)
        for blk in self.blks:
            H = H + self.attention(blk, blk["norm1"](H))
            H = H + blk["down"](F.gelu(blk["up"](blk["norm2"](H))))
        return self.head(self.norm(H))

    def _require_fitting(self, X: Tensor) -> None:
        require_axes("X", X, ("batch", "num_steps"))
        require_positions("X", X, self.max_len)


def _block(d_model: int) -> nn.ModuleDict:
    return nn.ModuleDict(
        {
            "norm1": nn.LayerNorm(d_model),
            "qkv": nn.Linear(d_model, 3 * d_model, bias=False),
            "proj": nn.Linear(d_model, d_model, bias=False),
            "norm2": nn.LayerNorm(d_model),
            "up": nn.Linear(d_model, 4 * d_model, bias=False),
            "down": nn.Linear(4 * d_model, d_model, bias=False),
        }
    )
