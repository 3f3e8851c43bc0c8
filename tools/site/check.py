"""Check the built site: links inside it lead to something, and nothing is loaded from outside."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {
    "script": "src", "img": "src", "iframe": "src", "source": "src", "embed": "src",
    "video": "src", "audio": "src", "object": "data", "link": "href",
}  # fmt: skip
NOT_LOADED = {"next", "prev", "search", "index", "canonical", "alternate"}  # kinds of <link>
ADDRESS_IN_CSS = re.compile(r"url\(\s*['\"]?(https?:)?//|@import\s+['\"](https?:)?//")


@dataclass
class Page(HTMLParser):
    """What one page has and asks for."""

    anchors: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin with an empty parser."""
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect the names, links and loaded files of a tag."""
        found = {name: value or "" for name, value in attrs}
        self.anchors |= {found[name] for name in ("id", "name") if name in found}
        address = found.get(LOADED.get(tag, ""))
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        elif address and not NOT_LOADED & set(found.get("rel", "").split()):
            self.loaded.append(address)


def problems(site: Path) -> list[str]:
    """One line for each broken link and each file that would be loaded from elsewhere."""
    pages = {}
    for file in sorted(site.rglob("*.html")):
        page = Page()
        page.feed(file.read_text("utf-8"))
        pages[file.resolve()] = page
    found = []
    for file, page in pages.items():
        name = file.relative_to(site.resolve())
        found += [f"{name}: loads {a}" for a in page.loaded if _is_elsewhere(a)]
        inside = [a for a in page.links + page.loaded if not urlsplit(a).scheme]
        found += [f"{name}: {a} leads nowhere" for a in inside if not _leads(a, file, pages)]
    for sheet in sorted(site.rglob("*.css")):
        if ADDRESS_IN_CSS.search(sheet.read_text("utf-8")):
            found.append(f"{sheet.relative_to(site)}: loads from elsewhere")
    return found


def _is_elsewhere(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme in ("http", "https") or bool(parts.netloc)


def _leads(address: str, file: Path, pages: dict[Path, Page]) -> bool:
    parts = urlsplit(address)
    if parts.netloc:
        return True
    target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
    if not target.is_file():
        return False
    anchor = unquote(parts.fragment)
    return not anchor or target not in pages or anchor in pages[target].anchors
