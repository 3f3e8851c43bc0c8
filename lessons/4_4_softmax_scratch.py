# %% [markdown]
# # 4.4 Softmax regression from scratch
#
# This lesson implements a classifier of images with tensors only: softmax, a linear model, and the
# cross-entropy loss. After ten epochs its accuracy on Fashion-MNIST is more than 0.8.
#
# **After this lesson you can**
#
# - implement softmax and the cross-entropy loss for a batch without a loop
# - implement and train softmax regression on images
# - find the classes that a classifier confuses in a confusion matrix
# - interpret the weights of a linear classifier as templates of the classes

# %%
# %matplotlib inline
import torch

from d2l import torch as d2l

d2l.use_svg_display()

# %% [markdown]
# ## 4.4.1 The softmax
#
# The sum over axis 0 gives one number for each column, the sum over axis 1 one for each row (2.3).
# With `keepdims=True` the axis of the sum stays with length 1, so that the result can be broadcast
# against the matrix.

# %%
X = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
print(X.sum(0, keepdims=True))
print(X.sum(1, keepdims=True))

# %% [markdown]
# Softmax has three steps: compute the exponential of each entry, compute the sum of each row, and
# divide each row by its sum.
#
# $$\mathrm{softmax}(\mathbf{X})_{ij} = \frac{\exp(\mathbf{X}_{ij})}{\sum_k \exp(\mathbf{X}_{ik})}$$


# %%
def softmax(X):
    X_exp = torch.exp(X)
    row_sums = X_exp.sum(1, keepdims=True)
    return X_exp / row_sums  # (n, q) / (n, 1): broadcast along the row


# %% [markdown]
# The entries of each row of the result are positive and add up to one. (This version overflows for
# logits above 88; 4.1 shows a stable one. The logits of this lesson are small.)

# %%
torch.manual_seed(0)
scores = torch.rand((2, 5))
probabilities = softmax(scores)
print(probabilities)
print("row sums:", probabilities.sum(1))

# %% [markdown]
# ## 4.4.2 The model
#
# An image of 28 by 28 pixels is flattened to a vector of 784 numbers. There are ten outputs, one
# for each class, so the weights are a 784 by 10 matrix and the bias has ten entries. The weights
# are initialized with small random numbers.
#
# They are tensors here, not layers, so PyTorch does not register them as parameters. We override
# `parameters()` to return them.


# %%
class SoftmaxRegressionScratch(d2l.Classifier):
    """Softmax regression with two tensors as parameters."""

    def __init__(self, num_inputs, num_outputs, lr, sigma=0.01):
        super().__init__()
        self.save_hyperparameters()
        shape = (num_inputs, num_outputs)
        self.W = torch.normal(0, sigma, size=shape, requires_grad=True)
        self.b = torch.zeros(num_outputs, requires_grad=True)

    def parameters(self):
        return [self.W, self.b]


# %% [markdown]
# The forward pass flattens the images, computes the linear function, and applies softmax. A
# flattened image has no information about which pixels are neighbours. Convolutional networks
# (chapter 7) use it.


# %%
@d2l.add_to_class(SoftmaxRegressionScratch)
def forward(self, X):
    X = X.reshape((-1, self.W.shape[0]))
    return softmax(torch.matmul(X, self.W) + self.b)


# %% [markdown]
# ## 4.4.3 The cross-entropy loss
#
# The loss needs the probability that the model assigns to the true class of each example. Indexing
# the rows by 0, 1, 2, … and the columns by the labels selects these entries without a loop.

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
# default, `torch.optim.SGD` on our `parameters()`. On the board the losses fall fast at first, then
# slowly, and the accuracy increases.

# %%
data = d2l.FashionMNIST(batch_size=256)
model = SoftmaxRegressionScratch(num_inputs=784, num_outputs=10, lr=0.1)
trainer = d2l.Trainer(max_epochs=10)
trainer.fit(model, data)

# %%
result = trainer.validate(model, data)
print(f"validation accuracy {result['val_acc']:.4f}")

# %% [markdown]
# The training loss and the validation loss are nearly equal: with 7850 parameters the model cannot
# memorize 60,000 images. It does not overfit but *underfits*: it is too simple for the data.
# Chapter 5 adds a hidden layer.

# %% [markdown]
# ## 4.4.5 Prediction
#
# The predicted class is the one with the highest probability.

# %%
X, y_true = next(iter(data.val_dataloader()))
predicted = model(X).argmax(axis=1)
print(predicted.shape)

# %% [markdown]
# The wrong predictions show the limits of the model. The title of each image is the true label,
# with the predicted label below it.

