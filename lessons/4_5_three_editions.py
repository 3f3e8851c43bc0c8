# %% [markdown]
# # 4.5 Softmax regression in three editions
#
# The editions of the book write a program in three styles: with functions (0.17.6), with classes
# (1.0.3), and with several seeds (2026). This lesson trains the same classifier in each style and
# compares the results. Code of all three styles runs with this library, also in one program.
#
# **After this lesson you can**
#
# - translate a training program from functions to classes
# - check that two programs perform the same computation
# - train with several seeds and read the median and the spread of a metric
# - decide whether a difference between two models is larger than the spread of their seeds

# %%
# %matplotlib inline
import torch
from torch import nn

from d2l import torch as d2l

batch_size, num_epochs, lr = 256, 5, 0.1

# %% [markdown]
# ## 4.5.1 Functions: 0.17.6
#
# The program consists of two data loaders, a network, a loss with one value for each example, an
# optimizer, and a function that runs the training loop. The sizes of the layers are given, so the
# weights can be initialized before the first batch.

# %%
train_iter, test_iter = d2l.load_data_fashion_mnist(batch_size)


def init_weights(layer):
    if type(layer) is nn.Linear:
        nn.init.normal_(layer.weight, std=0.01)
        nn.init.zeros_(layer.bias)


torch.manual_seed(0)
net = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
net.apply(init_weights)
loss = nn.CrossEntropyLoss(reduction="none")
updater = torch.optim.SGD(net.parameters(), lr=lr)
d2l.train_ch3(net, train_iter, test_iter, loss, num_epochs, updater)

# %% [markdown]
# The following cell shows the accuracy on the test images and the first predictions. The title of
# each image is its true label above the predicted one.

# %%
print(f"test accuracy {d2l.evaluate_accuracy(net, test_iter):.3f}")
d2l.predict_ch3(net, test_iter)

# %% [markdown]
# ## 4.5.2 Classes: 1.0.3
#
# A data module, a model that knows its loss and its optimizer, and a trainer. What is the same for
# every classifier, the loss and the accuracy, is inherited.


# %%
class SoftmaxRegression(d2l.Classifier):
    def __init__(self, num_inputs, num_outputs, lr):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(num_inputs, num_outputs))
        self.net.apply(init_weights)

    def forward(self, X):
        return self.net(X)


torch.manual_seed(0)
model = SoftmaxRegression(784, 10, lr=lr)
data = d2l.FashionMNIST(batch_size)
trainer = d2l.Trainer(max_epochs=num_epochs)
trainer.fit(model, data)

# %% [markdown]
# ## 4.5.3 It is the same computation
#
# Both programs used the same seed, so the initial weights and the order of the batches are equal,
# and the gradient of the mean loss is the same. The largest difference of two trained weights is at
# the level of rounding.

# %%
difference = (model.net[1].weight - net[1].weight).abs().max().item()
print(f"largest difference of two weights: {difference:.0e}")

validated = trainer.validate(model, data)
print(f"test accuracy {validated['val_acc']:.3f}")

# %% [markdown]
# ## 4.5.4 Several seeds: 2026
#
# The result of a training run depends on the seed. To decide whether a difference of half a percent
# between two models is more than chance, train each with several seeds and compare the difference
# with the spread. Here the model is implemented with tensors: it computes probabilities, and the
# loss is the cross-entropy of the probabilities.


# %%
def train(seed):
    """The accuracy on the test images after each epoch."""
    W = (0.01 * torch.randn(784, 10)).requires_grad_()
    b = torch.zeros(10, requires_grad=True)

    def predict(X):
        return torch.softmax(X.reshape(-1, 784) @ W + b, dim=1)

    accuracies = []
    for _ in range(num_epochs):
        for X, y in train_iter:
            d2l.cross_entropy(predict(X), y).backward()
            with torch.no_grad():
                for parameter in (W, b):
                    parameter -= lr * parameter.grad
                    parameter.grad = None
        accuracies.append(d2l.evaluate_accuracy(predict, test_iter))
    return accuracies


accuracies = d2l.run_seeds(train, num_seeds=3)
print(accuracies.round(3))
d2l.plot_curves({"test acc": accuracies}, "epoch", "accuracy")

