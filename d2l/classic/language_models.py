"""Language models of d2l 0.17.6, and training a language model with any optimizer."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from d2l.base.axes import Float, Shaped, Tensor
from d2l.base.context_managers import evaluating
from d2l.base.devices import move
from d2l.base.timing import Timer
from d2l.classic.animator import Animator
from d2l.classic.evaluation import Accumulator
from d2l.classic.linear_networks import sgd
from d2l.classic.optimization import grad_clipping
from d2l.classic.procedural_run import ClassicRun
from d2l.core.module import batch_parts
from d2l.errors import DataError, ShapeError
from d2l.models.inference import device_of

State = Any  # one tensor or a tuple of tensors, depending on the layer


class RNNModelScratch:
    """A language model defined by functions; its `params` are user-defined tensors.

    `get_params(vocab_size, num_hiddens, device)` returns the parameters,
    `init_state(batch_size, num_hiddens, device)` the initial state, and
    `forward_fn(inputs, state, params)`, for inputs (num_steps, batch, vocab_size), the logits
    (num_steps * batch, vocab_size) and the last state.

    >>> def forward_fn(inputs, state, params):
    ...     return (inputs @ params[0]).flatten(0, 1), state
    >>> get_params = lambda vocab_size, num_hiddens, device: [torch.eye(vocab_size)]
    >>> init_state = lambda batch_size, num_hiddens, device: ()
    >>> net = d2l.RNNModelScratch(28, 512, d2l.cpu(), get_params, init_state, forward_fn)
    >>> Y, state = net(torch.arange(10).reshape(2, 5), net.begin_state(2, d2l.cpu()))
    >>> Y.shape
    torch.Size([10, 28])

    Book: 8.5 Recurrent neural networks from scratch (0.17.6)
    """

    def __init__(
        self,
        vocab_size: int,
        num_hiddens: int,
        device: torch.device | str,
        get_params: Callable[..., Any],
        init_state: Callable[..., State],
        forward_fn: Callable[..., tuple[Tensor, State]],
    ) -> None:
        self.vocab_size, self.num_hiddens = vocab_size, num_hiddens
        self.params = get_params(vocab_size, num_hiddens, device)
        self.init_state, self.forward_fn = init_state, forward_fn

    def __call__(self, X: Shaped[Tensor, "batch num_steps"], state: State) -> tuple[Tensor, State]:
        """Return the logits of the next token, with time first, and the last state."""
        return self.forward_fn(_one_hot(X, self.vocab_size), state, self.params)

    def begin_state(self, batch_size: int, device: torch.device | str) -> State:
        """Return the state before the first step.

        Book: 8.5 Recurrent neural networks from scratch (0.17.6)
        """
        return self.init_state(batch_size, self.num_hiddens, device)


class RNNModel(nn.Module):
    """A language model with a recurrent layer of PyTorch: `nn.RNN`, `nn.GRU` or `nn.LSTM`.

    >>> net = d2l.RNNModel(nn.GRU(28, 256), vocab_size=28)
    >>> Y, state = net(torch.zeros(2, 5), net.begin_state(d2l.cpu(), batch_size=2))
    >>> Y.shape, state.shape
    (torch.Size([10, 28]), torch.Size([1, 2, 256]))

    Book: 8.6 Concise implementation of recurrent neural networks (0.17.6)
    """

    def __init__(self, rnn_layer: nn.RNNBase, vocab_size: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rnn = rnn_layer
        self.vocab_size = vocab_size
        self.num_hiddens = rnn_layer.hidden_size
        self.num_directions = 2 if rnn_layer.bidirectional else 1
        self.linear = nn.Linear(self.num_hiddens * self.num_directions, vocab_size)

    def forward(
        self, inputs: Shaped[Tensor, "batch num_steps"], state: State
    ) -> tuple[Float[Tensor, "num_steps_batch vocab_size"], State]:
        """Return the logits of the next token, with time first, and the last state."""
        Y, state = self.rnn(_one_hot(inputs, self.vocab_size), state)
        return self.linear(Y.reshape(-1, Y.shape[-1])), state

    def begin_state(self, device: torch.device | str, batch_size: int = 1) -> State:
        """Return the zero state before the first step; two tensors for an LSTM.

        Book: 8.6 Concise implementation of recurrent neural networks (0.17.6)
        """
        shape = (self.num_directions * self.rnn.num_layers, batch_size, self.num_hiddens)
        zeros = torch.zeros(shape, device=device)
        return (zeros, zeros.clone()) if isinstance(self.rnn, nn.LSTM) else zeros


def predict_ch8(
    prefix: str | Sequence[str], num_preds: int, net: Any, vocab: Any, device: torch.device | str
) -> str:
    """Return `prefix` continued by `num_preds` tokens, the most likely one at each step.

    A module predicts in evaluation mode.

    >>> vocab = d2l.Vocab(list("abc"))
    >>> net = d2l.RNNModel(nn.RNN(len(vocab), 8), len(vocab))
    >>> text = d2l.predict_ch8("ab", 3, net, vocab, d2l.cpu())
    >>> text[:2], len(d2l.predict_ch8("ab", 0, net, vocab, d2l.cpu()))
    ('ab', 2)

    Book: 8.5 Recurrent neural networks from scratch (0.17.6)
    """
    if len(prefix) == 0:
        raise ShapeError(
            f"predict_ch8 requires a prefix of at least one token; found prefix={prefix!r}. "
            "Example: predict_ch8('time traveller', 50, net, vocab, device)"
        )
    known = torch.tensor([vocab[token] for token in prefix], device=device)
    *steps, X = known.reshape(-1, 1, 1)
    predicted: list[Tensor] = []
    with ExitStack() as stack:
        stack.enter_context(torch.no_grad())
        if isinstance(net, nn.Module):
            stack.enter_context(evaluating(net))
        state = net.begin_state(batch_size=1, device=device)
        for step in steps:
            _, state = net(step, state)
        for _ in range(num_preds):
            Y, state = net(X, state)
            X = Y.argmax(dim=1).reshape(1, 1)
            predicted.append(X)
    numbers = torch.cat([known, *(token.reshape(1) for token in predicted)]).tolist()
    return "".join(vocab.idx_to_token[number] for number in numbers)


def train_epoch_ch8(
    net: Any,
    train_iter: Iterable[Any],
    loss: Callable[[Tensor, Tensor], Tensor],
    updater: Any,
    device: torch.device | str,
    use_random_iter: bool,
) -> tuple[float, float]:
    """Train for one epoch; return the perplexity and the tokens per second.

    Unless `use_random_iter`, the state is carried over to the next batch, detached from its graph.
    Gradients are clipped to norm 1. `updater` is an optimizer, or a function called as
    `updater(batch_size=1)`, because the loss is a mean.

    >>> net = d2l.RNNModel(nn.RNN(4, 8), vocab_size=4)
    >>> batches = [(torch.tensor([[0, 1, 2]]), torch.tensor([[1, 2, 3]]))] * 9
    >>> loss, updater = nn.CrossEntropyLoss(), torch.optim.SGD(net.parameters(), lr=1)
    >>> ppl, speed = d2l.train_epoch_ch8(net, batches, loss, updater, d2l.cpu(), False)
    >>> 1 < ppl < 5
    True

    Book: 8.5 Recurrent neural networks from scratch (0.17.6)
    """
    timer, state = Timer(), None
    metric = Accumulator(2)  # losses, tokens
    for batch in train_iter:
        X, Y = move(tuple(batch), torch.device(device))
        is_new = state is None or use_random_iter
        state = net.begin_state(batch_size=len(X), device=device) if is_new else _detached(state)
        y = Y.T.reshape(-1)
        y_hat, state = net(X, state)
        l = loss(y_hat, y.long()).mean()
        if hasattr(updater, "zero_grad"):
            updater.zero_grad()
        l.backward()
        grad_clipping(net, 1)
        with torch.no_grad():
            updater.step() if hasattr(updater, "step") else updater(batch_size=1)
        metric.add(l.detach() * y.numel(), y.numel())
    losses, num_tokens = metric.data
    if num_tokens == 0:
        raise DataError(
            "train_iter yielded no tokens. Use fewer steps, a smaller batch or a longer text"
        )
    perplexity = torch.tensor(losses / num_tokens, dtype=torch.float64).exp().item()
    return perplexity, num_tokens / timer.stop()


def train_ch8(
    net: Any,
    train_iter: Any,
    vocab: Any,
    lr: float,
    num_epochs: int,
    device: torch.device | str,
    use_random_iter: bool = False,
) -> None:
    """Train a language model with SGD, plot its perplexity, and print two predictions.

    `net` is a module, or has a list of tensors `params`; `train_iter` yields batches `X`, `Y`, each
    (batch, num_steps). With `use_random_iter`, adjacent batches are not consecutive in the text.

    >>> vocab = d2l.Vocab(list("time traveller"))
    >>> numbers = torch.tensor(vocab[list("time traveller " * 4)])
    >>> batches = [(numbers[None, :-1], numbers[None, 1:])]
    >>> net = d2l.RNNModel(nn.RNN(len(vocab), 32), len(vocab))
    >>> d2l.train_ch8(net, batches, vocab, lr=1, num_epochs=200, device=d2l.cpu())
    epoch 1/200: train ... (... s)
    ...
    perplexity 1.0, ... tokens/sec on cpu
    time traveller...
    traveller...

    Book: 8.5 Recurrent neural networks from scratch (0.17.6)
    """
    loss = nn.CrossEntropyLoss()
    updater: Any = lambda batch_size: sgd(net.params, lr, batch_size)  # noqa: E731
    if isinstance(net, nn.Module):
        updater = torch.optim.SGD(net.parameters(), lr)
    animator = Animator("epoch", "perplexity", legend=["train"], xlim=[1, num_epochs])
    with ClassicRun(train_iter, num_epochs, animator, torch.device(device)) as run:
        for epoch in run.epochs():
            ppl, speed = train_epoch_ch8(net, run.batches, loss, updater, device, use_random_iter)
            animator.add(epoch + 1, [ppl])
    print(f"perplexity {ppl:.1f}, {speed:.1f} tokens/sec on {device}")
    for prefix in ("time traveller", "traveller"):
        print(predict_ch8(prefix, 50, net, vocab, device))


def _one_hot(tokens: Tensor, vocab_size: int) -> Tensor:
    """Convert tokens (batch, num_steps) to one-hot vectors (num_steps, batch, vocab_size)."""
    return F.one_hot(tokens.T.long(), vocab_size).to(torch.get_default_dtype())


def _detached(state: State) -> State:
    if isinstance(state, (tuple, list)):
        return tuple(_detached(part) for part in state)
    return state.detach() if isinstance(state, Tensor) else state


def train_lm(model: nn.Module, data: Any, optimizer: Any, num_steps: int) -> list[float]:
    """Train on `num_steps` batches and return the loss of each.

    `data` is a data module or a loader of batches `(X, Y)` of token indices (batch, num_steps); it
    is repeated as needed. `model(X)` returns logits (batch, num_steps, vocab_size), and the loss is
    their cross-entropy. `optimizer` may be a list of optimizers of different parameters.

    >>> data = d2l.TinyStory(batch_size=32, num_steps=16, num_train=3000, num_val=500)
    >>> model = d2l.TinyLM(len(data.vocab), d_model=32)
    >>> losses = d2l.train_lm(model, data, torch.optim.AdamW(model.parameters(), lr=0.01), 20)
    >>> len(losses), losses[-1] < losses[0]
    (20, True)

    Book: 12 Optimization algorithms (2026)
    """
    optimizers = list(optimizer) if isinstance(optimizer, (list, tuple)) else [optimizer]
    batches = _endless(data.train_dataloader() if hasattr(data, "train_dataloader") else data)
    device = device_of(model)
    model.train()
    losses = []
    for _ in range(num_steps):
        X, Y = batch_parts(model, move(next(batches), device))
        logits = model(X)
        l = F.cross_entropy(logits.flatten(0, -2), Y.flatten())
        for each in optimizers:
            each.zero_grad()
        l.backward()
        for each in optimizers:
            each.step()
        losses.append(l.detach())
    return torch.stack(losses).tolist() if losses else []  # synchronizes with the device once


def _endless(loader: Any) -> Iterator[Any]:
    """Yield the batches of a loader repeatedly; the batches of an iterator are stored."""
    source = list(loader) if iter(loader) is loader else loader
    while True:
        num_batches = 0
        for batch in source:
            num_batches += 1
            yield batch
        if num_batches == 0:
            raise DataError(
                "data must be a data module with training examples or a loader of batches (X, Y); "
                "found no batches"
            )
