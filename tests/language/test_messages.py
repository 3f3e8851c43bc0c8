"""Every message that d2l raises or warns with is short: what was expected, what was found, the fix.

The texts are read from the source, so that those which no test raises count too. A value that is
put into a text counts as `VALUE` characters.
"""

import ast
import re
from pathlib import Path

D2L = Path(__file__).parents[2] / "d2l"
MOST, MOST_IN_FIRST_SENTENCE = 400, 120
VALUE = 12
END_OF_SENTENCE = re.compile(r"[.;:?!](\s|$)")


def text_of(node):
    """The text of an expression, values replaced; None where it is not written there."""
    match node:
        case ast.Constant(str() as text):
            return text
        case ast.JoinedStr(values):
            return "".join(text_of(value) or "x" * VALUE for value in values)
        case ast.FormattedValue():
            return "x" * VALUE
        case ast.BinOp(left, ast.Add(), right):
            parts = text_of(left), text_of(right)
            return None if parts == (None, None) else "".join(p or "x" * VALUE for p in parts)
    return None


def messages():
    for file in sorted(D2L.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            call = node.exc if isinstance(node, ast.Raise) else node
            if not isinstance(call, ast.Call) or not call.args:
                continue
            if node is call and ast.unparse(call.func) != "warnings.warn":
                continue
            text = text_of(call.args[0])
            if text and " " in text:
                yield f"{file.relative_to(D2L.parent)}:{node.lineno}", text


def first_sentence(text):
    end = END_OF_SENTENCE.search(text)
    return text[: end.start()] if end else text


def test_messages_are_at_most_400_characters():
    assert [(place, text) for place, text in messages() if len(text) > MOST] == []


def test_the_first_sentence_of_a_message_is_at_most_120_characters():
    found = [
        (place, first_sentence(text))
        for place, text in messages()
        if len(first_sentence(text)) > MOST_IN_FIRST_SENTENCE
    ]
    assert found == []


def test_backquotes_hold_commands_and_code_while_names_of_arguments_are_plain():
    assert [(place, text) for place, text in messages() if re.search(r"`\w+`", text)] == []


def test_messages_are_found_and_measured():
    places = list(messages())
    assert len(places) > 300
    assert first_sentence("expected 3; found 4. Use 3") == "expected 3"
