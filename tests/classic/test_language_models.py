"""Language models of 0.17.6: against loops by hand, and what a notebook may bring of its own."""

import math
import random

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from d2l import torch as d2l
from d2l.errors import DataError, ShapeError

TEXT = "time traveller goes where no traveller of time goes "
CPU = torch.device("cpu")


def get_params(vocab_size, num_hiddens, device):
    shapes = [(vocab_size, num_hiddens), (num_hiddens, num_hiddens), (num_hiddens, vocab_size)]
    scale = 0.8 / num_hiddens**0.5
    return [(torch.randn(shape, device=device) * scale).requires_grad_() for shape in shapes]


def init_state(batch_size, num_hiddens, device):
    return (torch.zeros(batch_size, num_hiddens, device=device),)


def forward_fn(inputs, state, params):
    W_xh, W_hh, W_hq = params
    (H,) = state
    outputs = []
    for X in inputs:
        H = torch.tanh(X @ W_xh + H @ W_hh)
        outputs.append(H @ W_hq)
    return torch.cat(outputs), (H,)


def scratch(vocab, num_hiddens=8):
    torch.manual_seed(1)
    return d2l.RNNModelScratch(len(vocab), num_hiddens, CPU, get_params, init_state, forward_fn)


def vocab_and_batches(batch_size=2, num_steps=4):
    vocab = d2l.Vocab([*TEXT], order="frequency")
    random.seed(0)
    return vocab, [*d2l.seq_data_iter_sequential(vocab[[*TEXT]], batch_size, num_steps)]


def epoch_by_hand(params, batches, lr, keep_state):
    """Clipped gradient descent, gradients cut between batches; the perplexity on the way."""
    losses, H = [], None
    for X, Y in batches:
        H = torch.zeros(len(X), params[1].shape[0]) if H is None or not keep_state else H.detach()
        each = []
        for t in range(X.shape[1]):
            H = torch.tanh(
                F.one_hot(X[:, t], params[0].shape[0]).float() @ params[0] + H @ params[1]
            )
            each.append(F.cross_entropy(H @ params[2], Y[:, t], reduction="none"))
        each = torch.stack(each)
        gradients = torch.autograd.grad(each.mean(), params)
        norm = math.sqrt(sum(float((g**2).sum()) for g in gradients))
        losses += each.flatten().tolist()
        with torch.no_grad():
            for parameter, gradient in zip(params, gradients, strict=True):
                parameter -= lr * gradient * min(1.0, 1 / norm)
    return math.exp(sum(losses) / len(losses))


@pytest.mark.parametrize("use_random_iter", [False, True])
def test_an_epoch_is_clipped_descent_with_the_state_kept_or_begun_anew(use_random_iter):
    vocab, batches = vocab_and_batches()
    net = scratch(vocab)
    params = [p.detach().clone().requires_grad_() for p in net.params]
    updater = lambda batch_size: d2l.sgd(net.params, 2.0, batch_size)  # noqa: E731
    ppl, speed = d2l.train_epoch_ch8(
        net, batches, nn.CrossEntropyLoss(), updater, CPU, use_random_iter
    )
    assert ppl == pytest.approx(epoch_by_hand(params, batches, 2.0, not use_random_iter), rel=1e-5)
    torch.testing.assert_close(net.params, params)
    assert speed > 0


def test_a_module_with_an_optimizer_learns_as_its_functions_do():
    vocab, batches = vocab_and_batches()
    net = scratch(vocab)
    model = d2l.RNNModel(nn.RNN(len(vocab), 8, bias=False), len(vocab))
    with torch.no_grad():
        model.rnn.weight_ih_l0.copy_(net.params[0].T)
        model.rnn.weight_hh_l0.copy_(net.params[1].T)
        model.linear.weight.copy_(net.params[2].T)
        model.linear.bias.zero_().requires_grad_(False)
    model.linear.bias.requires_grad_(False)
    loss = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], 2.0)
    updater = lambda batch_size: d2l.sgd(net.params, 2.0, batch_size)  # noqa: E731
    for _ in range(2):
        expected, _ = d2l.train_epoch_ch8(net, batches, loss, updater, CPU, False)
        found, _ = d2l.train_epoch_ch8(model, batches, loss, optimizer, CPU, False)
        assert found == pytest.approx(expected, rel=1e-4)
    torch.testing.assert_close(model.linear.weight, net.params[2].T, atol=1e-5, rtol=1e-4)


def test_a_model_gives_the_logits_step_by_step():
    layer = nn.GRU(5, 7, num_layers=2)
    net = d2l.RNNModel(layer, 5)
    X = torch.tensor([[0, 1, 2, 3], [4, 3, 2, 1], [0, 0, 0, 0]])
    Y, state = net(X, net.begin_state(CPU, batch_size=3))
    outputs, expected_state = layer(F.one_hot(X, 5).float().transpose(0, 1))
    torch.testing.assert_close(Y.reshape(4, 3, 5), net.linear(outputs))
    torch.testing.assert_close(state, expected_state)


@pytest.mark.parametrize(
    "layer, shape, is_pair",
    [
        (nn.RNN(4, 6), (1, 3, 6), False),
        (nn.GRU(4, 6, 2, bidirectional=True), (4, 3, 6), False),
        (nn.LSTM(4, 6, 2), (2, 3, 6), True),
    ],
)
def test_the_first_state_is_zeros_in_the_form_of_the_layer(layer, shape, is_pair):
    net = d2l.RNNModel(layer, 4)
    state = net.begin_state("cpu", 3)
    parts = state if is_pair else (state,)
    assert isinstance(state, tuple) == is_pair
    assert [part.shape for part in parts] == [shape] * len(parts)
    assert not any(part.any() for part in parts)
    net(torch.zeros(3, 2), state)
    assert net.linear.in_features == 6 * (2 if layer.bidirectional else 1)


