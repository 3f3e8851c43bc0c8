"""The homework's cells, magics dropped, as a plain script in a process of its own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from d2l import torch as d2l

TIMEOUT_SECONDS = 1200
LAST_LINE = r"epoch {0}/{0}: train_loss \S+, val_loss (\S+)(?:, val_acc (\S+))? \(.* s\)"


def run_script(source, folder):
    """Run a program in a folder, as a student's shell would."""
    path = folder / "homework.py"
    path.write_text(source, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    return subprocess.run(
        [sys.executable, path.name],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )


def lines_of_runs(output, max_epochs):
    """Validation loss and accuracy, as text, of each run of so many epochs."""
    return re.findall(LAST_LINE.format(max_epochs), output)


@pytest.fixture(scope="module")
def eager(homework_script, homework_folder):
    """The homework as a script, its steps run by Python."""
    return run_script(homework_script, homework_folder)


@pytest.mark.slow
def test_the_homework_runs_as_a_script_and_learns(eager):
    done = eager
    assert (done.returncode, done.stderr) == (0, "")
    assert 'Class attribute "b" is 1' in done.stdout
    assert "<Figure" not in done.stdout
    ((linear_loss, no_accuracy),) = lines_of_runs(done.stdout, 3)
    assert float(linear_loss) < 0.5
    assert no_accuracy == ""
    softmax, mlp_scratch, mlp = (float(acc) for _, acc in lines_of_runs(done.stdout, 10))
    assert softmax > 0.78
    assert min(mlp_scratch, mlp) > 0.8


@pytest.mark.slow
def test_with_captured_steps_the_homework_prints_the_same_numbers(
    eager, homework_script, homework_folder
):
    capture = f"""
import sys; sys.path.append({str(Path(__file__).parents[1])!r})
from recorded_ops import RecordedOps
from d2l.core.training import graphed_run
from d2l.engine import graph
graph.GRAPHS["cpu"], graphed_run.MIN_STEPS = RecordedOps, 0
"""
    done = run_script(f"{capture}{homework_script}\nprint(trainer.plan)", homework_folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert "replay" in done.stdout.splitlines()[-1]
    for max_epochs in (3, 10):
        runs = lines_of_runs(eager.stdout, max_epochs)
        assert runs
        assert lines_of_runs(done.stdout, max_epochs) == runs


@pytest.mark.gpu
@pytest.mark.skipif(d2l.num_gpus() == 0, reason="there is no GPU here")
def test_the_homework_runs_on_a_gpu(homework_script, homework_folder):
    on_gpu = re.sub(r"(d2l\.Trainer\(max_epochs=\d+)\)", r"\1, num_gpus=1)", homework_script)
    assert on_gpu.count("num_gpus=1)") == 3
    done = run_script(f"{on_gpu}\nprint('on', model.net[1].weight.device.type)", homework_folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"on {d2l.gpu().type}" in done.stdout
    assert len(lines_of_runs(done.stdout, 3)) == 1
    assert all(float(acc) > 0.78 for _, acc in lines_of_runs(done.stdout, 10))


def test_asking_for_more_gpus_than_there_are_warns_and_goes_on():
    with pytest.warns(UserWarning, match=r"requested, .* found; training on"):
        trainer = d2l.Trainer(max_epochs=1, num_gpus=d2l.num_gpus() + 1)
    model = d2l.LinearRegression(lr=0.03)
    trainer.fit(model, d2l.SyntheticRegressionData(w=d2l.tensor([2, -3.4]), b=4.2))
    assert model.net.weight.device.type == d2l.try_gpu().type
