"""Every kind of hint has a page; the command prints it, docs/reference/tutor.md has them all."""

import re

import pytest
from click.testing import CliRunner

from d2l.cli.tutor import tutor
from d2l.tutor.registry import CHECKS, checks_of, kinds, page
from tools.api.tutor import TUTOR, tutor_page


def test_docs_say_what_the_registry_says():
    assert TUTOR.read_text("utf-8") == tutor_page()


@pytest.mark.parametrize("kind", kinds())
def test_a_page_has_reason_code_threshold_and_section(kind):
    text = page(kind)
    for check in checks_of(kind):
        assert check.threshold
        assert check.threshold in text
        assert re.match(r"\d+\.\d+ \w", check.book), check.book
    first = checks_of(kind)[0]
    assert first.why in text
    assert not first.title.endswith(".")


def test_kinds_are_slugs_and_the_checks_of_one_look_at_different_moments_or_ways():
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", kind) for kind in kinds())
    looks = [(check.kind, check.when, check.find) for check in CHECKS]
    assert len(looks) == len(set(looks))


def test_the_command_lists_explains_and_proposes():
    runner = CliRunner()
    listed = runner.invoke(tutor, ["list"]).output
    assert [line.split()[0] for line in listed.splitlines()] == kinds()
    assert runner.invoke(tutor, ["explain", "loss-negated"]).output == page("loss-negated") + "\n"
    refused = runner.invoke(tutor, ["explain", "loss-negatd"])
    assert refused.exit_code == 2
    assert "Did you mean loss-negated" in refused.output
