"""A zip of a stranger's, unpacked into an empty folder or refused as a whole.

Sizes are counted while they are read: what the zip itself says of them is not believed.
"""

import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from d2l.grader.grading.submissions import SubmissionError

MOST_FILES = 2_000
MOST_BYTES = 256 * 2**20
MOST_RATIO = 200  # text is packed about tenfold
_SMALL = 2**20  # a file of repeated lines may be packed better than that
_PIECE = 2**16


def unpack(archive: Path, folder: Path) -> None:
    """Unpack `archive` into `folder`.

    Raises `SubmissionError`, with nothing written outside `folder`, if the archive is damaged,
    encrypted or too large, or has a link, a name twice, or a name that leads out of the folder.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = opened.infolist()
            _require_harmless(archive, entries)
            left = MOST_BYTES
            for entry in entries:
                if not _is_folder(entry):
                    left -= _extract(opened, entry, folder, left)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise SubmissionError(f"{archive.name} is no zip that can be read: {error}") from error
    except OSError as error:
        raise SubmissionError(f"{archive.name} cannot be unpacked: {error.strerror}") from error


def _require_harmless(archive: Path, entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MOST_FILES:
        raise SubmissionError(f"{archive.name} has {len(entries)} files: at most {MOST_FILES}")
    names: set[tuple[str, ...]] = set()
    for entry in entries:
        problem = _problem(entry)
        parts = tuple(part.casefold() for part in _parts(entry))
        if parts in names and not _is_folder(entry):
            problem = "is there twice"
        names.add(parts)
        if problem:
            where = f"{archive.name} is refused: its file {entry.filename!r}"
            raise SubmissionError(f"{where} {problem}")


def _problem(entry: zipfile.ZipInfo) -> str:
    name, mode = entry.filename.replace("\\", "/"), entry.external_attr >> 16
    if name.startswith("/") or ":" in name.partition("/")[0] or ".." in name.split("/"):
        return "has a name that leads out of its folder"
    if not _parts(entry) or not all(part.isprintable() for part in _parts(entry)):
        return "has no name that can be used"
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is a link or a device"
    if entry.flag_bits & 0x1:
        return "is encrypted"
    if entry.file_size > max(_SMALL, MOST_RATIO * entry.compress_size):
        return f"is packed more than {MOST_RATIO} times smaller than it is"
    return ""


def _extract(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path, left: int) -> int:
    target = folder.joinpath(*_parts(entry))
    target.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with opened.open(entry) as source, open(target, "xb") as file:
        while piece := source.read(_PIECE):
            written += len(piece)
            if written > left:
                raise SubmissionError(
                    f"{opened.filename} is refused: unpacked it is more than "
                    f"{MOST_BYTES // 2**20} MB"
                )
            file.write(piece)
    return written


def _parts(entry: zipfile.ZipInfo) -> tuple[str, ...]:
    return PurePosixPath(entry.filename.replace("\\", "/")).parts


def _is_folder(entry: zipfile.ZipInfo) -> bool:
    return entry.filename.endswith(("/", "\\"))
