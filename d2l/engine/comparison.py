"""Does one step both ways, replayed and eager, from the same state, and compares what came of it.

A tensor that the step replaces by a new one, such as the weights that attention keeps to be looked
at, is compared with its successor: where the step reads it, it differs.

The eager step is the one that counts. Results that are not the same to the last bit may be those of
a kernel that adds up in any order, so a second replay tells how much the first may be off.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

RELATIVE_TOLERANCE = 1e-4  # of the greatest change of a tensor in the step
TIMES_NOISE = 10
TIMES_ROUNDING = 4

Tensors = dict[str, Tensor]


def difference(
    replay: Callable[[], None],
    step: Callable[[], None],
    tensors: Callable[[], Tensors],
    outputs: Tensors,
    gradients: Callable[[], Sequence[Tensor]],
    device: torch.device,
) -> str | None:
    """Do `step`, after a `replay` from the same state; the name of a tensor that they disagree on.

    `tensors` are compared; of those that each step makes anew, `outputs` has the ones that a replay
    writes. `gradients` are only put back.
    """
    own = {name: outputs.get(name, tensor) for name, tensor in tensors().items()}
    unchecked = {f"gradient {i}": grad for i, grad in enumerate(gradients())}
    before, gradients_before = Copy(own, device), Copy(unchecked, device)
    replay()
    replayed = Copy(own, device)
    gradients_before.restore()
    before.restore()
    step()
    now = tensors()
    lost = [n for n, t in own.items() if not _is_kept(now.get(n), t, is_output=n in outputs)]
    if lost:
        return lost[0]
    after = {name: now[name] for name in own}
    names = replayed.unequal_names(after)
    if not names:
        return None
    eager, gradients_after = Copy(after, device), Copy(unchecked, device)
    before.restore()
    replay()
    again = Copy(own, device)
    gradients_after.restore()
    eager.restore()
    for name in outputs.keys() & before.values.keys():
        before.values[name].zero_()  # a new tensor has not changed by its value: it is that
    return next((n for n in names if _is_off(n, before, replayed, again, eager)), None)


class Copy:
    """The values of tensors, and the state of the random numbers of their device."""

    def __init__(self, tensors: Tensors, device: torch.device) -> None:
        self.tensors, self._device = tensors, device
        self.values = {name: tensor.detach().clone() for name, tensor in tensors.items()}
        self._random = _random_state(device)

    def restore(self) -> None:
        """Give the tensors these values again."""
        with torch.no_grad():
            for name, tensor in self.tensors.items():
                tensor.detach().copy_(self.values[name])
        _set_random_state(self._device, self._random)

    def unequal_names(self, tensors: Tensors) -> list[str]:
        """The names whose tensors have other values than these; waits for the device, once."""
        unequal = [_is_unequal(value, tensors[n]) for n, value in self.values.items()]
        flags = torch.stack(unequal).tolist() if unequal else []
        return [name for name, flag in zip(self.values, flags, strict=True) if flag]


def _is_kept(tensor: Tensor | None, other: Tensor, is_output: bool) -> bool:
    """Whether it is the same tensor, or where each step makes it anew, one of the same kind."""
    if tensor is None or not is_output:
        return tensor is other
    return (tensor.shape, tensor.dtype) == (other.shape, other.dtype)


def _is_unequal(a: Tensor, b: Tensor) -> Tensor:
    b = b.detach()
    return ((a != b) & ~(a.isnan() & b.isnan())).any()


def _is_off(name: str, before: Copy, replayed: Copy, again: Copy, eager: Copy) -> bool:
    """Whether the two ways differ by more than rounding and what a second replay differs by."""
    b, r, a, e = (copy.values[name] for copy in (before, replayed, again, eager))
    if not r.is_floating_point() and not r.is_complex():
        return True
    wide = torch.complex128 if r.is_complex() else torch.float64
    b, r, a, e = (value.to("cpu", wide) for value in (b, r, a, e))
    rounding = TIMES_ROUNDING * torch.finfo(before.values[name].dtype).eps * b.abs().max()
    noise = TIMES_NOISE * (a - r).abs().max()
    limit = RELATIVE_TOLERANCE * (r - b).abs().max() + rounding + noise
    return not bool((e - r).abs().max() <= limit)


def _random_state(device: torch.device) -> Tensor:
    return torch.cuda.get_rng_state(device) if device.type == "cuda" else torch.get_rng_state()


def _set_random_state(device: torch.device, state: Tensor) -> None:
    if device.type == "cuda":
        torch.cuda.set_rng_state(state, device)
    else:
        torch.set_rng_state(state)
