"""The attributes that objects of d2l 1.0.3 have: their names and the names of their types.

`make_attributes(d2l)` makes the objects with any `d2l`. As a program it writes `attributes.json`
with the library that this process imports, here d2l 1.0.3:

    PARITY_FASHION_MNIST=DATA PYTHONPATH=.rivals/d2l-1.0.3 MPLBACKEND=Agg \\
        python tests/parity/attributes.py > ATTRIBUTES && mv ATTRIBUTES tests/parity/attributes.json

`DATA` holds the folder `FashionMNIST/raw`.
"""

import contextlib
import io
import json
import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from cases_clothes import CLOTHES, lay_out
from scipy.stats import uniform
from torch import nn

FILE = Path(__file__).with_name("attributes.json")


def objects(d2l: Any) -> Iterator[tuple[str, Any]]:
    """Objects of the library, each under a title; some before and after they were used."""
    yield from drawing_objects(d2l)
    yield from data_objects(d2l)
    data = d2l.SyntheticRegressionData(w=torch.tensor([2, -3.4]), b=4.2, num_train=40, num_val=20)
    yield from trained("LinearRegression", d2l, d2l.LinearRegression(lr=0.03), data)
    yield from trained("LinearRegressionScratch", d2l, d2l.LinearRegressionScratch(2, 0.03), data)
    flat = classes(d2l, 8)
    yield from trained("SoftmaxRegression", d2l, d2l.SoftmaxRegression(10, 0.1), flat)
    yield from trained("LeNet", d2l, d2l.LeNet(lr=0.1), classes(d2l, 28))
    yield from language_models(d2l)
    yield from layers(d2l)


def drawing_objects(d2l: Any) -> Iterator[tuple[str, Any]]:
    """What draws, sums and measures."""
    for title, display in (("ProgressBoard", True), ("ProgressBoard, display=False", False)):
        board = d2l.ProgressBoard(xlabel="x", display=display)
        yield title, board
        for x in range(5):
            board.draw(x, float(x), "y", every_n=2)
        yield f"{title}, drawn", board
    animator = d2l.Animator(xlabel="epoch", legend=["loss"])
    yield "Animator", animator
    animator.add(1, 2.0)
    yield "Animator, drawn", animator
    metric = d2l.Accumulator(2)
    metric.add(1, 2)
    yield "Accumulator", metric
    timer = d2l.Timer()
    timer.stop()
    yield "Timer", timer
    yield "Vocab", d2l.Vocab(["a", "b", "a"])


def data_objects(d2l: Any) -> Iterator[tuple[str, Any]]:
    """Data modules that need no download; Fashion-MNIST where its files are known."""
    yield "DataModule", d2l.DataModule()
    if CLOTHES in os.environ:
        lay_out()
        yield "FashionMNIST", d2l.FashionMNIST(batch_size=8)
    yield "SyntheticRegressionData", d2l.SyntheticRegressionData(w=torch.ones(2), b=1.0)


def trained(title: str, d2l: Any, model: Any, data: Any) -> Iterator[tuple[str, Any]]:
    """A model and its trainer, before and after a fit."""
    trainer = d2l.Trainer(max_epochs=1)
    yield title, model
    yield f"Trainer of {title}", trainer
    trainer.fit(model, data)
    yield f"{title}, trained", model
    yield f"Trainer of {title}, done", trainer
    yield f"board of {title}, done", model.board


def classes(d2l: Any, side: int) -> Any:
    """A few square images of ten classes."""

    class Images(d2l.DataModule):
        def __init__(self):
            super().__init__()
            self.save_hyperparameters()
            self.batch_size = 4
            self.X, self.y = torch.rand(8, 1, side, side), torch.arange(8)

        def get_dataloader(self, train):
            return self.get_tensorloader([self.X, self.y], train)

    return Images()


