"""The documentation builds without a warning or a broken link, and works without a network."""

import functools
import http.server
import importlib.util
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tools.site.check import problems
from tools.site.repository_links import repository_path
from tools.site.stage import lesson_links

REPOSITORY = Path(__file__).parents[2]
SPHINX = ("sphinx", "myst_nb", "furo", "sphinx_copybutton")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site with lessons that have not run; the build fails on warnings and broken links."""
    missing = [name for name in SPHINX if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"needs the extra `docs` (no {', '.join(missing)})")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "tools.site", "--unexecuted"]
    command += ["--out", str(folder / "docs"), "--lessons", str(folder / "none")]
    variables = {k: v for k, v in os.environ.items() if k != "D2L_REPOSITORY_URL"}
    done = subprocess.run(
        command, cwd=REPOSITORY, env=variables, capture_output=True, text=True, timeout=1200
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "docs"


@pytest.mark.slow
def test_pages_show_source_files_and_formulas_themselves(site):
    page = (site / "api" / "03-linear-neural-networks-for-regression.html").read_text("utf-8")
    assert 'href="../source/d2l/core/trainer.py.html"' in page
    assert "class Trainer" in (site / "source/d2l/core/trainer.py.html").read_text("utf-8").replace(
        '<span class="k">class</span><span class="w"> </span><span class="nc">Trainer</span>',
        "class Trainer",
    )
    assert "<math" in (site / "lessons" / "3_1_linear_regression.html").read_text("utf-8")
    assert not list(site.rglob("*mathjax*"))


@pytest.mark.slow
def test_every_lesson_has_its_notebook_and_its_source(site):
    lessons = [file.stem for file in (REPOSITORY / "lessons").glob("*.py")]
    for name in lessons:
        page = (site / "lessons" / f"{name}.html").read_text("utf-8")
        assert f"{name}.ipynb" in page
        assert f"../source/lessons/{name}.py.html" in page


@pytest.fixture(scope="module")
def address(site):
    """The site, served on this machine."""
    handler = functools.partial(Quiet, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A server of files that prints nothing."""

    def log_message(self, *_):
        """Print nothing."""


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize(
    ("width", "color_scheme"), [(1280, "light"), (390, "light"), (1280, "dark")]
)
def test_a_browser_needs_nothing_else_and_reports_no_error(address, chromium, width, color_scheme):
    tab = chromium.browser.new_page(
        viewport={"width": width, "height": 900}, color_scheme=color_scheme
    )
    errors, requests = [], []
    tab.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.on("request", lambda request: requests.append(request.url))
    for page in (
        "index.html",
        "api/03-linear-neural-networks-for-regression.html",
        "lessons/4_4_softmax_scratch.html",
    ):
        tab.goto(f"{address}/{page}", wait_until="networkidle")
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        background = tab.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (background == "rgb(255, 255, 255)") == (color_scheme == "light")
    tab.close()
    assert errors == []
    assert [url for url in requests if not url.startswith((address, "data:"))] == []


@pytest.mark.slow
@pytest.mark.browser
def test_the_search_finds_the_trainer(address, chromium):
    tab = chromium.browser.new_page()
    tab.goto(f"{address}/search.html?q=Trainer", wait_until="networkidle")
    found = tab.locator("ul.search li a")
    found.first.wait_for()
    texts = " ".join(found.all_inner_texts())
    tab.close()
    assert "3 Linear neural networks for regression > Trainer" in texts


def test_links_to_files_are_distinguished_from_links_to_pages():
    assert (
        repository_path("api/README", "../../d2l/core/training/run.py")
        == "d2l/core/training/run.py"
    )
    assert repository_path("index", "api/README.md") is None
    assert repository_path("index", "../d2l/core/no_such_file.py") is None


def test_a_lesson_has_links_to_the_repository_when_there_is_one():
    assert "GitHub" not in lesson_links("4_4_softmax_scratch", "")
    links = lesson_links("4_4_softmax_scratch", "https://github.com/owner/name")
    assert "https://github.com/owner/name/blob/main/lessons/4_4_softmax_scratch.py" in links
    assert "/github/owner/name/blob/notebooks/4_4_softmax_scratch.ipynb" in links
    assert "Colab" not in lesson_links("4_4_softmax_scratch", "https://example.org/owner/name")


def test_the_check_finds_broken_links_anchors_and_files_from_elsewhere(tmp_path):
    (tmp_path / "a.html").write_text(
        '<h1 id="top">A</h1><a href="b.html">x</a><a href="#top">x</a><a href="#end">x</a>'
        '<a href="https://example.org">x</a><img src="https://example.org/a.png">'
    )
    (tmp_path / "a.css").write_text("@import 'https://example.org/a.css';")
    assert problems(tmp_path) == [
        "a.html: loads https://example.org/a.png",
        "a.html: b.html leads nowhere",
        "a.html: #end leads nowhere",
        "a.css: loads from elsewhere",
    ]
