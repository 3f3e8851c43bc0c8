"""Mistakes in the data: labels, order, values, and which rows are in which set."""

import torch
from torch import nn
from torch.nn import functional as F

from bench.tutor import measures
from bench.tutor.causes import CAUSES
from bench.tutor.data_sets import Clothes, Houses, Rare, pictures
from bench.tutor.hosts import BookLoop, fit, fit_by_book_loop, in_hosts, train_by_hand
from bench.tutor.models import ClothesMLP, PriceModel
from bench.tutor.program import Mistake, Outcome, fact
from bench.tutor.said import watching
from bench.tutor.wrong_model import TwoStages
from d2l import torch as d2l


class FloatLabels(Clothes):
    def __init__(self):
        super().__init__()
        self.y = self.y.float()


class ShortLabels(Clothes):
    """As a table of NumPy's int32 gives them."""

    def __init__(self):
        super().__init__()
        self.y = self.y.to(torch.int32)


class OneHotLabels(Clothes):
    def __init__(self):
        super().__init__()
        self.y = F.one_hot(self.y, num_classes=10)


class LabelsFromOne(Clothes):
    def __init__(self):
        super().__init__()
        self.y = self.y + 1


class ShuffledInputs(Clothes):
    """Shuffles the pictures, and forgets to bring the labels along."""

    def __init__(self):
        super().__init__()
        self.X = self.X[torch.randperm(len(self.X))]


class ShuffledTogether(Clothes):
    def __init__(self):
        super().__init__()
        order = torch.randperm(len(self.X))
        self.X, self.y = self.X[order], self.y[order]


class ShufflesInTheStep(ClothesMLP):
    def training_step(self, batch):
        X, y = batch
        X = X[torch.randperm(len(X))]
        return super().training_step((X, y))


class ShufflesBothInTheStep(ClothesMLP):
    def training_step(self, batch):
        X, y = batch
        order = torch.randperm(len(X))
        return super().training_step((X[order], y[order]))


class OffByOneRow(Clothes):
    """Drops the first label, which it takes for a header, and the last picture."""

    def __init__(self):
        super().__init__()
        self.X, self.y = self.X[:-1], self.y[1:]


class RowsAligned(Clothes):
    def __init__(self):
        super().__init__()
        self.X, self.y = self.X[1:], self.y[1:]


class HousesWithGaps(Houses):
    """A few cells of the table are empty, which pandas reads as nan."""

    def __init__(self):
        super().__init__()
        self.X = self.X.clone()
        self.X[::97, 2] = torch.nan


class HousesFilled(HousesWithGaps):
    def __init__(self):
        super().__init__()
        self.X = torch.nan_to_num(self.X, nan=0.0)


class LogArea(Houses):
    """A feature's logarithm, where the feature is 0 now and then."""

    def __init__(self):
        super().__init__()
        self.X = self.X.clone()
        area = self.X[:, 3].abs()
        area[::101] = 0
        self.X[:, 3] = self.log(area)

    def log(self, area):
        return torch.log(area)


class Log1pArea(LogArea):
    def log(self, area):
        return torch.log1p(area)


class RawPixels(Clothes):
    def __init__(self):
        super().__init__()
        self.X = self.X * 255
        X, y = self.test
        self.test = X * 255, y


class UnscalingStep(ClothesMLP):
    """Reads pictures of another library's range."""

    def forward(self, X):
        return super().forward((X * 255).round())


class SortedClothes(Clothes):
    """Sorted by class, and the training loader does not shuffle."""

    def __init__(self):
        super().__init__()
        order = self.y[: self.num_train].argsort(stable=True)
        self.X[: self.num_train], self.y[: self.num_train] = self.X[order], self.y[order]

    def get_dataloader(self, train):
        rows = slice(0, self.num_train) if train else slice(self.num_train, None)
        return self.get_tensorloader((self.X, self.y), train=False, indices=rows)


class SortedAndShuffled(SortedClothes):
    def get_dataloader(self, train):
        return Clothes.get_dataloader(self, train)


class ValidatesOnTraining(Clothes):
    """Few pictures, and get_dataloader forgets to look at `train` when it slices."""

    def __init__(self):
        super().__init__(num_train=256, num_val=256)

    def get_dataloader(self, train):
        return self.get_tensorloader((self.X, self.y), train, slice(0, self.num_train))


class ValidatesOnOthers(ValidatesOnTraining):
    def get_dataloader(self, train):
        return Clothes.get_dataloader(self, train)


class ScaledByAll(Houses):
    """Standardised by mean and deviation of all rows, those of validation too."""

    def __init__(self):
        super().__init__()
        self.X = self.X.clone()
        self.X[self.num_train :] += 3  # validation is of another town
        rows = self.rows_of_scaler()
        self.X = (self.X - self.X[rows].mean(0)) / self.X[rows].std(0)

    def rows_of_scaler(self):
        return slice(None)


class ScaledByTraining(ScaledByAll):
    def rows_of_scaler(self):
        return slice(0, self.num_train)


class BrokenParts(d2l.Classifier):
    def __init__(self, lr=0.1):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 2))


class WeighedBrokenParts(BrokenParts):
    def loss(self, y_hat, y, averaged=True):
        weight = torch.tensor([0.05, 0.95])
        return F.cross_entropy(y_hat, y, weight)


class SwappedStep(ClothesMLP):
    def training_step(self, batch):
        y, X = batch
        return super().training_step((X, y))


class SwappedClothes(Clothes):
    def get_dataloader(self, train):
        return self.get_tensorloader((self.y, self.X), train, slice(0, self.num_train))


