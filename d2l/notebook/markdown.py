"""Markdown cells as HTML: CommonMark with tables, `$…$` and `$$…$$` as MathML, coloured code."""

import html
from collections.abc import Callable
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token
from mdit_py_plugins.amsmath import amsmath_plugin
from mdit_py_plugins.anchors import anchors_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.dollarmath.index import math_block_dollar
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

from d2l.notebook.formula import formula
from d2l.notebook.sanitize_html import sanitize_html


def markdown_to_html(source: str, image_source: Callable[[str], str | None] | None = None) -> str:
    """Return the clean HTML of a markdown text; `image_source` as in `sanitize_html`.

    Dollars inside code are code.
    """
    return sanitize_html(_parser().render(source), image_source)


def line_to_html(source: str) -> str:
    """Return the clean HTML of one line of markdown, such as a title, without a paragraph."""
    return sanitize_html(_parser().renderInline(source))


def code_to_html(code: str, language: str = "python") -> str:
    """Return code with its words marked by pygments' short class names, escaped."""
    try:
        lexer = get_lexer_by_name(language, stripnl=False)
    except ClassNotFound:
        return html.escape(code)
    return highlight(code, lexer, HtmlFormatter(nowrap=True)).rstrip("\n")


@cache
def _parser() -> MarkdownIt:
    options = {"highlight": lambda code, language, _: code_to_html(code, language)}
    parser = MarkdownIt("commonmark", options).enable(["table", "strikethrough"])
    # A dollar next to a digit or a space is money, not mathematics.
    parser.use(
        dollarmath_plugin,
        allow_labels=False,
        allow_space=False,
        allow_digits=False,
        double_inline=True,
        renderer=lambda latex, options: formula(latex, display=options["display_mode"]),
    )
    parser.block.ruler.at(
        "math_block",
        _formula_block,
        {"alt": ["paragraph", "reference", "blockquote", "list"]},
    )
    parser.use(amsmath_plugin, renderer=lambda latex: formula(latex, display=True))
    parser.use(anchors_plugin, max_level=3)
    # Inside a paragraph a formula on its own line is still part of the paragraph.
    parser.add_render_rule("math_inline_double", _display_formula)
    return parser


def _formula_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    # A `$$` ends the paragraph above it, as in Jupyter; the plugin's own rule cannot say so,
    # because asked in silence whether it would match, it writes the formula as well.
    if silent:
        return state.src.startswith("$$", state.bMarks[start] + state.tShift[start])
    return math_block_dollar(allow_labels=False)(state, start, end, silent)


def _display_formula(_: object, tokens: list[Token], index: int, *__: object) -> str:
    return formula(tokens[index].content.strip(), display=True)