# %% [markdown]
# The line is the median over the seeds, the band their spread. From one epoch to the next an
# accuracy may fall by two percent, and after the last epoch the seeds still differ. If the
# accuracies of two models differ by less than this spread, the runs do not show which model is
# better.

# %% [markdown]
# ## Check yourself
#
# **Question 1.** The loss of 0.17.6 has `reduction="none"`, that of 1.0.3 is a mean. Why do both
# programs compute the same steps?
#
# <details><summary>Answer</summary>
#
# `train_ch3` takes the mean of the losses of a batch before `backward` if the optimizer is one of
# PyTorch. So the gradient is that of the mean in both cases.
#
# </details>
#
# **Question 2.** One model has an accuracy of 0.841 and another of 0.845, each with one seed. The
# accuracies of one model with different seeds differ by up to 0.01. Which model is better?
#
# <details><summary>Answer</summary>
#
# The runs do not show it: the difference is smaller than the spread of the seeds. Train both models
# with several seeds.
#
# </details>
#
# **Question 3.** Which of the three parts, model, data and training loop, is in which class of
# 1.0.3?
#
# <details><summary>Answer</summary>
#
# The model, its loss and its optimizer are in the `Classifier` (a `Module`), the data and the
# loaders in the `DataModule`, and the training loop in the `Trainer`.
#
# </details>

# %% [markdown]
# ## Exercises
#
# **Exercise 1.** Replace `updater` by a function `updater(batch_size)` that changes the parameters
# itself, as in section 3.6 of 0.17.6. Train for one epoch: does `train_ch3` learn the same weights?
#
# <details><summary>Hint</summary>
#
# `d2l.sgd(params, lr, batch_size)` performs one step of gradient descent. With a function as
# updater, `train_ch3` uses the gradient of the *sum* of the losses, and `d2l.sgd` divides it by the
# batch size.
#
# </details>


# %% tags=["hide-cell"]
# Solution of exercise 1
def trained_for_an_epoch(make_updater):
    torch.manual_seed(0)
    fresh = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    fresh.apply(init_weights)
    d2l.train_epoch_ch3(fresh, train_iter, loss, make_updater(fresh))
    return fresh[1].weight


def by_hand(network):
    return lambda batch_size: d2l.sgd(list(network.parameters()), lr, batch_size)


by_pytorch = trained_for_an_epoch(lambda network: torch.optim.SGD(network.parameters(), lr=lr))
by_function = trained_for_an_epoch(by_hand)
print("largest difference:", (by_pytorch - by_function).abs().max().item())
assert torch.allclose(by_pytorch, by_function, atol=1e-4)

# %% [markdown]
# **Exercise 2.** Train with the learning rate 1 and three seeds for one epoch. How does the spread
# of the accuracy change compared with the learning rate 0.1?
#
# <details><summary>Hint</summary>
#
# Write `train` with the arguments `seed` and `learning_rate`, and use a network of PyTorch to be
# fast. The data of `d2l.run_seeds` have one row for each seed.
#
# </details>


# %% tags=["hide-cell"]
# Solution of exercise 2
def train_at(learning_rate):
    def run(seed):
        network = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
        network.apply(init_weights)
        optimizer = torch.optim.SGD(network.parameters(), lr=learning_rate)
        d2l.train_epoch_ch3(network, train_iter, loss, optimizer)
        return d2l.evaluate_accuracy(network, test_iter)

    return d2l.run_seeds(run, num_seeds=3)


for learning_rate in (0.1, 1.0):
    last = train_at(learning_rate)
    print(f"lr {learning_rate}: {last.round(3)}, spread {last.max() - last.min():.3f}")
# With larger steps the weights vary more from batch to batch, and so does the accuracy. Three seeds
# give only a rough estimate of the spread.
assert last.shape == (3,)

# %% [markdown]
# **Exercise 3.** Which of the three styles is suitable to train a hundred models overnight, and
# which to explain gradient descent? Give reasons.
#
# <details><summary>Hint</summary>
#
# Which parts of the program have to be repeated for each model, and which parts are hidden?
#
# </details>
#
# <details><summary>Solution</summary>
#
# Classes are suitable for a hundred models: the training loop, checkpoints and metrics are written
# once, and each model is a small subclass. A loop over tensors, as in 4.5.4, is suitable to explain
# gradient descent, because it shows each step: forward pass, loss, backward pass, update. Several
# seeds are necessary to compare the models in either style.
#
# </details>
