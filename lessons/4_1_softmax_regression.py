# %% [markdown]
# # 4.1 Softmax regression
#
# You will learn how a linear model chooses between classes: softmax turns any numbers into
# probabilities, and cross-entropy says how bad they are. At the end stands the loveliest derivative
# of the whole course, which you will derive on paper and then check against the machine. Every
# classifier that follows, up to the largest, ends in these two functions.

# %%
# %matplotlib inline
import math

import torch

from d2l import torch as d2l

d2l.use_svg_display()

# %% [markdown]
# ## 4.1.1 From numbers to probabilities
#
# Cat, chicken or dog? We write the answer as a **one-hot** vector, with a 1 at the class and 0
# elsewhere. That way no class is "larger" than another, as 0, 1 and 2 would have it.

# %%
labels = torch.tensor([0, 2, 1])
one_hot = torch.nn.functional.one_hot(labels, num_classes=3)
print(one_hot)

# %% [markdown]
# A linear layer gives one number for each class, $\mathbf{o} = \mathbf{W}\mathbf{x} + \mathbf{b}$,
# called the **logits**. They can be negative and do not add up to one, so they are no
# probabilities. Softmax mends both: the exponential makes everything positive, and dividing by the
# sum makes the total one.
#
# $$
# \hat{\mathbf{y}} = \mathrm{softmax}(\mathbf{o})
# \quad \text{where} \quad \hat{y}_i = \frac{\exp(o_i)}{\sum_j \exp(o_j)}
# $$


# %%
def softmax(o):
    exponentials = torch.exp(o)
    return exponentials / exponentials.sum(-1, keepdim=True)


o = torch.tensor([1.0, -2.0, 3.0])
y_hat = softmax(o)
print("logits:       ", o)
print("probabilities:", y_hat, "sum:", y_hat.sum())

# %% [markdown]
# ### What softmax does and does not change
#
# The order stays, because the exponential is increasing and all entries are divided by the same
# sum. To know the winner you need no softmax at all:
#
# $$\underset{j}{\mathrm{argmax}} \; \hat{y}_j = \underset{j}{\mathrm{argmax}} \; o_j$$
#
# And only differences between logits count. Adding 20 to each of them multiplies numerator and
# denominator by $e^{20}$, which cancels.

# %%
shifted = softmax(o + 20)
print("same winner:", o.argmax() == y_hat.argmax())
print("same probabilities after a shift:", torch.allclose(shifted, y_hat))

# %% [markdown]
# With two classes and the second logit held at 0, the probability of the first is an S-shaped
# curve: certain on the far right, impossible on the far left, undecided in the middle. You will
# meet it again in 5.1 under the name of sigmoid.

# %%
first_logit = torch.linspace(-6, 6, 121)
two_logits = torch.stack([first_logit, torch.zeros(121)], dim=1)
both = softmax(two_logits)
d2l.plot(
    first_logit,
    [both[:, 0], both[:, 1]],
    "logit of class 1 (class 2 has 0)",
    "probability",
    legend=["class 1", "class 2"],
    figsize=(5, 2.5),
)

# %% [markdown]
# ## 4.1.2 How wrong is a probability?
#
# ### Likelihood
#
# A good model gives a high probability to what really happened. For $n$ independent examples these
# probabilities multiply. Products of many small numbers vanish below what a computer can hold, so
# we take the logarithm, and a minus sign makes it something to make small:
#
# $$
# -\log P(\mathbf{Y} \mid \mathbf{X}) =
# \sum_{i=1}^n -\log P(\mathbf{y}^{(i)} \mid \mathbf{x}^{(i)}) =
# \sum_{i=1}^n l(\mathbf{y}^{(i)}, \hat{\mathbf{y}}^{(i)})
# $$
#
# ### Cross-entropy
#
# For a single example with one-hot label $\mathbf{y}$ and $q$ classes, that loss is
#
# $$l(\mathbf{y}, \hat{\mathbf{y}}) = -\sum_{j=1}^q y_j \log \hat{y}_j$$
#
# All terms but one are multiplied by zero. What is left is minus the logarithm of the probability
# that the model gave to the true class.


# %%
def cross_entropy(y, y_hat):
    return -(y * torch.log(y_hat)).sum(-1)


y = torch.tensor([0.0, 0.0, 1.0])
print("loss:                  ", cross_entropy(y, y_hat))
print("minus log of the third:", -torch.log(y_hat[2]))

# %% [markdown]
# Being certain and right costs nothing. Being undecided between two costs $\log 2 \approx 0.69$.
# Being certain and **wrong** costs without limit, and that keeps models honest.

# %%
p = torch.linspace(0.005, 1, 200)
d2l.plot(
    p,
    -torch.log(p),
    "probability given to the true class",
    "loss",
    figsize=(5, 2.5),
)

