# %% [markdown]
# # 4.1 Softmax regression
#
# Softmax regression is a linear model for classification: softmax turns the outputs of a linear
# layer into probabilities, and the cross-entropy loss compares them with the labels. The derivative
# of this loss with respect to the outputs is $\mathrm{softmax}(\mathbf{o}) - \mathbf{y}$; the
# lesson derives it and checks it numerically.
#
# **After this lesson you can**
#
# - compute softmax probabilities from logits, and name two properties of softmax
# - compute the cross-entropy loss and explain it as a negative log-likelihood
# - derive the gradient $\mathrm{softmax}(\mathbf{o}) - \mathbf{y}$
# - explain why cross-entropy is computed from logits, and use `logsumexp` against overflow

# %%
# %matplotlib inline
import math

import torch

from d2l import torch as d2l

d2l.use_svg_display()

# %% [markdown]
# ## 4.1.1 Softmax
#
# The label of an example is one of $q$ classes, here cat, chicken and dog. It is encoded as a
# **one-hot** vector, with a 1 at the class and 0 elsewhere, because the numbers 0, 1 and 2 would
# give the classes an order.

# %%
labels = torch.tensor([0, 2, 1])
one_hot = torch.nn.functional.one_hot(labels, num_classes=3)
print(one_hot)

# %% [markdown]
# A linear layer computes one number for each class, the **logits**
# $\mathbf{o} = \mathbf{W}\mathbf{x} + \mathbf{b}$. They can be negative and do not add up to one,
# so they are not probabilities. Softmax maps them to probabilities: the exponential makes each
# number positive, and the division by the sum makes their sum one.
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
# ### Properties of softmax
#
# Softmax keeps the order of the logits, because the exponential is increasing and all entries are
# divided by the same sum. So the predicted class can be found from the logits:
#
# $$\underset{j}{\mathrm{argmax}} \; \hat{y}_j = \underset{j}{\mathrm{argmax}} \; o_j$$
#
# Only differences between logits matter. Adding 20 to each logit multiplies the numerator and the
# denominator by $e^{20}$, which cancels.

# %%
shifted = softmax(o + 20)
print("same winner:", o.argmax() == y_hat.argmax())
print("same probabilities after a shift:", torch.allclose(shifted, y_hat))

# %% [markdown]
# With two classes and the second logit fixed at 0, the probability of the first class is an
# S-shaped function of its logit: it tends to 0 on the left and to 1 on the right, and is
# $\frac{1}{2}$ at 0. This function is called sigmoid (5.1).

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
# ## 4.1.2 The loss function
#
# ### Likelihood
#
# A good model assigns a high probability to the observed labels. For $n$ independent examples these
# probabilities are multiplied. A product of many small numbers underflows, so the logarithm is
# used, and its negative is minimized (*maximum likelihood*):
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
# All terms but one are multiplied by zero. The remaining term is the negative logarithm of the
# probability that the model assigns to the true class.


# %%
def cross_entropy(y, y_hat):
    return -(y * torch.log(y_hat)).sum(-1)


y = torch.tensor([0.0, 0.0, 1.0])
print("loss:                  ", cross_entropy(y, y_hat))
print("minus log of the third:", -torch.log(y_hat[2]))

# %% [markdown]
# The loss is 0 if the model assigns the probability 1 to the true class, $\log 2 \approx 0.69$ for
# the probability $\frac{1}{2}$, and it is unbounded as the probability tends to 0: a **wrong**
# prediction with high confidence has a large loss.

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
# ### Softmax and cross-entropy together
#
# Insert softmax into cross-entropy. The logarithm of a quotient is a difference, the logarithm
# undoes the exponential, and the $y_j$ add up to one:
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
# The first term, `logsumexp`, is a smooth approximation of the largest logit. The second is the
# logit of the true class.


# %%
def loss_from_logits(y, o):
    return torch.logsumexp(o, dim=-1) - (y * o).sum(-1)


print("in two steps:", cross_entropy(y, softmax(o)))
print("in one:      ", loss_from_logits(y, o))

# %% [markdown]
# The second form is numerically stable. The largest single-precision number is about
# $3 \cdot 10^{38}$, and $e^{100}$ is larger: the first form *overflows* and divides infinity by
# infinity. `logsumexp` subtracts the largest logit before the exponential. This is why the
# cross-entropy of PyTorch takes **logits** and not probabilities.

# %%
huge = torch.tensor([100.0, 0.0, -50.0])
print("in two steps:", cross_entropy(y, softmax(huge)))
print("in one:      ", loss_from_logits(y, huge))

