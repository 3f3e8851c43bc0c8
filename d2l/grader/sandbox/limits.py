"""What one run may use. Knows nothing of how a limit is kept."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """The bounds of one run; time in seconds, sizes in bytes."""

    seconds: float = 600  # the whole run, from the start of the sandbox to its end
    cell_seconds: float | None = None  # one cell; None: only the whole counts
    memory: int = 4 * 2**30  # of all processes of the run together
    processes: int = 64  # processes and threads beyond those of the libraries
    output: int = 16 * 2**20  # everything that crosses back, frames included
    cell_characters: int = 100_000  # text kept of one cell; the rest is counted and cut
    disk: int = 512 * 2**20  # everything that the run writes