def two_loaders(shuffle):
    """Pictures and labels from a DataLoader each."""
    X, y = (part[:2048] for part in pictures(train=True))
    torch.manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))
    optimizer, criterion = torch.optim.SGD(net.parameters(), lr=0.1), nn.CrossEntropyLoss()
    images = torch.utils.data.DataLoader(X, 64, shuffle=shuffle)
    labels = torch.utils.data.DataLoader(y, 64, shuffle=shuffle)
    with watching(net, optimizer) as watcher:
        for _ in range(2):
            for image, label in zip(images, labels, strict=True):
                optimizer.zero_grad()
                criterion(net(image), label).backward()
                optimizer.step()
    return net, watcher


def labels_by_hand(shuffle):
    net, watcher = two_loaders(shuffle)
    return Outcome(measures.accuracy(net, Clothes()), model=net, watcher=watcher)


def with_overlap(train):
    def program(data):
        outcome = train(ClothesMLP(), data, max_epochs=2)
        held_out = {row.numpy().tobytes() for X, _ in data.val_dataloader() for row in X}
        seen = [row.numpy().tobytes() for X, _ in data.train_dataloader() for row in X]
        outcome.facts["rows in both"] = sum(row in held_out for row in seen) / len(seen)
        return outcome

    return program


def with_scaler(train):
    def program(data):
        outcome = train(PriceModel(), data, score=measures.r2)
        outcome.facts["mean of training"] = float(data.X[: data.num_train].mean().abs())
        return outcome

    return program


def plain(train):
    return train(ClothesMLP(), Clothes())


def parts(train, model):
    return train(model(), Rare(), score=measures.balanced_accuracy, max_epochs=2)


def houses(train, data):
    return train(PriceModel(), data(), score=measures.r2)


MISTAKES = (
    *in_hosts("label-dtype", lambda train: train(ClothesMLP(), FloatLabels()), plain, raises=True),
    *in_hosts("label-dtype", lambda train: train(ClothesMLP(), ShortLabels()), plain, raises=True,
              variant="int32"),
    *in_hosts("one-hot-labels", lambda train: train(ClothesMLP(), OneHotLabels()), plain,
              raises=True),
    Mistake(CAUSES["one-hot-labels"], "by hand",
            lambda: train_by_hand(ClothesMLP(), OneHotLabels(), loss=nn.CrossEntropyLoss()),
            lambda: train_by_hand(ClothesMLP(), Clothes(), loss=nn.CrossEntropyLoss()),
            raises=True, variant="criterion"),
    *in_hosts("labels-from-one", lambda train: train(ClothesMLP(), LabelsFromOne()), plain,
              raises=True),
    *in_hosts("labels-permuted", lambda train: train(ClothesMLP(), ShuffledInputs()),
              lambda train: train(ClothesMLP(), ShuffledTogether()), ("trainer",)),
    *in_hosts("labels-permuted", lambda train: train(ShufflesInTheStep(), Clothes()),
              lambda train: train(ShufflesBothInTheStep(), Clothes()), ("own loop",)),
    Mistake(CAUSES["labels-permuted"], "by hand", lambda: labels_by_hand(shuffle=True),
            lambda: labels_by_hand(shuffle=False)),
    *in_hosts("labels-shifted", lambda train: train(ClothesMLP(), OffByOneRow()),
              lambda train: train(ClothesMLP(), RowsAligned())),
    *in_hosts("data-not-finite", lambda train: houses(train, HousesWithGaps),
              lambda train: houses(train, HousesFilled)),
    *in_hosts("data-not-finite", lambda train: houses(train, LogArea),
              lambda train: houses(train, Log1pArea), variant="inf"),
    *in_hosts("inputs-not-scaled", lambda train: train(ClothesMLP(), RawPixels()), plain,
              ("trainer", "by hand")),
    *in_hosts("inputs-not-scaled", lambda train: train(UnscalingStep(), Clothes()), plain,
              ("own loop",)),
    *in_hosts("sorted-not-shuffled", lambda train: train(ClothesMLP(), SortedClothes()),
              lambda train: train(ClothesMLP(), SortedAndShuffled())),
    *in_hosts("validation-overlaps-training",
              lambda train: with_overlap(train)(ValidatesOnTraining()),
              lambda train: with_overlap(train)(ValidatesOnOthers()),
              ("trainer", "own loop"), proof=fact("rows in both", 0.99, 0.1)),
    *in_hosts("scaler-saw-validation", lambda train: with_scaler(train)(ScaledByAll()),
              lambda train: with_scaler(train)(ScaledByTraining()),
              proof=fact("mean of training", 0.1, 0.001)),
    *in_hosts("class-imbalance", lambda train: parts(train, BrokenParts),
              lambda train: parts(train, WeighedBrokenParts)),
    *in_hosts("inputs-and-labels-swapped", lambda train: train(SwappedStep(), Clothes()), plain,
              ("trainer", "own loop"), raises=True),
    *in_hosts("inputs-and-labels-swapped", lambda train: train(TwoStages(), SwappedClothes()),
              plain, raises=True, variant="in-the-data"),
    Mistake(CAUSES["fit-arguments-swapped"], "trainer", lambda: fit(Clothes(), ClothesMLP()),
            lambda: plain(fit), raises=True),
    Mistake(CAUSES["fit-arguments-swapped"], "own loop",
            lambda: fit(Clothes(), ClothesMLP(), trainer=BookLoop),
            lambda: plain(fit_by_book_loop), raises=True),
    *in_hosts("class-instead-of-instance", lambda train: train(ClothesMLP, Clothes()), plain,
              ("trainer", "own loop"), raises=True),
    *in_hosts("class-instead-of-instance", lambda train: train(ClothesMLP(), Clothes), plain,
              ("trainer", "own loop"), raises=True, variant="data"),
)  # fmt: skip
