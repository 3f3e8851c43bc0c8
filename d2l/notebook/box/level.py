"""How strong the walls of a box are, as an order that can be compared."""

from enum import IntEnum


class Level(IntEnum):
    """Each level has what those below it have."""

    LIMITS = 1  # time, memory, processes, output, disk; a process group that ends as a whole
    NAMESPACES = 2  # no network, own process numbers, only chosen folders in sight
    BUBBLEWRAP = 3  # the same, by bubblewrap, with a seccomp-ready, unprivileged root of its own
    CONTAINER = 4  # docker or podman: an image of its own

    @property
    def title(self) -> str:
        """The word that the command line has for it: `bubblewrap`."""
        return self.name.lower()
