"""Errors of Python that come from how a model or a loop is put together."""

import dis
import inspect
import re
from types import FunctionType
from typing import Any

from torch import Tensor, nn
from torch.nn.modules.loss import _Loss

from d2l.core.hyperparameters import HyperParameters
from d2l.core.unregistered import named_unregistered_layers
from d2l.errors import D2LError
from d2l.tutor.evidence import Check, Evidence, Finding, When
from d2l.tutor.failure import Failure, finder_of


def _attribute(failure: Failure) -> tuple[str, str] | None:
    """Return the type and the attribute of an AttributeError."""
    if not isinstance(failure.error, AttributeError):
        return None
    found = re.fullmatch(r"'([\w.]+)' object has no attribute '(\w+)'", failure.message)
    return (found[1], found[2]) if found is not None else None


def _holder(failure: Failure, kind: str) -> Any:
    """Return the object without the attribute."""
    held = getattr(failure.error, "obj", None)
    if held is None and failure.frames:  # it was not noted: the one whose __getattr__ raised
        held = failure.frames[-1].f_locals.get("self")
    return held if type(held).__name__ == kind else None


def _super_init(failure: Failure) -> Finding | None:
    found = _attribute(failure)
    owner = _holder(failure, found[0]) if found is not None else None
    name = type(owner).__name__
    if owner is None and failure.matches(r"before Module\.__init__\(\) call"):
        owner = failure.frames[-1].f_locals.get("self") if failure.frames else None
        name = type(owner).__name__ if owner is not None else "your class"
    elif not isinstance(owner, nn.Module) or "_modules" in vars(owner):
        return None
    seen = f"`{name}.__init__` sets layers or parameters before `super().__init__()` was called."
    if found is not None:
        seen = f"`{name}.__init__` does not call `super().__init__()`."
    return Finding(seen, "Make `super().__init__()` the first line of `__init__`.", {})


def _not_saved(failure: Failure) -> Finding | None:
    found = _attribute(failure)
    owner = _holder(failure, found[0]) if found is not None else None
    if found is None or not isinstance(owner, (nn.Module, HyperParameters)):
        return None
    name, kind = found[1], type(owner).__name__
    if type(owner).__module__.startswith("torch.") or name in vars(owner):
        return None
    if name not in inspect.signature(type(owner).__init__).parameters:
        return None
    seen = f"`self.{name}` is read, but `{kind}.__init__(…, {name})` has not saved it."
    fix = f"Write `self.{name} = {name}` in `__init__`."
    if isinstance(owner, HyperParameters):
        fix = "Call `self.save_hyperparameters()` in `__init__`, without ignoring it."
    return Finding(seen, fix, {}, kind)


def _in_a_list(failure: Failure) -> Finding | None:
    model = failure.model
    if model is None or not failure.matches("optimizer got an empty parameter list"):
        return None
    names = [name for name, _ in named_unregistered_layers(model)]
    if not names:
        return None
    attribute = names[0].partition("[")[0]
    seen = f"PyTorch does not know the {len(names)} layer(s) in `self.{attribute}`: none learns."
    return Finding(seen, f"Write `self.{attribute} = nn.ModuleList(…)`, or ModuleDict.", {})


def _no_optimizer(failure: Failure) -> Finding | None:
    found = _attribute(failure)
    if found is None or found[0] != "NoneType" or failure.evidence.optimizer is not None:
        return None
    if found[1] not in ("zero_grad", "step", "param_groups"):
        return None
    method = getattr(type(failure.model), "configure_optimizers", None)
    seen = f"The optimizer is None where its `{found[1]}` is called."
    fix = "Make one first: `torch.optim.SGD(net.parameters(), lr=0.1)`."
    if method is not None and _returns_nothing(method):
        seen = f"`{type(failure.model).__name__}.configure_optimizers` returns nothing."
        fix = "End it with `return torch.optim.SGD(self.parameters(), lr=self.lr)`."
    return Finding(seen, fix, {})


def _no_loss(failure: Failure) -> Finding | None:
    found = _attribute(failure)
    if found != ("NoneType", "backward"):
        return None
    names = ("training_step", "loss")
    methods = [name for name in names if _returns_nothing(getattr(type(failure.model), name, None))]
    what = f"`{type(failure.model).__name__}.{methods[0]}` returns nothing" if methods else ""
    return Finding(f"{what or 'The loss'}{', so the loss' if what else ''} is None.",
                   "End the function with `return l`.", {})  # fmt: skip


