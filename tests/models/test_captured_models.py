"""The models of the book, small, with captured steps: the numbers of eager steps, and replayed."""

import pytest
import torch
from torch import nn
from translators import Sentences, Seq2SeqAttentionDecoder, TransformerDecoder

from d2l import torch as d2l

pytestmark = pytest.mark.usefixtures("cpu_graphs")
VOCAB_SIZE, NUM_STEPS, NUM_BATCHES = 11, 6, 10


class Made(d2l.DataModule):
    """Tensors as a data module: batches of four, ten to train on."""

    def __init__(self, make_inputs, labels):
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.arrays = make_inputs(generator), labels(generator)

    def get_dataloader(self, train):
        self.batch_size = 4
        rows = slice(0, 4 * NUM_BATCHES) if train else slice(4 * NUM_BATCHES, None)
        return self.get_tensorloader(self.arrays, train, rows)


def images(size, channels=1):
    num = 4 * NUM_BATCHES + 6
    return Made(
        lambda g: torch.rand(num, channels, size, size, generator=g),
        lambda g: torch.randint(0, 10, (num,), generator=g),
    )


def text():
    shape = (4 * NUM_BATCHES + 6, NUM_STEPS)
    return Made(
        lambda g: torch.randint(0, VOCAB_SIZE, shape, generator=g),
        lambda g: torch.randint(0, VOCAB_SIZE, shape, generator=g),
    )


def sentences():
    return Sentences(backwards=False, num_train=40, num_val=8, batch_size=4)


class Net(d2l.Classifier):
    def __init__(self, *layers, lr=0.05):
        super().__init__()
        self.save_hyperparameters(ignore="layers")
        self.net = nn.Sequential(*layers)


def conv(channels, size, **options):
    return nn.Sequential(nn.LazyConv2d(channels, size, **options), nn.ReLU())


def head(*layers):
    return nn.Sequential(nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten(), *layers, nn.LazyLinear(10))


def alexnet():
    return Net(
        conv(8, 5, stride=2), nn.MaxPool2d(2), conv(12, 3, padding=1), nn.Flatten(),
        nn.LazyLinear(16), nn.ReLU(), nn.Dropout(0.5), nn.LazyLinear(10),
    )  # fmt: skip


def vgg():
    return Net(
        conv(6, 3, padding=1), nn.MaxPool2d(2), conv(8, 3, padding=1), conv(8, 3, padding=1),
        nn.MaxPool2d(2), head(nn.Dropout(0.5)),
    )  # fmt: skip


def nin():
    return Net(conv(8, 3), conv(8, 1), conv(10, 1), nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten())


class Inception(nn.Module):
    """Branches side by side, joined along the channels."""

    def __init__(self):
        super().__init__()
        self.branches = nn.ModuleList(
            [conv(3, 1), nn.Sequential(conv(2, 1), conv(4, 3, padding=1)), nn.MaxPool2d(3, 1, 1)]
        )

    def forward(self, X):
        return torch.cat([branch(X) for branch in self.branches], dim=1)


class DenseBlock(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.ModuleList(
            [nn.Sequential(nn.LazyBatchNorm2d(), nn.ReLU(), nn.LazyConv2d(4, 3, padding=1))] * 1
            + [nn.Sequential(nn.LazyBatchNorm2d(), nn.ReLU(), nn.LazyConv2d(4, 3, padding=1))]
        )

    def forward(self, X):
        for layer in self.net:
            X = torch.cat((X, layer(X)), dim=1)
        return X


class VisionTransformer(d2l.Classifier):
    def __init__(self, lr=0.05):
        super().__init__()
        self.save_hyperparameters()
        self.patches = nn.LazyConv2d(8, 4, stride=4)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, 8))
        self.positions = nn.Parameter(torch.randn(1, 10, 8) * 0.02)
        self.attention = d2l.MultiHeadAttention(8, 2, 0.1)
        self.norm, self.head = nn.LayerNorm(8), nn.Linear(8, 10)

    def forward(self, X):
        X = self.patches(X).flatten(2).transpose(1, 2)
        X = torch.cat((self.cls_token.expand(len(X), -1, -1), X), 1) + self.positions
        X = X + self.attention(*[self.norm(X)] * 3, None)
        return self.head(X[:, 0])


