"""Checks on numbers of an optimizer that cannot be meant."""

from typing import Any

from d2l.tutor.check import Check, Finding, When
from d2l.tutor.evidence import Evidence


def momentum_of_one(evidence: Evidence) -> Finding | None:
    """A momentum of 1 or more never forgets a gradient."""
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


CHECKS = (
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
