"""A Sphinx extension: formulas as MathML, written while the page is built.

Browsers draw MathML themselves. MathJax and KaTeX would have to be loaded from another server or
copied into the site; the pages of `d2l run` use the same conversion (`d2l.notebook.render`).
"""

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from d2l.notebook.render.markdown import formula


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the renderer as `mathml`."""
    app.add_html_math_renderer("mathml", (_visit_inline, None), (_visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _visit_inline(translator: Any, node: nodes.math) -> None:
    translator.body.append(formula(node.astext(), display=False))
    raise nodes.SkipNode


def _visit_block(translator: Any, node: nodes.math_block) -> None:
    translator.body.append(translator.starttag(node, "div", CLASS="math"))
    translator.body.append(formula(node.astext(), display=True))
    translator.body.append("</div>\n")
    raise nodes.SkipNode