# %% [markdown]
# ### Two in one
#
# Put softmax into cross-entropy. The logarithm of a quotient is a difference, the logarithm undoes
# the exponential, and the $y_j$ add up to one:
#
# $$
# \begin{aligned}
# l(\mathbf{y}, \hat{\mathbf{y}}) &= -\sum_{j=1}^q y_j
# \log \frac{\exp(o_j)}{\sum_{k=1}^q \exp(o_k)} \\
# &= \sum_{j=1}^q y_j \log \sum_{k=1}^q \exp(o_k) - \sum_{j=1}^q y_j o_j \\
# &= \log \sum_{k=1}^q \exp(o_k) - \sum_{j=1}^q y_j o_j
# \end{aligned}
# $$
#
# In words: a soft maximum of all logits, minus the logit of the true class.


# %%
def loss_from_logits(y, o):
    return torch.logsumexp(o, dim=-1) - (y * o).sum(-1)


print("in two steps:", cross_entropy(y, softmax(o)))
print("in one:      ", loss_from_logits(y, o))

# %% [markdown]
# The second form is not only shorter. Single-precision numbers end near $3 \cdot 10^{38}$, and
# $e^{100}$ is larger than that: the first form divides infinity by infinity. `logsumexp` takes the
# largest logit out before it exponentiates, and all is well. This is why libraries want **logits**
# and not probabilities in their cross-entropy.

# %%
huge = torch.tensor([100.0, 0.0, -50.0])
print("in two steps:", cross_entropy(y, softmax(huge)))
print("in one:      ", loss_from_logits(y, huge))

# %% [markdown]
# ### The derivative
#
# Now differentiate the last line with respect to one logit $o_j$. The second sum gives $y_j$. The
# first is a chain rule: the derivative of a logarithm is one over its argument, times the
# derivative of the argument, and of the sum only the term $\exp(o_j)$ depends on $o_j$.
#
# $$
# \partial_{o_j} l(\mathbf{y}, \hat{\mathbf{y}}) =
# \frac{\exp(o_j)}{\sum_{k=1}^q \exp(o_k)} - y_j =
# \mathrm{softmax}(\mathbf{o})_j - y_j
# $$
#
# The gradient is what the model believed, minus what happened. It is the same form as in linear
# regression, where the derivative of $\frac{1}{2}(\hat{y} - y)^2$ is $\hat{y} - y$.
#
# We compute it in three ways. First by the formula, second by autograd, and third with nothing but
# the definition of a derivative: nudge each logit a little up and a little down and see how much
# the loss changes.

# %%
by_formula = softmax(o) - y

o_tracked = o.clone().requires_grad_(True)
cross_entropy(y, softmax(o_tracked)).backward()
by_autograd = o_tracked.grad

nudge = 1e-5
nudges = nudge * torch.eye(3, dtype=torch.float64)
up, down = loss_from_logits(y, o + nudges), loss_from_logits(y, o - nudges)
by_nudging = (up - down) / (2 * nudge)

print("by the formula:", by_formula)
print("by autograd:   ", by_autograd)
print("by nudging:    ", by_nudging)

# %% [markdown]
# Two things to see in these numbers. The entry of the true class is negative, so gradient descent
# raises its logit, and all other entries are positive, so theirs go down. And the entries add up to
# zero: raising all logits together changes nothing, as we found above.

# %% [markdown]
# ## Try it yourself
#
# 1. How large must a logit be for `torch.exp` to overflow in single precision? Find the place by
#    trial, then by a logarithm.
# 2. Differentiate once more. Show that the second derivative $\partial^2_{o_j} l$ is
#    $\hat{y}_j (1 - \hat{y}_j)$, the variance of the class indicator, and check it with autograd.
# 3. Give the label a little doubt, $\mathbf{y} = (0.05, 0.05, 0.9)$. Does the derivative still
#    hold? Which property of $\mathbf{y}$ did the derivation use?

# %% [markdown]
# ## Check

# %%
# The exponentials of 1, -2 and 3, by a pocket calculator.
calculated = torch.tensor([2.7182818, 0.1353353, 20.0855369])
assert torch.allclose(y_hat, calculated / 22.939154, atol=1e-6)
assert abs(y_hat.sum().item() - 1) < 1e-6
assert torch.allclose(shifted, y_hat)
assert one_hot.tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0]]

# With two classes, softmax is the logistic curve of the difference.
assert torch.allclose(both[:, 0], 1 / (1 + torch.exp(-first_logit)), atol=1e-6)

# One form, two forms, and PyTorch's own: the same loss.
by_torch = torch.nn.functional.cross_entropy(o[None], torch.tensor([2]))
for loss in (cross_entropy(y, softmax(o)), loss_from_logits(y, o), by_torch):
    assert abs(loss.item() - math.log(22.939154 / 20.0855369)) < 1e-6
# The true logit lies 150 below the largest.
assert abs(loss_from_logits(y, huge).item() - 150) < 1e-4
assert not torch.isfinite(cross_entropy(y, softmax(huge)))

# softmax(o) - y, three ways.
assert torch.allclose(by_formula, by_autograd, atol=1e-6)
assert torch.allclose(by_formula.double(), by_nudging, atol=1e-6)
assert abs(by_formula.sum().item()) < 1e-6
assert by_formula[2] < 0 < by_formula[:2].min()
print("4.1 holds: the derivative is softmax(o) - y, found in three ways")
