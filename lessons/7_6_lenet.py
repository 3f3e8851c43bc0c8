# %% [markdown]
# # 7.6 LeNet
#
# You train a convolutional neural network, LeNet, on Fashion-MNIST. After ten epochs it classifies
# more than 80 percent of the validation images correctly.
#
# **After this lesson you can**
#
# - compute the output shape and the number of parameters of convolutional, pooling and fully
#   connected layers;
# - explain what a kernel detects, and what is saved by sharing it between all places of an image;
# - explain why sigmoid networks need a good initialization, and recognize a plateau of the loss;
# - show the feature maps of a trained convolutional layer.

# %%
# %matplotlib inline
import torch
from torch import nn

from d2l import torch as d2l

d2l.use_svg_display()
data = d2l.FashionMNIST(batch_size=128)

# %% [markdown]
# ## Convolution
#
# A convolutional layer slides a small matrix, the **kernel**, over the image. At each place it
# multiplies the kernel with the part of the image under it, entry by entry, and adds the products.
# (Strictly this is a cross-correlation.) `d2l.corr2d` does it for one image and one kernel. The
# kernel below has the entries 1 and $-1$, one above the other, so its output is 1 where the image
# changes from bright (1) to dark (0) in the vertical direction, and 0 where it does not change.

# %%
picture = torch.zeros(6, 6)
picture[:3] = 1
kernel = torch.tensor([[1.0], [-1.0]])
edges = d2l.corr2d(picture, kernel)
print(edges)
axes = d2l.show_images([picture, edges], 1, 2, titles=["image", "output"])

# %% [markdown]
# The output has one row of ones, where the edge is. The kernel detects the edge in every column
# with the same two numbers; a fully connected layer would need its own weights for each place. In a
# network the entries of the kernels are learned.
#
# ## The architecture
#
# LeNet has two convolutional blocks: convolution, sigmoid, and average pooling, which halves height
# and width. The feature maps become smaller and get more channels. Three fully connected layers
# follow. `layer_summary` shows the output shape of each layer.

# %%
d2l.LeNet().layer_summary((1, 1, 28, 28))

# %% [markdown]
# The first convolution pads the image by two pixels on each side, so a kernel of 5 keeps the size
# 28. The second has no padding: 14 becomes $14 - 5 + 1 = 10$. After the second pooling there are
# sixteen channels of 5 by 5, which are flattened to a vector of 400 numbers.
#
# How are the parameters distributed over the layers?

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
# The convolutions perform most of the computation, but have only 2,572 of the 61,706 parameters,
# since a kernel is shared by all places of the image.
#
# ## Initialization
#
# The line `model.apply_init(...)` above did two things. It passed a batch through the lazy layers,
# so that they know their sizes, and it drew their weights again by Xavier initialization: uniformly
# between $\pm\sqrt{6 / (n_{in} + n_{out})}$, which keeps the scale of the hidden values similar in
# all layers. The derivative of a sigmoid is at most 1/4, and the gradient of the first layer passes
# through four sigmoids: with weights that are too small, the gradient vanishes.

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
# We train for ten epochs. The learning rate of 0.9 is large, because the gradients of a sigmoid
# network are small. In the plot the loss first stays near $\log 10 = 2.3$ for some hundred batches.
# This is a *plateau*: the network predicts nearly the same probabilities for every image, and its
# gradients are small. Then the loss falls.

# %%
trainer = d2l.Trainer(max_epochs=10)
trainer.fit(model, data)
result = trainer.validate(model, data)
print(f"validation accuracy {result['val_acc']:.4f}")

# %% [markdown]
# ## Feature maps of the first layer
#
# The plot shows an image of trousers and the six output channels (feature maps) of the first
# convolution. Some channels have large values along the edges, some on the cloth, some on the
# background.

# %%
X, y = next(iter(data.val_dataloader()))
trouser = X[y == 1][:1]
with torch.no_grad():
    channels = model.net[1](model.net[0](trouser))[0]
titles = ["image", *(f"channel {i}" for i in range(6))]
axes = d2l.show_images([trouser[0, 0], *channels], 1, 7, titles=titles)

# %% [markdown]
# ## Check yourself
#
# **Question 1.** An image of $32 \times 32$ with 3 channels goes through a convolution with 8
# kernels of $5 \times 5$ without padding, then through $2 \times 2$ average pooling. What is the
# shape of the result, and how many parameters are there?
#
# <details><summary>Answer</summary>
#
# The convolution gives $8 \times 28 \times 28$, since $32 - 5 + 1 = 28$; pooling halves it to
# $8 \times 14 \times 14$. There are $8 \cdot (3 \cdot 5 \cdot 5 + 1) = 608$ parameters; pooling has
# none.
#
# </details>
#
# **Question 2.** During the first part of the training the loss stays at 2.30. What does this
# value mean, and what is this part of the curve called?
#
# <details><summary>Answer</summary>
#
# $\log 10 = 2.30$ is the cross-entropy of predicting 1/10 for each of ten classes: the network does
# not distinguish the classes yet. The flat part is a plateau.
#
# </details>
#
# **Question 3.** Why does the gradient of the first layer become small when all weights are
# multiplied by 1/4?
#
# <details><summary>Answer</summary>
#
# By the chain rule the gradient is a product with the weights of all later layers and the
# derivatives of the activation functions. Each of the four later layers contributes a factor of
# 1/4, so the gradient becomes about $4^4 = 256$ times smaller: a vanishing gradient.
#
# </details>

