"""Many processes agree on whether to stop, without asking each other at every step."""

import time

from d2l.scale.world import World

SECONDS_BETWEEN_ASKING = 1.0
MOST_STEPS_BETWEEN = 1024


class Accord:
    """A wish of any process that becomes known to all at the same step.

    All must call `reached` once a step. They exchange about once a second; how many steps that is
    is part of what they exchange.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._steps_left = 1
        self._interval = 1
        self._asked = time.monotonic()

    def reached(self, wish: int) -> int:
        """The highest wish of any process if it is time to exchange them, else 0."""
        if self._world.size == 1:
            return wish
        self._steps_left -= 1
        if self._steps_left:
            return 0
        wishes = self._world.gather((wish, self._next_interval()))
        self._interval = self._steps_left = min(interval for _, interval in wishes)
        self._asked = time.monotonic()
        return max(wish for wish, _ in wishes)

    def _next_interval(self) -> int:
        step_seconds = (time.monotonic() - self._asked) / self._interval
        return max(
            1, min(MOST_STEPS_BETWEEN, int(SECONDS_BETWEEN_ASKING / max(step_seconds, 1e-6)))
        )
