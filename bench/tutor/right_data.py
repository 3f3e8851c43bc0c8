"""Right programs whose data look odd on purpose: tiny, uneven, sorted, augmented, streamed."""

import torch
from torch.nn import functional as F
from torch.utils.data import DataLoader, IterableDataset, TensorDataset, WeightedRandomSampler

from bench.tutor import measures
from bench.tutor.data_sets import Clothes, Houses, Rare
from bench.tutor.hosts import fit_by_book_loop, train_by_hand, trained
from bench.tutor.models import ClothesMLP, PriceModel
from bench.tutor.program import RightProgram
from bench.tutor.wrong_data import BrokenParts
from d2l import torch as d2l


class Tiny(d2l.DataModule):
    """The book's few examples with many features (3.7), overfitted on purpose."""

    def __init__(self, num_train=20, num_val=100, num_inputs=200, batch_size=5):
        self.save_hyperparameters()
        n = num_train + num_val
        self.X = torch.randn(n, num_inputs)
        self.y = self.X @ torch.ones(num_inputs, 1) * 0.01 + 0.05 + 0.01 * torch.randn(n, 1)
        self.test = self.X[:num_train], self.y[:num_train]  # that it fits these is the point

    def get_dataloader(self, train):
        rows = slice(0, self.num_train) if train else slice(self.num_train, None)
        return self.get_tensorloader([self.X, self.y], train, rows)


class WeightDecay(d2l.LinearRegression):
    """3.7, with the decay left at 0 or not."""

    def __init__(self, wd, lr=0.01):
        super().__init__(lr)
        self.save_hyperparameters()

    def configure_optimizers(self):
        return torch.optim.SGD(
            [{"params": self.net.weight, "weight_decay": self.wd}, {"params": self.net.bias}],
            lr=self.lr,
        )


class OneBatch(Clothes):
    """One batch again and again, to see whether the loss can reach 0."""

    def __init__(self):
        super().__init__(batch_size=32, num_train=32, num_val=256)
        self.test = self.X[:32], self.y[:32]


class EvenlyDrawn(Rare):
    """Rare examples are drawn as often as the others."""

    def get_dataloader(self, train):
        if not train:
            return super().get_dataloader(train)
        X, y = self.X[: self.num_train], self.y[: self.num_train]
        weights = torch.where(y == 1, 0.95, 0.05)
        sampler = WeightedRandomSampler(weights.tolist(), len(y))
        return DataLoader(TensorDataset(X, y), self.batch_size, sampler=sampler)


class ByClass(Clothes):
    """Each batch is of one class, and batches come in a random order: a sampler on purpose."""

    def get_dataloader(self, train):
        if not train:
            return super().get_dataloader(train)
        X, y = self.X[: self.num_train], self.y[: self.num_train]
        rows = [torch.where(y == c)[0][i : i + 8].tolist() for c in range(10)
                for i in range(0, 160, 8)]  # fmt: skip
        order = torch.randperm(len(rows)).tolist()
        sampler = [rows[i] for i in order if rows[i]]
        return DataLoader(TensorDataset(X, y), batch_sampler=sampler)


class SortedValidation(Clothes):
    """Validation pictures come by class, which changes nothing."""

    def __init__(self):
        super().__init__()
        n = self.num_train
        order = self.y[n:].argsort()
        self.X[n:], self.y[n:] = self.X[n:][order], self.y[n:][order]


class SortedButShuffled(Clothes):
    """Stored by class; the loader shuffles."""

    def __init__(self):
        super().__init__()
        n = self.num_train
        order = self.y[:n].argsort()
        self.X[:n], self.y[:n] = self.X[:n][order], self.y[:n][order]


class NotShuffled(Clothes):
    """In the order of the files, which is random already."""

    def get_dataloader(self, train):
        rows = slice(0, self.num_train) if train else slice(self.num_train, None)
        return self.get_tensorloader((self.X, self.y), False, rows)


class WithoutValidation(Clothes):
    def val_dataloader(self):
        return None


class TwoClasses(Clothes):
    """Trousers and bags alone; the model could tell ten."""

    def __init__(self):
        super().__init__(num_train=4096)
        keep = (self.y == 1) | (self.y == 8)
        self.X, self.y = self.X[keep], self.y[keep]
        self.num_train = 700
        X, y = self.test
        kept = (y == 1) | (y == 8)
        self.test = X[kept], y[kept]


