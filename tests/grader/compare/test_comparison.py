"""Comparing runs section by section: what is right, other, missing, failed, and who is to blame."""

import time
from dataclasses import replace

import pytest
from outcomes import outcome_of

from d2l.grader.compare.compare import compare
from d2l.grader.compare.match_sections import START
from d2l.grader.compare.tolerance import Rule, SectionRules

REFERENCE = (
    "# Sums",
    ("total = sum(range(5))\nprint('total', total)", "total 10\n"),
    ("largest = max([3, 8])\nprint('largest', largest)", "largest 8\n"),
    "# Means",
    ("def mean(values):\n    return sum(values) / len(values)", ""),
    ("print('mean', mean([1, 2]))", "mean 1.5\n"),
)


def report_of(*cells, **options):
    return compare([outcome_of(*REFERENCE)], [outcome_of(*cells, **options)])


def verdicts(report):
    return {
        section.heading: [finding.verdict for finding in section.findings]
        for section in report.sections
    }


def without(index):
    return [cell for at, cell in enumerate(REFERENCE) if at != index]


def replaced(index, cell):
    return [cell if at == index else old for at, old in enumerate(REFERENCE)]


def test_a_notebook_matches_itself_each_finding_with_its_cells():
    report = report_of(*REFERENCE)
    assert report.is_full_match
    assert verdicts(report) == {"Sums": ["match", "match"], "Means": ["match"]}
    places = [(f.reference_cell, f.submission_cell) for s in report.sections for f in s.findings]
    assert places == [(1, 1), (2, 2), (5, 5)]


def test_a_wrong_number_differs_and_is_said_with_both_numbers():
    report = report_of(*replaced(2, (REFERENCE[2][0], "largest 3\n")))
    assert verdicts(report) == {"Sums": ["match", "differs"], "Means": ["match"]}
    finding = report.sections[0].findings[1]
    assert "3" in finding.message
    assert "8" in finding.message
    assert "8" not in finding.hint
    assert not report.is_full_match


def test_what_is_not_there_is_missing():
    assert verdicts(report_of(*without(2))) == {"Sums": ["match", "missing"], "Means": ["match"]}


def test_a_section_that_is_not_there_is_missing_as_a_whole():
    assert verdicts(report_of(*REFERENCE[:3])) == {"Sums": ["match", "match"], "Means": ["missing"]}


def test_a_cell_that_raised_fails_and_says_so_instead_of_being_missing():
    report = report_of(*replaced(1, (REFERENCE[1][0], "!NameError")), status="error")
    assert verdicts(report) == {"Sums": ["failed", "match"], "Means": ["match"]}
    assert report.sections[0].findings[0].message == "the cell raised NameError"


def test_a_cell_that_shows_nothing_fails_when_it_raises():
    report = report_of(*replaced(4, (REFERENCE[4][0], "!SyntaxError")), status="error")
    assert verdicts(report)["Means"] == ["failed", "match"]


def test_cells_that_did_not_run_fail_with_the_reason_of_the_run():
    cells = [*REFERENCE[:2], (REFERENCE[2][0], None), "# Means", (REFERENCE[5][0], None)]
    report = report_of(*cells, status="memory", reason="more than 4 GB")
    assert verdicts(report) == {"Sums": ["match", "failed"], "Means": ["failed"]}
    assert report.sections[1].findings[0].message == "the cell did not run: more than 4 GB"


def test_one_bad_run_of_several_counts():
    bad = outcome_of(*replaced(1, (REFERENCE[1][0], "!ValueError")), status="error", seed_offset=1)
    report = compare([outcome_of(*REFERENCE)], [outcome_of(*REFERENCE), bad])
    assert verdicts(report)["Sums"] == ["failed", "match"]


def test_an_error_that_the_reference_raises_is_what_is_asked_for():
    asked = outcome_of("# Errors", ("1 / 0", "!ZeroDivisionError"), status="error")
    assert compare([asked], [asked]).is_full_match
    none = outcome_of("# Errors", ("1 / 1", "1.0\n"))
    assert not compare([asked], [none]).is_full_match
    other = outcome_of("# Errors", ("1 / 0", "!ValueError"), status="error")
    assert verdicts(compare([asked], [other])) == {"Errors": ["differs"]}