# %% [markdown]
# ### The derivative
#
# Differentiate the last line with respect to one logit $o_j$. The derivative of the second sum is
# $y_j$. For the first, apply the chain rule: the derivative of a logarithm is one over its
# argument, times the derivative of the argument, and only the term $\exp(o_j)$ of the sum depends
# on $o_j$.
#
# $$
# \partial_{o_j} l(\mathbf{y}, \hat{\mathbf{y}}) =
# \frac{\exp(o_j)}{\sum_{k=1}^q \exp(o_k)} - y_j =
# \mathrm{softmax}(\mathbf{o})_j - y_j
# $$
#
# The gradient is the difference between the predicted probabilities and the label. It has the same
# form as in linear regression, where the derivative of $\frac{1}{2}(\hat{y} - y)^2$ is
# $\hat{y} - y$.
#
# We compute it in three ways: by the formula, by automatic differentiation, and by *finite
# differences*: increase and decrease each logit by a small number and divide the change of the loss
# by the change of the logit.

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
print("by differences:", by_nudging)

# %% [markdown]
# The entry of the true class is negative, so gradient descent increases its logit. All other
# entries are positive, so their logits decrease. The entries add up to zero, because adding a
# constant to all logits does not change the loss. The plot shows the gradient as a function of the
# logit of the true class.

# %%
true_logit = torch.linspace(-6, 6, 121)
varied = torch.stack([torch.zeros(121), torch.zeros(121), true_logit], dim=1)
gradients = softmax(varied) - y
d2l.plot(
    true_logit,
    [gradients[:, 2], gradients[:, 0]],
    "logit of the true class (the others have 0)",
    "derivative of the loss",
    legend=["true class", "another class"],
    figsize=(5, 2.5),
)

# %% [markdown]
# For a wrong prediction (left) the derivative with respect to the true logit is close to $-1$; for
# a right one (right) it is close to 0. It does not vanish where the model is wrong.

# %% [markdown]
# ## Check yourself
#
# **Question 1.** The logits are $(2, 2, 2, 2)$. What are the probabilities and the cross-entropy
# loss?
#
# <details><summary>Answer</summary>
#
# Each probability is $\frac{1}{4}$, whatever the common value of the logits. The loss is
# $\log 4 \approx 1.386$.
#
# </details>
#
# **Question 2.** $\hat{\mathbf{y}} = (0.7, 0.2, 0.1)$ and the true class is the second. What is the
# gradient with respect to the logits? Which logits does a step of gradient descent increase?
#
# <details><summary>Answer</summary>
#
# $\hat{\mathbf{y}} - \mathbf{y} = (0.7, -0.8, 0.1)$. Only the second logit is increased.
#
# </details>
#
# **Question 3.** Why must the outputs given to `torch.nn.functional.cross_entropy` not be
# probabilities?
#
# <details><summary>Answer</summary>
#
# The function applies softmax itself. Softmax of probabilities, which lie between 0 and 1, gives
# nearly equal numbers: the loss cannot become small, and the gradients are small.
#
# </details>

# %% [markdown]
# ## Exercises
#
# **Exercise 1.** How large must a number be for `torch.exp` to overflow in single precision? Find
# it by bisection, then with a logarithm.
#
# <details><summary>Hint</summary>
#
# `torch.finfo(torch.float32).max` is the largest finite number.
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 1
low, high = 0.0, 200.0
for _ in range(50):
    middle = (low + high) / 2
    is_finite = torch.isfinite(torch.exp(torch.tensor(middle)))
    low, high = (middle, high) if is_finite else (low, middle)
by_logarithm = math.log(torch.finfo(torch.float32).max)
print(f"by bisection {low:.4f}, by the logarithm {by_logarithm:.4f}")
assert abs(low - by_logarithm) < 1e-3

# %% [markdown]
# **Exercise 2.** Show that the second derivative $\partial^2_{o_j} l$ is
# $\hat{y}_j (1 - \hat{y}_j)$, the variance of the indicator of class $j$, and check it with
# automatic differentiation.
#
# <details><summary>Hint</summary>
#
# Differentiate $\mathrm{softmax}(\mathbf{o})_j = \exp(o_j) / \sum_k \exp(o_k)$ by the quotient
# rule.
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 2
# Quotient rule, with S the sum: (exp(o_j) S - exp(o_j) exp(o_j)) / S² = ŷ_j - ŷ_j².
second = torch.autograd.functional.hessian(lambda logits: loss_from_logits(y, logits), o).diagonal()
print("by automatic differentiation:", second)
print("by the formula:              ", y_hat * (1 - y_hat))
assert torch.allclose(second, y_hat * (1 - y_hat), atol=1e-6)

# %% [markdown]
# **Exercise 3.** Use the *smoothed* label $\mathbf{y} = (0.05, 0.05, 0.9)$. Is the gradient still
# $\mathrm{softmax}(\mathbf{o}) - \mathbf{y}$? Which property of $\mathbf{y}$ does the derivation
# use?
#
# <details><summary>Hint</summary>
#
# In which step of "Softmax and cross-entropy together" is a sum of the $y_j$ replaced?
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 3
smooth_label = torch.tensor([0.05, 0.05, 0.9])
logits = o.clone().requires_grad_(True)
cross_entropy(smooth_label, softmax(logits)).backward()
print(logits.grad, softmax(o) - smooth_label)
# The derivation only uses that the entries add up to one.
assert torch.allclose(logits.grad, softmax(o) - smooth_label, atol=1e-6)
