"""The allow-list that stands between a notebook's HTML and a page."""

import base64
import io
import time

import pytest
from bs4 import BeautifulSoup
from PIL import Image

from d2l.notebook.render.sanitize_html import MAX_CHARACTERS, MAX_DEPTH, sanitize_html


def png_address(colour="red"):
    file = io.BytesIO()
    Image.new("RGB", (3, 2), colour).save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


HOSTILE = [
    "<script>alert(1)</script>",
    "<ScRiPt src=//e.org></sCrIpT>",
    "<style>p {}</style>",
    "<link rel=stylesheet href=https://e.org>",
    "<meta http-equiv=refresh content=0>",
    "<iframe src=https://e.org></iframe>",
    "<svg onload=alert(1)><script>1</script></svg>",
    "<math><annotation-xml><script>1</script></annotation-xml></math>",
    "<!-- <script> -->",
    "<img src=https://e.org/a.png>",
    "<img src=x onerror=alert(1)>",
    "<base href=https://e.org>",
    "</main></body>",
    "<img src='data:image/svg+xml,<svg onload=alert(1)>'>",
    "<img src='data:text/html,<script>alert(1)</script>'>",
    "<form action=https://e.org><input autofocus onfocus=alert(1)></form>",
    "<svg><foreignObject><iframe srcdoc='<script>1</script>'></iframe></foreignObject></svg>",
    "<noscript><b title='</noscript><script>1</script>'></b></noscript>",
    "<textarea><script>alert(1)</script></textarea>",
    "<!--><script>alert(1)</script>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?xml version='1.0'?>",
    "<script>never closed",
    "<p",
    "<img src=x onerror=alert(1)//",
]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_nothing_of_what_runs_loads_or_restyles_is_left(hostile):
    left = sanitize_html(hostile).replace("<math></math>", "")
    assert BeautifulSoup(left, "html.parser").find_all(True) == []
    assert "<" not in left


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("<scr<script>ipt>alert(1)</script>", "ipt>alert(1)"),
        ("<<script>a</script>b", "<b"),
        ("<math><mtext><style><img src=x onerror=1></style>a</mtext></math>", "a"),
        ("<p title='<img src=x onerror=1>'>a</p>", "a"),
        ("&lt;script&gt;", "<script>"),
        ("&#60;script&#x3e;", "<script>"),
        ("a &#99999999999; b", "a ; b"),
        ("<a href='java&#115;cript:alert(1)'>a</a>", "a"),
        ("<a href='data:text/html,x'>a</a>", "a"),
        ("<a href=//e.org>a</a>", "a"),
        ("<div/onmouseover=alert(1)>a</div>", "a"),
        ('<b x=">" onclick=y>a</b>', "a"),
        ("3 < 4 and <3", "3 < 4 and <3"),
    ],
)
def test_broken_and_nested_markup_leaves_words_and_no_attribute_that_acts(hostile, shown):
    page = BeautifulSoup(sanitize_html(hostile), "html.parser")
    assert page.text == shown
    assert {tag.name for tag in page.find_all(True)} <= {"p", "a", "b", "div", "math", "mtext"}
    assert {name for tag in page.find_all(True) for name in tag.attrs} <= {"title"}


def test_what_a_stranger_names_cannot_be_taken_for_a_part_of_the_page():
    given = '<p class="total" id="points">a</p><a href="#points">b</a>'
    assert sanitize_html(given) == '<p id="text-points">a</p><a href="#text-points">b</a>'


@pytest.mark.parametrize("size", ["9999999px", "1e9", "-5000em", "100vw"])
def test_a_size_that_would_cover_the_page_goes(size):
    assert sanitize_html(f'<img src="{png_address()}" width="{size}">').count("width") == 0
    spaced = sanitize_html(f'<math><mspace width="{size}"></mspace></math>')
    assert spaced == "<math><mspace></mspace></math>"


def test_a_picture_is_encoded_anew():
    cleaned = BeautifulSoup(sanitize_html(f'<img src="{png_address()}" alt="a">'), "html.parser")
    kind, _, data = cleaned.img["src"].partition(",")
    assert kind == "data:image/png;base64"
    assert Image.open(io.BytesIO(base64.b64decode(data))).getpixel((2, 1)) == (255, 0, 0)


