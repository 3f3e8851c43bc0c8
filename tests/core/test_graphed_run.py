"""Replayed steps against eager ones: the same numbers, or a refusal with its reason.

On the CPU a replay calls the recorded operations again, without running Python, as a GPU does.
"""

import copy
import gc
import inspect
import shutil
import weakref

import pytest
import torch
from readers import LazyNet, PlainLine, TwoClasses, book_fit_epoch, line_data
from recorded_ops import RecordedOps
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from d2l import torch as d2l
from d2l.core import gradients
from d2l.core.training import graphed_run, step_state
from d2l.engine import graph
from d2l.engine.graphed_epoch import GraphedEpoch
from d2l.engine.running_metrics import FiniteCheck, ResultTable, Snapshot
from d2l.errors import NotFiniteError

GPU = pytest.param(
    1,
    marks=[
        pytest.mark.gpu,
        pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA GPU"),
    ],
    id="gpu",
)
pytestmark = pytest.mark.usefixtures("cpu_graphs")
ON_EACH_DEVICE = pytest.mark.parametrize("num_gpus", [pytest.param(0, id="cpu"), GPU])


class Images(d2l.DataModule):
    """Random pictures of ten classes; the last batches are short."""

    def __init__(self, batch_size=8, num_train=85, num_val=20):
        super().__init__()
        self.save_hyperparameters()
        generator = torch.Generator().manual_seed(0)
        self.X = torch.rand(num_train + num_val, 1, 12, 12, generator=generator)
        self.y = torch.randint(0, 10, (num_train + num_val,), generator=generator)

    def get_dataloader(self, train):
        rows = slice(0, self.num_train) if train else slice(self.num_train, None)
        return self.get_tensorloader((self.X, self.y), train, rows)


class Net(d2l.Classifier):
    """A classifier around any layers."""

    def __init__(self, *layers, lr=0.1):
        super().__init__()
        self.save_hyperparameters(ignore="layers")
        self.net = nn.Sequential(*layers)


def lenet():
    return Net(
        nn.LazyConv2d(6, 5, padding=2), nn.Sigmoid(), nn.AvgPool2d(2), nn.LazyConv2d(16, 3),
        nn.Sigmoid(), nn.AvgPool2d(2), nn.Flatten(), nn.LazyLinear(24), nn.Sigmoid(),
        nn.LazyLinear(10),
    )  # fmt: skip


def dropout_net():
    layers = (nn.Flatten(), nn.LazyLinear(32), nn.ReLU(), nn.Dropout(0.5), nn.LazyLinear(10))
    return Net(*layers)


def batch_norm_net():
    layers = (nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.ReLU(), nn.Flatten())
    return Net(*layers, nn.LazyLinear(10))


def small_mlp():
    return d2l.MLP(10, 16, lr=0.1)


MODELS = {
    "line from scratch": (lambda: PlainLine(2, lr=0.03), line_data),
    "line": (lambda: d2l.LinearRegression(lr=0.03), line_data),
    "softmax from scratch": (lambda: d2l.SoftmaxRegressionScratch(144, 10, lr=0.1), Images),
    "softmax": (lambda: d2l.SoftmaxRegression(10, lr=0.1), Images),
    "MLP from scratch": (lambda: d2l.MLPScratch(144, 10, 16, lr=0.1), Images),
    "MLP": (small_mlp, Images),
    "LeNet": (lenet, Images),
    "dropout": (dropout_net, Images),
    "batch norm": (batch_norm_net, Images),
}


def trained(make, data, replay, num_gpus=0, **options):
    torch.manual_seed(0)
    model = make()
    trainer = d2l.Trainer(2, num_gpus, seed=1, replay=replay, **options)
    model.plot_train_per_epoch = 1000  # every step a point
    trainer.fit(model, data)
    return model, trainer


