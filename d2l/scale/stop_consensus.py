"""Lets any rank request a stop; all ranks learn of it at the same step."""

import time

from d2l.scale.process_group import ProcessGroup

SECONDS_BETWEEN_POLLS = 1.0
MAX_STEPS_BETWEEN_POLLS = 1024


class StopConsensus:
    """Exchanges requests about once a second; every rank must call `poll` once per step.

    How many steps a second is differs between ranks, so they exchange that as well.
    """

    def __init__(self, group: ProcessGroup) -> None:
        self._group = group
        self._steps_left = self._interval = 1
        self._last_poll = time.monotonic()

    def poll(self, request: int) -> int:
        """The highest request of any rank if it is time to exchange them, else 0."""
        if self._group.size == 1:
            return request
        self._steps_left -= 1
        if self._steps_left:
            return 0
        step_seconds = (time.monotonic() - self._last_poll) / self._interval
        interval = int(SECONDS_BETWEEN_POLLS / max(step_seconds, 1e-6))
        found = self._group.all_gather((request, interval))
        slowest = min(interval for _, interval in found)
        self._interval = self._steps_left = min(max(slowest, 1), MAX_STEPS_BETWEEN_POLLS)
        self._last_poll = time.monotonic()
        return max(request for request, _ in found)
