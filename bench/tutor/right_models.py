"""Right programs: activations, initial weights, normalisation, frozen and shared layers."""

import torch
from torch import nn
from torch.nn import functional as F

from bench.tutor import measures
from bench.tutor.data_sets import Clothes, Houses, Rings, Table
from bench.tutor.hosts import fit, fit_by_book_loop, train_by_hand, trained
from bench.tutor.models import ClothesMLP, RingsMLP, ScratchMLP
from bench.tutor.program import RightProgram
from d2l import torch as d2l


class LayersOf(d2l.Classifier):
    """A classifier of the given layers."""

    def __init__(self, *layers, lr=0.1):
        super().__init__()
        self.lr = lr
        self.net = nn.Sequential(nn.Flatten(), *layers)


def two_layers(activation, lr=0.1):
    return LayersOf(nn.Linear(784, 64), activation, nn.Linear(64, 10), lr=lr)


def initialised(init, activation=None, lr=0.1):
    """Two layers whose weights `init` draws; biases stay."""
    model = two_layers(activation or nn.ReLU(), lr)
    for layer in (model.net[1], model.net[3]):
        init(layer.weight)
    return model


class ZeroSoftmaxRegression(d2l.Classifier):
    """Begins with zeros, which is right where there is no hidden layer."""

    def __init__(self, lr=0.1):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
        nn.init.zeros_(self.net[1].weight)


class ZeroLastLayer(ClothesMLP):
    """The last layer begins with zeros, as a residual branch or a head often does."""

    def __init__(self, lr=0.3):
        super().__init__(lr=lr)
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))
        nn.init.zeros_(self.net[3].weight)


class FineTuned(d2l.Classifier):
    """A body from elsewhere, frozen, in evaluation mode; the head alone learns."""

    def __init__(self, body, lr=0.1):
        super().__init__()
        self.lr, self.body, self.head = lr, body, nn.Linear(64, 10)
        for param in self.body.parameters():
            param.requires_grad_(False)

    def forward(self, X):
        return self.head(self.body(X))

    def train(self, mode=True):
        super().train(mode)
        self.body.eval()
        return self


class HeadFirst(FineTuned):
    """The optimizer gets the parameters that learn, by a filter."""

    def configure_optimizers(self):
        return torch.optim.Adam([p for p in self.parameters() if p.requires_grad], lr=0.01)


def pretrained_body():
    """A body that has learned to tell clothes apart, with batch normalisation."""
    model = LayersOf(nn.Linear(784, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 10))
    fit(model, Clothes(), max_epochs=1)
    return model.net[:-1]


class Tied(d2l.Module):
    """An autoencoder whose decoder is the encoder's weights, transposed."""

    def __init__(self, lr=1.0):
        super().__init__()
        self.save_hyperparameters()
        self.W = nn.Parameter(torch.randn(784, 32) * 0.03)
        self.b = nn.Parameter(torch.zeros(784))

    def forward(self, X):
        return torch.relu(X.flatten(1) @ self.W) @ self.W.T + self.b

    def training_step(self, batch):
        X, _ = batch
        l = F.mse_loss(self(X), X.flatten(1))
        self.plot("loss", l, train=True)
        return l

    def validation_step(self, batch):
        X, _ = batch
        self.plot("loss", F.mse_loss(self(X), X.flatten(1)), train=False)


class SharedLayer(LayersOf):
    """The same layer twice, as in 6.2."""

    def __init__(self):
        shared = nn.Linear(64, 64)
        super().__init__(nn.Linear(784, 64), nn.ReLU(), shared, nn.ReLU(), shared, nn.ReLU(),
                         nn.Linear(64, 10))  # fmt: skip


class UnusedHead(ClothesMLP):
    """Has a second head for a later task, which nothing reads yet."""

    def __init__(self):
        super().__init__()
        self.later = nn.Linear(64, 3)


