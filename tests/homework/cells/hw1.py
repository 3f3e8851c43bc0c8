# %% [markdown]
# COSE474-2024F: Deep Learning HW1
#
# A student's homework as a program, one cell of the notebook after the other. Under a cell stands
# what its printed copy shows: `# -> ` the output, `# ~> ` an output whose numbers are drawn or
# measured, `# => picture`. Cells that the copy lost are restored from what it shows of them.

# %% [markdown]
# # 2.1 Data manipulation
# ## 2.1.1. Getting Started

# %%
import torch

# %%
x = torch.arange(12, dtype=torch.float32)
x
# -> tensor([ 0., 1., 2., 3., 4., 5., 6., 7., 8., 9., 10., 11.])

# %%
x.numel()
# -> 12

# %%
x.shape
# -> torch.Size([12])

# %%
X = x.reshape(3, 4)
X
# -> tensor([[ 0., 1., 2., 3.],
# ->         [ 4., 5., 6., 7.],
# ->         [ 8., 9., 10., 11.]])

# %%
torch.zeros((2,3,4))
# -> tensor([[[0., 0., 0., 0.],
# ->          [0., 0., 0., 0.],
# ->          [0., 0., 0., 0.]],
# ->         [[0., 0., 0., 0.],
# ->          [0., 0., 0., 0.],
# ->          [0., 0., 0., 0.]]])

# %%
torch.ones((2,3,4))
# -> tensor([[[1., 1., 1., 1.],
# ->          [1., 1., 1., 1.],
# ->          [1., 1., 1., 1.]],
# ->         [[1., 1., 1., 1.],
# ->          [1., 1., 1., 1.],
# ->          [1., 1., 1., 1.]]])

# %%
torch.randn(3,4)
# ~> tensor([[ 1.0299, 1.7744, 0.2221, 1.5564],
# ~>         [-1.0925, -0.9889, -3.0579, -0.2205],
# ~>         [ 0.1886, -0.2370, 0.0943, 2.4571]])

# %%
torch.tensor([[2,1,4,3],[1,2,3,4],[4,3,2,1]])
# -> tensor([[2, 1, 4, 3], [1, 2, 3, 4], [4, 3, 2, 1]])

# %% [markdown]
# ## 2.1.2. Indexing and Slicing

# %%
X[-1], X[1:3]
# -> (tensor([ 8., 9., 10., 11.]),
# ->  tensor([[ 4., 5., 6., 7.],
# ->          [ 8., 9., 10., 11.]]))

# %%
X[1,2] = 17
X
# -> tensor([[ 0., 1., 2., 3.],
# ->         [ 4., 5., 17., 7.],
# ->         [ 8., 9., 10., 11.]])

# %%
X[:2,:] = 12
X
# -> tensor([[12., 12., 12., 12.],
# ->         [12., 12., 12., 12.],
# ->         [ 8., 9., 10., 11.]])

# %% [markdown]
# ## 2.1.3. Operations

# %%
torch.exp(x)
# -> tensor([162754.7969, 162754.7969, 162754.7969, 162754.7969, 162754.7969,
# ->         162754.7969, 162754.7969, 162754.7969, 2980.9580, 8103.0840, 22026.4648, 59874.1406])

# %%
x = torch.tensor([1.0, 2, 4, 8])
y = torch.tensor([2, 2, 2, 2])
x+y, x-y, x*y, x/y, x**y
# -> (tensor([ 3., 4., 6., 10.]),
# ->  tensor([-1., 0., 2., 6.]),
# ->  tensor([ 2., 4., 8., 16.]),
# ->  tensor([0.5000, 1.0000, 2.0000, 4.0000]),
# ->  tensor([ 1., 4., 16., 64.]))

