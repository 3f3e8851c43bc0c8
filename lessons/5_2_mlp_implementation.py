# %% [markdown]
# # 5.2 Implementing multilayer perceptrons
#
# You give softmax regression a hidden layer, first from scratch and then with PyTorch's layers.
# Both versions reach more than 85 percent on Fashion-MNIST after ten epochs.
#
# **After this lesson you can**
#
# - implement an MLP with one hidden layer from its parameters to its forward propagation;
# - build the same MLP from layers of PyTorch, and show that the two are the same function;
# - explain why the weights have to start at random values (symmetry breaking);
# - say how the size of a minibatch changes the number of steps in an epoch and the noise of each
#   gradient.

# %%
# %matplotlib inline
import torch
from torch import nn

from d2l import torch as d2l

d2l.use_svg_display()

# %% [markdown]
# ## 5.2.1 From scratch
#
# ### The parameters
#
# Images with 784 pixels, one hidden layer of 256 units, ten classes. That makes two weight matrices
# and two bias vectors. The width of a hidden layer is often a power of two, which suits the way
# hardware allocates and addresses memory.
#
# This time the parameters are `nn.Parameter`s: PyTorch finds them when they are stored on the
# model, and `parameters()` needs no overriding. The weights start at small **random** values. If
# all weights were equal, all hidden units would compute the same output and receive the same
# gradient, and they would stay equal after every step. Random values break this symmetry.


# %%
class MLPScratch(d2l.Classifier):
    """One hidden layer, with parameters of its own."""

    def __init__(self, num_inputs, num_outputs, num_hiddens, lr, sigma=0.01):
        super().__init__()
        self.save_hyperparameters()
        self.W1 = nn.Parameter(torch.randn(num_inputs, num_hiddens) * sigma)
        self.b1 = nn.Parameter(torch.zeros(num_hiddens))
        self.W2 = nn.Parameter(torch.randn(num_hiddens, num_outputs) * sigma)
        self.b2 = nn.Parameter(torch.zeros(num_outputs))


# %% [markdown]
# ### The model
#
# The activation function is ReLU, the larger of each entry and zero. We implement it ourselves.


# %%
def relu(X):
    return torch.max(X, torch.zeros_like(X))


print(relu(torch.tensor([-2.0, -0.5, 0.0, 0.5, 2.0])))

# %% [markdown]
# Forward propagation: flatten the images, apply the first linear layer, then ReLU, then the second
# linear layer.
#
# $$
# \mathbf{O} = \mathrm{ReLU}(\mathbf{X} \mathbf{W}^{(1)} + \mathbf{b}^{(1)}) \, \mathbf{W}^{(2)} +
# \mathbf{b}^{(2)}
# $$
#
# The results are logits. `forward` does not apply the softmax, since the classifier's loss contains
# it, in the numerically stable form of lesson 4.1.


# %%
@d2l.add_to_class(MLPScratch)
def forward(self, X):
    X = X.reshape((-1, self.num_inputs))
    H = relu(torch.matmul(X, self.W1) + self.b1)
    return torch.matmul(H, self.W2) + self.b2


# %% [markdown]
# ### Training
#
# Training is the same as for softmax regression in 4.4: the same data, the same learning rate, the
# same trainer, ten epochs. Only the model is different.

# %%
torch.manual_seed(0)
data = d2l.FashionMNIST(batch_size=256)
model = MLPScratch(num_inputs=784, num_outputs=10, num_hiddens=256, lr=0.1)
trainer = d2l.Trainer(max_epochs=10)
trainer.fit(model, data)
large_batches = trainer.validate(model, data)
print(f"batches of 256: validation accuracy {large_batches['val_acc']:.4f}")

# %% [markdown]
# This is better than softmax regression, but the training loss is still falling: each epoch has
# only 235 steps, and ten epochs are not enough. With other seeds the accuracy ends between 0.82 and
# 0.85.
#
# ### Smaller batches, more steps
#
# With minibatches of 64 an epoch has 938 steps. Each gradient is noisier, since it is the mean of
# fewer examples, but there are four times as many steps for the same number of images.

