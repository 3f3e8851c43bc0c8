"""Sanitize SVG with an allow-list: only shapes, text and colours remain.

Scripts, style sheets and addresses are removed, and so are constructs that expand a small file to a
large picture (entities, copies of copies, patterns, filters).
"""

import re
from html import escape
from xml.parsers import expat

from d2l.notebook.render.sanitize_images import ImageBudget

MAX_CHARACTERS = 4_000_000
MAX_ELEMENTS = 50_000
MAX_DEPTH = 60
_NAMESPACE = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
_SHAPES = frozenset(["path", "rect", "circle", "ellipse", "line", "polyline", "polygon"])
_ELEMENTS = _SHAPES | frozenset(
    ["svg", "g", "defs", "clipPath", "text", "tspan", "linearGradient", "radialGradient", "stop"]
)
_GEOMETRY = """id class x y x1 y1 x2 y2 dx dy cx cy r rx ry fx fy width height d points viewBox
    preserveAspectRatio transform offset gradientUnits gradientTransform clipPathUnits pathLength
    textLength lengthAdjust rotate"""
_LOOKS = """clip-path clip-rule color dominant-baseline fill fill-opacity fill-rule font font-family
    font-size font-stretch font-style font-variant font-weight letter-spacing opacity
    shape-rendering stop-color stop-opacity stroke stroke-dasharray stroke-dashoffset
    stroke-linecap stroke-linejoin stroke-miterlimit stroke-opacity stroke-width text-anchor
    text-decoration text-rendering visibility white-space writing-mode"""
_PROPERTIES = frozenset(_LOOKS.split())
_ATTRIBUTES = frozenset(_GEOMETRY.split()) | _PROPERTIES
# Numbers, names, colours, transforms, and references within the drawing.
_FUNCTIONS = "rgba?|hsla?|matrix|translate|scale|rotate|skewX|skewY"
_VALUE = re.compile(rf"""(?:url\(#[\w.-]+\)|(?:{_FUNCTIONS})\([\w\s.,%+-]*+\)|[\w\s.,#%+'"-])*+""")
_SIZE = re.compile(r"\d{1,4}(?:\.\d*)?(?:px|pt|em|in|cm|mm)?")
_NAME = re.compile(r"#([\w.-]+)")
# Matplotlib sets these in a style sheet; both are inherited, so the root element sets them.
_ROOT = 'xmlns="http://www.w3.org/2000/svg" stroke-linejoin="round" stroke-linecap="butt"'


def sanitize_svg(svg: str, images: ImageBudget) -> str | None:
    """Return the sanitized drawing, None if it is invalid or too large."""
    if len(svg) > MAX_CHARACTERS:
        return None
    writer = _Writer(images)
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = writer.start
    parser.EndElementHandler = writer.end
    parser.CharacterDataHandler = writer.text
    parser.EntityDeclHandler = writer.refuse
    try:
        parser.Parse(svg.encode("utf-8", "replace"), True)
    except (expat.ExpatError, _RefusedError):
        return None
    return "".join(writer.parts) if writer.is_drawing else None


class _RefusedError(Exception):
    """A file that is not a drawing, or is too large."""


class _Writer:
    """Writes the allowed parts of the elements reported by the parser."""

    def __init__(self, images: ImageBudget) -> None:
        self.parts: list[str] = []
        self.is_drawing = False
        self._images = images
        self._open: list[str] = []  # the name of each open element, "" if it was not written
        self._hidden = 0  # depth inside an element that is removed with its content
        self._elements = 0
        self._shapes: set[str] = set()

    def start(self, full_name: str, attributes: dict[str, str]) -> None:
        namespace, _, name = full_name.rpartition(" ")
        self._elements += 1
        if self._elements > MAX_ELEMENTS or len(self._open) >= MAX_DEPTH:
            raise _RefusedError
        if not self._open and (name != "svg" or namespace not in ("", _NAMESPACE)):
            raise _RefusedError
        content = None
        if not self._hidden and namespace in ("", _NAMESPACE):
            content = self._content(name, attributes)
        if self._hidden or content is None:
            self._hidden += 1
            self._open.append("")
            return
        root = "" if self._open else f" {_ROOT}"
        self.is_drawing = True
        self._open.append(name)
        self.parts.append(f"<{name}{root}{content}>")

    def end(self, _: str) -> None:
        name = self._open.pop()
        if name:
            self.parts.append(f"</{name}>")
        else:
            self._hidden -= 1

    def text(self, words: str) -> None:
        if not self._hidden and self._open[-1:] and self._open[-1] in ("text", "tspan"):
            self.parts.append(escape(words))

    def refuse(self, *_: object) -> None:
        raise _RefusedError

    def _content(self, name: str, attributes: dict[str, str]) -> str | None:
        """Return the allowed attributes, None if the element is not allowed."""
        link = attributes.get(f"{_XLINK} href") or attributes.get("href", "")
        if name == "use":
            # Only copies of shapes: copies of copies would double with each line of the file.
            target = _NAME.fullmatch(link)
            kept = target is not None and target[1] in self._shapes
            return _written(attributes) + f' href="{link}"' if kept else None
        if name == "image":
            picture = self._images.resolve(link)
            return _written(attributes) + f' href="{picture}"' if picture else None
        if name in _SHAPES:
            self._shapes.add(attributes.get("id", ""))
        return _written(attributes) if name in _ELEMENTS else None


def _written(attributes: dict[str, str]) -> str:
    kept = {name: value for name, value in attributes.items() if _is_allowed(name, value)}
    style = _style(attributes.get("style", ""))
    if style:
        kept["style"] = style
    return "".join(f' {name}="{escape(value)}"' for name, value in kept.items())


def _is_allowed(name: str, value: str) -> bool:
    if name in ("width", "height"):
        return _SIZE.fullmatch(value) is not None
    return name in _ATTRIBUTES and _VALUE.fullmatch(value) is not None


def _style(text: str) -> str:
    declarations = (part.partition(":") for part in text.split(";"))
    return "; ".join(
        f"{name.strip()}: {value.strip()}"
        for name, _, value in declarations
        if name.strip() in _PROPERTIES and _VALUE.fullmatch(value.strip())
    )