@ON_EACH_DEVICE
@pytest.mark.parametrize("name", MODELS)
def test_replayed_steps_give_the_plain_steps_numbers(name, num_gpus):
    torch.manual_seed(0)
    make, make_data = MODELS[name]
    data = make_data()
    plain, _ = trained(make, data, False, num_gpus)
    replayed, trainer = trained(make, data, True, num_gpus)
    assert trainer.plan.step == "replayed", trainer.plan
    assert len(plain.board.points["train_loss"]) >= 20
    for label, points in plain.board.points.items():
        others = replayed.board.points[label]
        assert [p.x for p in points] == pytest.approx([p.x for p in others])
        assert [p.y for p in points] == pytest.approx([p.y for p in others], rel=1e-4, abs=1e-6)


@ON_EACH_DEVICE
@pytest.mark.parametrize("momentum", [0, 0.9])
def test_clipping_momentum_and_several_metrics_are_replayed(num_gpus, momentum):
    class Several(d2l.MLP):
        def training_step(self, batch):
            loss = super().training_step(batch)
            self.plot("twice", 2 * loss, train=True)
            return loss

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=0.1, momentum=momentum)

    data, options = Images(), {"gradient_clip_val": 0.5}
    plain, _ = trained(lambda: Several(10, 16, lr=0.1), data, False, num_gpus, **options)
    replayed, trainer = trained(lambda: Several(10, 16, lr=0.1), data, True, num_gpus, **options)
    assert trainer.plan.step == "replayed", trainer.plan
    for label in ("train_loss", "train_twice", "val_acc"):
        a, b = ([p.y for p in m.board.points[label]] for m in (plain, replayed))
        assert a == pytest.approx(b, rel=1e-4, abs=1e-6)


@ON_EACH_DEVICE
def test_a_learning_rate_changed_between_epochs_is_the_one_that_is_used(num_gpus):
    class Decaying(d2l.Trainer):
        def fit_epoch(self):
            super().fit_epoch()
            self.optim.param_groups[0]["lr"] *= 0.1

    torch.manual_seed(0)
    weights = []
    for replay in (False, True):
        torch.manual_seed(0)
        model = d2l.MLP(10, 16, lr=0.5)
        trainer = Decaying(3, num_gpus, seed=1, replay=replay)
        trainer.fit(model, Images())
        assert trainer.plan.step == ("replayed" if replay else "eager")
        weights.append(model.net[1].weight.detach().cpu())
    assert torch.allclose(*weights, rtol=1e-4, atol=1e-6)


@ON_EACH_DEVICE
def test_a_tensor_replaced_between_epochs_is_named_and_its_successor_is_trained(num_gpus):
    class Replacing(d2l.Trainer):
        def fit_epoch(self):
            super().fit_epoch()
            if self.epoch == 0:
                self.model.b = torch.full((1,), 9.0, device=self.device, requires_grad=True)
                self.optim.params[1] = self.model.b

    bs = []
    for replay in (False, True):
        torch.manual_seed(0)
        model = PlainLine(2, lr=0.03)
        trainer = Replacing(3, num_gpus, seed=1, replay=replay)
        trainer.fit(model, line_data())
        bs.append(model.b.item())
    assert bs[0] == pytest.approx(bs[1], rel=1e-5)
    assert bs[1] != 9
    assert trainer.plan.recaptured[0].startswith("b: ((1,), torch.float32, device(type=")
    assert "captured again: b: " in repr(trainer.plan)


class Reads(d2l.MLP):
    def training_step(self, batch):
        loss = super().training_step(batch)
        self.last = loss.item()
        return loss


class Asks(d2l.MLP):
    def training_step(self, batch):
        return super().training_step(batch) * (1 + self.trainer.epoch)


class Plots(d2l.MLP):
    def plot(self, key, value, train):
        super().plot(key, value, train)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (Reads, "reads a value back"),
        (Reads, "changes last"),
        (Asks, "reads trainer.epoch"),
        (Plots, "Plots overrides plot"),
    ],
)
def test_a_step_that_cannot_be_replayed_is_done_plainly_with_the_plain_numbers(model, words):
    data = Images()
    plain, _ = trained(lambda: model(10, 16, lr=0.1), data, False)
    refused, trainer = trained(lambda: model(10, 16, lr=0.1), data, True)
    assert trainer.plan.step == "eager"
    assert words in trainer.plan.why
    assert plain.board.points.keys() == refused.board.points.keys()
    a, b = ([p.y for p in m.board.points["train_loss"]] for m in (plain, refused))
    assert a == pytest.approx(b, rel=1e-5)


