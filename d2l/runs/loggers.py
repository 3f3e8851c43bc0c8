"""Loggers of a run: a protocol of four methods, and adapters for experiment trackers.

`Trainer(loggers=[d2l.TensorBoardLogger("logs"), …])` logs each run to each of them. An adapter
imports its package when a run starts. Any object with the four methods is a logger.
"""

import importlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from d2l.runs.tensorboard import summary_writer_class

METHODS = ("start", "log_metrics", "log_figure", "finish")


@dataclass(frozen=True)
class RunInfo:
    """The description of a run that a logger gets at its start.

    `hparams` are numbers, strings, booleans, None, or lists and dicts of them, by names such as
    `trainer/max_epochs`, `model/lr`, `data/batch_size`. `first_step` is 0, or the step at which a
    `resumed` run continues: everything from this step on is logged again.
    """

    name: str
    hparams: Mapping[str, Any]
    resumed: bool = False
    first_step: int = 0


@runtime_checkable
class MetricLogger(Protocol):
    """Receives the metrics of a run; called on rank 0 only, in this order."""

    def start(self, info: RunInfo) -> None:
        """Called at the start of a run."""

    def log_metrics(self, values: Mapping[str, float], epoch: float | None, step: int) -> None:
        """Log the points of the board at `epoch`, with `step` updates of the optimizer done.

        `epoch` is None if the length of an epoch is unknown.
        """

    def log_figure(self, name: str, path: Path) -> None:
        """Log a picture, a PNG file that is deleted after the call."""

    def finish(self, status: str) -> None:
        """Called at the end: "ended", "ended early: …", "interrupted" or "failed: …"."""


