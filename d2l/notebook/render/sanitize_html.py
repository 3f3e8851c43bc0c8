"""Sanitize HTML with an allow-list: text, tables, embedded pictures and formulas remain.

Scripts, external resources and styles are removed; the page's content security policy is the second
line of defence. `nh3` parses like browsers and filters tags; attribute values and nesting depth are
restricted here.
"""

import re
from collections import Counter
from collections.abc import Callable
from html import escape, unescape

import nh3

from d2l.notebook.render.sanitize_images import ImageBudget

MAX_CHARACTERS = 500_000
MAX_DEPTH = 60  # deeper tags are removed, their text is kept
MAX_OPEN = 1_000  # unclosed tags: nh3 may search all of them at each tag
_TEXT = """a abbr b blockquote br caption code col colgroup dd del details div dl dt em figcaption
    figure h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp small span strong sub
    summary sup table tbody td tfoot th thead tr u ul var"""
_FORMULAS = """math menclose merror mfrac mi mmultiscripts mn mo mover mpadded mphantom mprescripts
    mroot mrow ms mspace msqrt mstyle msub msubsup msup mtable mtd mtext mtr munder munderover"""
_TAGS = frozenset(_TEXT.split() + _FORMULAS.split())
# Tags that are removed with their content; of other unknown tags, the content is kept.
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
    # Classes of data frames, formulas and Pygments, but none of the page's own classes.
    "class": re.compile(
        r"dataframe|math( block| inline)?|language-[\w+-]{1,20}|[a-z][a-z0-9]{0,2}"
    ),
    "href": re.compile(r"(#|https?:|mailto:).*", re.DOTALL),
    "style": re.compile(r"text-align: ?(left|center|right);?"),
    "colspan": re.compile(r"\d{1,3}"),
    "rowspan": re.compile(r"\d{1,3}"),
} | dict.fromkeys(_LENGTHS.split(), _LENGTH)
_ANY_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)[^>]*>?")
# A tag as written by nh3.
_TAG = re.compile(r'<(/?)([a-z][a-z0-9-]*)((?: [^\s="]+="[^"]*")*)>')
_EMPTY = frozenset(["br", "col", "hr", "img"])
_ALT = re.compile(r' alt="([^"]*)"')
_LONG_NUMBER = re.compile(r"&#(\d{8,}|[xX][0-9a-fA-F]{8,})")
# A literal ampersand. nh3 takes seconds for 500,000 of them, so they are replaced by a placeholder.
_LONE = re.compile(r"&(?!#?\w{1,32};)")
_PLACEHOLDER = "\ue000"


def sanitize_html(html: str, image_source: Callable[[str], str | None] | None = None) -> str:
    """Return `html` with only the tags, attributes and addresses that a page may show.

    `image_source` returns the `data:` address of a picture for its address in `html`, or None; by
    default only pictures embedded in `html` are shown. Its anchors are renamed, so that they do not
    collide with those of the page.

    >>> sanitize_html('<p onclick="x()">a<script>b</script> <blink>c</blink>')
    '<p>a c</p>'
    """
    source = image_source or ImageBudget().resolve

    def attribute(tag: str, name: str, value: str) -> str | None:
        value = value.replace(_PLACEHOLDER, "&")
        if tag == "img" and name == "src":
            return source(value)
        return _renamed(name, value) if name != "src" and _is_allowed(name, value) else None

    given = _with_few_open_tags(_LONG_NUMBER.sub("", html[:MAX_CHARACTERS]))
    cleaned = nh3.clean(
        _LONE.sub(_PLACEHOLDER, given).encode("utf-8", "replace").decode("utf-8"),
        tags=_TAGS,
        clean_content_tags=_HIDDEN,
        attributes={"*": _ATTRIBUTES},
        attribute_filter=attribute,
        url_schemes={"attachment", "data", "http", "https", "mailto"},
        link_rel=None,
    )
    cleaned = _with_few_levels(cleaned.replace(_PLACEHOLDER, "&amp;"))
    cut = len(html) - MAX_CHARACTERS
    return f"{cleaned}<p>({cut:,} more characters are not shown)</p>" if cut > 0 else cleaned


def _with_few_open_tags(html: str) -> str:
    """Remove tags if too many are open, and end tags of elements that are not open."""
    is_open: Counter[str] = Counter()
    num_open = 0

    def kept(tag: re.Match[str]) -> str:
        nonlocal num_open
        name = tag[2].lower()
        if name in _EMPTY:
            return tag[0]
        is_kept = is_open[name] > 0 if tag[1] else num_open < MAX_OPEN
        change = is_kept * (-1 if tag[1] else 1)
        is_open[name] += change
        num_open += change
        return tag[0] if is_kept else ""

    return _ANY_TAG.sub(kept, html)


def _with_few_levels(html: str) -> str:
    """Remove tags that are nested too deeply, and replace missing pictures by their alt text."""
    depth = 0

    def kept(tag: re.Match[str]) -> str:
        nonlocal depth
        if tag[2] in _EMPTY:
            alt = _ALT.search(tag[3])
            is_missing = tag[2] == "img" and ' src="' not in tag[3]
            return (escape(unescape(alt[1]), quote=False) if alt else "") if is_missing else tag[0]
        depth += not tag[1]
        is_kept = depth <= MAX_DEPTH
        depth -= bool(tag[1])
        return tag[0] if is_kept else ""

    return _TAG.sub(kept, html)


def _is_allowed(name: str, value: str) -> bool:
    allowed = _VALUES.get(name)
    return allowed is None or allowed.fullmatch(value) is not None


def _renamed(name: str, value: str) -> str:
    if name == "id":
        return f"text-{value}"
    return f"#text-{value[1:]}" if name == "href" and value.startswith("#") else value