def own_fit_epoch(self):
    self.model.train()
    for batch in self.train_dataloader:
        self.train_batch(self.prepare_batch(batch))


def test_a_replaced_method_is_named_in_the_plan(monkeypatch):
    monkeypatch.setattr(d2l.Trainer, "fit_epoch", own_fit_epoch)
    _, trainer = trained(small_mlp, Images(), True)
    assert trainer.plan.why == "the trainer overrides fit_epoch"
    assert repr(trainer.plan).startswith("eager step on cpu, data resident: ")


def test_the_books_own_loop_is_replayed_whoever_typed_it_in(monkeypatch):
    plain, _ = trained(small_mlp, Images(), False, gradient_clip_val=0.5)
    monkeypatch.setattr(d2l.Trainer, "fit_epoch", book_fit_epoch)
    replayed, trainer = trained(small_mlp, Images(), True, gradient_clip_val=0.5)
    assert repr(trainer.plan) == (
        "replayed step on cpu, data resident: "
        "fit_epoch is the book's, and nothing prevents a replay"
    )
    for label, points in plain.board.points.items():
        others = replayed.board.points[label]
        assert [p.y for p in points] == pytest.approx([p.y for p in others], rel=1e-5, abs=1e-7)


BOOK_LOOP = (  # typed in with a docstring, a comment, a line break and another name
    inspect.getsource(book_fit_epoch)
    .replace("def book_fit_epoch", "def fit_epoch")
    .replace("batch in self", "part in self")
    .replace("prepare_batch(batch)", "prepare_batch(\n            part)  # a comment\n        ")
)


@pytest.mark.parametrize(
    ("old", "new", "is_book_loop"),
    [
        ("", "", True),
        ("self.optim.zero_grad()", "self.optim.zero_grad(True)", False),
        ("> 0", "> 1", False),
        ("loss.backward()", "(loss * 2).backward()", False),
        ("self.model.eval()", "print(1)", False),
        ("self.train_batch_idx += 1", "self.train_batch_idx += 2", False),
        ("part in self.val", "part in self.train", False),
    ],
)
def test_a_loop_is_the_books_where_it_does_the_same_step_for_step(old, new, is_book_loop):
    variables = {"torch": torch}
    exec(BOOK_LOOP.replace(old, new), variables)
    assert gradients.is_book_loop(variables["fit_epoch"]) is is_book_loop
    variables["torch"] = None  # where `torch` is something else, it is another loop
    assert not gradients.is_book_loop(variables["fit_epoch"])


def test_a_loop_in_a_cell_that_imports_torch_itself_is_the_books_too():
    variables = {}
    exec("import torch\n" + BOOK_LOOP, variables)
    assert gradients.is_book_loop(variables["fit_epoch"])


def test_the_loss_is_written_once(monkeypatch):
    written = []

    class Table(ResultTable):
        def write(self, name, value):
            written.append(name)
            super().write(name, value)

    monkeypatch.setattr("d2l.engine.graphed_epoch.ResultTable", Table)
    trained(small_mlp, Images(), True)
    assert set(written) == {"loss", "acc"}


def test_a_graph_its_buffers_and_the_model_are_freed_without_the_collector():
    gc.collect()
    gc.disable()
    try:
        model, trainer = trained(small_mlp, Images(), True)
        assert trainer.plan.step == "replayed"
        watched = weakref.ref(model), weakref.ref(trainer)
        del model, trainer
        assert [ref() for ref in watched] == [None, None]
        kinds = (RecordedOps, GraphedEpoch, ResultTable)
        assert [thing for thing in gc.get_objects() if type(thing) in kinds] == []
    finally:
        gc.enable()


