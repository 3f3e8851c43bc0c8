# %% [markdown]
# # 5.4 Twelve ways to fail
#
# A program with a mistake often runs to its end and learns nothing, or less than it could. You make
# twelve common mistakes on purpose, see what each does to the training loss, and read the hint that
# the trainer gives about it. All of them are made in one small classifier of clothes, which is
# correct as it stands here.
#
# **After this lesson you can**
#
# - recognize twelve mistakes in the loss, the model, the training loop and the data;
# - explain for each of them why the model does not learn, or learns less;
# - test a model before a long training: check the first batches, and overfit one batch;
# - use the hints of the trainer in a training loop that you write yourself.

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


said = {}  # the kinds of the hints for each mistake


def run(title, model, data=None, trainer=d2l.Trainer):
    """Train for one epoch without a board; print the kind of the first hint."""
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
# **1. A softmax too many.** `F.cross_entropy` takes the softmax of its inputs. If the model already
# ends in a softmax, these inputs are between 0 and 1, so the second softmax gives almost the same
# probability to all classes. The loss falls slowly, and never below
# $-\log \frac{e}{e + 9} = 1.46$, its value for a first softmax that gives 1 to the right class.


# %%
class SoftmaxMLP(MLP):
    def forward(self, X):
        return torch.softmax(self.net(X), dim=1)


run("a softmax too many", SoftmaxMLP)

# %% [markdown]
# The two training losses, step by step, in a loop without the trainer. The loss of the model with
# the softmax falls as well, so a look at its curve alone does not show the mistake.


# %%
def losses_of(model, lr=0.1):
    """Train for one epoch in a plain loop; return the loss of every step."""
    torch.manual_seed(0)
    model, losses = model(), []
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    for X, y in Clothes().train_dataloader():
        optimizer.zero_grad()
        l = model.loss(model(X), y)
        l.backward()
        optimizer.step()
        losses.append(l.item())
    return losses


with torch.random.fork_rng():  # leaves the generator as it was for the next cells
    right_losses, softmax_losses = losses_of(MLP), losses_of(SoftmaxMLP)
d2l.plot(
    list(range(len(right_losses))),
    [right_losses, softmax_losses, [1.46] * len(right_losses)],
    "step",
    "training loss",
    legend=["right", "a softmax too many", "1.46"],
    figsize=(5, 2.5),
)

# %% [markdown]
# **2. The wrong sign.** Gradient descent minimizes the loss. The mean logarithm of the right
# classes' probabilities has to become larger, so the loss is its negative. Without the minus sign
# the loss falls, but every step makes the model worse.


# %%
class MinusForgotten(MLP):
    def loss(self, y_hat, y, averaged=True):
        return torch.log_softmax(y_hat, dim=1)[torch.arange(len(y)), y].mean()


run("the wrong sign", MinusForgotten)

# %% [markdown]
# **3. A sum for a mean.** The sum over 64 examples is 64 times the mean, and so are its gradients:
# a learning rate of 0.1 acts like one of 6.4.


# %%
class Summed(MLP):
    def loss(self, y_hat, y, averaged=True):
        return F.cross_entropy(y_hat, y, reduction="sum")


run("a sum for a mean", Summed)

# %% [markdown]
# **4. Shapes that broadcast.** Outputs of shape `(n, 1)` minus labels of shape `(n,)` are a matrix:
# each output is compared with the labels of all examples. The model that minimizes this loss
# predicts the mean label for every input.


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
# **5. Layers in a list.** A module registers the layers that are its attributes, but not those in a
# Python list. The parameters of such layers are not in `parameters()`: the layers take part in the
# computation, and their weights keep their initial values.


# %%
class ListMLP(MLP):
    def __init__(self, lr=0.1):
        super().__init__(lr)
        self.blocks = [nn.Linear(784, 784)]

    def forward(self, X):
        return self.net[1:](torch.relu(self.blocks[0](X.flatten(1))))


run("layers in a list", ListMLP)

# %% [markdown]
# **6. A graph that is cut.** `detach`, `.data`, `.numpy()` and `.item()` return values without
# their computational graph. No gradient flows back beyond such a place.


# %%
class Detached(MLP):
    def forward(self, X):
        hidden = self.net[:3](X)
        return self.net[3](hidden.detach())


run("a graph that is cut", Detached)

# %% [markdown]
# **7. All weights equal.** Hidden units that start with the same weights compute the same output
# and receive the same gradient, so they stay equal (the symmetry is not broken): 64 units learn no
# more than one.


# %%
class EqualMLP(MLP):
    def __init__(self, lr=0.1):
        super().__init__(lr)
        for layer in self.net[1::2]:
            nn.init.constant_(layer.weight, 0.01)


run("all weights equal", EqualMLP)