class LowRank(LayersOf):
    """A pair of linear layers on purpose: 784 × 64 weights of rank 16."""

    def __init__(self):
        super().__init__(nn.Linear(784, 16, bias=False), nn.Linear(16, 64), nn.ReLU(),
                         nn.Linear(64, 10))  # fmt: skip


class StopsGradient(d2l.Module):
    """Two views of a picture and a predictor; the target's side is detached on purpose."""

    def __init__(self, lr=0.05):
        super().__init__()
        self.save_hyperparameters()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 16))
        self.predictor = nn.Linear(16, 16)

    def forward(self, X):
        return self.body(X)

    def similarity(self, X):
        a, b = X + 0.1 * torch.randn_like(X), X + 0.1 * torch.randn_like(X)
        return F.cosine_similarity(self.predictor(self(a)), self(b).detach()).mean()

    def training_step(self, batch):
        l = -self.similarity(batch[0])
        self.plot("loss", l, train=True)
        return l

    def validation_step(self, batch):
        self.plot("loss", -self.similarity(batch[0]), train=False)


class MomentumTarget(StopsGradient):
    """The target is a slow copy of the body that no optimizer holds."""

    def __init__(self, lr=0.05):
        super().__init__(lr)
        self.slow = nn.Sequential(nn.Flatten(), nn.Linear(784, 16)).requires_grad_(False)

    def similarity(self, X):
        with torch.no_grad():
            target = self.slow(X)
        return F.cosine_similarity(self.predictor(self(X)), target).mean()