def _float_loss(failure: Failure) -> Finding | None:
    found = _attribute(failure)
    if (
        found is None
        or found[1] != "backward"
        or not re.search(r"^(numpy\.)?(float|int)\d*$", found[0])
    ):
        return None
    seen = f"The loss is a `{found[0]}`, a number of Python or NumPy, not a tensor."
    return Finding(seen, "Leave out `.item()` or `float(…)` until after `l.backward()`.", {})


def _forward_returns(failure: Failure) -> Finding | None:
    found, model = _attribute(failure), failure.model
    is_read = found is not None and found[0] == "NoneType" and hasattr(Tensor, found[1])
    if not is_read and not failure.matches("NoneType"):
        return None
    if not isinstance(failure.error, (TypeError, AttributeError)) or model is None:
        return None
    empty = [module for module in model.modules() if _returns_nothing(type(module).forward)]
    if not empty:
        return None
    name = type(empty[0]).__name__
    seen = f"`{name}.forward` ends without `return`, so what it gives is None."
    return Finding(seen, "End it with `return Y`.", {}, name)


def _returns_nothing(function: Any) -> bool:
    """Whether a user-defined function always returns None."""
    if not isinstance(function, FunctionType) or inspect.isgeneratorfunction(function):
        return False
    if function.__module__.startswith(("torch.", "d2l.")) or hasattr(function, "__wrapped__"):
        return False
    code = list(dis.get_instructions(function))
    values = [
        step if step.opname == "RETURN_CONST" else before
        for before, step in zip([code[0], *code], code, strict=False)
        if step.opname in ("RETURN_CONST", "RETURN_VALUE")
    ]
    loads = ("RETURN_CONST", "LOAD_CONST")
    return bool(values) and all(v.opname in loads and v.argval is None for v in values)


def _arguments(failure: Failure) -> Finding | None:
    if not isinstance(failure.error, TypeError) or not failure.raised_in("_call_impl", "inner"):
        return None
    found = re.fullmatch(r"([\w.<>]+)\.forward\(\) (missing|takes|got) .*", failure.message)
    called = failure.layers[-1] if failure.layers else None
    if found is None or called is None or type(called.layer).__qualname__ != found[1]:
        return None
    name, given = type(called.layer).__name__, len(called.args) + len(called.kwargs)
    parameters = list(inspect.signature(type(called.layer).forward).parameters)
    wanted = parameters[1:] if parameters[:1] == ["self"] else parameters
    numbers = {"given": given, "takes": len(wanted)}
    if parameters[:1] != ["self"] and len(parameters) == given:
        seen = f"`{name}.forward({', '.join(parameters)})` has no `self`."
        return Finding(seen, f"Write `def forward(self, {', '.join(parameters)})`.", numbers)
    seen = f"`{name}.forward` takes ({', '.join(wanted)}) and was called with {given} inputs."
    fix = "Call it with as many, or change `def forward(self, …)`."
    if failure.layers[0] is called and any(
        f.f_code.co_name == "training_step" for f in failure.frames
    ):
        fix = f"A batch should have {len(wanted)} inputs and the labels, or change `forward`."
    return Finding(seen, fix, numbers, name)


def _loss_class(failure: Failure) -> Finding | None:
    if not failure.matches("Boolean value of Tensor"):
        return None
    made = [
        frame.f_locals.get("self") for frame in failure.frames if frame.f_code.co_name == "__init__"
    ]
    loss = made[-1] if made else None
    if not isinstance(loss, _Loss) or not type(loss).__module__.startswith("torch.nn"):
        return None
    name = type(loss).__name__
    seen = f"`nn.{name}(…)` was given tensors, but this call only makes the loss function."
    return Finding(seen, f"Write `nn.{name}()(y_hat, y)`: make it, then call it.", {})


def _own(*kinds: str) -> Any:
    """Return the `find` of a check for errors of d2l with one of these kinds."""

    def find(evidence: Evidence) -> Finding | None:
        error = evidence.error
        if isinstance(error, D2LError) and error.kind in kinds:
            return Finding(str(error), "")
        return None

    return find


