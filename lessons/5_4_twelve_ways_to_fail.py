# %% [markdown]
# # 5.4 Twelve ways to fail
#
# A program with a mistake often runs to its end, and learns nothing, or less than it could. You
# will make twelve such mistakes on purpose, look at what they do to the loss, and read what the
# trainer says about each. Afterwards you will know them when you meet them in a program of your
# own.
#
# All of them are made in the same small classifier of clothes. It is right as it stands here.

# %%
# %matplotlib inline
import torch
from torch import nn
from torch.nn import functional as F

from d2l import torch as d2l


class MLP(d2l.Classifier):
    def __init__(self, lr=0.1):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))


class Clothes(d2l.DataModule):
    """The first 4,096 training pictures of Fashion-MNIST, and 512 to validate on."""

    def __init__(self, batch_size=64):
        super().__init__()
        self.save_hyperparameters()
        pictures = d2l.FashionMNIST().train
        self.X = pictures.data[:4608].unsqueeze(1) / 255
        self.y = pictures.targets[:4608]

    def get_dataloader(self, train):
        rows = slice(0, 4096) if train else slice(4096, None)
        return self.get_tensorloader((self.X, self.y), train, rows)


said = {}  # what each mistake was called


def run(title, model, data=None, trainer=d2l.Trainer):
    """Train for one epoch without a picture; print how it ended and what was said."""
    torch.manual_seed(0)
    model = model()
    model.board.display = False
    made = trainer(max_epochs=1)
    made.fit(model, data or Clothes())
    said[title] = [hint.kind for hint in made.hints]
    print(f"{title}: {made.hints[0].kind if made.hints else 'nothing to say'}")


run("right", MLP)

# %% [markdown]
# ## Mistakes in the loss
#
# **1. A softmax too many.** `F.cross_entropy` takes the softmax of what it is given. If the model
# ends in a softmax already, the numbers that it is given lie between 0 and 1, so the second softmax
# can hardly tell the classes apart: the loss falls slowly, and never below 1.46.


# %%
class SoftmaxMLP(MLP):
    def forward(self, X):
        return torch.softmax(self.net(X), dim=1)


run("a softmax too many", SoftmaxMLP)

# %% [markdown]
# **2. The wrong sign.** Gradient descent makes the loss smaller. The mean logarithm of the right
# classes' probabilities is to become larger, so the loss is its negative. Without the minus sign
# the loss falls as it should, and every step makes the model worse.


# %%
class MinusForgotten(MLP):
    def loss(self, y_hat, y, averaged=True):
        return torch.log_softmax(y_hat, dim=1)[torch.arange(len(y)), y].mean()


run("the wrong sign", MinusForgotten)

# %% [markdown]
# **3. A sum for a mean.** The sum over 64 examples is 64 times the mean, and so are its gradients:
# a rate of 0.1 acts like one of 6.4.


# %%
class Summed(MLP):
    def loss(self, y_hat, y, averaged=True):
        return F.cross_entropy(y_hat, y, reduction="sum")


run("a sum for a mean", Summed)

# %% [markdown]
# **4. Shapes that broadcast.** Outputs of shape `(n, 1)` minus labels of shape `(n,)` are a matrix:
# each output is compared with the labels of all examples. The best that a model can do then is to
# answer with the mean label, whatever the input.


# %%
class Line(d2l.Module):
    def __init__(self, lr=0.05):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Linear(2, 1)

    def loss(self, y_hat, y):
        return ((y_hat - y) ** 2 / 2).mean()


class FlatLabels(d2l.SyntheticRegressionData):
    def __init__(self):
        super().__init__(w=torch.tensor([2.0, -3.4]), b=4.2)
        self.y = self.y.reshape(-1)


run("shapes that broadcast", Line, FlatLabels())

# %% [markdown]
# ## Mistakes in the model
#
# **5. Layers in a list.** A module finds its layers among its attributes, but does not look into a
# Python list. Layers in there are not among its parameters: they take part in the computation and
# stay as they were drawn.


# %%
class ListMLP(MLP):
    def __init__(self, lr=0.1):
        super().__init__(lr)
        self.blocks = [nn.Linear(784, 784)]

    def forward(self, X):
        return self.net[1:](torch.relu(self.blocks[0](X.flatten(1))))


run("layers in a list", ListMLP)

# %% [markdown]
# **6. A graph that is cut.** `detach`, `.data`, `.numpy()` and `.item()` give values without their
# history. No gradient comes past such a place.


# %%
class Detached(MLP):
    def forward(self, X):
        hidden = self.net[:3](X)
        return self.net[3](hidden.detach())


run("a graph that is cut", Detached)

# %% [markdown]
# **7. All weights equal.** Units that begin with the same weights compute the same and get the same
# gradient, so they stay the same for ever: 64 units learn no more than one.


