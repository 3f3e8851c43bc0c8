"""Mistakes in how a model is built: what is registered, what fits, what the graph loses."""

import torch
from torch import nn
from torch.nn import functional as F

from bench.tutor.causes import CAUSES
from bench.tutor.data_sets import Clothes, Rings, Signals
from bench.tutor.hosts import fit, in_hosts
from bench.tutor.models import ClothesMLP, RingsMLP, SignalRNN
from bench.tutor.program import Mistake
from d2l import torch as d2l


class ListOfBlocks(d2l.Classifier):
    """Hidden layers in a Python list, so that there can be any number of them."""

    def __init__(self, lr=0.1):
        super().__init__()
        self.save_hyperparameters()
        self.blocks = self.keep([nn.Linear(784, 64), nn.Linear(64, 64)])
        self.head = nn.Linear(64, 10)
        for block in self.blocks:  # so small that the head alone can do little with what they give
            nn.init.normal_(block.weight, 0, 0.01)

    def keep(self, layers):
        return layers

    def forward(self, X):
        X = X.flatten(1)
        for block in self.blocks:
            X = F.relu(block(X)) * 4
        return self.head(X)


class ModuleListOfBlocks(ListOfBlocks):
    def keep(self, layers):
        return nn.ModuleList(layers)


class DictOfExperts(d2l.Classifier):
    """All layers in a dict: there is nothing that parameters() could find."""

    def __init__(self, lr=0.1):
        super().__init__()
        self.save_hyperparameters()
        self.layers = {"hidden": nn.Linear(784, 64), "output": nn.Linear(64, 10)}

    def forward(self, X):
        return self.layers["output"](F.relu(self.layers["hidden"](X.flatten(1))))


class WithoutSuperInit(d2l.Classifier):
    def __init__(self, num_hiddens=64, lr=0.1):
        self.num_hiddens, self.lr = num_hiddens, lr
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(784, num_hiddens), nn.ReLU(),
                                 nn.Linear(num_hiddens, 10))  # fmt: skip


class RateNotSaved(d2l.Classifier):
    def __init__(self, num_hiddens=64, lr=0.1):
        super().__init__()
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(784, num_hiddens), nn.ReLU(),
                                 nn.Linear(num_hiddens, 10))  # fmt: skip


class WidthNotSaved(d2l.Classifier):
    """Saves nothing, and reads num_hiddens in forward."""

    def __init__(self, num_hiddens=64, lr=0.1):
        super().__init__()
        self.lr = lr
        self.hidden, self.output = nn.Linear(784, num_hiddens), nn.Linear(num_hiddens, 10)

    def forward(self, X):
        H = F.relu(self.hidden(X.reshape(len(X), -1)))
        return self.output(H.reshape(-1, self.num_hiddens))


class TwoStages(d2l.Classifier):
    """A body that makes features, with small weights at first, and a head on them."""

    def __init__(self, lr=0.1):
        super().__init__()
        self.save_hyperparameters()
        self.body, self.head = nn.Linear(784, 64), nn.Linear(64, 10)
        nn.init.normal_(self.body.weight, 0, 0.01)

    def features(self, X):
        return F.relu(self.body(X.flatten(1)))

    def forward(self, X):
        return self.head(self.features(X))


class DetachedFeatures(TwoStages):
    def forward(self, X):
        return self.head(self.features(X).detach())


class DataOfFeatures(TwoStages):
    def forward(self, X):
        return self.head(self.features(X).data)


class ThroughNumpy(TwoStages):
    """Clips its features with NumPy."""

    def forward(self, X):
        H = self.features(X).detach().numpy().clip(0, 6)
        return self.head(torch.from_numpy(H))


class LossFromItem(TwoStages):
    def training_step(self, batch):
        X, y = batch
        l = torch.tensor(F.cross_entropy(self(X), y).item(), requires_grad=True)
        self.plot("loss", l, train=True)
        return l


class InPlaceSigmoid(TwoStages):
    """Adds a bias in place to what sigmoid needs for its backward."""

    def features(self, X):
        H = torch.sigmoid(self.body(X.flatten(1)))
        H += 1
        return H


class MasksInPlace(TwoStages):
    def features(self, X):
        H = torch.exp(-self.body(X.flatten(1)))
        H[H > 2] = 2
        return H


class LinearPile(d2l.Classifier):
    def __init__(self, num_hiddens=32, lr=0.3):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(nn.Linear(2, num_hiddens), nn.Linear(num_hiddens, 2))


class ReshapedRNN(SignalRNN):
    def forward(self, X):
        outputs, _ = self.rnn(X.reshape(X.shape[1], X.shape[0], X.shape[2]))
        return self.head(outputs[-1])


class NoFlatten(d2l.Classifier):
    def __init__(self, lr=0.1):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))


