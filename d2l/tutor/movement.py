"""Which of a program's tensors have moved in the observed steps, and who holds the others."""

import gc
import math
from collections.abc import Iterable

import torch
from torch import Tensor

from d2l.tutor.evidence import Evidence, Step

NUM_STEPS = 4  # at the beginning and at the end, whose updates are read


def moved(evidence: Evidence) -> set[str]:
    """The names of the tensors that have changed in the observed steps, or between them."""
    steps = evidence.steps
    names: set[str] = set()
    for step in (*steps[:NUM_STEPS], *steps[-NUM_STEPS:]):
        names |= {name for name, update in step.updates.items() if update != 0}
    if not steps:
        return names
    first, last = steps[0].norms, steps[-1].norms
    return names | {n for n, norm in last.items() if n in first and first[n] != norm}


def with_gradient(step: Step) -> set[str]:
    """The names of the tensors that have a gradient that is not zero."""
    norms = step.gradient_norms.items()
    return {name for name, norm in norms if norm is not None and norm > 0 and math.isfinite(norm)}


def still(evidence: Evidence) -> set[str]:
    """The names of the tensors with a gradient that have not moved so far."""
    step = evidence.step
    waiting = {name for name in with_gradient(step) if not step.updates.get(name)}
    return waiting - moved(evidence) if waiting else waiting


def is_still_on_purpose(evidence: Evidence) -> bool:
    """Whether every learning rate has been 0 so far."""
    rates = [rate for step in evidence.steps for rate in step.rates]
    return bool(rates) and not any(rates)


def has_stranger(evidence: Evidence) -> bool:
    """Whether the newest loss depends on tensors that are neither the model's nor optimized."""
    names = evidence.names
    return any(id(leaf) not in names for leaf in evidence.step.leaves.values())


def are_held_elsewhere(tensors: Iterable[Tensor], optimizer: object) -> bool:
    """Whether another optimizer of PyTorch holds one of these tensors; takes about 50 ms."""
    wanted = {id(tensor) for tensor in tensors}
    for thing in gc.get_objects():
        if thing is optimizer or not issubclass(type(thing), torch.optim.Optimizer):
            continue
        groups = vars(thing).get("param_groups", ())
        if any(id(p) in wanted for group in groups for p in group["params"]):
            return True
    return False


def quoted(names: Iterable[str], most: int = 3) -> str:
    """Names in backquotes; of many, the first few."""
    found = list(names)
    words = ", ".join(f"`{name}`" for name in found[:most])
    return words + (f" and {len(found) - most} more" if len(found) > most else "")
