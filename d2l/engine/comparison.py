"""Does one step both ways, replayed and eager, from the same state, and compares what came of it.

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
    gradients: Callable[[], Sequence[Tensor]],
    device: torch.device,
) -> str | None:
    """Do `step`, after a `replay` from the same state; the name of a tensor that they disagree on.

    `tensors` are compared; `gradients`, which most steps make anew, are only put back.
    """
    own, unchecked = tensors(), {f"gradient {i}": grad for i, grad in enumerate(gradients())}
    before, gradients_before = Copy(own, device), Copy(unchecked, device)
    replay()
    replayed = Copy(own, device)
    gradients_before.restore()
    before.restore()
    step()
    after = tensors()
    replaced = [name for name, tensor in own.items() if after.get(name) is not tensor]
    if replaced:
        return replaced[0]
    names = replayed.unequal_names()
    if not names:
        return None
    eager, gradients_after = Copy(own, device), Copy(unchecked, device)
    before.restore()
    replay()
    again = Copy(own, device)
    gradients_after.restore()
    eager.restore()
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

    def unequal_names(self) -> list[str]:
        """The tensors that have other values now; waits for the device, once."""
        unequal = [_is_unequal(value, self.tensors[n]) for n, value in self.values.items()]
        flags = torch.stack(unequal).tolist() if unequal else []
        return [name for name, flag in zip(self.values, flags, strict=True) if flag]


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