class Normalises(ClothesMLP):
    """Reads bytes of 0 to 255; its first layer is a batch normalisation, which scales them."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.BatchNorm2d(1), nn.Flatten(), nn.Linear(784, 64), nn.ReLU(),
                                 nn.Linear(64, 10))  # fmt: skip


class DividesBy255(ClothesMLP):
    def forward(self, X):
        return self.net((X - 73) / 90)


class Bytes(Clothes):
    def __init__(self):
        super().__init__()
        X, y = self.test
        self.X, self.test = (self.X * 255).round(), ((X * 255).round(), y)


class RareWords(Table):
    """Eight numbers from 0 to 255 that are words; the label is of which kind most of them are."""

    def __init__(self, batch_size=32, num_train=2048, num_val=256):
        super().__init__()
        self.save_hyperparameters()
        X = (torch.rand(num_train + num_val + 500, 9) ** 3 * 256).long()
        y = (X % 3 == 1).sum(1).ge(4).long() + (X % 3 == 2).sum(1).ge(4).long() * 2
        y = y.clamp(max=2)
        self.X, self.y, self.test = X[:-500], y[:-500], (X[-500:], y[-500:])


class Bag(d2l.Classifier):
    """An embedding of 5,000 words of which 256 come up, so that most rows have gradient 0."""

    def __init__(self, lr=0.01):
        super().__init__()
        self.save_hyperparameters()
        self.embedding, self.head = nn.Embedding(5000, 16), nn.Linear(16, 3)

    def forward(self, X):
        return self.head(self.embedding(X).mean(dim=1) * 4)

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=self.lr)


class SmallLeNet(d2l.Classifier):
    def __init__(self, lr=0.1):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(
            nn.LazyConv2d(6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
            nn.LazyConv2d(16, 5), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.LazyLinear(64), nn.ReLU(), nn.LazyLinear(10),
        )  # fmt: skip


class SmallResNet(d2l.Classifier):
    def __init__(self, lr=0.1):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2, padding=1), nn.BatchNorm2d(8), nn.ReLU(),
            d2l.Residual(8), d2l.Residual(16, use_1x1conv=True, strides=2),
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10),
        )  # fmt: skip


def clothes(name, model, data=Clothes, gain=0.1, **options):
    return RightProgram("models", name, lambda: trained(model(), data(), **options), gain)


def activation(module, lr=0.1, **options):
    name = module.__name__.lower()
    return clothes(f"activation {name}", lambda: two_layers(module(), lr), **options)


ACTIVATIONS = (
    nn.Tanh, nn.GELU, nn.LeakyReLU, nn.ELU, nn.SiLU, nn.PReLU, nn.Softplus, nn.ReLU6,
)  # fmt: skip
PROGRAMS = (
    *(activation(module) for module in ACTIVATIONS),
    activation(nn.Sigmoid, lr=0.5),
    clothes("softmax regression", lambda: d2l.SoftmaxRegression(10, lr=0.1)),
    clothes("softmax regression from zeros", ZeroSoftmaxRegression),
    clothes("softmax regression from zeros, by hand", ZeroSoftmaxRegression, train=train_by_hand),
    clothes("last layer from zeros", ZeroLastLayer),
    clothes("normal init, 0.01", lambda: initialised(
        lambda w: nn.init.normal_(w, 0, 0.01), lr=0.3)),
    clothes("xavier init", lambda: initialised(nn.init.xavier_uniform_)),
    clothes("kaiming init", lambda: initialised(nn.init.kaiming_normal_)),
    clothes("orthogonal init", lambda: initialised(nn.init.orthogonal_)),
    clothes("weights from scratch", ScratchMLP),
    clothes("weights from scratch, own loop", ScratchMLP, train=fit_by_book_loop),
    clothes("dropout 0.5", lambda: LayersOf(nn.Linear(784, 128), nn.ReLU(), nn.Dropout(0.5),
                                            nn.Linear(128, 10))),
    clothes("dropout 0.2 and 0.8, as in 5.6", lambda: LayersOf(
        nn.Dropout(0.2), nn.Linear(784, 256), nn.ReLU(), nn.Dropout(0.8), nn.Linear(256, 10))),
    clothes("batch norm", lambda: LayersOf(nn.Linear(784, 64), nn.BatchNorm1d(64), nn.ReLU(),
                                           nn.Linear(64, 10))),
    clothes("batch norm, own loop", lambda: LayersOf(
        nn.Linear(784, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 10)),
        train=fit_by_book_loop),
    clothes("layer norm", lambda: LayersOf(nn.Linear(784, 64), nn.LayerNorm(64), nn.ReLU(),
                                           nn.Linear(64, 10))),
    clothes("fine-tuning, frozen body", lambda: FineTuned(pretrained_body())),
    clothes("fine-tuning, filtered parameters", lambda: HeadFirst(pretrained_body())),
    clothes("fine-tuning, by hand", lambda: HeadFirst(pretrained_body()), train=train_by_hand),
    clothes("a layer used twice", SharedLayer),
    clothes("a head that is not used yet", UnusedHead),
    clothes("linear pair of low rank", LowRank, max_epochs=3),
    clothes("detached target", StopsGradient,
            score=lambda m, d: float(m.similarity(d.test[0]))),
    clothes("slow target network", MomentumTarget,
            score=lambda m, d: float(m.similarity(d.test[0]))),
    clothes("tied autoencoder", Tied, gain=0.01, score=lambda m, d: -float(
        F.mse_loss(measures.answers(m, d.test[:1]), d.test[0].flatten(1)))),
    clothes("bytes into batch norm", Normalises, Bytes),
    clothes("bytes that forward scales", DividesBy255, Bytes),
    clothes("bytes into an embedding", Bag, RareWords, gain=0.05, max_epochs=4),
    clothes("lenet with relu", SmallLeNet),
    clothes("small resnet", SmallResNet, gain=0.05),
    clothes("rings", RingsMLP, Rings),
    clothes("rings, by hand", RingsMLP, Rings, train=train_by_hand),
    RightProgram("models", "linear regression", lambda: trained(
        d2l.LinearRegression(lr=0.05), Houses(), measures.r2)),
    RightProgram("models", "linear regression from scratch", lambda: trained(
        d2l.LinearRegressionScratch(6, lr=0.05), Houses(), measures.r2)),
    RightProgram("models", "linear regression from scratch, own loop", lambda: trained(
        d2l.LinearRegressionScratch(6, lr=0.05), Houses(), measures.r2, fit_by_book_loop)),
)  # fmt: skip
