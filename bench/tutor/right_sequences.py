"""Right programs on sequences: recurrent, attending, padded, causal."""

import torch
from torch import nn
from torch.nn import functional as F

from bench.tutor import measures
from bench.tutor.data_sets import Clothes, Signals
from bench.tutor.hosts import fit, fit_by_book_loop, train_by_hand, trained
from bench.tutor.models import SignalRNN
from bench.tutor.program import RightProgram
from bench.tutor.translation import Numbers, right_tokens, translator
from d2l import torch as d2l


def tiny_story(batch_size=64, num_steps=16, num_train=1500):
    """Windows of a short story, by characters."""
    return d2l.TinyStory(batch_size, num_steps, num_train=num_train, num_val=200)


class CausalLM(d2l.Classifier):
    """A GPT as a classifier of the next character."""

    def __init__(self, vocab_size, lr=0.003):
        super().__init__()
        self.save_hyperparameters()
        self.net = d2l.GPT(vocab_size, num_hiddens=32, num_heads=4, num_blks=2, max_len=32)

    def configure_optimizers(self):
        return torch.optim.AdamW(self.parameters(), lr=self.lr)


class AttentionPooling(d2l.Classifier):
    """Weighs the steps of a series by a query that is learned."""

    def __init__(self, lr=0.3):
        super().__init__()
        self.save_hyperparameters()
        self.query = nn.Parameter(torch.randn(16) * 0.1)
        self.keys, self.values = nn.Linear(4, 16), nn.Linear(4, 16)
        self.head = nn.Linear(16, 4)

    def forward(self, X):
        weights = F.softmax(self.keys(X) @ self.query / 4, dim=1)  # over the steps
        return self.head((weights.unsqueeze(2) * self.values(X)).sum(dim=1))


class EncoderClassifier(d2l.Classifier):
    """A transformer's encoder block over the steps."""

    def __init__(self, lr=0.05):
        super().__init__()
        self.save_hyperparameters()
        self.inner, self.block = nn.Linear(4, 16), d2l.TransformerEncoderBlock(16, 32, 2, 0.1)
        self.head = nn.Linear(16, 4)

    def forward(self, X):
        return self.head(self.block(self.inner(X), None).mean(dim=1))


class LastStepLSTM(d2l.Classifier):
    """Batch first, many steps, one label."""

    def __init__(self, lr=0.02):
        super().__init__()
        self.save_hyperparameters()
        self.rnn, self.head = nn.LSTM(4, 16, batch_first=True), nn.Linear(16, 4)

    def forward(self, X):
        _, (H, _) = self.rnn(X)
        return self.head(H[-1])

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=self.lr)


class SmallViT(d2l.Classifier):
    """A picture as sixteen patches of 7 × 7."""

    def __init__(self, lr=0.003):
        super().__init__()
        self.save_hyperparameters()
        self.net = d2l.ViT(28, 7, 32, 64, 2, 1, 0.1, 0.1, lr=lr, num_classes=10)

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=self.lr)


def language_model(name, make, data=tiny_story, train=fit, gain=0.2, **options):
    def run():
        text = data()
        model = make(len(text.vocab))
        return trained(model, text, measures.token_loss, train, **options)

    return RightProgram("sequences", name, run, gain)


def translation(name, train, loss=None):
    def run():
        data = Numbers()
        return trained(translator(data), data, right_tokens, train, **(loss(data) if loss else {}))

    return RightProgram("sequences", name, run)


def ignoring(data):
    """A loss by hand that passes over padding."""
    criterion = nn.CrossEntropyLoss(ignore_index=data.tgt_vocab["<pad>"])
    return {"loss": lambda Y_hat, Y: criterion(Y_hat.transpose(1, 2), Y)}


def masked(data):
    """The book's masked loss, a number for each sequence, averaged."""
    criterion, pad = d2l.MaskedSoftmaxCELoss(), data.tgt_vocab["<pad>"]
    return {"loss": lambda Y_hat, Y: criterion(Y_hat, Y, (pad != Y).sum(1)).mean()}


def signals(name, model, train=fit, **options):
    return RightProgram(
        "sequences", name, lambda: trained(model(), Signals(), train=train, **options)
    )


PROGRAMS = (
    language_model("rnn from scratch", lambda n: d2l.RNNLMScratch(
        d2l.RNNScratch(n, 32), n, lr=1), gradient_clip_val=1),
    language_model("rnn", lambda n: d2l.RNNLM(d2l.RNN(n, 32), n, lr=1), gradient_clip_val=1),
    language_model("rnn, own loop", lambda n: d2l.RNNLM(d2l.RNN(n, 32), n, lr=1),
                   train=fit_by_book_loop, gradient_clip_val=1),
    language_model("gru", lambda n: d2l.RNNLM(d2l.GRU(n, 32), n, lr=4), gradient_clip_val=1),
    language_model("lstm", lambda n: d2l.RNNLM(d2l.LSTM(n, 32), n, lr=4), gradient_clip_val=1),
    language_model("gru, by hand", lambda n: d2l.RNNLM(d2l.GRU(n, 32), n, lr=1),
                   train=train_by_hand),
    language_model("causal transformer", CausalLM),
    language_model("causal transformer, by hand", CausalLM, train=train_by_hand),
    translation("translation, masked loss", fit),
    translation("translation, own loop", fit_by_book_loop),
    translation("translation, ignore_index by hand", train_by_hand, ignoring),
    translation("translation, masked loss by hand", train_by_hand, masked),
    signals("gru, transposed", SignalRNN, max_epochs=3),
    signals("lstm, batch first", LastStepLSTM),
    signals("attention pooling", AttentionPooling),
    signals("attention pooling, by hand", AttentionPooling, train_by_hand),
    signals("transformer encoder", EncoderClassifier),
    RightProgram("sequences", "vision transformer", lambda: trained(SmallViT(), Clothes())),
)  # fmt: skip
