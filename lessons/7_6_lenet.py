# %% [markdown]
# # 7.6 LeNet
#
# You will train a convolutional network, LeNet, on Fashion-MNIST: layers that look at a picture
# through a small window instead of flattening it. You will follow the shapes through the network,
# see why a good start matters, and after ten epochs have more than four in five pictures right.

# %%
# %matplotlib inline
import torch
from torch import nn

from d2l import torch as d2l

d2l.use_svg_display()
data = d2l.FashionMNIST(batch_size=128)

# %% [markdown]
# ## A window that slides
#
# A convolutional layer moves a small matrix, the **kernel**, over the picture and writes down at
# each place how well the two agree. (Strictly this is a cross-correlation.) `d2l.corr2d` does it
# for one picture and one kernel. The kernel below is positive on top and negative underneath, so
# that it answers where a picture turns from bright to dark.

# %%
picture = torch.zeros(6, 6)
picture[:3] = 1
kernel = torch.tensor([[1.0], [-1.0]])
edges = d2l.corr2d(picture, kernel)
print(edges)

# %% [markdown]
# One row of ones, where the edge is. The kernel finds it in every column with the same two numbers;
# a fully connected layer would have to learn the edge anew for each place. In a network the numbers
# of the kernels are learned.
#
# ## Shapes
#
# LeNet takes turns: convolution, sigmoid, and a pooling that halves height and width by averaging;
# twice. The picture becomes smaller and gets more channels. Then three fully connected layers
# decide. `layer_summary` shows the shape after each layer.

# %%
d2l.LeNet().layer_summary((1, 1, 28, 28))

# %% [markdown]
# The first convolution pads the picture by two pixels on each side, so that 28 stays 28 with a
# kernel of 5. The second does not: 14 becomes 10. Sixteen channels of 5 by 5 are the 400 numbers
# that are left of the picture's 784.
#
# Where do the parameters sit?

# %%
torch.manual_seed(0)
model = d2l.LeNet(lr=0.9)
first_batch = next(iter(data.train_dataloader()))[0]
model.apply_init([first_batch], d2l.init_cnn)
kinds = (nn.Conv2d, nn.Linear)
num_parameters = {
    kind.__name__: sum(
        p.numel() for layer in model.net if isinstance(layer, kind) for p in layer.parameters()
    )
    for kind in kinds
}
print(num_parameters)

# %% [markdown]
# The convolutions, which do nearly all of the computing, own 2,572 of the 61,706 numbers. This is
# what sharing a kernel among all places saves.
#
# ## A good start
#
# The line `model.apply_init(...)` above did two things. It sent a batch through the lazy layers, so
# that they know their sizes, and it drew their weights anew as Xavier Glorot proposed: uniformly
# from $\pm\sqrt{6 / (n_{in} + n_{out})}$, which keeps signals of one size through the layers.
# A sigmoid makes a gradient at least four times smaller, and there are four in a row here: with
# weights that are too small nothing of it arrives at the first layer.

# %%
for name, scale in (("Xavier", 1.0), ("a quarter of it", 0.25)):
    trial = d2l.LeNet()
    trial.apply_init([first_batch], d2l.init_cnn)
    with torch.no_grad():
        for parameter in trial.parameters():
            parameter.mul_(scale)
    X, y = next(iter(data.val_dataloader()))
    trial.loss(trial(X), y).backward()
    print(f"{name}: gradient of the first kernels {trial.net[0].weight.grad.norm():.1e}")

# %% [markdown]
# ## Training
#
# Ten epochs. The learning rate of 0.9 is large, and the sigmoids need it. Watch the beginning of
# the board: for some hundred batches nothing seems to happen, since the network sits on a plain
# where all classes look alike to it. Then it finds the way down.

# %%
trainer = d2l.Trainer(max_epochs=10)
trainer.fit(model, data)
result = trainer.validate(model, data)
print(f"validation accuracy {result['val_acc']:.4f}")

# %% [markdown]
# ## What the first kernels see
#
# A trouser, and what the six channels of the first convolution make of it. Some light up
# along the edges, some on the cloth, some on all that is not cloth.

# %%
X, y = next(iter(data.val_dataloader()))
trouser = X[y == 1][:1]
with torch.no_grad():
    channels = model.net[1](model.net[0](trouser))[0]
titles = ["picture", *(f"channel {i}" for i in range(6))]
axes = d2l.show_images([trouser[0, 0], *channels], 1, 7, titles=titles)

# %% [markdown]
# ## Try it yourself
#
# 1. Put `nn.ReLU()` in place of the sigmoids and `nn.MaxPool2d` in place of the averages, and lower
#    the learning rate to 0.1. How many epochs does the same accuracy take?
# 2. Move all pictures two pixels to the right (`torch.roll`). How much accuracy does LeNet lose,
#    and how much the perceptron of 5.2?
# 3. Train without `apply_init`. How long is the plain now?

# %% [markdown]
# ## Check

# %%
# Cross-correlation a second way: PyTorch's own, and the edge where it was drawn.
by_torch = nn.functional.conv2d(picture[None, None], kernel[None, None])[0, 0]
assert torch.equal(edges, by_torch)
assert edges.shape == (5, 6)
assert edges[2].tolist() == [1] * 6
assert edges.sum() == 6

# Kernels of 5 by 5 with a bias each; layers of 400, 120, 84 and 10 units.
assert num_parameters["Conv2d"] == 6 * (25 + 1) + 16 * (6 * 25 + 1)
assert num_parameters["Linear"] == 120 * (400 + 1) + 84 * (120 + 1) + 10 * (84 + 1)
assert channels.shape == (6, 28, 28)

# The promise: 0.80 after ten epochs of all 60,000 pictures, counted a second way.
assert len(model.board.points["val_acc"]) == 10
with torch.no_grad():
    pictures = data.val.data.reshape(-1, 1, 28, 28) / 255
    num_right = (model(pictures).argmax(dim=1) == data.val.targets).sum().item()
assert abs(num_right / 10000 - result["val_acc"]) < 5e-4
assert num_right >= 8000
print(f"7.6 holds: {num_right} of 10,000 right (promised: 8,000)")