# %%
X = torch.arange(12, dtype=torch.float32).reshape((3,4))
Y = torch.tensor([[2.0, 1, 4, 3], [1, 2, 3, 4], [4, 3, 2, 1]])
torch.cat((X,Y), dim=0), torch.cat((X, Y), dim=1)
# -> (tensor([[ 0., 1., 2., 3.],
# ->          [ 4., 5., 6., 7.],
# ->          [ 8., 9., 10., 11.],
# ->          [ 2., 1., 4., 3.],
# ->          [ 1., 2., 3., 4.],
# ->          [ 4., 3., 2., 1.]]),
# ->  tensor([[ 0., 1., 2., 3., 2., 1., 4., 3.],
# ->          [ 4., 5., 6., 7., 1., 2., 3., 4.],
# ->          [ 8., 9., 10., 11., 4., 3., 2., 1.]]))

# %%
X == Y
# -> tensor([[False, True, False, True],
# ->         [False, False, False, False],
# ->         [False, False, False, False]])

# %%
X.sum()
# -> tensor(66.)

# %% [markdown]
# ## 2.1.4. Broadcasting

# %%
a = torch.arange(3).reshape((3,1))
b = torch.arange(2).reshape((1,2))
a, b
# -> (tensor([[0],
# ->          [1],
# ->          [2]]),
# ->  tensor([[0, 1]]))

# %%
a + b
# -> tensor([[0, 1],
# ->         [1, 2],
# ->         [2, 3]])

# %% [markdown]
# ## 2.1.5. Saving Memory

# %%
before = id(X)
X += Y
id(X) == before
# -> True

# %% [markdown]
# ## Conversion to Other Python objects

# %%
A = X.numpy()
B = torch.from_numpy(A)
type(A), type(B)
# -> (numpy.ndarray, torch.Tensor)

# %%
a = torch.tensor([3.5])
a, a.item(), float(a), int(a)
# -> (tensor([3.5000]), 3.5, 3.5, 3)

# %% [markdown]
# # 2.2 Data Preprocessing
# ## 2.2.1. Reading the Dataset

# %%
import os

os.makedirs(os.path.join('..', 'data'), exist_ok=True)
data_file = os.path.join('..', 'data', 'house_tiny.csv')
with open(data_file, 'w') as f:
    f.write('''NumRooms,RoofType,Price
NA,NA,127500
2,NA,106000
4,Slate,178100
NA,NA,140000''')

# %%
import pandas as pd

data = pd.read_csv(data_file)
print(data)
# ->    NumRooms RoofType   Price
# -> 0       NaN      NaN  127500
# -> 1       2.0      NaN  106000
# -> 2       4.0    Slate  178100
# -> 3       NaN      NaN  140000

# %% [markdown]
# ## 2.2.2. Data Preparation

# %%
inputs, targets = data.iloc[:, 0:2], data.iloc[:, 2]
inputs = pd.get_dummies(inputs, dummy_na=True)
print(inputs)
# ->    NumRooms  RoofType_Slate  RoofType_nan
# -> 0       NaN           False          True
# -> 1       2.0           False          True
# -> 2       4.0            True         False
# -> 3       NaN           False          True

# %%
inputs = inputs.fillna(inputs.mean())
print(inputs)
# ->    NumRooms  RoofType_Slate  RoofType_nan
# -> 0       3.0           False          True
# -> 1       2.0           False          True
# -> 2       4.0            True         False
# -> 3       3.0           False          True

# %% [markdown]
# ## 2.2.3. Conversion to the Tensor Format

# %%
X = torch.tensor(inputs.to_numpy(dtype=float))
y = torch.tensor(targets.to_numpy(dtype=float))
X, y
# -> (tensor([[3., 0., 1.],
# ->          [2., 0., 1.],
# ->          [4., 1., 0.],
# ->          [3., 0., 1.]], dtype=torch.float64),
# ->  tensor([127500., 106000., 178100., 140000.], dtype=torch.float64))

# %% [markdown]
# # 2.3 Linear Algebra
# ## 2.3.1. Scalars

# %%
x = torch.tensor(3.0)
y = torch.tensor(2.0)
x + y, x * y, x / y, x**y
# -> (tensor(5.), tensor(6.), tensor(1.5000), tensor(9.))

# %% [markdown]
# ## 2.3.2. Vectors

# %%
x = torch.arange(3)
x, x[2], len(x), x.shape
# -> (tensor([0, 1, 2]), tensor(2), 3, torch.Size([3]))

# %% [markdown]
# ## 2.3.3. Matrices

