"""Picture files, many at once, as the bytes they hold."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch

from d2l.base.axes import Tensor, UInt8
from d2l.errors import DataError


def read_images(files: Sequence[Path]) -> list[UInt8[Tensor, "3 _ _"]]:
    """PNG and JPEG files in red, green and blue, (3, height, width) each, read by several threads.

    Raises `DataError` for one that is missing or damaged.
    """
    with ThreadPoolExecutor() as readers:  # decoding leaves Python's lock alone
        return list(readers.map(_read, files))


def _read(file: Path) -> UInt8[Tensor, "3 _ _"]:
    from PIL import Image  # torchvision's own readers are about to be removed

    try:
        with Image.open(file) as image:
            pixels = np.asarray(image.convert("RGB"))  # (height, width, 3)
    except (OSError, SyntaxError, ValueError) as error:
        state = "no whole PNG or JPEG picture" if file.exists() else "missing"
        raise DataError(f"the picture {file} is {state}: {error}") from error
    return torch.from_numpy(np.array(pixels.transpose(2, 0, 1), order="C"))
