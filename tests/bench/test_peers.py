"""The command `bench.peers`: order, tables, verdicts; one real run, without its times."""

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from bench import rivals
from bench.peers import __main__ as command
from bench.peers import contenders as peers_contenders
from bench.peers import table as peers_table
from bench.peers.contenders import CONTENDERS, EAGER, OURS
from bench.peers.rounds import PeerFindings, accuracies_of, require_same_work

ROOT = Path(__file__).resolve().parents[2]


def found(task, **seconds):
    findings = PeerFindings(threads=2)
    for name, values in seconds.items():
        findings.values[task][name] = values
        findings.values[accuracies_of(task)][name] = [0.8] * len(values)
    return findings


def test_in_a_round_every_contender_comes_once_ours_beside_the_eager_loop():
    orders = [peers_contenders.in_order(CONTENDERS, i) for i in range(7)]
    for order in orders:
        names = [contender.name for contender in order]
        assert sorted(names) == sorted(contender.name for contender in CONTENDERS)
        assert abs(names.index(OURS) - names.index(EAGER)) == 1
    assert len({tuple(c.name for c in order) for order in orders}) == len(orders)
    assert orders[0][0].name == orders[1][-1].name == OURS


def test_ours_alone_has_an_order_too():
    assert peers_contenders.in_order(CONTENDERS[:1], 3) == [CONTENDERS[0]]


def test_a_ratio_is_the_median_of_the_ratios_of_the_rounds():
    findings = found("mlp", ours=[1.0, 2.0, 4.0], eager=[1.0, 1.0, 8.0])
    table = peers_table.contender_table(findings, "mlp")
    ours, eager = (next(line for line in table.splitlines() if words in line)
                   for words in ("| d2l", "by hand"))  # fmt: skip
    assert cells(eager) == [
        "PyTorch, eager loop by hand",
        "1.00",
        "1.000",
        "0.500",
        "2.000",
        "0.800",
    ]
    assert cells(ours) == ["d2l", "2.00", "1", "", "", "0.800"]
    assert table.index("eager loop") < table.index("| d2l")  # the fastest first


def cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_a_bar_is_missed_by_the_median_not_by_one_round():
    kept = found("lenet", ours=[1.0, 1.02, 3.0], eager=[1.0, 1.0, 1.0])
    missed = found("lenet", ours=[1.0, 1.021, 3.0], eager=[1.0, 1.0, 1.0])
    is_kept, (line,) = peers_table.verdicts(kept, ["lenet"])
    assert is_kept
    assert line.startswith("kept")
    assert "1.020 (1.000 to 3.000), at most 1.02" in line
    is_kept, (line,) = peers_table.verdicts(missed, ["lenet"])
    assert not is_kept
    assert line.startswith("MISSED")


def test_without_the_eager_loop_a_bar_is_open_and_not_missed():
    is_kept, (line,) = peers_table.verdicts(found("mlp", ours=[1.0]), ["mlp"])
    assert is_kept
    assert line.startswith("open")


def test_the_second_table_has_a_row_for_each_task():
    findings = found("rnn", ours=[0.1], eager=[0.2])
    findings.values["lenet"][OURS] = [0.5]
    text = peers_table.tables(findings, ["lenet", "rnn"])
    assert [line.count("|") for line in text.splitlines()] == [8] * 4
    assert "0.500" in text.splitlines()[3]


def test_an_accuracy_far_from_the_median_of_all_is_an_error():
    findings = found("mlp", ours=[1.0], eager=[1.0], jax=[0.1])
    findings.values[accuracies_of("mlp")]["jax"] = [0.769]
    with pytest.raises(click.ClickException, match=r"jax reached 0\.769.*median of all is 0\.800"):
        require_same_work(findings, ["mlp"])
    findings.values[accuracies_of("mlp")]["jax"] = [0.771]
    require_same_work(findings, ["mlp"])


def test_what_is_not_installed_is_left_out_with_a_line(monkeypatch):
    monkeypatch.setattr(rivals, "missing", lambda modules: [m for m in modules if m == "jax"])
    taken, left_out = peers_contenders.chosen("mlp", ())
    assert [c.name for c in CONTENDERS if c not in taken] == ["jax", "keras-jax"]
    assert left_out == [
        "left out: JAX jit by hand, for jax is not here",
        "left out: Keras on JAX, for jax is not here",
    ]


def test_ours_takes_part_whoever_is_asked_for():
    taken, left_out = peers_contenders.chosen("softmax", ("manual",))
    assert [c.name for c in taken] == [OURS, "manual"]
    assert left_out == []
    assert [c.name for c in peers_contenders.chosen("lenet", ())[0]] == [OURS, EAGER]


def test_contenders_do_equally_many_epochs_up_to_the_accuracy_that_is_compared():
    for task in peers_contenders.BY_ALL:
        cases = [peers_contenders.case_of(c, task, 3, None, quick=False) for c in CONTENDERS]
        assert {(case.num_train, case.num_val, case.seed) for case in cases} == {
            (60_000, 10_000, 3)
        }
        assert min(case.epochs for case in cases) == peers_contenders.WORKS[task].slow_epochs


def test_too_few_rounds_and_quick_runs_are_not_recorded():
    for options in (["--record", "--rounds", "6"], ["--record", "--quick"], ["--check", "--quick"]):
        with pytest.raises(click.UsageError):
            command.main(options, standalone_mode=False)


def test_a_quick_run_of_ours_against_the_eager_loop_reports_both(tmp_path):
    json_file = tmp_path / "values.json"
    options = ["--quick", "--only", "eager", "--task", "softmax", "--json", str(json_file)]
    done = subprocess.run(
        [sys.executable, "-m", "bench.peers", *options], cwd=ROOT, check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    values = json.loads(json_file.read_text())["values"]
    assert all(len(values["softmax"][name]) == 1 for name in (OURS, EAGER))
    for accuracy in values[accuracies_of("softmax")].values():
        assert accuracy[0] > 0.3  # 0.1 by chance; four batches were learned from
    assert "ours over the eager loop" in done.stdout