CHECKS = (
    Check(
        kind="super-init-forgotten",
        when=When.ERROR,
        find=finder_of(_super_init),
        title="The constructor of the base class was not called",
        why="It creates the attributes in which PyTorch stores layers and parameters.",
        threshold="PyTorch reports an assignment before `Module.__init__`, or the module lacks "
        "what "
        "that makes.",
        book="6.1 Layers and modules",
        wrong="def __init__(self):\n    self.net = nn.LazyLinear(10)",
        right="def __init__(self):\n    super().__init__()\n    self.net = nn.LazyLinear(10)",
    ),
    Check(
        kind="save-hyperparameters-forgotten",
        when=When.ERROR,
        find=finder_of(_not_saved),
        title="An argument of __init__ was not saved",
        why="An argument is gone after `__init__`, unless it is kept as an attribute.",
        threshold="The missing attribute is an argument of the constructor.",
        book="3.2 Object-oriented design for implementation",
        wrong="def __init__(self, lr):\n    super().__init__()",
        right="def __init__(self, lr):\n    super().__init__()\n    self.save_hyperparameters()",
    ),
    Check(
        kind="layers-in-a-list",
        when=When.ERROR,
        find=finder_of(_in_a_list),
        title="Layers are in a plain list or dict",
        why="PyTorch looks for layers in attributes, not inside lists and dicts.",
        threshold="The optimizer has no parameter, and the model has layers in a list or dict.",
        book="6.1 Layers and modules",
        wrong="self.blocks = [nn.Linear(784, 64), nn.Linear(64, 10)]",
        right="self.blocks = nn.ModuleList([nn.Linear(784, 64), nn.Linear(64, 10)])",
    ),
    Check(
        kind="optimizer-not-returned",
        when=When.ERROR,
        find=finder_of(_no_optimizer),
        title="There is no optimizer",
        why="The training loop needs it to clear gradients and update parameters.",
        threshold="The optimizer of the program is None where it is used.",
        book="3.2 Object-oriented design for implementation",
        wrong="def configure_optimizers(self):\n    torch.optim.SGD(self.parameters(), lr=self.lr)",
        right="def configure_optimizers(self):\n"
        "    return torch.optim.SGD(self.parameters(), lr=self.lr)",
    ),
    Check(
        kind="loss-not-returned",
        when=When.ERROR,
        find=finder_of(_no_loss),
        title="The loss is not returned",
        why="The backward pass begins at the loss.",
        threshold="`backward` is read from None.",
        book="3.2 Object-oriented design for implementation",
        wrong="def training_step(self, batch):\n    l = self.loss(self(*batch[:-1]), batch[-1])",
        right="def training_step(self, batch):\n"
        "    l = self.loss(self(*batch[:-1]), batch[-1])\n    return l",
    ),
    Check(
        kind="loss-is-a-float",
        when=When.ERROR,
        find=finder_of(_float_loss),
        title="The loss is a number instead of a tensor",
        why="Only a tensor stores how it was computed from the parameters.",
        threshold="`backward` is read from a float or an int.",
        book="2.5 Automatic differentiation",
        wrong="l = F.cross_entropy(y_hat, y).item()\nl.backward()",
        right="l = F.cross_entropy(y_hat, y)\nl.backward()",
    ),
    Check(
        kind="forward-returns-nothing",
        when=When.ERROR,
        find=finder_of(_forward_returns),
        title="forward has no return",
        why="`forward` must return the result of the layer.",
        threshold="None is where a tensor should be, and a module of the model has a "
        "`forward` that "
        "returns None wherever it ends.",
        book="6.1 Layers and modules",
        wrong="def forward(self, X):\n    self.net(X)",
        right="def forward(self, X):\n    return self.net(X)",
    ),
    Check(
        kind="forward-arguments",
        when=When.ERROR,
        find=finder_of(_arguments),
        title="forward is called with the wrong number of inputs",
        why="`net(X)` calls `forward(X)` with the same inputs.",
        threshold="Python reports an error in the call of the `forward` of the layer that was "
        "called.",
        book="6.1 Layers and modules",
        wrong="def forward(X):\n    return X",
        right="def forward(self, X):\n    return X",
    ),
    Check(
        kind="loss-class-called",
        when=When.ERROR,
        find=finder_of(_loss_class),
        title="The class of a loss is called with outputs and labels",
        why="A loss of `torch.nn` is a class; its object is the function.",
        threshold="The constructor of one of PyTorch's losses tests a tensor for true or false.",
        book="4.5 Concise implementation of softmax regression",
        wrong="l = nn.CrossEntropyLoss(y_hat, y)",
        right="l = nn.CrossEntropyLoss()(y_hat, y)",
    ),
    Check(
        kind="fit-arguments-swapped",
        when=When.ERROR,
        find=_own("fit-arguments-swapped"),
        title="fit was given the data first",
        why="`fit` expects the model first, then the data.",
        threshold="The first argument has a `train_dataloader`, the second is a module.",
        book="3.2 Object-oriented design for implementation",
        wrong="trainer.fit(data, model)",
        right="trainer.fit(model, data)",
    ),
)
