"""What is compared with d2l 0.17.6 besides layers: its loops, its texts, what it returns.

Each call is a function of a library that gives plain things. This module knows neither library.
"""

import inspect
import random
from collections.abc import Callable
from typing import Any

import torch
from corpora import WORDS
from earlier_layers import CALLS, compared, trained
from made import noise, offer, whole
from torch import nn

__all__ = ["CALLS"]
NOVEL = "\n".join(
    f"The {WORDS[i % 20]}, {WORDS[(7 * i) % 20]}; {i}: {WORDS[(3 * i) % 20]}!  (his traveller) "
    for i in range(60)
)
LINES = [["the", "time", "machine"], ["by", "the", "time"], ["by", "h", "g", "wells", "the"]]
RESERVED = ["<pad>", "<bos>", "<eos>"]


def with_novel(d2l: Any) -> None:
    offer(d2l, "time_machine", "timemachine.txt", NOVEL)


def by_frequency(d2l: Any, *args: Any) -> Any:
    """A vocabulary in the order of 0.17.6."""
    has_orders = "order" in inspect.signature(d2l.Vocab).parameters
    return d2l.Vocab(*args, **({"order": "frequency"} if has_orders else {}))


@compared
def begin_state(d2l: Any) -> Any:
    layers = (nn.RNN(4, 5), nn.GRU(4, 5, 3), nn.LSTM(4, 5, 2, bidirectional=True))
    nets = [d2l.RNNModel(layer, 4) for layer in layers]
    return [[n.begin_state("cpu"), n.begin_state(batch_size=3, device="cpu")] for n in nets]


@compared
def heads(d2l: Any) -> Any:
    split = d2l.transpose_qkv(noise(2, 4, 20), 5)
    return [split, d2l.transpose_output(split, 5)]


@compared
def vocab_by_frequency(d2l: Any) -> Any:
    vocabs = [
        by_frequency(d2l, LINES, 0, RESERVED),
        by_frequency(d2l, LINES, 2),
        by_frequency(d2l, [word for line in LINES for word in line], 0, None),
        by_frequency(d2l, None, 0, None),
    ]
    return [[v.idx_to_token, v.token_freqs, v.unk, v[["the", "who"]], len(v)] for v in vocabs]


@compared
def vocab_of_pairs(d2l: Any) -> Any:
    words = [word for line in LINES for word in line]
    vocab = d2l.Vocab([pair for pair in zip(words[:-1], words[1:], strict=True)])  # noqa: C416, RUF007
    return [vocab.token_freqs, vocab.idx_to_token]


@compared
def count_corpus(d2l: Any) -> Any:
    found = [d2l.count_corpus(tokens) for tokens in (LINES, LINES[0], [])]
    return [sorted(count.items()) for count in found]


@compared
def read_time_machine(d2l: Any) -> Any:
    with_novel(d2l)
    return d2l.read_time_machine()


@compared
def load_corpus_time_machine(d2l: Any) -> Any:
    with_novel(d2l)
    found = [d2l.load_corpus_time_machine(), d2l.load_corpus_time_machine(max_tokens=50)]
    return [[corpus[:40], len(corpus), vocab.idx_to_token] for corpus, vocab in found]


@compared
def batches_of_the_time_machine(d2l: Any) -> Any:
    with_novel(d2l)
    found = []
    for use_random_iter in (False, True):
        loader, vocab = d2l.load_data_time_machine(4, 7, use_random_iter, 1500)
        passes = [[*loader], [*loader]]
        found.append([[len(p) for p in passes], passes[0][:3], passes[1][:3], len(vocab)])
    return found


@compared
def cuts_of_a_sequence(d2l: Any) -> Any:
    found = []
    for cut in (d2l.seq_data_iter_random, d2l.seq_data_iter_sequential):
        for batch_size, num_steps, seed in ((2, 5, 0), (2, 5, 1), (1, 1, 2), (3, 4, 3), (9, 9, 4)):
            random.seed(seed)
            found.append([*cut(list(range(35)), batch_size, num_steps)])
            found.append(random.random())
    return found


