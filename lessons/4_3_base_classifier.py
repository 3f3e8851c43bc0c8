# %% [markdown]
# # 4.3 The base class for classifiers
#
# You will write the small class that all our classifiers inherit from: it validates with a loss and
# an accuracy, and it brings a default optimizer. Accuracy is what we care about in the end, so you
# will also learn how to count it right, which is easier to get wrong than it looks.

# %%
# %matplotlib inline
import math

import torch
from torch import nn

from d2l import torch as d2l

d2l.use_svg_display()

# %% [markdown]
# ## 4.3.1 The class
#
# A classifier is a `d2l.Module` with a richer validation step: besides the loss of each validation
# batch it reports the accuracy. A batch holds the inputs first and the labels last, so `batch[:-1]`
# are the inputs, however many there are.


# %%
class Classifier(d2l.Module):
    """What all classifiers share."""

    def validation_step(self, batch):
        Y_hat = self(*batch[:-1])
        self.plot("loss", self.loss(Y_hat, batch[-1]), train=False)
        self.plot("acc", self.accuracy(Y_hat, batch[-1]), train=False)


# %% [markdown]
# Plain minibatch gradient descent serves us for a long time, so we make it the default of every
# module. This line patches `d2l.Module` itself: **it changes the class for the rest of the
# session**, and each model in this notebook whose author wrote no `configure_optimizers` now gets
# this one.


# %%
@d2l.add_to_class(d2l.Module)
def configure_optimizers(self):
    return torch.optim.SGD(self.parameters(), lr=self.lr)


# %% [markdown]
# ## 4.3.2 Accuracy
#
# The model gives each class a score, and we predict the class with the highest one. Accuracy is the
# fraction of predictions that are right:
#
# $$
# \mathrm{acc} = \frac{1}{n} \sum_{i=1}^n
# \mathbf{1}\left(\underset{j}{\mathrm{argmax}} \; \hat{y}^{(i)}_j = y^{(i)}\right)
# $$
#
# We cannot train on it. Nudge a weight a little and no prediction changes, so its derivative is
# zero nearly everywhere. The cross-entropy of 4.1 stands in for it, and accuracy is what we watch.


# %%
@d2l.add_to_class(Classifier)
def accuracy(self, Y_hat, Y, averaged=True):
    """The fraction that is right; 0 or 1 per example if not averaged."""
    Y_hat = Y_hat.reshape((-1, Y_hat.shape[-1]))
    predicted = Y_hat.argmax(dim=1)
    right = (predicted == Y.reshape(-1)).to(torch.float32)
    return right.mean() if averaged else right


# %% [markdown]
# Two examples, three classes. For the first the model believes in class 2 but the label is 0. For
# the second it is right. One of two makes 0.5.

# %%
y = torch.tensor([0, 2])
y_hat = torch.tensor([[0.1, 0.3, 0.6], [0.3, 0.2, 0.5]])
classifier = Classifier()
print("each:", classifier.accuracy(y_hat, y, averaged=False))
print("mean:", classifier.accuracy(y_hat, y))

# %% [markdown]
# ### The loss, and a first use
#
# The loss is cross-entropy from logits. Now a model is nothing but a network: here is a softmax
# regression in six lines.


# %%
@d2l.add_to_class(Classifier)
def loss(self, Y_hat, Y, averaged=True):
    reduction = "mean" if averaged else "none"
    return nn.functional.cross_entropy(Y_hat, Y, reduction=reduction)


class TinyClassifier(Classifier):
    def __init__(self, num_outputs, lr):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(784, num_outputs))


# %% [markdown]
# ### Before you train, ask what ignorance scores
#
# A model that knows nothing gives each of ten classes a probability near $1/10$. Its accuracy is
# about 0.1 and its loss about $\log 10 \approx 2.303$. If a fresh model starts far from there, look
# for the mistake before you look for better settings.

