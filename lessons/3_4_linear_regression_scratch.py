# %% [markdown]
# # 3.4 Linear regression from scratch
#
# This lesson implements linear regression with tensors and automatic differentiation only: the
# model, the loss, the optimizer, and the training loop. Later lessons use the library's versions of
# these four parts.
#
# **After this lesson you can**
#
# - implement a linear model, the squared loss and minibatch stochastic gradient descent
# - write a training loop: forward pass, loss, backward pass, update
# - explain why an update runs under `torch.no_grad()` and why gradients are cleared
# - estimate how fast gradient descent converges from the learning rate

# %%
# %matplotlib inline
import torch

from d2l import torch as d2l

d2l.use_svg_display()

# %% [markdown]
# ## Synthetic data
#
# With synthetic data the true parameters are known: 1000 examples for training and 1000 for
# validation with two features each, weights $\mathbf{w} = (2, -3.4)$, bias $b = 4.2$, and normal
# noise with standard deviation 0.01. Training works if it recovers these three numbers.

# %%
torch.manual_seed(1)
data = d2l.SyntheticRegressionData(w=torch.tensor([2, -3.4]), b=4.2)
X, y = next(iter(data.train_dataloader()))
print("one batch:", X.shape, y.shape)

# %% [markdown]
# The plot shows the second feature and the label: a negative correlation. Most of the variation
# around the trend is the effect of the first feature, which is not shown.

# %%
d2l.set_figsize((4, 2.5))
d2l.plt.scatter(data.X[:, 1], data.y[:, 0], s=2)
d2l.plt.xlabel("second feature")
d2l.plt.ylabel("y")
d2l.plt.show()

# %% [markdown]
# ## 3.4.1 The model
#
# The model has two weights and a bias. The weights are initialized with small random numbers, the
# bias with zero. With `requires_grad=True` PyTorch records the operations on them, so that it can
# compute gradients.


# %%
class LinearRegressionScratch(d2l.Module):
    """Linear regression with tensors and automatic differentiation."""

    def __init__(self, num_inputs, lr, sigma=0.01):
        super().__init__()
        self.save_hyperparameters()
        self.w = torch.normal(0, sigma, (num_inputs, 1), requires_grad=True)
        self.b = torch.zeros(1, requires_grad=True)


# %% [markdown]
# A prediction is a matrix product plus the bias. The product has shape (batch, 1), the bias (1,):
# the bias is broadcast to each row.


# %%
@d2l.add_to_class(LinearRegressionScratch)
def forward(self, X):
    return X @ self.w + self.b


# %% [markdown]
# ## 3.4.2 The loss
#
# The loss is half the squared error, averaged over the batch. With the mean, and not the sum, the
# size of a step does not depend on the batch size. `y_hat` and `y` must have the same shape:
# $(n, 1)$ minus $(n,)$ would be broadcast to an $n$ by $n$ matrix without an error.


# %%
@d2l.add_to_class(LinearRegressionScratch)
def loss(self, y_hat, y):
    return ((y_hat - y) ** 2 / 2).mean()


# %% [markdown]
# ## 3.4.3 The optimizer
#
# Minibatch stochastic gradient descent updates the parameters with the gradient on each batch
# $\mathcal{B}$:
#
# $$
# (\mathbf{w}, b) \leftarrow (\mathbf{w}, b) - \eta \, \nabla_{(\mathbf{w}, b)}
# \frac{1}{|\mathcal{B}|} \sum_{i \in \mathcal{B}} l^{(i)}(\mathbf{w}, b)
# $$
#
# with the learning rate $\eta$. An optimizer needs two methods: `step` changes each parameter in
# the direction of the negative gradient, and `zero_grad` clears the gradients, because `backward`
# accumulates them.


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
# One *epoch* is one pass over the training data. For each batch: compute the predictions and the
# loss, compute the gradients, update the parameters. Then the loss on the validation data is
# computed without an update.
#
# We add this loop to the library's trainer. **This changes `d2l.Trainer` for the rest of the
# session**: each trainer in this notebook runs the code below until the kernel is restarted. The
# update runs under `torch.no_grad()`, because it is not part of the model and must not be recorded.


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
# With a learning rate of 0.03 the loss falls fast. After three epochs the parameters are close to
# the true ones.

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
# The remaining error can be predicted. The features have mean 0 and variance 1, so for this loss
# each step multiplies the error by about $1 - \eta = 0.97$. An epoch has 32 batches (31 of 32
# examples and one of 8), so after three epochs about
#
# $$0.97^{3 \cdot 32} \approx 0.054$$
#
# of the initial error is left: five percent of 4.2 is about 0.2.

