"""Checks on the size of the steps, from their effect on weights and loss in an epoch."""

import math
from dataclasses import replace
from statistics import median
from typing import Any

from d2l.tutor.evidence import Check, Evidence, Finding, Step, When
from d2l.tutor.weights import with_gradient


def momentum_of_one(evidence: Evidence) -> Finding | None:
    """A momentum of 1 or more never discounts old gradients."""
    found = [g["momentum"] for g in evidence.groups if _is_over(g.get("momentum"), 1)]
    if not found:
        return None
    return Finding(
        f"The optimizer's momentum is {found[0]:g}.",
        "Give a share of the velocity that is kept, such as `momentum=0.9`.",
        {"momentum": float(found[0])},
    )


def betas_swapped(evidence: Evidence) -> Finding | None:
    """Adam's two betas are in the wrong order."""
    for group in evidence.groups:
        betas = group.get("betas")
        if not isinstance(betas, (tuple, list)) or len(betas) < 2:
            continue
        if all(isinstance(b, float) for b in betas) and betas[0] >= 0.99 and betas[1] <= 0.95:
            return Finding(
                f"The optimizer's betas are ({betas[0]:g}, {betas[1]:g}).",
                f"Give the smaller one first: `betas=({betas[1]:g}, {betas[0]:g})`.",
                {"beta1": betas[0], "beta2": betas[1]},
            )
    return None


def _is_over(value: Any, bound: float) -> bool:
    return isinstance(value, (int, float)) and value >= bound


NUMBER_CHECKS = (
    Check(
        "momentum-of-one", When.BEFORE, momentum_of_one, "A momentum of 1 or more",
        "Then no gradient is ever forgotten, and the steps grow without end.",
        "By the number: 1 or more. The book uses up to 0.99.",
        "12.6 Momentum",
        "torch.optim.SGD(params, lr=0.1, momentum=9)",
        "torch.optim.SGD(params, lr=0.1, momentum=0.9)",
    ),
    Check(
        "betas-swapped", When.BEFORE, betas_swapped, "Adam's betas are swapped",
        "The squares of the gradients need the longer memory, or single batches set the step size.",
        "By the numbers: the first is 0.99 or more and the second 0.95 or less. The book and its "
        "peers use (0.9, 0.999), (0.5, 0.999), (0.9, 0.95) and (0, 0.9).",
        "12.10 Adam",
        "torch.optim.Adam(params, betas=(0.999, 0.9))",
        "torch.optim.Adam(params, betas=(0.9, 0.999))",
    ),
)  # fmt: skip


EXPLODED = 5  # times the first loss; correct programs: at most 1.9 times it, two players 3.2 times
EXPLODED_OF_TWO = 50  # where two players learn in turn
LARGE_UPDATE = 1.0  # of all weights together, once the loss has risen
TINY_UPDATE = 5e-6  # of all weights together, the median; correct programs: 5e-4 and more
FELL = 0.95  # of the first loss, below which it falls
MUCH_SHRUNK = 0.3  # of the first norm of the weights
FAST_DECAY = 0.1  # learning rate times weight decay
TOO_SOON = 1e-3  # of the largest rate, after the first half of what was observed
MIN_STEPS = 8
HIGHEST_TOO_LOW = 1e-3  # a rate above it is not what makes updates tiny: clipping may be
MIN_PASSES = 30


