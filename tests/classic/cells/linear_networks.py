"""Cells as readers of 0.17.6 write them: linear networks and perceptrons (its chapters 3 to 5)."""

# %%
import random
import torch
from torch import nn
from d2l import torch as d2l

# %% chapter 3: linear regression from scratch
true_w, true_b = torch.tensor([2, -3.4]), 4.2
features, labels = d2l.synthetic_data(true_w, true_b, 200)
d2l.set_figsize()
d2l.plt.scatter(features[:, 1].detach().numpy(), labels.detach().numpy(), 1)

# %%
def data_iter(batch_size, features, labels):
    indices = list(range(len(features)))
    random.shuffle(indices)
    for i in range(0, len(indices), batch_size):
        chosen = torch.tensor(indices[i : i + batch_size])
        yield features[chosen], labels[chosen]


w = torch.normal(0, 0.01, size=(2, 1), requires_grad=True)
b = torch.zeros(1, requires_grad=True)
for epoch in range(3):
    for X, y in data_iter(10, features, labels):
        l = d2l.squared_loss(d2l.linreg(X, w, b), y)
        l.sum().backward()
        d2l.sgd([w, b], 0.1, 10)
assert (w.reshape(true_w.shape) - true_w).abs().max() < 0.1

# %% chapter 3: concise
loader = d2l.load_array((features, labels), 10)
net = nn.Sequential(nn.Linear(2, 1))
net[0].weight.data.normal_(0, 0.01)
net[0].bias.data.fill_(0)
trainer = torch.optim.SGD(net.parameters(), lr=0.1)
for epoch in range(3):
    for X, y in loader:
        l = nn.MSELoss()(net(X), y)
        trainer.zero_grad()
        l.backward()
        trainer.step()
assert d2l.evaluate_loss(net, loader, nn.MSELoss(reduction="none")) < 0.01

# %% chapter 3: softmax regression, on images of three classes instead of clothes
generator = torch.Generator().manual_seed(0)
labels = torch.randint(3, (96,), generator=generator)
images = torch.rand(96, 1, 28, 28, generator=generator) * 0.5
images[range(96), 0, labels * 9, :] += 1
train_iter = d2l.load_array((images[:64], labels[:64]), 16)
test_iter = d2l.load_array((images[64:], labels[64:]), 16, is_train=False)
d2l.show_images(images[:6].reshape(6, 28, 28), 2, 3, titles=d2l.get_fashion_mnist_labels(labels[:6]))

# %%
num_inputs, num_outputs = 784, 10
W = torch.normal(0, 0.01, size=(num_inputs, num_outputs), requires_grad=True)
b = torch.zeros(num_outputs, requires_grad=True)


def softmax(X):
    X_exp = torch.exp(X)
    return X_exp / X_exp.sum(1, keepdim=True)


def net(X):
    return softmax(torch.matmul(X.reshape((-1, W.shape[0])), W) + b)


def cross_entropy(y_hat, y):
    return -torch.log(y_hat[range(len(y_hat)), y])


assert d2l.accuracy(torch.tensor([[0.1, 0.9], [0.8, 0.2]]), torch.tensor([1, 1])) / 2 == 0.5
before = d2l.evaluate_accuracy(net, test_iter)


# %%
def updater(batch_size):
    return d2l.sgd([W, b], 0.1, batch_size)


d2l.train_ch3(net, train_iter, test_iter, cross_entropy, 5, updater)
assert d2l.evaluate_accuracy(net, test_iter) > max(before, 0.9)
d2l.predict_ch3(net, test_iter)

# %% chapter 3: softmax regression, concise; weights are drawn by a function of the notebook
net = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))


def init_weights(m):
    if type(m) == nn.Linear:
        nn.init.normal_(m.weight, std=0.01)


net.apply(init_weights)
loss = nn.CrossEntropyLoss(reduction="none")
trainer = torch.optim.SGD(net.parameters(), lr=0.1)
d2l.train_ch3(net, train_iter, test_iter, loss, 3, trainer)

# %% chapter 4: a perceptron of its own parameters
W1 = nn.Parameter(torch.randn(784, 16) * 0.01)
b1 = nn.Parameter(torch.zeros(16))
W2 = nn.Parameter(torch.randn(16, 10) * 0.01)
b2 = nn.Parameter(torch.zeros(10))
params = [W1, b1, W2, b2]


def mlp(X):
    H = torch.relu(X.reshape(-1, 784) @ W1 + b1)
    return H @ W2 + b2


d2l.train_ch3(mlp, train_iter, test_iter, loss, 2, torch.optim.SGD(params, lr=0.1))

# %% chapter 4: fitting polynomials, with the curve drawn by hand
max_degree = 4
x = torch.normal(0, 1, (40, 1))
poly = torch.pow(x, torch.arange(max_degree).reshape(1, -1))
y = poly @ torch.tensor([5.0, 1.2, -3.4, 5.6])
animator = d2l.Animator(
    xlabel="epoch", ylabel="loss", yscale="log", xlim=[1, 4], ylim=[1e-3, 1e2],
    legend=["train", "test"],
)
net = nn.Sequential(nn.Linear(max_degree, 1, bias=False))
trainer = torch.optim.SGD(net.parameters(), lr=0.01)
batches = d2l.load_array((poly, y.reshape(-1, 1)), 10)
mse = nn.MSELoss(reduction="none")
for epoch in range(4):
    d2l.train_epoch_ch3(net, batches, mse, trainer)
    loss_now = d2l.evaluate_loss(net, batches, mse)
    animator.add(epoch + 1, (loss_now, d2l.evaluate_loss(net, batches, mse)))
assert len(animator.X[0]) == 4

# %% chapter 4: a curve of a function
x = torch.arange(-8.0, 8.0, 0.1, requires_grad=True)
d2l.plot(x.detach(), torch.relu(x).detach(), "x", "relu(x)", figsize=(5, 2.5))

# %% chapter 5: blocks of one's own
class Centered(nn.Module):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)

    def forward(self, X):
        return X - X.mean()


assert abs(Centered()(torch.rand(4, 8)).mean().item()) < 1e-6
assert d2l.try_gpu(10) == torch.device("cpu")

# %% a name that the notebook defines itself, as copied from elsewhere, is the notebook's
def train_epoch_ch3(net, train_iter, loss, updater):
    return 0.25, 0.75


d2l.train_epoch_ch3 = train_epoch_ch3
seen = []
d2l.evaluate_accuracy = lambda net, data_iter: seen.append(data_iter) or 0.5
d2l.train_ch3(net, train_iter, test_iter, loss, 2, trainer)
assert seen == [test_iter, test_iter]
