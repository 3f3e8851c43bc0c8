# %% [markdown]
# # 4.4 Softmax regression from scratch
#
# You will build a classifier of pictures out of bare tensors: softmax, a linear model,
# cross-entropy, and nothing else. After ten epochs it names more than four in five pieces of
# clothing rightly, and you will look at those it gets wrong. It is the smallest complete case of
# what "training a network" means.

# %%
# %matplotlib inline
import math

import torch

from d2l import torch as d2l

d2l.use_svg_display()

# %% [markdown]
# ## 4.4.1 The softmax
#
# First a reminder of sums along one axis. Summing over axis 0 runs down the columns, over axis 1
# along the rows. With `keepdims=True` the summed axis stays, with length 1, so that the result can
# be broadcast against the matrix it came from.

# %%
X = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
print(X.sum(0, keepdims=True))
print(X.sum(1, keepdims=True))

# %% [markdown]
# Softmax in three steps: exponentiate each entry, add up each row, divide each row by its sum.
#
# $$\mathrm{softmax}(\mathbf{X})_{ij} = \frac{\exp(\mathbf{X}_{ij})}{\sum_k \exp(\mathbf{X}_{ik})}$$


# %%
def softmax(X):
    X_exp = torch.exp(X)
    row_sums = X_exp.sum(1, keepdims=True)
    return X_exp / row_sums  # (n, q) / (n, 1): broadcast along the row


# %% [markdown]
# Whatever goes in, each row that comes out is positive and adds up to one. (For logits beyond 88
# this version overflows; lesson 4.1 shows the cure. Our logits stay small.)

# %%
torch.manual_seed(0)
scores = torch.rand((2, 5))
probabilities = softmax(scores)
print(probabilities)
print("row sums:", probabilities.sum(1))

# %% [markdown]
# ## 4.4.2 The model
#
# A picture of 28 by 28 pixels is flattened to a vector of 784 numbers. Ten classes make ten
# outputs, so the weights are a 784 by 10 matrix and the bias has ten entries. The weights start as
# small random numbers.
#
# They are plain tensors here, not layers. PyTorch cannot find them by itself, so we override
# `parameters()` and name them.


# %%
class SoftmaxRegressionScratch(d2l.Classifier):
    """Softmax regression on two bare tensors."""

    def __init__(self, num_inputs, num_outputs, lr, sigma=0.01):
        super().__init__()
        self.save_hyperparameters()
        shape = (num_inputs, num_outputs)
        self.W = torch.normal(0, sigma, size=shape, requires_grad=True)
        self.b = torch.zeros(num_outputs, requires_grad=True)

    def parameters(self):
        return [self.W, self.b]


# %% [markdown]
# Forward: flatten, multiply, add, softmax. Flattening forgets which pixels are neighbours, and the
# model never notices. Convolutional networks will put that right.


# %%
@d2l.add_to_class(SoftmaxRegressionScratch)
def forward(self, X):
    X = X.reshape((-1, self.W.shape[0]))
    return softmax(torch.matmul(X, self.W) + self.b)


# %% [markdown]
# ## 4.4.3 The cross-entropy loss
#
# For each example we need the probability that the model gave to the true class. No loop is needed:
# index the rows by 0, 1, 2, … and the columns by the labels, and out come just these entries.

# %%
y = torch.tensor([0, 2])
y_hat = torch.tensor([[0.1, 0.3, 0.6], [0.3, 0.2, 0.5]])
picked = y_hat[[0, 1], y]
print("given to the true classes:", picked)


# %% [markdown]
# Cross-entropy is the mean of their negative logarithms. Here it is
# $-\frac{1}{2}(\log 0.1 + \log 0.5) = \frac{1}{2} \log 20$.


# %%
def cross_entropy(y_hat, y):
    return -torch.log(y_hat[range(len(y_hat)), y]).mean()


print(cross_entropy(y_hat, y))


# %%
@d2l.add_to_class(SoftmaxRegressionScratch)
def loss(self, y_hat, y):
    return cross_entropy(y_hat, y)


# %% [markdown]
# ## 4.4.4 Training
#
# Ten epochs in batches of 256 with a learning rate of 0.1. The optimizer is the classifier's
# default, `torch.optim.SGD` on our `parameters()`. Watch the board: the losses fall steeply, then
# slowly, and the accuracy climbs.

