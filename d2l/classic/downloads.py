"""Downloads as d2l 0.17.6 asks for them."""

import os
from collections.abc import Callable

from d2l.base.call_shapes import call_shape_of
from d2l.data.hub import DATA_HUB, download
from d2l.data.places import BOOK_FOLDER


def download_all() -> None:
    """Download every data set of `DATA_HUB` into `../data`, as `download` does: about 10 GB.

    >>> d2l.download_all()  # doctest: +SKIP

    Book: 4.10 Predicting house prices (0.17.6)
    """
    for name in DATA_HUB:
        download(name)


@call_shape_of(download)
def download_into(
    native: Callable[..., str], name: str, cache_dir: str | os.PathLike[str] = BOOK_FOLDER
) -> str:
    """`download(name, cache_dir="../data")`."""
    return native(name, cache_dir)
