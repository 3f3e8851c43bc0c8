# %% [markdown]
# # 3.4 Linear regression from scratch
#
# You will build everything yourself: the model, its loss, the optimizer, and the loop that trains
# it. Nothing is left to magic but the gradients. Later lessons hide these four pieces behind
# library calls, and you will know what is behind them.

# %%
# %matplotlib inline
import torch

from d2l import torch as d2l

d2l.use_svg_display()

# %% [markdown]
# ## Data whose truth we know
#
# To find out whether training works, we make data ourselves: 1000 examples for training and 1000
# for validation with two features each, weights $\mathbf{w} = (2, -3.4)$, bias $b = 4.2$, and a
# little normal noise of standard deviation 0.01. If we get these three numbers back, all is well.

# %%
torch.manual_seed(1)
data = d2l.SyntheticRegressionData(w=torch.tensor([2, -3.4]), b=4.2)
X, y = next(iter(data.train_dataloader()))
print("one batch:", X.shape, y.shape)

# %% [markdown]
# The second feature against the label: a falling trend. What looks like noise is mostly the first
# feature, which this picture does not show.

# %%
d2l.set_figsize((4, 2.5))
d2l.plt.scatter(data.X[:, 1], data.y[:, 0], s=2)
d2l.plt.xlabel("second feature")
d2l.plt.ylabel("y")
d2l.plt.show()

# %% [markdown]
# ## 3.4.1 The model
#
# Two weights and a bias. The weights start as small random numbers, the bias at zero.
# `requires_grad=True` asks PyTorch to record what we do with them, so that it can differentiate it
# later.


# %%
class LinearRegressionScratch(d2l.Module):
    """Linear regression with nothing borrowed but the gradients."""

    def __init__(self, num_inputs, lr, sigma=0.01):
        super().__init__()
        self.save_hyperparameters()
        self.w = torch.normal(0, sigma, (num_inputs, 1), requires_grad=True)
        self.b = torch.zeros(1, requires_grad=True)


# %% [markdown]
# A prediction is a matrix product plus the bias. The product has shape (batch, 1), the bias (1,):
# broadcasting adds the same bias to each row.


# %%
@d2l.add_to_class(LinearRegressionScratch)
def forward(self, X):
    return X @ self.w + self.b


# %% [markdown]
# ## 3.4.2 The loss
#
# Half the squared error, averaged over the batch. Averaging, rather than adding up, keeps the size
# of a step independent of the batch size. Take care that `y_hat` and `y` have the same shape:
# $(n, 1)$ minus $(n,)$ would silently broadcast to an $n$ by $n$ matrix.


# %%
@d2l.add_to_class(LinearRegressionScratch)
def loss(self, y_hat, y):
    return ((y_hat - y) ** 2 / 2).mean()


# %% [markdown]
# ## 3.4.3 The optimizer
#
# Stochastic gradient descent takes a step downhill on each batch $\mathcal{B}$:
#
# $$
# (\mathbf{w}, b) \leftarrow (\mathbf{w}, b) - \eta \, \nabla_{(\mathbf{w}, b)}
# \frac{1}{|\mathcal{B}|} \sum_{i \in \mathcal{B}} l^{(i)}(\mathbf{w}, b)
# $$
#
# with the learning rate $\eta$. An optimizer needs two methods and no more: `step` moves each
# parameter against its gradient, and `zero_grad` wipes the gradients, because `backward` adds to
# what is there already.


# %%
class SGD(d2l.HyperParameters):
    """Plain minibatch gradient descent."""

    def __init__(self, params, lr):
        self.save_hyperparameters()

    def step(self):
        for param in self.params:
            param -= self.lr * param.grad

    def zero_grad(self):
        for param in self.params:
            if param.grad is not None:
                param.grad.zero_()


@d2l.add_to_class(LinearRegressionScratch)
def configure_optimizers(self):
    return SGD([self.w, self.b], self.lr)


# %% [markdown]
# ## 3.4.4 Training
#
# One epoch goes once through the training data. For each batch: predict, measure the loss, ask for
# the gradients, step. Then go through the validation data without learning from it.
#
# We store our own loop on the library's trainer. **This changes `d2l.Trainer` for the rest of the
# session**: each trainer in this notebook runs the code below, and restarting the kernel brings the
# library's own loop back. The step happens under `torch.no_grad()`, since an update of a parameter
# is no part of the model and must not be recorded.


# %%
@d2l.add_to_class(d2l.Trainer)
def prepare_batch(self, batch):
    return batch


