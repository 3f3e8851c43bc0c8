"""Markdown cells as HTML: CommonMark with tables, `$…$` and `$$…$$` as MathML, coloured code."""

import html
import re
from collections.abc import Callable
from functools import cache

from latex2mathml.converter import convert
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

from d2l.notebook.render.sanitize_html import sanitize_html

# What the converter knows only under another name, or draws as high as its whole row.
_SYNONYMS = {
    r"\\(begin|end)\{(?:aligned|split)\}": r"\\\1{align*}",
    r"\\(begin|end)\{gather(?:ed)?\}": r"\\\1{align*}",
    r"\\[lr]Vert(?![A-Za-z])": r"\\|",
    r"\\[lr]vert(?![A-Za-z])": "|",
    r"\\(math[a-z]+|boldsymbol)\s+(\w)": r"\\\1{\2}",
}


# What the browser else slants (a single letter of `\mathrm`, written as a character reference) or
# spaces as it does a sign between two numbers (the bars of an absolute value).
_FINISH = {
    r"<mi>(&#x000[0-9A-F]{2};)</mi>": r'<mi mathvariant="normal">\1</mi>',
    r'<mo stretchy="false">&#x0007C;</mo>': '<mo stretchy="false" lspace="0" rspace="0">|</mo>',
}


def formula(latex: str, *, display: bool) -> str:
    """Return the MathML of a formula, on its own line if `display`; LaTeX as code if it has errors.

    >>> formula("x^2", display=False)[:6]
    '<math '
    """
    try:
        mathml = convert(_replace(_SYNONYMS, latex), display="block" if display else "inline")
    except Exception:  # the converter raises anything on LaTeX that it does not expect
        return f"<code>{html.escape(latex)}</code>"
    return _set_names(_replace(_FINISH, mathml))


def _replace(table: dict[str, str], text: str) -> str:
    for pattern, replacement in table.items():
        text = re.sub(pattern, replacement, text)
    return text


def _set_names(mathml: str) -> str:
    """Put a thin space behind the name of a function, but none before a bracket."""

    def name(match: re.Match[str]) -> str:
        if match[3]:
            return f"<mi>{match[2]}</mi>{match[3]}"
        return f'<mo lspace="0" rspace="0.167em">{match[2]}</mo>'

    named = r'<(m[io])(?: movablelimits="true")?>([A-Za-z]{2,})</\1>(<mo)?'
    return re.sub(named, name, mathml)


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