# %%
A = torch.tensor([[1, 2, 3], [2, 0, 4], [3, 4, 5]])
A == A.T
# -> tensor([[True, True, True],
# ->         [True, True, True],
# ->         [True, True, True]])

# %% [markdown]
# ## 2.3.4. Tensors

# %%
torch.arange(24).reshape(2, 3, 4)
# -> tensor([[[ 0, 1, 2, 3],
# ->          [ 4, 5, 6, 7],
# ->          [ 8, 9, 10, 11]],
# ->         [[12, 13, 14, 15],
# ->          [16, 17, 18, 19],
# ->          [20, 21, 22, 23]]])

# %% [markdown]
# ## 2.3.5. Basic Properties of Tensor Arithmetic

# %%
A = torch.arange(6, dtype=torch.float32).reshape(2, 3)
B = A.clone()
A + B, A * B
# -> (tensor([[ 0., 2., 4.],
# ->          [ 6., 8., 10.]]),
# ->  tensor([[ 0., 1., 4.],
# ->          [ 9., 16., 25.]]))

# %% [markdown]
# ## 2.3.6. Reduction

# %%
x = torch.arange(3, dtype=torch.float32)
x, x.sum()
# -> (tensor([0., 1., 2.]), tensor(3.))

# %%
A.mean(), A.sum() / A.numel()
# -> (tensor(2.5000), tensor(2.5000))

# %%
A.mean(axis=0), A.sum(axis=0) / A.shape[0]
# -> (tensor([1.5000, 2.5000, 3.5000]), tensor([1.5000, 2.5000, 3.5000]))

# %% [markdown]
# ## 2.3.7. Non-Reduction Sum

# %%
sum_A = A.sum(axis=1, keepdims=True)
sum_A, sum_A.shape
# -> (tensor([[ 3.],
# ->          [12.]]),
# ->  torch.Size([2, 1]))

# %%
A / sum_A
# -> tensor([[0.0000, 0.3333, 0.6667], [0.2500, 0.3333, 0.4167]])

# %%
A.cumsum(axis=0)
# -> tensor([[0., 1., 2.], [3., 5., 7.]])

# %% [markdown]
# ## 2.3.8. Dot Products

# %%
y = torch.ones(3, dtype = torch.float32)
x, y, torch.dot(x, y)
# -> (tensor([0., 1., 2.]), tensor([1., 1., 1.]), tensor(3.))

# %%
torch.sum(x * y)
# -> tensor(3.)

# %% [markdown]
# ## 2.3.9. Matrix-Vector Products

# %%
A.shape, x.shape, torch.mv(A, x), A@x
# -> (torch.Size([2, 3]), torch.Size([3]), tensor([5., 14.]), tensor([5., 14.]))

# %% [markdown]
# ## 2.3.10. Matrix-Matrix Multiplication

# %%
B = torch.ones(3, 4)
torch.mm(A, B), A@B
# -> (tensor([[ 3., 3., 3., 3.], [12., 12., 12., 12.]]),
# ->  tensor([[ 3., 3., 3., 3.], [12., 12., 12., 12.]]))

# %% [markdown]
# ## 2.3.11. Norms

# %%
u = torch.tensor([3.0, -4.0])
torch.norm(u)
# -> tensor(5.)

# %%
torch.abs(u).sum()
# -> tensor(7.)

# %%
torch.norm(torch.ones((4, 9)))
# -> tensor(6.)

# %% [markdown]
# # 2.5 Automatic Differentitation
# ## 2.5.1. A Simple Function

# %%
x = torch.arange(4.0)
x
# -> tensor([0., 1., 2., 3.])

# %%
x.requires_grad_(True)
x.grad # The gradient is None by default

# %%
y = 2 * torch.dot(x, x)
y
# -> tensor(28., grad_fn=<MulBackward0>)

# %%
y.backward()
x.grad
# -> tensor([ 0., 4., 8., 12.])

# %%
x.grad == 4 * x
# -> tensor([True, True, True, True])

# %%
x.grad.zero_()
y = x.sum()
y.backward()
x.grad
# -> tensor([1., 1., 1., 1.])

