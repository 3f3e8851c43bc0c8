"""How strong the walls of a sandbox are, as an order that can be compared."""

from enum import IntEnum

from d2l.errors import D2LError


class IsolationError(D2LError, RuntimeError):
    """Walls that were asked for and cannot be had on this machine."""


class Level(IntEnum):
    """Each level has what those below it have."""

    LIMITS = 1  # time, memory, processes, output, disk; a tree of processes that ends as a whole
    NAMESPACES = 2  # no network, own process numbers, only chosen folders in sight
    BUBBLEWRAP = 3  # the same walls, put up by bubblewrap, a tool made and reviewed for it
    CONTAINER = 4  # docker or podman: an image of its own

    @property
    def title(self) -> str:
        """The word that the command line has for it: `bubblewrap`."""
        return self.name.lower()
