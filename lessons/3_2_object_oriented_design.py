# %% [markdown]
# # 3.2 Object-oriented design
#
# You will learn how the classes of this library hold together: a `Module` knows the model, a
# `DataModule` knows the data, a `Trainer` brings the two together, and a `ProgressBoard` shows what
# happens. Once you see the seams you can change one part and leave the rest alone, which is what
# you will do in every lesson from here on.

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
# In a notebook we like to write a few lines, explain them, and go on. A class wants to be written
# in one block. The way out: a method is only a function stored on the class, so it can be stored
# there later. This decorator does just that.


# %%
def add_to_class(Class):
    def store(function):
        setattr(Class, function.__name__, function)
        return function

    return store


# %% [markdown]
# Objects made before the method was added have it too, because Python looks a method up on the
# class at the moment you call it.


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
# then it changes them **for the rest of the session**: patch `d2l.Trainer` and every trainer made
# or used after that behaves the new way, until you restart the kernel. A subclass is the quieter
# choice when you do not want that.

# %% [markdown]
# ### Arguments that save themselves
#
# Constructors are full of lines such as `self.lr = lr`. A class that inherits from
# `d2l.HyperParameters` calls `save_hyperparameters()` once and has every argument of its
# constructor as an attribute, except those it asks to ignore.


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
# variables of the constructor are never picked up by accident.


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
# ### A board to draw on
#
# A `d2l.ProgressBoard` takes one point at a time and draws a curve for each label. With `every_n=2`
# each drawn point is the mean of two values, with `every_n=10` of ten: the way to smooth a restless
# curve. Run this in a notebook and watch the two curves grow.

# %%
xs = np.arange(0, 10, 0.1)
board = d2l.ProgressBoard("x")
for x in xs:
    board.draw(x, np.sin(x), "sin", every_n=2)
    board.draw(x, np.cos(x), "cos", every_n=10)

# %% [markdown]
# The picture is only a view. The points themselves stay in `board.points`, one list for each label,
# so that you can go on working with them after the training.

# %%
print({label: len(points) for label, points in board.points.items()})
print("the first point of cos:", board.points["cos"][0])

# %% [markdown]
# ## Three classes, three questions
#
# | class | its question | what you write |
# | --- | --- | --- |
# | `d2l.Module` | What is computed, and how wrong is it? | `forward` or `self.net`, `loss` |
# | `d2l.DataModule` | Which examples, in which batches? | `get_dataloader(train)` |
# | `d2l.Trainer` | In which order does it all happen? | usually nothing |
#
# None of them looks inside another. A module does not know where batches come from, a data module
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
# ## 3.2.4 And they meet
#
# The trainer asks the data for its loaders, the model for its optimizer, and then turns the crank.
# The board shows the training loss and the validation loss side by side.

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
# A trainer and its model are short methods. Each calls the next, and you may replace any of them
# without touching the others:
#
# | method | what it does | replace it to … |
# | --- | --- | --- |
# | `trainer.fit(model, data)` | prepares both, runs the epochs | train in phases |
# | `trainer.fit_epoch()` | training batches, then validation | write the loop yourself, as in 3.4 |
# | `trainer.prepare_batch(batch)` | what the steps see of a batch | normalise, augment, add noise |
# | `model.training_step(batch)` | forward pass and loss | compute another loss |
# | `trainer.clip_gradients(value, model)` | shortens long gradients | clip in another way |
# | `model.validation_step(batch)` | plots the metrics of a batch | measure something else |
#
# To see them called, each writes its name into a list.

# %%
calls = []


class NotingTrainer(d2l.Trainer):
    """Writes down each method; the work itself is inherited."""

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
    """Writes down each step."""

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
# Two training batches of 32, each prepared and each clipped, then one validation batch. Read the
# line from left to right and you have read the trainer.

# %% [markdown]
# ### Changing one method
#
# Now a change that does something. Suppose the feature was recorded in millimetres and you want it
# in metres. You need not touch the data or the model: convert each batch as it passes.


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
# ## Try it yourself
#
# 1. Use `MillimetrePoints` with the plain `d2l.Trainer`. What does the library tell you, and why
#    does the loss run away?
# 2. Write a trainer whose `fit_epoch` calls `super().fit_epoch()` and then stores the slope, and
#    plot its path with `d2l.plot`.
# 3. Remove the line `self.save_hyperparameters()` from `Line`. Which line fails, and when?

# %% [markdown]
# ## Check

# %%
assert a.do() == 'Class attribute "b" is 1'
assert (b.a, b.b, hasattr(b, "c")) == (1, 2, False)
assert child.hparams == {"depth": 4}
assert (child.a, child.b, child.depth) == (1, 2, 4)
assert child.width == 400

# A drawn point is the mean of every_n values, x and y alike: no point of the hundred is lost.
for label, function, every_n in (("sin", np.sin, 2), ("cos", np.cos, 10)):
    drawn = np.array([(point.x, point.y) for point in board.points[label]])
    pairs = np.stack([xs, function(xs)], axis=1)
    by_hand = pairs.reshape(-1, every_n, 2).mean(axis=1)
    assert np.allclose(drawn, by_hand), label

for line in (model, converted):
    assert abs(line.net.weight.item() - 3) < 0.05
    assert abs(line.net.bias.item() + 1) < 0.05

one_batch = ["prepare_batch", "training_step", "clip_gradients"]
validation = ["prepare_batch", "validation_step"]
assert calls == ["fit", "fit_epoch", *one_batch, *one_batch, *validation]
print("3.2 holds: arguments saved, points kept, lines learned, methods in order")
