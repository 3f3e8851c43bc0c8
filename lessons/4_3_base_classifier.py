# %% [markdown]
# # 4.3 The base class for classifiers
#
# All classifiers of the course inherit from one small class, which computes the loss and the
# accuracy on the validation data and has a default optimizer. This lesson writes the class and
# shows how to compute the accuracy of a data set correctly from batches.
#
# **After this lesson you can**
#
# - write a validation step that reports a loss and an accuracy
# - compute the accuracy from scores and labels, and explain why it is not used as a loss
# - name the loss and the accuracy of a classifier before training, and use them to find mistakes
# - average a metric over examples, not over batches

# %%
# %matplotlib inline
import torch
from torch import nn

from d2l import torch as d2l

d2l.use_svg_display()

# %% [markdown]
# ## 4.3.1 The class
#
# A classifier is a `d2l.Module` whose validation step reports the accuracy in addition to the loss.
# A batch contains the inputs first and the labels last, so `batch[:-1]` are the inputs.


# %%
class Classifier(d2l.Module):
    """What all classifiers share."""

    def validation_step(self, batch):
        Y_hat = self(*batch[:-1])
        self.plot("loss", self.loss(Y_hat, batch[-1]), train=False)
        self.plot("acc", self.accuracy(Y_hat, batch[-1]), train=False)


# %% [markdown]
# Minibatch stochastic gradient descent is the default optimizer of each module. This cell changes
# `d2l.Module` itself **for the rest of the session**: each model in this notebook without a
# `configure_optimizers` of its own uses this one.


# %%
@d2l.add_to_class(d2l.Module)
def configure_optimizers(self):
    return torch.optim.SGD(self.parameters(), lr=self.lr)


# %% [markdown]
# ## 4.3.2 Accuracy
#
# The model computes a score for each class, and the predicted class is the one with the highest
# score. The *accuracy* is the fraction of predictions that are right:
#
# $$
# \mathrm{acc} = \frac{1}{n} \sum_{i=1}^n
# \mathbf{1}\left(\underset{j}{\mathrm{argmax}} \; \hat{y}^{(i)}_j = y^{(i)}\right)
# $$
#
# The accuracy cannot be used as a loss: a small change of a weight changes no prediction, so its
# derivative is zero almost everywhere. The cross-entropy (4.1) is minimized instead, and the
# accuracy is reported.


# %%
@d2l.add_to_class(Classifier)
def accuracy(self, Y_hat, Y, averaged=True):
    """The fraction that is right; 0 or 1 per example if not averaged."""
    Y_hat = Y_hat.reshape((-1, Y_hat.shape[-1]))
    predicted = Y_hat.argmax(dim=1)
    right = (predicted == Y.reshape(-1)).to(torch.float32)
    return right.mean() if averaged else right


# %% [markdown]
# Two examples with three classes: for the first the prediction is class 2 and the label is 0, for
# the second both are 2. So the accuracy is 0.5.

# %%
y = torch.tensor([0, 2])
y_hat = torch.tensor([[0.1, 0.3, 0.6], [0.3, 0.2, 0.5]])
classifier = Classifier()
print("each:", classifier.accuracy(y_hat, y, averaged=False))
print("mean:", classifier.accuracy(y_hat, y))

# %% [markdown]
# ### The loss
#
# The loss is the cross-entropy of the logits. With this class a model only needs a network; the
# second class below is a softmax regression.


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
# ### Loss and accuracy before training
#
# An untrained model predicts a probability near $1/10$ for each of ten classes. Its accuracy is
# about 0.1 and its loss about $\log 10 \approx 2.303$. If a new model has a very different loss,
# look for a mistake before changing hyperparameters.

# %%
torch.manual_seed(0)
data = d2l.FashionMNIST(batch_size=256)
model = TinyClassifier(num_outputs=10, lr=0.1)
trainer = d2l.Trainer(max_epochs=3)
before = trainer.validate(model, data)
print("before training:", before)

# %% [markdown]
# We train for three epochs. The board has three curves: the training loss, the validation loss, and
# the validation accuracy.

# %%
trainer.fit(model, data)
after = trainer.validate(model, data)
print("after training:", after)

