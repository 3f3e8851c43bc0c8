# %% [markdown]
# # 4.5 Softmax regression in three editions
#
# The book has been published in three generations, and each writes a program in its own way: with
# functions (0.17.6, the Chinese edition), with classes (1.0.3, the English edition), and with
# several seeds and a spread (2026). You will train the same classifier in all three styles, and see
# that the first two are the same computation to the last digit. Code of each generation runs here
# as it stands, also next to code of another.

# %%
# %matplotlib inline
import torch
from torch import nn

from d2l import torch as d2l

batch_size, num_epochs, lr = 256, 5, 0.1

# %% [markdown]
# ## 4.5.1 Functions: 0.17.6
#
# Two loaders, a network, a loss that gives one value for each example, an optimizer, and a function
# that runs the loop. The network has its sizes from the beginning, so its weights can be drawn at
# once.

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
# The accuracy on the test images, and the first few predictions: each picture's title is its true
# label above the predicted one.

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
# Both began with the same seed. The weights were drawn in the same way, the batches are in the same
# order, and the gradient of the mean loss is the same, whoever writes the loop.

# %%
difference = (model.net[1].weight - net[1].weight).abs().max().item()
print(f"largest difference of two weights: {difference:.0e}")
assert difference < 1e-4, "the two loops should learn the same weights"
validated = trainer.validate(model, data)
print(f"test accuracy {validated['val_acc']:.3f}")

# %% [markdown]
# ## 4.5.4 Several seeds: 2026
#
# One run is one draw. Is a difference of half a percent between two models more than chance? Train
# each several times from different seeds, and look at the spread. Here the model is written out to
# the last line: probabilities, and a cross-entropy of the probabilities.


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
# The line is the median of the seeds, the band their spread. From one epoch to the next an accuracy
# may fall by two percent, and after the last epoch the seeds still differ: two models whose
# accuracies are closer than that are equally good until more seeds say otherwise.
#
# ## 4.5.5 Exercises
#
# 1. Replace `updater` by a function `updater(batch_size)` that changes the parameters itself, as
#    0.17.6's section 3.6 does. Does `train_ch3` learn the same?
# 2. Train with `lr=1` from three seeds. How does the band change?
# 3. Which of the three styles would you choose to train a hundred models over night, and which to
#    explain gradient descent to a friend? Why?