# %%
torch.manual_seed(0)
data.batch_size = 64
scratch = MLPScratch(num_inputs=784, num_outputs=10, num_hiddens=256, lr=0.1)
trainer.fit(scratch, data)
scratch_result = trainer.validate(scratch, data)
print(f"batches of 64: validation accuracy {scratch_result['val_acc']:.4f}")

# %% [markdown]
# The progress boards keep their points, so we can plot the two runs together. At each place on the
# horizontal axis both have seen the same number of images. The loss with smaller batches falls
# faster, because more steps were taken.

# %%
curves = [trained.board.points["train_loss"] for trained in (model, scratch)]
d2l.plot(
    [[point.x for point in curve] for curve in curves],
    [[point.y for point in curve] for curve in curves],
    "epoch",
    "training loss",
    legend=["batches of 256", "batches of 64"],
    figsize=(5, 2.5),
)

# %% [markdown]
# ## 5.2.2 Concise implementation
#
# ### The model
#
# Now we use layers. `nn.LazyLinear(256)` is given only its number of outputs; it infers the number
# of inputs from the first batch. The trainer passes one batch through the model before it creates
# the optimizer. The `forward` of `d2l.Module` calls `self.net`, so nothing more has to be written.


# %%
class MLP(d2l.Classifier):
    """The same network, built from layers."""

    def __init__(self, num_outputs, num_hiddens, lr):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(
            nn.Flatten(),
            nn.LazyLinear(num_hiddens),
            nn.ReLU(),
            nn.LazyLinear(num_outputs),
        )


# %% [markdown]
# ### Training
#
# The same trainer fits it without a change: the training loop does not depend on how the model is
# implemented. This is the purpose of the object-oriented design of 3.2.

# %%
torch.manual_seed(0)
concise = MLP(num_outputs=10, num_hiddens=256, lr=0.1)
trainer.fit(concise, data)
concise_result = trainer.validate(concise, data)
print(f"validation accuracy {concise_result['val_acc']:.4f}")

# %% [markdown]
# The two reach about the same accuracy, but not exactly the same, since PyTorch's layers initialize
# their weights in a different way. They are the same function, however: with our weights copied
# into the layers, the logits are the same.

# %%
twin = MLP(num_outputs=10, num_hiddens=256, lr=0.1)
X, _ = next(iter(data.val_dataloader()))
with torch.no_grad():
    twin(X)  # one batch tells the lazy layers their sizes
    # A layer keeps its weights as (outputs, inputs), the transpose of ours.
    twin.net[1].weight.copy_(scratch.W1.T)
    twin.net[1].bias.copy_(scratch.b1)
    twin.net[3].weight.copy_(scratch.W2.T)
    twin.net[3].bias.copy_(scratch.b2)
    difference = (twin(X) - scratch(X)).abs().max().item()
print(f"largest difference of two logits: {difference:.1e}")

# %% [markdown]
# ## Check yourself
#
# **Question 1.** An MLP with one hidden layer starts with all weights equal to 0.5. How many
# different hidden units does it have after a hundred steps of gradient descent?
#
# <details><summary>Answer</summary>
#
# One. All hidden units have the same weights, so they compute the same output and receive the same
# gradient, and the update keeps them equal. The hidden layer is then as expressive as a single
# unit. This is why weights are initialized at random.
#
# </details>
#
# **Question 2.** Why does `forward` return logits and not probabilities?
#
# <details><summary>Answer</summary>
#
# The cross-entropy loss applies the softmax itself, in a form that does not overflow. A softmax in
# `forward` would be applied a second time by the loss. For the predicted class it does not matter,
# since the largest logit belongs to the largest probability.
#
# </details>
#
# **Question 3.** The training set has 60,000 images. How many steps does an epoch have with a
# batch size of 64, and how many with 256? Why does the loss fall faster per epoch with 64?
#
# <details><summary>Answer</summary>
#
# $\lceil 60000 / 64 \rceil = 938$ and $\lceil 60000 / 256 \rceil = 235$. The parameters are updated
# four times as often for the same number of images. Each gradient is noisier, but at this stage of
# training the number of steps matters more than their precision.
#
# </details>

