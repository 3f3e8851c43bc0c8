"""Loggers of a run: what they are passed, the trackers as they read it back, and what fails."""

import importlib.util
import json
import sqlite3
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import torch
from torch import nn

from d2l import torch as d2l
from d2l.runs.loggers import check_loggers

NUM_BATCHES = 5


class Recorder:
    """Keeps what it is passed, and fails in the methods it is to fail in."""

    def __init__(self, failing=()):
        self.calls, self.failing = [], failing

    def start(self, info):
        self._take("start", info)

    def log_metrics(self, values, epoch, step):
        self._take("log_metrics", values, epoch, step)

    def log_figure(self, name, path):
        self._take("log_figure", name, path.read_bytes()[:4])

    def finish(self, status):
        self._take("finish", status)

    def _take(self, method, *values):
        if method in self.failing:
            raise ConnectionError("no network")
        self.calls.append((method, *values))

    def rows(self):
        return [values for method, *values in self.calls if method == "log_metrics"]

    def methods(self):
        return list(dict.fromkeys(method for method, *_ in self.calls))


class Line(d2l.Module):
    def __init__(self, lr):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Linear(2, 1)

    def loss(self, y_hat, y):
        return ((y_hat - y) ** 2).mean()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.lr)


class TwoColumns(d2l.DataModule):
    def __init__(self, batch_size=4, num_train=4 * NUM_BATCHES):
        super().__init__()
        self.save_hyperparameters()
        self.X = torch.randn(num_train + 8, 2)
        self.y = self.X.sum(dim=1, keepdim=True)

    def get_dataloader(self, train):
        rows = slice(0, self.num_train) if train else slice(self.num_train, None)
        return self.get_tensorloader((self.X, self.y), train, rows)


def fit(*loggers, max_epochs=2, **options):
    model = Line(lr=0.01)
    model.board.display = False
    trainer = d2l.Trainer(max_epochs, loggers=[*loggers], tutor=False, **options)
    trainer.fit(model, TwoColumns())
    return model


def fit_elsewhere(logger, folder):
    """Fit in a process of its own, where a tracker may leave threads; the points by label."""
    code = f"""
import json, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_loggers import d2l, fit
points = fit({logger}).board.points
numbers = {{label: [[float(x), float(y)] for x, y in points[label]] for label in points}}
open("points.json", "w").write(json.dumps(numbers))
"""
    subprocess.run([sys.executable, "-c", code], cwd=folder, check=True, timeout=900)
    return json.loads((folder / "points.json").read_text())


def expected_of(points, updates_per_epoch=NUM_BATCHES):
    """{label: [(step, value), …]}, from the points of the board."""
    return {
        label: [(round(x * updates_per_epoch), pytest.approx(float(y), rel=1e-6)) for x, y in pairs]
        for label, pairs in points.items()
    }


def by_label(rows):
    found = {}
    for values, _, step in rows:
        for label, value in values.items():
            found.setdefault(label, []).append((step, value))
    return found


def test_a_logger_gets_the_points_of_the_board_at_their_epochs_and_updates():
    logger = Recorder()
    model = fit(logger)
    assert logger.methods() == ["start", "log_metrics", "log_figure", "finish"]
    assert by_label(logger.rows()) == expected_of(model.board.points)
    assert all(step == round(epoch * NUM_BATCHES) for _, epoch, step in logger.rows())
    assert logger.calls[-2:] == [("log_figure", "board", b"\x89PNG"), ("finish", "ended")]


def test_a_logger_gets_the_hyperparameters_of_trainer_model_and_data():
    logger = Recorder()
    fit(logger, seed=3)
    info = logger.calls[0][1]
    assert info.name == "Line"
    wanted = {
        "trainer/max_epochs": 2, "trainer/seed": 3, "model/lr": 0.01, "data/batch_size": 4,
        "model": "Line", "data": "TwoColumns", "optimizer": "SGD", "device": "cpu",
    }  # fmt: skip
    assert {name: info.hparams.get(name) for name in wanted} == wanted
    assert json.loads(json.dumps(info.hparams)) == info.hparams
    assert (info.resumed, info.first_step) == (False, 0)


def test_accumulated_batches_make_one_step():
    logger = Recorder()
    model = fit(logger, accumulate=2)
    assert by_label(logger.rows()) == expected_of(model.board.points, updates_per_epoch=3)


