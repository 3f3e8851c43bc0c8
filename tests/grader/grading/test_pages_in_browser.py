"""Pages with a planted script in every field, in a real browser: nothing runs, nothing is asked."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from classroom import notebook, report, result, rubric
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from d2l.grader.compare.report import check_page
from d2l.grader.grading.class_page import summary_page
from d2l.grader.grading.student_page import student_page

pytestmark = pytest.mark.browser
LONG = "unbroken" * 60


class Listener:
    """A server on the loopback that writes down what it is asked for."""

    def __init__(self) -> None:
        asked = self.asked = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append(self.path)
                self.send_response(204)
                self.end_headers()

            do_POST = do_GET  # noqa: N815

            def log_message(self, *_):
                pass

        # In threads: a browser opens connections ahead of time, and may never use them.
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    found = Listener()
    thread = threading.Thread(target=found.server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield found
    found.server.shutdown()
    found.server.server_close()
    thread.join()


def planted(address):
    """Ways to run a script or to ask for something, and a word that does not break."""
    act = f"document.title='ran';fetch('{address}/fetch');navigator.sendBeacon('{address}/beacon')"
    return f"""\"'></title></style></textarea>--></pre></code></p>
<script>{act}</script><script src="{address}/script.js"></script>
<img src=x onerror="{act}"><img src="{address}/picture.png"><svg onload="{act}"></svg>
<svg xmlns="http://www.w3.org/2000/svg"><script>{act}</script><image href="{address}/in.svg"/></svg>
<iframe src="{address}/frame" srcdoc="<script>parent.{act}</script>"></iframe>
<object data="{address}/object"></object><embed src="{address}/embed"><video src="{address}/video">
<link rel=stylesheet href="{address}/style.css"><style>@import "{address}/import.css";
body {{ background: url({address}/ground.png); display: none }}</style>
<meta http-equiv=refresh content="0; url={address}/refresh"><base href="{address}/">
<form action="{address}/form"><input autofocus onfocus="{act}"><button>x</button></form>
<div style="position:fixed;inset:0;background:url({address}/div.png)">cover</div>
<details open ontoggle="{act}"><summary>s</summary></details><a href="javascript:{act}">a</a>
<math><mtext><style><img src=x onerror="{act}"></style></mtext></math> {LONG}"""


def svg(address):
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" onload="document.title=1" width="90" height="9">'
        f"<script>document.title='ran'</script><style>@import '{address}/svg.css'</style>"
        f'<image href="{address}/svg.png"/><circle r="4"/></svg>'
    )


@pytest.fixture(scope="module")
def pages(listener, tmp_path_factory):
    evil = planted(listener.address)
    drawn = [new_output("display_data", data={"image/svg+xml": svg(listener.address)})]
    wide = new_output("display_data", data={
        "text/html": "<table><tr>" + "<td>12345678</td>" * 60 + "</tr></table>"
        "<mspace width='999em'></mspace><p style='text-align: center'>a</p>"
    })  # fmt: skip
    more = (
        new_code_cell("draw()", outputs=[*drawn, wide]),
        new_code_cell(f"x = '{LONG}'", outputs=[new_output("stream", text=f"{LONG}\n" * 40)]),
        new_markdown_cell(f"{LONG}\n\n    {LONG}\n\n$${'x + ' * 90}x$$\n\n|{LONG}|\n|-|\n|b|\n"),
    )
    hostile = result(evil=evil, status="died", same_as=(f"Bob{evil}",))
    ran = notebook(evil, more)
    folder = tmp_path_factory.mktemp("pages")
    texts = {
        "student": student_page(hostile, ran, f"Title{evil}"),
        "summary": summary_page(rubric(evil), [hostile, result("Eve", 1.0, evil)]),
        "check": check_page(report(evil), ran, f"hw{evil}", hostile.cells, evil),
    }
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return folder


def load_submission(chromium, path, width, policy=True, **context):
    """The tab, and the addresses that it asked for beside the page itself."""
    asked: list[str] = []
    tab = chromium.browser.new_page(
        viewport={"width": width, "height": 800}, bypass_csp=not policy, **context
    )
    tab.on("request", lambda request: asked.append(request.url))
    tab.on("dialog", lambda dialog: asked.append("a dialog"))
    tab.goto(path.as_uri(), wait_until="load")
    tab.wait_for_timeout(200)
    return tab, [url for url in asked if url != path.as_uri() and not url.startswith("data:")]


@pytest.mark.parametrize("policy", [True, False], ids=["with its policy", "by its text alone"])
@pytest.mark.parametrize("name", ["student", "summary", "check"])
def test_no_planted_script_runs_and_nothing_is_asked_for(chromium, listener, pages, name, policy):
    tab, asked = load_submission(chromium, pages / f"{name}.html", 1200, policy)
    assert asked == []
    assert listener.asked == []
    assert tab.title().startswith(("Ada Example", "Homework 1", "hw"))
    assert tab.evaluate("getComputedStyle(document.body).display") == "block"
    for tag in ("script", "iframe", "object", "embed", "form", "input", "base", "link", "video"):
        assert tab.locator(tag).count() == 0
    assert tab.locator("style").count() == 1
    assert tab.locator("[style*=fixed], a[href^=javascript]").count() == 0
    tab.close()


def test_the_same_plants_run_on_a_page_that_does_not_defend_itself(chromium, listener, tmp_path):
    path = tmp_path / "bare.html"
    path.write_text(f"<body><p title='a {planted(listener.address)}</body>", encoding="utf-8")
    tab, asked = load_submission(chromium, path, 1200, java_script_enabled=True)
    tab.close()
    assert len({url.rpartition("/")[2] for url in asked}) > 5
    assert listener.asked
    listener.asked.clear()


@pytest.mark.parametrize("width", [400, 1200, 1500])
@pytest.mark.parametrize("name", ["student", "summary", "check"])
def test_nothing_is_wider_than_the_window(chromium, pages, name, width):
    tab, _ = load_submission(chromium, pages / f"{name}.html", width)
    assert tab.evaluate("document.documentElement.scrollWidth") == width
    tab.close()


def test_what_a_stranger_shows_stays_within_its_own_box(chromium, pages):
    tab, _ = load_submission(chromium, pages / "student.html", 1200)
    escaped = tab.evaluate("""() => {
        document.querySelector('.total').scrollIntoView();
        const total = document.querySelector('.total').getBoundingClientRect();
        const at = document.elementFromPoint(total.left + 5, total.top + 5);
        return !at.closest('.total');
    }""")
    tab.close()
    assert not escaped


@pytest.mark.parametrize("name", ["student", "summary"])
def test_headings_tables_and_scrolling_parts_are_named_for_a_screen_reader(chromium, pages, name):
    tab, _ = load_submission(chromium, pages / f"{name}.html", 1200)
    assert tab.locator("html[lang=en]").count() == 1
    assert tab.locator("main").count() == 1
    assert tab.locator("main > h1").count() == 1
    assert tab.locator(".scroll:not([aria-label]):not([aria-labelledby])").count() == 0
    assert tab.locator("[role=region]:not([tabindex])").count() == 0
    assert tab.locator(".scroll thead th:not([scope])").count() == 0
    assert tab.locator("img:not([alt])").count() == 0
    tab.close()
