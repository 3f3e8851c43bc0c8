"""A replayed pass on a graph that calls the recorded operations again; capturing needs CUDA."""

import pytest
import torch

from d2l.engine.graphed_epoch import WARM_UP_STEPS, GraphedEpoch
from d2l.engine.tensor_loaders import ResidentLoader

DATA = torch.arange(23.0)
pytestmark = pytest.mark.usefixtures("cpu_graphs")


class Recorder:
    """A pass over 23 numbers whose step adds them to a total and writes their sum.

    `seen` has the batches for which Python ran; `state`, the values that a capture bakes in.
    """

    def __init__(self, batch_size=4, shuffle=False, step=None):
        self.seen, self.state = [], {}
        self.total = torch.zeros(())
        self.loader = ResidentLoader((DATA,), batch_size, shuffle)
        self.passes = GraphedEpoch(self.loader, step or self.step, self)
        self.results = self.passes.results

    def step(self, batch):
        self.seen.append(batch[0].tolist())
        self.total += batch[0].sum()
        self.results.write("sum", batch[0].sum())
        self.results.write("constant", 0.5)

    def run(self):
        """One pass; the sums of its batches."""
        self.passes.run(self.passes.begin(), lambda: None)
        return self.results.snapshot(0, len(self.loader)).read().get("sum")

    def is_ready(self):
        return True

    def values(self):
        return dict(self.state)

    def tensors(self):
        return {"total": self.total}

    def trainable(self):
        return []


def sums_of(loader):
    return [batch.sum().item() for (batch,) in loader]


def test_a_pass_sees_every_batch_in_order_and_writes_its_numbers():
    recorder = Recorder()
    progress = []
    recorder.passes.run(recorder.passes.begin(), lambda: progress.append(1))
    assert len(progress) == 6
    assert recorder.results.snapshot(0, 6).read() == {
        "sum": sums_of(recorder.loader),
        "constant": [0.5] * 6,
    }
    assert recorder.total == DATA.sum()
    assert recorder.passes.blockers == []


def test_each_pass_has_the_table_to_itself_however_many_there_are():
    recorder = Recorder()
    assert [recorder.run() for _ in range(3)] == [sums_of(recorder.loader)] * 3
    assert recorder.results.snapshot(5, 5).read() == {}
    assert recorder.total == 3 * DATA.sum()


def test_shuffled_passes_are_those_of_the_loader_from_the_same_seed():
    recorder = Recorder(shuffle=True)
    torch.manual_seed(5)
    found = [recorder.run() for _ in range(3)]
    torch.manual_seed(5)
    assert found == [sums_of(recorder.loader) for _ in range(3)]


def test_python_runs_in_the_warm_up_the_capture_and_the_comparisons_alone():
    recorder = Recorder(batch_size=1)
    recorder.run()
    # of 23 steps: the warm-up, the capture, and the replays 2, 4, 8 and 16, which are compared
    assert len(recorder.seen) == WARM_UP_STEPS + 1 + 4
    recorder.run()  # the first step of a pass is compared, and the replay 40
    assert len(recorder.seen) == WARM_UP_STEPS + 1 + 4 + 2
    assert recorder.total == 2 * DATA.sum()


def test_a_value_that_changes_is_found_by_comparing_and_does_not_reach_the_numbers():
    factor = [1.0]

    def step(batch):
        factor[0] += 0.01
        recorder.total += factor[0] * batch[0].sum()
        recorder.results.write("sum", factor[0] * batch[0].sum())

    recorder = Recorder(batch_size=1, step=step)
    found = recorder.run()
    assert found == pytest.approx(
        [(1 + 0.01 * i) * x for i, x in enumerate(DATA.tolist(), start=1)]
    )
    assert recorder.passes.blockers == ["replayed and eager step differ in total"]


def test_a_tensor_that_the_step_replaces_is_found():
    class Replacing(Recorder):
        def step(self, batch):
            self.total = self.total + batch[0].sum()
            self.results.write("sum", batch[0].sum())

        def values(self):
            return {"total": self.total.data_ptr()}

    recorder = Replacing()
    assert recorder.run() == sums_of(recorder.loader)
    assert recorder.total == DATA.sum()
    assert recorder.passes.blockers == ["it changes total"]


def test_a_step_that_cannot_be_replayed_runs_as_usual_and_says_why():
    def step(batch):
        sums.append(batch[0].sum().item())

    sums = []
    recorder = Recorder(step=step)
    for _ in range(2):
        recorder.run()
    assert sums == [batch.sum().item() for (batch,) in recorder.loader] * 2
    assert len(recorder.passes.blockers) == 1
    assert "reads a value back" in recorder.passes.blockers[0]


def test_a_capture_that_fails_is_a_reason_and_costs_no_step(monkeypatch):
    def fail(work, device):
        raise RuntimeError("operation not permitted when stream is capturing\nand more")

    monkeypatch.setattr("d2l.engine.graphed_epoch.capture", fail)
    recorder = Recorder()
    recorder.run()
    assert len(recorder.seen) == 6
    assert recorder.passes.blockers == [
        "its capture failed: operation not permitted when stream is capturing"
    ]


def test_the_reason_of_a_failed_capture_is_what_broke_it_not_what_ended_it(monkeypatch):
    def fail(work, device):
        try:
            raise RuntimeError("operation not permitted when stream is capturing")
        finally:
            raise RuntimeError("operation failed due to a previous error during capture")

    monkeypatch.setattr("d2l.engine.graphed_epoch.capture", fail)
    recorder = Recorder()
    recorder.run()
    assert recorder.passes.blockers == [
        "its capture failed: operation not permitted when stream is capturing"
    ]


def test_a_value_that_a_capture_bakes_in_is_named_and_captured_again():
    recorder = Recorder()
    recorder.state["lr"] = 0.1
    recorder.run()
    recorder.run()
    assert recorder.passes.recapture_reasons == []
    recorder.state["lr"] = 0.01
    recorder.run()
    assert recorder.passes.recapture_reasons == ["lr: 0.1 → 0.01"]


@pytest.mark.parametrize("batch_size", [23, 24, 100])
def test_a_set_of_one_batch_is_a_pass_too(batch_size):
    recorder = Recorder(batch_size)
    recorder.run()
    assert recorder.seen == [DATA.tolist()]