def scratch_functions() -> tuple[Callable[..., Any], ...]:
    def get_params(vocab_size: int, num_hiddens: int, device: Any) -> Any:
        shapes = [(vocab_size, num_hiddens), (num_hiddens, num_hiddens), (num_hiddens, vocab_size)]
        params = [torch.randn(shape, device=device) * 0.1 for shape in shapes]
        params += [torch.zeros(num_hiddens, device=device), torch.zeros(vocab_size, device=device)]
        for param in params:
            param.requires_grad_(True)
        return params

    def init_state(batch_size: int, num_hiddens: int, device: Any) -> Any:
        return (torch.zeros((batch_size, num_hiddens), device=device),)

    def forward(inputs: Any, state: Any, params: Any) -> Any:
        W_xh, W_hh, W_hq, b_h, b_q = params
        (H,) = state
        outputs = []
        for X in inputs:
            H = torch.tanh(X @ W_xh + H @ W_hh + b_h)
            outputs.append(H @ W_hq + b_q)
        return torch.cat(outputs, dim=0), (H,)

    return get_params, init_state, forward


def scratch(d2l: Any, vocab_size: int) -> Any:
    return d2l.RNNModelScratch(vocab_size, 16, torch.device("cpu"), *scratch_functions())


@compared
def scratch_model(d2l: Any) -> Any:
    net = scratch(d2l, 28)
    state = net.begin_state(2, torch.device("cpu"))
    Y, new_state = net(whole(28, 2, 5), state)
    return [net.vocab_size, net.num_hiddens, list(net.params), state, Y, new_state]


@compared
def predictions(d2l: Any) -> Any:
    vocab, found = by_frequency(d2l, list(NOVEL)), []
    layers = (nn.RNN, nn.GRU, nn.LSTM, nn.LSTM)
    for layer in layers:
        net = d2l.RNNModel(layer(len(vocab), 8), len(vocab))
        found.append(d2l.predict_ch8("his time", 12, net, vocab, torch.device("cpu")))
    both = d2l.RNNModel(nn.GRU(len(vocab), 8, bidirectional=True), len(vocab))
    found.append(d2l.predict_ch8("his time", 12, both, vocab, torch.device("cpu")))
    found.append(d2l.predict_ch8("~~", 3, scratch(d2l, len(vocab)), vocab, torch.device("cpu")))
    return found


@compared
def epochs_of_language_models(d2l: Any) -> Any:
    with_novel(d2l)
    found: list[Any] = []
    for use_random_iter in (False, True):
        data = d2l.load_data_time_machine(4, 7, use_random_iter, 1500)[0]
        size = len(data.vocab)
        net, mine = d2l.RNNModel(nn.LSTM(size, 16), size), scratch(d2l, size)
        optimizer = torch.optim.SGD(net.parameters(), 1.0)
        updater = lambda batch_size, mine=mine: d2l.sgd(mine.params, 1.0, batch_size)  # noqa: E731
        loss = nn.CrossEntropyLoss()
        for model, update in ((net, optimizer), (mine, updater)):
            for _ in range(2):
                args = (model, data, loss, update, torch.device("cpu"), use_random_iter)
                found.append(d2l.train_epoch_ch8(*args)[0])
        found += [trained(net), mine.params]
    return found


@compared
def training_of_language_models(d2l: Any) -> Any:
    with_novel(d2l)
    found: list[Any] = []
    for use_random_iter in (False, True):
        data, vocab = d2l.load_data_time_machine(4, 7, use_random_iter, 800)
        net, mine = d2l.RNNModel(nn.GRU(len(vocab), 16), len(vocab)), scratch(d2l, len(vocab))
        for model in (net, mine):
            args = (model, data, vocab, 1.0, 11, torch.device("cpu"))
            d2l.train_ch8(*args, use_random_iter=use_random_iter)
        found += [trained(net), mine.params]
        found.append(d2l.predict_ch8("time traveller ", 9, net, vocab, torch.device("cpu")))
    return found


def pictures(number: int = 60) -> list[Any]:
    """Images of two classes that are easy to tell apart, in batches of eight; the last is short."""
    y = whole(2, number)
    X = noise(number, 1, 4, 4) * 0.3 + (2.0 * y - 1).reshape(-1, 1, 1, 1)
    return [(X[i : i + 8], y[i : i + 8]) for i in range(0, number, 8)]


