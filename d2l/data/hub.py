"""The data hub: names, addresses and checksums of the book's data sets, and their download."""

import difflib
import os
import re
import sys
import warnings
from pathlib import Path
from urllib.parse import urlsplit

from d2l.base.call_shapes import has_call_shapes
from d2l.data.data_dirs import BOOK_FOLDER, download_dir, is_offline, is_writable, search_dirs
from d2l.data.download import ResumableFile, fetch, sha1_of
from d2l.data.http import describe_error
from d2l.data.unpack import is_unpacked, top_names, unpack
from d2l.errors import DataError

# URL prefix of most of the book's files.
DATA_URL = "https://d2l-data.s3-accelerate.amazonaws.com/"
_ENDPOINTS = (DATA_URL, "https://d2l-data.s3.amazonaws.com/", DATA_URL.replace("https", "http"))
_WIKITEXT = "https://s3.amazonaws.com/research.metamind.io/wikitext/wikitext-2-v1.zip"
_SNLI = "https://nlp.stanford.edu/projects/snli/snli_1.0.zip"

# The book's data sets: name → (address, sha1). Readers add their own:
# `DATA_HUB["mine"] = (DATA_URL + "mine.zip", sha1)`
DATA_HUB: dict[str, tuple[str, str | None]] = {
    "SNLI": (_SNLI, "9fcde07509c7e87ec61c640c1b2753d9041758e4"),
    "aclImdb": (DATA_URL + "aclImdb_v1.tar.gz", "01ada507287d82875905620988597833ad4e0903"),
    "airfoil": (DATA_URL + "airfoil_self_noise.dat", "76e5be1548fd8222e5074cf0faae75edff8cf93f"),
    "banana-detection": (
        DATA_URL + "banana-detection.zip",
        "5de26c8fce5ccdea9f91267273464dc968d20d72",
    ),
    "cifar10_tiny": (
        DATA_URL + "kaggle_cifar10_tiny.zip",
        "2068874e4b9a9f0fb07ebe0ad2b29754449ccacd",
    ),
    "dog_tiny": (DATA_URL + "kaggle_dog_tiny.zip", "0cb91d09b814ecdc07b50f31f8dcad3e81d6a86d"),
    "fra-eng": (DATA_URL + "fra-eng.zip", "94646ad1522d915e7b0f9296181140edcf86a4f5"),
    "glove.42b.300d": (
        DATA_URL + "glove.42B.300d.zip",
        "b5116e234e9eb9076672cfeabf5469f3eec904fa",
    ),
    "glove.6b.100d": (DATA_URL + "glove.6B.100d.zip", "cd43bfb07e44e6f27cbcc7bc9ae3d80284fdaf5a"),
    "glove.6b.50d": (DATA_URL + "glove.6B.50d.zip", "0b8703943ccdb6eb788e6f091b8946e82231bc4d"),
    "hotdog": (DATA_URL + "hotdog.zip", "fba480ffa8aa7e0febbb511d181409f899b9baa5"),
    "kaggle_house_test": (
        DATA_URL + "kaggle_house_pred_test.csv",
        "fa19780a7b011d9b009e8bff8e99922a8ee2eb90",
    ),
    "kaggle_house_train": (
        DATA_URL + "kaggle_house_pred_train.csv",
        "585e9cc93e70b39160e7921475f9bcd7d31219ce",
    ),
    "pokemon": (DATA_URL + "pokemon.zip", "c065c0e2593b8b161a2d7873e42418bf6a21106c"),
    "ptb": (DATA_URL + "ptb.zip", "319d85e578af0cdc590547f26231e4e31cdf1e42"),
    "time_machine": (DATA_URL + "timemachine.txt", "090b5e7e70c295757f55df93cb0a180b9691891a"),
    "voc2012": (
        DATA_URL + "VOCtrainval_11-May-2012.tar",
        "4e443f8a2eca6b1dac8a6c57641b67dd40621a49",
    ),
    "wiki.en": (DATA_URL + "wiki.en.zip", "c1816da3821ae9f43899be655002f6c723e91b88"),
    "wikitext-2": (_WIKITEXT, "3c914d17d80b1459be871a5039ac23e752a53cbe"),
}

