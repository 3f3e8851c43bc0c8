"""Chapter 9: recurrent networks and language models."""

import torch
from made import backward, everything_about, gradients, inside, noise, whole
from registry import differs, same


def language(num_steps, width, hidden):
    """Inputs and a first state of a recurrent network, for a batch of 2."""
    return noise(num_steps, 2, width), noise(1, 2, hidden, seed=1)


@same("RNNScratch")
def a_recurrent_network_from_scratch(d2l):
    net = d2l.RNNScratch(3, 4, sigma=0.1)
    X, H = language(5, 3, 4)
    outputs, state = backward(net(X))
    return {
        "inside": inside(net),
        "outputs": list(outputs),
        "state": state,
        "with a state": [list(part) for part in net(X, (H[0],))[:1]],
        "gradients": gradients(net),
        "printed": repr(net),
    }


@same("RNN", "GRU")
def recurrent_networks(d2l):
    X, H = language(5, 3, 4)
    rnn, gru = d2l.RNN(3, 4), d2l.GRU(3, 4, num_layers=2, dropout=0.0)
    deep = torch.cat((H, H))
    return {
        "RNN": (everything_about(rnn, X), everything_about(rnn, X, H)["outputs"]),
        "GRU": (everything_about(gru, X), everything_about(gru, X, deep)["outputs"]),
        "hyperparameters": (rnn.num_hiddens, gru.num_layers, gru.dropout),
    }


class Letters:
    """A vocabulary of a few letters."""

    def __init__(self, *reserved):
        self.idx_to_token = [*reserved, *"abcdef"]

    def __len__(self):
        return len(self.idx_to_token)

    def __getitem__(self, tokens):
        if isinstance(tokens, str):
            return self.idx_to_token.index(tokens)
        return [self[token] for token in tokens]

    def to_tokens(self, indices):
        if isinstance(indices, int):
            return self.idx_to_token[indices]
        return [self.idx_to_token[index] for index in indices]


def language_model(d2l, Model, rnn):
    net = Model(rnn, vocab_size=6, lr=1)
    X, Y = whole(6, 2, 5), whole(6, 2, 5, seed=1)
    logits = net(X)
    loss = backward(net.loss(logits, Y))
    return {
        "one_hot": net.one_hot(X),
        "inside": inside(net),
        "outputs": logits,
        "loss": loss,
        "gradients": gradients(net),
        "prediction": net.predict("abc", 6, Letters()),
        "printed": repr(net),
    }


@same("RNNLMScratch", "RNNScratch")
def a_language_model_from_scratch(d2l):
    return language_model(d2l, d2l.RNNLMScratch, d2l.RNNScratch(6, 8, sigma=0.5))


@same("RNNLM", "RNN", "GRU")
def language_models(d2l):
    return [
        language_model(d2l, d2l.RNNLM, d2l.RNN(6, 8)),
        language_model(d2l, d2l.RNNLM, d2l.GRU(6, 8, 1)),
    ]


def phrases(d2l):
    """A data module of random letters, each to be followed by the next."""
    data = d2l.DataModule()
    X = whole(6, 24, 5)
    data.batch_size = 8
    data.get_dataloader = lambda train: data.get_tensorloader([X, X.roll(-1, 1)], train)
    return data


@same("Trainer", "RNNLMScratch", "RNNLM")
def language_models_learn(d2l):
    curves = []
    for net in (
        d2l.RNNLMScratch(d2l.RNNScratch(6, 8), 6, lr=1),
        d2l.RNNLM(d2l.GRU(6, 8, 1), 6, lr=1),
    ):
        net(whole(6, 1, 5))
        torch.manual_seed(1)
        d2l.Trainer(max_epochs=2, gradient_clip_val=1).fit(net, phrases(d2l))
        curve = net.board.data["train_ppl"]  # for the other one see the perplexity of a set
        curves.append([(float(x), float(y)) for x, y in curve])
        curves.append(inside(net))
    return curves


@differs(
    "RNNLMScratch",
    released=5.0,
    here=4.0,
    because="two batches of perplexities 2 and 8: that of both together is the exponential of "
    "their mean loss, (log 2 + log 8) / 2",
)
def the_perplexity_of_a_set(d2l):
    class Given(d2l.RNNLMScratch):
        def loss(self, y_hat, y):
            return y.double().mean().log() + 0 * y_hat.sum()

    data = d2l.DataModule()
    data.batch_size = 2
    y = torch.tensor([[2], [2], [8], [8]])
    data.get_dataloader = lambda train: data.get_tensorloader([torch.zeros_like(y), y], False)
    net = Given(d2l.RNNScratch(3, 4), 3)
    d2l.Trainer(max_epochs=1).fit(net, data)
    return round(float(net.board.data["val_ppl"][-1].y), 5)