# %%
left_over = (1 - model.lr) ** (3 * len(data.train_dataloader()))
print(f"expected left over: {left_over:.3f}")
print(f"measured on b:      {error_b.item() / data.b:.3f}")

# %% [markdown]
# ### Ten epochs
#
# By the same calculation ten epochs leave $0.97^{320} \approx 0.00006$ of the error, which is less
# than the noise.

# %%
longer = LinearRegressionScratch(2, lr=0.03)
trainer = d2l.Trainer(max_epochs=10)
trainer.fit(longer, data)
error_w, error_b = errors(longer)
print(f"error in estimating w: {error_w}")
print(f"error in estimating b: {error_b}")

# %% [markdown]
# The true parameters can be recovered because the data are synthetic and the features are not
# linearly dependent. With real data the aim is good predictions, and different parameters may give
# equally good ones.

# %% [markdown]
# ## Check yourself
#
# **Question 1.** What happens if `zero_grad` is not called?
#
# <details><summary>Answer</summary>
#
# `backward` adds the new gradient to the old ones, so each step follows the sum of the gradients of
# all batches so far. The steps become too large and the training usually diverges or oscillates.
#
# </details>
#
# **Question 2.** Why does the update run under `torch.no_grad()`?
#
# <details><summary>Answer</summary>
#
# An in-place change of a leaf tensor that requires gradients is an error in PyTorch, and the update
# must not become part of the computational graph.
#
# </details>
#
# **Question 3.** The loss is the sum over the batch, not the mean, and the batch size is doubled.
# How must the learning rate be changed to keep the size of the steps?
#
# <details><summary>Answer</summary>
#
# It must be halved, because the gradient of the sum doubles.
#
# </details>

# %% [markdown]
# ## Exercises
#
# **Exercise 1.** Initialize the weights with zero. Does the training still work? Would it work for
# a network with hidden layers?
#
# <details><summary>Hint</summary>
#
# `sigma=0` gives zeros. What distinguishes the units of a hidden layer from each other?
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 1
zero_start = LinearRegressionScratch(2, lr=0.03, sigma=0)
zero_start.board.display = False
d2l.Trainer(max_epochs=10).fit(zero_start, data)
print("errors:", errors(zero_start))
# It works: the loss has one minimum, and SGD converges to it from each initial value. With a hidden
# layer all units would be equal, receive equal gradients, and stay equal.
assert errors(zero_start)[0].abs().max() < 0.05

# %% [markdown]
# **Exercise 2.** Train for one epoch with learning rates of 0.3, 1 and 3. Which of them converge,
# and what does $|1 - \eta|$ say about it?
#
# <details><summary>Hint</summary>
#
# A step multiplies the error by about $1 - \eta$.
#
# </details>


# %% tags=["hide-cell"]
# Solution of exercise 2
def error_after_epoch(lr):
    torch.manual_seed(0)
    trained = LinearRegressionScratch(2, lr)
    optimizer = trained.configure_optimizers()
    for features, labels in data.train_dataloader():
        optimizer.zero_grad()
        trained.loss(trained(features), labels).backward()
        with torch.no_grad():
            optimizer.step()
    return errors(trained)[1].abs().item()


for lr in (0.3, 1.0, 3.0):
    print(f"lr {lr}: |1 - lr| = {abs(1 - lr):.1f}, error of b {error_after_epoch(lr):.2e}")
# Below 1 the error shrinks, above 1 it grows. With |1 - lr| = 0 the error would be 0 after one step
# if each batch had exactly the variance 1; the variance of a batch of 32 varies around it.
assert error_after_epoch(0.3) < 0.05
assert not error_after_epoch(3.0) < 1000

# %% [markdown]
# **Exercise 3.** Reshape `y` to `(-1,)` in the loss. No error is raised, but what does the model
# learn?
#
# <details><summary>Hint</summary>
#
# The difference is an $n$ by $n$ matrix, so each prediction is compared with each label.
#
# </details>


# %% tags=["hide-cell"]
# Solution of exercise 3
class BroadcastLoss(LinearRegressionScratch):
    def loss(self, y_hat, y):
        return ((y_hat - y.reshape(-1)) ** 2 / 2).mean()


torch.manual_seed(0)
wrong = BroadcastLoss(2, lr=0.03)
optimizer = wrong.configure_optimizers()
for _ in range(10):
    for features, labels in data.train_dataloader():
        optimizer.zero_grad()
        wrong.loss(wrong(features), labels).backward()
        with torch.no_grad():
            optimizer.step()
print("w:", wrong.w.flatten().tolist(), " b:", wrong.b.item())
# For each prediction the best value is the mean label of the batch. So the model learns the
# constant 4.2, and weights near 0.
assert wrong.w.abs().max() < 0.5
assert abs(wrong.b.item() - 4.2) < 0.5