@pytest.mark.filterwarnings("ignore")  # PyTorch's compiler warns about itself
def test_a_model_is_compiled_before_its_step_is_captured_and_not_in_the_capture(monkeypatch):
    from torch._dynamo.testing import CompileCounter

    counter, frames = CompileCounter(), []
    compile_as_usual = nn.Module.compile
    monkeypatch.setattr(
        nn.Module, "compile", lambda model: compile_as_usual(model, backend=counter)
    )

    def capture(work, device):
        before = counter.frame_count
        graph = RecordedOps(work, device)
        frames.append((before, counter.frame_count))
        return graph

    monkeypatch.setitem(graph.GRAPHS, "cpu", capture)
    eager, _ = trained(small_mlp, Images(), False)
    compiled, trainer = trained(small_mlp, Images(), True, compile=True)
    assert trainer.plan.step == "replayed", trainer.plan
    assert frames[0][0] == frames[0][1] > 0
    a, b = (m.board.points["train_loss"] for m in (eager, compiled))
    assert [p.y for p in a] == pytest.approx([p.y for p in b], rel=1e-4)


def test_a_short_run_and_then_a_long_one_on_the_same_model_are_both_right():
    runs = []
    for replay in (False, True):
        torch.manual_seed(0)
        model, data = small_mlp(), Images()
        first = d2l.Trainer(1, seed=1, replay=False)
        first.fit(model, data)
        second = d2l.Trainer(3, seed=2, replay=replay)
        second.fit(model, data)
        runs.append(model.board.points["train_loss"][-1].y)
    assert second.plan.step == "replayed"
    assert runs[0] == pytest.approx(runs[1], rel=1e-5)


def test_the_check_of_the_loss_costs_an_eager_step_on_a_device_no_kernel():
    seen, check = [], FiniteCheck(deferred=True)

    class Counting(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            seen.append(func.overloadpacket.__name__)
            return func(*args, **(kwargs or {}))

    loss = torch.ones((), requires_grad=True) * 2
    with Counting():
        check.add(loss, 0)
    assert set(seen) <= {"detach", "view", "alias"}  # which only look at the same number


def test_rows_that_arrive_late_are_drawn_all_the_same(monkeypatch):
    eager, _ = trained(small_mlp, Images(), False)
    monkeypatch.setattr(Snapshot, "is_here", lambda self: False)
    replayed, _ = trained(small_mlp, Images(), True)
    assert eager.board.points.keys() == replayed.board.points.keys()
    counts = [[len(p) for p in m.board.points.values()] for m in (eager, replayed)]
    assert counts[0] == counts[1]


def test_the_plan_of_a_run_on_the_cpu_is_plain_and_says_why(monkeypatch):
    monkeypatch.delitem(graph.GRAPHS, "cpu")
    trainer = d2l.Trainer(max_epochs=1)
    trainer.fit(LazyNet(), TwoClasses())
    assert repr(trainer.plan) == (
        "eager step on cpu, data resident: CUDA graphs are not available on cpu"
    )


def test_streamed_data_and_closures_are_plain():
    class Streamed(Images):
        def get_dataloader(self, train):
            return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(self.X, self.y), 8)

    class Closure(d2l.MLP):
        def configure_optimizers(self):
            return torch.optim.LBFGS(self.parameters())

    _, trainer = trained(small_mlp, Streamed(), True)
    assert (trainer.plan.data, trainer.plan.step) == ("streamed", "eager")
    with pytest.raises(TypeError, match="closure"):
        trained(lambda: Closure(10, 16, lr=0.1), Images(), True)


@ON_EACH_DEVICE
def test_a_loss_that_is_no_number_stops_a_replayed_run_too(num_gpus):
    data = Images()
    data.X[40] = float("nan")
    with pytest.raises(NotFiniteError, match="the loss is nan in epoch 1 of 2, batch"):
        trained(small_mlp, data, True, num_gpus, on_nonfinite="stop")


