"""What is kept of what a cell shows: all up to a cap, in nbformat's form, whatever is sent."""

import nbformat
import pytest

from d2l.notebook.outputs import MAX_DISPLAYS, Caps, Outputs


def shown(*messages, caps=None):
    outputs = Outputs(caps or Caps(), {})
    for kind, content in messages:
        outputs.add(kind, content)
    found = outputs.finish()
    cell = nbformat.v4.new_code_cell("1", outputs=nbformat.from_dict(found))
    nbformat.validate(nbformat.v4.new_notebook(cells=[cell]))
    return found


def text(*parts, name="stdout"):
    return [("stream", {"name": name, "text": part}) for part in parts]


def display(data, name=None, **others):
    transient = {"display_id": name} if name else {}
    return "display_data", {"data": data, "metadata": {}, "transient": transient, **others}


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (["a\n", "b"], "a\nb"),
        (["10%\r", "20%\r", "100%\n", "next"], "100%\nnext"),
        (["10%\r20%\r100%\n"], "100%\n"),
        (["kept\n\r", "over"], "kept\nover"),
        (["windows\r\nlines\r\n"], "windows\r\nlines\r\n"),
        (["abc\b\bXY\n\b"], "aXY\n"),
        (["half \ud800 pair"], "half ? pair"),
    ],
)
def test_a_stream_is_what_a_terminal_would_show(parts, expected):
    assert shown(*text(*parts)) == [{"output_type": "stream", "name": "stdout", "text": expected}]


def test_two_streams_are_kept_apart():
    found = shown(*text("a"), *text("b", name="stderr"), *text("c"))
    assert [(output["name"], output["text"]) for output in found] == [
        ("stdout", "ac"),
        ("stderr", "b"),
    ]


def test_text_beyond_the_cap_is_counted_and_the_error_after_it_is_kept():
    error = "error", {"ename": "E", "evalue": "x", "traceback": ["t"] * 30_000}
    found = shown(*text("a" * 8, "b" * 8, "c" * 1000), error, caps=Caps(10, 10))
    assert found[0]["text"] == "aaaaaaaabb"
    assert (found[1]["ename"], found[1]["evalue"]) == ("E", "x")
    assert len("\n".join(found[1]["traceback"])) < 21_000
    assert found[2]["text"] == "[d2l: 1,006 more characters were removed]\n"


def test_pictures_beyond_the_cap_are_counted():
    pictures = [display({"image/png": "x" * 40}) for _ in range(4)]
    found = shown(*pictures, display({"text/plain": "small"}), caps=Caps(100, 100))
    assert [next(iter(output["data"])) for output in found[:-1]] == ["image/png"] * 2 + [
        "text/plain"
    ]
    assert found[-1]["text"] == "[d2l: 2 more pictures or tables were removed]\n"
    many = shown(*[display({"text/plain": "x"})] * (MAX_DISPLAYS + 7))
    assert len(many) == MAX_DISPLAYS + 1
    assert "7 more" in many[-1]["text"]


def test_a_display_is_updated_in_place_and_cleared_when_asked():
    update = "update_display_data", display({"text/plain": "new"}, "one")[1]
    found = shown(
        display({"text/plain": "old"}, "one"), display({"text/plain": "b"}, "two"), update
    )
    assert [output["data"]["text/plain"] for output in found] == ["new", "b"]
    clear = "clear_output", {"wait": True}
    assert shown(*text("a"), clear)[0]["text"] == "a"
    assert shown(*text("a"), clear, *text("b"))[0]["text"] == "b"
    assert shown(*text("a"), ("clear_output", {})) == []


def test_an_update_that_is_too_large_leaves_the_display_as_it_was():
    update = "update_display_data", display({"text/plain": "x" * 99}, "one")[1]
    found = shown(display({"text/plain": "old"}, "one"), update, caps=Caps(20, 20))
    assert found[0]["data"] == {"text/plain": "old"}
    assert "1 more" in found[1]["text"]


@pytest.mark.parametrize(
    "message",
    [
        ("stream", {}),
        ("stream", {"name": "stdin", "text": "x"}),
        ("stream", {"name": "stdout", "text": 5}),
        ("display_data", {"data": None}),
        ("update_display_data", {"transient": {"display_id": []}}),
        ("error", {"traceback": "no list"}),
        ("error", {"ename": 5, "evalue": None, "traceback": [1, None]}),
        ("unknown", {"execution_count": "x"}),
        display({"text/plain": 5, "image/png": [1], "application/json": {"\udfff": ["\ud800"]}}),
        display({"application/a+json": eval("[" * 90 + "]" * 90)}),
        display({}, metadata={"x": "\ud800"}),
        display({}, metadata=[]),
        display({}, transient="x"),
    ],
)
def test_messages_of_any_form_leave_outputs_that_are_valid(message):
    for output in shown(message):
        str(output).encode()
