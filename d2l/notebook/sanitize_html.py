"""HTML reduced to what a page may show: text, tables, pictures inside the page, formulas.

An allow-list, so nothing that runs, loads or restyles survives; the page's policy is the second
wall. The time is linear in the length, whatever the text is: strangers write it.
"""

import re
from html import escape, unescape

from d2l.notebook.sanitize_images import ImageBudget

MAX_CHARACTERS = 500_000
MAX_DEPTH = 60  # deeper tags are left out, their words stay
_TEXT = """a abbr b blockquote br caption code col colgroup dd del details div dl dt em figcaption
    figure h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp small span strong sub
    summary sup table tbody td tfoot th thead tr u ul var"""
_FORMULAS = """math menclose merror mfrac mi mmultiscripts mn mo mover mpadded mphantom mprescripts
    mroot mrow ms mspace msqrt mstyle msub msubsup msup mtable mtd mtext mtr munder munderover"""
_TAGS = frozenset(_TEXT.split() + _FORMULAS.split())
_EMPTY = frozenset(["br", "col", "hr", "img"])
# The content of these is not for readers; of any other unknown tag, the content stays.
_RAW = """annotation annotation-xml iframe noembed noframes noscript object plaintext script style
    svg template textarea title xmp"""
_HIDDEN = frozenset(_RAW.split())
_OF_TEXT = "alt class colspan height href id rowspan scope src start style title width"
_OF_FORMULAS = """accent accentunder columnalign columnspacing depth display displaystyle fence form
    largeop linethickness lspace mathvariant maxsize minsize movablelimits rowspacing rspace
    scriptlevel separator stretchy symmetric"""
_ATTRIBUTES = frozenset(_OF_TEXT.split() + _OF_FORMULAS.split())
_LENGTHS = """columnspacing depth height linethickness lspace maxsize minsize rowspacing rspace
    width"""
_LENGTH = re.compile(r"-?\d{0,3}(\.\d{1,6})?(em|ex|px|pt|%|cm|mm|in)?( .{0,40})?")
_VALUES = {
    # A data frame's, a formula's, and pygments' short names: none that the page's own parts have.
    "class": re.compile(
        r"dataframe|math( block| inline)?|language-[\w+-]{1,20}|[a-z][a-z0-9]{0,2}"
    ),
    "href": re.compile(r"(#|https?:|mailto:).*", re.DOTALL),
    "style": re.compile(r"text-align: ?(left|center|right);?"),
    "colspan": re.compile(r"\d{1,3}"),
    "rowspan": re.compile(r"\d{1,3}"),
} | dict.fromkeys(_LENGTHS.split(), _LENGTH)
_TAG = re.compile(r"</?([a-zA-Z][^\s/>]*)")
_ATTRIBUTE = re.compile(
    r"""[\s/]*(?P<name>[^\s/>=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]*)))?""", re.DOTALL
)
_END = re.compile(r"[\s/]*>")
_LONG_NUMBER = re.compile(r"&#(\d{8,}|[xX][0-9a-fA-F]{8,})")


def sanitize_html(html: str, images: ImageBudget | None = None) -> str:
    """Return `html` with only the tags, attributes and addresses that a page may show.

    Its pictures are encoded anew, as part of the page's `images`; its own anchors are renamed, so
    that they cannot be mistaken for the page's.

    >>> sanitize_html('<p onclick="x()">a<script>b</script> <blink>c</blink>')
    '<p>a c</p>'
    """
    cleaner = _Cleaner(html[:MAX_CHARACTERS], images or ImageBudget())
    cleaned = cleaner.clean()
    cut = len(html) - MAX_CHARACTERS
    return f"{cleaned}<p>({cut:,} more characters are not shown)</p>" if cut > 0 else cleaned


class _Cleaner:
    """Reads tag by tag, and writes those that may be there, each closed."""

    def __init__(self, html: str, images: ImageBudget) -> None:
        self._html = html
        self._lower = html.lower() if len(html.lower()) == len(html) else html
        self._images = images
        self._open: list[str] = []
        self._parts: list[str] = []

    def clean(self) -> str:
        at = 0
        while at < len(self._html):
            start = self._html.find("<", at)
            start = len(self._html) if start < 0 else start
            self._parts.append(_text(self._html[at:start]))
            at = self._markup(start)
        self._close(0)
        return "".join(self._parts)

    def _markup(self, start: int) -> int:
        """Write what begins at the bracket at `start`; return where the text goes on."""
        if self._html.startswith("<!--", start):
            return self._behind("-->", start)
        if self._html.startswith(("<!", "<?"), start):
            return self._behind(">", start)
        tag = _TAG.match(self._html, start)
        if tag is None:
            self._parts.append("&lt;" if start < len(self._html) else "")
            return start + 1
        name = tag[1].lower()
        if self._html.startswith("</", start):
            self._end(name)
            return self._behind(">", tag.end())
        return self._tag(name, tag.end())

    def _tag(self, name: str, at: int) -> int:
        attributes, end = self._attributes(at)
        if self._html[end - 1] != ">":  # the text ends within the tag
            return end
        if name in _HIDDEN and not (name == "svg" and self._html.startswith("/>", end - 2)):
            return self._behind(">", self._behind(f"</{name}", end, self._lower))
        if name in _TAGS:
            self._start(name, attributes)
        return end

    def _attributes(self, at: int) -> tuple[dict[str, str], int]:
        """The attributes of a tag, the first of each name, and where the tag ends."""
        found: dict[str, str] = {}
        while at < len(self._html):
            end = _END.match(self._html, at)
            if end:
                return found, end.end()
            one = _ATTRIBUTE.match(self._html, at)
            if one is None:  # a sign that begins no name
                at += 1
                continue
            value = next((value for value in one.groups()[1:] if value is not None), "")
            found.setdefault(one["name"].lower(), _unescaped(value))
            at = one.end()
        return found, at

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "img":
            self._parts.append(self._picture(attributes))
        elif name in _EMPTY:
            self._parts.append(f"<{name}{_written(attributes)}/>")
        elif len(self._open) < MAX_DEPTH:
            self._open.append(name)
            self._parts.append(f"<{name}{_written(attributes)}>")

    def _picture(self, attributes: dict[str, str]) -> str:
        address = self._images.address_of_address(attributes.pop("src", ""))
        if address is None:
            return escape(attributes.get("alt", ""))
        return f'<img{_written(attributes)} src="{address}"/>'

    def _end(self, name: str) -> None:
        if name in self._open:
            self._close(len(self._open) - 1 - self._open[::-1].index(name))

    def _close(self, depth: int) -> None:
        while len(self._open) > depth:
            self._parts.append(f"</{self._open.pop()}>")

    def _behind(self, mark: str, start: int, text: str | None = None) -> int:
        found = (self._html if text is None else text).find(mark, start)
        return len(self._html) if found < 0 else found + len(mark)


def _written(attributes: dict[str, str]) -> str:
    return "".join(
        f' {name}="{escape(_renamed(name, value))}"'
        for name, value in attributes.items()
        if name in _ATTRIBUTES and name != "src" and _is_allowed(name, value)
    )


def _is_allowed(name: str, value: str) -> bool:
    allowed = _VALUES.get(name)
    return allowed is None or allowed.fullmatch(value) is not None


def _renamed(name: str, value: str) -> str:
    if name == "id":
        return f"text-{value}"
    return f"#text-{value[1:]}" if name == "href" and value.startswith("#") else value


def _text(text: str) -> str:
    return escape(_unescaped(text), quote=False)


def _unescaped(text: str) -> str:
    return unescape(_LONG_NUMBER.sub("", text))
