"""The buffers and the cursor of a replayed pass, on any device; capturing itself needs CUDA."""

import pytest
import torch

from d2l.engine.graphed_epoch import WARM_UP_STEPS, GraphedEpoch
from d2l.engine.resident import ResidentLoader

DATA = torch.arange(23.0)


class Recorder:
    """A pass over 23 numbers whose step writes their sum and notes which it saw."""

    def __init__(self, batch_size=4, shuffle=False, step=None):
        self.seen, self.state = [], {}
        self.loader = ResidentLoader((DATA,), batch_size, shuffle)
        step = step or self.step
        self.passes = GraphedEpoch(self.loader, step, lambda: dict(self.state))
        self.results = self.passes.results

    def step(self, batch):
        self.seen.append(batch[0].tolist())
        self.results.write("sum", batch[0].sum())
        self.results.write("constant", 0.5)


def test_a_pass_sees_every_batch_in_order_and_writes_its_numbers():
    recorder = Recorder()
    progress = []
    recorder.passes.run(recorder.passes.begin(), lambda: progress.append(1))
    expected = [batch.tolist() for (batch,) in recorder.loader]
    assert recorder.seen == expected
    assert len(progress) == 6
    assert recorder.results.snapshot(0, 6).read() == {
        "sum": [sum(batch) for batch in expected],
        "constant": [0.5] * 6,
    }


def test_each_pass_has_the_table_to_itself_however_many_there_are():
    recorder = Recorder()
    sums = []
    for _ in range(3):
        recorder.passes.run(recorder.passes.begin(), lambda: None)
        sums.append(recorder.results.snapshot(0, 6).read()["sum"])
    assert sums[0] == sums[1] == sums[2] == [sum(seen) for seen in recorder.seen[:6]]
    assert recorder.results.snapshot(5, 5).read() == {}


def test_shuffled_passes_are_those_of_the_loader_from_the_same_seed():
    recorder = Recorder(shuffle=True)
    torch.manual_seed(5)
    for _ in range(2):
        recorder.passes.run(recorder.passes.begin(), lambda: None)
    torch.manual_seed(5)
    expected = [batch.tolist() for _ in range(2) for (batch,) in recorder.loader]
    assert recorder.seen == expected


def test_a_step_is_captured_after_its_warm_up(monkeypatch):
    recorded = []
    monkeypatch.setattr(
        "d2l.engine.graphed_epoch.capture", lambda work, device: counted(work, recorded)
    )
    recorder = Recorder(batch_size=2)
    recorder.passes.run(recorder.passes.begin(), lambda: None)
    assert len(recorder.seen) == 12
    assert recorded == [WARM_UP_STEPS]


def counted(work, recorded):
    from d2l.engine.graph import EagerReplay

    recorded.append(WARM_UP_STEPS)
    return EagerReplay(work)


def test_a_step_that_cannot_be_replayed_runs_as_usual_and_says_why():
    def step(batch):
        sums.append(batch[0].sum().item())

    sums = []
    recorder = Recorder(step=step)
    for _ in range(2):
        recorder.passes.run(recorder.passes.begin(), lambda: None)
    assert sums == [batch.sum().item() for (batch,) in recorder.loader] * 2
    assert len(recorder.passes.blockers) == 1
    assert "reads a value back" in recorder.passes.blockers[0]


def test_a_capture_that_fails_is_a_reason_and_costs_no_step(monkeypatch):
    def fail(work, device):
        raise RuntimeError("operation not permitted when stream is capturing\nand more")

    monkeypatch.setattr("d2l.engine.graphed_epoch.capture", fail)
    recorder = Recorder()
    recorder.passes.run(recorder.passes.begin(), lambda: None)
    assert len(recorder.seen) == 6
    assert recorder.passes.blockers == [
        "capturing it failed: operation not permitted when stream is capturing"
    ]


def test_a_value_that_a_capture_bakes_in_is_named_and_captured_again():
    recorder = Recorder()
    recorder.state["lr"] = 0.1
    recorder.passes.run(recorder.passes.begin(), lambda: None)
    recorder.passes.run(recorder.passes.begin(), lambda: None)
    assert recorder.passes.recapture_reasons == []
    recorder.state["lr"] = 0.01
    recorder.passes.run(recorder.passes.begin(), lambda: None)
    assert recorder.passes.recapture_reasons == ["lr: 0.1 → 0.01"]


@pytest.mark.parametrize("batch_size", [23, 24, 100])
def test_a_set_of_one_batch_is_a_pass_too(batch_size):
    recorder = Recorder(batch_size)
    recorder.passes.run(recorder.passes.begin(), lambda: None)
    assert recorder.seen == [DATA.tolist()]
