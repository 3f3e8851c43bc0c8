"""HTML reduced to what a page may show: text, tables, pictures inside the page, formulas.

An allow-list, so nothing that runs, loads or restyles survives; the page's policy is the second
wall.
"""

import re

from bs4 import BeautifulSoup, Tag
from bs4.element import PreformattedString

_TEXT = """a abbr b blockquote br caption code col colgroup dd del details div dl dt em figcaption
    figure h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp small span strong sub
    summary sup table tbody td tfoot th thead tr u ul var"""
_FORMULAS = """math menclose merror mfrac mi mmultiscripts mn mo mover mpadded mphantom mprescripts
    mroot mrow ms mspace msqrt mstyle msub msubsup msup mtable mtd mtext mtr munder munderover"""
_TAGS = frozenset(_TEXT.split() + _FORMULAS.split())
# The content of these is not for readers; of any other unknown tag, the content stays.
_HIDDEN = "annotation annotation-xml embed iframe noscript object script style svg template title"
_OF_TEXT = "alt class colspan height href id rowspan scope src start style title width"
_OF_FORMULAS = """accent accentunder columnalign columnspacing depth display displaystyle fence form
    largeop linethickness lspace mathvariant maxsize minsize movablelimits rowspacing rspace
    scriptlevel separator stretchy symmetric"""
_ATTRIBUTES = frozenset(_OF_TEXT.split() + _OF_FORMULAS.split())
_VALUES = {
    "href": re.compile(r"(#|https?:|mailto:).*", re.DOTALL),
    "src": re.compile(r"data:image/.*", re.DOTALL),
    "style": re.compile(r"text-align: ?(left|center|right);?"),
}


def clean_html(html: str) -> str:
    """Return `html` with only the tags, attributes and addresses that a page may show.

    >>> clean_html('<p onclick="x()">a<script>b</script> <blink>c</blink>')
    '<p>a c</p>'
    """
    soup = BeautifulSoup(html, "html.parser")
    for comment in soup.find_all(string=lambda text: isinstance(text, PreformattedString)):
        comment.extract()
    for tag in soup.find_all(_HIDDEN.split()):
        tag.decompose()
    for tag in soup.find_all(True):
        _clean_tag(tag)
    return str(soup)


def _clean_tag(tag: Tag) -> None:
    if tag.name not in _TAGS:
        tag.unwrap()
        return
    for name in list(tag.attrs):
        allowed = _VALUES.get(name)
        if name not in _ATTRIBUTES or (allowed and not allowed.fullmatch(str(tag[name]))):
            del tag[name]
    if tag.name == "img" and "src" not in tag.attrs:
        tag.replace_with(str(tag.get("alt", "")))