@compared
def epochs_of_classifiers(d2l: Any) -> Any:
    net, loss = nn.Sequential(nn.Flatten(), nn.Linear(16, 2)), nn.CrossEntropyLoss(reduction="none")
    W = (noise(16, 2) * 0.1).requires_grad_()
    mine = lambda X: X.reshape(-1, 16) @ W  # noqa: E731
    updater = lambda batch_size: d2l.sgd([W], 0.1, batch_size)  # noqa: E731
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    found = [d2l.train_epoch_ch3(net, pictures(), loss, optimizer) for _ in range(2)]
    found += [d2l.train_epoch_ch3(mine, pictures(), loss, updater) for _ in range(2)]
    found += [d2l.evaluate_accuracy(net, pictures()), d2l.evaluate_accuracy(mine, pictures())]
    return [found, trained(net), W]


@compared
def training_of_classifiers(d2l: Any) -> Any:
    net, loss = nn.Sequential(nn.Flatten(), nn.Linear(16, 2)), nn.CrossEntropyLoss(reduction="none")
    optimizer = torch.optim.SGD(net.parameters(), 0.5)
    d2l.train_ch3(net, pictures(), pictures(20), loss, 3, optimizer)
    return [trained(net), net.training]


@compared
def titles_of_predictions(d2l: Any) -> Any:
    from matplotlib import pyplot as plt

    X, y = noise(8, 1, 28, 28), whole(10, 8)
    d2l.predict_ch3(lambda X: X.reshape(8, -1)[:, :10], [(X, y)], 4)
    axes = plt.gcf().axes
    return [[ax.get_title() for ax in axes], [ax.images[0].get_array().shape for ax in axes]]


@compared
def downloads(d2l: Any) -> Any:
    d2l.DATA_HUB.clear()
    for name in ("one", "two"):
        offer(d2l, name, f"{name}.txt", name)
    d2l.download_all()
    return [d2l.download("one", "../data"), d2l.download("two", cache_dir="../data")]


def translator(d2l: Any, vocab_size: int) -> Any:
    """An encoder and a decoder in the idiom of 0.17.6."""

    class Encoder(d2l.Encoder):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.embedding, self.rnn = nn.Embedding(vocab_size, 4), nn.GRU(4, 8)

        def forward(self, X: Any, *args: Any) -> Any:
            return self.rnn(self.embedding(X).permute(1, 0, 2))

    class Decoder(d2l.Decoder):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.embedding, self.rnn = nn.Embedding(vocab_size, 4), nn.GRU(4, 8)
            self.dense = nn.Linear(8, vocab_size)

        def init_state(self, enc_outputs: Any, *args: Any) -> Any:
            return enc_outputs[1]

        def forward(self, X: Any, state: Any) -> Any:
            output, state = self.rnn(self.embedding(X).permute(1, 0, 2), state)
            return self.dense(output).permute(1, 0, 2), state

    return d2l.EncoderDecoder(Encoder(), Decoder())


@compared
def output_and_state(d2l: Any) -> Any:
    net = translator(d2l, 9)
    pair = net(whole(9, 2, 5), whole(9, 2, 4), torch.tensor([3, 5]))
    return [len(pair), *pair]


@compared
def translation(d2l: Any) -> Any:
    vocab = by_frequency(d2l, LINES, 0, RESERVED)
    net = translator(d2l, len(vocab))
    X = whole(len(vocab), 12, 6)
    batches = [
        (X[i : i + 4], torch.full((4,), 6), X[i : i + 4], whole(6, 4) + 1) for i in (0, 4, 8)
    ]
    d2l.train_seq2seq(net, batches, 0.05, 10, vocab, torch.device("cpu"))
    sentence = d2l.predict_seq2seq(net, "the time .", vocab, vocab, 6, torch.device("cpu"))
    return [trained(net), sentence]


@compared
def legends_of_plots(d2l: Any) -> Any:
    from matplotlib import pyplot as plt

    x = torch.arange(0, 3, 0.5)
    d2l.plot(x, [x**2], "x", "f(x)", legend=None)
    return [[line.get_xdata().shape for line in plt.gca().lines], plt.gca().get_legend() is None]