@pytest.mark.parametrize(
    ("max_epochs", "step", "why"),
    [(2, "eager", "22 steps are too few"), (100, "replayed", "nothing prevents")],
)
def test_on_a_gpu_only_runs_worth_capturing_are_replayed(max_epochs, step, why, monkeypatch):
    plans = []

    def on_cuda(run, replaced):
        run.device = torch.device("cuda")
        plans.append(make_plan(run, replaced))
        run.device = torch.device("cpu")
        run.max_epochs = 0
        return d2l.Trainer.plan._read(run.trainer)

    make_plan = graphed_run.make_plan
    monkeypatch.setattr(graphed_run, "MIN_STEPS", 300)
    monkeypatch.setattr("d2l.core.training.fitting.make_plan", on_cuda)
    d2l.Trainer(max_epochs).fit(small_mlp(), Images())
    assert (plans[0].step, plans[0].device) == (step, "cuda")
    assert why in plans[0].why


def test_streamed_and_resident_runs_have_the_same_points():
    resident, _ = trained(small_mlp, Images(), None)
    streamed, trainer = trained(small_mlp, Images(), None, stream=True)
    assert trainer.plan.data == "streamed"
    assert resident.board.points == streamed.board.points


def test_mixed_precision_trains_close_to_full_precision_and_leaves_the_settings_alone():
    before = torch.get_float32_matmul_precision()
    full, _ = trained(small_mlp, Images(), None)
    for precision in ("tf32", "bf16-mixed"):
        mixed, _ = trained(small_mlp, Images(), None, precision=precision)
        a, b = (m.board.points["val_loss"][-1].y for m in (full, mixed))
        assert a == pytest.approx(b, rel=0.02)
        assert mixed.net[1].weight.dtype == torch.float32
    assert torch.get_float32_matmul_precision() == before
    assert not torch.is_autocast_enabled("cpu")


def test_an_unknown_precision_is_an_error():
    with pytest.raises(ValueError, match="one of 32-true, tf32, bf16-mixed; found 'half'"):
        d2l.Trainer(1, precision="half")


@pytest.mark.slow
@pytest.mark.skipif(
    shutil.which("g++") is None, reason="compiling for the CPU needs a C++ compiler"
)
@pytest.mark.filterwarnings("ignore")  # PyTorch's compiler warns about itself
def test_a_compiled_model_has_the_plain_models_numbers_and_can_be_copied():
    plain, _ = trained(small_mlp, Images(), None)
    compiled, _ = trained(small_mlp, Images(), None, compile=True)
    a, b = (m.board.points["train_loss"] for m in (plain, compiled))
    assert [p.y for p in a] == pytest.approx([p.y for p in b], rel=1e-4)
    assert copy.deepcopy(compiled)(torch.rand(1, 1, 12, 12)).shape == (1, 10)


def test_an_optimizer_for_a_graph_counts_its_steps_on_the_device():
    parameter = nn.Parameter(torch.zeros(2))
    adam = torch.optim.Adam([parameter])
    assert graphed_run.make_capturable(adam, torch.device("cpu")) == []
    assert graphed_run.make_capturable(torch.optim.SGD([parameter]), torch.device("cuda")) == []
    assert graphed_run.make_capturable(adam, torch.device("cuda")) == adam.param_groups
    assert adam.param_groups[0]["capturable"] is True
    assert graphed_run.make_capturable(adam, torch.device("cuda")) == []


def test_what_a_step_reads_is_looked_for_to_a_certain_depth():
    nested = 1.0
    for _ in range(step_state.MAX_DEPTH + 3):
        nested = [nested]
    names = [name for name, _ in step_state._leaves(nested, "x", set())]
    assert len(names) == step_state.MAX_DEPTH  # the length of each list on the way
    assert names[0] == "the length of x"
    shallow = [[1.0], (2, "a")]
    leaves = dict(step_state._leaves(shallow, "x", set()))
    assert leaves["x[0][0]"] == 1.0
    assert leaves["x[1][1]"] == "a"
