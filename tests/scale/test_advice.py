"""What a reader is told who asks for more GPUs than one process uses, or sets the stage badly."""

import sys

import nbformat
import pytest

from d2l import torch as d2l
from d2l.errors import DeviceError
from d2l.notebook.execute import run_notebook
from d2l.scale.process_group import from_environment


def test_a_script_that_asks_for_two_gpus_is_told_the_command(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["train.py"])
    with pytest.warns(UserWarning, match=r"for 2: torchrun --nproc-per-node 2 train\.py$"):
        d2l.Trainer(max_epochs=1, num_gpus=2)


def test_the_command_has_the_folder_and_the_arguments_that_were_typed(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["my runs/train.py", "--lr", "3"])
    command = r"torchrun --nproc-per-node 2 'my runs/train\.py' --lr 3$"
    with pytest.warns(UserWarning, match=command):
        d2l.Trainer(max_epochs=1, num_gpus=2)


def test_a_notebook_that_asks_for_two_gpus_is_told_to_launch_it(tmp_path):
    cell = "from d2l import torch as d2l\nd2l.Trainer(max_epochs=1, num_gpus=2)"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell)])
    run = run_notebook(notebook, tmp_path, 120)
    said = "".join(output.get("text", "") for output in notebook.cells[0].outputs)
    assert run.failure is None
    assert "d2l launch NOTEBOOK.ipynb --devices 2" in said


def test_a_process_that_torchrun_started_is_told_nothing(monkeypatch):
    stage = {"RANK": 0, "WORLD_SIZE": 2, "LOCAL_RANK": 0, "LOCAL_WORLD_SIZE": 2}
    for name, value in {**stage, "MASTER_ADDR": "localhost"}.items():
        monkeypatch.setenv(name, str(value))
    trainer = d2l.Trainer(max_epochs=1, num_gpus=2, device="cpu")
    assert from_environment().size == 2
    assert trainer.is_main


def test_half_an_environment_of_torchrun_is_refused(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    for name in ("RANK", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(DeviceError, match=r"WORLD_SIZE=2, but not RANK.*torchrun"):
        d2l.Trainer(max_epochs=1)


def test_an_unknown_strategy_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match=r"one of ddp, fsdp; found 'deepspeed'"):
        d2l.Trainer(max_epochs=1, strategy="deepspeed")