def too_high(evidence: Evidence) -> Finding | None:
    """The loss rose far above its first value, in steps as large as the weights."""
    steps = [s for s in evidence.steps if math.isfinite(s.loss_value)]
    if len(evidence.steps) < 3 or not steps or steps[0].index > 0:
        return None
    first, highest = steps[0].loss_value, max(steps, key=lambda step: step.loss_value)
    largest = max(_update(step) for step in evidence.steps)
    factor = EXPLODED_OF_TWO if _learn_in_turn(evidence) else EXPLODED
    if first <= 0 or highest.loss_value < factor * first or largest < LARGE_UPDATE:
        return None
    values = [step.loss_value for step in steps[-max(2, len(steps) // 4) :]]
    if median(values) < first and math.isfinite(evidence.step.loss_value):
        return None
    lr = _rate(evidence.steps[0])
    after = highest.index
    return Finding(
        f"The loss rose from {first:.3g} to {highest.loss_value:.3g} in {after} steps, one of "
        f"which changed the weights by {_times(largest)}.",
        f"Try a smaller lr than {lr:.3g}, e.g. `lr={_smaller(evidence, lr):.3g}`." if lr else
        "Try a tenth of the learning rate.",
        {"first loss": first, "highest loss": highest.loss_value, "largest update": largest,
         "lr": lr},
        f"step {after + 1}",
    )  # fmt: skip


def exploding(evidence: Evidence) -> Finding | None:
    """The same check in the first steps, while the loss is still rising."""
    steps = evidence.steps
    if len(steps) < 4:
        return None
    before, last = steps[-2].loss_value, steps[-1].loss_value
    if not (EXPLODED_OF_TWO * max(steps[0].loss_value, 1e-9) < before <= last):
        return None
    return too_high(evidence)


def too_low(evidence: Evidence) -> Finding | None:
    """All steps were tiny and the loss did not fall, despite nonzero gradients."""
    steps = [step for step in evidence.steps if step.updates]
    if len(steps) < MIN_STEPS or evidence.step.index < MIN_PASSES - 1:
        return None
    has_fallen = _falls(evidence, to=0.5)  # by chance it may fall by some percent
    updates = [_update(step) for step in steps]
    made = [update for update in updates if update > 0]
    if has_fallen or len(made) < MIN_STEPS or max(made) > TINY_UPDATE:
        return None
    rates = [_rate(step) for step in steps]
    is_on_purpose = bool(steps[-1].rates) and not rates[-1]
    is_another = rates[-1] > HIGHEST_TOO_LOW or _is_warming_up(evidence)
    if min(rates) != max(rates) or is_on_purpose or is_another:
        return None
    if _gradient(steps[-1]) <= 1e-4 * _norm(steps[-1]):
        return None  # the gradients are small, not the rate
    lr, expected = rates[-1], median(made)
    return Finding(
        f"A step changes the weights by {expected:.1g} of their size, and the loss is where it "
        f"began: {steps[0].loss_value:.3g}.",
        "Try a learning rate of 0.01 to 0.1, with Adam 0.001"
        + (f", instead of `lr={lr:.3g}`." if lr else "."),
        {"update": expected, "lr": lr},
    )


def _smaller(evidence: Evidence, lr: float) -> float:
    """Return a tenth of a rate, for Adam and similar optimizers at most 0.001."""
    is_adaptive = any("betas" in group for group in evidence.groups)
    return min(lr / 10, 1e-3) if is_adaptive else lr / 10


def _is_warming_up(evidence: Evidence) -> bool:
    """Whether a schedule has reduced the learning rate below its initial value."""
    return any(g.get("initial_lr", 0) > 3 * g.get("lr", 0) for g in evidence.groups)


def too_much_decay(evidence: Evidence) -> Finding | None:
    """Weight decay has shrunk the weights, and the loss does not fall."""
    steps = evidence.steps
    if len(steps) < MIN_STEPS or evidence.step.index < MIN_PASSES - 1 or _falls(evidence):
        return None
    found = max(
        (
            (float(group["weight_decay"]), float(group["lr"]))
            for group in evidence.groups
            if group.get("weight_decay") and group.get("lr")
        ),
        default=(0.0, 0.0),
    )
    decay, lr = found
    first, last = _norm(steps[0]), _norm(steps[-1])
    if decay * lr < FAST_DECAY or not 0 <= last < MUCH_SHRUNK * first:
        return None
    return Finding(
        f"With weight_decay={decay:g} and lr={lr:g} the weights shrank from {first:.3g} to "
        f"{last:.3g}, and the loss is {steps[-1].loss_value:.3g}.",
        "Try `weight_decay=1e-4`, or 1e-2 with AdamW.",
        {"weight_decay": decay, "lr": lr, "first norm": first, "last norm": last},
    )


def schedule_too_fast(evidence: Evidence) -> Finding | None:
    """The learning rate decayed to zero within half of the first epoch."""
    steps = evidence.steps
    rates = [_rate(step) for step in steps]
    last = evidence.step.index
    if len(steps) < MIN_STEPS or last < MIN_PASSES - 1 or max(rates) <= 0:
        return None
    late = [rate for rate, step in zip(rates, steps, strict=True) if step.index >= last / 2]
    early = [rate for rate, step in zip(rates, steps, strict=True) if step.index < last / 2]
    if not late or not early or max(late) > TOO_SOON * max(early):
        return None
    values = [step.loss_value for step in steps if step.index >= last / 2]
    if len(values) < 3 or min(values) < 0.5 * steps[0].loss_value:
        return None
    return Finding(
        f"The learning rate fell from {max(early):.3g} to {_rate(steps[-1]):.2g} within the first "
        f"epoch, and the loss stays near {median(values):.3g}.",
        "Call `scheduler.step()` once an epoch, after the loop over the batches, or let the "
        "schedule last for all of them.",
        {"largest rate": max(early), "last rate": _rate(steps[-1])},
    )


def _update(step: Step) -> float:
    """Return the relative change of all weights together in a step."""
    norms = step.norms
    finite = [(u * norms.get(n, 0.0)) ** 2 for n, u in step.updates.items() if math.isfinite(u)]
    size = _norm(step)
    change = math.sqrt(math.fsum(finite)) if all(map(math.isfinite, finite)) else math.inf
    return change / size if size > 0 and math.isfinite(size) else 0.0


def _norm(step: Step) -> float:
    squares = math.fsum(
        min(norm, 1e100) ** 2 for norm in step.norms.values() if not math.isnan(norm)
    )
    return math.sqrt(squares)


def _gradient(step: Step) -> float:
    return math.sqrt(math.fsum(step.gradient_norms[n] ** 2 for n in with_gradient(step)))  # type: ignore[operator]


def _learn_in_turn(evidence: Evidence) -> bool:
    """Whether a tensor with a gradient changes in one step and not in another."""
    waiting: set[str] = set()
    moving: set[str] = set()
    for step in evidence.steps:
        has_moved = {name for name, update in step.updates.items() if update}
        moving |= has_moved
        waiting |= with_gradient(step) - has_moved if step.updates else set()
    return bool(waiting & moving)


def _rate(step: Step) -> float:
    return max(step.rates, default=0.0)


def _times(update: float) -> str:
    return f"{update:.2g} times their size" if math.isfinite(update) else "more than their size"


def _falls(evidence: Evidence, to: float = FELL) -> bool:
    """Whether the loss is below a share of the first one, in the mean of a few steps."""
    values = [step.loss_value for step in evidence.steps if math.isfinite(step.loss_value)]
    if len(values) < MIN_STEPS:
        return True
    num = max(4, len(values) // 4)
    first, last = sum(values[:num]) / num, sum(values[-num:]) / num
    return last < first - (1 - to) * abs(first)


def _check(kind: str, when: When, look: Any, title: str, why: str, threshold: str,
           book: str, wrong: str, right: str) -> Check:  # fmt: skip
    return Check(kind, when, look, title, why, threshold, book, wrong, right, symptom=True)


TOO_HIGH = _check(
    "lr-too-high", When.EPOCH, too_high, "The learning rate is too high",
    "Steps that overshoot raise the loss, and the next ones are larger still.",
    f"The highest loss is {EXPLODED} times the first one or more ({EXPLODED_OF_TWO} where tensors "
    f"learn in turn), a step changed all weights together by {LARGE_UPDATE:g} of their size or "
    "more, and the last losses are not below the first. Correct programs: at most 1.9 times the "
    "first loss, 3.2 times with two players; wrong ones: 20,000 times and more. Said only where no "
    "other cause was found.",
    "12.4 Stochastic gradient descent",
    "Trainer.fit(MLP(lr=20), data)", "Trainer.fit(MLP(lr=0.1), data)",
)  # fmt: skip
CHECKS = (
    _check(
        "plateau-weight-decay", When.EPOCH, too_much_decay, "Weight decay holds the weights at 0",
        "The decay pulls each weight to 0 faster than the gradients push it away.",
        f"Learning rate times weight decay is {FAST_DECAY} or more, the weights have shrunk to "
        f"{MUCH_SHRUNK} of their norm or less, and the loss has not fallen by 5 %. In 3.7 the "
        "product is 0.03 and the loss falls; in correct programs of the corpus norms grow.",
        "3.7 Weight decay",
        "torch.optim.SGD(params, lr=0.1, weight_decay=3)",
        "torch.optim.SGD(params, lr=0.1, weight_decay=1e-3)",
    ),
    _check(
        "plateau-schedule", When.EPOCH, schedule_too_fast, "The learning rate fell too soon",
        "Steps with no learning rate change nothing, however long training lasts.",
        f"In the whole second half of what was observed, of {MIN_PASSES} batches or more, the "
        f"rate is at most {TOO_SOON:g} of the largest one before, and the loss is not below half "
        "of the first. Warm-up, cosine and one cycle over a run have a tenth or more there.",
        "12.11 Learning rate scheduling",
        "for X, y in train_iter:\n    ...\n    optimizer.step()\n    scheduler.step()",
        "for X, y in train_iter:\n    ...\n    optimizer.step()\nscheduler.step()",
    ),
    TOO_HIGH,
    replace(TOO_HIGH, when=When.NOT_FINITE),
    replace(TOO_HIGH, when=When.STEPS, find=exploding),
    _check(
        "lr-too-low", When.EPOCH, too_low, "The learning rate is too low",
        "At this pace the weights need millions of steps to get anywhere.",
        f"Every observed step that was made changed all weights together by {TINY_UPDATE:g} of "
        "their size or less, the rate is constant and gradients are not small, and the loss has "
        "not halved. Correct programs: 5e-4 and more; wrong ones: 1e-6 and less.",
        "12.4 Stochastic gradient descent",
        "Trainer.fit(MLP(lr=1e-6), data)", "Trainer.fit(MLP(lr=0.1), data)",
    ),
)  # fmt: skip