# %% [markdown]
# ## 2.5.2. Backward for Non-Scalar Variables

# %%
x.grad.zero_()
y = x * x
y.backward(gradient=torch.ones(len(y)))
x.grad
# -> tensor([0., 2., 4., 6.])

# %% [markdown]
# ## 2.5.3. Detaching Computation

# %%
x.grad.zero_()
y = x * x
u = y.detach()
z = u * x

z.sum().backward()
x.grad == u
# -> tensor([True, True, True, True])

# %%
x.grad.zero_()
y.sum().backward()
x.grad == 2 * x
# -> tensor([True, True, True, True])

# %% [markdown]
# ## 2.5.4. Gradients and Python Control Flow

# %%
def f(a):
    b = a * 2
    while b.norm() < 1000:
        b = b * 2
    if b.sum() > 0:
        c = b
    else:
        c = 100 * b
    return c

# %%
a = torch.randn(size=(), requires_grad=True)
d = f(a)
d.backward()

# %%
a.grad == d / a
# -> tensor(True)

# %% [markdown]
# # 3.1 Linear Regression

# %%
# %matplotlib inline
import math
import time
import numpy as np
import torch
# !pip install d2l
from d2l import torch as d2l
# >> Requirement already satisfied

# %% [markdown]
# ## 3.1.2. Vectorization for Speed

# %%
n = 10000
a = torch.ones(n)
b = torch.ones(n)

# %%
c = torch.zeros(n)
t = time.time()
for i in range(n):
    c[i] = a[i] + b[i]
f'{time.time() - t:.5f} sec'
# ~> '0.17802 sec'

# %%
t = time.time()
d = a + b
f'{time.time() - t:.5f} sec'
# ~> '0.00036 sec'

# %% [markdown]
# ## 3.1.3. The Normal Distribution and Squared Loss

# %%
def normal(x, mu, sigma):
    p = 1 / math.sqrt(2 * math.pi * sigma**2)
    return p * np.exp(-0.5 * (x - mu)**2 / sigma**2)

# %%
x = np.arange(-7, 7, 0.01)
params = [(0, 1), (0, 2), (3, 1)]
d2l.plot(x, [normal(x, mu, sigma) for mu, sigma in params], xlabel='x',
         ylabel='p(x)', figsize=(4.5, 2.5),
         legend=[f'mean {mu}, std {sigma}' for mu, sigma in params])
# => picture

# %% [markdown]
# # 3.2 Object-Oriented Design for Implementation

# %%
import time
import numpy as np
import torch
from torch import nn
from d2l import torch as d2l

# %%
def add_to_class(Class):
    def wrapper(obj):
        setattr(Class, obj.__name__, obj)
    return wrapper

# %%
class A:
    def __init__(self):
        self.b = 1

a = A()

# %%
@add_to_class(A)
def do(self):
    print('Class attribute "b" is', self.b)

a.do()
# -> Class attribute "b" is 1

# %%
class HyperParameters:
    def save_hyperparameters(self, ignore=[]):
        raise NotImplemented

# %%
class B(d2l.HyperParameters):
    def __init__(self, a, b, c):
        self.save_hyperparameters(ignore=['c'])
        print('self.a =', self.a, 'self.b =', self.b)
        print('There is no self.c =', not hasattr(self, 'c'))

b = B(a=1, b=2, c=3)
# -> self.a = 1 self.b = 2
# -> There is no self.c = True

# %%
class ProgressBoard(d2l.HyperParameters):
    def __init__(self, xlabel=None, ylabel=None, xlim=None,
                 ylim=None, xscale='linear', yscale='linear',
                 ls=['-', '--', '-.', ':'], colors=['C0', 'C1', 'C2', 'C3'],
                 fig=None, axes=None, figsize=(3.5, 2.5), display=True):
        self.save_hyperparameters()

    def draw(self, x, y, label, every_n=1):
        raise NotImplemented

# %%
board = d2l.ProgressBoard('x')
for x in np.arange(0, 10, 0.1):
    board.draw(x, np.sin(x), 'sin', every_n=2)
    board.draw(x, np.cos(x), 'cos', every_n=10)
# => picture

# %% [markdown]
# ## 3.2.2. Models