@pytest.mark.parametrize(
    "piece",
    ["<", "<a ", '<a "', "<!--", "<![", "<?", "</", "</a", "&", "&#x", "<script>", "<x>", "<div>",
     "<b></b>", "<p a='", "<svg>", "<table><tr><td>", "<a b=\"'", "<style><!--", "\x00<",
     "<i></b>", "&a", "& ", "&lt;", "<p><b>", "<b><p>"],
)  # fmt: skip
def test_a_long_text_takes_little_time_whatever_it_is_made_of(piece):
    start = time.process_time()
    cleaned = sanitize_html(piece * (300_000 // len(piece)))
    assert time.process_time() - start < 5
    assert "<script" not in cleaned


def test_tags_nested_too_deeply_are_left_out_and_their_words_stay():
    page = BeautifulSoup(sanitize_html("<div>" * 5000 + "word"), "html.parser")
    assert len(page.find_all("div")) == MAX_DEPTH
    assert page.text == "word"


def test_a_text_that_is_too_long_is_cut_and_says_so():
    assert sanitize_html("a" * (MAX_CHARACTERS + 1234)).endswith(
        "<p>(1,234 more characters are not shown)</p>"
    )


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ("<p onclick=x>a</p>", "<p>a</p>"),
        ("<a href=javascript:x>a</a>", "<a>a</a>"),
        ("<a href=' java\nscript:x'>a</a>", "<a>a</a>"),
        ("<p style='text-align: right; position: fixed'>a</p>", "<p>a</p>"),
        ("<font color=red>a</font>", "a"),
        ("<img src=a.png alt='a <b> picture'>", "a &lt;b&gt; picture"),
        ("<div><b>a", "<div><b>a</b></div>"),
    ],
)
def test_what_is_not_allowed_goes_and_the_words_stay(given, left):
    assert sanitize_html(given) == left


@pytest.mark.parametrize(
    "harmless",
    [
        '<table class="dataframe"><tbody><tr style="text-align: right;"><td>1</td></tr></tbody>'
        "</table>",
        '<a href="https://e.org/">a</a> <a href="mailto:b">b</a>',
        "<details><summary>a</summary>b</details>",
        "1 &lt; 2 &amp; 3",
    ],
)
def test_what_a_page_may_show_is_kept_as_it_is(harmless):
    assert sanitize_html(harmless) == harmless


# Texts that a browser reads in another way than the sanitizer, if the two differ.
MUTATING = [
    "<svg></p><style><a id='</style><img src=1 onerror=alert(1)>'>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 "
    "onerror=alert(1)&gt;'>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<math><annotation-xml encoding='text/html'><style><img src=x onerror=alert(1)></style>",
    "<p title='</p><img src=x onerror=alert(1)>'><table><td>a<p title='\">&quot;&lt;x'>",
    "<details open ontoggle=alert(1)><summary onclick=alert(1)>a</summary></details>",
    "<a href='jav&#x09;ascript:alert(1)'>a</a><a href='&#1;javascript:alert(1)'>b</a>",
    "<img alt='\"><img src=x onerror=alert(1)>'><img alt=`><script>alert(1)</script>`>",
    "\ue000lt;img src=x onerror=alert(1)\ue000gt; &\ue000<b title='\ue000'>",
    "&lt<img src=x onerror=alert(1)>&gt &amp;lt;script&amp;gt;alert(1)",
    "<b title='<!--'></b><img src=x onerror=alert(1)><!-- --!><script>alert(1)</script>",
    "<td background=//e.org/a.png style='background:url(//e.org)'><video poster=//e.org>"
    "<source src=//e.org>",
]


@pytest.mark.browser
def test_a_browser_runs_and_loads_nothing_of_it_even_without_a_policy(chromium):
    body = "".join(f"<div>{sanitize_html(text)}</div>" for text in HOSTILE + MUTATING)
    tab = chromium.browser.new_page()
    seen = []
    tab.on("dialog", lambda dialog: (seen.append(dialog.message), dialog.dismiss()))
    tab.on("request", lambda request: seen.append(request.url))
    tab.set_content(f"<!doctype html><title>t</title>{body}", wait_until="load")
    for handler in tab.query_selector_all("summary, a"):
        handler.dispatch_event("click")
    names = tab.evaluate(
        "[...document.body.querySelectorAll('*')].flatMap(t => t.getAttributeNames())"
    )
    tab.close()
    assert seen == []
    assert not [name for name in names if name.startswith("on") or name in ("srcset", "action")]