# %%
class EqualMLP(MLP):
    def __init__(self, lr=0.1):
        super().__init__(lr)
        for layer in self.net[1::2]:
            nn.init.constant_(layer.weight, 0.01)


run("all weights equal", EqualMLP)

# %% [markdown]
# **8. Units that are never active.** A ReLU with a large negative bias answers 0 to every picture.
# Its gradient is 0 too, so nothing ever changes that.


# %%
class DeadMLP(MLP):
    def __init__(self, lr=0.1):
        super().__init__(lr)
        nn.init.constant_(self.net[1].bias, -10)


run("units that are never active", DeadMLP)

# %% [markdown]
# ## Mistakes in the loop
#
# **9. Gradients that are not cleared.** `backward` adds to the gradients that are there. Without
# `zero_grad` each step goes in the direction of all gradients so far.


# %%
class NeverCleared(d2l.Trainer):
    def fit_epoch(self):
        for batch in self.train_dataloader:
            l = self.model.training_step(self.prepare_batch(batch))
            l.backward()
            self.optim.step()


run("gradients that are not cleared", MLP, trainer=NeverCleared)

# %% [markdown]
# **10. A rate that is too high.** Each step overshoots, and the loss rises above where it began.

# %%
run("a rate that is too high", lambda: MLP(lr=20))

# %% [markdown]
# ## Mistakes in the data
#
# **11. Raw pixels.** Inputs of 0 to 255 make the first outputs hundreds of times too large. Every
# rate is wrong then: for the first layer it is too high, for the last one it may be too low.


# %%
class RawClothes(Clothes):
    def __init__(self):
        super().__init__()
        self.X = self.X * 255


run("raw pixels", MLP, RawClothes())

# %% [markdown]
# **12. Sorted and not shuffled.** If all pictures of one class come first, the model learns to
# answer with that class, then with the next, and forgets what it knew.


# %%
class SortedClothes(Clothes):
    def __init__(self):
        super().__init__()
        order = self.y[:4096].argsort(stable=True)
        self.X[:4096], self.y[:4096] = self.X[order], self.y[order]

    def get_dataloader(self, train):
        rows = slice(0, 4096) if train else slice(4096, None)
        return self.get_tensorloader((self.X, self.y), train=False, indices=rows)


run("sorted and not shuffled", MLP, SortedClothes())

# %% [markdown]
# ## In a loop by hand, and before training
#
# The same hints come in a loop that you write yourself, from one line around it. And two tests cost
# seconds before a training that costs hours: `d2l.check_model` looks at the first batches, and
# `d2l.overfit_one_batch` tries whether the model can learn one batch by heart. If it cannot, more
# data will not help.

# %%
torch.manual_seed(0)
net = nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))
other = nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))
optimizer = torch.optim.SGD(other.parameters(), lr=0.1)
with d2l.watching(net, optimizer) as watch:
    for X, y in Clothes().train_dataloader():
        optimizer.zero_grad()
        F.cross_entropy(net(X), y).backward()
        optimizer.step()
print([hint.kind for hint in watch.hints])

right = d2l.overfit_one_batch(MLP(), Clothes())
wrong = d2l.overfit_one_batch(DeadMLP(), Clothes())
print(right)
print(wrong)

# %% [markdown]
# ## Try it yourself
#
# 1. Which of the twelve would you have noticed from the loss alone, without a right program to
#    compare with?
# 2. Put two of the mistakes into one program. Which one is named? Repair it, and run again.
# 3. Lower the rate in "a sum for a mean" until it trains. Which rate is that, and why?
# 4. Ask `d2l tutor explain softmax-before-cross-entropy` in a terminal. How does the check know?

# %% [markdown]
# ## Check

# %%
assert said.pop("right") == []
assert said == {
    "a softmax too many": ["softmax-before-cross-entropy"],
    "the wrong sign": ["loss-negated"],
    "a sum for a mean": ["loss-summed"],
    "shapes that broadcast": ["loss-broadcasts"],
    "layers in a list": ["layers-in-a-list"],
    "a graph that is cut": ["graph-cut"],
    "all weights equal": ["weights-all-equal"],
    "units that are never active": ["dead-relus"],
    "gradients that are not cleared": ["no-zero-grad"],
    "a rate that is too high": ["lr-too-high"],
    "raw pixels": ["inputs-not-scaled"],
    "sorted and not shuffled": ["sorted-not-shuffled"],
}
assert [hint.kind for hint in watch.hints] == ["optimizer-of-other-tensors"]
assert d2l.check_model(MLP(), Clothes()) == []
assert right.passed
assert not wrong.passed
print("5.4 holds: twelve mistakes, each called by its name (promised: twelve)")
