"""Pictures are pixels and nothing else, within bounds of a page."""

import base64
import io
import struct
import zlib

import pytest
from PIL import Image, PngImagePlugin

from d2l.notebook.render.sanitize_images import MAX_SIDE, ImageBudget


def encoded(picture, form, **options):
    file = io.BytesIO()
    picture.save(file, form, **options)
    return base64.b64encode(file.getvalue()).decode()


def decoded(address):
    assert address.startswith("data:image/png;base64,")
    return Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2])))


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF"])
def test_a_picture_comes_out_as_a_png_with_its_pixels(form):
    given = Image.new("RGB", (8, 4), (200, 0, 0))
    assert decoded(ImageBudget().address(encoded(given, form))).size == (8, 4)
    assert abs(decoded(ImageBudget().address(encoded(given, form))).getpixel((7, 3))[0] - 200) < 4


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "CMYK"])
def test_every_mode_can_be_shown(mode):
    form = "JPEG" if mode == "CMYK" else "PNG"
    assert decoded(ImageBudget().address(encoded(Image.new(mode, (2, 2)), form))).size == (2, 2)


def test_only_the_first_frame_of_many_is_kept():
    frames = [Image.new("L", (4, 4), shade) for shade in (10, 200)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert decoded(ImageBudget().address(data)).n_frames == 1


def test_nothing_but_pixels_is_kept():
    about = PngImagePlugin.PngInfo()
    about.add_text("Comment", "<script>alert(1)</script>")
    hidden = {"pnginfo": about, "exif": b"Exif\x00\x00secret", "icc_profile": b"profile"}
    data = encoded(Image.new("RGB", (2, 2)), "PNG", **hidden)
    data = base64.b64encode(base64.b64decode(data) + b"<html>after the end").decode()
    left = base64.b64decode(ImageBudget().address(data).partition(",")[2])
    assert not any(word in left for word in (b"script", b"secret", b"html", b"iCCP"))


def test_a_small_file_that_unpacks_to_a_huge_picture_is_refused():
    # 60,000 by 60,000 pixels, said in its head; nothing of it is unpacked.
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + head
    bomb = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk
    bomb += struct.pack(">I", zlib.crc32(chunk))
    assert ImageBudget().address(base64.b64encode(bomb).decode()) is None


@pytest.mark.parametrize("form", ["BMP", "TIFF", "PPM", "WEBP", "ICO"])
def test_other_formats_are_refused_whatever_they_say_they_are(form):
    assert ImageBudget().address(encoded(Image.new("RGB", (4, 4)), form)) is None


def test_a_wide_picture_is_made_smaller():
    given = encoded(Image.new("RGB", (3 * MAX_SIDE, MAX_SIDE)), "PNG")
    assert decoded(ImageBudget().address(given)).width == MAX_SIDE


def test_a_page_takes_pictures_until_it_has_its_share():
    data = encoded(Image.new("RGB", (10, 10)), "PNG")
    by_pixels = ImageBudget(max_pixels=250)
    assert [by_pixels.address(data) is not None for _ in range(3)] == [True, True, False]
    by_bytes = ImageBudget(max_bytes=20)
    assert by_bytes.keep("image/png", b"x" * 15) == "data:image/png;base64," + "eHh4" * 5
    assert by_bytes.keep("image/png", b"x" * 15) is None