# %% [markdown]
# **8. Units that are never active.** A ReLU unit with a large negative bias outputs 0 for every
# image. Its gradient is 0 too, so its weights never change: it is a *dead unit*.


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
# **10. A learning rate that is too high.** Each step overshoots the minimum, and the loss rises
# above its initial value.

# %%
run("a rate that is too high", lambda: MLP(lr=20))

# %% [markdown]
# ## Mistakes in the data
#
# **11. Raw pixels.** Inputs between 0 and 255 make the outputs of the first layer hundreds of times
# too large. Then no learning rate fits all layers: the one that is too high for the first layer may
# be too low for the last.


# %%
class RawClothes(Clothes):
    def __init__(self):
        super().__init__()
        self.X = self.X * 255


run("raw pixels", MLP, RawClothes())

# %% [markdown]
# **12. Sorted and not shuffled.** If all images of one class come first, the model learns to
# predict that class, then the next one, and forgets the classes before.


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
# ## In your own loop, and before training
#
# `d2l.watching` around a training loop that you write yourself gives the same hints. Two tests take
# seconds and are worth running before a long training: `d2l.check_model` looks at the first
# batches, and `d2l.overfit_one_batch` tests whether the model can overfit a single batch. If it
# cannot, more data will not help.

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
# ## Check yourself
#
# **Question 1.** Which of the twelve would you notice from the curve of the training loss alone,
# without a correct program to compare with?
#
# <details><summary>Answer</summary>
#
# The wrong sign (the loss becomes negative and falls without a bound), a sum for a mean (the loss
# starts at $64 \log 10$ and not at $\log 10$), a learning rate that is too high (the loss rises)
# and dead units (the loss stays near $\log 10$). In most others the loss falls, but less than it
# could, which only a comparison shows.
#
# </details>
#
# **Question 2.** A ten-class classifier starts with a loss of 147. Which mistake do you look for
# first?
#
# <details><summary>Answer</summary>
#
# An untrained classifier should have a loss near $\log 10 = 2.3$. $147 = 64 \cdot 2.3$: the loss is
# the sum over a batch of 64 and not the mean.
#
# </details>
#
# **Question 3.** A model reaches 100 percent on one batch (`overfit_one_batch` passes), but the
# validation accuracy stays at 10 percent. Which group of mistakes is more likely: model and loss,
# or data?
#
# <details><summary>Answer</summary>
#
# Data, for instance data that are not shuffled, labels that do not belong to the images, or a
# validation set that is scaled in another way. Model, loss and optimizer can learn, or they would
# not have overfitted the batch.
#
# </details>

# %% [markdown]
# ## Exercises
#
# **Exercise 1.** Put two of the mistakes into one program, a softmax too many and dead units.
# Which hints do you get? Fix the first one, and run again.
#
# <details><summary>Hint</summary>
#
# Derive a class from `DeadMLP` and give it the `forward` of `SoftmaxMLP`.
#
# </details>


# %% tags=["hide-cell"]
# Solution of exercise 1
class TwoMistakes(DeadMLP):
    def forward(self, X):
        return torch.softmax(self.net(X), dim=1)


run("two mistakes", TwoMistakes)
before = said.pop("two mistakes")
run("the softmax removed", DeadMLP)
after = said.pop("the softmax removed")
assert before == ["softmax-before-cross-entropy", "dead-relus"]
assert after == ["dead-relus"]

# %% [markdown]
# **Exercise 2.** Lower the learning rate of "a sum for a mean" until it trains exactly like the
# correct program. Which rate is that, and why?
#
# <details><summary>Hint</summary>
#
# The gradient of the sum is 64 times the gradient of the mean. `losses_of` takes a learning rate.
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 2
summed_losses = torch.tensor(losses_of(Summed, lr=0.1 / 64))
difference = (summed_losses / 64 - torch.tensor(losses_of(MLP))).abs().max().item()
assert difference < 1e-3
print(f"learning rate 0.1 / 64: the same losses, largest difference {difference:.1e}")

# %% [markdown]
# **Exercise 3.** Write a test of your own for mistake 1: a function `ends_in_softmax(model)` that
# decides from the model's outputs on one batch. Compare with `d2l tutor explain
# softmax-before-cross-entropy`, which you can run in a terminal.
#
# <details><summary>Hint</summary>
#
# Probabilities are never negative, and each row sums to 1. Logits almost never have both
# properties.
#
# </details>


# %% tags=["hide-cell"]
# Solution of exercise 3
def ends_in_softmax(model):
    X, _ = next(iter(Clothes().train_dataloader()))
    with torch.no_grad():
        outputs = model(X)
    sums = outputs.sum(dim=1)
    return bool((outputs >= 0).all() and torch.allclose(sums, torch.ones_like(sums)))


assert ends_in_softmax(SoftmaxMLP())
assert not ends_in_softmax(MLP())
print("SoftmaxMLP:", ends_in_softmax(SoftmaxMLP()), " MLP:", ends_in_softmax(MLP()))
