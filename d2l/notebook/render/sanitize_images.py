"""The pictures of one page: decoded and encoded again, so that nothing but pixels reaches it.

Bitmaps only; `sanitize_svg` has the drawings. What is too large or not a picture is left out.
"""

import base64
import binascii
import io
import re
from contextlib import suppress

from PIL import Image, ImageOps

FORMATS = ("PNG", "JPEG", "GIF")
MAX_BYTES = 8 * 2**20  # one picture, as it came
MAX_PIXELS = 16_000_000  # one picture, unpacked: 64 MB
MAX_PNG = 2**19  # bytes, of a picture that cannot be a JPEG
MAX_SIDE = 1600  # wider than any page shows
PAGE_PIXELS = 200_000_000  # of all pictures of a page: some ten seconds of decoding
PAGE_BYTES = 32 * 2**20  # of all pictures of a page, as they leave
ADDRESS = re.compile(r"\s*data:image/(?:png|jpe?g|gif);base64,", re.IGNORECASE)


class ImageBudget:
    """Encodes pictures for one page, until the page has had its share of them."""

    def __init__(self, max_pixels: int = PAGE_PIXELS, max_bytes: int = PAGE_BYTES) -> None:
        self._pixels_left = max_pixels
        self._bytes_left = max_bytes

    def address(self, data: str) -> str | None:
        """Return the `data:` address of a picture with the pixels of `data`, which is base64.

        It is a PNG, or a JPEG where a photograph needs much less room so. None when `data` is not a
        picture in one of `FORMATS`, or too large, or the page is full.
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
        """Return the same for a `data:` address of a picture."""
        head = ADDRESS.match(address)
        return self.address(address[head.end() :]) if head else None

    def keep(self, kind: str, content: bytes) -> str | None:
        """Return the `data:` address of what is safe already, if the page has room for it."""
        self._bytes_left -= len(content)
        if self._bytes_left < 0:
            return None
        return f"data:{kind};base64,{base64.b64encode(content).decode()}"

    def _opened(self, packed: bytes) -> Image.Image | None:
        """The first frame, in a mode that any PNG has, without whatever else was in the file."""
        try:
            with Image.open(io.BytesIO(packed), formats=FORMATS) as picture:
                pixels = picture.width * picture.height
                self._pixels_left -= pixels
                if pixels > MAX_PIXELS or self._pixels_left < 0:
                    return None
                with suppress(Exception):  # a phone's photograph lies on its side, and says so
                    ImageOps.exif_transpose(picture, in_place=True)
                plain = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
        except Exception:  # the decoders raise anything on bytes that they do not expect
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