def test_a_second_run_of_a_model_logs_only_what_it_adds():
    model, data, second = Line(lr=0.01), TwoColumns(), Recorder()
    d2l.Trainer(1, tutor=False).fit(model, data)
    num_before = {label: len(points) for label, points in model.board.points.items()}
    d2l.Trainer(1, tutor=False, loggers=[second]).fit(model, data)
    added = {label: len(points) for label, points in by_label(second.rows()).items()}
    now = {label: len(points) for label, points in model.board.points.items()}
    assert added == {label: now[label] - num_before[label] for label in now}


def test_a_resumed_run_says_so_and_logs_the_rest(tmp_path):
    whole, first, second = Recorder(), Recorder(), Recorder()
    torch.manual_seed(1)
    fit(whole, max_epochs=3, seed=1)
    torch.manual_seed(1)
    fit(first, max_epochs=1, seed=1, checkpoint=tmp_path)
    torch.manual_seed(1)
    model = Line(lr=0.01)
    trainer = d2l.Trainer(3, loggers=[second], tutor=False, seed=1, checkpoint=tmp_path)
    trainer.fit(model, TwoColumns(), resume="last")
    info = second.calls[0][1]
    assert (info.resumed, info.first_step) == (True, NUM_BATCHES + 1)
    labels = set(by_label(whole.rows()))
    assert labels == set(by_label(second.rows()))
    for label in labels:
        assert len(by_label(first.rows() + second.rows())[label]) == len(
            by_label(whole.rows())[label]
        )


@pytest.mark.parametrize("failing", [["start"], ["log_metrics"], ["log_figure"], ["finish"]])
def test_a_logger_that_raises_is_named_once_and_the_run_and_other_loggers_continue(failing):
    bad, good = Recorder(failing), Recorder()
    with pytest.warns(RuntimeWarning, match="the logger Recorder failed in") as caught:
        model = fit(bad, good)
    assert len(caught) == 1
    assert "ConnectionError: no network. Training continues" in str(caught[0].message)
    assert by_label(good.rows()) == expected_of(model.board.points)
    assert good.calls[-1] == ("finish", "ended")
    assert bad.calls == [] if failing == ["start"] else bad.calls


def test_what_a_logger_could_not_take_in_is_passed_again():
    class Late(Recorder):
        def log_metrics(self, values, epoch, step):
            if epoch < 1.5 and not any(step > NUM_BATCHES for *_, step in seen.rows()):
                raise ConnectionError("not yet")
            super().log_metrics(values, epoch, step)

    seen, late = Recorder(), Late()
    with pytest.warns(RuntimeWarning, match="Late failed in log_metrics"):
        model = fit(seen, late)
    assert by_label(late.rows()) == expected_of(model.board.points)


def test_a_run_that_fails_says_so_to_its_loggers():
    class Failing(Line):
        def training_step(self, batch):
            raise ValueError("this step fails")

    logger = Recorder()
    with pytest.raises(ValueError, match="this step fails"):
        d2l.Trainer(1, loggers=[logger], tutor=False).fit(Failing(lr=0.1), TwoColumns())
    assert logger.calls[-1] == ("finish", "failed: ValueError: this step fails")


def test_only_the_first_process_logs(monkeypatch):
    from d2l.scale.process_group import ProcessGroup

    monkeypatch.setattr(ProcessGroup, "is_main", property(lambda group: False))
    logger = Recorder()
    fit(logger)
    assert logger.calls == []


@pytest.mark.parametrize(
    "loggers, said",
    [
        (Recorder(), "loggers must be a list; found"),
        ([print], "which has no start, log_metrics, log_figure, finish"),
        ([Recorder], "a class"),
    ],
)
def test_what_is_not_a_logger_is_refused_with_what_is_missing(loggers, said):
    with pytest.raises(TypeError, match=said):
        check_loggers(loggers)


def test_a_trainer_refuses_what_is_not_a_logger_before_any_run():
    with pytest.raises(TypeError, match="a logger must have the methods start, log_metr"):
        d2l.Trainer(1, loggers=[print])