# sha1 → other URLs of the same file, accepted only if the checksum matches
MIRRORS: dict[str, tuple[str, ...]] = {
    "01ada507287d82875905620988597833ad4e0903": (
        "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",
    ),
    "4e443f8a2eca6b1dac8a6c57641b67dd40621a49": (
        "http://host.robots.ox.ac.uk/pascal/VOC/voc2012/VOCtrainval_11-May-2012.tar",
    ),
    "3c914d17d80b1459be871a5039ac23e752a53cbe": ("https://wikitext.smerity.com/wikitext-2-v1.zip",),
}


def candidate_urls(url: str, sha1: str | None = None) -> list[str]:
    """Return the URLs to try for the file at `url`: https before http, then mirrors.

    Plain http is used only if the user requested it or a checksum verifies the file.
    """
    endpoint = next((prefix for prefix in _ENDPOINTS if url.startswith(prefix)), None)
    if endpoint is not None:
        found = [other + url.removeprefix(endpoint) for other in _ENDPOINTS]
    else:
        found = [_secured(url), url]
    if sha1 is not None:
        return list(dict.fromkeys((*found, *MIRRORS.get(sha1, ()))))
    return list(dict.fromkeys(p for p in found if p == url or p.startswith("https://")))


def _secured(url: str) -> str:
    """Return the https form of an address, unless its port implies the protocol."""
    has_port = urlsplit(url).netloc.rpartition(":")[2].isdecimal()
    return url if has_port else url.replace("http://", "https://", 1)


_NOT_IN_NAMES = r'[\\/:*?"<>|]' if os.name == "nt" else "[/]"


def file_name(address: str) -> str:
    """Return the local file name for an address: its last path component and its query."""
    parts = urlsplit(address)
    name = parts.path.rpartition("/")[2]
    if name in ("", ".", "..") or "\\" in name:
        raise DataError(f"the address {address!r} has no file name")
    return re.sub(_NOT_IN_NAMES, "_", f"{name}?{parts.query}" if parts.query else name)


def verify_file(path: Path, address: str, sha1: str | None) -> str | None:
    """Return why `path` is not the file with this checksum or address; None if it is.

    Without a checksum, a file without a recorded source URL is accepted.
    """
    if not path.is_file():
        return "not a file" if path.exists() else "does not exist"
    try:
        if sha1 is None:
            origin = _origin(path)
            return (
                None if origin in ("", address) else f"a different file, downloaded from {origin}"
            )
        found = sha1_of(path)
    except OSError as error:
        return describe_error(error)
    if found == sha1.lower():
        return None
    return f"corrupt or a different file: {path.stat().st_size} bytes with sha1 {found}"


def record_source_url(path: Path, address: str) -> None:
    """Record the URL of a downloaded file; an empty address removes the record."""
    note = _note(path)
    if address:
        note.write_text(address, encoding="utf-8")
    else:
        note.unlink(missing_ok=True)


def _origin(path: Path) -> str:
    note = _note(path)
    return note.read_text(encoding="utf-8") if note.is_file() else ""


def _note(path: Path) -> Path:
    return path.with_name(f".{path.name}.origin")


__all__ = ["DATA_HUB", "DATA_URL", "download", "download_extract", "extract"]


@has_call_shapes
def download(
    url: str, folder: str | os.PathLike[str] = BOOK_FOLDER, sha1_hash: str | None = None
) -> str:
    """Download a file by URL, or a data set by its name in `DATA_HUB`, and return its path.

    A file that exists in `folder` or in `$D2L_DATA` is reused if its checksum is `sha1_hash`, or
    the hub's for a name. Otherwise it is downloaded into `folder`, or into `$D2L_DATA` if that is
    set and `folder` is not given. The next call resumes an interrupted download. Raises `DataError`
    with each location tried; in that case no file of this name is created.

    >>> d2l.download("time_machine")  # doctest: +SKIP
    '../data/timemachine.txt'
    >>> from pathlib import Path
    >>> Path("tables").mkdir()
    >>> _ = Path("tables/prices.csv").write_text("1,2")
    >>> d2l.download("https://example.org/prices.csv", folder="tables")  # exists already
    'tables/prices.csv'

    Book: 23.7 Utility functions and classes
    """
    address, sha1 = address_of(url, sha1_hash)
    name = file_name(address)
    failures: list[str] = []
    for path in (place / name for place in search_dirs(folder)):
        fault = verify_file(path, address, sha1)
        if fault is None:
            return str(path)
        failures.append(f"{path}: {fault}")
        if path.exists() and sha1:
            warnings.warn(f"{path} cannot be used ({fault}); trying other locations", stacklevel=3)
    return str(_fetch(address, download_dir(folder) / name, sha1, failures))