class TensorBoardLogger:
    """Writes a run's metrics for TensorBoard, into a new folder `run-1`, `run-2`, … of `folder`.

    A resumed run continues in the newest one. `pip install tensorboard`.

    >>> logger = d2l.TensorBoardLogger("logs")
    >>> trainer = d2l.Trainer(max_epochs=3, loggers=[logger])

    Book: 3.2 Object-oriented design for implementation
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._writer: Any = None
        self._step = 0

    def start(self, info: RunInfo) -> None:
        """Open an event file and write the hyperparameters as a table of text."""
        _require("tensorboard")
        number = len(list(self.folder.glob("run-*"))) + (not info.resumed)
        target = self.folder / f"run-{max(1, number)}"
        purge_step = info.first_step if info.resumed else None
        self._writer = summary_writer_class()(str(target), purge_step=purge_step)
        self._step = 0
        rows = [f"| {name} | {value} |" for name, value in info.hparams.items()]
        self._writer.add_text("hparams", "\n".join(["| name | value |", "| --- | --- |", *rows]))

    def log_metrics(self, values: Mapping[str, float], epoch: float | None, step: int) -> None:
        """Write a scalar for each metric, and one for the epoch."""
        for name, value in _with_epoch(values, epoch).items():
            self._writer.add_scalar(name, value, step)
        self._step = step

    def log_figure(self, name: str, path: Path) -> None:
        """Write the picture as an image at the last step."""
        import numpy as np
        from PIL import Image

        pixels = np.asarray(Image.open(path).convert("RGB"))
        self._writer.add_image(name, pixels, self._step, dataformats="HWC")

    def finish(self, status: str) -> None:
        """Write the final status, and close the event file."""
        writer, self._writer = self._writer, None
        writer.add_text("status", status)
        writer.close()


class MLflowLogger:
    """Logs each run as a run of an MLflow experiment.

    `tracking_uri` is the address of a server or a store such as "sqlite:///mlflow.db"; by default
    MLflow's own setting. `run_id` continues an existing run. `pip install mlflow`.

    >>> logger = d2l.MLflowLogger("homework 4", tracking_uri="sqlite:///mlflow.db")
    >>> trainer = d2l.Trainer(max_epochs=3, loggers=[logger])

    Book: 3.2 Object-oriented design for implementation
    """

    def __init__(
        self, experiment: str = "d2l", tracking_uri: str | None = None, run_id: str | None = None
    ) -> None:
        self.experiment, self.tracking_uri, self.run_id = experiment, tracking_uri, run_id
        self._client: Any = None
        self._run_id = ""

    def start(self, info: RunInfo) -> None:
        """Create a run, or continue the one of `run_id`, and log the hyperparameters."""
        _require("mlflow")
        tracking = importlib.import_module("mlflow.tracking")
        client = tracking.MlflowClient(tracking_uri=self.tracking_uri)
        if self.run_id is None:
            found = client.get_experiment_by_name(self.experiment)
            number = found.experiment_id if found else client.create_experiment(self.experiment)
            self._run_id = client.create_run(number, run_name=info.name).info.run_id
        else:
            self._run_id = self.run_id
            client.update_run(self._run_id, status="RUNNING")
        self._client = client
        known = client.get_run(self._run_id).data.params  # a parameter cannot be overwritten
        for name, value in info.hparams.items():
            if name not in known:
                client.log_param(self._run_id, name, value)

    def log_metrics(self, values: Mapping[str, float], epoch: float | None, step: int) -> None:
        """Log each metric at the step, and the epoch as a metric."""
        for name, value in _with_epoch(values, epoch).items():
            self._client.log_metric(self._run_id, name, value, step=step)

    def log_figure(self, name: str, path: Path) -> None:
        """Log the picture as an artifact."""
        self._client.log_artifact(self._run_id, str(path))

    def finish(self, status: str) -> None:
        """Log the final status as a tag, and end the run as FINISHED, KILLED or FAILED."""
        client, self._client = self._client, None
        ended = "FINISHED" if status.startswith("ended") else "FAILED"
        ended = "KILLED" if status == "interrupted" else ended
        client.set_tag(self._run_id, "status", status)
        client.set_terminated(self._run_id, ended)


class WandbLogger:
    """Logs each run to Weights & Biases; further arguments are those of `wandb.init`.

    A resumed run continues the earlier one with `id="…", resume="must"`. `pip install wandb`.

    >>> logger = d2l.WandbLogger("homework 4", mode="offline")
    >>> trainer = d2l.Trainer(max_epochs=3, loggers=[logger])

    Book: 3.2 Object-oriented design for implementation
    """

    def __init__(self, project: str = "d2l", **options: Any) -> None:
        self.project, self.options = project, options
        self._run: Any = None

    def start(self, info: RunInfo) -> None:
        """Start a run with the hyperparameters as its config."""
        wandb = _require("wandb")
        options = {"name": info.name, "reinit": "create_new", **self.options}
        self._run = wandb.init(project=self.project, config=dict(info.hparams), **options)
        self._run.define_metric("update_step", hidden=True)
        self._run.define_metric("*", step_metric="update_step")

    def log_metrics(self, values: Mapping[str, float], epoch: float | None, step: int) -> None:
        """Log the metrics with the epoch and the step, over which they are plotted."""
        self._run.log({**_with_epoch(values, epoch), "update_step": step})

    def log_figure(self, name: str, path: Path) -> None:
        """Add the picture to the files of the run."""
        shutil.copy(path, Path(self._run.dir) / f"{name}.png")

    def finish(self, status: str) -> None:
        """Write the final status to the summary, and end the run."""
        run, self._run = self._run, None
        run.summary["status"] = status
        run.finish(exit_code=0 if status.startswith("ended") else 1)


class TrackioLogger:
    """Logs each run to trackio, on this machine; further arguments are those of `trackio.init`.

    `trackio show` opens the dashboard. `pip install trackio`.

    >>> logger = d2l.TrackioLogger("homework-4")
    >>> trainer = d2l.Trainer(max_epochs=3, loggers=[logger])

    Book: 3.2 Object-oriented design for implementation
    """

    def __init__(self, project: str = "d2l", **options: Any) -> None:
        self.project, self.options = project, options
        self._run: Any = None
        self._trackio: Any = None

    def start(self, info: RunInfo) -> None:
        """Start a run with the hyperparameters as its config."""
        self._trackio = _require("trackio")
        config = {name: value for name, value in info.hparams.items() if value is not None}
        self._run = self._trackio.init(project=self.project, config=config, **self.options)

    def log_metrics(self, values: Mapping[str, float], epoch: float | None, step: int) -> None:
        """Log the metrics and the epoch at the step."""
        self._run.log(_with_epoch(values, epoch), step=step)

    def log_figure(self, name: str, path: Path) -> None:
        """Log the picture as an image."""
        self._run.log({name: self._trackio.Image(str(path))})

    def finish(self, status: str) -> None:
        """End the run."""
        run, self._run, self._trackio = self._run, None, None
        run.finish()


def check_loggers(loggers: Any) -> None:
    """Raise `TypeError` unless `loggers` is a list or tuple of loggers."""
    if not isinstance(loggers, (list, tuple)):
        raise TypeError(
            f"loggers must be a list; found {loggers!r}. E.g. "
            'loggers=[d2l.TensorBoardLogger("logs")]'
        )
    for logger in loggers:
        missing = [m for m in METHODS if not callable(getattr(logger, m, None))]
        if missing or isinstance(logger, type):
            raise TypeError(
                f"a logger must have the methods {', '.join(METHODS)}; found {logger!r}"
                + (f", which has no {', '.join(missing)}" if missing else ", a class")
            )


def _require(package: str) -> Any:
    try:
        return importlib.import_module(package)
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        raise ModuleNotFoundError(
            f"{package} is not installed: pip install {package}", name=package
        ) from error


def _with_epoch(values: Mapping[str, float], epoch: float | None) -> dict[str, float]:
    return dict(values) if epoch is None else {**values, "epoch": epoch}
