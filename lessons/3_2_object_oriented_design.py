# %% [markdown]
# # 3.2 Object-oriented design
#
# The library separates four concerns: a `Module` contains the model, a `DataModule` the data, a
# `Trainer` the training loop, and a `ProgressBoard` the plots. Each of them can be changed by
# overriding one method while the others stay the same.
#
# **After this lesson you can**
#
# - add a method to a class after its definition, and save the arguments of a constructor
# - write a model and a data module, and train them
# - name the methods that a training run calls, in their order
# - change one step of the training by overriding one method in a subclass

# %%
# %matplotlib inline
import inspect

import numpy as np
import torch
from torch import nn

from d2l import torch as d2l

d2l.use_svg_display()

# %% [markdown]
# ## 3.2.1 Three tools
#
# ### Classes in pieces
#
# A notebook alternates short pieces of code with text, but Python defines a class in one block. A
# method is a function that is an attribute of the class, so it can be added later. The following
# decorator does this.


# %%
def add_to_class(Class):
    def store(function):
        setattr(Class, function.__name__, function)
        return function

    return store


# %% [markdown]
# Objects that were created before have the new method, too, because Python looks up a method in the
# class when it is called.


# %%
class A:
    def __init__(self):
        self.b = 1


a = A()


@add_to_class(A)
def do(self):
    return f'Class attribute "b" is {self.b}'


print(a.do())

# %% [markdown]
# The library has the same tool as `d2l.add_to_class`. It works on the library's classes too, and
# then it changes them **for the rest of the session**: after a change of `d2l.Trainer` each trainer
# behaves in the new way, until the kernel is restarted. Use a subclass if this is not wanted.

# %% [markdown]
# ### Saving hyperparameters
#
# Constructors contain many lines such as `self.lr = lr`. A class that inherits from
# `d2l.HyperParameters` calls `save_hyperparameters()` once, which saves each argument of its
# constructor as an attribute, except those in `ignore`.


# %%
class B(d2l.HyperParameters):
    def __init__(self, a, b, c):
        self.save_hyperparameters(ignore=["c"])


b = B(a=1, b=2, c=3)
print("self.a =", b.a, " self.b =", b.b)
print("There is no self.c =", not hasattr(b, "c"))


# %% [markdown]
# A child class may save its own arguments as well. Then `hparams` holds those of the child, so that
# `Child(**child.hparams)` makes another one; what the parent saved stays as attributes. Local
# variables of the constructor are not saved.


# %%
class Child(B):
    def __init__(self, depth):
        super().__init__(a=1, b=2, c=3)
        scratch = depth * 100  # a local, not an argument
        self.save_hyperparameters()
        self.width = scratch


child = Child(depth=4)
print(child.hparams, child.a, child.b)

# %% [markdown]
# ### The progress board
#
# A `d2l.ProgressBoard` receives one point at a time and draws a curve for each label. With
# `every_n=2` each drawn point is the mean of two values, with `every_n=10` of ten, which smooths a
# noisy curve. In a notebook the two curves are drawn while the cell runs.

# %%
xs = np.arange(0, 10, 0.1)
board = d2l.ProgressBoard("x")
for x in xs:
    board.draw(x, np.sin(x), "sin", every_n=2)
    board.draw(x, np.cos(x), "cos", every_n=10)

# %% [markdown]
# The points are kept in `board.points`, one list for each label, so that they can be used after the
# training.

# %%
print({label: len(points) for label, points in board.points.items()})
print("the first point of cos:", board.points["cos"][0])

# %% [markdown]
# ## Three classes, three questions
#
# | class | question it answers | what you write |
# | --- | --- | --- |
# | `d2l.Module` | What is computed, and how wrong is it? | `forward` or `self.net`, `loss` |
# | `d2l.DataModule` | Which examples, in which batches? | `get_dataloader(train)` |
# | `d2l.Trainer` | In which order does it all happen? | usually nothing |
#
# They are independent of each other. A module does not know where batches come from, a data module
# does not know what is learned from it. Here are the methods of each.