def download_extract(
    name: str, folder: str | None = None, *, root: str | os.PathLike[str] = BOOK_FOLDER
) -> str:
    """Download an archive of `DATA_HUB`, extract it if needed, and return its folder.

    The folder is next to the archive and has the archive's name, or is called `folder` if that is
    given. The archive is stored in `root`. Raises `DataError` as `download` and `extract` do.

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
    """Extract a zip or tar file into `folder`, or next to the file, unless that was done before.

    Raises `DataError` and extracts nothing if an entry or a link leads out of the folder, the
    archive is corrupt, or it would fill the disk.

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
    """Return the address and the expected checksum of a data set's name or a URL."""
    if url in DATA_HUB:
        address, known = DATA_HUB[url]
        return address, sha1 or known
    if url.startswith(("http://", "https://")):
        return url, sha1
    near = difflib.get_close_matches(url, DATA_HUB, n=3, cutoff=0.5)
    hint = f": did you mean {' or '.join(map(repr, near))}?" if near else "."
    raise DataError(
        f"unknown data set {url!r}{hint} `d2l data list` shows all; add your own with "
        f"d2l.DATA_HUB[{url!r}] = (address, sha1)"
    )


def _fetch(address: str, target: Path, sha1: str | None, failures: list[str]) -> Path:
    if is_offline():
        failures.append(f"{address}: not requested because D2L_OFFLINE is set")
        raise DataError(_not_found(target, sha1, failures))
    if not sys.stderr.isatty():  # a terminal shows a progress bar
        print(f"Downloading {target} from {address}...")
    try:
        with ResumableFile(target, keep=sha1 is not None) as part:
            for url in candidate_urls(address, sha1):
                try:
                    fetch(url, part, sha1)
                except DataError as error:
                    failures.append(f"{url}: {error}")
                else:
                    record_source_url(target, "")
                    part.finish()
                    record_source_url(target, address)
                    return target
    except OSError as error:
        failures.append(f"{target.parent}: not writable ({describe_error(error)})")
        raise DataError(_not_found(target, sha1, failures)) from error
    raise DataError(_not_found(target, sha1, failures))


def _not_found(target: Path, sha1: str | None, failures: list[str]) -> str:
    tried = "\n".join(f"  {failure}" for failure in failures)
    offline = "unset D2L_OFFLINE; " if is_offline() else ""
    which = f" (sha1 {sha1})" if sha1 else ""
    return (
        f"{target.name} could not be obtained:\n{tried}\n"
        f"Any one of these will fix it: {offline}an internet connection and a writable folder; the "
        f"file{which} copied to {target}; or the environment variable D2L_DATA, set to a folder "
        "that contains the file"
    )


def _unpacking_folder(path: Path, sha1: str, root: str | os.PathLike[str]) -> Path:
    """Return the folder to extract an archive into: next to it if possible, else a writable one."""
    choice = list(dict.fromkeys((path.parent, *search_dirs(root))))
    done = (place for place in choice if is_unpacked(path.name, sha1, place))
    return next(done, next((place for place in choice if is_writable(place)), path.parent))


def _folder_of(path: Path, base: Path) -> Path:
    """Return the folder with the archive's name, or else the archive's only top-level folder."""
    named = base / path.name.removesuffix(path.suffix).removesuffix(".tar")
    top = top_names(path.name, base)
    return base / top.pop() if not named.exists() and len(top) == 1 else named