# %%
class Module(nn.Module, d2l.HyperParameters):
    def __init__(self, plot_train_per_epoch=2, plot_valid_per_epoch=1):
        super().__init__()
        self.save_hyperparameters()
        self.board = ProgressBoard()

    def loss(self, y_hat, y):
        raise NotImplementedError

    def forward(self, X):
        assert hasattr(self, 'net'), 'Neural network is defined'
        return self.net(X)

    def plot(self, key, value, train):
        """Plot a point in animation."""
        assert hasattr(self, 'trainer'), 'Trainer is not inited'
        self.board.xlabel = 'epoch'
        if train:
            x = self.trainer.train_batch_idx / \
                self.trainer.num_train_batches
            n = self.trainer.num_train_batches / \
                self.plot_train_per_epoch
        else:
            x = self.trainer.epoch + 1
            n = self.trainer.num_val_batches / \
                self.plot_valid_per_epoch
        self.board.draw(x, value.to(d2l.cpu()).detach().numpy(),
                        ('train_' if train else 'val_') + key,
                        every_n=int(n))

    def training_step(self, batch):
        l = self.loss(self(*batch[:-1]), batch[-1])
        self.plot('loss', l, train=True)
        return l

    def validation_step(self, batch):
        l = self.loss(self(*batch[:-1]), batch[-1])
        self.plot('loss', l, train=False)

    def configure_optimizers(self):
        raise NotImplementedError

# %% [markdown]
# ## 3.2.3. Data

# %%
class DataModule(d2l.HyperParameters):
    def __init__(self, root='../data', num_workers=4):
        self.save_hyperparameters()

    def get_dataloader(self, train):
        raise NotImplementedError

    def train_dataloader(self):
        return self.get_dataloader(train=True)

    def val_dataloader(self):
        return self.get_dataloader(train=False)

# %% [markdown]
# ## 3.2.4. Training

# %%
class Trainer(d2l.HyperParameters):
    def __init__(self, max_epochs, num_gpus=0, gradient_clip_val=0):
        self.save_hyperparameters()
        assert num_gpus == 0, 'No GPU support yet'

    def prepare_data(self, data):
        self.train_dataloader = data.train_dataloader()
        self.val_dataloader = data.val_dataloader()
        self.num_train_batches = len(self.train_dataloader)
        self.num_val_batches = (len(self.val_dataloader)
                                if self.val_dataloader is not None else 0)

    def prepare_model(self, model):
        model.trainer = self
        model.board.xlim = [0, self.max_epochs]
        self.model = model

    def fit(self, model, data):
        self.prepare_data(data)
        self.prepare_model(model)
        self.optim = model.configure_optimizers()
        self.epoch = 0
        self.train_batch_idx = 0
        self.val_batch_idx = 0
        for self.epoch in range(self.max_epochs):
            self.fit_epoch()

    def fit_epoch(self):
        raise NotImplementedError

# %% [markdown]
# # 3.4. Linear Regression Implementation from Scratch

# %%
# %matplotlib inline
import torch
from d2l import torch as d2l

# %% [markdown]
# ## 3.4.1. Defining the Model

# %%
class LinearRegressionScratch(d2l.Module):
    def __init__(self, num_inputs, lr, sigma=0.01):
        super().__init__()
        self.save_hyperparameters()
        self.w = torch.normal(0, sigma, (num_inputs, 1), requires_grad=True)
        self.b = torch.zeros(1, requires_grad=True)

# %%
@d2l.add_to_class(LinearRegressionScratch)
def forward(self, X):
    return torch.matmul(X, self.w) + self.b

# %% [markdown]
# ## 3.4.2. Defining the Loss Function

# %%
@d2l.add_to_class(LinearRegressionScratch)
def loss(self, y_hat, y):
    l = (y_hat - y) ** 2 / 2
    return l.mean()

# %% [markdown]
# ## 3.4.3. Defining the Optimization Algorithm

# %%
class SGD(d2l.HyperParameters):
    """Minibatch stochastic gradient descent."""
    def __init__(self, params, lr):
        self.save_hyperparameters()

    def step(self):
        for param in self.params:
            param -= self.lr * param.grad

    def zero_grad(self):
        for param in self.params:
            if param.grad is not None:
                param.grad.zero_()