def test_a_prefix_is_continued_by_the_likeliest_tokens():
    vocab, _ = vocab_and_batches()
    net = scratch(vocab)
    text = "tim"
    for _ in range(5):  # the whole text is read again for each token
        Y, _ = net(torch.tensor([vocab[[*text]]]), net.begin_state(1, CPU))
        text += vocab.idx_to_token[int(Y[-1].argmax())]
    assert d2l.predict_ch8("tim", 5, net, vocab, CPU) == text
    assert d2l.predict_ch8([*"tim"], 5, net, vocab, CPU) == text
    assert d2l.predict_ch8("t~", 0, net, vocab, CPU) == "t<unk>"


def test_a_module_predicts_without_dropout_and_keeps_its_mode():
    vocab, _ = vocab_and_batches()
    net = d2l.RNNModel(nn.GRU(len(vocab), 8, 2, dropout=0.9), len(vocab))
    found = {d2l.predict_ch8("time", 9, net, vocab, CPU) for _ in range(5)}
    assert len(found) == 1
    assert net.training


def test_a_prefix_without_tokens_is_an_error_with_an_example():
    vocab, _ = vocab_and_batches()
    with pytest.raises(ShapeError, match=r"at least one token.*predict_ch8"):
        d2l.predict_ch8("", 5, scratch(vocab), vocab, CPU)


def test_batches_without_tokens_are_an_error_that_says_what_to_change():
    vocab, _ = vocab_and_batches()
    with pytest.raises(DataError, match="fewer steps, a smaller batch or a longer text"):
        d2l.train_epoch_ch8(scratch(vocab), [], nn.CrossEntropyLoss(), None, CPU, False)


@pytest.mark.parametrize("kind", ["functions", "RNN", "GRU", "LSTM"])
def test_training_learns_a_text_by_heart_and_says_so(kind, capsys):
    vocab = d2l.Vocab([*TEXT], order="frequency")
    numbers = torch.tensor(vocab[[*TEXT]])
    batches = [(numbers[None, :-1], numbers[None, 1:])]
    torch.manual_seed(0)
    net = scratch(vocab, 64)
    if kind != "functions":
        net = d2l.RNNModel(getattr(nn, kind)(len(vocab), 64), len(vocab))
    d2l.train_ch8(net, batches, vocab, 1.5, 200, CPU)
    *_, result, first, second = capsys.readouterr().out.splitlines()
    ppl = float(result.split()[1].rstrip(","))
    assert result.startswith(f"perplexity {ppl}, ")
    assert result.endswith(" tokens/sec on cpu")
    assert ppl < 1.5
    assert first.startswith("time traveller")
    assert second.startswith("traveller")
    assert (len(first), len(second)) == (64, 59)
    if kind == "LSTM":
        assert first[14:24] in TEXT * 2


def test_a_loader_without_a_length_is_counted_without_changing_what_is_drawn():
    vocab, batches = vocab_and_batches()
    drawn = []

    class Loader:  # as a notebook defines it
        def __iter__(self):
            drawn.append(random.random())
            return iter(batches)

    random.seed(5)
    expected = [random.random() for _ in range(2)]
    random.seed(5)
    d2l.train_ch8(scratch(vocab), Loader(), vocab, 1.0, 2, CPU, use_random_iter=True)
    assert drawn[-2:] == expected


def test_the_states_of_a_notebooks_own_net_may_have_any_form():
    class Net:
        def __init__(self, state):
            self.params = [torch.ones(2, requires_grad=True)]
            self.first, self.seen = state, []

        def begin_state(self, batch_size, device):
            return self.first

        def __call__(self, X, state):
            self.seen.append(state)
            parts = state if isinstance(state, tuple) else (state,)
            moved = tuple(None if p is None else p * self.params[0].sum() for p in parts)
            logits = self.params[0].expand(X.numel(), 2)
            return logits, moved if isinstance(state, tuple) else moved[0]

    batches = [(torch.zeros(1, 3, dtype=torch.long), torch.ones(1, 3, dtype=torch.long))] * 3
    for state in (torch.ones(1), (torch.ones(1),), (torch.ones(1), None), ()):
        net = Net(state)
        updater = lambda batch_size, net=net: d2l.sgd(net.params, 0.1, 1)  # noqa: E731
        d2l.train_epoch_ch8(net, batches, nn.CrossEntropyLoss(), updater, CPU, False)
        assert net.seen[0] is state
        tensors = [p for s in net.seen[1:] for p in (s if isinstance(s, tuple) else (s,))]
        assert not any(p.requires_grad for p in tensors if p is not None)


def test_names_that_the_reader_replaces_take_effect(monkeypatch, capsys):
    monkeypatch.setattr(d2l, "train_epoch_ch8", lambda *args: (7.0, 100.0))
    monkeypatch.setattr(d2l, "predict_ch8", lambda prefix, *args: prefix.upper())
    vocab, batches = vocab_and_batches()
    d2l.train_ch8(scratch(vocab), batches, vocab, 1.0, 1, CPU)
    assert capsys.readouterr().out.splitlines()[-3:] == [
        "perplexity 7.0, 100.0 tokens/sec on cpu", "TIME TRAVELLER", "TRAVELLER",
    ]  # fmt: skip
