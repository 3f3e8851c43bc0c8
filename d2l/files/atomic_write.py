"""Write files atomically: complete or not at all, whatever ends the program that writes them."""

import errno
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from d2l.errors import CheckpointError, CheckpointUnavailableError

PART = ".part"  # suffix of a file that is being written
_TEMPORARY = re.compile(rf"\..+\.(\d{{1,9}}){re.escape(PART)}", re.ASCII)  # with a process id
RETRY_PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 1.8)  # seconds, about 5 together

# Errors that may be temporary. EACCES, EPERM, EBUSY: another program has the file open (virus
# scanner, search index, sync client). EAGAIN, EIO, ENOTCONN, ESTALE, ETIMEDOUT: a network or cloud
# drive does not respond. Not ENOSPC, EDQUOT, EROFS, which require action.
_PERMISSION = {errno.EACCES, errno.EPERM}
_TRANSIENT = _PERMISSION | {errno.EBUSY, errno.EAGAIN, errno.EIO, errno.ENOTCONN}
_TRANSIENT |= {errno.ESTALE, errno.ETIMEDOUT}


def atomic_write(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Call `write(file)` on a temporary file next to `path`, flush it to disk, and rename it.

    `path` keeps its old content until then. Temporary errors are retried for 5 seconds (`write` may
    be called again), then raise `CheckpointUnavailableError`. Raises `CheckpointError` at once if
    the disk is full or the folder is read-only.
    """
    try:
        _replace(path, write)
    except (OSError, RuntimeError) as error:  # PyTorch's writer converts OSError to RuntimeError
        raise write_error(path, error) from error


def replace_file(path: Path, content: bytes) -> None:
    """Like `atomic_write`, but raises the original errors."""
    _replace(path, lambda file: file.write(content))


def rename(source: Path, target: Path) -> None:
    """Rename a file or folder, with the retries and errors of `atomic_write`."""
    try:
        _retry(lambda: os.replace(source, target), target.parent, iter(RETRY_PAUSES))
    except OSError as error:
        raise write_error(target, error) from error


def write_error(path: Path, error: BaseException) -> CheckpointError:
    """Return the error to raise if `path` was not written; its type depends on the cause."""
    cause = _os_error(error)
    reason = getattr(cause, "strerror", None) or (str(error).splitlines() or [repr(error)])[0]
    is_there = os.path.exists(path)  # Path.exists raises in a folder without permissions
    kept = "the previous version is unchanged" if is_there else "no file was left behind"
    if cause is not None and cause.errno in _TRANSIENT:
        return CheckpointUnavailableError(
            f"{path} could not be written temporarily ({reason}); {kept}. Check that the folder is "
            "writable and reachable, and that no other program (virus scanner, cloud sync) uses it"
        )
    return CheckpointError(
        f"{path} could not be written ({reason}); {kept}. Free disk space, or choose a writable "
        "folder, e.g. d2l.Trainer(…, checkpoint=FOLDER) or trainer.save(PATH)"
    )


def temporary_name(path: Path) -> Path:
    """Return a path in the same folder whose name contains the id of this process."""
    return path.with_name(f".{path.name}.{os.getpid()}{PART}")


def is_stale_temporary(path: Path) -> bool:
    """Whether this is a temporary file of a process that has ended, or of this one."""
    import psutil  # os.kill(pid, 0) would send Ctrl-C on Windows

    name = _TEMPORARY.fullmatch(path.name)
    if name is None:
        return False
    process = int(name[1])
    return process == os.getpid() or not psutil.pid_exists(process)


def sync_folder(folder: Path) -> None:
    """Flush the entries of a folder to disk; no effect on Windows."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _replace(path: Path, write: Callable[[BinaryIO], object]) -> None:
    temporary, pauses = temporary_name(path), iter(RETRY_PAUSES)
    try:
        _retry(lambda: _fill(temporary, write), path.parent, pauses)
        _retry(lambda: os.replace(temporary, path), path.parent, pauses)
        sync_folder(path.parent)
    finally:
        with suppress(OSError):  # already renamed, or never created
            temporary.unlink()


def _fill(path: Path, write: Callable[[BinaryIO], object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())


def _retry(action: Callable[[], object], folder: Path, pauses: Iterator[float]) -> None:
    while True:
        try:
            action()
            return
        except (OSError, RuntimeError) as error:
            cause = _os_error(error)
            if cause is None or cause.errno not in _TRANSIENT:
                raise
            if cause.errno in _PERMISSION and not _permits_writing(folder):
                raise  # a retry would fail, too
            pause = next(pauses, None)
            if pause is None:
                raise
        time.sleep(pause)


def _os_error(error: BaseException | None) -> OSError | None:
    while error is not None and not isinstance(error, OSError):
        error = error.__cause__ or error.__context__
    return error


def _permits_writing(folder: Path) -> bool:
    nearest = next(filter(os.path.exists, (folder, *folder.parents)), folder)
    as_effective_user = os.access in os.supports_effective_ids
    return os.access(nearest, os.W_OK | os.X_OK, effective_ids=as_effective_user)
