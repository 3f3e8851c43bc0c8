"""Decode and re-encode the bitmaps of a page, so that only their pixels are kept.

Files that are too large or not pictures are omitted; SVG is handled by `sanitize_svg`.
"""

import base64
import binascii
import io
import re
from contextlib import suppress

from PIL import Image, ImageOps

FORMATS = ("PNG", "JPEG", "GIF")
MAX_BYTES = 8 * 2**20  # one picture before decoding
MAX_PIXELS = 16_000_000  # one picture, 64 MB after decoding
MAX_PNG = 2**19  # bytes; larger pictures are stored as JPEG if that is much smaller
MAX_SIDE = 1600  # larger than shown on any page
PAGE_PIXELS = 200_000_000  # all pictures of a page: about ten seconds of decoding
PAGE_BYTES = 32 * 2**20  # all pictures of a page, re-encoded
ADDRESS = re.compile(r"\s*data:image/(?:png|jpe?g|gif);base64,", re.IGNORECASE)


class ImageBudget:
    """Encodes pictures for one page, up to a total number of pixels and bytes."""

    def __init__(self, max_pixels: int = PAGE_PIXELS, max_bytes: int = PAGE_BYTES) -> None:
        self._pixels_left = max_pixels
        self._bytes_left = max_bytes

    def address(self, data: str) -> str | None:
        """Return the `data:` address of the re-encoded picture in `data` (base64).

        It is a PNG, or a JPEG if that is much smaller. Returns None if `data` is not a picture in
        one of `FORMATS`, or exceeds a limit of the picture or the page.
        """
        packed = _decoded(data)
        picture = self._opened(packed) if packed else None
        if picture is None:
            return None
        picture.thumbnail((MAX_SIDE, MAX_SIDE))
        content = _encoded(picture, "PNG")
        if len(content) > MAX_PNG and picture.mode == "RGB":
            photograph = _encoded(picture, "JPEG", quality=85)
            if 2 * len(photograph) < len(content):
                return self.keep("image/jpeg", photograph)
        return self.keep("image/png", content)

    def resolve(self, address: str) -> str | None:
        """Return `address` for a picture given by its `data:` address."""
        head = ADDRESS.match(address)
        return self.address(address[head.end() :]) if head else None

    def keep(self, kind: str, content: bytes) -> str | None:
        """Return the `data:` address of safe content, None if the limit of the page is reached."""
        self._bytes_left -= len(content)
        if self._bytes_left < 0:
            return None
        return f"data:{kind};base64,{base64.b64encode(content).decode()}"

    def _opened(self, packed: bytes) -> Image.Image | None:
        """Return the first frame as RGB or RGBA, without metadata."""
        try:
            with Image.open(io.BytesIO(packed), formats=FORMATS) as picture:
                pixels = picture.width * picture.height
                self._pixels_left -= pixels
                if pixels > MAX_PIXELS or self._pixels_left < 0:
                    return None
                with suppress(Exception):  # apply the orientation in EXIF data of photographs
                    ImageOps.exif_transpose(picture, in_place=True)
                plain = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
        except Exception:  # decoders may raise anything on invalid files
            return None
        plain.info.clear()
        return plain


def _decoded(data: str) -> bytes | None:
    if len(data) > MAX_BYTES * 4 // 3:
        return None
    try:
        return base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        return None


def _encoded(picture: Image.Image, form: str, **options: int) -> bytes:
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()