# %%
data = d2l.FashionMNIST(batch_size=256)
model = SoftmaxRegressionScratch(num_inputs=784, num_outputs=10, lr=0.1)
trainer = d2l.Trainer(max_epochs=10)
trainer.fit(model, data)

# %%
result = trainer.validate(model, data)
print(f"validation accuracy {result['val_acc']:.4f}")

# %% [markdown]
# Training and validation loss lie close together: 7850 numbers are too few to learn sixty thousand
# pictures by heart. This model does not overfit, it is simply too simple. In chapter 5 we give it
# more.

# %% [markdown]
# ## 4.4.5 Prediction
#
# Now we use it. The prediction is the class with the highest probability.

# %%
X, y_true = next(iter(data.val_dataloader()))
predicted = model(X).argmax(axis=1)
print(predicted.shape)

# %% [markdown]
# The mistakes teach more than the hits. Above each picture stands what it is, and below that what
# the model took it for.

# %%
wrong = predicted != y_true
truths = data.text_labels(y_true[wrong])
guesses = data.text_labels(predicted[wrong])
pairs = zip(truths, guesses, strict=True)
titles = [f"{truth}\n{guess}" for truth, guess in pairs]
data.visualize([X[wrong], y_true[wrong]], labels=titles)

# %% [markdown]
# Shirts and coats and pullovers: small grey pictures of things with two sleeves. Over all ten
# thousand pictures, these are the mix-ups the model makes most often.

# %%
# Row: what it is. Column: what was said.
confusions = torch.zeros(10, 10, dtype=torch.int64)
with torch.no_grad():
    for X_batch, y_batch in data.val_dataloader():
        cells = y_batch * 10 + model(X_batch).argmax(dim=1)
        confusions += torch.bincount(cells, minlength=100).reshape(10, 10)

names = data.text_labels(range(10))
off_diagonal = confusions - torch.diag(confusions.diag())
for index in off_diagonal.flatten().argsort(descending=True)[:5].tolist():
    truth, guess = divmod(index, 10)
    times = off_diagonal[truth, guess]
    print(f"{times:4d} times a {names[truth]} was called a {names[guess]}")

# %% [markdown]
# ### What has it learned?
#
# Each class has 784 weights, one per pixel, so we can look at them as a picture. Bright pixels
# speak for the class, dark ones against it. The model compares every picture with these ten
# templates, and that is all it can do.

# %%
templates = model.W.detach().T.reshape(10, 28, 28)
axes = d2l.show_images(templates, 2, 5, titles=names)

# %% [markdown]
# ## Try it yourself
#
# 1. Start with $\mathbf{W} = 0$ instead of random numbers. Does training still work? Why does that
#    fail for a network with hidden layers?
# 2. Double the learning rate, then multiply it by ten. Which curve on the board complains first?
# 3. For a medical test, is the most likely class always the right answer? What would you return
#    instead?

# %% [markdown]
# ## Check

# %%
# Sums along the axes, and rows of softmax that add up to one, against PyTorch's own softmax.
small = torch.arange(1.0, 7.0).reshape(2, 3)
assert small.sum(0, keepdims=True).tolist() == [[1 + 4, 2 + 5, 3 + 6]]
assert small.sum(1, keepdims=True).tolist() == [[1 + 2 + 3], [4 + 5 + 6]]
assert torch.allclose(probabilities, torch.softmax(scores, dim=1))
assert torch.allclose(probabilities.sum(1), torch.ones(2))

# The picked probabilities, and the loss on paper: half of log 20 = 1.4979.
assert torch.equal(picked, torch.tensor([0.1, 0.5]))
assert abs(cross_entropy(y_hat, y).item() - math.log(20) / 2) < 1e-6
assert round(cross_entropy(y_hat, y).item(), 4) == 1.4979
assert predicted.shape == (256,)

# The promise, with the accuracy counted a second way: the diagonal of the table of confusions.
assert result["val_acc"] >= 0.82
assert confusions.sum() == 10000
assert abs(confusions.trace().item() / 10000 - result["val_acc"]) < 1e-6
num_right = confusions.trace().item()
print(f"4.4 holds: {num_right} of 10,000 pictures right (promised: 8,200)")
