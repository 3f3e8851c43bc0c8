"""LaTeX formulas as MathML, which browsers draw without a script."""

import html
import re

from latex2mathml.converter import convert

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
