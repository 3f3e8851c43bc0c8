"""Chapter 4: Fashion-MNIST itself. Both read the files that the test session has laid out."""

import os
from pathlib import Path

import torch
from made import whole
from registry import same

CLOTHES = "PARITY_FASHION_MNIST"  # the folder in which FashionMNIST/raw is


def lay_out():
    """The files of the set, in ../data."""
    Path("../data/FashionMNIST").symlink_to(Path(os.environ[CLOTHES]) / "FashionMNIST")


def brief(loader):
    """The first batch, thinned out, and how many there are."""
    X, y = next(iter(loader))
    return len(loader), list(X.shape), str(X.dtype), X[:6, :, ::3, ::3], y


@same("FashionMNIST")
def clothes(d2l):
    lay_out()
    data = d2l.FashionMNIST(batch_size=256)
    train, val = brief(data.train_dataloader()), brief(data.val_dataloader())
    image, label = data.train[7]
    sizes = len(data.train), len(data.val), data.batch_size, tuple(data.resize)
    return train, val, image, label, sizes, data.text_labels([0, 9, 2])


@same("FashionMNIST")
def larger_clothes(d2l):
    lay_out()
    data = d2l.FashionMNIST(batch_size=8, resize=(32, 32))
    return brief(data.val_dataloader()), data.val[3][0]


@same("FashionMNIST")
def clothes_with_their_names(d2l):
    lay_out()
    data = d2l.FashionMNIST(batch_size=8)
    data.visualize([whole(2, 8, 1, 28, 28).float(), torch.arange(8)])
    axes = d2l.plt.gcf().axes
    return [ax.get_title() for ax in axes], [float(ax.images[0].get_array().sum()) for ax in axes]


@same("load_data_fashion_mnist")
def clothes_of_the_older_edition(d2l):
    lay_out()
    train, test = d2l.load_data_fashion_mnist(64)
    larger, _ = d2l.load_data_fashion_mnist(64, resize=40)
    return len(train), brief(train), brief(test), list(next(iter(larger))[0].shape)