# %% [markdown]
# ## Exercises
#
# **Exercise 1.** Vary the width. Give a formula for the number of parameters of `MLP` with $h$
# hidden units, then train with $h = 16$ and with $h = 512$ for one epoch each, and compare the
# validation accuracies.
#
# <details><summary>Hint</summary>
#
# The first layer has $784 h$ weights and $h$ biases, the second $10 h$ weights and 10 biases. Use
# `trainer.validate(model, data)["val_acc"]`.
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 1
one_epoch = d2l.Trainer(max_epochs=1)
for width in (16, 512):
    torch.manual_seed(0)
    candidate = MLP(num_outputs=10, num_hiddens=width, lr=0.1)
    candidate.board.display = False
    one_epoch.fit(candidate, data)
    counted = sum(parameter.numel() for parameter in candidate.parameters())
    assert counted == 795 * width + 10
    accuracy = one_epoch.validate(candidate, data)["val_acc"]
    print(f"{width} hidden units: {counted:,} parameters, accuracy {accuracy:.3f}")
print("The wider model is a little better after one epoch; it has 32 times the parameters.")

# %% [markdown]
# **Exercise 2.** Add a second hidden layer of 256 units to `MLP`. How many parameters does it
# add? Compare the training loss of both models after one epoch.
#
# <details><summary>Hint</summary>
#
# Put another `nn.LazyLinear(num_hiddens)` and another `nn.ReLU()` into the `nn.Sequential`. The
# last point of `model.board.points["train_loss"]` has the training loss in its attribute `y`.
#
# </details>


# %% tags=["hide-cell"]
# Solution of exercise 2
class DeepMLP(d2l.Classifier):
    def __init__(self, num_outputs, num_hiddens, lr):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(
            nn.Flatten(),
            nn.LazyLinear(num_hiddens),
            nn.ReLU(),
            nn.LazyLinear(num_hiddens),
            nn.ReLU(),
            nn.LazyLinear(num_outputs),
        )


after_one_epoch = {}
for kind in (MLP, DeepMLP):
    torch.manual_seed(0)
    candidate = kind(num_outputs=10, num_hiddens=256, lr=0.1)
    candidate.board.display = False
    one_epoch.fit(candidate, data)
    counted = sum(parameter.numel() for parameter in candidate.parameters())
    after_one_epoch[kind] = counted, candidate.board.points["train_loss"][-1].y
    print(f"{kind.__name__}: {counted:,} parameters, loss {after_one_epoch[kind][1]:.3f}")
assert after_one_epoch[DeepMLP][0] - after_one_epoch[MLP][0] == (256 + 1) * 256
print("A deeper network is not better after the same short training.")

# %% [markdown]
# **Exercise 3.** Set `sigma=0` in `MLPScratch`. Which gradients are exactly zero? What can this
# model still learn?
#
# <details><summary>Hint</summary>
#
# Compute the loss of one batch, call `backward()`, and look at `.grad` of `W1`, `b1`, `W2`, `b2`.
# Which hidden values do you get for zero weights?
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 3
zero = MLPScratch(num_inputs=784, num_outputs=10, num_hiddens=256, lr=0.1, sigma=0)
X_zero, y_zero = next(iter(data.train_dataloader()))
zero.loss(zero(X_zero), y_zero).backward()
for name, parameter in zero.named_parameters():
    print(f"{name}: largest gradient {parameter.grad.abs().max():.4f}")
# H = 0, so the gradient of W2 is zero; W2 = 0, so no gradient arrives at W1 and b1.
assert all(p.grad.abs().max() == 0 for p in (zero.W1, zero.b1, zero.W2))
assert zero.b2.grad.abs().max() > 0
print("Only the output biases learn: the model predicts the class frequencies for every image.")
