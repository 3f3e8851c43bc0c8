"""The training or the test set as a torchvision data set. Imports torchvision, so load it late."""

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
from d2l.data.data_dirs import folders, keeping_folder
from d2l.data.download import read_url
from d2l.data.http import CHUNK_BYTES
from d2l.errors import DataError

DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")  # of the package dataset-fashion-mnist
MIRRORS = (
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
)
UNREADABLE = (OSError, EOFError, zlib.error)  # what damaged or missing files raise
SHA256 = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}


def read_split(root: str | Path, train: bool) -> tuple[UInt8[Tensor, "n 28 28"], Int[Tensor, "n"]]:
    """The images and the labels (int64) of the training or the test set.

    Raises `DataError` that names every place tried.
    """
    kind = "train" if train else "t10k"
    images = _idx_array(find(f"{kind}-images-idx3-ubyte", root), header_bytes=16)
    labels = _idx_array(find(f"{kind}-labels-idx1-ubyte", root), header_bytes=8)
    return images.reshape(-1, 28, 28), labels.to(torch.int64)


def find(name: str, root: str | Path) -> bytearray:
    """The contents of one file: from `root`, `$D2L_DATA`, Debian's package, or a mirror.

    What a mirror gave is kept uncompressed, under the names that torchvision looks for too.
    """
    failures: list[str] = []
    for path in places(name, root):
        try:
            return read_file(name, path)
        except (FileNotFoundError, NotADirectoryError):
            failures.append(f"{path}: not there")
        except UNREADABLE as error:
            failures.append(f"{path}: {_words(error)}")
            warnings.warn(
                f"{path} cannot be used ({_words(error)}); looking elsewhere", stacklevel=2
            )
    return _download(name, Path(root), failures)


def read_file(name: str, path: Path) -> bytearray:
    """The contents of one file on this machine, decompressed; raises if they are not whole.

    They are in memory once, where the tensors made of them stay.
    """
    contents = bytearray()
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            contents += chunk
    return _verified(name, contents)


def places(name: str, root: str | Path) -> Iterator[Path]:
    """The files that may hold the contents, best first."""
    for folder in folders(root):
        yield from (_raw(folder) / name, _raw(folder) / f"{name}.gz")
    yield DEBIAN_FOLDER / f"{name}.gz"


def keep(name: str, contents: bytes | bytearray, root: str | Path) -> Path:
    """Write one file where torchvision looks for it, whole or not at all."""
    target = _raw(keeping_folder(root)) / name
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
    folder = _raw(keeping_folder(root))
    try:
        _check_writable(folder)
    except OSError as error:
        failures.append(
            f"{folder}: cannot be written to, so nothing is downloaded ({_words(error)})"
        )
        raise DataError(_not_found(name, root, failures)) from error
    for mirror in MIRRORS:
        url = f"{mirror}{name}.gz"
        try:
            contents = _verified(name, bytearray(gzip.decompress(read_url(url))))
        except UNREADABLE as error:
            failures.append(f"{url}: {_words(error)}")
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
        raise DataError(
            f"damaged: {len(contents)} bytes with sha256 {found[:12]}…, which is not it"
        )
    return contents


def _idx_array(contents: bytearray, header_bytes: int) -> Tensor:
    """The bytes behind the header; the checksum has vouched for the rest."""
    return torch.frombuffer(contents, dtype=torch.uint8, offset=header_bytes)


def _words(error: BaseException) -> str:
    return str(error) or type(error).__name__


def _not_found(name: str, root: Path, failures: list[str]) -> str:
    tried = "\n".join(f"  {failure}" for failure in failures)
    return (
        f"Fashion-MNIST's file {name} was asked for and found nowhere:\n{tried}\n"
        "Any one of these helps: a connection to the internet and a folder that can be written to, "
        "d2l.FashionMNIST(root='a/folder/of/yours'); on Debian or Ubuntu, `sudo apt install "
        f"dataset-fashion-mnist`; or the four .gz files copied into {_raw(keeping_folder(root))}"
    )
