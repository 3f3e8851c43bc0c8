# %% [markdown]
# # 8.6 Residual networks
#
# You will find out why a block that adds its input to its output can do no harm, and how much of a
# gradient gets through twenty layers with the addition and without it. Then you will build a small
# residual network and have it learn from eight thousand pictures of clothing.

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
# convolutions with batch normalisation. What $g$ has to learn is only the difference to the input.
# If there is nothing to learn, $g = 0$ will do, and the block passes on what it got.
#
# Batch normalisation multiplies by `weight` in the end. With that weight at zero:

# %%
torch.manual_seed(0)
block = d2l.Residual(num_channels=3)
X = torch.rand(2, 3, 6, 6)
block(X)  # one batch tells the lazy layers their sizes
nn.init.zeros_(block.bn2.weight)
with torch.no_grad():
    untouched = torch.equal(block(X), X)
print("passes its input on:", untouched)

# %% [markdown]
# Where a block halves the picture (`strides=2`) or changes the number of channels, input and output
# no longer fit together, and the input goes through a 1 by 1 convolution first.

# %%
halving = d2l.Residual(num_channels=6, use_1x1conv=True, strides=2)
print(tuple(X.shape), "→", tuple(halving(X).shape))

# %% [markdown]
# ## Deep, with and without
#
# How much of the gradient arrives at the first layer? A stack of twenty layers of 32 units, and the
# same with the input added after each layer.


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


arriving = {}
for residual in (False, True):
    torch.manual_seed(0)
    stack = Stack(num_layers=20, residual=residual)
    stack(torch.randn(64, 32)).square().mean().backward()
    norms = [layer.weight.grad.norm().item() for layer in stack.layers]
    arriving[residual] = norms[0] / norms[-1]
    print(f"added: {residual}, gradient of the first layer {arriving[residual]:.1e} of the last's")

# %% [markdown]
# The addition is a path on which the gradient comes through unchanged, however deep the network.
#
# ## The pictures
#
# To be done in a minute we take eight thousand pictures for training and two thousand for
# validation. `get_tensorloader` makes the batches.


# %%
class FewPictures(d2l.DataModule):
    """The first pictures of Fashion-MNIST."""

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
# A first convolution, three blocks that get wider as the picture gets smaller, the mean of each
# channel, and a linear layer. ResNet-18, `d2l.resnet18`, is the same with eight blocks of up to 512
# channels.


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
# Batch normalisation computes with the mean of each batch in training, and with means collected on
# the way in validation. The trainer switches between the two with `model.train()` and
# `model.eval()`. A picture's answer must not depend on the others of its batch. (In training mode
# each call changes the collected means as well, so we let a copy make it.)

# %%
model.eval()
with torch.no_grad():
    alone, together = model(data.X[-1:]), model(data.X[-100:])[-1:]
    in_training = copy.deepcopy(model).train()(data.X[-100:])[-1:]
print(f"eval: {(alone - together).abs().max():.1e}, train: {(in_training - alone).abs().max():.1e}")

# %% [markdown]
# ## Try it yourself
#
# 1. Put `d2l.ResNeXtBlock(16, groups=4, bot_mul=1)` in the place of the first block. How many
#    parameters has each?
# 2. Start all blocks as above, with `bn2.weight` at zero. Does the first epoch go better?
# 3. Train on all 60,000 pictures (`d2l.FashionMNIST(batch_size=64)`), if you have the time.

# %% [markdown]
# ## Check

# %%
assert untouched
assert halving(X).shape == (2, 6, 3, 3)
assert arriving[False] < 1e-2 < arriving[True]

# The block a second way: PyTorch's functions, with the layers of the block.
with torch.no_grad():
    block.eval()
    nn.init.ones_(block.bn2.weight)
    g = block.bn2(block.conv2(torch.relu(block.bn1(block.conv1(X)))))
    assert torch.allclose(block(X), torch.relu(g + X), atol=1e-6)
assert torch.allclose(alone, together, atol=1e-4)

# The promise, counted a second way.
with torch.no_grad():
    pictures, labels = data.X[data.num_train :], data.y[data.num_train :]
    num_right = (model(pictures).argmax(dim=1) == labels).sum().item()
assert abs(num_right / 2000 - result["val_acc"]) < 2e-3
assert num_right >= 1400
print(f"8.6 holds: {num_right} of 2,000 right (promised: 1,400)")
