"""Checks whether each input is paired with its own label: shuffled apart, or off by one row."""

import math

import torch
from torch import Tensor

from d2l.tutor.checks.input_data import LINEAR, first_linear
from d2l.tutor.evidence import Check, Evidence, Finding, Step, When
from d2l.tutor.loader_data import dependence, inputs_of, is_class_labels, source_of, stored

MAX_PAIRS = 1000
MIN_PAIRS = 500
MIN_OF_TWO = 1000  # with two classes a pair is less informative
NOTHING = 3.0  # labels drawn at random gave -3.8 to 4.0 in 200 trials, and 95 % were below 2.5
SOMETHING = 8.0  # correct programs give 12.9 and more for 384 pairs, images 39 to 68 for 640
AT_CHANCE = 0.95  # of the entropy of the labels, in the newest steps
COMMON_SHARE = 0.8
MIN_VALUES = 20  # of inputs: of a few bits a label can be a riddle, as parity is


def find_shift(evidence: Evidence) -> Finding | None:
    """Inputs fit the labels of the rows before or after them, and not their own."""
    step = evidence.step
    if not _is_simple(evidence) or not _is_at_chance(evidence):
        return None
    rows = _consecutive(evidence, step)
    if rows is None:
        return None
    X, y = rows
    if not _are_separate(X) or not dependence(X, y) < NOTHING:
        return None
    ahead, behind = dependence(X[:-1], y[1:]), dependence(X[1:], y[:-1])
    if not max(ahead, behind) >= SOMETHING:
        return None
    by = 1 if ahead >= behind else -1
    return Finding(
        f"The inputs do not predict their own labels, but do predict those one row "
        f"{'further' if by > 0 else 'earlier'}: labels are shifted against the inputs.",
        "Cut both at the same rows, e.g. `X, y = X[1:], y[1:]`, and check a few pairs.",
        {"fit": dependence(X, y), "fit_ahead": ahead, "fit_behind": behind, "shift": by},
        "training set",
    )


def find_pairs(evidence: Evidence) -> Finding | None:
    """The loss is at chance, and inputs and labels of its pairs are unrelated."""
    if not _is_simple(evidence) or not _is_at_chance(evidence):
        return None
    pairs = _pairs(evidence)
    if pairs is None:
        return None
    X, y = pairs
    counts = y.unique(return_counts=True)[1]
    fewest = MIN_OF_TWO if len(counts) == 2 else MIN_PAIRS
    if len(y) < fewest or float(counts.max()) > COMMON_SHARE * len(y):
        return None
    if len(X[:32].unique()) < MIN_VALUES:
        return None
    fit = dependence(X, y)
    if not fit < NOTHING:
        return None
    loss, chance = _newest_loss(evidence), _entropy(y)
    return Finding(
        f"After {evidence.step.index + 1} steps the loss is {loss:.3g}, that of guessing is "
        f"{chance:.3g}, and in {len(y):,} pairs the inputs do not predict their labels.",
        "Check a few pairs of the batch; shuffle or slice `X` and `y` by the same rows, e.g. "
        "`X, y = X[order], y[order]`.",
        {"fit": fit, "loss": loss, "chance": chance, "num_pairs": len(y)},
        "end of epoch 1",
    )


def _is_simple(evidence: Evidence) -> bool:
    """Whether a step's input is one tensor that a model is called on once."""
    for step in evidence.steps:
        given = [part for part in step.inputs if isinstance(part, Tensor)]
        batch = step.batch if isinstance(step.batch, (list, tuple)) else ()
        if len(given) > 1 or len(batch) > 2 or isinstance(step.batch, dict):
            return False
        first = first_linear(step)
        if first is None:
            continue
        weights = {id(t) for t in first.tensors() if t.requires_grad and t.is_leaf}
        uses = [c for c in step.calls_of(*LINEAR) if weights & {id(t) for t in c.tensors()}]
        if len(uses) > 1:
            return False
    return True


def _is_at_chance(evidence: Evidence) -> bool:
    """Whether the newest losses are not below that of answers made without the inputs."""
    y = evidence.step.y
    if evidence.labels:
        return _newest_loss(evidence) >= AT_CHANCE * _entropy(torch.cat(evidence.labels))
    y_hat = evidence.step.y_hat
    if y is None or y_hat is None or y.shape != y_hat.shape or y.numel() < 16:
        return False
    y, y_hat = y.detach().float(), y_hat.detach().float()
    return float((y_hat - y).square().mean()) >= 0.8 * float(y.var())


