"""Ctrl-C and SIGTERM in real processes: the step is finished, the run kept, and resumed in full."""

import os
import shlex
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch
from interrupted import BATCH
from resumable import NUM_BATCHES, Net, Points, is_same, learned, parts, resumed, straight

from d2l import torch as d2l
from d2l.core.training.checkpointing import SignalHandler
from d2l.runs.checkpoint_dir import read_checkpoint

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
PROGRAM = Path(__file__).with_name("interrupted.py")
IN_TRAINING = f"{BATCH['train'] + 1} + 3 batches"  # the step in which the signal came is done
IN_VALIDATION = f"{2 * NUM_BATCHES} + {BATCH['validate'] + 1} batches"
STATUS = {"SIGINT": -signal.SIGINT, "SIGTERM": 143}


def run_interrupted(*arguments):
    command = [sys.executable, str(PROGRAM), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)


@pytest.mark.parametrize(
    ("name", "phase", "done", "newest"),
    [
        ("SIGINT", "train", IN_TRAINING, BATCH["train"] + 1),
        ("SIGINT", "validate", IN_VALIDATION, 2 * NUM_BATCHES),
        ("SIGTERM", "train", IN_TRAINING, BATCH["train"] + 1),
        ("SIGTERM", "validate", IN_VALIDATION, 2 * NUM_BATCHES),
    ],
)
def test_a_signal_ends_a_run_after_its_step_and_resuming_gives_the_undisturbed_one(
    tmp_path, name, phase, done, newest
):
    ended = run_interrupted(tmp_path, phase, name)
    assert ended.returncode == STATUS[name]
    assert "finishing this step, then stopping" in ended.stderr
    *_, kept, last_line, batches = ended.stdout.splitlines()
    assert (
        kept == f"saved {path_of(tmp_path, newest)}; trainer.fit(model, data, "
        'resume="last") continues the run'
    )
    assert last_line.startswith("epoch 2/4: train_loss ")
    assert batches == done
    assert resumed("sgd", checkpoint=tmp_path) == straight("sgd")


def path_of(folder, num_steps):
    return folder / f"step-{num_steps:08d}.pt"


@pytest.mark.parametrize(("name", "status"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_without_a_folder_the_step_is_finished_and_a_shell_sees_the_status(name, status):
    command = shlex.join([sys.executable, str(PROGRAM), "", "train", name])
    shell = ["sh", "-c", f"{command}; echo status $?"]
    ended = subprocess.run(shell, capture_output=True, text=True, timeout=900, check=False)
    *_, last_line, batches, said = ended.stdout.splitlines()
    assert last_line.startswith("epoch 2/4: train_loss ")
    assert (batches, said) == (IN_TRAINING, f"status {status}")


def test_a_second_ctrl_c_stops_at_once_and_leaves_the_checkpoint_before(tmp_path):
    ended = run_interrupted(tmp_path, "train", "SIGINT", "SIGINT")
    assert ended.returncode == STATUS["SIGINT"]
    assert "press Ctrl-C again to stop at once" in ended.stderr
    assert f"{BATCH['train']} + 3 batches" in ended.stdout.splitlines()
    assert [path.name for path in tmp_path.glob("step-*")] == [f"step-{NUM_BATCHES:08d}.pt"]
    read_checkpoint(path_of(tmp_path, NUM_BATCHES))
    assert resumed("sgd", checkpoint=tmp_path) == straight("sgd")


class Signalled(Net):
    """Sends its program a signal in the first batch of an epoch."""

    def loss(self, y_hat, y, averaged=True):
        if self.training and self.trainer.train_batch_idx == NUM_BATCHES:
            os.kill(os.getpid(), signal.SIGINT)
        return super().loss(y_hat, y, averaged)


def test_a_program_that_catches_the_interrupt_has_the_model_and_its_points(tmp_path):
    _, data, trainer = parts("sgd", checkpoint=tmp_path)
    model = Signalled()
    with pytest.raises(KeyboardInterrupt):
        trainer.fit(model, data)
    assert [point.x for point in model.board.points["val_loss"]] == [1]
    kept = read_checkpoint(path_of(tmp_path, NUM_BATCHES + 1))["model"]["weights"]
    assert all(torch.equal(kept[name], value) for name, value in model.state_dict().items())


@pytest.mark.parametrize("every", [1, 0.3])
def test_with_gradients_gathered_over_batches_the_update_is_finished(tmp_path, every):
    _, data, trainer = parts("accumulate", checkpoint=tmp_path, every=every)
    with pytest.raises(KeyboardInterrupt):
        trainer.fit(Signalled(), data)
    assert path_of(tmp_path, NUM_BATCHES + 2).exists()
    assert resumed("accumulate", checkpoint=tmp_path) == straight("accumulate")


@pytest.mark.parametrize("model", [Net, Signalled])
def test_whatever_ends_a_run_signals_do_afterwards_what_they_did_before(model):
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    _, data, trainer = parts("sgd", max_epochs=2)
    try:
        trainer.fit(model(), data)
    except KeyboardInterrupt:
        assert model is Signalled
    assert {number: signal.getsignal(number) for number in before} == before


def test_a_signal_that_the_program_was_told_to_ignore_stays_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a shell does in the background
    try:
        with SignalHandler() as signals:
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGTERM)
            assert signals.received == signal.SIGTERM
    finally:
        signal.signal(signal.SIGINT, before)


def test_of_several_processes_one_says_that_it_will_stop(capsys):
    for speaks in (True, False):
        with SignalHandler(verbose=speaks) as signals:
            os.kill(os.getpid(), signal.SIGTERM)
            assert signals.received == signal.SIGTERM
        assert ("finishing this step" in capsys.readouterr().err) is speaks


def test_a_run_in_a_thread_gives_the_same_numbers(tmp_path):
    def fit():
        torch.manual_seed(1)
        model = Net()
        d2l.Trainer(2, seed=1, checkpoint=tmp_path / str(len(models))).fit(model, Points())
        models.append(model)

    models = []
    fit()
    thread = threading.Thread(target=fit)
    thread.start()
    thread.join()
    first, second = models
    assert is_same(learned(first), learned(second))
