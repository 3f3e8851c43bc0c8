"""Render Markdown: CommonMark with tables, `$…$` and `$$…$$` as MathML, highlighted code."""

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

# Commands that the converter supports under another name only, or stretches to the row height.
_SYNONYMS = {
    r"\\(begin|end)\{(?:aligned|split)\}": r"\\\1{align*}",
    r"\\(begin|end)\{gather(?:ed)?\}": r"\\\1{align*}",
    r"\\[lr]Vert(?![A-Za-z])": r"\\|",
    r"\\[lr]vert(?![A-Za-z])": "|",
    r"\\(math[a-z]+|boldsymbol)\s+(\w)": r"\\\1{\2}",
}


# Prevents slanted single letters of `\mathrm` (written as character references), and spaces around
# the bars of an absolute value as around binary operators.
_FINISH = {
    r"<mi>(&#x000[0-9A-F]{2};)</mi>": r'<mi mathvariant="normal">\1</mi>',
    r'<mo stretchy="false">&#x0007C;</mo>': '<mo stretchy="false" lspace="0" rspace="0">|</mo>',
}


def formula(latex: str, *, display: bool) -> str:
    """Return the MathML of a formula, as a block if `display`; invalid LaTeX is returned as code.

    >>> formula("x^2", display=False)[:6]
    '<math '
    """
    try:
        mathml = convert(_replace(_SYNONYMS, latex), display="block" if display else "inline")
    except Exception:  # the converter may raise anything on invalid LaTeX
        return f"<code>{html.escape(latex)}</code>"
    return _set_names(_replace(_FINISH, mathml))


def _replace(table: dict[str, str], text: str) -> str:
    for pattern, replacement in table.items():
        text = re.sub(pattern, replacement, text)
    return text


def _set_names(mathml: str) -> str:
    """Add a thin space after the name of a function, unless a bracket follows."""

    def name(match: re.Match[str]) -> str:
        if match[3]:
            return f"<mi>{match[2]}</mi>{match[3]}"
        return f'<mo lspace="0" rspace="0.167em">{match[2]}</mo>'

    named = r'<(m[io])(?: movablelimits="true")?>([A-Za-z]{2,})</\1>(<mo)?'
    return re.sub(named, name, mathml)


def markdown_to_html(source: str, image_source: Callable[[str], str | None] | None = None) -> str:
    """Return the sanitized HTML of Markdown; `image_source` as in `sanitize_html`.

    Dollar signs inside code are not formulas.
    """
    return sanitize_html(_parser().render(source), image_source)


def line_to_html(source: str) -> str:
    """Return the sanitized HTML of one line of Markdown, such as a title, without a paragraph."""
    return sanitize_html(_parser().renderInline(source))


def code_to_html(code: str, language: str = "python") -> str:
    """Return escaped code, highlighted with Pygments' short class names."""
    try:
        lexer = get_lexer_by_name(language, stripnl=False)
    except ClassNotFound:
        return html.escape(code)
    return highlight(code, lexer, HtmlFormatter(nowrap=True)).rstrip("\n")


@cache
def _parser() -> MarkdownIt:
    options = {"highlight": lambda code, language, _: code_to_html(code, language)}
    parser = MarkdownIt("commonmark", options).enable(["table", "strikethrough"])
    # A dollar sign next to a digit or a space does not delimit a formula.
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
    # A display formula inside a paragraph is part of the paragraph.
    parser.add_render_rule("math_inline_double", _display_formula)
    return parser


def _formula_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    # A `$$` ends the paragraph above it, as in Jupyter. The plugin's own rule cannot be used for
    # this check, because it writes the formula in silent mode too.
    if silent:
        return state.src.startswith("$$", state.bMarks[start] + state.tShift[start])
    return math_block_dollar(allow_labels=False)(state, start, end, silent)


def _display_formula(_: object, tokens: list[Token], index: int, *__: object) -> str:
    return formula(tokens[index].content.strip(), display=True)
