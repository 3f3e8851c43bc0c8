"""A captured graph on the CPU: the operations of a step, called again without running Python.

As during the capture of a CUDA graph, nothing is done while the work is recorded, Python values are
baked in, and whatever would wait for the device is refused.
"""

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

REFUSED = {"_local_scalar_dense", "is_nonzero", "equal", "nonzero", "masked_select"}
CHANGES_ITS_STATISTICS = {"native_batch_norm"}  # without saying so in its schema


class RecordedOps:
    """Records what `work` asks of the device, undoes it, and does it again on each `replay`."""

    def __init__(self, work, device):
        self._calls = []
        random, recording = torch.get_rng_state(), _Recording(self._calls)
        try:
            with recording:
                work()
        finally:
            recording.undo()
            torch.set_rng_state(random)

    def replay(self):
        """Call the recorded operations on the same memory."""
        with torch.no_grad():
            for func, args, kwargs, outputs in self._calls:
                again = tensors_in(func(*args, **kwargs))
                for output, new in zip(outputs, again, strict=True):
                    if output.data_ptr() != new.data_ptr():
                        output.copy_(new)


class _Recording(TorchDispatchMode):
    def __init__(self, calls):
        super().__init__()
        self._calls, self._before, self._made = calls, {}, set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func.overloadpacket.__name__ in REFUSED:
            raise RuntimeError("operation not permitted when stream is capturing")
        for tensor in _written(func, args, kwargs):
            place = tensor.untyped_storage().data_ptr()
            if place not in self._made:
                self._before.setdefault(id(tensor), (tensor, tensor.clone()))
        result = func(*args, **kwargs)
        outputs = [tensor.detach() for tensor in tensors_in(result)]
        inputs = {t.untyped_storage().data_ptr() for t in tensors_in((args, kwargs))}
        self._made |= {t.untyped_storage().data_ptr() for t in outputs} - inputs
        self._calls.append((func, _detached(args), _detached(kwargs), outputs))
        return result

    def undo(self):
        """Give what was written to its values from before; the first copy of each counts."""
        with torch.no_grad():
            for tensor, value in reversed(self._before.values()):
                tensor.copy_(value)


def tensors_in(value):
    """The tensors in nested lists, tuples and dicts."""
    return [leaf for leaf in tree_flatten(value)[0] if isinstance(leaf, torch.Tensor)]


def _detached(value):
    return tree_map(lambda v: v.detach() if isinstance(v, torch.Tensor) else v, value)


def _written(func, args, kwargs):
    schema = func._schema.arguments
    named = [*zip(schema, args, strict=False), *((a, kwargs.get(a.name)) for a in schema)]
    is_silent = func.overloadpacket.__name__ in CHANGES_ITS_STATISTICS
    for argument, value in named:
        changes = argument.alias_info is not None and argument.alias_info.is_write
        if changes or (is_silent and argument.name.startswith("running")):
            yield from tensors_in(value)
