# %% [markdown]
# # 8.6 Residual networks
#
# You study what a residual connection does to a block and to the gradient of a deep network. Then
# you build a small residual network and train it on eight thousand images of Fashion-MNIST.
#
# **After this lesson you can**
#
# - explain why a residual block can easily represent the identity function;
# - measure how much of the gradient arrives at the first layer, with and without residual
#   connections;
# - say when a residual block needs a 1 × 1 convolution, and compute its output shape;
# - explain the difference of batch normalization in training and in evaluation.

# %%
# %matplotlib inline
import copy

import torch
from torch import nn

from d2l import torch as d2l

d2l.use_svg_display()

# %% [markdown]
# ## The block
#
# A residual block computes $\mathrm{relu}(g(\mathbf{x}) + \mathbf{x})$, where $g$ is two
# convolutions with batch normalization. $g$ has to learn only the difference (the *residual*) to
# the input. If $g = 0$, the block is the identity function (for inputs that are not negative), so
# an additional block need not make a network worse.
#
# Batch normalization multiplies its result by the parameter `weight`. With this weight set to zero,
# $g = 0$:

# %%
torch.manual_seed(0)
block = d2l.Residual(num_channels=3)
X = torch.rand(2, 3, 6, 6)
block(X)  # one batch tells the lazy layers their sizes
nn.init.zeros_(block.bn2.weight)
with torch.no_grad():
    untouched = torch.equal(block(X), X)
print("output equals input:", untouched)

# %% [markdown]
# Where a block halves height and width (`strides=2`) or changes the number of channels, input and
# output have different shapes. The input then goes through a 1 × 1 convolution before the addition.

# %%
halving = d2l.Residual(num_channels=6, use_1x1conv=True, strides=2)
print(tuple(X.shape), "→", tuple(halving(X).shape))

# %% [markdown]
# ## Gradients in a deep network
#
# How much of the gradient arrives at the first layer? We compare a stack of twenty layers of 32
# units with the same stack in which the input of each layer is added to its output.


# %%
class Stack(nn.Module):
    def __init__(self, num_layers, residual):
        super().__init__()
        self.residual = residual
        self.layers = nn.ModuleList(nn.Linear(32, 32) for _ in range(num_layers))

    def forward(self, X):
        for layer in self.layers:
            X = torch.tanh(layer(X)) + (X if self.residual else 0)
        return X


arriving, norms_of = {}, {}
for residual in (False, True):
    torch.manual_seed(0)
    stack = Stack(num_layers=20, residual=residual)
    stack(torch.randn(64, 32)).square().mean().backward()
    norms = [layer.weight.grad.norm().item() for layer in stack.layers]
    norms_of[residual] = norms
    arriving[residual] = norms[0] / norms[-1]
    print(f"added: {residual}, gradient of the first layer {arriving[residual]:.1e} of the last's")

# %% [markdown]
# The derivative of $g(\mathbf{x}) + \mathbf{x}$ is $g'(\mathbf{x}) + \mathbf{I}$. Through the
# identity the gradient arrives unchanged, however deep the network is. Without it the gradient is a
# product of twenty small factors and *vanishes*. The plot shows the norm of the gradient of every
# layer's weights.

# %%
d2l.plot(
    list(range(1, 21)),
    [norms_of[False], norms_of[True]],
    "layer",
    "norm of the gradient",
    legend=["plain", "residual"],
    yscale="log",
    figsize=(5, 2.5),
)

# %% [markdown]
# ## The data
#
# To keep the training short we take eight thousand images for training and two thousand for
# validation. `get_tensorloader` makes the batches.


# %%
class FewPictures(d2l.DataModule):
    """The first images of Fashion-MNIST."""

    def __init__(self, batch_size, num_train=8000, num_val=2000):
        super().__init__()
        self.save_hyperparameters()
        everything = d2l.FashionMNIST(batch_size)
        train, val = everything.train, everything.val
        pictures = torch.cat((train.data[:num_train], val.data[:num_val]))
        self.X = pictures.reshape(-1, 1, 28, 28) / 255
        self.y = torch.cat((train.targets[:num_train], val.targets[:num_val]))

    def get_dataloader(self, train):
        rows = slice(0, self.num_train) if train else slice(self.num_train, None)
        return self.get_tensorloader((self.X, self.y), train, rows)


# %% [markdown]
# ## A small residual network
#
# The network has a first convolution, three residual blocks with more channels as height and width
# become smaller, global average pooling (the mean of each channel), and a linear layer. ResNet-18,
# `d2l.resnet18`, has the same structure with eight blocks of up to 512 channels.


# %%
class SmallResNet(d2l.Classifier):
    def __init__(self, lr, num_classes=10):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(
            nn.Sequential(
                nn.LazyConv2d(16, kernel_size=3, stride=2, padding=1),
                nn.LazyBatchNorm2d(),
                nn.ReLU(),
            ),
            d2l.Residual(16),
            d2l.Residual(32, use_1x1conv=True, strides=2),
            d2l.Residual(64, use_1x1conv=True, strides=2),
            nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
            nn.LazyLinear(num_classes),
        )


SmallResNet(lr=0.03).layer_summary((2, 1, 28, 28))

# %% [markdown]
# ## Training

