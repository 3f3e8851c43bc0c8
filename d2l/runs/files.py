"""Files that are there whole or not at all, whatever ends the program that writes them."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from d2l.errors import CheckpointError

PART = ".part"  # what the name of a file in the making ends with


def write_whole(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Have `write(file)` fill a file beside `path`, bring it to the disk, and give it its name.

    Until the last moment `path` is what it was. Raises `CheckpointError` if the disk is full, the
    folder is read-only, or anything else keeps the file from being written.
    """
    try:
        _replace(path, write)
    except (OSError, RuntimeError) as error:  # PyTorch's writer turns the first into the second
        raise CheckpointError(_not_written(path, error)) from error


def replace_file(path: Path, content: bytes) -> None:
    """Do as `write_whole` does, with errors as they come: for what is no checkpoint."""
    _replace(path, lambda file: file.write(content))


def _replace(path: Path, write: Callable[[BinaryIO], object]) -> None:
    temporary = temporary_name(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        sync_folder(path.parent)
    finally:
        with suppress(OSError):  # it was renamed, or could not even be made
            temporary.unlink()


def temporary_name(path: Path) -> Path:
    """A name beside `path` that says which process is at work on it."""
    return path.with_name(f".{path.name}.{os.getpid()}{PART}")


def sync_folder(folder: Path) -> None:
    """Bring a folder's list of names to the disk, where the system can."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def is_left_behind(path: Path) -> bool:
    """Whether this is a file in the making whose process is gone."""
    if not (path.name.startswith(".") and path.name.endswith(PART)):
        return False
    process = path.name.removesuffix(PART).rpartition(".")[2]
    return process.isdigit() and not _is_alive(int(process))


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return process != os.getpid()


def _not_written(path: Path, error: Exception) -> str:
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, OSError):
        cause = cause.__cause__ or cause.__context__
    reason = getattr(cause, "strerror", None) or str(error).splitlines()[0]
    is_there = os.path.exists(path)  # which Path.exists cannot say of a folder without rights
    kept = "what was there before is untouched" if is_there else "nothing was left there"
    return (
        f"{path} could not be written ({reason}); {kept}. Make room, or name a folder that can be "
        "written to, e.g. d2l.Trainer(…, checkpoint=FOLDER) or trainer.save(PATH)"
    )
