"""Reads the graph of a loss: which functions it is made of, and with which sign."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

MOST_NODES = 20_000  # that are walked through
PASSED = frozenset(  # functions that keep the sign of what they are given
    {"MeanBackward0", "MeanBackward1", "SumBackward0", "SumBackward1", "ViewBackward0"}
    | {"SqueezeBackward0", "SqueezeBackward1", "IndexBackward0", "GatherBackward0"}
    | {"UnsqueezeBackward0", "ReshapeAliasBackward0", "SelectBackward0", "DiagonalBackward0"}
    | {"CloneBackward0", "DiagonalBackward", "ToCopyBackward0"}
)


def nodes(loss: Tensor) -> Iterator[Any]:
    """Every node of the graph of a loss, the last function first."""
    waiting: list[Any] = [loss.grad_fn]
    seen: set[Any] = set()
    while waiting and len(seen) < MOST_NODES:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        yield node
        waiting += [child for child, _ in node.next_functions]


def leaves_of(loss: Tensor) -> dict[int, Tensor]:
    """The leaf tensors that a loss depends on, by id."""
    if loss.grad_fn is None:
        return {id(loss): loss} if loss.requires_grad else {}
    ends = (node.variable for node in nodes(loss) if hasattr(node, "variable"))
    return {id(leaf): leaf for leaf in ends}


def signed_end(loss: Tensor) -> tuple[str, int, Any] | None:
    """The first function under a loss that is not a mean, a sum, a choice or a minus.

    Its name, 1 or -1 by the number of minus signs on the way, and its node.
    """
    node, sign = loss.grad_fn, 1
    while node is not None:
        name = node.name()
        if name == "NegBackward0":
            sign = -sign
        elif name not in PASSED:
            return name, sign, node
        node = node.next_functions[0][0] if node.next_functions else None
    return None


def summed_examples(loss: Tensor) -> int | None:
    """How many examples a loss sums over without dividing, if its last function is such a sum."""
    node = loss.grad_fn
    while node is not None and node.name() in ("NegBackward0", "ToCopyBackward0", "ViewBackward0"):
        node = node.next_functions[0][0]
    if node is None or node.name() != "SumBackward0":
        return None
    sizes = getattr(node, "_saved_self_sym_sizes", None)
    return int(sizes[0]) if sizes else None


def saved(node: Any, name: str) -> Tensor | None:
    """A tensor that a node keeps for its backward pass, or None once it was let go."""
    try:
        value = getattr(node, name, None)
    except RuntimeError:
        return None
    return value if isinstance(value, torch.Tensor) else None