@pytest.mark.parametrize("status", ["broken", "start"])
def test_a_run_without_a_result_fails_whatever_it_shows(status):
    report = report_of(*REFERENCE, status=status, reason="nonsense")
    assert verdicts(report) == {"Sums": ["failed", "failed"], "Means": ["failed", "failed"]}
    assert report.sections[0].findings[0].message == "the run has no result: nonsense"


def test_a_failed_cell_of_ones_own_costs_nothing_where_everything_asked_for_is_there():
    report = report_of(*REFERENCE[:3], ("try_something()", "!NameError"), *REFERENCE[3:])
    assert report.is_full_match


def test_what_is_shown_elsewhere_in_the_section_is_found():
    cells = ["# Sums", ("print('both')\nprint(a, b)", "both\n"), *REFERENCE[1:]]
    moved = [*cells[:2], ("x = 1", ""), ("show(x)", "largest 8\ntotal 10\n"), *REFERENCE[3:]]
    assert verdicts(report_of(*moved))["Sums"] == ["match", "match"]


def test_reordered_pieces_of_other_code_are_found():
    cells = [
        "# Sums",
        ("biggest = sorted([8, 3])[-1]", ""),
        ("x = 1", ""),
        ("biggest", "8\n"),
        ("for n in range(5):\n    total += n", ""),
        ("f'{total}'", "10\n"),
    ]
    assert verdicts(report_of(*cells, *REFERENCE[3:]))["Sums"] == ["match", "match"]


def test_without_headings_the_whole_notebook_is_looked_through():
    bare = [cell for cell in REFERENCE if not isinstance(cell, str)]
    own = ("for n in (8, 3):\n    if n > a:\n        a = n\nf'{a}'", "8\n")
    assert report_of(own, *bare[:1], *bare[2:]).is_full_match


def test_values_are_random_where_the_runs_of_the_reference_differ():
    def run(value, seed_offset):
        return outcome_of(
            "# Draws", ("print('draw', draw())", f"draw {value}\n"), seed_offset=seed_offset
        )

    references = [
        run(value, seed_offset) for seed_offset, value in enumerate((0.3142, -1.2034, 0.7701))
    ]
    assert compare(references, [run(0.11, 0), run(-0.4, 1)]).is_full_match
    assert not compare(references, [run(400.0, 0), run(-390.0, 1)]).is_full_match
    assert not compare(references, [run(0.31123, 0), run(0.31123, 1)]).is_full_match


def test_cells_before_the_first_heading_are_the_start():
    bare = [cell for cell in REFERENCE if not isinstance(cell, str)]
    assert verdicts(compare([outcome_of(*bare)], [outcome_of(*REFERENCE)])) == {
        START: ["match", "match", "match"]
    }


def test_a_reference_that_does_not_run_is_a_problem_and_so_is_no_run_at_all():
    good = outcome_of(*REFERENCE)
    died = replace(good, status="died", reason="killed")
    assert compare([died], [good]).problem == "the reference failed: killed"
    assert "no run of the submission" in compare([good], []).problem
    assert not compare([good], []).is_full_match


def ruled(rule, ours, theirs, outputs=()):
    """The verdicts where a reference prints `ours`, one text for each run, under a rule."""
    cells = ["# Sums", "## Results"]
    runs = [
        [
            outcome_of(*cells, ("show()", text), seed_offset=seed_offset)
            for seed_offset, text in enumerate(texts)
        ]
        for texts in (ours, theirs)
    ]
    report = compare(*runs, rules={"Sums": SectionRules(rule, outputs)})
    return [finding.verdict for section in report.sections for finding in section.findings]


