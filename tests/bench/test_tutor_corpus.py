"""The corpus that a tutor is judged by: complete, and each program is what it claims to be."""

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench.tutor.__main__ import main
from bench.tutor.catalogue import RIGHT, WRONG
from bench.tutor.causes import CAUSES
from bench.tutor.check import check_mistake, run
from bench.tutor.program import HOSTS, Mistake, Outcome, RightProgram, fact, worse

ROOT = Path(__file__).parents[2]


def corpus(*options: str) -> subprocess.CompletedProcess[str]:
    """`python -m bench.tutor` in a process of its own, where the library checks no contracts."""
    command = [sys.executable, "-m", "bench.tutor", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_causes_are_those_of_the_list_of_48():
    assert {cause.number for cause in CAUSES.values()} == set(range(1, 49))


@pytest.mark.parametrize("kind", CAUSES)
def test_a_mistake_has_a_program_in_each_host_or_a_reason_why_not(kind):
    hosts = {mistake.host for mistake in WRONG if mistake.kind == kind}
    excused = set(CAUSES[kind].not_in)
    assert hosts | excused == set(HOSTS)
    assert not hosts & excused


def test_what_can_never_be_seen_has_a_reason_and_nothing_else_has():
    for cause in CAUSES.values():
        assert bool(cause.why_never) == (cause.visible == "never"), cause.kind


def test_no_two_programs_have_the_same_name():
    wrong = Counter((mistake.name, mistake.host) for mistake in WRONG)
    right = Counter((program.family, program.name) for program in RIGHT)
    assert [name for name, count in (wrong + right).items() if count > 1] == []


def test_a_mistake_that_raises_has_a_cause_that_knows_its_error():
    assert [m.name for m in WRONG if m.raises and not m.cause.error] == []


def test_there_are_at_least_sixty_right_programs_that_are_no_twins():
    assert len(RIGHT) >= 60


def test_the_list_has_a_line_for_each_cause_and_counts_the_programs():
    lines = CliRunner().invoke(main, ["--list"]).output.splitlines()
    found = {m[1] for line in lines if (m := re.match(r"\d\d ([a-z-]+):", line))}
    assert found == set(CAUSES)
    assert lines[-1].startswith(f"{len(WRONG)} wrong programs and their twins, {len(RIGHT)} right")


def mistake(wrong: Outcome, right: Outcome, **options) -> Mistake:
    cause = CAUSES["lr-too-low"]
    return Mistake(cause, "trainer", lambda: wrong, lambda: right, **options)


def verdicts(made: Mistake) -> list[bool]:
    return [row.is_right for row in check_mistake(made)]


def test_a_wrong_program_must_be_worse_than_its_twin():
    good, bad = Outcome(score=0.9), Outcome(score=0.2)
    assert verdicts(mistake(bad, good)) == [True, True]
    assert verdicts(mistake(good, good)) == [False, True]
    assert verdicts(mistake(Outcome(), good)) == [True, True]  # nan is worse than anything
    assert verdicts(mistake(bad, good, proof=worse(0.8))) == [False, True]


def test_a_fact_is_high_in_the_wrong_program_and_low_in_its_twin():
    proof = fact("rows", 0.9, 0.1)
    high, low = Outcome(0.5, facts={"rows": 1.0}), Outcome(0.5, facts={"rows": 0.0})
    assert verdicts(mistake(high, low, proof=proof)) == [True, True]
    assert verdicts(mistake(low, low, proof=proof)) == [False, True]
    assert verdicts(mistake(high, high, proof=proof)) == [False, True]


def test_an_error_of_another_cause_is_no_proof():
    def fails():
        raise RuntimeError("expected target dtype to be Long")

    def made(kind):
        return Mistake(CAUSES[kind], "trainer", fails, lambda: Outcome(0.5), raises=True)

    assert verdicts(made("label-dtype")) == [True, True]
    assert verdicts(made("device-mismatch")) == [False, True]


def test_a_right_program_must_have_trained():
    def made(before, score):
        program = RightProgram("f", "n", lambda: Outcome(score, before), gain=0.1)
        return program.verdict(run(program.run).outcome).holds

    assert made(before=0.1, score=0.3)
    assert not made(before=0.1, score=0.15)
    assert not made(before=0.1, score=float("nan"))


def test_a_sample_of_the_corpus_is_what_it_claims_to_be():
    sample = (
        "loss-broadcasts|scaler|activation-between|mean squared|rings|linear reg"  # no pictures
    )
    checked = corpus("--check-corpus", "--only", sample)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert len(checked.stdout.splitlines()) > 25


@pytest.mark.slow
@pytest.mark.skipif(
    os.environ.get("D2L_LONG_TESTS") != "1",
    reason="runs 555 programs, three minutes on two cores: D2L_LONG_TESTS=1",
)
def test_every_program_of_the_corpus_is_what_it_claims_to_be():
    checked = corpus("--check-corpus")
    assert checked.returncode == 0, checked.stdout + checked.stderr
