"""The book's data sets by name, and the calls that bring them here: whole, right, and once."""

import difflib
import os
import sys
import warnings
from pathlib import Path

from d2l.base.call_shapes import has_call_shapes
from d2l.data.archive import unpack
from d2l.data.archive_stamp import is_unpacked, top_names
from d2l.data.download import fetch, sha1_of
from d2l.data.found import fault_of, file_name, note_origin
from d2l.data.hub_sets import DATA_HUB, DATA_URL, places
from d2l.data.partial import Partial
from d2l.data.places import BOOK_FOLDER, folders, is_offline, is_writable, keeping_folder
from d2l.data.transport import words
from d2l.errors import DataError

__all__ = ["DATA_HUB", "DATA_URL", "download", "download_extract", "extract"]


@has_call_shapes
def download(
    url: str, folder: str | os.PathLike[str] = BOOK_FOLDER, sha1_hash: str | None = None
) -> str:
    """The path of the file behind `url`, or of the set of that name in `DATA_HUB`.

    A file that is in `folder` or in `$D2L_DATA` already is used if its checksum is `sha1_hash`, or
    the hub's for a name. Else it is downloaded, into `folder`, or into `$D2L_DATA` where that is
    set and `folder` is not given; the next call goes on with what broke off. Raises `DataError`
    that names every place tried, and then nothing new lies under the file's name.

    >>> d2l.download("time_machine")  # doctest: +SKIP
    '../data/timemachine.txt'
    >>> from pathlib import Path
    >>> Path("tables").mkdir()
    >>> _ = Path("tables/prices.csv").write_text("1,2")
    >>> d2l.download("https://example.org/prices.csv", folder="tables")  # it is there already
    'tables/prices.csv'

    Book: 23.7 Utility functions and classes
    """
    address, sha1 = address_of(url, sha1_hash)
    name = file_name(address)
    failures: list[str] = []
    for path in (place / name for place in folders(folder)):
        fault = fault_of(path, address, sha1)
        if fault is None:
            return str(path)
        failures.append(f"{path}: {fault}")
        if path.exists() and sha1:
            warnings.warn(f"{path} cannot be used ({fault}); looking elsewhere", stacklevel=3)
    return str(_fetch(address, keeping_folder(folder) / name, sha1, failures))


def download_extract(
    name: str, folder: str | None = None, *, root: str | os.PathLike[str] = BOOK_FOLDER
) -> str:
    """The folder in which the archive of this name in `DATA_HUB` is unpacked, once.

    That is the folder with the archive's name, beside the archive, or the one called `folder`
    there. `root` is where the archive is kept. Raises `DataError` as `download` and `extract` do.

    >>> d2l.download_extract("voc2012", "VOCdevkit/VOC2012")  # doctest: +SKIP
    '../data/VOCdevkit/VOC2012'

    Book: 23.7 Utility functions and classes
    """
    path = Path(download(name, root))
    sha1 = sha1_of(path)
    base = _unpacking_folder(path, sha1, root)
    unpack(path, base, sha1)
    return str(base / folder) if folder else str(_folder_of(path, base))


def extract(filename: str | os.PathLike[str], folder: str | os.PathLike[str] | None = None) -> None:
    """Unpack a zip or tar file into `folder`, or beside it; nothing is done if that was done.

    Raises `DataError`, and unpacks nothing, where a name or a link in it leads out of the folder,
    where it is damaged, and where it would fill the disk.

    >>> with d2l.zipfile.ZipFile("pictures.zip", "w") as archive:
    ...     archive.writestr("pictures/1.txt", "one")
    >>> d2l.extract("pictures.zip")
    >>> d2l.os.listdir("pictures")
    ['1.txt']

    Book: 23.7 Utility functions and classes
    """
    path = Path(filename)
    unpack(path, path.parent if folder is None else Path(folder))


def address_of(url: str, sha1: str | None = None) -> tuple[str, str | None]:
    """What to ask for, and what its checksum has to be."""
    if url in DATA_HUB:
        address, known = DATA_HUB[url]
        return address, sha1 or known
    if url.startswith(("http://", "https://")):
        return url, sha1
    near = difflib.get_close_matches(url, DATA_HUB, n=3, cutoff=0.5)
    hint = f": did you mean {' or '.join(map(repr, near))}?" if near else "."
    raise DataError(
        f"no data set is called {url!r}{hint} `d2l data list` shows all; add your own with "
        f"d2l.DATA_HUB[{url!r}] = (address, sha1)"
    )


def _fetch(address: str, target: Path, sha1: str | None, failures: list[str]) -> Path:
    if is_offline():
        failures.append(f"{address}: not asked, since D2L_OFFLINE is set")
        raise DataError(_not_found(target, sha1, failures))
    if not sys.stderr.isatty():  # in a terminal there is a bar
        print(f"Downloading {target} from {address}...")
    try:
        with Partial(target, keep=sha1 is not None) as part:
            for url in places(address, sha1):
                try:
                    fetch(url, part, sha1)
                except DataError as error:
                    failures.append(f"{url}: {error}")
                else:
                    note_origin(target, "")
                    part.finish()
                    note_origin(target, address)
                    return target
    except OSError as error:
        failures.append(f"{target.parent}: cannot be written to ({words(error)})")
        raise DataError(_not_found(target, sha1, failures)) from error
    raise DataError(_not_found(target, sha1, failures))


def _not_found(target: Path, sha1: str | None, failures: list[str]) -> str:
    tried = "\n".join(f"  {failure}" for failure in failures)
    offline = "unset D2L_OFFLINE; " if is_offline() else ""
    which = f" (sha1 {sha1})" if sha1 else ""
    return (
        f"{target.name} was asked for and could not be had:\n{tried}\n"
        f"Any one of these helps: {offline}a connection to the internet and a folder that can be "
        f"written to; the file{which} copied to {target}; or the environment variable D2L_DATA, "
        "set to a folder that has it"
    )


def _unpacking_folder(path: Path, sha1: str, root: str | os.PathLike[str]) -> Path:
    """Where an archive is unpacked, or is to be: beside it, if that folder can be written to."""
    choice = list(dict.fromkeys((path.parent, *folders(root))))
    done = (place for place in choice if is_unpacked(path.name, sha1, place))
    return next(done, next((place for place in choice if is_writable(place)), path.parent))


def _folder_of(path: Path, base: Path) -> Path:
    """The folder with the archive's name, or else the only one that the archive holds."""
    named = base / path.name.removesuffix(path.suffix).removesuffix(".tar")
    top = top_names(path.name, base)
    return base / top.pop() if not named.exists() and len(top) == 1 else named
