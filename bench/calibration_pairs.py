"""Minimal pairs: a right program, and one that is wrong, or right in another way.

Every second pair is held out: constants are never chosen by it.
"""
# ruff: noqa: E501, PLC3002 - a pair is a line, as in a table

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch

from bench import calibration_training as training
from bench.calibration_values import Chance, Output, Program, board, printed, shown, tensor

T = torch.tensor


class Pair(NamedTuple):
    """Two programs; `is_right`: the other one is right as well."""

    name: str
    half: str
    right: Program
    other: Program
    is_right: bool
    reason: str  # why what they print cannot tell them apart


def _drawn(sample: Callable[[Chance], object], form: Callable[[Any], Output] = tensor) -> Program:
    return lambda chance: [form(sample(chance))]


def _said(*parts: object) -> Program:
    return lambda chance: [printed(*parts)]


def _trained(
    task: str, wrong: str, form: Callable[[training.Run], list[Output]]
) -> tuple[Program, Program]:
    def program(kept: Callable[[], Sequence[training.Run]]) -> Program:
        shown: list[int] = [-1]  # no run is shown twice in a row

        def show(chance: Chance) -> list[Output]:
            runs = kept()  # trained when the first is shown, not when this file is imported
            left = [index for index in range(len(runs)) if index not in shown[-12:]]
            shown.append(left[chance.integers(len(left))])
            return form(runs[shown[-1]])

        return show

    half = training.RUNS // 2  # references and right submissions share no run
    others = program(lambda: training.runs(task, wrong) if wrong else training.runs(task)[half:])
    return program(lambda: training.runs(task)[:half]), others


def _loss(run: training.Run) -> list[Output]:
    return [printed(f"validation loss {run.val_loss[-1]:.4f}")]


def _acc(run: training.Run) -> list[Output]:
    return [printed(f"validation accuracy {run.val_acc[-1]:.3f}")]


def _log(run: training.Run) -> list[Output]:
    pairs = zip(run.train_loss, run.val_loss, strict=True)
    return [printed(f"epoch {i + 1}, loss {a:.4f}, val {b:.4f}") for i, (a, b) in enumerate(pairs)]


def _curve(run: training.Run) -> list[Output]:
    return [board({"train_loss": run.train_loss, "val_loss": run.val_loss})]


def _weight(run: training.Run) -> list[Output]:
    return [printed("weight", T(run.weight[:2]))]


def _other_form(task: str, right: Callable, other: Callable) -> tuple[Program, Program]:
    return _trained(task, "", right)[0], _trained(task, "", other)[1]


def _dropout(scaled: bool) -> Callable[[Chance], np.ndarray]:
    return lambda chance: (chance.random((4, 8)) < 0.5) * (2.0 if scaled else 1.0)


def _walk(divided: bool) -> Program:
    def program(chance: Chance) -> list[Output]:
        tosses = (chance.random(500) < 0.5).cumsum()
        return [board({"heads": tosses / np.arange(1, 501) if divided else tosses})]

    return program


def _table(order: Sequence[str] = ("a", "b"), fill: float = 2.0) -> Output:
    frame = pd.DataFrame({"a": [1.0, fill, 3.0], "b": [127.5, 106.0, 178.1]})
    return shown(frame[list(order)])


X = np.array([[1.0, 2.0, 0.5], [0.1, 0.2, 3.0]])
SOFTMAX = np.exp(X) / np.exp(X).sum(1, keepdims=True)
PICTURE = {"output_type": "display_data", "metadata": {}}


def _picture(width: int) -> Output:
    return PICTURE | {"data": {"image/svg+xml": f'<svg width="{width}pt" height="200pt"/>'}}


def _normal(scale: float, shape: tuple[int, ...]) -> Callable[[Chance], np.ndarray]:
    return lambda chance: scale * chance.standard_normal(shape)


def _flat(scale: float, shape: tuple[int, ...]) -> Callable[[Chance], np.ndarray]:
    return lambda chance: scale * chance.uniform(-(3**0.5), 3**0.5, shape)