class Streamed(Clothes):
    """A stream without a length."""

    def get_dataloader(self, train):
        if not train:
            return super().get_dataloader(train)
        return DataLoader(Pictures(self.X[: self.num_train], self.y), batch_size=64)


class Pictures(IterableDataset):
    def __init__(self, X, y):
        self.X, self.y = X, y

    def __iter__(self):
        return iter(zip(self.X, self.y, strict=False))


class Augmented(ClothesMLP):
    """Training pictures are mirrored and moved at random."""

    def training_step(self, batch):
        X, y = batch
        if torch.rand(()) < 0.5:
            X = X.flip(3)
        X = torch.roll(X, tuple(torch.randint(-2, 3, (2,)).tolist()), dims=(2, 3))
        X = F.dropout(X, 0.1)
        return super().training_step((X, y))


class Standardised(Clothes):
    """Pictures with mean 0 and deviation 1, as for a pretrained network."""

    def __init__(self):
        super().__init__()
        X, y = self.test
        self.X, self.test = (self.X - 0.286) / 0.353, ((X - 0.286) / 0.353, y)


class SimilarPictures(Clothes):
    """Each picture stands four times in the training set."""

    def __init__(self):
        super().__init__()
        n = self.num_train // 4
        self.X[: 4 * n], self.y[: 4 * n] = self.X[:n].repeat(4, 1, 1, 1), self.y[:n].repeat(4)


class LargePrices(Houses):
    """Prices in thousands, not standardised: the first loss is large."""

    def __init__(self):
        super().__init__()
        X, y = self.test
        self.y, self.test = self.y + 200, (X, y + 200)


class FewValues(Houses):
    """Labels are 0 or 1, and the loss is squared error."""

    def __init__(self):
        super().__init__()
        X, y = self.test
        self.y, self.test = (self.y > 2).float(), (X, (y > 2).float())


class LotteryOfLabels(Clothes):
    """A fifth of the labels is wrong, as in an exercise on noise."""

    def __init__(self):
        super().__init__()
        wrong = torch.rand(len(self.y)) < 0.2
        self.y[wrong] = torch.randint(0, 10, (int(wrong.sum()),))


def clothes(name, data, model=ClothesMLP, gain=0.1, **options):
    return RightProgram("data", name, lambda: trained(model(), data(), **options), gain)


def houses(name, data, model=PriceModel, **options):
    return RightProgram(
        "data", name, lambda: trained(model(), data(), measures.loss, **options), 0.002
    )


PROGRAMS = (
    houses("overfitted on purpose, as in 3.7", Tiny, lambda: WeightDecay(0), max_epochs=10),
    houses("weight decay 3, as in 3.7", Tiny, lambda: WeightDecay(3), max_epochs=10),
    clothes("one batch overfitted", OneBatch, max_epochs=20),
    clothes("twenty pictures", lambda: Clothes(4, 20, 64), max_epochs=10, gain=0.05),
    clothes("rare class drawn evenly", EvenlyDrawn, BrokenParts,
            score=measures.balanced_accuracy, gain=0.1),
    clothes("rare class drawn evenly, by hand", EvenlyDrawn, BrokenParts,
            score=measures.balanced_accuracy, train=train_by_hand),
    clothes("batches of one class", ByClass, lambda: ClothesMLP(lr=0.01), max_epochs=3),
    clothes("validation sorted", SortedValidation),
    clothes("stored sorted, shuffled", SortedButShuffled),
    clothes("not shuffled, but mixed", NotShuffled),
    clothes("not shuffled, but mixed, by hand", NotShuffled, train=train_by_hand),
    clothes("no validation", WithoutValidation),
    clothes("no validation, own loop", WithoutValidation, train=fit_by_book_loop),
    clothes("two of ten classes", TwoClasses),
    clothes("a stream", Streamed),
    clothes("augmented", Standardised, Augmented),
    clothes("standardised pictures", Standardised),
    clothes("pictures that repeat", SimilarPictures),
    clothes("a fifth of the labels wrong", LotteryOfLabels),
    houses("prices of 200", LargePrices),
    houses("labels 0 and 1, squared error", FewValues),
)  # fmt: skip
