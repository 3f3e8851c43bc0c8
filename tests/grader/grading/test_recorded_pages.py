"""The pages of a small class are, to the letter, those that were looked at in a browser."""

import pytest
from recorded_pages import FOLDER, pages


@pytest.mark.parametrize(
    "name", ["class.html", "student.html", "unread.html", "check.html", "rubric.toml"]
)
def test_a_page_is_as_it_was_recorded(name):
    assert pages()[name] == (FOLDER / name).read_text("utf-8")
