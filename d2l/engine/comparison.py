"""Does one step both ways, replayed and eager, from the same state, and compares what came of it.

A tensor that each step replaces by a new one, such as the weights that attention keeps to be looked
at, is compared with its successor: where the step reads it, it differs.

The eager step is the one that counts. Results that are not the same to the last bit may be those of
a kernel that adds up in any order, so a second replay tells how much the first may be off.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from d2l.base.seed import generator_states, set_generator_states

# Of the greatest change of a tensor in the step. The smallest error that a step of the tests makes
# is a factor that falls by a hundredth at each step; one by a thousandth would be found as well.
RELATIVE_TOLERANCE = 1e-4
TIMES_NOISE = 10
TIMES_ROUNDING = 4  # a weight and its update are rounded once in either way

Tensors = dict[str, Tensor]


def difference(
    replay: Callable[[], None],
    step: Callable[[], None],
    tensors: Callable[[], Tensors],
    outputs: Tensors,
    gradients: Callable[[], Sequence[Tensor]],
) -> str | None:
    """Do `step`, after a `replay` from the same state; the name of a tensor that they disagree on.

    `tensors` are compared; of those that each step replaces, `outputs` has the ones that a replay
    writes. `gradients` are only put back.
    """
    own = {name: outputs.get(name, tensor) for name, tensor in tensors().items()}
    unchecked = {f"gradient {i}": grad for i, grad in enumerate(gradients())}
    before = SavedState({**own, **unchecked})
    replay()
    replayed = values_of(own)
    before.restore()
    step()
    now = tensors()
    lost = [n for n, t in own.items() if not _is_kept(now.get(n), t, is_output=n in outputs)]
    if lost:
        return lost[0]
    after = {name: now[name] for name in own}
    names = unequal_names(replayed, after)
    if not names:
        return None
    eager = SavedState({**after, **unchecked})
    before.restore()
    replay()
    again = values_of(own)
    eager.restore()
    for name in outputs.keys() & own.keys():
        before.values[name].zero_()  # a new tensor has not changed by its value: it is that
    found = (before.values, replayed, again, eager.values)
    return next((n for n in names if _is_off(*(values[n] for values in found))), None)


class SavedState:
    """The values of tensors and the state of every random generator, to be put back."""

    def __init__(self, tensors: Tensors) -> None:
        self._tensors, self.values = tensors, values_of(tensors)
        self._random = generator_states()

    def restore(self) -> None:
        """Give the tensors these values again, and the generators their state."""
        with torch.no_grad():
            for name, tensor in self._tensors.items():
                tensor.detach().copy_(self.values[name])
        set_generator_states(self._random)


def values_of(tensors: Tensors) -> Tensors:
    """Copies of the tensors."""
    return {name: tensor.detach().clone() for name, tensor in tensors.items()}


def unequal_names(values: Tensors, tensors: Tensors) -> list[str]:
    """The names whose tensors have other values than these; waits for the device, once."""
    unequal = [_is_unequal(value, tensors[name]) for name, value in values.items()]
    flags = torch.stack(unequal).tolist() if unequal else []
    return [name for name, flag in zip(values, flags, strict=True) if flag]


def _is_kept(tensor: Tensor | None, other: Tensor, is_output: bool) -> bool:
    """Whether it is the same tensor, or where each step replaces it, one of the same kind."""
    if tensor is None or not is_output:
        return tensor is other
    return (tensor.shape, tensor.dtype) == (other.shape, other.dtype)


def _is_unequal(a: Tensor, b: Tensor) -> Tensor:
    b = b.detach()
    return ((a != b) & ~(a.isnan() & b.isnan())).any()


def _is_off(before: Tensor, replayed: Tensor, again: Tensor, eager: Tensor) -> bool:
    """Whether the two ways differ by more than rounding and what a second replay differs by."""
    if not before.is_floating_point() and not before.is_complex():
        return True
    eps = torch.finfo(before.dtype).eps
    wide = torch.complex128 if before.is_complex() else torch.float64
    b, r, a, e = (value.to("cpu", wide) for value in (before, replayed, again, eager))
    rounding, noise = TIMES_ROUNDING * eps * b.abs().max(), TIMES_NOISE * (a - r).abs().max()
    limit = RELATIVE_TOLERANCE * (r - b).abs().max() + rounding + noise
    return not bool((e - r).abs().max() <= limit)