WRONG: list[tuple[str, tuple[Program, Program], str]] = [
    ("with replacement for without, 10 of 20", (
        _drawn(lambda c: T(c.choice(20, 10, replace=False)), shown),
        _drawn(lambda c: T(c.choice(20, 10)), shown)), ""),
    ("randint for randperm", (
        _drawn(lambda c: T(c.permutation(10)), shown), _drawn(lambda c: T(c.integers(0, 10, 10)), shown)), ""),
    ("bootstrap without replacement", (
        _drawn(lambda c: T(c.choice(15, 15)), shown), _drawn(lambda c: T(c.permutation(15)), shown)), ""),
    ("dropout of ones not scaled", (_drawn(_dropout(True)), _drawn(_dropout(False))), ""),
    ("dropout of activations not scaled", (
        _drawn(lambda c: 2 * (c.random((8, 16)) < 0.5) * np.abs(c.normal(size=(8, 16)))),
        _drawn(lambda c: (c.random((8, 16)) < 0.5) * np.abs(c.normal(size=(8, 16))))), ""),
    ("He for Xavier, weights shown", (
        _drawn(_normal((2 / (64 + 64)) ** 0.5, (10, 20))), _drawn(_normal((2 / 64) ** 0.5, (10, 20)))), ""),
    ("He for Xavier, deviation printed", (
        lambda c: [printed(f"std {c.normal(0, (2 / 320) ** 0.5, 16384).std():.4f}")],
        lambda c: [printed(f"std {c.normal(0, (2 / 256) ** 0.5, 16384).std():.4f}")]), ""),
    ("uniform for normal, 100 values of one variance", (
        _drawn(_normal(1, (100,))), _drawn(_flat(1, (100,)))), ""),
    ("uniform for normal, 20 by 20 values", (_drawn(_normal(0.1, (20, 20))), _drawn(_flat(0.1, (20, 20)))), ""),
    ("normal for uniform on 0 to 1", (
        _drawn(lambda c: c.random((5, 5))), _drawn(lambda c: c.normal(0.5, 1, (5, 5)))), ""),
    ("rate for scale of exponential values", (
        _drawn(lambda c: c.exponential(2, (40,))), _drawn(lambda c: c.exponential(0.5, (40,)))), ""),
    ("variance for deviation", (
        _drawn(lambda c: c.normal(0, 0.1, (6, 6))), _drawn(lambda c: c.normal(0, 0.01, (6, 6)))), ""),
    ("order not shuffled", (
        _drawn(lambda c: T(c.permutation(np.arange(30) % 3)), shown),
        _drawn(lambda c: T(np.arange(30) % 3), shown)), ""),
    ("dice from 0 to 5", (
        _drawn(lambda c: T(c.integers(1, 7, 100)), shown), _drawn(lambda c: T(c.integers(0, 6, 100)), shown)), ""),
    ("a coin of 0.6 for 0.5, 10,000 tosses", (
        lambda c: [printed("heads:", c.binomial(10_000, 0.5) / 10_000)],
        lambda c: [printed("heads:", c.binomial(10_000, 0.6) / 10_000)]), ""),
    ("a running sum for a running mean", (_walk(True), _walk(False)), ""),
    ("noise not added", (
        _drawn(lambda c: np.arange(10.0) + 0.1 * c.normal(size=10)),
        _drawn(lambda c: np.arange(10.0) + 0 * c.normal(size=10))), ""),
    ("noise of 0.1 for 0.01", (
        _drawn(lambda c: np.arange(10.0) + 0.01 * c.normal(size=10)),
        _drawn(lambda c: np.arange(10.0) + 0.1 * c.normal(size=10))), ""),
    ("softmax over the wrong axis, random scores", (
        _drawn(lambda c: T(c.normal(size=(4, 5))).softmax(1).float(), shown),
        _drawn(lambda c: T(c.normal(size=(4, 5))).softmax(0).float(), shown)), ""),
    ("not standardized", (
        _drawn(lambda c: (lambda x: (x - x.mean(0)) / x.std(0))(c.normal(3, 2, (20, 3)))),
        _drawn(lambda c: (lambda x: x - x.mean(0))(c.normal(3, 2, (20, 3))))), ""),
    ("a third of the learning rate, loss", _trained("line", "a third of the learning rate", _loss), ""),
    ("a third of the learning rate, board", _trained("blobs", "a third of the learning rate", _curve), ""),
    ("three times the learning rate, board", _trained("line", "three times the learning rate", _curve), ""),
    ("no zero_grad, log", _trained("line", "no zero_grad", _log), ""),
    ("no zero_grad, loss", _trained("blobs", "no zero_grad", _loss), ""),
    ("half of the epochs, log", _trained("blobs", "half of the epochs", _log), ""),
    ("half of the epochs, board", _trained("line", "half of the epochs", _curve), ""),
    ("no bias, loss", _trained("line", "no bias", _loss), ""),
    ("no activation, accuracy", _trained("moons", "no activation", _acc), "the accuracies of 200 examples overlap"),
    ("strong weight decay, weights", _trained("line", "strong weight decay", _weight), ""),
    ("momentum, board", _trained("line", "momentum", _curve), ""),
    ("no shuffling, loss", _trained("blobs", "no shuffling", _loss), "the loss is the same"),
    ("four times as wide, accuracy", _trained("moons", "four times as wide", _acc), "the accuracy is the same"),
    ("weights exchanged", _other_form("line", _weight, lambda r: [printed("weight", T(r.weight[1::-1]))]), ""),
    ("sum for mean of the loss", _other_form(
        "blobs", _loss, lambda r: [printed(f"validation loss {200 * r.val_loss[-1]:.4f}")]), ""),
    ("error for accuracy", _other_form(
        "blobs", _acc, lambda r: [printed(f"validation accuracy {1 - r.val_acc[-1]:.3f}")]), ""),
    ("loss of each iteration for each epoch, log", _other_form("line", _log, lambda r: [
        printed(f"epoch {i + 1}, loss {a:.4f}, val {a:.4f}") for i, a in enumerate(r.batch_loss)]), ""),
    ("loss of each iteration for each epoch, board", _other_form(
        "line", _curve, lambda r: [board({"train_loss": r.batch_loss, "val_loss": r.val_loss})]), ""),
    ("training for validation loss exchanged, log", _other_form("line", _log, lambda r: [
        printed(f"epoch {i + 1}, loss {b:.4f}, val {a:.4f}")
        for i, (a, b) in enumerate(zip(r.train_loss, r.val_loss, strict=True))]), ""),
    ("curve that rises for one that falls", _other_form(
        "blobs", _curve, lambda r: [board({"train_loss": r.train_loss[::-1], "val_loss": r.val_loss[::-1]})]), ""),
    ("max before min", (_said(-3.5, 9.25), _said(9.25, -3.5)), ""),
    ("names exchanged", (_said("min -3.5\nmax 9.25"), _said("min 9.25\nmax -3.5")), ""),
    ("names exchanged in a dictionary", (
        _said({"precision": 0.8, "recall": 0.6}), _said({"precision": 0.6, "recall": 0.8})), ""),
    ("tiny numbers", (_said("p =", 3.2e-7), _said("p =", 4.1e-7)), ""),
    ("tiny numbers in a tensor", (
        lambda c: [shown(T([2e-8, 3e-9]))], lambda c: [shown(T([5e-8, 7e-9]))]), ""),
    ("variance by n for n - 1", (_said(np.var([1, 2, 3, 4], ddof=1)), _said(np.var([1, 2, 3, 4]))), ""),
    ("the wrong axis", (lambda c: [tensor(X.sum(0))], lambda c: [tensor(X.sum(1))]), ""),
    ("transposed", (lambda c: [tensor(X[:, :2])], lambda c: [tensor(X[:, :2].T)]), ""),
    ("log2 for the natural logarithm", (_said("entropy", np.log(8)), _said("entropy", 3.0)), ""),
    ("softmax over the wrong axis", (
        lambda c: [tensor(SOFTMAX)], lambda c: [tensor(np.exp(X) / np.exp(X).sum(0))]), ""),
    ("off by one", (_said(list(range(1, 6))), _said(list(range(5)))), ""),
    ("filled by 0, not the mean", (lambda c: [_table()], lambda c: [_table(fill=0.0)]), ""),
    ("an exponent without precision", (_said("loss 0.2131"), _said("loss 0.0e99")), ""),
    ("every number there is", (_said(17), _said("\n".join(map(str, range(100))))), ""),
    ("every number there is, on one line", (_said(17), _said(*range(100))), ""),
    ("mean squared error for its root", (_said("rmse", 0.3162), _said("rmse", 0.1)), ""),
    ("descending for ascending", (_said([1, 3, 8]), _said([8, 3, 1])), ""),
    ("no picture", (lambda c: [_picture(300)], _said("done")), ""),
    ("rounded to nothing", (_said("rate 0.031"), _said("rate 0.0")), ""),
    ("integer division", (_said(7 / 2), _said(7 // 2)), ""),
]  # fmt: skip
RIGHT: list[tuple[str, tuple[Program, Program]]] = [
    ("float64 for float32", (lambda c: [tensor(SOFTMAX)], lambda c: [shown(T(SOFTMAX))])),
    ("float64 for float32, drawn", (
        _drawn(_normal(1, (3, 4))), _drawn(lambda c: T(c.standard_normal((3, 4))), shown))),
    ("a dictionary in another order", (_said({"cat": 3, "dog": 5}), _said({"dog": 5, "cat": 3}))),
    ("lines in another order", (_said("cat: 3\ndog: 5\nhen: 1"), _said("hen: 1\ncat: 3\ndog: 5"))),
    ("numbered lines in another order", (
        _said("class 0: 12\nclass 1: 15\nclass 2: 9"), _said("class 2: 9\nclass 0: 12\nclass 1: 15"))),
    ("percent for a share", (_said("accuracy 0.873"), _said("accuracy 87.3%"))),
    ("percent for a share, without a sign", (_said("accuracy: 0.873"), _said("accuracy: 87.3"))),
    ("percent for a share, trained", _other_form(
        "blobs", _acc, lambda r: [printed(f"validation accuracy: {r.val_acc[-1]:.1%}")])),
    ("thousands separators", (_said("parameters: 1234567"), _said("parameters: 1,234,567"))),
    ("more digits", (_said("loss 0.213"), _said("loss 0.2131478"))),
    ("fewer digits", (_said("loss", 0.2131478), _said("loss 0.21"))),
    ("a larger picture", (lambda c: [_picture(300)], lambda c: [_picture(1400)])),
    ("exploration before", (
        _said("loss 0.2131"), lambda c: [printed(3, (2, 5), "\nlen 7\nsum", 12.5), printed("loss 0.2131")])),
    ("exploration before a bare number", (
        _said(0.2131), lambda c: [printed(3, 17, 4), printed("shape", (2, 5)), printed(0.2131)])),
    ("text in another language", (_said("loss 0.2131\naccuracy 0.9"), _said("Fehler 0.2131\nTreffer 0.9"))),
    ("a list for a tensor", (lambda c: [tensor(X[0])], lambda c: [printed(X[0].tolist())])),
    ("columns in another order", (lambda c: [_table()], lambda c: [_table(("b", "a"))])),
    ("a log in other words", _other_form("line", _log, lambda r: [
        printed(f"[{i + 1}/6] train loss={a:.3f} | validation loss={b:.3f}")
        for i, (a, b) in enumerate(zip(r.train_loss, r.val_loss, strict=True))])),
    ("one more curve", _other_form("blobs", _curve, lambda r: [
        board({"train_loss": r.train_loss, "val_loss": r.val_loss, "val_acc": r.val_acc})])),
    ("the loss with other digits", _other_form(
        "line", _loss, lambda r: [printed("validation loss", r.val_loss[-1])])),
    ("another generator", (_drawn(_normal(1, (8, 8))), _drawn(_normal(1, (8, 8)), shown))),
    ("a residue of rounding", (
        lambda c: [shown(T(4.7684e-07))], lambda c: [shown(T(1.1921e-07))])),
]  # fmt: skip


def _half(number: int) -> str:
    return "held out" if number % 2 else "open"


PAIRS = [
    *(Pair(name, _half(i), *two, False, why) for i, (name, two, why) in enumerate(WRONG)),
    *(Pair(f"right: {name}", _half(i), *two, True, "") for i, (name, two) in enumerate(RIGHT)),
]  # fmt: skip