# %%
torch.manual_seed(0)
data = FewPictures(batch_size=64)
model = SmallResNet(lr=0.03)
trainer = d2l.Trainer(max_epochs=4)
trainer.fit(model, data)
result = trainer.validate(model, data)
print(f"validation accuracy {result['val_acc']:.4f}")

# %% [markdown]
# Batch normalization uses mean and variance of the current batch in training mode, and running
# averages of them in evaluation mode. The trainer switches between the two with `model.train()` and
# `model.eval()`. In evaluation mode the prediction for an image does not depend on the other images
# of its batch; in training mode it does. (In training mode each call also updates the running
# averages, so we call a copy of the model.)

# %%
model.eval()
with torch.no_grad():
    alone, together = model(data.X[-1:]), model(data.X[-100:])[-1:]
    in_training = copy.deepcopy(model).train()(data.X[-100:])[-1:]
print(f"eval: {(alone - together).abs().max():.1e}, train: {(in_training - alone).abs().max():.1e}")

# %% [markdown]
# ## Check yourself
#
# **Question 1.** A residual block has `strides=2` and 64 output channels; its input has the shape
# $(8, 32, 14, 14)$. What is the shape of the output, and does it need a 1 × 1 convolution?
#
# <details><summary>Answer</summary>
#
# $(8, 64, 7, 7)$. Yes: the shapes of input and output differ, so the input cannot be added without
# a 1 × 1 convolution with stride 2 and 64 output channels.
#
# </details>
#
# **Question 2.** Why does the gradient vanish in the plain stack, but not in the residual stack?
#
# <details><summary>Answer</summary>
#
# In the plain stack the gradient of the first layer is a product of twenty Jacobians, each of which
# makes it smaller. In the residual stack each factor is $\mathbf{I}$ plus a Jacobian, so one term
# of the product is the gradient itself.
#
# </details>
#
# **Question 3.** Someone forgets `model.eval()` before predicting a single image. What goes
# wrong?
#
# <details><summary>Answer</summary>
#
# Batch normalization then normalizes with mean and variance of this one image instead of the
# running averages, so the prediction is different from the one in training. Each prediction also
# changes the running averages.
#
# </details>

# %% [markdown]
# ## Exercises
#
# **Exercise 1.** Replace the first residual block by `d2l.ResNeXtBlock(16, groups=4, bot_mul=1)`.
# How many parameters has each of the two blocks? Explain the difference.
#
# <details><summary>Hint</summary>
#
# Pass a batch with 16 channels through each block, then count. A grouped convolution with 4 groups
# connects each output channel with a quarter of the input channels.
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 1
counts = {}
for candidate in (d2l.Residual(16), d2l.ResNeXtBlock(16, groups=4, bot_mul=1)):
    candidate(torch.rand(2, 16, 14, 14))
    counts[type(candidate).__name__] = sum(p.numel() for p in candidate.parameters())
print(counts)
# Two 3 × 3 convolutions with biases and two batch normalizations.
assert counts["Residual"] == 2 * (16 * 16 * 9 + 16) + 2 * 32
assert counts["ResNeXtBlock"] < counts["Residual"] / 3
print("One grouped 3 × 3 convolution and two 1 × 1 convolutions replace two 3 × 3 convolutions.")

# %% [markdown]
# **Exercise 2.** How does the ratio of the gradients of the first and the last layer depend on
# the depth? Compute it for 5, 10, 20 and 40 layers, with and without residual connections.
#
# <details><summary>Hint</summary>
#
# `Stack(num_layers, residual)`; take the loss of the lesson, `square().mean()`.
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 2
ratios = {}
for residual in (False, True):
    for depth in (5, 10, 20, 40):
        torch.manual_seed(0)
        stack = Stack(depth, residual)
        stack(torch.randn(64, 32)).square().mean().backward()
        first, last = (stack.layers[i].weight.grad.norm().item() for i in (0, -1))
        ratios[residual, depth] = first / last
        print(f"residual: {residual!s:<5} {depth:2d} layers: {first / last:.1e}")
assert ratios[False, 5] > ratios[False, 10] > ratios[False, 20] > ratios[False, 40]
assert ratios[True, 40] > 0.01
print("Without residual connections the gradient shrinks exponentially with the depth.")

# %% [markdown]
# **Exercise 3.** Start all residual blocks as the identity, with `bn2.weight` set to zero, and
# train for two epochs on 1,600 images. Compare the training loss with that of the usual
# initialization.
#
# <details><summary>Hint</summary>
#
# Pass a batch through the model first, so that the lazy layers have parameters. `model.net`
# contains the blocks; test with `isinstance(block, d2l.Residual)`.
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 3
few = FewPictures(batch_size=64, num_train=1600, num_val=100)
for identity in (False, True):
    torch.manual_seed(0)
    candidate = SmallResNet(lr=0.03)
    candidate(few.X[:64])
    for part in candidate.net:
        if identity and isinstance(part, d2l.Residual):
            nn.init.zeros_(part.bn2.weight)
    candidate.board.display = False
    d2l.Trainer(max_epochs=2).fit(candidate, few)
    final = candidate.board.points["train_loss"][-1].y
    print(f"blocks start as identity: {identity}, training loss {final:.3f}")
print("This small network learns more slowly from the identity: at first only the first layer,")
print("the 1 × 1 convolutions and the output layer contribute to the logits.")