# %%
for Class in (d2l.Module, d2l.DataModule, d2l.Trainer):
    print(Class.__name__)
    for name, method in vars(Class).items():
        if inspect.isfunction(method) and not name.startswith("_"):
            print("   ", name, *list(inspect.signature(method).parameters)[1:])


# %% [markdown]
# ## 3.2.2 The smallest model
#
# A line with one weight and one bias. `self.net` is all that the inherited `forward` needs, and
# `training_step` and `validation_step` are inherited as well: they compute the loss and plot it.


# %%
class Line(d2l.Module):
    def __init__(self, lr):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Linear(1, 1)

    def loss(self, y_hat, y):
        return ((y_hat - y) ** 2 / 2).mean()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.lr)


# %% [markdown]
# ## 3.2.3 The smallest data
#
# Sixty-four points of $y = 3x - 1$ to train on and sixteen more to validate. `get_tensorloader`
# cuts tensors into batches and shuffles the training ones.


# %%
class PointsOnALine(d2l.DataModule):
    def __init__(self, batch_size=16):
        super().__init__()
        self.save_hyperparameters()
        self.X = torch.randn(80, 1)
        self.y = 3 * self.X - 1

    def get_dataloader(self, train):
        rows = slice(0, 64) if train else slice(64, 80)
        return self.get_tensorloader((self.X, self.y), train, rows)


# %% [markdown]
# ## 3.2.4 Training
#
# The trainer gets the data loaders from the data module and the optimizer from the model, and runs
# the epochs. The board shows the training loss and the validation loss in one plot.

# %%
torch.manual_seed(0)
model, data = Line(lr=0.3), PointsOnALine()
trainer = d2l.Trainer(max_epochs=10)
trainer.fit(model, data)
slope, intercept = model.net.weight.item(), model.net.bias.item()
print(f"y = {slope:.3f} x {intercept:+.3f}")

# %% [markdown]
# ### The methods that a run calls
#
# The trainer and the model consist of short methods that call each other. Each can be overridden
# without changing the others:
#
# | method | what it does | replace it to … |
# | --- | --- | --- |
# | `trainer.fit(model, data)` | prepares both, runs the epochs | train in phases |
# | `trainer.fit_epoch()` | training batches, then validation | write the loop yourself, as in 3.4 |
# | `trainer.prepare_batch(batch)` | the batch for the steps | normalise, augment, add noise |
# | `model.training_step(batch)` | forward pass and loss | compute another loss |
# | `trainer.clip_gradients(value, model)` | shortens long gradients | clip in another way |
# | `model.validation_step(batch)` | plots the metrics of a batch | measure something else |
#
# The following subclasses append the name of each called method to a list.

# %%
calls = []


class NotingTrainer(d2l.Trainer):
    """Records the name of each method that is called; the work itself is inherited."""

    def fit(self, model, data):
        calls.append("fit")
        return super().fit(model, data)

    def fit_epoch(self):
        calls.append("fit_epoch")
        return super().fit_epoch()

    def prepare_batch(self, batch):
        calls.append("prepare_batch")
        return super().prepare_batch(batch)

    def clip_gradients(self, grad_clip_val, model):
        calls.append("clip_gradients")
        return super().clip_gradients(grad_clip_val, model)


class NotingLine(Line):
    """Records each step."""

    def training_step(self, batch):
        calls.append("training_step")
        return super().training_step(batch)

    def validation_step(self, batch):
        calls.append("validation_step")
        return super().validation_step(batch)


quiet = NotingLine(lr=0.3)
quiet.board.display = False  # one epoch makes no picture worth seeing
NotingTrainer(max_epochs=1, gradient_clip_val=1).fit(quiet, PointsOnALine(batch_size=32))
print(" → ".join(calls))

# %% [markdown]
# There are two training batches of 32, each prepared and each clipped, and one validation batch.
# The line is the order in which the trainer calls the methods.

# %% [markdown]
# ### Changing one method
#
# Suppose the feature was recorded in millimetres and is needed in metres. Neither the data module
# nor the model has to be changed: an overridden `prepare_batch` converts each batch.