# %%
@d2l.add_to_class(LinearRegressionScratch)
def configure_optimizers(self):
    return SGD([self.w, self.b], self.lr)

# %% [markdown]
# ## 3.4.4. Training

# %%
@d2l.add_to_class(d2l.Trainer)
def prepare_batch(self, batch):
    return batch

@d2l.add_to_class(d2l.Trainer)
def fit_epoch(self):
    self.model.train()
    for batch in self.train_dataloader:
        loss = self.model.training_step(self.prepare_batch(batch))
        self.optim.zero_grad()
        with torch.no_grad():
            loss.backward()
            if self.gradient_clip_val > 0:
                self.clip_gradients(self.gradient_clip_val, self.model)
            self.optim.step()
        self.train_batch_idx += 1
    if self.val_dataloader is None:
        return
    self.model.eval()
    for batch in self.val_dataloader:
        with torch.no_grad():
            self.model.validation_step(self.prepare_batch(batch))
        self.val_batch_idx += 1

# %%
model = LinearRegressionScratch(2, lr=0.03)
data = d2l.SyntheticRegressionData(w=torch.tensor([2, -3.4]), b=4.2)
trainer = d2l.Trainer(max_epochs=3)
trainer.fit(model, data)
# => picture

# %%
with torch.no_grad():
    print(f'error in estimating w: {data.w - model.w.reshape(data.w.shape)}')
    print(f'error in estimating b: {data.b - model.b}')
# ~> error in estimating w: tensor([ 0.1050, -0.1723])
# ~> error in estimating b: tensor([0.2082])

# %% [markdown]
# # 4.2. THe Image Classification Dataset

# %%
# %matplotlib inline
import time
import torch
import torchvision
from torchvision import transforms
from d2l import torch as d2l

d2l.use_svg_display()

# %% [markdown]
# ## 4.2.1. Loading the Dataset

# %%
class FashionMNIST(d2l.DataModule):
    """The Fashion-MNIST dataset."""
    def __init__(self, batch_size=64, resize=(28, 28)):
        super().__init__()
        self.save_hyperparameters()
        trans = transforms.Compose([transforms.Resize(resize),
                                    transforms.ToTensor()])
        self.train = torchvision.datasets.FashionMNIST(
            root=self.root, train=True, transform=trans, download=True)
        self.val = torchvision.datasets.FashionMNIST(
            root=self.root, train=False, transform=trans, download=True)

# %%
data = FashionMNIST(resize=(32, 32))
len(data.train), len(data.val)
# -> (60000, 10000)

# %%
data.train[0][0].shape
# -> torch.Size([1, 32, 32])

# %%
@d2l.add_to_class(FashionMNIST)
def text_labels(self, indices):
    labels = ['t-shirt', 'trouser', 'pullover', 'dress', 'coat',
              'sandal', 'shirt', 'sneaker', 'bag', 'ankle boot']
    return [labels[int(i)] for i in indices]

# %% [markdown]
# ## 4.2.2. Reading a Minibatch

# %%
@d2l.add_to_class(FashionMNIST)
def get_dataloader(self, train):
    data = self.train if train else self.val
    return torch.utils.data.DataLoader(data, self.batch_size, shuffle=train,
                                       num_workers=self.num_workers)

# %%
X, y = next(iter(data.train_dataloader()))
print(X.shape, X.dtype, y.shape, y.dtype)
# -> torch.Size([64, 1, 32, 32]) torch.float32 torch.Size([64]) torch.int64

# %%
tic = time.time()
for X, y in data.train_dataloader():
    continue
f'{time.time() - tic:.2f} sec'
# ~> '13.76 sec'

# %% [markdown]
# ## 4.2.3. Visualization

# %%
def show_images(imgs, num_rows, num_cols, titles=None, scale=1.5):
    raise NotImplementedError

# %%
@d2l.add_to_class(FashionMNIST)
def visualize(self, batch, nrows=1, ncols=8, labels=[]):
    X, y = batch
    if not labels:
        labels = self.text_labels(y)
    d2l.show_images(X.squeeze(1), nrows, ncols, titles=labels)

