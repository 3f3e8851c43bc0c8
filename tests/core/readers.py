"""What readers write, in small: models, optimizers and data of the shapes that homework has."""

import torch
from torch import nn

from d2l import torch as d2l


class PlainLine(d2l.Module):
    """A line on plain tensors, trained by the reader's own SGD."""

    def __init__(self, num_inputs, lr):
        super().__init__()
        self.save_hyperparameters()
        self.w = torch.zeros((num_inputs, 1), requires_grad=True)
        self.b = torch.zeros(1, requires_grad=True)

    def forward(self, X):
        return X @ self.w + self.b

    def loss(self, y_hat, y):
        return ((y_hat - y) ** 2 / 2).mean()

    def configure_optimizers(self):
        return OwnSGD([self.w, self.b], self.lr)


class OwnSGD(d2l.HyperParameters):
    """The homework's optimizer: no torch.optim.Optimizer."""

    def __init__(self, params, lr):
        self.save_hyperparameters()

    def step(self):
        for param in self.params:
            param -= self.lr * param.grad

    def zero_grad(self):
        for param in self.params:
            if param.grad is not None:
                param.grad.zero_()


class TwoClasses(d2l.DataModule):
    """Points on a line, class 1 right of zero; the validation set has a short last batch."""

    def __init__(self, batch_size=4, num_train=10, num_val=6):
        super().__init__()
        self.save_hyperparameters()
        self.X = torch.linspace(-1, 1, num_train + num_val).reshape(-1, 1)
        self.y = (self.X.reshape(-1) > 0).long()

    def get_dataloader(self, train):
        rows = slice(0, self.num_train) if train else slice(self.num_train, None)
        return self.get_tensorloader((self.X, self.y), train, rows)


class LazyNet(d2l.Classifier):
    """A classifier whose layers learn their shapes from the first batch."""

    def __init__(self, lr=0.1, num_outputs=2):
        super().__init__()
        self.save_hyperparameters()
        hidden = (nn.LazyLinear(4), nn.ReLU(), nn.Dropout(0.5))
        self.net = nn.Sequential(*hidden, nn.LazyLinear(num_outputs))


def line_data(**options):
    """The book's synthetic regression data."""
    return d2l.SyntheticRegressionData(w=torch.tensor([2, -3.4]), b=4.2, **options)


def book_init(self, max_epochs, num_gpus=0, gradient_clip_val=0):
    """A trainer's constructor that knows three arguments."""
    self.save_hyperparameters()
    self.gpus = [d2l.gpu(i) for i in range(min(num_gpus, d2l.num_gpus()))]


def book_fit(self, model, data):
    """A run that is nothing but its epochs."""
    self.prepare_data(data)
    self.prepare_model(model)
    self.optim = model.configure_optimizers()
    self.epoch = self.train_batch_idx = self.val_batch_idx = 0
    for self.epoch in range(self.max_epochs):  # noqa: B020 - as the book writes it
        self.fit_epoch()


def book_fit_epoch(self):
    """The homework's own loop."""
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