def language_models(d2l: Any) -> Iterator[tuple[str, Any]]:
    """A recurrent language model, on numbers of tokens."""

    class Tokens(d2l.DataModule):
        def __init__(self):
            super().__init__()
            self.batch_size = 4
            tokens = torch.arange(60).reshape(12, 5) % 7
            self.X, self.Y = tokens[:, :-1], tokens[:, 1:]

        def get_dataloader(self, train):
            return self.get_tensorloader([self.X, self.Y], train)

    rnn = d2l.RNNLM(d2l.RNN(num_inputs=7, num_hiddens=8), vocab_size=7, lr=0.1)
    yield from trained("RNNLM", d2l, rnn, Tokens())
    scratch = d2l.RNNScratch(num_inputs=7, num_hiddens=8)
    yield from trained("RNNLMScratch", d2l, d2l.RNNLMScratch(scratch, 7, 0.1), Tokens())


def layers(d2l: Any) -> Iterator[tuple[str, Any]]:
    """Modules without a run, an optimizer, and what searches for hyperparameters."""
    yield "Module", d2l.Module()
    yield "Classifier", d2l.Classifier()
    yield "EncoderDecoder", d2l.EncoderDecoder(d2l.Encoder(), d2l.Decoder())
    yield "GRU", d2l.GRU(4, 8, 1)
    yield "Residual", d2l.Residual(3, use_1x1conv=True)
    yield "ResNeXtBlock", d2l.ResNeXtBlock(32, 16, 1)
    yield "AddNorm", d2l.AddNorm(8, 0.1)
    yield "AdditiveAttention", d2l.AdditiveAttention(8, 0.1)
    yield "DotProductAttention", d2l.DotProductAttention(0.1)
    yield "MultiHeadAttention", d2l.MultiHeadAttention(8, 2, 0.1)
    yield "PositionWiseFFN", d2l.PositionWiseFFN(16, 8)
    yield "PositionalEncoding", d2l.PositionalEncoding(8, 0.1)
    yield "TransformerEncoderBlock", d2l.TransformerEncoderBlock(8, 16, 2, 0.1)
    yield "TransformerEncoder", d2l.TransformerEncoder(20, 8, 16, 2, 2, 0.1)
    encoder = d2l.Seq2SeqEncoder(20, 8, 16, 2, 0.1)
    yield "Seq2SeqEncoder", encoder
    yield "Seq2Seq", d2l.Seq2Seq(encoder, d2l.Decoder(), tgt_pad=0, lr=0.1)
    yield "SGD", d2l.SGD([torch.ones(2, requires_grad=True)], 0.1)
    yield "RandomGenerator", d2l.RandomGenerator([1, 2])
    searcher = d2l.RandomSearcher({"lr": uniform(0, 1)}, {"lr": 0.1})
    yield "RandomSearcher", searcher
    scheduler = d2l.BasicScheduler(searcher)
    yield "BasicScheduler", scheduler
    yield "HPOTuner", d2l.HPOTuner(scheduler, lambda lr: 0.1)
    yield "HPOTrainer", d2l.HPOTrainer(max_epochs=1)


def attributes_of(thing: Any) -> dict[str, str]:
    """Every public attribute of an instance, with its type's name."""
    found = dict(vars(thing))
    if isinstance(thing, nn.Module):
        found |= dict(thing.named_children()) | dict(thing.named_parameters(recurse=False))
    return {
        name: type(value).__name__
        for name, value in sorted(found.items())
        if not name.startswith("_")
    }


def for_each_object(d2l: Any, look: Callable[[str, Any], None]) -> None:
    """Call `look(title, thing)` at the moment at which each object is as its title says."""
    torch.manual_seed(0)
    with contextlib.redirect_stdout(io.StringIO()), tempfile.TemporaryDirectory() as folder:
        work = Path(folder) / "work"
        (Path(folder) / "data").mkdir()
        work.mkdir()
        with contextlib.chdir(work), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for title, thing in objects(d2l):
                look(title, thing)


def main() -> None:
    """Write the attributes of this process's `d2l` to the standard output."""
    from d2l import torch as d2l

    found: dict[str, dict[str, str]] = {}
    for_each_object(d2l, lambda title, thing: found.update({title: attributes_of(thing)}))
    json.dump(found, sys.stdout, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
