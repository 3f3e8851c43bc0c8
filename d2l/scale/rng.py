"""Random numbers in a run of several processes.

Shared ones, for the order of the examples: every rank draws what a single process would draw.
Others, such as dropout: each rank draws its own.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from d2l.base.seed import GeneratorStates, generator_states, seed_all, set_generator_states
from d2l.scale.process_group import ProcessGroup


class SharedRandomState:
    """A state of the generators of Python, NumPy and PyTorch that is the same on all ranks.

    It includes the generators that loaders have of their own. In a single process it is the state
    of the generators themselves.
    """

    def __init__(self, group: ProcessGroup) -> None:
        self._group = group
        self._shared: GeneratorStates | None = None
        self._of_loaders: list[torch.Generator] = []

    def track_loader(self, loader: Any) -> None:
        """Include the generators from which this loader draws its order."""
        for owner in (loader, getattr(loader, "sampler", None)):
            generator = getattr(owner, "generator", None)
            if isinstance(generator, torch.Generator) and generator not in self._of_loaders:
                self._of_loaders.append(generator)

    def begin(self) -> None:
        """Share the state of rank 0, and seed each rank's own generators from it."""
        if self._group.size > 1:
            self._shared = self._group.broadcast_result(generator_states)
            self.seed_rank()

    def seed_rank(self) -> None:
        """Seed this rank's own generators; the seed follows from the shared state and the rank."""
        if self._shared is None:
            return
        rank = self._group.rank
        text = self._shared["torch"].numpy().tobytes() + bytes([rank % 256, rank // 256])
        seed_all(int.from_bytes(hashlib.sha256(text).digest()[:4]))

    @property
    def states(self) -> GeneratorStates:
        """The shared state, as a checkpoint holds it."""
        common = generator_states() if self._shared is None else self._shared
        return {**common, "loaders": [generator.get_state() for generator in self._of_loaders]}

    @states.setter
    def states(self, states: GeneratorStates) -> None:
        for generator, state in zip(self._of_loaders, states.get("loaders", ()), strict=False):
            generator.set_state(state)
        if self._shared is None:
            set_generator_states(states)
        else:
            self._shared = states

    @contextmanager
    def synchronized(self) -> Iterator[None]:
        """Within this context, all ranks draw the same random numbers."""
        if self._group.size == 1:
            yield
            return
        if self._shared is None:
            self._shared = self._group.broadcast_result(generator_states)
        own = generator_states()
        set_generator_states(self._shared)
        try:
            yield
        finally:
            self._shared = generator_states()
            set_generator_states(own)
