# %% [markdown]
# # Homework: from tensors to training
#
# Answer each question in the cells below its heading.

# %%
# ruff: noqa: B018
# %matplotlib inline
import io

import matplotlib.pyplot as plt
import pandas as pd
import torch
from torch.nn import functional as F

from d2l import torch as d2l

# %% [markdown]
# ## 1 Tensors
#
# Make a matrix and look at its sums, its transpose and its parts.

# %%
A = torch.arange(12, dtype=torch.float32).reshape(3, 4)
A

# %%
print("sum of each column:", A.sum(axis=0))
print("mean of all:", A.mean())

# %%
B = A.T
B.shape, B

# %%
shares = A / A.sum(axis=1, keepdims=True)
shares

# %%
middle = A[1:3, 1:3]
middle

# %% [markdown]
# ## 2 A data frame

# %%
houses = pd.read_csv(io.StringIO("rooms,roof,price\n,slate,127500\n2,,106000\n4,,178100\n"))
houses

# %%
inputs = pd.get_dummies(houses.iloc[:, 0:2], dummy_na=True)
inputs = inputs.fillna(inputs.mean())
inputs

# %%
prices = torch.tensor(houses["price"].values) / 1000
print(prices)

# %% [markdown]
# ## 3 Gradients

# %%
x = torch.arange(4.0, requires_grad=True)
y = 2 * torch.dot(x, x)
y.backward()
x.grad

# %%
x.grad.zero_()
x.sum().backward()
x.grad


# %%
def slope(f, at, h=1e-2):
    """The slope of f, from two values."""
    return (f(at + h) - f(at - h)) / (2 * h)


print("the slope of x^2 at 3 is about", round(slope(lambda x: x * x, 3.0), 3))

# %% [markdown]
# ## 4 Softmax and its loss


# %%
def softmax(X):
    X_exp = torch.exp(X)
    return X_exp / X_exp.sum(1, keepdims=True)


logits = torch.tensor([[1.0, 2.0, 0.5], [0.1, 0.2, 3.0]])
labels = torch.tensor([1, 2])
probabilities = softmax(logits)
probabilities


# %%
def cross_entropy(y_hat, y):
    return -torch.log(y_hat[range(len(y_hat)), y]).mean()


print("loss", cross_entropy(probabilities, labels))

# %%
F.cross_entropy(2 * logits, labels)

# %% [markdown]
# ## 5 Linear regression

# %%
torch.manual_seed(1)
data = d2l.SyntheticRegressionData(w=torch.tensor([2.0, -3.4]), b=4.2, num_train=256, num_val=64)
data.X[:3]

# %%
plt.scatter(data.X[:, 1], data.y[:, 0], s=2)
plt.show()


# %%
class Line(d2l.LinearRegressionScratch):
    def loss(self, y_hat, y):
        return ((y_hat - y) ** 2 / 2).mean()


model = Line(2, lr=0.1)
trainer = d2l.Trainer(max_epochs=4)
trainer.fit(model, data)

# %%
print("weights:", model.w.detach().reshape(-1))

# %% [markdown]
# ## 6 Three classes

# %%
centers = torch.tensor([[2.0, 0.0], [-2.0, 0.0], [0.0, 2.0]])
targets = torch.arange(300) % 3
points = centers[targets] + torch.randn(300, 2)
targets.bincount()

# %%
order = torch.randperm(300)
batches = [(points[rows], targets[rows]) for rows in order.split(30)]
batches[0][1]

# %%
net = torch.nn.Linear(2, 3)
optimizer = torch.optim.SGD(net.parameters(), lr=0.5)
for _ in range(3):
    for X, y in batches:
        optimizer.zero_grad()
        F.cross_entropy(net(X), y).backward()
        optimizer.step()
accuracy = (net(points).argmax(1) == targets).float().mean()
print("accuracy:", accuracy)

# %%
names = ["left", "right", "top"]
pd.DataFrame({"class": names, "count": targets.bincount().tolist()})

# %%
print("the first points:", [names[target] for target in targets[:4]])