def _newest_loss(evidence: Evidence) -> float:
    values = [step.loss_value for step in evidence.steps[-5:]]
    return sum(values) / len(values)


def _entropy(labels: Tensor) -> float:
    """Return the cross-entropy of predicting the class frequencies."""
    counts = labels[labels >= 0].unique(return_counts=True)[1].double()
    shares = counts / counts.sum()
    return float(-(shares * shares.log()).sum()) if len(shares) else math.inf


def _pairs(evidence: Evidence) -> tuple[Tensor, Tensor] | None:
    """Return the observed inputs and labels; None unless labels are a few classes."""
    kept = [(X, y) for X, y in evidence.pairs if is_class_labels(y) and X.ndim > 1]
    if not kept or len(kept) != len(evidence.pairs):
        return None
    if len({(X.shape[1:], X.dtype) for X, _ in kept}) != 1 or not _is_measured(kept[0][0]):
        return None
    if all(len(y.unique()) in (1, len(y)) for _, y in kept):
        return None  # classes of a contrastive loss, or batches of one class
    X, y = torch.cat([X for X, _ in kept]), torch.cat([y.reshape(-1) for _, y in kept])
    is_known = y >= 0
    return X[is_known][:MAX_PAIRS], y[is_known][:MAX_PAIRS]


def _is_measured(X: Tensor) -> bool:
    """Whether inputs are numeric, not tokens."""
    return X.is_floating_point() or X.dtype is torch.uint8


def _consecutive(evidence: Evidence, step: Step) -> tuple[Tensor, Tensor] | None:
    """Return the stored inputs and labels."""
    data = stored(evidence.train_loader)
    if data is not None:
        if len(data.tensors) != 2:
            return None
        X, y = data.part(0, MAX_PAIRS), data.part(1, MAX_PAIRS)
    else:
        found = (None if t is None else source_of(evidence.steps, t) for t in (step.X, step.y))
        sources = list(found)
        if sources[0] is None or sources[1] is None or len(sources[0]) != len(sources[1]):
            return None
        X, y = (source.detach()[:MAX_PAIRS] for source in sources if source is not None)
    if len(X) < MIN_PAIRS or X.ndim < 2 or not _is_measured(X):
        return None
    if y.is_floating_point():
        return (X, y) if y.numel() == len(y) else None
    return (X, y.reshape(-1)) if is_class_labels(y) else None


def _are_separate(X: Tensor) -> bool:
    """Whether adjacent rows are unrelated, unlike in a series."""
    table = inputs_of(X)
    if table is None or table.shape[1] < 2:
        return False
    table = (table - table.mean(0)) / table.std(0).clamp(min=1e-12)
    products = (table[:-1] * table[1:]).mean(1), (table[:-1, 1:] * table[1:, :-1]).mean(1)
    return all(abs(float(p.mean())) < 5 * float(p.std()) / math.sqrt(len(p)) for p in products)


CHECKS = (
    Check(
        kind="labels-shifted",
        when=When.EPOCH,
        find=find_shift,
        title="Labels are one row off",
        why="Each input is then trained with the label of its neighbor, so there is nothing to "
        "learn.",
        threshold=(
            "Ridge regression on random features, cross-validated on up to 1,000 stored pairs, "
            "measures how well labels fit: below 3 deviations for the pairs as they are (labels "
            "at random: -3.8 to 4), 8 or more with the labels shifted by one row (correct programs "
            "with their own labels: 12.9 to 68). Only where the loss is still at chance, and rows "
            "are not a series."
        ),
        book="4.2 The image classification dataset",
        wrong="X, y = images[:-1], labels[1:]",
        right="X, y = images[1:], labels[1:]",
    ),
    Check(
        kind="labels-permuted",
        when=When.EPOCH,
        find=find_pairs,
        title="Inputs and labels are in different orders",
        why="The model cannot learn from labels of other inputs.",
        threshold=(
            "After an epoch the loss is at 95 % or more of the labels' entropy, and ridge "
            "regression on random features, cross-validated on 500 to 1,000 pairs that the loss "
            "read, fits the labels less than 3 deviations better than those of other examples. "
            "The correct programs of the corpus give 12.9 for 384 pairs, and 38 to 68 for 500 or "
            "more."
        ),
        book="4.2 The image classification dataset",
        wrong="X = X[torch.randperm(len(X))]",
        right="order = torch.randperm(len(X))\nX, y = X[order], y[order]",
        symptom=True,
    ),
)
