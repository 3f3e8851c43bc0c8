"""A Sphinx extension: links from a page to files of the repository that are not pages.

With `repository_url` they lead to the file there; without it, which is the default, to a page of
the site that shows the file.
"""

import posixpath
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from pygments.lexers import get_lexer_for_filename
from pygments.util import ClassNotFound
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

REPOSITORY = Path(__file__).parents[2]
SOURCE = "source"  # the folder of the site that shows files
# Files of the repository that are shown as pages of the site.
PAGES = {
    "CHANGELOG.md": "reference/changelog",
    "CONTRIBUTING.md": "explanation/contributing",
    "bench/records.md": "explanation/records",
    "examples/course/README.md": "how-to/sample-course",
}
_SHOWN: set[str] = set()


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the transform, the pages and the configuration value."""
    app.add_config_value("repository_url", "", "env", types=(str,))
    app.add_post_transform(RepositoryLinks)
    app.connect("html-collect-pages", _source_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": False}


class RepositoryLinks(SphinxPostTransform):
    """Resolve links to files outside docs/, before MyST reports them as missing."""

    default_priority = 8

    def run(self, **kwargs: Any) -> None:
        """Replace each link that leads to such a file; leave all others to MyST."""
        for node in list(self.document.findall(pending_xref)):
            if node["reftype"] == "myst" and (path := self._path(node)):
                link = nodes.reference("", "", refuri=self._address(path), internal=False)
                link += node.children
                node.replace_self(link)

    def _path(self, node: pending_xref) -> str | None:
        """The file that a link of a page leads to, if it is one of the repository."""
        if node["refdomain"] != "doc":
            return repository_path(node.get("refdoc", self.env.docname), node["reftarget"])
        if node["reftarget"] in self.env.found_docs:
            return None
        # MyST takes the copies of included files next to the sources (`stage`) for pages.
        path = posixpath.relpath(node["reftarget"], Path(self.env.srcdir).parent.as_posix())
        return f"{path}.md" if f"{path}.md" in PAGES else None

    def _address(self, path: str) -> str:
        if path in PAGES:
            return self.app.builder.get_relative_uri(self.env.docname, PAGES[path])
        if self.config.repository_url:
            return f"{self.config.repository_url}/blob/main/{path}"
        _SHOWN.add(path)
        return self.app.builder.get_relative_uri(self.env.docname, f"{SOURCE}/{path}")


def repository_path(docname: str, target: str) -> str | None:
    """The file that a page links to, seen from the repository; None if it is not one.

    >>> repository_path("api/README", "../../d2l/core/training/run.py")
    'd2l/core/training/run.py'
    >>> repository_path("api/README", "../index.md")
    """
    path = posixpath.normpath(posixpath.join("docs", posixpath.dirname(docname), target))
    is_outside = not path.startswith(("docs/", "../", "/"))
    return path if is_outside and (REPOSITORY / path).is_file() else None


def _source_pages(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """A page for each file that some page links to."""
    for path in sorted(_SHOWN):
        text = (REPOSITORY / path).read_text("utf-8")
        shown = app.builder.highlighter.highlight_block(text, _language(path))
        body = f"<h1>{path}</h1>\n{shown}"
        yield f"{SOURCE}/{path}", {"title": path, "body": body}, "page.html"


def _language(path: str) -> str:
    try:
        return str(get_lexer_for_filename(path).aliases[0])
    except ClassNotFound:
        return "text"