def seq2seq_with_attention():
    vocab_size = sentences().vocab_size
    encoder = d2l.Seq2SeqEncoder(vocab_size, 8, 8, 1)
    decoder = Seq2SeqAttentionDecoder(vocab_size, 8, 8, 1)
    return d2l.Seq2Seq(encoder, decoder, tgt_pad=0, lr=0.01)


def transformer():
    vocab_size = sentences().vocab_size
    encoder = d2l.TransformerEncoder(vocab_size, 8, 16, 2, 1, 0.1)
    decoder = TransformerDecoder(vocab_size, 8, 16, 2, 1, 0.1)
    return d2l.Seq2Seq(encoder, decoder, tgt_pad=0, lr=0.01)


MODELS = {
    "LeNet": (d2l.LeNet, lambda: images(28)),
    "AlexNet": (alexnet, lambda: images(24)),
    "VGG": (vgg, lambda: images(16)),
    "NiN": (nin, lambda: images(12)),
    "GoogLeNet": (lambda: Net(conv(4, 3), Inception(), Inception(), head()), lambda: images(12)),
    "ResNet": (
        lambda: Net(conv(4, 3), d2l.Residual(4), d2l.Residual(8, True, 2), head()),
        lambda: images(12),
    ),
    "ResNeXt": (
        lambda: Net(conv(8, 3), d2l.ResNeXtBlock(8, 4, 1), head()),
        lambda: images(12),
    ),
    "DenseNet": (lambda: Net(conv(4, 3), DenseBlock(), head()), lambda: images(12)),
    "vision transformer": (VisionTransformer, lambda: images(12)),
    "ViT": (lambda: d2l.ViT(12, 4, 8, 16, 2, 1, 0.1, 0.1, lr=0.05), lambda: images(12)),
    "RNN from scratch": (
        lambda: d2l.RNNLMScratch(d2l.RNNScratch(VOCAB_SIZE, 8), VOCAB_SIZE, lr=1),
        text,
    ),
    "RNN": (lambda: d2l.RNNLM(d2l.RNN(VOCAB_SIZE, 8), VOCAB_SIZE, lr=1), text),
    "GRU": (lambda: d2l.RNNLM(d2l.GRU(VOCAB_SIZE, 8, 2), VOCAB_SIZE, lr=1), text),
    "LSTM": (lambda: d2l.RNNLM(d2l.LSTM(VOCAB_SIZE, 8), VOCAB_SIZE, lr=1), text),
    "LSTM from scratch": (
        lambda: d2l.RNNLMScratch(d2l.LSTMScratch(VOCAB_SIZE, 8), VOCAB_SIZE, lr=1),
        text,
    ),
}
WITH_ADAM = {
    "with attention": seq2seq_with_attention,
    "transformer": transformer,
}


def run(make, data, replay):
    torch.manual_seed(0)
    model = make()
    model.plot_train_per_epoch = 1000
    trainer = d2l.Trainer(2, seed=1, gradient_clip_val=1, replay=replay)
    trainer.fit(model, data)
    return model, trainer


def assert_alike(eager, captured):
    for label, points in eager.board.points.items():
        others = [p.y for p in captured.board.points[label]]
        assert [p.y for p in points] == pytest.approx(others, rel=1e-4, abs=1e-6)


@pytest.mark.filterwarnings("ignore:TF32 acceleration")  # of a setting that is only read
@pytest.mark.parametrize("name", MODELS)
def test_a_model_of_the_book_is_replayed_and_gives_the_same_numbers(name):
    make, make_data = MODELS[name]
    data = make_data()
    with torch.backends.mkldnn.flags(enabled=name != "LSTM"):  # which has no operation to repeat
        eager, _ = run(make, data, False)
        captured, trainer = run(make, data, True)
    assert trainer.plan.step == "replayed", trainer.plan
    assert_alike(eager, captured)


@pytest.mark.parametrize("name", WITH_ADAM)
def test_a_model_that_translates_gives_the_same_numbers(name, monkeypatch):
    """With an Adam that counts its steps in a tensor, as it does on a GPU.

    On a CPU attention looks at the lengths that it is given, so its step is not replayed there.
    """

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=self.lr, fused=True)

    monkeypatch.setattr(d2l.Seq2Seq, "configure_optimizers", configure_optimizers)
    data = sentences()
    eager, _ = run(WITH_ADAM[name], data, False)
    captured, trainer = run(WITH_ADAM[name], data, True)
    assert "it reads a value back" in trainer.plan.why
    assert_alike(eager, captured)