SAME, OTHER = ["a [3, 1, 2]\n"], ["a [1, 2, 3]\n"]
RULES = {
    "order-free": (Rule("order-free"), SAME, OTHER, ["match"]),
    "order-free, other values": (Rule("order-free"), SAME, ["a [1, 2, 4]\n"], ["differs"]),
    "order-free numbers": (Rule("order-free"), ["3\n1\n"], ["1\n3\n"], ["match"] * 2),
    "auto": (Rule(), SAME, OTHER, ["differs"]),
    "numbers": (Rule("numbers"), ["a [3, 1]\nb 2\n"], ["3 1 is a, and 2 b\n"], ["match"]),
    "numbers, other": (Rule("numbers"), ["a [3, 1]\nb 2\n"], ["3 1 is a, and 4 b\n"], ["differs"]),
    "shape": (Rule("shape"), SAME, ["a [7, 8, 9]\n"], ["match"]),
    "shape, other": (Rule("shape"), SAME, ["a [7, 8]\n"], ["differs"]),
    "ignore": (Rule("ignore"), SAME, OTHER, []),
    "tolerance": (Rule(tolerance=0.05), ["loss 2.0\n"], ["loss 2.09\n"], ["match"]),
    "tolerance, beyond": (Rule(tolerance=0.05), ["loss 2.0\n"], ["loss 2.11\n"], ["differs"]),
    "tolerance of random values": (
        Rule(tolerance=0.05), ["loss 2.01\n", "loss 1.99\n"],
        ["loss 2.08\n", "loss 2.1\n"], ["match"],
    ),
    "tolerance of random values, beyond": (
        Rule(tolerance=0.05), ["loss 2.01\n", "loss 1.99\n"],
        ["loss 2.1\n", "loss 2.2\n"], ["differs"],
    ),
    "tolerance of random values, of other shapes": (
        Rule(tolerance=0.05), ["[1.5, 2.5]\n", "[1.6, 2.4]\n"], ["[1.5, 2.5, 3.5]\n"], ["differs"],
    ),
    "tolerance of random values, of a random shape": (
        Rule(tolerance=0.05), ["[1.5, 2.5]\n", "[1.6, 2.4]\n"], ["[1.5, 2.5]\n", "[1.5]\n"],
        ["differs"],
    ),
    "tolerance of random values, a word instead": (
        Rule(tolerance=0.05), ["[1.5, 2.5]\n", "[1.6, 2.4]\n"], ["'high'\n"], ["missing"],
    ),
    "shape, a word instead": (Rule("shape"), ["[7, 8]\n"], ["'high'\n"], ["missing"]),
    "exact": (Rule("exact"), ["x 0.31\n", "x 0.72\n"], ["x 0.31\n", "x 0.72\n"], ["match"]),
    "exact, other draws": (
        Rule("exact"), ["x 0.31\n", "x 0.72\n"], ["x 0.35\n", "x 0.71\n"], ["differs"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule, ours, theirs, expected", RULES.values(), ids=RULES.keys())
def test_a_section_is_compared_by_its_rule(rule, ours, theirs, expected):
    assert ruled(rule, ours, theirs) == expected


def test_an_output_is_compared_by_a_rule_of_its_own():
    outputs = (("loss", Rule(tolerance=0.5)), ("level", Rule("ignore")))
    ours, theirs = ["loss 2.0\nsum 3.5\nlevel 9.5\n"], ["loss 2.4\nsum 3.5\nlevel 1.5\n"]
    assert ruled(Rule(), ours, theirs, outputs) == ["match", "match"]
    assert ruled(Rule(), ours, theirs) == ["differs", "match", "differs"]


def test_one_number_is_the_answer_to_one_thing():
    reference = [
        "# Sums",
        *((f"answer_{n}()", f"{n % 3 + 1}\n") for n in range(6)),
    ]
    report = compare([outcome_of(*reference)], [outcome_of("# Sums", ("print(1)", "1\n"))])
    assert report.sections[0].matched == 1


def test_remarks_without_the_values_that_they_belong_to_earn_nothing():
    reference = ["# Sums", ("show()", "the sum is in\n3.5\nthat is all\n")]
    report = compare([outcome_of(*reference)], [outcome_of("# Sums", ("show()", "1\n"))])
    assert report.sections[0].matched == 0


def test_characters_and_cells_beyond_a_bound_are_not_looked_at():
    lines = "".join(f"{n} {n}\n" for n in range(12_000))
    many = [("show()", lines) for _ in range(30)]
    long = outcome_of(*many, *(("x", "1\n") for _ in range(2_000)))
    begin = time.process_time()
    compare([outcome_of(*REFERENCE)], [long])
    assert time.process_time() - begin < 20
