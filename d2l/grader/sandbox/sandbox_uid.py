"""The user that a run is when the grader is root: a number that nobody else has."""

import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from d2l.grader.sandbox.isolation import IsolationError

# Between systemd's ranges, which end at 1,879,048,191, and 2^31: for nobody, says its table.
_UNUSED = range(1_900_000_000, 2_100_000_000)
_UNUSED_IN_CONTAINERS = range(20_000, 60_000)  # where only 65,536 numbers are mapped


def unprivileged_user() -> int | None:
    """Draw the number of a user for one run; None when this process is not root.

    A user of its own keeps runs from seeing and signalling each other, and makes the limit on
    processes, which counts by user and not at all for root, one of this run alone.
    """
    if os.geteuid() != 0:
        return None
    mapped = _mapped_users()
    for numbers in (_UNUSED, _UNUSED_IN_CONTAINERS):
        if numbers.start in mapped and numbers[-1] in mapped:
            return secrets.choice(numbers)
    raise IsolationError(
        "root grades as an unprivileged user of its own, and this user namespace maps none of "
        f"the numbers from {_UNUSED_IN_CONTAINERS.start}: run d2l as an ordinary user"
    )


def _mapped_users() -> range:
    try:
        first, _, count = Path("/proc/self/uid_map").read_text().split()[:3]
    except OSError:  # a system without user namespaces has them all
        return range(2**32)
    return range(int(first), int(first) + int(count))


def require_readable(folders: Iterable[Path], user: int | None, with_parents: bool) -> None:
    """Raise `IsolationError` for a folder that an unprivileged user cannot read.

    In a sandbox a folder is shown alone; without isolation its parents must be passable as well.
    """
    if user is None:
        return
    for folder in folders:
        parents = list(folder.resolve().parents) if with_parents else []
        closed = [parent for parent in parents if not parent.stat().st_mode & 0o001]
        if folder.stat().st_mode & 0o005 != 0o005:
            closed.insert(0, folder)
        if closed:
            raise IsolationError(
                f"when d2l runs as root, submissions run as an unprivileged user, who cannot read "
                f"{closed[-1]} (needed for {folder}): "
                f"chmod o+rx {closed[-1]}, or run d2l as an ordinary user"
                + (", or with --isolation bubblewrap" if with_parents else "")
            )