# %%
wrong = predicted != y_true
truths = data.text_labels(y_true[wrong])
guesses = data.text_labels(predicted[wrong])
pairs = zip(truths, guesses, strict=True)
titles = [f"{truth}\n{guess}" for truth, guess in pairs]
data.visualize([X[wrong], y_true[wrong]], labels=titles)

# %% [markdown]
# Shirts, coats and pullovers have similar shapes. The *confusion matrix* counts the predictions for
# each true class; the following cell prints its largest entries off the diagonal, over all 10,000
# images.

# %%
# Row: true class. Column: predicted class.
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
# Each class has 784 weights, one for each pixel, so they can be shown as an image. A bright pixel
# increases the score of the class, a dark one decreases it. The score is the dot product of the
# image with this *template*.

# %%
templates = model.W.detach().T.reshape(10, 28, 28)
axes = d2l.show_images(templates, 2, 5, titles=names)

# %% [markdown]
# ## Check yourself
#
# **Question 1.** `y_hat` has the shape `(256, 10)` and `y` the shape `(256,)`. What is the shape of
# `y_hat[range(256), y]`, and which numbers does it contain?
#
# <details><summary>Answer</summary>
#
# `(256,)`: for each example the probability that the model assigns to its true class.
#
# </details>
#
# **Question 2.** How many parameters has softmax regression for colour images of 32 by 32 pixels
# with 100 classes?
#
# <details><summary>Answer</summary>
#
# $3 \cdot 32 \cdot 32 = 3072$ inputs, so $3072 \cdot 100$ weights and 100 biases: 307,300
# parameters.
#
# </details>
#
# **Question 3.** Training and validation loss are both high and nearly equal. Does the model
# overfit or underfit, and what would help?
#
# <details><summary>Answer</summary>
#
# It underfits. A more flexible model, for example with a hidden layer, can reduce the training
# loss. More data or regularization would not help.
#
# </details>

# %% [markdown]
# ## Exercises
#
# **Exercise 1.** Initialize $\mathbf{W}$ with 0 in place of random numbers. Does the training still
# work? Why does this fail for a network with hidden layers?
#
# <details><summary>Hint</summary>
#
# Are the gradients of two columns of $\mathbf{W}$ equal?
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 1
zero_model = SoftmaxRegressionScratch(num_inputs=784, num_outputs=10, lr=0.1, sigma=0)
zero_model.board.display = False
d2l.Trainer(max_epochs=1).fit(zero_model, data)
accuracy_from_zero = d2l.Trainer(max_epochs=1).validate(zero_model, data)["val_acc"]
print(f"validation accuracy after one epoch: {accuracy_from_zero:.3f}")
# It works: the outputs have different labels, so their columns receive different gradients. Hidden
# units with equal weights receive equal gradients and stay equal.
assert accuracy_from_zero > 0.7

# %% [markdown]
# **Exercise 2.** Train for one epoch with the learning rates 0.1, 0.5 and 5. How do the losses and
# the accuracies change?
#
# <details><summary>Hint</summary>
#
# A step that is too large increases the loss. With a probability of 0 for the true class, the loss
# of this implementation is infinite.
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 2
outcomes = {}
for lr in (0.1, 0.5, 5.0):
    torch.manual_seed(0)
    quick = SoftmaxRegressionScratch(num_inputs=784, num_outputs=10, lr=lr)
    optimizer = torch.optim.SGD(quick.parameters(), lr=lr)
    for images, labels in data.train_dataloader():
        optimizer.zero_grad()
        quick.loss(quick(images), labels).backward()
        optimizer.step()
    images, labels = next(iter(data.val_dataloader()))
    with torch.no_grad():
        outputs = quick(images)
    outcomes[lr] = [metric(outputs, labels).item() for metric in (quick.loss, quick.accuracy)]
    print(f"lr {lr}: validation loss {outcomes[lr][0]:.3f}, accuracy {outcomes[lr][1]:.3f}")
# With 0.5 the loss is already larger than with 0.1. With 5 the training diverges.
assert outcomes[0.1][0] < 1
assert not outcomes[5.0][0] < 1

# %% [markdown]
# **Exercise 3.** A medical test returns the probability of a disease. Is the most likely class
# always the right decision? What should be returned?
#
# <details><summary>Hint</summary>
#
# Compare the cost of a missed disease with the cost of a further examination.
#
# </details>
#
# <details><summary>Solution</summary>
#
# No. If a missed disease is 50 times as costly as an unnecessary further examination, the
# examination has the lower expected cost as soon as $50 p > 1 - p$, that is, for
# $p > \frac{1}{51}$. The decision depends on the costs, so the model should return the probability,
# and the threshold should be chosen for the application.
#
# </details>
