"""Checks on labels: their order, their shares, and padding among them."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from d2l.tutor.evidence import Call, Check, Evidence, Finding, Step, When
from d2l.tutor.loader_data import stored

MIN_STORED = 100  # examples in memory
MIN_SEEN = 150  # examples in the order that they were seen
IMPROBABLE = math.log(1e-3)  # that batches of one class each come in this order by chance
IMBALANCE = 10  # times as many examples
COMMON_SHARE = 0.75
MIN_FOR_SHARES = 500
LEARNS_MORE = 0.9  # of the loss of guessing; a rare class that is learned later: 0.66 to 0.78
MIN_RARE = 3  # rare examples in the newest batches, none of them recognized
PADDED_SHARE = 0.25  # of the labels; a summand's answer padded with blanks has 0.15
MIN_ROWS = 8


def find_order(evidence: Evidence) -> Finding | None:
    """Labels are sorted by class, according to the stored or else the observed labels."""
    data, step = stored(evidence.train_loader), evidence.step
    if step.y is None or step.y.ndim != 1 or not evidence.labels:
        return None
    if data is not None:
        if data.is_in_order is not True or data.labels is None or data.batch_size is None:
            return None
        return _stored_in_order(data.labels, data.batch_size, evidence.labels[0])
    return _seen_in_order(evidence.labels)


def _stored_in_order(labels: Tensor, batch_size: int, first: Tensor) -> Finding | None:
    """Each class is one run of the stored labels, and a batch contains only some classes."""
    n = len(labels)
    if n < MIN_STORED or len(first) != min(batch_size, n):
        return None
    if not torch.equal(first.to(labels.device, labels.dtype), labels[: len(first)]):
        return None  # the program shuffles itself
    runs = _runs(labels)
    counts = torch.bincount(torch.unique(labels, return_inverse=True)[1])
    num_classes = len(counts)
    if num_classes < 2 or len(runs) != num_classes or int(counts.min()) < 5:
        return None
    if batch_size * num_classes > 2 * n or len(_runs(first)) * 2 > max(num_classes, 3):
        return None
    return _sorted(len(_runs(first)), len(first), num_classes)


def _seen_in_order(batches: Sequence[Tensor]) -> Finding | None:
    """Each class is one run of the observed labels, which is unlikely for shuffled batches."""
    if any(len(labels) < 4 for labels in batches[:-1]):
        return None
    runs = _runs(torch.cat(list(batches)))
    num_classes = len(set(runs))
    num_seen = sum(len(labels) for labels in batches)
    if num_seen < MIN_SEEN or num_classes < 3 or len(runs) != num_classes:
        return None
    firsts = [int(labels[0]) for labels in batches]
    log_p = math.lgamma(len(set(firsts)) + 1) - math.lgamma(len(firsts) + 1)
    log_p += sum(math.lgamma(firsts.count(c) + 1) for c in set(firsts))
    if log_p > IMPROBABLE:
        return None
    return _sorted(len(_runs(batches[0])), len(batches[0]), num_classes)


def _runs(labels: Tensor) -> list[int]:
    """Return the value of each run of equal labels."""
    return [int(c) for c in torch.unique_consecutive(labels.reshape(-1)).tolist()]


def _sorted(num_in_first: int, size: int, num_classes: int) -> Finding:
    few = "one class" if num_in_first == 1 else f"{num_in_first} classes"
    return Finding(
        f"The training labels come sorted: the first batch of {size} has {few} of "
        f"{num_classes}, and each class ends before the next one begins.",
        "Shuffle the training examples: `self.get_tensorloader((self.X, self.y), train, rows)`, "
        "or `DataLoader(data, batch_size, shuffle=True)`.",
        {"classes_in_first_batch": num_in_first, "num_classes": num_classes},
        "batch 1 of epoch 1",
    )


def find_shares(evidence: Evidence) -> Finding | None:
    """One class has ten times the examples of another one, which is never predicted."""
    labels = _labels(evidence)
    if labels is None or len(labels) < MIN_FOR_SHARES:
        return None
    values, counts = labels.unique(return_counts=True)
    common, rare = counts.argmax(), counts.argmin()
    if len(values) < 2 or int(counts[common]) < IMBALANCE * int(counts[rare]):
        return None
    if float(counts[common] / counts.sum()) < COMMON_SHARE:
        return None
    answers, y = _newest_answers(evidence)
    if y is None or answers is None or bool((answers != values[common].to(answers)).any()):
        return None
    if int((y != values[common].to(y)).sum()) < MIN_RARE or _learns_more(evidence, values, counts):
        return None
    return _imbalanced(values, counts, len(y))


def _learns_more(evidence: Evidence, values: Tensor, counts: Tensor) -> bool:
    """Whether the loss is well below that of predicting class frequencies.

    Guessing is measured on the same labels, of which a batch has more or fewer rare ones.
    """
    half = evidence.steps[-1].index / 2
    newest = [s for s in evidence.steps if s.index >= half and s.answers is not None]
    y = torch.cat([s.answers[1] for s in newest if s.answers is not None])
    places = torch.searchsorted(values, y.to(values)).clamp(max=len(values) - 1)
    guessing = float(-(counts.double() / counts.sum()).log()[places].mean())
    return sum(s.loss_value for s in newest) / len(newest) < LEARNS_MORE * guessing


def _imbalanced(values: Tensor, counts: Tensor, num_seen: int) -> Finding:
    common, rare = counts.argmax(), counts.argmin()
    share = float(counts[common] / counts.sum())
    weights = (counts.sum() / (len(counts) * counts.double())).tolist()
    code = "[" + ", ".join(f"{w:.3g}" for w in weights) + "]" if len(weights) <= 4 else "weights"
    return Finding(
        f"Class {int(values[common])} has {share:.0%} of the training labels, and after an epoch "
        f"the model answers it for each of the newest {num_seen} examples.",
        f"Let rare classes weigh more: `F.cross_entropy(y_hat, y, weight=torch.tensor({code}))`, "
        "or draw them more often with a WeightedRandomSampler.",
        {"share": share, "num_rare": int(counts[rare]), "num_common": int(counts[common])},
        "end of epoch 1",
    )


def _labels(evidence: Evidence) -> Tensor | None:
    """Return the labels of the training set if available, else the observed labels.

    A user-defined sampler may balance them: then only the observed labels count.
    """
    data = stored(evidence.train_loader)
    if data is not None and data.labels is not None and data.is_in_order is not None:
        return data.labels
    if not evidence.labels or any(labels.ndim != 1 for labels in evidence.labels):
        return None
    return torch.cat(evidence.labels)


def _newest_answers(evidence: Evidence) -> tuple[Tensor | None, Tensor | None]:
    """Return the predicted classes in the second half of the steps, and the labels.

    Only for a plain mean of cross-entropies, and labels that are one for each input: of tokens,
    which are rows of a longer text, there are always rare ones.
    """
    step = evidence.step
    call, X, y = step.loss_call, step.X, step.y
    if call is None or call.name not in ("cross_entropy", "nll_loss") or X is None or y is None:
        return None, None
    if call.argument(2, "weight") is not None or _reduction(call) != "mean" or len(X) != len(y):
        return None, None
    half = evidence.steps[-1].index / 2
    newest = [s.answers for s in evidence.steps if s.answers is not None and s.index >= half]
    if not newest or y.ndim != 1:
        return None, None
    return torch.cat([a for a, _ in newest]), torch.cat([y for _, y in newest])


def _reduction(call: Call) -> str:
    return str(call.argument(6, "reduction", "mean"))


def find_padding(evidence: Evidence) -> Finding | None:
    """Label rows end in runs of a value that occurs nowhere else, as input rows do."""
    step = evidence.step
    call = step.loss_call
    if call is None or call.name not in ("cross_entropy", "nll_loss"):
        return None
    if _reduction(call) != "mean":
        return None
    Y = _rows_of_labels(step, call)
    padding = None if Y is None else _padding_of(Y)
    if Y is None or padding is None or padding == call.argument(4, "ignore_index", -100):
        return None
    weight = call.argument(2, "weight")
    if isinstance(weight, Tensor) and 0 <= padding < len(weight) and float(weight[padding]) == 0:
        return None
    share = float(Y.eq(padding).float().mean())
    if share < PADDED_SHARE or not _inputs_are_padded(step, Y, padding):
        return None
    return Finding(
        f"{share:.0%} of the labels of the first batch are {padding}, which stands only at the "
        "ends of the rows, where the inputs are padded too, and the loss is the mean over all.",
        f"Leave padding out: `F.cross_entropy(Y_hat, Y, ignore_index={padding})`.",
        {"share": share, "padding": padding},
        "batch 1 of epoch 1",
    )


def _rows_of_labels(step: Step, call: Call) -> Tensor | None:
    """Return the labels as (batch, time), also if the loss receives them flattened."""
    y = call.argument(1, "target")
    for _ in range(3):
        if not isinstance(y, Tensor) or y.is_floating_point() or y.dtype is torch.bool:
            return None
        if y.ndim == 2:
            return y.detach() if len(y) >= MIN_ROWS and y.shape[1] >= 3 else None
        shaped = [c for c in step.calls if c.result is y and c.name in RESHAPES and c.args]
        if y.ndim != 1 or not shaped:
            return None
        y = shaped[-1].args[0]
    return None


RESHAPES = frozenset({"reshape", "view", "flatten", "ravel", "contiguous", "long", "to"})


def _padding_of(Y: Tensor) -> int | None:
    """Return the value that occurs only at the ends of rows, in runs of different lengths."""
    value = Y[:, -1].mode().values
    is_value = Y.eq(value)
    lengths = is_value.long().flip(1).cumprod(1).sum(1)
    is_tail_only = bool((is_value.sum(1) == lengths).all())
    is_full = bool((lengths == Y.shape[1]).any())
    if not is_tail_only or is_full or len(lengths.unique()) < 3:
        return None
    return int(value) if int((lengths >= 2).sum()) * 2 >= len(Y) else None


def _inputs_are_padded(step: Step, Y: Tensor, padding: int) -> bool:
    """Whether an integer input has padding like that of the labels."""
    parts = [*step.inputs, *(step.batch if isinstance(step.batch, (list, tuple)) else ())]
    for part in parts:
        if not isinstance(part, Tensor) or part.is_floating_point() or part.dtype is torch.bool:
            continue
        if part is Y or part.ndim != 2 or len(part) != len(Y) or part.shape[1] < 3:
            continue
        if part.shape == Y.shape and torch.equal(part, Y):
            continue
        if _padding_of(part) is not None:
            return True
    return False


CHECKS = (
    Check(
        kind="sorted-not-shuffled",
        when=When.STEPS,
        find=find_order,
        title="Training examples come sorted by class",
        why="Each batch then contains one class, and training on it makes the model forget the "
        "others.",
        threshold=(
            "Stored labels: each class is one run, the loader does not shuffle, and a batch holds "
            "half the classes at most. By hand: each class is one run of all labels seen, and "
            "batches of one class in a random order would come so in 1 of 1,000 cases."
        ),
        book="4.2 The image classification dataset",
        wrong="loader = DataLoader(data, 64)  # stored by class",
        right="loader = DataLoader(data, 64, shuffle=True)",
    ),
    Check(
        kind="class-imbalance",
        when=When.EPOCH,
        find=find_shares,
        title="One class is so frequent that the model predicts nothing else",
        why="The rare class hardly affects the mean loss, so always predicting the frequent one is "
        "nearly optimal.",
        threshold=(
            "One class has 10 times the examples of another one, the cross-entropy has no weights, "
            "and after the first epoch all examples of the newest batches, 3 rare ones or more "
            "among them, get the frequent class, while the loss is above "
            f"{LEARNS_MORE} of that of guessing by the shares."
        ),
        book="4.7 Environment and distribution shift",
        wrong="l = F.cross_entropy(y_hat, y)  # 95 % of y are 0",
        right="l = F.cross_entropy(y_hat, y, weight=torch.tensor([0.05, 0.95]))",
    ),
    Check(
        kind="padding-in-the-loss",
        when=When.FIRST_BACKWARD,
        find=find_padding,
        title="Padding counts in the loss",
        why="The model learns to predict padding, which is easy, and the loss is misleadingly low.",
        threshold=(
            "25 % or more of the labels have one value that stands only at the ends of rows, in "
            "runs of different lengths; a row of the inputs ends so too; and a mean cross-entropy "
            "reads them, without `ignore_index` and without a weight of 0."
        ),
        book="10.7 Sequence-to-sequence learning for machine translation",
        wrong="l = F.cross_entropy(Y_hat.reshape(-1, n), Y.reshape(-1))",
        right="l = F.cross_entropy(Y_hat.reshape(-1, n), Y.reshape(-1), ignore_index=pad)",
    ),
)