# %%
torch.manual_seed(0)
data = d2l.FashionMNIST(batch_size=256)
model = TinyClassifier(num_outputs=10, lr=0.1)
trainer = d2l.Trainer(max_epochs=3)
before = trainer.validate(model, data)
print("before training:", before)

# %% [markdown]
# Three epochs with the board. It now has three curves: two losses, and the accuracy.

# %%
trainer.fit(model, data)
after = trainer.validate(model, data)
print("after training:", after)

# %% [markdown]
# ### Count examples, not batches
#
# There are 10,000 validation pictures in batches of 256: thirty-nine full batches and a last one of
# only 16. The mean of the forty batch means gives each of these sixteen the weight of sixteen
# others. With a small last batch that happens to be easy or hard, the number is off. The trainer
# weighs every **example** the same. Here are both.

# %%
batch_means, batch_sizes = [], []
with torch.no_grad():
    for X, y_val in data.val_dataloader():
        batch_means.append(model.accuracy(model(X), y_val).item())
        batch_sizes.append(len(y_val))
mean_of_means = sum(batch_means) / len(batch_means)
pairs = zip(batch_means, batch_sizes, strict=True)
per_example = sum(mean * size for mean, size in pairs) / sum(batch_sizes)
print(f"last batch, {batch_sizes[-1]} examples: {batch_means[-1]:.6f}")
print(f"mean of batch means: {mean_of_means:.6f}")
print(f"every example alike: {per_example:.6f}")

# %% [markdown]
# A small difference here, but the second number has a meaning you can say in a sentence: it is the
# count of right answers, divided by ten thousand. And it does not change when you change the batch
# size.
#
# ### The library's own
#
# `d2l.Classifier` is this class, ready to inherit from, and the coming lessons do so. It also has
# `layer_summary`, which pushes a made-up batch through a `Sequential` and tells each layer's shape.

# %%
ready = d2l.SoftmaxRegression(num_outputs=10, lr=0.1)
ready.layer_summary((2, 1, 28, 28))

# %% [markdown]
# ## Try it yourself
#
# 1. Validate with batches of 7, 100 and 10,000. Does `trainer.validate` notice? Does the mean of
#    batch means?
# 2. On a data set where 95 of 100 pictures show sneakers, how accurate is a model that always says
#    sneaker? Which number would you look at instead?
# 3. Write `top_k_accuracy(Y_hat, Y, k)`: right if the label is among the $k$ best guesses. What
#    does it give for $k = 10$?

# %% [markdown]
# ## Check

# %%
assert classifier.accuracy(y_hat, y, averaged=False).tolist() == [0.0, 1.0]
assert classifier.accuracy(y_hat, y).item() == 0.5

# Ignorance scores log 10 and one in ten.
assert abs(before["val_loss"] - math.log(10)) < 0.15
assert before["val_acc"] < 0.3

# The reported accuracy is the count of right answers over 10,000, counted here one by one.
num_right = 0
with torch.no_grad():
    for X, y_val in data.val_dataloader():
        scores = model(X).tolist()
        for row, answer in zip(scores, y_val.tolist(), strict=True):
            num_right += row.index(max(row)) == answer
assert batch_sizes == [256] * 39 + [16]
assert abs(after["val_acc"] - num_right / 10000) < 1e-6
assert abs(per_example - num_right / 10000) < 1e-6
assert after["val_acc"] > 0.75

# The last point of the board is the same number.
assert abs(model.board.points["val_acc"][-1].y - num_right / 10000) < 1e-6
assert len(model.board.points["val_acc"]) == 3

# Our class and the library's agree.
theirs = d2l.Classifier()
scores, answers = torch.randn(50, 10), torch.randint(10, (50,))
assert theirs.accuracy(scores, answers) == classifier.accuracy(scores, answers)
their_loss = theirs.loss(scores, answers)
our_loss = classifier.loss(scores, answers)
assert abs((their_loss - our_loss).item()) < 1e-6
print(f"4.3 holds: {num_right} of 10,000 right, counted one by one")