# %% [markdown]
# ### Average over examples, not over batches
#
# The 10,000 validation images are divided into 39 batches of 256 and a last batch of 16. In the
# mean of the forty batch means, each example of the last batch has 16 times the weight of another
# example, so the result depends on which examples are in it. The trainer gives each **example** the
# same weight. The following cell computes both.

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
# The difference is small here, but the second number has a clear meaning: it is the number of right
# predictions divided by 10,000. It does not depend on the batch size.
#
# ### The library's class
#
# `d2l.Classifier` is this class, and the following lessons inherit from it. It also has
# `layer_summary`, which passes a batch of the given shape through a `Sequential` and prints the
# shape of each layer's output.

# %%
ready = d2l.SoftmaxRegression(num_outputs=10, lr=0.1)
ready.layer_summary((2, 1, 28, 28))

# %% [markdown]
# ## Check yourself
#
# **Question 1.** Why is the accuracy not used as the loss for gradient descent?
#
# <details><summary>Answer</summary>
#
# It is a piecewise constant function of the weights: its gradient is zero almost everywhere, and it
# does not exist where a prediction changes.
#
# </details>
#
# **Question 2.** A classifier with 100 balanced classes has just been initialized. Which loss and
# which accuracy do you expect?
#
# <details><summary>Answer</summary>
#
# About $\log 100 \approx 4.6$ and 0.01.
#
# </details>
#
# **Question 3.** Two batches of 90 and 10 examples have the accuracies 0.9 and 0.5. What is the
# accuracy over all examples, and what is the mean of the batch means?
#
# <details><summary>Answer</summary>
#
# $(81 + 5) / 100 = 0.86$. The mean of the batch means is 0.7.
#
# </details>

# %% [markdown]
# ## Exercises
#
# **Exercise 1.** Validate the model with batches of 7, 100 and 10,000 examples. Does the result of
# `trainer.validate` change? Does the mean of the batch means?
#
# <details><summary>Hint</summary>
#
# `d2l.FashionMNIST(batch_size=…)`. For which of these sizes are all batches equally large?
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 1
for batch_size in (7, 100, 10_000):
    other = d2l.FashionMNIST(batch_size=batch_size)
    with torch.no_grad():
        means = [model.accuracy(model(X), labels).item() for X, labels in other.val_dataloader()]
    validated = d2l.Trainer(max_epochs=1).validate(model, other)["val_acc"]
    print(f"{batch_size:6d}: validate {validated:.6f}, mean of means {sum(means) / len(means):.6f}")
    assert abs(validated - after["val_acc"]) < 1e-5
# The first does not change. The second differs for 7, where the last batch has 4 examples.

# %% [markdown]
# **Exercise 2.** In a data set 95 of 100 images show sneakers. What is the accuracy of a model that
# always predicts sneaker? Which number describes it better?
#
# <details><summary>Hint</summary>
#
# Compute the accuracy for each class by itself.
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 2
two_classes = torch.tensor([0] * 95 + [1] * 5)  # 0: sneaker
always_sneaker = torch.tensor([[1.0, 0.0]]).repeat(100, 1)
total = classifier.accuracy(always_sneaker, two_classes).item()
by_class = [
    classifier.accuracy(always_sneaker[two_classes == c], two_classes[two_classes == c]).item()
    for c in (0, 1)
]
print(f"accuracy {total:.2f}, by class {by_class}, mean over classes {sum(by_class) / 2:.2f}")
# The mean of the accuracies of the classes (balanced accuracy) is that of a random guess.
assert abs(total - 0.95) < 1e-6
assert by_class == [1, 0]

# %% [markdown]
# **Exercise 3.** Write `top_k_accuracy(Y_hat, Y, k)`: a prediction is right if the label is among
# the $k$ highest scores. What does it give for $k = 10$ with ten classes?
#
# <details><summary>Hint</summary>
#
# `Y_hat.topk(k).indices` has the shape (examples, k).
#
# </details>


# %% tags=["hide-cell"]
# Solution of exercise 3
def top_k_accuracy(Y_hat, Y, k):
    return (Y_hat.topk(k).indices == Y[:, None]).any(dim=1).float().mean().item()


images, labels = next(iter(data.val_dataloader()))
with torch.no_grad():
    image_scores = model(images)
top = [top_k_accuracy(image_scores, labels, k) for k in range(1, 11)]
d2l.plot(list(range(1, 11)), top, "k", "top-k accuracy", figsize=(4, 2.5))
assert abs(top[0] - model.accuracy(image_scores, labels).item()) < 1e-6
assert top == sorted(top)
assert top[9] == 1
