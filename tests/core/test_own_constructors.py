"""A class of the book whose `__init__` a reader writes anew: the base needs what the book gives it.

`super(d2l.Name, self).__init__()`, as the book has it, in a subclass and by `add_to_class`.
"""

import json
from pathlib import Path

import pytest
import torch

from d2l import torch as d2l

CONTRACT = json.loads((Path(__file__).parents[1] / "face" / "contract.json").read_text("utf-8"))
NEED_NOTHING = {  # bases whose constructor the book calls without arguments
    "nn.Module", "torch.utils.data.Dataset", "d2l.Module", "d2l.Classifier", "d2l.DataModule",
    "d2l.HyperParameters", "HyperParameters", "d2l.Decoder", "d2l.Encoder", "HPOScheduler",
    "HPOSearcher", "nn.CrossEntropyLoss",
}  # fmt: skip
CLASSES = [
    name
    for name, entry in CONTRACT.items()
    if entry["kind"] == "class" and set(entry["bases"]) & NEED_NOTHING
]
OURS = ["CharacterText", "SentencePairs", "MLP", "MLPScratch", "SoftmaxRegressionScratch"]


def test_there_are_many_such_classes():
    assert len(CLASSES) > 40
    assert {"TimeMachine", "MTFraEng", "FashionMNIST", "SyntheticRegressionData"} <= set(CLASSES)


@pytest.mark.parametrize("name", CLASSES + OURS)
def test_a_constructor_of_the_readers_reaches_a_base_that_needs_nothing(name):
    Class = getattr(d2l, name)

    class Mine(Class):
        def __init__(self):
            super(Class, self).__init__()
            self.own = 1

    assert Mine().own == 1


@pytest.mark.parametrize("name", CLASSES + OURS)
def test_a_constructor_that_is_added_to_the_class_does_too(name, monkeypatch):
    Class = getattr(d2l, name)
    monkeypatch.setattr(Class, "__init__", Class.__init__)  # to be restored

    @d2l.add_to_class(Class)
    def __init__(self, own):  # noqa: N807
        super(Class, self).__init__()
        self.own = own

    assert Class(5).own == 5


TEXT = "the time machine by h g wells the time traveller for so it will be convenient " * 3


@pytest.mark.parametrize("name", ["TimeMachine", "CharacterText"])
def test_the_books_own_time_machine_runs(name, monkeypatch):
    Class = getattr(d2l, name)
    for method in ("__init__", "_download", "get_dataloader"):
        monkeypatch.setattr(Class, method, getattr(Class, method))

    @d2l.add_to_class(Class)
    def _download(self):
        return TEXT

    @d2l.add_to_class(Class)
    def __init__(self, batch_size, num_steps, num_train=100, num_val=50):  # noqa: N807
        super(Class, self).__init__()
        self.save_hyperparameters()
        corpus, self.vocab = self.build(self._download())
        rows = [corpus[i : i + num_steps + 1] for i in range(len(corpus) - num_steps)]
        array = d2l.tensor(rows)
        self.X, self.Y = array[:, :-1], array[:, 1:]

    @d2l.add_to_class(Class)
    def get_dataloader(self, train):
        first = slice(0, self.num_train)
        last = slice(self.num_train, self.num_train + self.num_val)
        return self.get_tensorloader([self.X, self.Y], train, first if train else last)

    data = Class(batch_size=8, num_steps=5)
    assert data.hparams == {"batch_size": 8, "num_steps": 5, "num_train": 100, "num_val": 50}
    assert [len(data.train_dataloader()), len(data.val_dataloader())] == [13, 7]
    X, Y = next(iter(data.val_dataloader()))
    assert "".join(data.vocab.to_tokens(X[0])) == TEXT[100:105]
    assert "".join(data.vocab.to_tokens(Y[0])) == TEXT[101:106]


@pytest.mark.parametrize("name", ["MTFraEng", "SentencePairs"])
def test_the_books_own_sentence_pairs_run(name, monkeypatch):
    Class = getattr(d2l, name)

    class Mine(Class):
        def __init__(self, batch_size, num_steps=4, num_train=4, num_val=2):
            super(Class, self).__init__()
            self.save_hyperparameters()
            self.arrays, self.src_vocab, self.tgt_vocab = self._build_arrays(self._download())

        def _download(self):
            return "Go.\tVa !\nHi.\tSalut !\nRun!\tCours !\nWho?\tQui ?\nStop!\tStop !\nOh.\tOh !"

    data = Mine(batch_size=3)
    src, tgt, src_valid_len, label = next(iter(data.train_dataloader()))
    assert (src.shape, tgt.shape, label.shape) == ((3, 4), (3, 4), (3, 4))
    assert torch.equal(tgt[:, 1:], label[:, :-1])
    assert src_valid_len.tolist() == [3, 3, 3]


def test_the_books_own_synthetic_data_run():
    class Mine(d2l.SyntheticRegressionData):
        def __init__(self, w, b, noise=0.01, num_train=10, num_val=5, batch_size=4):
            super(d2l.SyntheticRegressionData, self).__init__()
            self.save_hyperparameters()
            n = num_train + num_val
            self.X = d2l.randn(n, len(w))
            self.y = d2l.matmul(self.X, d2l.reshape(w, (-1, 1))) + b + d2l.randn(n, 1) * noise

    data = Mine(w=d2l.tensor([2, -3.4]), b=4.2)
    assert [len(data.train_dataloader()), len(data.val_dataloader())] == [3, 2]


def test_the_books_own_fashion_mnist_runs(monkeypatch):
    class Images(torch.utils.data.Dataset):
        def __len__(self):
            return 6

        def __getitem__(self, i):
            return torch.full((1, 28, 28), float(i)), i

    class Mine(d2l.FashionMNIST):
        def __init__(self, batch_size=4, resize=(28, 28)):
            super(d2l.FashionMNIST, self).__init__()
            self.save_hyperparameters()
            self.train, self.val = Images(), Images()

    data = Mine()
    X, y = next(iter(data.val_dataloader()))
    assert (X.shape, data.text_labels(y[:2])) == ((4, 1, 28, 28), ["t-shirt", "trouser"])