@d2l.add_to_class(d2l.Trainer)
def fit_epoch(self):
    self.model.train()
    for batch in self.train_dataloader:
        self.optim.zero_grad()
        self.model.training_step(self.prepare_batch(batch)).backward()
        with torch.no_grad():
            if self.gradient_clip_val > 0:
                self.clip_gradients(self.gradient_clip_val, self.model)
            self.optim.step()
        self.train_batch_idx += 1
    if self.val_dataloader is None:
        return
    self.model.eval()
    with torch.no_grad():
        for batch in self.val_dataloader:
            self.model.validation_step(self.prepare_batch(batch))
            self.val_batch_idx += 1


# %% [markdown]
# ### Three epochs
#
# With a cautious learning rate of 0.03 the loss falls fast, and three epochs bring us near.

# %%
model = LinearRegressionScratch(2, lr=0.03)
trainer = d2l.Trainer(max_epochs=3)
trainer.fit(model, data)


# %%
def errors(model):
    """How far the estimates of w and b are from the truth."""
    with torch.no_grad():
        return data.w - model.w.reshape(data.w.shape), data.b - model.b


error_w, error_b = errors(model)
print(f"error in estimating w: {error_w}")
print(f"error in estimating b: {error_b}")

# %% [markdown]
# Near, but not there. You can even foresee how near. The features have mean 0 and variance 1, so
# for this loss each step leaves about $1 - \eta = 0.97$ of the error in place. An epoch has 32
# batches (31 of 32 examples and one of 8), and after three of them some
#
# $$0.97^{3 \cdot 32} \approx 0.054$$
#
# of the first error is left: five percent of 4.2 is about 0.2.

# %%
left_over = (1 - model.lr) ** (3 * len(data.train_dataloader()))
print(f"expected left over: {left_over:.3f}")
print(f"measured on b:      {error_b.item() / data.b:.3f}")

# %% [markdown]
# ### Ten epochs
#
# The same sum says that ten epochs leave $0.97^{320} \approx 0.00006$, less than the noise. Let us
# see.

# %%
longer = LinearRegressionScratch(2, lr=0.03)
trainer = d2l.Trainer(max_epochs=10)
trainer.fit(longer, data)
error_w, error_b = errors(longer)
print(f"error in estimating w: {error_w}")
print(f"error in estimating b: {error_b}")

# %% [markdown]
# Do not read too much into it. Recovering the true parameters is a luxury of made-up data, where
# there is a truth and the features are not copies of each other. With real data we care about good
# predictions, and many different parameters may give them.

# %% [markdown]
# ## Try it yourself
#
# 1. Start the weights at zero instead of small random numbers. Does it still work? Will it work for
#    a network with hidden layers?
# 2. Try learning rates of 0.3, 1 and 3. Which still converge, and what does $|1 - \eta|$ say about
#    it?
# 3. In the loss, reshape `y` to `(-1,)`. No error appears, but what does the model learn, and why?

# %% [markdown]
# ## Check

# %%
# Three epochs leave about five percent of the error, as foretold.
short_w, short_b = errors(model)
assert 0.03 < short_b.item() / data.b < 0.09
assert short_w.abs().max() < 0.5

# After ten, w and b are found.
assert error_w.abs().max() < 0.05
assert error_b.abs().max() < 0.05

# A second way to the same numbers: the least-squares solution of the training examples.
design = torch.cat([data.X[:1000], torch.ones(1000, 1)], dim=1)
by_formula = torch.linalg.lstsq(design, data.y[:1000]).solution.flatten()
found = torch.cat([longer.w.detach().flatten(), longer.b.detach()])
assert (found - by_formula).abs().max() < 0.01

# Our loop and our SGD do what autograd and torch.optim.SGD do, step for step.
twin = torch.nn.Linear(2, 1)
ours = LinearRegressionScratch(2, lr=0.1)
with torch.no_grad():
    twin.weight.copy_(ours.w.T)
    twin.bias.copy_(ours.b)
for optimizer, predict in (
    (ours.configure_optimizers(), ours),
    (torch.optim.SGD(twin.parameters(), lr=0.1), twin),
):
    for _ in range(5):
        optimizer.zero_grad()
        ours.loss(predict(X), y).backward()
        with torch.no_grad():
            optimizer.step()
assert torch.allclose(ours.w.T, twin.weight, atol=1e-6)
assert torch.allclose(ours.b, twin.bias, atol=1e-6)
print("3.4 holds: w and b found to 0.05, and the same as by least squares")
