"""The allow-list that stands between a notebook's HTML and a page."""

import pytest

from d2l.notebook.clean import clean_html


@pytest.mark.parametrize(
    "hostile",
    [
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
    ],
)
def test_nothing_of_what_runs_loads_or_restyles_is_left(hostile):
    assert clean_html(f"{hostile}").replace("<math></math>", "") == ""


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ("<p onclick=x>a</p>", "<p>a</p>"),
        ("<a href=javascript:x>a</a>", "<a>a</a>"),
        ("<a href=' java\nscript:x'>a</a>", "<a>a</a>"),
        ("<td style='text-align: right; position: fixed'>a</td>", "<td>a</td>"),
        ("<font color=red>a</font>", "a"),
        ("<img src=a.png alt='a <b> picture'>", "a &lt;b&gt; picture"),
        ("<div><b>a", "<div><b>a</b></div>"),
    ],
)
def test_what_is_not_allowed_goes_and_the_words_stay(given, left):
    assert clean_html(given) == left


@pytest.mark.parametrize(
    "harmless",
    [
        '<table class="dataframe"><tr style="text-align: right;"><td>1</td></tr></table>',
        '<a href="https://e.org/">a</a> <a href="#b">b</a>',
        '<img alt="a" src="data:image/png;base64,AAAA"/>',
        "<details><summary>a</summary>b</details>",
        "1 &lt; 2 &amp; 3",
    ],
)
def test_what_a_page_may_show_is_kept_as_it_is(harmless):
    assert clean_html(harmless) == harmless
