"""Random numbers in a run of many processes: those all draw alike, and those each draws alone.

The order of the examples is drawn alike, with what one process alone would draw. Dropout and the
like are drawn by each process for itself.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from d2l.base.seed import GeneratorStates, generator_states, seed_all, set_generator_states
from d2l.scale.world import World


class SharedGenerators:
    """The generators of Python, NumPy and PyTorch in a state that all processes have in common.

    Those that a loader has of its own are noted and put back with them.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._shared: GeneratorStates | None = None
        self._of_loaders: list[torch.Generator] = []

    def follow(self, loader: Any) -> None:
        """Count the generators that this loader draws its order from among those of the run."""
        for owner in (loader, getattr(loader, "sampler", None)):
            generator = getattr(owner, "generator", None)
            if isinstance(generator, torch.Generator) and generator not in self._of_loaders:
                self._of_loaders.append(generator)

    def begin(self) -> None:
        """From here on the first process's numbers are everybody's, and each has its own as well.

        In one process there is one set of generators, and nothing changes.
        """
        if self._world.size == 1:
            return
        self._shared = self._world.from_main(generator_states)
        self.seed_own()

    def seed_own(self) -> None:
        """Give this process a seed of its own that follows from what all have in common."""
        if self._shared is not None:
            seed_all(_own_seed(self._shared, self._world.rank))

    @property
    def states(self) -> GeneratorStates:
        """The states from which the processes draw alike."""
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
    def drawn_alike(self) -> Iterator[None]:
        """Inside, random numbers are those that every process draws, begun or not."""
        if self._world.size == 1:
            yield
            return
        if self._shared is None:
            self._shared = self._world.from_main(generator_states)
        own = generator_states()
        set_generator_states(self._shared)
        try:
            yield
        finally:
            self._shared = generator_states()
            set_generator_states(own)


def _own_seed(shared: GeneratorStates, rank: int) -> int:
    """A seed for this process that follows from the shared state, without drawing from it."""
    digest = hashlib.sha256(shared["torch"].numpy().tobytes() + bytes([rank % 256, rank // 256]))
    return int.from_bytes(digest.digest()[:4])
