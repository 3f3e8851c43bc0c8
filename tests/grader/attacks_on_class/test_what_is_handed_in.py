"""Submissions that are damaged, disguised or oddly named, and pages that quote hostile text."""

import pytest
from bs4 import BeautifulSoup
from hostile_class import DILIGENT

pytestmark = pytest.mark.slow

REFUSED = {
    "renamed": "cannot be read as a notebook",
    "renamed_to_text.txt": "is not a notebook",
    "empty": "is empty",
    "truncated": "cannot be read as a notebook",
    "not_json": "cannot be read as a notebook",
    "json_of_another_kind": "cannot be read as a notebook",
    "two_hundred_megabytes": "a notebook may have",
    "another_kernel": "is a notebook in R",
    "linked": "is a link",
    "linked_folder": "contains a link",
    "zip_that_climbs": "leads out of its folder",
    "zip_from_the_root": "leads out of its folder",
    "zip_with_a_link": "is a link or a device",
    "zip_bomb": "compression ratio above",
    "no_zip": "is not a readable zip",
}


@pytest.mark.parametrize("student, reason", REFUSED.items())
def test_what_is_no_notebook_to_run_is_refused_with_the_reason(graded, student, reason):
    found = graded[student]
    assert (found.status, found.total) == ("refused", 0)
    assert reason in found.note


def test_a_refused_zip_has_written_nothing_outside(graded):
    assert not graded.places.planted.exists()
    assert not (graded.places.root.parent / "planted").exists()


@pytest.mark.parametrize("student", [*DILIGENT, "zipped"])
def test_the_diligent_get_all_points_whatever_their_names(graded, student):
    shown = f"'{student}" if student.startswith(("=", "-")) else student  # no formula in a table
    assert (graded[shown].status, graded[shown].total) == ("ok", 20)


def test_every_submission_has_one_line_and_one_page(graded):
    handed_in = list(graded.places.students.iterdir())
    pages = list((graded.places.out / "students").glob("*.html"))
    assert len(graded.grades) == len(handed_in) == len(pages)
    assert graded.exit_status == 0


def test_scripts_in_outputs_cost_nothing_and_are_shown_as_text(graded):
    assert (graded["scripts_in_outputs"].status, graded["scripts_in_outputs"].total) == (
        "error",
        20,
    )
    assert "&lt;script&gt;" in graded.page("scripts_in_outputs")


def test_no_page_has_anything_that_runs_or_loads(graded):
    pages = [graded.places.out / "index.html", *(graded.places.out / "students").glob("*.html")]
    for page in pages:
        tree = BeautifulSoup(page.read_text(), "html.parser")
        policy = tree.find("meta", attrs={"http-equiv": "Content-Security-Policy"})
        assert "default-src 'none'" in policy["content"]
        assert not tree.find_all(["script", "iframe", "object", "embed", "form", "base", "link"])
        for tag in tree.find_all(True):
            assert not [name for name in tag.attrs if name.lower().startswith("on")]
            if tag.name not in ("a",):
                assert tag.get("src", "data:image/").startswith("data:image/")
            assert not tag.get("href", "").lower().lstrip().startswith(("javascript:", "data:"))
