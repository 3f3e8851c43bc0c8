"""A browser for tests that look at pages, without a network of its own to speak of."""

import base64
import io
import shutil
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from PIL import Image


@dataclass
class Chromium:
    """Headless Chromium, each page in a context of its own."""

    browser: object

    def seen(self, svg: str) -> Image.Image:
        """The picture that a drawing gives."""
        tab = self.browser.new_page(viewport={"width": 500, "height": 400})
        data = base64.b64encode(svg.encode()).decode()
        tab.set_content(f'<img src="data:image/svg+xml;base64,{data}">', wait_until="load")
        picture = Image.open(io.BytesIO(tab.screenshot())).convert("RGB")
        tab.close()
        return picture


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    """Debian's Chromium; a test that asks for it is skipped where there is none."""
    if not shutil.which("chromium"):
        pytest.skip("needs Debian's chromium")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        yield Chromium(browser)
        browser.close()