class ConvNet(d2l.Classifier):
    """A small LeNet; after both poolings there are 16 maps of 5 × 5."""

    num_features = 16 * 5 * 5

    def __init__(self, lr=0.1):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(
            nn.Conv2d(1, 6, kernel_size=5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(6, 16, kernel_size=5), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(self.num_features, 64), nn.ReLU(), nn.Linear(64, 10),
        )  # fmt: skip


class ConvNetOfOtherSize(ConvNet):
    num_features = 16 * 4 * 4


class NormedMLP(d2l.Classifier):
    def __init__(self, lr=0.1):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.BatchNorm1d(64), nn.ReLU(),
                                 nn.Linear(64, 10))  # fmt: skip


class AlwaysDropping(d2l.Classifier):
    """Dropout by a function, which does not know of eval()."""

    def __init__(self, lr=0.1):
        super().__init__()
        self.save_hyperparameters()
        self.hidden, self.output = nn.Linear(784, 64), nn.Linear(64, 10)

    def forward(self, X):
        return self.output(self.drop(F.relu(self.hidden(X.flatten(1)))))

    def drop(self, H):
        return F.dropout(H, p=0.8)


class DroppingInTraining(AlwaysDropping):
    def drop(self, H):
        return F.dropout(H, p=0.8, training=self.training)


class KeepProbability(d2l.Classifier):
    """Means to keep 95 of 100 units."""

    p = 0.95

    def __init__(self, lr=0.1):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Dropout(self.p),
                                 nn.Linear(64, 64), nn.ReLU(), nn.Dropout(self.p),
                                 nn.Linear(64, 10))  # fmt: skip


class DropProbability(KeepProbability):
    p = 0.05


class ScaleElsewhere(ClothesMLP):
    """A tensor that is neither a parameter nor a buffer of a layer, on another device."""

    def __init__(self, device):
        super().__init__()
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))
        self.scale = (torch.full((1, 1, 28, 28), 2.0, device=device),)

    def forward(self, X):
        return self.net(X * self.scale[0])


def other_device():
    """A GPU where there is one; else the device without memory, which is not the CPU either."""
    return "cuda" if torch.cuda.is_available() else "meta"


class PutsScaleElsewhere(ScaleElsewhere):
    def forward(self, X):
        return self.net(X * torch.full((1, 1, 28, 28), 2.0, device=other_device()))


def plain(train):
    return train(ClothesMLP(), Clothes())


def stages(train, model=TwoStages):
    return train(model(), Clothes())


def signals(train, model):
    return train(model(), Signals())


MISTAKES = (
    *in_hosts("layers-in-a-list", lambda train: stages(train, ListOfBlocks),
              lambda train: stages(train, ModuleListOfBlocks)),
    *in_hosts("layers-in-a-list", lambda train: stages(train, DictOfExperts), plain, raises=True,
              variant="all-in-a-dict"),
    *in_hosts("super-init-forgotten", lambda train: stages(train, WithoutSuperInit), plain,
              raises=True),
    *in_hosts("save-hyperparameters-forgotten", lambda train: stages(train, RateNotSaved), plain,
              raises=True),
    *in_hosts("save-hyperparameters-forgotten", lambda train: stages(train, WidthNotSaved), plain,
              raises=True, variant="in-forward"),
    *in_hosts("graph-cut", lambda train: stages(train, DetachedFeatures), stages, ("trainer",)),
    *in_hosts("graph-cut", lambda train: stages(train, ThroughNumpy), stages, ("own loop",)),
    *in_hosts("graph-cut", lambda train: stages(train, DataOfFeatures), stages, ("by hand",)),
    Mistake(CAUSES["graph-cut"], "own loop", lambda: stages(fit, LossFromItem),
            lambda: stages(fit), variant="loss-from-item"),
    *in_hosts("in-place-change", lambda train: stages(train, InPlaceSigmoid), stages,
              ("trainer", "own loop"), raises=True),
    *in_hosts("in-place-change", lambda train: stages(train, MasksInPlace), stages,
              ("by hand", "trainer"), raises=True, variant="mask"),
    *in_hosts("no-activation-between-layers", lambda train: train(LinearPile(), Rings()),
              lambda train: train(RingsMLP(), Rings())),
    *in_hosts("reshape-for-transpose", lambda train: signals(train, ReshapedRNN),
              lambda train: signals(train, SignalRNN)),
    *in_hosts("flatten-forgotten", lambda train: stages(train, NoFlatten), plain, raises=True),
    *in_hosts("wrong-in-features", lambda train: train(ConvNetOfOtherSize(), Clothes()),
              lambda train: train(ConvNet(), Clothes()), raises=True),
    *in_hosts("batchnorm-of-one-example",
              lambda train: train(NormedMLP(), Clothes(batch_size=64, num_train=1025)),
              lambda train: train(NormedMLP(), Clothes(batch_size=64, num_train=1024)),
              raises=True),
    *in_hosts("mode-not-switched", lambda train: stages(train, AlwaysDropping),
              lambda train: stages(train, DroppingInTraining), ("trainer",)),
    *in_hosts("dropout-as-keep-probability", lambda train: stages(train, KeepProbability),
              lambda train: stages(train, DropProbability)),
    *in_hosts("device-mismatch", lambda train: stages(train, lambda: PutsScaleElsewhere("cpu")),
              lambda train: stages(train, lambda: ScaleElsewhere("cpu")), raises=True),
)  # fmt: skip
