"""Read many image files in parallel, as uint8 tensors."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch

from d2l.base.axes import Tensor, UInt8
from d2l.errors import DataError


def read_images(files: Sequence[Path]) -> list[UInt8[Tensor, "3 _ _"]]:
    """Read PNG and JPEG files as RGB (3, height, width) with several threads.

    Raises `DataError` if a file is missing or corrupt.
    """
    with ThreadPoolExecutor() as readers:  # decoding releases the GIL
        return list(readers.map(_read, files))


def _read(file: Path) -> UInt8[Tensor, "3 _ _"]:
    from PIL import Image  # torchvision's own readers are deprecated

    try:
        with Image.open(file) as image:
            pixels = np.asarray(image.convert("RGB"))  # (height, width, 3)
    except (OSError, SyntaxError, ValueError) as error:
        state = "not a complete PNG or JPEG file" if file.exists() else "missing"
        raise DataError(f"the image {file} is {state}: {error}") from error
    return torch.from_numpy(np.array(pixels.transpose(2, 0, 1), order="C"))