# %%
class MetreTrainer(d2l.Trainer):
    def prepare_batch(self, batch):
        X, y = super().prepare_batch(batch)
        return X / 1000, y


class MillimetrePoints(PointsOnALine):
    def __init__(self):
        super().__init__()
        self.X = self.X * 1000


torch.manual_seed(0)
converted = Line(lr=0.3)
MetreTrainer(max_epochs=10).fit(converted, MillimetrePoints())
slope, intercept = converted.net.weight.item(), converted.net.bias.item()
print(f"y = {slope:.3f} x {intercept:+.3f}")

# %% [markdown]
# ## Check yourself
#
# **Question 1.** Which method is overridden to add noise to the inputs of each batch, and in which
# class?
#
# <details><summary>Answer</summary>
#
# `prepare_batch` of the trainer: it returns the batch that both the training step and the
# validation step receive.
#
# </details>
#
# **Question 2.** An object `a` of class `A` exists. Then a method is added with
# `@d2l.add_to_class(A)`. Does `a` have it?
#
# <details><summary>Answer</summary>
#
# Yes. Python looks up the method in the class at the time of the call.
#
# </details>
#
# **Question 3.** The training set has 100 examples, the validation set 50, and a batch has 20
# examples. How often does one epoch call `training_step` and `validation_step`?
#
# <details><summary>Answer</summary>
#
# `training_step` 5 times and `validation_step` 3 times: the last validation batch has 10 examples.
#
# </details>

# %% [markdown]
# ## Exercises
#
# **Exercise 1.** Train `Line` on `MillimetrePoints` with the plain `d2l.Trainer`. What happens, and
# why does the loss diverge?
#
# <details><summary>Hint</summary>
#
# Look at the weight after the training. How does the gradient depend on the scale of the feature?
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 1
torch.manual_seed(0)
diverging = Line(lr=0.3)
diverging.board.display = False
d2l.Trainer(max_epochs=10).fit(diverging, MillimetrePoints())  # gives a hint and a warning
weight = diverging.net.weight.item()
print("weight after training:", weight)
# The second derivative of the loss is the mean square of the feature, about a million. Gradient
# descent converges only for learning rates below two divided by it.
assert not abs(weight) < 1000

# %% [markdown]
# **Exercise 2.** Write a trainer whose `fit_epoch` calls `super().fit_epoch()` and then saves the
# slope. Plot its values with `d2l.plot`.
#
# <details><summary>Hint</summary>
#
# The trainer has the model as `self.model`.
#
# </details>


# %% tags=["hide-cell"]
# Solution of exercise 2
class SlopeTrainer(d2l.Trainer):
    def fit(self, model, data):
        self.slopes = []
        super().fit(model, data)

    def fit_epoch(self):
        super().fit_epoch()
        self.slopes.append(self.model.net.weight.item())


torch.manual_seed(0)
followed = Line(lr=0.03)
followed.board.display = False
slope_trainer = SlopeTrainer(max_epochs=20)
slope_trainer.fit(followed, PointsOnALine())
d2l.plot(list(range(1, 21)), slope_trainer.slopes, "epoch", "slope", figsize=(4, 2.5))
assert len(slope_trainer.slopes) == 20
assert abs(slope_trainer.slopes[-1] - 3) < abs(slope_trainer.slopes[0] - 3)

# %% [markdown]
# **Exercise 3.** Remove the line `self.save_hyperparameters()` from `Line`. Which line fails, and
# when?
#
# <details><summary>Hint</summary>
#
# Where is the attribute `lr` read?
#
# </details>


# %% tags=["hide-cell"]
# Solution of exercise 3
class LineWithoutSaving(Line):
    def __init__(self, lr):
        d2l.Module.__init__(self)
        self.net = nn.Linear(1, 1)


unsaved = LineWithoutSaving(lr=0.3)  # no error here
try:
    unsaved.configure_optimizers()  # `fit` calls it at its start, and here `self.lr` is read
except AttributeError as error:
    print(error)
else:
    raise AssertionError("`lr` should not be known")