batch = next(iter(data.val_dataloader()))
data.visualize(batch)
# => picture ankle boot, pullover, trouser, trouser, shirt, trouser, coat, shirt

# %% [markdown]
# # 4.3. The Base Classification Model

# %%
import torch
from d2l import torch as d2l

# %% [markdown]
# ## 4.3.1. The Classifier Class

# %%
class Classifier(d2l.Module):
    def validation_step(self, batch):
        Y_hat = self(*batch[:-1])
        self.plot('loss', self.loss(Y_hat, batch[-1]), train=False)
        self.plot('acc', self.accuracy(Y_hat, batch[-1]), train=False)

# %%
@d2l.add_to_class(d2l.Module)
def configure_optimizers(self):
    return torch.optim.SGD(self.parameters(), lr=self.lr)

# %% [markdown]
# ## 4.3.2. Accuracy

# %%
@d2l.add_to_class(Classifier)
def accuracy(self, Y_hat, Y, averaged=True):
    Y_hat = Y_hat.reshape((-1, Y_hat.shape[-1]))
    preds = Y_hat.argmax(axis=1).type(Y.dtype)
    compare = (preds == Y.reshape(-1)).type(torch.float32)
    return compare.mean() if averaged else compare

# %% [markdown]
# # 4.4. Softmax Regression Implementation from Scratch

# %%
import torch
from d2l import torch as d2l

# %% [markdown]
# ## 4.4.1. The Softmax

# %%
X = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
X.sum(0, keepdims=True), X.sum(1, keepdims=True)
# -> (tensor([[5., 7., 9.]]),
# ->  tensor([[ 6.],
# ->          [15.]]))

# %%
def softmax(X):
    X_exp = torch.exp(X)
    partition = X_exp.sum(1, keepdims=True)
    return X_exp / partition

# %%
X = torch.rand((2, 5))
X_prob = softmax(X)
X_prob, X_prob.sum(1)
# ~> (tensor([[0.2160, 0.2001, 0.1335, 0.2468, 0.2036],
# ~>          [0.2039, 0.1533, 0.2870, 0.2354, 0.1204]]),
# ~>  tensor([1.0000, 1.0000]))

# %% [markdown]
# ## 4.4.2. The Model

# %%
class SoftmaxRegressionScratch(d2l.Classifier):
    def __init__(self, num_inputs, num_outputs, lr, sigma=0.01):
        super().__init__()
        self.save_hyperparameters()
        self.W = torch.normal(0, sigma, size=(num_inputs, num_outputs),
                              requires_grad=True)
        self.b = torch.zeros(num_outputs, requires_grad=True)

    def parameters(self):
        return [self.W, self.b]

# %%
@d2l.add_to_class(SoftmaxRegressionScratch)
def forward(self, X):
    X = X.reshape((-1, self.W.shape[0]))
    return softmax(torch.matmul(X, self.W) + self.b)

# %% [markdown]
# ## 4.4.3. The Cross-Entropy Loss

# %%
y = torch.tensor([0, 2])
y_hat = torch.tensor([[0.1, 0.3, 0.6], [0.3, 0.2, 0.5]])
y_hat[[0, 1], y]
# -> tensor([0.1000, 0.5000])

# %%
def cross_entropy(y_hat, y):
    return -torch.log(y_hat[list(range(len(y_hat))), y]).mean()

cross_entropy(y_hat, y)
# -> tensor(1.4979)

# %%
@d2l.add_to_class(SoftmaxRegressionScratch)
def loss(self, y_hat, y):
    return cross_entropy(y_hat, y)

# %% [markdown]
# ## 4.4.4. Training

# %%
data = d2l.FashionMNIST(batch_size=256)
model = SoftmaxRegressionScratch(num_inputs=784, num_outputs=10, lr=0.1)
trainer = d2l.Trainer(max_epochs=10)
trainer.fit(model, data)
# => picture train_loss, val_loss, val_acc

# %% [markdown]
# ## 4.4.5. Prediction

