"""The points as TensorBoard reads them back, and runs without TensorBoard."""

import importlib.util
import subprocess
import sys
import time
import warnings

import pytest

from d2l.runs.records import RunRecord
from d2l.runs.tensorboard import availability, open_scalars

needs_tensorboard = pytest.mark.skipif(
    importlib.util.find_spec("tensorboard") is None, reason="tensorboard is not installed"
)
POINTS = {"train_loss": [(0.0, 1.5), (0.5, 0.75), (1.5, 0.5)], "val_acc": [(1.0, 0.5), (2.0, 0.75)]}


def read_back(folder):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what TensorBoard loads
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    events = EventAccumulator(str(folder)).Reload()
    tags = events.Tags()["scalars"]
    return {tag: [(event.step, event.value) for event in events.Scalars(tag)] for tag in tags}


@needs_tensorboard
def test_tensorboard_reads_the_points_at_the_index_of_their_batch(tmp_path):
    record = RunRecord(tmp_path / "실행 1", batches_per_epoch=10)
    record.begin({"model": "MLP"})
    record.update({"train_loss": POINTS["train_loss"][:1]})
    record.update(POINTS)
    expected = {"train_loss": [(0, 1.5), (5, 0.75), (15, 0.5)], "val_acc": [(10, 0.5), (20, 0.75)]}
    assert read_back(record.folder) == expected  # while the run goes on
    record.finish(POINTS, "ended", 1.0, lambda path: path.write_text("<svg/>"))
    assert read_back(record.folder) == expected


@needs_tensorboard
def test_a_resumed_run_replaces_what_was_written_after_its_checkpoint(tmp_path):
    first = RunRecord(tmp_path, batches_per_epoch=10)
    first.begin({})
    first.update(POINTS)
    kept = {"train_loss": POINTS["train_loss"][:2], "val_acc": POINTS["val_acc"][:1]}
    time.sleep(1.1)  # event files are read in the order of their seconds
    second = RunRecord(tmp_path, batches_per_epoch=10)
    second.begin({}, points=kept)
    second.update({**kept, "val_acc": [(1.0, 0.5), (2.0, 0.875)]})
    found = read_back(tmp_path)
    assert found == {"train_loss": [(0, 1.5), (5, 0.75)], "val_acc": [(10, 0.5), (20, 0.875)]}


@needs_tensorboard
def test_a_run_resumed_into_a_new_folder_has_its_earlier_points_there(tmp_path):
    record = RunRecord(tmp_path, batches_per_epoch=10)
    record.begin({}, points=POINTS)
    assert [len(series) for series in read_back(tmp_path).values()] == [3, 2]


def test_without_tensorboard_the_rest_of_the_record_is_there(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard", None)  # Python's way to say: not here
    assert open_scalars(tmp_path, 10) is None
    assert "pip install tensorboard" in availability()
    record = RunRecord(tmp_path, batches_per_epoch=10)
    record.begin({})
    record.update(POINTS)
    assert {path.name for path in tmp_path.iterdir()} == {"metrics.csv", "hparams.json"}


@needs_tensorboard
def test_the_doctor_s_line_names_the_version():
    assert availability().startswith("tensorboard 2.")


def test_a_tensorboard_that_cannot_be_loaded_is_said_and_does_without(tmp_path):
    (tmp_path / "tensorboard").mkdir()
    broken = "raise TypeError('Descriptors cannot be created directly')"
    (tmp_path / "tensorboard" / "__init__.py").write_text(broken)
    program = "from d2l.runs.tensorboard import open_scalars; print(open_scalars('.', 10))"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {program}"],
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "None\n")
    assert "Descriptors cannot be created directly" in done.stderr
