"""A run straight against one that was killed with -9 and resumed: bit for bit the same.

The killed runs are real processes; see resumable.py for the cases.
"""

import copy
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from resumable import (
    CASES,
    NUM_BATCHES,
    OFTEN,
    Net,
    OwnSGD,
    PlainLine,
    Points,
    is_same,
    learned,
    outcome,
    parts,
    resumed,
    straight,
)
from torch import nn

from d2l import torch as d2l
from d2l.errors import CheckpointError

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
AFTER_TWO = f"step-{2 * NUM_BATCHES:08d}.pt"


@pytest.fixture(autouse=True)
def _captured_where_that_is_resumed(request):
    if "replayed" in request.node.name:
        request.getfixturevalue("cpu_graphs")


@pytest.fixture(scope="module")
def killed_run():
    """Train a case into a folder in a process that is killed in the middle of an epoch."""
    program = Path(__file__).with_name("resumable.py")
    server = subprocess.Popen(
        [sys.executable, str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )

    def run(name, folder):
        server.stdin.write(json.dumps([name, str(folder)]) + "\n")
        server.stdin.flush()
        assert int(server.stdout.readline()) == signal.SIGKILL
        return folder

    yield run
    server.communicate()


@pytest.mark.parametrize("name", CASES)
def test_a_run_that_is_killed_and_resumed_is_the_undisturbed_run(killed_run, tmp_path, name):
    expected = straight(name)
    folder = killed_run(name, tmp_path)
    num_epochs, _ = divmod(CASES[name].killed_before, NUM_BATCHES)
    num_steps = NUM_BATCHES * num_epochs + (2 if name in OFTEN else 0)
    assert max(path.name for path in folder.glob("step-*")) == f"step-{num_steps:08d}.pt"
    assert resumed(name, checkpoint=folder) == expected


def test_a_replayed_run_resumes_as_such(killed_run, tmp_path):
    model, data, trainer = parts(
        "replayed, often", checkpoint=killed_run("replayed, often", tmp_path)
    )
    trainer.fit(model, data, resume="last")
    assert trainer.plan.step == "replayed"


def test_a_run_killed_and_resumed_twice_is_the_undisturbed_run(killed_run, tmp_path):
    killed_run("adam, often", tmp_path)
    resumed("adam, often", seed=3, max_epochs=3, checkpoint=tmp_path)
    assert resumed("adam, often", checkpoint=tmp_path) == straight("adam, often")


def test_last_best_a_path_and_a_folder_all_lead_to_the_same_end(killed_run, tmp_path, capfd):
    expected = straight("sgd")
    folder = killed_run("sgd", tmp_path / "run")
    best = json.loads((folder / "best.json").read_text())["file"]
    capfd.readouterr()
    copies = iter(range(9))
    for resume, begun_from in (
        (lambda f: "last", AFTER_TWO),
        (lambda f: "best", best),
        (lambda f: f / best, best),
        (lambda f: str(f / AFTER_TWO), AFTER_TWO),
        (lambda f: f, AFTER_TWO),
    ):
        own = copy_of(folder, tmp_path / f"copy-{next(copies)}")
        assert resumed("sgd", resume(own), checkpoint=own) == expected
        assert f"resuming from {own / begun_from}: epoch" in capfd.readouterr().out


def test_a_path_serves_without_a_folder_and_with_another_one(killed_run, tmp_path):
    expected = straight("sgd")
    folder = killed_run("sgd", tmp_path / "run")
    before = names(folder)
    assert resumed("sgd", folder) == expected
    assert resumed("sgd", folder / AFTER_TWO, checkpoint=tmp_path / "other") == expected
    assert names(folder) == before
    assert names(tmp_path / "other")[-1] == f"step-{4 * NUM_BATCHES:08d}.pt"


def test_going_back_to_an_older_checkpoint_leaves_the_newer_ones_aside(
    killed_run, tmp_path, monkeypatch
):
    expected = straight("sgd")
    killed_run("sgd", tmp_path / "run")
    monkeypatch.chdir(tmp_path)
    older = sorted(Path("run").glob("step-*"))[-2].resolve()
    assert older.name < AFTER_TWO
    assert resumed("sgd", older, checkpoint="run", keep=1) == expected
    assert AFTER_TWO in names(tmp_path / "run" / "earlier-1")


def test_last_in_an_empty_folder_begins_anew_and_says_so(tmp_path, capsys):
    assert resumed("sgd", seed=1, checkpoint=tmp_path) == straight("sgd")
    assert f"no checkpoint in {tmp_path} yet; starting from epoch 1" in capsys.readouterr().out


def test_the_best_that_is_not_there_is_refused_where_there_are_checkpoints(tmp_path):
    resumed("no validation", seed=1, checkpoint=tmp_path, max_epochs=2)
    before = names(tmp_path)
    with pytest.raises(CheckpointError, match="best"):
        resumed("no validation", "best", checkpoint=tmp_path)
    assert names(tmp_path) == before


def test_the_best_is_noted_though_the_run_was_killed_before_it_could(tmp_path):
    options = {
        "checkpoint": tmp_path,
        "keep": 1,
        "mode": "max",
    }  # the first val_loss is the highest
    resumed("sgd", seed=1, max_epochs=1, **options)
    (tmp_path / "best.json").unlink()  # as if killed between the checkpoint and this note
    resumed("sgd", max_epochs=4, **options)
    noted = json.loads((tmp_path / "best.json").read_text())
    assert noted["file"] == f"step-{NUM_BATCHES:08d}.pt"
    assert (tmp_path / noted["file"]).exists()


def test_another_curve_is_watched_from_where_the_run_goes_on(tmp_path):
    resumed("sgd", seed=1, checkpoint=tmp_path, max_epochs=2)
    model, data, trainer = parts("sgd", checkpoint=tmp_path, monitor="val_acc", mode="max")
    trainer.fit(model, data, resume="last")
    later = [point.y for point in model.board.points["val_acc"][2:]]
    assert json.loads((tmp_path / "best.json").read_text())["value"] == max(later)


def test_a_finished_run_is_loaded_and_not_trained_on(tmp_path, capsys):
    expected = resumed("sgd", seed=1, checkpoint=tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    model, data, trainer = parts("sgd", seed=7, checkpoint=tmp_path)
    trainer.fit(model, data, resume="last")
    assert outcome(model, trainer)[:2] == expected[:2]
    assert "already complete (4 of 4 epochs)" in capsys.readouterr().out
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_finished_run_goes_on_where_more_epochs_are_asked_for(tmp_path):
    resumed("adam", seed=1, checkpoint=tmp_path, max_epochs=2)
    assert resumed("adam", checkpoint=tmp_path) == straight("adam")


def test_a_new_run_in_the_same_folder_moves_the_old_one_aside(tmp_path, capsys):
    for _ in range(2):
        model, data, trainer = parts("sgd", max_epochs=1, checkpoint=tmp_path)
        trainer.fit(model, data)
    assert (
        f"moved checkpoints of an earlier run to {tmp_path / 'earlier-1'}"
        in capsys.readouterr().out
    )
    assert names(tmp_path / "earlier-1") == ["best.json", f"step-{NUM_BATCHES:08d}.pt"]


def test_the_last_few_and_the_best_stay(tmp_path):
    options = {"checkpoint": tmp_path, "keep": 3, "monitor": "val_acc", "mode": "max"}
    model, data, trainer = parts("adam", max_epochs=10, **options)
    trainer.fit(model, data)
    accuracies = [point.y for point in model.board.points["val_acc"]]
    best = NUM_BATCHES * (1 + accuracies.index(max(accuracies)))
    last = [NUM_BATCHES * epoch for epoch in (8, 9, 10)]
    stay = [f"step-{step:08d}.pt" for step in sorted({best, *last})]
    assert names(tmp_path) == ["best.json", *stay]
    assert json.loads((tmp_path / "best.json").read_text()) == {
        "file": f"step-{best:08d}.pt",
        "monitor": "val_acc",
        "value": max(accuracies),
    }


def test_a_run_that_was_saved_in_one_file_goes_on_from_it(tmp_path):
    model, data, trainer = parts("adam", max_epochs=2)
    trainer.fit(model, data)
    trainer.save(tmp_path / "after two.pt")
    assert resumed("adam", tmp_path / "after two.pt") == straight("adam")


def test_saving_before_a_fit_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match=r"call trainer\.fit\(model, data\) first"):
        d2l.Trainer(max_epochs=1).save(tmp_path / "run.pt")
    assert names(tmp_path) == []


def test_weights_in_safetensors_are_read_back_by_safetensors(tmp_path):
    from safetensors.torch import load_file

    for name, expected in (("sgd", "net.0.weight"), ("plain tensors", "w")):
        model, data, trainer = parts(name, max_epochs=1)
        trainer.fit(model, data)
        trainer.save(tmp_path / "weights.safetensors")
        found = load_file(tmp_path / "weights.safetensors")
        assert expected in found
        own = {**nn.Module.state_dict(model), **{k: v for k, v in vars(model).items() if k in "wb"}}
        assert found.keys() == own.keys()
        assert all(torch.equal(found[k], own[k]) for k in own)


class Seeded(Points):
    """The points through a loader whose order is drawn by a generator of its own."""

    def train_dataloader(self):
        generator = torch.Generator().manual_seed(3)
        points = torch.utils.data.TensorDataset(self.X, self.y)
        return torch.utils.data.DataLoader(points, 20, shuffle=True, generator=generator)


class WithWorkers(Points):
    """The points through a loader with a process of its own."""

    def train_dataloader(self):
        points = torch.utils.data.TensorDataset(self.X, self.y)
        return torch.utils.data.DataLoader(points, 40, shuffle=True, num_workers=1)


@pytest.mark.parametrize("data", [Seeded, WithWorkers])
def test_wherever_a_run_is_resumed_loaders_of_pytorch_go_on_in_their_order(tmp_path, data):
    def fitted(resume=None, **options):
        torch.manual_seed(1)
        model = Net()
        d2l.Trainer(2, seed=1, **options).fit(model, data(), resume=resume)
        return learned(model)

    straight = fitted(checkpoint=tmp_path, every=0.2, keep=99)
    for path in tmp_path.glob("step-*"):
        assert is_same(fitted(resume=path), straight), path.name


def test_the_middle_of_an_epoch_of_other_batches_is_refused(killed_run, tmp_path):
    folder = killed_run("sgd, often", tmp_path)
    model, _, trainer = parts("sgd", checkpoint=folder)
    words = "in the middle of an epoch of 8 batches; here an epoch has 4"
    assert_refused(model, Points(batch_size=16), trainer, "last", words)


def test_the_end_of_an_epoch_of_other_batches_serves_and_later_checkpoints_count_as_later(tmp_path):
    resumed("sgd", checkpoint=tmp_path, max_epochs=2)
    model, _, trainer = parts("sgd", max_epochs=3, checkpoint=tmp_path, keep=1)
    trainer.fit(model, Points(batch_size=30), resume="last")
    assert [point.x for point in model.board.points["val_loss"]] == [1, 2, 3]
    newest = sorted(tmp_path.glob("step-*"))[-1]
    assert newest.name == f"step-{2 * NUM_BATCHES + 2:08d}.pt"
    _, _, trainer = parts("sgd", max_epochs=4, checkpoint=tmp_path, keep=1)
    trainer.fit(model, Points(batch_size=30), resume="last")
    assert [point.x for point in model.board.points["val_loss"]] == [1, 2, 3, 4]


def test_another_model_is_refused_and_what_differs_is_listed(tmp_path):
    resumed("sgd", checkpoint=tmp_path, max_epochs=1)
    model, data, trainer = parts("sgd", checkpoint=tmp_path)
    wider = Net(num_hiddens=16)
    words = r"net\.0\.bias: \(16,\) float32 in the model, \(8,\) float32 in the checkpoint"
    assert_refused(wider, data, trainer, "last", words)
    model.extra = torch.zeros(3, requires_grad=True)
    words = r"extra: \(3,\) float32 in the model, not in the checkpoint"
    assert_refused(model, data, parts("sgd", checkpoint=tmp_path)[2], "last", words)
    smaller, _, trainer = parts("sgd", checkpoint=tmp_path)
    smaller.net = smaller.net[:1]
    smaller.net.append(nn.LazyLinear(2))
    words = r"net\.1\.running_mean: \(8,\) float32 in the checkpoint, not in the model"
    assert_refused(smaller, data, trainer, "last", words)


def test_a_model_of_another_type_of_number_is_refused(tmp_path):
    resumed("plain tensors", checkpoint=tmp_path, max_epochs=1)
    model, data, trainer = parts("plain tensors", checkpoint=tmp_path)
    model.w = model.w.detach().double().requires_grad_()
    data.X, data.y = data.X.double(), data.y.double()
    assert_refused(model, data, trainer, "last", r"w: \(2, 1\) float64 in the model")


def test_long_lists_of_what_differs_are_cut(tmp_path):
    resumed("sgd", checkpoint=tmp_path, max_epochs=1)
    model, data, trainer = parts("sgd", checkpoint=tmp_path)
    model.more = nn.ModuleList(nn.Linear(1, 1) for _ in range(20))
    assert_refused(model, data, trainer, "last", "and 32 more")


@pytest.mark.parametrize(
    ("name", "other", "words"),
    [
        ("sgd", "adam", "trained with SGD, but this run uses Adam"),
        ("adam", "sgd", "trained with Adam, but this run uses SGD"),
        ("velocities", "plain tensors", "trained with OwnMomentum, but this run uses OwnSGD"),
        ("step", "sgd", "trained with StepLR, but this run uses NoneType"),
        ("sgd", "step", "trained with None, but this run uses StepLR"),
        ("step", "plateau", "trained with StepLR, but this run uses ReduceLROnPlateau"),
    ],
)
def test_another_optimizer_or_scheduler_is_refused(tmp_path, name, other, words):
    resumed(name, checkpoint=tmp_path, max_epochs=1)
    assert_refused(*parts(other, checkpoint=tmp_path), "last", words)


def test_other_groups_of_parameters_are_refused(tmp_path):
    class InGroups(Net):
        def configure_optimizers(self):
            groups = [{"params": [parameter]} for parameter in self.parameters()]
            return torch.optim.SGD(groups, lr=0.1, momentum=0.9)

    resumed("sgd", checkpoint=tmp_path, max_epochs=1)
    _, data, trainer = parts("sgd", checkpoint=tmp_path)
    assert_refused(InGroups(), data, trainer, "last", "parameter groups of")


@pytest.mark.parametrize(
    "damage",
    [
        lambda whole: b"",
        lambda whole: whole[: len(whole) // 2],
        lambda whole: whole[:-1],
        lambda whole: b"epoch,loss\n",
        lambda whole: whole.replace(b"net.0.weight", b"net.0.wEight", 1),
    ],
    ids=["empty", "half", "almost whole", "text", "a wrong byte"],
)
def test_a_damaged_checkpoint_is_refused_and_the_one_before_is_named(tmp_path, damage):
    resumed("sgd", seed=1, checkpoint=tmp_path, max_epochs=2)
    first, newest = sorted(tmp_path.glob("step-*"))
    newest.write_bytes(damage(newest.read_bytes()))
    words = f"{newest.name} is not a complete checkpoint.*Other checkpoints in .*: {first.name}"
    assert_refused(*parts("sgd", checkpoint=tmp_path), "last", words)
    assert resumed("sgd", first, checkpoint=tmp_path) == straight("sgd")


def foreign_files(folder):
    """Files that are whole, and no checkpoint of this run."""
    model, data, trainer = parts("sgd", max_epochs=1)
    trainer.fit(model, data)
    trainer.save(folder / "good.pt")
    good = torch.load(folder / "good.pt", weights_only=True)
    contents = {
        "weights": nn.Module.state_dict(model),
        "tensor": torch.ones(3),
        "newer": {**good, "version": 99},
        "mark alone": {"format": good["format"], "version": good["version"]},
        "no board": {key: value for key, value in good.items() if key != "board"},
        "no numbers": {**good, "random": {}},
        "text for weights": {**good, "model": "weights"},
        "no state": {**good, "optimizers": [{"class": "SGD", "state": {"param_groups": []}}]},
        "odd board": {**good, "board": {"train_loss": 3}},
        "odd patience": {**good, "position": {**good["position"], "early_stopping": None}},
    }
    for name, content in contents.items():
        torch.save(content, folder / f"{name}.pt")
    return [folder / f"{name}.pt" for name in contents]


def test_foreign_checkpoints_are_refused_and_no_part_of_them_is_applied(tmp_path):
    (tmp_path / "files").mkdir()
    resumed("sgd", checkpoint=tmp_path / "run", max_epochs=1)
    for path in foreign_files(tmp_path / "files"):
        assert_refused(*parts("sgd", checkpoint=tmp_path / "run"), path, re.escape(path.name))


def test_what_is_not_there_is_refused_by_name(tmp_path):
    for path in (tmp_path / "missing.pt", tmp_path / "missing", tmp_path):
        words = rf"there is no checkpoint .*{re.escape(str(path))}"
        assert_refused(*parts("sgd"), path, words)
    words = r"the trainer has none; .*checkpoint="
    assert_refused(*parts("sgd"), "last", words)


def assert_refused(model, data, trainer, resume, words):
    """The fit raises; model, board, random numbers and the folder are what they were."""
    model.apply_init([next(iter(data.train_dataloader()))[0]])
    checkpoint = trainer.hparams["checkpoint"]
    before, board = learned(model), copy.deepcopy(model.board.points)
    folder = checkpoint and {p: p.read_bytes() for p in files(checkpoint)}
    with pytest.raises(CheckpointError, match=words):
        trainer.fit(model, data, resume=resume)
    assert is_same(learned(model), before)
    assert model.board.points == board
    assert folder == (checkpoint and {p: p.read_bytes() for p in files(checkpoint)})


def test_an_optimizer_that_keeps_what_is_not_plain_is_named_and_the_checkpoint_before_stays(
    tmp_path,
):
    class Keeping(OwnSGD):
        def step(self):
            super().step()
            self.log = print  # a function is no state
            self.seen = object()

    class Line(PlainLine):
        def configure_optimizers(self):
            return Keeping([self.w, self.b], self.lr)

    _, data, trainer = parts("plain tensors", checkpoint=tmp_path, max_epochs=1)
    with pytest.raises(CheckpointError, match=r"Keeping\['seen'\] is a object"):
        trainer.fit(Line(2, lr=0.03), data)
    assert names(tmp_path) == []


def test_an_optimizer_whose_state_belongs_to_tensors_is_refused_when_it_is_to_be_kept(tmp_path):
    class ByTensor(OwnSGD):
        def __init__(self, params, lr):
            super().__init__(params, lr)
            self.velocity = {param: torch.zeros_like(param) for param in params}

    class Line(PlainLine):
        def configure_optimizers(self):
            return ByTensor([self.w, self.b], self.lr)

    _, data, trainer = parts("plain tensors", checkpoint=tmp_path)
    with pytest.raises(CheckpointError, match=r"ByTensor\['velocity'\] has tensors as keys"):
        trainer.fit(Line(2, lr=0.03), data)
    assert names(tmp_path) == []


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def files(folder):
    return [path for path in Path(folder).rglob("*") if path.is_file()]


def copy_of(folder, to):
    to.mkdir()
    for path in folder.iterdir():
        (to / path.name).write_bytes(path.read_bytes())
    return to
