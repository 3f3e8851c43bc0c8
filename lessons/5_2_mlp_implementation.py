# %% [markdown]
# # 5.2 Implementing multilayer perceptrons
#
# You will give softmax regression a hidden layer, first by hand and then in four lines, and see it
# climb above 85 percent on Fashion-MNIST. On the way you will find out how much the size of a
# minibatch matters, and that the loop which trains a model does not care what the model is.

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
# Pictures with 784 pixels, one hidden layer of 256 units, ten classes. That makes two matrices and
# two biases. Widths are often powers of two, because hardware likes to cut memory that way.
#
# This time the parameters are `nn.Parameter`s: PyTorch finds them when they are stored on the
# model, and `parameters()` needs no overriding. Note the small **random** start. If all weights
# were equal, all hidden units would compute the same and receive the same gradient, for ever.


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
# ReLU first, so that it holds no secret: the larger of each entry and zero.


# %%
def relu(X):
    return torch.max(X, torch.zeros_like(X))


print(relu(torch.tensor([-2.0, -0.5, 0.0, 0.5, 2.0])))

# %% [markdown]
# Forward: flatten, first layer, bend, second layer.
#
# $$
# \mathbf{O} = \mathrm{ReLU}(\mathbf{X} \mathbf{W}^{(1)} + \mathbf{b}^{(1)}) \, \mathbf{W}^{(2)} +
# \mathbf{b}^{(2)}
# $$
#
# The result are logits. The softmax is missing on purpose: the classifier's loss contains it, in
# the stable form of lesson 4.1.


# %%
@d2l.add_to_class(MLPScratch)
def forward(self, X):
    X = X.reshape((-1, self.num_inputs))
    H = relu(torch.matmul(X, self.W1) + self.b1)
    return torch.matmul(H, self.W2) + self.b2


# %% [markdown]
# ### Training
#
# Exactly as for softmax regression in 4.4: same data, same learning rate, same trainer, ten epochs.
# Only the model is another one.

# %%
torch.manual_seed(0)
data = d2l.FashionMNIST(batch_size=256)
model = MLPScratch(num_inputs=784, num_outputs=10, num_hiddens=256, lr=0.1)
trainer = d2l.Trainer(max_epochs=10)
trainer.fit(model, data)
large_batches = trainer.validate(model, data)
print(f"batches of 256: validation accuracy {large_batches['val_acc']:.4f}")

# %% [markdown]
# Better than softmax regression, but the loss is still on its way down: each epoch has only 235
# steps, and ten of them are not enough. Other seeds end anywhere between 0.82 and 0.85.
#
# ### Smaller batches, more steps
#
# Batches of 64 make 938 steps of each epoch. Each gradient is noisier, being a mean of fewer
# examples, but there are four times as many steps for the same number of pictures.

# %%
torch.manual_seed(0)
data.batch_size = 64
scratch = MLPScratch(num_inputs=784, num_outputs=10, num_hiddens=256, lr=0.1)
trainer.fit(scratch, data)
scratch_result = trainer.validate(scratch, data)
print(f"batches of 64: validation accuracy {scratch_result['val_acc']:.4f}")

# %% [markdown]
# The boards keep their points, so we can lay the two runs over each other. Both have seen the same
# number of pictures at each place on the axis.

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
# ## 5.2.2 The concise way
#
# ### The model
#
# Now with layers. `nn.LazyLinear(256)` needs to know only how many outputs it has; it finds out the
# number of inputs when it sees the first batch. The trainer shows it one before it makes the
# optimizer. The `forward` of `d2l.Module` calls `self.net`, so there is nothing more to write.


# %%
class MLP(d2l.Classifier):
    """The same network, put together from layers."""

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
# The same trainer fits it without a change. Model and loop know nothing of each other, which is
# what the design in 3.2 was for.

# %%
torch.manual_seed(0)
concise = MLP(num_outputs=10, num_hiddens=256, lr=0.1)
trainer.fit(concise, data)
concise_result = trainer.validate(concise, data)
print(f"validation accuracy {concise_result['val_acc']:.4f}")

# %% [markdown]
# The two reach about the same accuracy and not exactly the same, since layers draw their first
# weights in another way than we did. But they **are** the same function: with our weights put into
# the layers, they give the same answers.

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
# ## Try it yourself
#
# 1. Change `num_hiddens` to 32 and to 1024. What do you gain, and what does an epoch cost?
# 2. Add a second hidden layer to `MLP`. What does it bring with the same ten epochs?
# 3. Set `sigma=0` in `MLPScratch`. What do you see on the board, and what does it have to do with
#    equal gradients?

# %% [markdown]
# ## Check

# %%
assert relu(torch.tensor([-2.0, 0.0, 0.5])).tolist() == [0, 0, 0.5]

# 784 inputs and a bias for each of 256 units, 256 and a bias for each of 10 classes.
num_parameters = (784 + 1) * 256 + (256 + 1) * 10
for trained in (scratch, concise):
    assert sum(p.numel() for p in trained.parameters()) == num_parameters
assert difference < 1e-4


def count_right(model):
    """How many of the 10,000 validation pictures a model gets right."""
    pictures = data.val.data.reshape(-1, 1, 28, 28) / 255
    with torch.no_grad():
        return (model(pictures).argmax(dim=1) == data.val.targets).sum().item()


# The promise: 0.85 after ten epochs, counted a second way.
for trained, result in ((scratch, scratch_result), (concise, concise_result)):
    assert result["val_acc"] >= 0.85
    assert abs(count_right(trained) / 10000 - result["val_acc"]) < 5e-4
assert large_batches["val_acc"] > 0.8
assert len(model.board.points["val_acc"]) == 10
by_hand, by_layers = count_right(scratch), count_right(concise)
print(f"5.2 holds: {by_hand} and {by_layers} of 10,000 right (promised: 8,500)")