# %%
X, y = next(iter(data.val_dataloader()))
preds = model(X).argmax(axis=1)
preds.shape
# -> torch.Size([256])

# %%
wrong = preds.type(y.dtype) != y
X, y, preds = X[wrong], y[wrong], preds[wrong]
labels = [a+'\n'+b for a, b in zip(
    data.text_labels(y), data.text_labels(preds))]
data.visualize([X, y], labels=labels)
# => picture

# %% [markdown]
# # 5.1 Multilayer Perceptrons

# %%
# %matplotlib inline
import torch
from d2l import torch as d2l

# %% [markdown]
# ## 5.1.2. Activation Functions
# ### 5.1.2.1. ReLU Function

# %%
x = torch.arange(-8.0, 8.0, 0.1, requires_grad=True)
y = torch.relu(x)
d2l.plot(x.detach(), y.detach(), 'x', 'relu(x)', figsize=(5, 2.5))
# => picture

# %%
y.backward(torch.ones_like(x), retain_graph=True)
d2l.plot(x.detach(), x.grad, 'x', 'grad of relu', figsize=(5, 2.5))
# => picture

# %% [markdown]
# ### 5.1.2.2. Sigmoid Function

# %%
y = torch.sigmoid(x)
d2l.plot(x.detach(), y.detach(), 'x', 'sigmoid(x)', figsize=(5, 2.5))
# => picture

# %%
# Clear out previous gradients
x.grad.data.zero_()
y.backward(torch.ones_like(x),retain_graph=True)
d2l.plot(x.detach(), x.grad, 'x', 'grad of sigmoid', figsize=(5, 2.5))
# => picture

# %% [markdown]
# ### 5.1.2.3. Tanh Function

# %%
y = torch.tanh(x)
d2l.plot(x.detach(), y.detach(), 'x', 'tanh(x)', figsize=(5, 2.5))
# => picture

# %%
x.grad.data.zero_()
y.backward(torch.ones_like(x),retain_graph=True)
d2l.plot(x.detach(), x.grad, 'x', 'grad of tanh', figsize=(5, 2.5))
# => picture

# %% [markdown]
# # 5.2. Implementation of Multilayer Perceptrons
# ## 5.2.1. Implementation from Scratch
# ### 5.2.1.1. Intializing Model Parameters

# %%
class MLPScratch(d2l.Classifier):
    def __init__(self, num_inputs, num_outputs, num_hiddens, lr, sigma=0.01):
        super().__init__()
        self.save_hyperparameters()
        self.W1 = nn.Parameter(torch.randn(num_inputs, num_hiddens) * sigma)
        self.b1 = nn.Parameter(torch.zeros(num_hiddens))
        self.W2 = nn.Parameter(torch.randn(num_hiddens, num_outputs) * sigma)
        self.b2 = nn.Parameter(torch.zeros(num_outputs))

# %% [markdown]
# ### 5.2.1.2. Model

# %%
def relu(X):
    a = torch.zeros_like(X)
    return torch.max(X, a)

# %%
@d2l.add_to_class(MLPScratch)
def forward(self, X):
    X = X.reshape((-1, self.num_inputs))
    H = relu(torch.matmul(X, self.W1) + self.b1)
    return torch.matmul(H, self.W2) + self.b2

# %% [markdown]
# ### 5.2.1.3. Training

# %%
model = MLPScratch(num_inputs=784, num_outputs=10, num_hiddens=256, lr=0.1)
data = d2l.FashionMNIST(batch_size=256)
trainer = d2l.Trainer(max_epochs=10)
trainer.fit(model, data)
# => picture train_loss, val_loss, val_acc

# %% [markdown]
# ## 5.2.2. Consice Implementation
# ### 5.2.2.1. Model

# %%
class MLP(d2l.Classifier):
    def __init__(self, num_outputs, num_hiddens, lr):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(nn.Flatten(), nn.LazyLinear(num_hiddens),
                                 nn.ReLU(), nn.LazyLinear(num_outputs))

# %% [markdown]
# ### 5.2.2.2. Training

# %%
model = MLP(num_outputs=10, num_hiddens=256, lr=0.1)
trainer.fit(model, data)
# => picture train_loss, val_loss, val_acc
