"""Find, download and verify the files of Fashion-MNIST."""

import gzip
import hashlib
import os
import tempfile
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path

import torch

from d2l.base.axes import Int, Tensor, UInt8
from d2l.data.data_dirs import download_dir, search_dirs
from d2l.data.download import read_url
from d2l.data.http import CHUNK_BYTES
from d2l.errors import DataError

DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")  # of the package dataset-fashion-mnist
MIRRORS = (
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
)
UNREADABLE = (OSError, EOFError, zlib.error)  # raised for corrupt or missing files
SHA256 = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}


def read_split(root: str | Path, train: bool) -> tuple[UInt8[Tensor, "n 28 28"], Int[Tensor, "n"]]:
    """Return the images and the labels (int64) of the training or the test set.

    Raises `DataError` that lists each location tried.
    """
    kind = "train" if train else "t10k"
    images = _idx_array(find(f"{kind}-images-idx3-ubyte", root), header_bytes=16)
    labels = _idx_array(find(f"{kind}-labels-idx1-ubyte", root), header_bytes=8)
    return images.reshape(-1, 28, 28), labels.to(torch.int64)


def find(name: str, root: str | Path) -> bytearray:
    """Return the contents of one file: from `root`, `$D2L_DATA`, Debian's package, or a mirror.

    A downloaded file is stored uncompressed, under the name that torchvision expects as well.
    """
    failures: list[str] = []
    for path in candidate_paths(name, root):
        try:
            return read_file(name, path)
        except (FileNotFoundError, NotADirectoryError):
            failures.append(f"{path}: does not exist")
        except UNREADABLE as error:
            failures.append(f"{path}: {_describe(error)}")
            warnings.warn(
                f"{path} cannot be used ({_describe(error)}); trying other locations", stacklevel=2
            )
    return _download(name, Path(root), failures)


def read_file(name: str, path: Path) -> bytearray:
    """Return the decompressed contents of one local file; raise if they are incomplete.

    The tensors created from the result share its memory.
    """
    contents = bytearray()
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            contents += chunk
    return _verified(name, contents)


def candidate_paths(name: str, root: str | Path) -> Iterator[Path]:
    """Yield the paths where the file may be, in order of preference."""
    for folder in search_dirs(root):
        yield from (_raw(folder) / name, _raw(folder) / f"{name}.gz")
    yield DEBIAN_FOLDER / f"{name}.gz"


def keep(name: str, contents: bytes | bytearray, root: str | Path) -> Path:
    """Write one file atomically to the path where torchvision expects it."""
    target = _raw(download_dir(root)) / name
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{name}.{os.getpid()}")
    try:
        temporary.write_bytes(contents)
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
    return target


def _raw(folder: Path) -> Path:
    return folder / "FashionMNIST" / "raw"


def _download(name: str, root: Path, failures: list[str]) -> bytearray:
    folder = _raw(download_dir(root))
    try:
        _check_writable(folder)
    except OSError as error:
        failures.append(f"{folder}: not writable, so nothing was downloaded ({_describe(error)})")
        raise DataError(_not_found(name, root, failures)) from error
    for mirror in MIRRORS:
        url = f"{mirror}{name}.gz"
        try:
            contents = _verified(name, bytearray(gzip.decompress(read_url(url))))
        except UNREADABLE as error:
            failures.append(f"{url}: {_describe(error)}")
        else:
            keep(name, contents, root)
            return contents
    raise DataError(_not_found(name, root, failures))


def _check_writable(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
        pass


def _verified(name: str, contents: bytearray) -> bytearray:
    found = hashlib.sha256(contents).hexdigest()
    if found != SHA256[name]:
        raise DataError(f"corrupt: {len(contents)} bytes, sha256 {found[:12]}… does not match")
    return contents


def _idx_array(contents: bytearray, header_bytes: int) -> Tensor:
    """Return the bytes after the header; the checksum has already verified the header."""
    return torch.frombuffer(contents, dtype=torch.uint8, offset=header_bytes)


def _describe(error: BaseException) -> str:
    return str(error) or type(error).__name__


def _not_found(name: str, root: Path, failures: list[str]) -> str:
    tried = "\n".join(f"  {failure}" for failure in failures)
    return (
        f"Fashion-MNIST's file {name} could not be obtained:\n{tried}\n"
        "Any one of these will fix it: an internet connection and a writable folder, "
        "d2l.FashionMNIST(root='path/to/folder'); on Debian or Ubuntu, `sudo apt install "
        f"dataset-fashion-mnist`; or the four .gz files copied into {_raw(download_dir(root))}"
    )
