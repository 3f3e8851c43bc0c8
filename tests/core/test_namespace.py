"""A subclass may use every name that the library adds to the book's classes for something else."""

import json
from dataclasses import fields
from pathlib import Path

import pytest
import torch
from readers import TwoClasses
from torch import nn

from d2l import torch as d2l
from d2l.core.training.run_config import RunConfig

CONTRACT = json.loads((Path(__file__).parents[1] / "face" / "contract.json").read_text("utf-8"))
BOOKS_ATTRIBUTES = {  # instance attributes and class annotations of the book's code
    *("trainer", "board", "net", "lr", "hparams", "plot_train_per_epoch", "plot_valid_per_epoch"),
    *("epoch", "train_batch_idx", "val_batch_idx", "num_train_batches", "num_val_batches", "model"),
    *("optim", "gpus", "train_dataloader", "val_dataloader", "max_epochs", "num_gpus"),
    *(
        "gradient_clip_val",
        "batch_size",
        "root",
        "num_workers",
        "data",
        "raw_points",
        "fig",
        "axes",
    ),
    *("xlabel", "ylabel", "xlim", "ylim", "xscale", "yscale", "ls", "colors", "figsize", "display"),
}


class Net(d2l.Classifier):
    """A classifier that is made before its subclass's attributes are set."""

    def __init__(self):
        super().__init__()
        self.lr = 0.1
        self.net = nn.Linear(1, 2)


CLASSES = {
    "Trainer": d2l.Trainer,
    "Module": Net,
    "DataModule": TwoClasses,
    "ProgressBoard": d2l.ProgressBoard,
}
VALUES = [None, 0, -1, 1.5, "text", [1, 2], {"a": 1}]


def added_names(title):
    """The public names of a class that 1.0.3 does not have, arguments of ours included."""
    kind = CLASSES[title]
    books = set()
    for base in kind.__mro__:
        books |= set(CONTRACT.get(base.__name__, {}).get("methods", {}))
    ours = {n for n in dir(kind) if not n.startswith("_")} - books
    if issubclass(kind, nn.Module):
        ours -= set(dir(nn.Module))
    if title == "Trainer":
        ours |= {field.name for field in fields(RunConfig)}
    if title == "DataModule":
        ours -= {"X", "y", "num_train", "num_val"}
    return sorted(ours - BOOKS_ATTRIBUTES)


def subclass(kind, name, value, where):
    """A subclass whose `name` is a method, or a value of the class or of each instance."""
    if where == "method":
        return type("Own", (kind,), {name: lambda self, *args, **kwargs: "mine"})
    if where == "class":
        return type("Own", (kind,), {name: value})

    def init(self, *args, **kwargs):
        super(own, self).__init__(*args, **kwargs)
        setattr(self, name, value)

    own = type("Own", (kind,), {"__init__": init})
    return own


def points(**own):
    """All points of a fit with these classes in place of the library's."""
    torch.manual_seed(0)
    model = own.get("Module", Net)()
    model.board = own.get("ProgressBoard", d2l.ProgressBoard)()
    data = own.get("DataModule", TwoClasses)()
    own.get("Trainer", d2l.Trainer)(2).fit(model, data)
    curves = vars(model.board)["_d2l"].curves.points()
    return curves, [parameter.tolist() for parameter in nn.Module.parameters(model)]


CASES = [
    (title, name, value, where)
    for title in CLASSES
    for name in added_names(title)
    for where in ("method", "class", "instance")
    for value in (VALUES if where != "method" else [None])
]


@pytest.fixture(scope="module")
def expected():
    return points()


@pytest.mark.parametrize("title", CLASSES)
def test_whatever_a_subclass_calls_by_our_names_the_fit_is_the_same(title, expected, capsys):
    tried = [case for case in CASES if case[0] == title]
    for _, name, value, where in tried:
        own = {title: subclass(CLASSES[title], name, value, where)}
        assert points(**own) == expected, (name, value, where)
    assert tried or title in ("Module", "DataModule")  # which have no addition


def test_the_additions_to_the_books_classes_are_a_documented_handful():
    assert {title: added_names(title) for title in CLASSES} == {
        "Trainer": sorted(
            {
                "device",
                "hints",
                "is_main",
                "plan",
                "save",
                "train_batch",
                "validate",
                "validate_epoch",
            }
            | {field.name for field in fields(RunConfig)}
        ),
        "Module": [],
        "DataModule": [],
        "ProgressBoard": sorted(
            {"clear", "finish", "flush", "frame", "latest", "load_state_dict", "points", "render"}
            | {"save", "state_dict"}
        ),
    }
