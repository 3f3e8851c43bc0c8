"""Gradient accumulation and clipping, and the detection of the book's own training loop."""

import dis
import inspect
from collections.abc import Sequence
from contextlib import nullcontext
from types import CodeType
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from d2l.core.training import parallel_run
from d2l.core.unregistered import trainable_tensors
from d2l.scale.sharded_checkpoint import full_state

if TYPE_CHECKING:
    from d2l.core.trainer import Trainer
    from d2l.core.training.run import Run

NOT_COMPARED = {"RESUME", "NOP", "CACHE", "EXTENDED_ARG", "PRECALL", "PUSH_NULL"}
SAME = {"LOAD_METHOD": "LOAD_ATTR"}  # Python picks one by where the module was imported


def is_book_loop(function: Any) -> bool:
    """Whether this `fit_epoch` has the same bytecode as the book's (3.4).

    Comments, line breaks and the names of local variables are ignored.
    """
    code = getattr(function, "__code__", None)
    if code is None or function.__globals__.get("torch") is not torch:
        return False
    return _instructions(code) == _instructions(inspect.unwrap(_fit_epoch).__code__)


def _instructions(code: CodeType) -> list[tuple[str, Any]]:
    """The instructions of a function, local variables numbered in order of first use."""
    numbers: dict[str, int] = {}
    found: list[tuple[str, Any]] = []
    for instruction in dis.get_instructions(code):
        if instruction.opname in NOT_COMPARED:
            continue
        value = instruction.argval
        if instruction.opcode in dis.haslocal:
            names = value if isinstance(value, tuple) else (value,)
            value = tuple(numbers.setdefault(name, len(numbers)) for name in names)
        elif instruction.opcode in {*dis.hasjrel, *dis.hasjabs}:
            value = None
        found.append((SAME.get(instruction.opname, instruction.opname), value))
    return found


def _fit_epoch(self: Any) -> None:
    self.model.train()
    for batch in self.train_dataloader:
        l = self.model.training_step(self.prepare_batch(batch))
        self.optim.zero_grad()
        with torch.no_grad():
            l.backward()
            if self.gradient_clip_val > 0:
                self.clip_gradients(self.gradient_clip_val, self.model)
            self.optim.step()
        self.train_batch_idx += 1
    if self.val_dataloader is None:
        return
    self.model.eval()
    for batch in self.val_dataloader:
        with torch.no_grad():
            self.model.validation_step(self.prepare_batch(batch))
        self.val_batch_idx += 1


def scale_to_norm(grads: Sequence[Tensor], max_norm: float) -> None:
    """Scale the gradients in place so that their total norm is at most `max_norm`."""
    if not grads:
        return
    norms = torch.stack([torch.linalg.vector_norm(grad) for grad in grads])
    factor = torch.clamp(max_norm / full_state(torch.linalg.vector_norm(norms)), max=1.0)
    for grad in grads:
        grad.mul_(factor)


def accumulate_gradients(trainer: "Trainer", run: "Run", batch: Any) -> None:
    """Process one of `accumulate` batches, and update as one large batch would after the last.

    Each example counts equally; the last update of an epoch may have fewer batches.
    """
    done, accumulate = run.position.batch, run.config.accumulate
    is_first = done % accumulate == 0
    is_last = (done + 1) % accumulate == 0 or done + 1 == run.num_train_batches
    with nullcontext() if is_last else parallel_run.no_sync(run.model):
        loss = run.model.training_step(batch)
        run.check_step(loss)
        if is_first:
            trainer.optim.zero_grad()
            run.num_accumulated = 0
        (loss * run.num_global).backward()
    run.num_accumulated += run.num_global
    if not is_last:
        return
    with torch.no_grad():
        for tensor in trainable_tensors(run.model):
            if tensor.grad is not None:
                tensor.grad.div_(run.num_accumulated)
        if trainer.gradient_clip_val > 0:
            trainer.clip_gradients(trainer.gradient_clip_val, trainer.model)
        trainer.optim.step()
