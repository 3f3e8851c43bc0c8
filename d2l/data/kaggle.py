"""Kaggle's image competitions: sort a folder of images into one folder per class."""

import collections
import csv
import math
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from d2l.errors import DataError

Folder = str | os.PathLike[str]


def read_csv_labels(fname: Folder) -> dict[str, str]:
    """Read a CSV file with a header and two columns: file name without suffix → label.

    Raises `DataError` if a row is not a name and a label, or a file has two different labels.

    >>> from pathlib import Path
    >>> _ = Path("labels.csv").write_text("id,label\\n1,frog\\n2,truck\\n")
    >>> d2l.read_csv_labels("labels.csv")
    {'1': 'frog', '2': 'truck'}

    Book: 14.13 Image classification (CIFAR-10) on Kaggle
    """
    labels: dict[str, str] = {}
    with open(fname, newline="", encoding="utf-8-sig") as file:
        rows = csv.reader(file)
        next(rows, None)
        for row in filter(None, rows):
            if len(row) != 2 or labels.setdefault(row[0], row[1]) != row[1]:
                raise DataError(
                    f"{os.fspath(fname)}, line {rows.line_num}: expected a file name and its only "
                    f"label; found {row}"
                )
    return labels


def copyfile(filename: Folder, target_dir: Folder) -> None:
    """Copy a file into a folder, which is created if it does not exist.

    >>> from pathlib import Path
    >>> Path("7.png").touch()
    >>> d2l.copyfile("7.png", "pictures/frog")
    >>> Path("pictures/frog/7.png").exists()
    True

    Book: 14.13 Image classification (CIFAR-10) on Kaggle
    """
    os.makedirs(target_dir, exist_ok=True)
    shutil.copy(filename, target_dir)


def reorg_train_valid(data_dir: Folder, labels: Mapping[str, str], valid_ratio: float) -> int:
    """Copy the images in `train` into one folder per class and split off a validation set.

    `labels` maps file names without suffix to classes. In `data_dir/train_valid_test`, the folder
    `train_valid` receives every image, `valid` receives `valid_ratio` times the size of the
    smallest class (at least one) from each class, and `train` the rest. Images are taken in the
    order of their names, so each call selects the same ones. An image that an earlier call put
    into the other part is removed from it. Returns the number of validation examples per class.

    >>> from pathlib import Path
    >>> Path("train").mkdir()
    >>> labels = {"1": "frog", "2": "truck", "3": "frog", "4": "truck"}
    >>> for name in labels:
    ...     Path("train", f"{name}.png").touch()
    >>> d2l.reorg_train_valid(".", labels, valid_ratio=0.5)
    1
    >>> sorted(file.as_posix() for file in Path("train_valid_test/valid").glob("*/*"))
    ['train_valid_test/valid/frog/1.png', 'train_valid_test/valid/truck/2.png']

    Book: 14.13 Image classification (CIFAR-10) on Kaggle
    """
    num_valid = _num_valid_per_class(labels, valid_ratio)
    target = Path(data_dir) / "train_valid_test"
    chosen: collections.Counter[str] = collections.Counter()
    for file in _image_files(Path(data_dir) / "train"):
        label = _label_of(file, labels)
        chosen[label] += 1
        is_valid = chosen[label] <= num_valid
        side, other = ("valid", "train") if is_valid else ("train", "valid")
        copyfile(file, target / "train_valid" / label)
        copyfile(file, target / side / label)
        (target / other / label / file.name).unlink(missing_ok=True)
    return num_valid


def reorg_test(data_dir: Folder) -> None:
    """Copy the images in `test` into `data_dir/train_valid_test/test/unknown`.

    >>> from pathlib import Path
    >>> Path("test").mkdir()
    >>> Path("test/5.png").touch()
    >>> d2l.reorg_test(".")
    >>> Path("train_valid_test/test/unknown/5.png").exists()
    True

    Book: 14.13 Image classification (CIFAR-10) on Kaggle
    """
    for file in _image_files(Path(data_dir) / "test"):
        copyfile(file, Path(data_dir) / "train_valid_test" / "test" / "unknown")


def _num_valid_per_class(labels: Mapping[str, str], valid_ratio: float) -> int:
    if not labels:
        raise DataError(
            "labels is empty; read it with, for example, "
            "d2l.read_csv_labels('../data/…/trainLabels.csv')"
        )
    smallest = min(collections.Counter(labels.values()).values())
    return max(1, math.floor(smallest * valid_ratio))


def _label_of(file: Path, labels: Mapping[str, str]) -> str:
    name = file.name.split(".")[0]
    if name not in labels:
        raise DataError(f"{file} has no label: {name!r} is not one of the {len(labels)} keys")
    label = labels[name]
    if label in ("", "..") or Path(label).name != label:
        raise DataError(f"{file} has the label {label!r}, which is not a valid folder name")
    return label


def _image_files(folder: Path) -> Iterator[Path]:
    """Yield the files in a folder except hidden ones, sorted by name."""
    if not folder.is_dir():
        raise DataError(f"the image folder {folder} does not exist")
    for name in sorted(os.listdir(folder)):
        if not name.startswith("."):
            yield folder / name
