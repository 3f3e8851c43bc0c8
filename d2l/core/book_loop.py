"""Recognises the book's own training loop, which many type in, so that it is replayed too."""

import dis
import inspect
from types import CodeType
from typing import Any

import torch

NOT_COMPARED = {"RESUME", "NOP", "CACHE", "EXTENDED_ARG", "PRECALL", "PUSH_NULL"}
SAME = {"LOAD_METHOD": "LOAD_ATTR"}  # which depends on where the module was imported


def is_book_loop(function: Any) -> bool:
    """Whether this `fit_epoch` does step for step what the book's does (3.4), whatever its names.

    Comments, line breaks and the names of local variables do not count; any other difference does.
    """
    code = getattr(function, "__code__", None)
    if code is None or function.__globals__.get("torch") is not torch:
        return False
    return _instructions(code) == _instructions(inspect.unwrap(_fit_epoch).__code__)


def _instructions(code: CodeType) -> list[tuple[str, Any]]:
    """The instructions of a function; local variables by the order in which they appear."""
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