# %% [markdown]
# ## Exercises
#
# **Exercise 1.** Replace the sigmoids by `nn.ReLU()` and the average pooling by `nn.MaxPool2d`,
# with a learning rate of 0.1. Train this network and LeNet for one epoch on the first 12,800
# training images. Which one leaves the plateau first?
#
# <details><summary>Hint</summary>
#
# Derive a class from `d2l.Classifier` with the layers of LeNet. A `d2l.DataModule` whose
# `get_dataloader` calls `self.get_tensorloader((X, y), train, rows)` gives you a subset of the
# images. Use other rows for validation than for training.
#
# </details>


# %% tags=["hide-cell"]
# Solution of exercise 1
class FirstImages(d2l.DataModule):
    def __init__(self, num_train, num_val=640, batch_size=128):
        super().__init__()
        self.save_hyperparameters()
        num_images = num_train + num_val
        self.X = data.train.data[:num_images].reshape(-1, 1, 28, 28) / 255
        self.y = data.train.targets[:num_images]

    def get_dataloader(self, train):
        rows = slice(0, self.num_train) if train else slice(self.num_train, None)
        return self.get_tensorloader((self.X, self.y), train, rows)


class ReLUNet(d2l.Classifier):
    def __init__(self, lr):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(
            nn.LazyConv2d(6, kernel_size=5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.LazyConv2d(16, kernel_size=5),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.LazyLinear(120),
            nn.ReLU(),
            nn.LazyLinear(84),
            nn.ReLU(),
            nn.LazyLinear(10),
        )


last_losses = {}
for candidate in (d2l.LeNet(lr=0.9), ReLUNet(lr=0.1)):
    torch.manual_seed(0)
    candidate.apply_init([first_batch], d2l.init_cnn)
    candidate.board.display = False
    d2l.Trainer(max_epochs=1).fit(candidate, FirstImages(12_800))
    kind = type(candidate).__name__
    last_losses[kind] = candidate.board.points["train_loss"][-1].y
    print(f"{kind}: training loss {last_losses[kind]:.2f} after 100 steps")
assert last_losses["ReLUNet"] < last_losses["LeNet"]

# %% [markdown]
# **Exercise 2.** Shift all validation images two pixels to the right (`torch.roll`). How much
# accuracy does LeNet lose? Compare with an MLP (`d2l.MLP`) that you train for one epoch.
#
# <details><summary>Hint</summary>
#
# `data.val.data` and `data.val.targets` hold the images and labels. Divide the pixels by 255.
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 2
torch.manual_seed(0)
mlp = d2l.MLP(num_outputs=10, num_hiddens=256, lr=0.1)
mlp.board.display = False
d2l.Trainer(max_epochs=1).fit(mlp, data)
images = data.val.data.reshape(-1, 1, 28, 28) / 255
for name, candidate in (("LeNet", model), ("MLP", mlp)):
    accuracies = []
    for shift in (0, 2):
        with torch.no_grad():
            predicted = candidate(images.roll(shift, dims=3)).argmax(dim=1)
        accuracies.append((predicted == data.val.targets).float().mean().item())
    print(f"{name}: {accuracies[0]:.3f}, shifted {accuracies[1]:.3f}")
    assert accuracies[1] < accuracies[0]

# %% [markdown]
# **Exercise 3.** Compare the gradient of the first kernels under Xavier initialization with that
# under PyTorch's default initialization. Do you expect a longer or a shorter plateau without
# `apply_init`?
#
# <details><summary>Hint</summary>
#
# Repeat the cell of the section "Initialization". Pass one batch through `d2l.LeNet()` to
# initialize its lazy layers.
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 3
first_gradients = {}
X_val, y_val = next(iter(data.val_dataloader()))
for name in ("Xavier", "default"):
    torch.manual_seed(0)
    trial = d2l.LeNet()
    trial(first_batch)
    if name == "Xavier":
        trial.apply_init([first_batch], d2l.init_cnn)
    trial.loss(trial(X_val), y_val).backward()
    first_gradients[name] = trial.net[0].weight.grad.norm().item()
    print(f"{name}: gradient of the first kernels {first_gradients[name]:.1e}")
assert first_gradients["default"] < first_gradients["Xavier"]
print("The default weights are smaller, so the plateau is longer without apply_init.")