def test_no_tracker_is_imported_before_a_run_starts():
    code = """
import sys
from d2l import torch as d2l
d2l.Trainer(1, loggers=[d2l.TensorBoardLogger("x"), d2l.MLflowLogger(), d2l.WandbLogger(),
                        d2l.TrackioLogger()])
print(sorted({"tensorboard", "mlflow", "wandb", "trackio"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("kind", [d2l.MLflowLogger, d2l.WandbLogger, d2l.TrackioLogger])
def test_a_tracker_that_is_not_installed_is_named_and_the_run_continues(monkeypatch, kind):
    package = kind.__name__.removesuffix("Logger").lower()
    if importlib.util.find_spec(package) is None:
        with pytest.warns(RuntimeWarning, match=f"{package} is not installed: pip install"):
            assert fit(kind()).board.points["train_loss"]


def quietly(package):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what the trackers load
        return pytest.importorskip(package)


def test_tensorboard_reads_back_what_was_logged(tmp_path):
    quietly("tensorboard")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    logger = d2l.TensorBoardLogger(tmp_path)
    model = fit(logger)
    fit(logger)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run-1", "run-2"]
    events = EventAccumulator(str(tmp_path / "run-1")).Reload()
    found = {
        tag: [(event.step, event.value) for event in events.Scalars(tag)]
        for tag in events.Tags()["scalars"]
    }
    assert set(found) == {*model.board.points, "epoch"}
    assert {**found, "epoch": None} == {**expected_of(model.board.points), "epoch": None}
    assert events.Tags()["images"] == ["board"]
    (text,) = events.Tensors("hparams/text_summary")
    assert b"| model/lr | 0.01 |" in text.tensor_proto.string_val[0]


@pytest.mark.filterwarnings("ignore")
def test_mlflow_reads_back_what_was_logged(tmp_path):
    quietly("mlflow")
    from mlflow.tracking import MlflowClient

    uri = f"sqlite:///{tmp_path}/mlflow.db"
    points = fit_elsewhere(f"d2l.MLflowLogger('homework', tracking_uri={uri!r})", tmp_path)
    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("homework")
    (run,) = client.search_runs([experiment.experiment_id])
    assert (run.info.status, run.info.run_name) == ("FINISHED", "Line")
    assert run.data.params["model/lr"] == "0.01"
    assert run.data.tags["status"] == "ended"
    found = {
        label: [(m.step, m.value) for m in client.get_metric_history(run.info.run_id, label)]
        for label in points
    }
    assert found == expected_of(points)
    assert [file.path for file in client.list_artifacts(run.info.run_id)] == ["board.png"]


def records_of_wandb(path):
    """The records of its file, in the form of LevelDB's log: blocks of 32 KiB, parts of records."""
    data, place, record = path.read_bytes(), 7, b""
    while place + 7 <= len(data):
        left = 32768 - place % 32768
        if left < 7:
            place += left
            continue
        length, kind = int.from_bytes(data[place + 4 : place + 6], "little"), data[place + 6]
        record += data[place + 7 : place + 7 + length]
        place += 7 + length
        if kind in (1, 4):  # whole, or the last part
            yield record
            record = b""


@pytest.mark.filterwarnings("ignore")
def test_wandb_keeps_offline_what_was_logged(tmp_path, monkeypatch):
    quietly("wandb")
    from wandb.proto.wandb_internal_pb2 import Record

    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    points = fit_elsewhere("d2l.WandbLogger('homework', dir='.')", tmp_path)
    (written,) = tmp_path.glob("wandb/offline-run-*/run-*.wandb")
    found, config = {}, {}
    for data in records_of_wandb(written):
        record = Record.FromString(data)
        for item in record.run.config.update:
            config[item.key or "/".join(item.nested_key)] = json.loads(item.value_json)
        row = {
            item.key or "/".join(item.nested_key): json.loads(item.value_json)
            for item in record.history.item
        }
        for label in set(row) & set(points):
            found.setdefault(label, []).append((row["update_step"], row[label]))
    assert found == expected_of(points)
    assert config["model/lr"] == 0.01
    assert list(tmp_path.glob("wandb/offline-run-*/files/board.png"))


@pytest.mark.filterwarnings("ignore")
def test_trackio_keeps_on_this_machine_what_was_logged(tmp_path, monkeypatch):
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path))
    quietly("trackio")
    points = fit_elsewhere("d2l.TrackioLogger('homework', name='first')", tmp_path)
    (database,) = tmp_path.glob("homework*.db")
    with sqlite3.connect(database) as connection:
        rows = connection.execute("select step, metrics from metrics order by id").fetchall()
    found = {}
    for step, text in rows:
        for label, value in json.loads(text).items():
            if label in points:
                found.setdefault(label, []).append((step, value))
    assert found == expected_of(points)
