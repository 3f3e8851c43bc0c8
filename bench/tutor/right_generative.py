"""Right programs that make pictures or points: autoencoders, a VAE, GANs, a density."""

import torch
from torch import nn
from torch.nn import functional as F

from bench.tutor import measures
from bench.tutor.data_sets import Clothes, Table
from bench.tutor.hosts import fit_by_book_loop, trained
from bench.tutor.program import Outcome, RightProgram
from bench.tutor.said import heard, watching
from d2l import torch as d2l


class Autoencoder(d2l.Module):
    """Its label is its input."""

    def __init__(self, lr=0.003):
        super().__init__()
        self.save_hyperparameters()
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(784, 32), nn.ReLU())
        self.decoder = nn.Sequential(nn.Linear(32, 784), nn.Sigmoid())

    def forward(self, X):
        return self.decoder(self.encoder(X)).reshape(X.shape)

    def corrupted(self, X):
        return X

    def training_step(self, batch):
        X, _ = batch
        l = F.mse_loss(self(self.corrupted(X)), X)
        self.plot("loss", l, train=True)
        return l

    def validation_step(self, batch):
        X, _ = batch
        self.plot("loss", F.mse_loss(self(X), X), train=False)

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=self.lr)


class Denoiser(Autoencoder):
    def corrupted(self, X):
        return (X + 0.3 * torch.randn_like(X)).clamp(0, 1)


class VAE(Autoencoder):
    """Draws its code, and sums the error of the pixels, as the evidence bound does."""

    def __init__(self, lr=0.003):
        super().__init__(lr)
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 16))
        self.decoder = nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 784))

    def parts(self, X):
        mean, log_var = self.encoder(X).chunk(2, dim=1)
        code = mean + torch.randn_like(mean) * (0.5 * log_var).exp()
        return self.decoder(code), mean, log_var

    def forward(self, X):
        return torch.sigmoid(self.parts(X)[0]).reshape(X.shape)

    def bound(self, X):
        logits, mean, log_var = self.parts(X)
        error = F.binary_cross_entropy_with_logits(logits, X.flatten(1), reduction="none").sum(1)
        divergence = -0.5 * (1 + log_var - mean.pow(2) - log_var.exp()).sum(1)
        return (error + divergence).mean()

    def training_step(self, batch):
        l = self.bound(batch[0])
        self.plot("loss", l, train=True)
        return l

    def validation_step(self, batch):
        self.plot("loss", self.bound(batch[0]), train=False)


def reconstruction(model, data):
    X, _ = data.test
    return -float(F.mse_loss(measures.answers(model, [X]), X))


class Slanted(Table):
    """Points (n, 2) from a slanted normal distribution, as in 20.1; the labels are not used."""

    def __init__(self, batch_size=16, num_train=1024, num_val=0):
        super().__init__()
        self.save_hyperparameters()
        A = torch.tensor([[1.0, 2.0], [-0.1, 0.5]])
        self.X = torch.randn(num_train, 2) @ A + torch.tensor([1.0, 2.0])
        self.y = torch.zeros(num_train)
        self.test = self.X, self.y

    def val_dataloader(self):
        return None


class GAN(d2l.Module):
    """Two optimizers: each player learns while the other one stays."""

    def __init__(self, lr_of_d=0.05, lr_of_g=0.005):
        super().__init__()
        self.save_hyperparameters()
        self.net_G = nn.Linear(2, 2)
        self.net_D = nn.Sequential(nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 3), nn.Tanh(),
                                   nn.Linear(3, 1))  # fmt: skip

    def configure_optimizers(self):
        self.trainer_G = torch.optim.Adam(self.net_G.parameters(), lr=self.lr_of_g)
        return torch.optim.Adam(self.net_D.parameters(), lr=self.lr_of_d)


class TwoPlayers(d2l.Trainer):
    """The discriminator's optimizer is `optim`; the generator's is the model's."""

    def fit_epoch(self):
        model, loss = self.model, nn.BCEWithLogitsLoss()
        for X, _ in self.train_dataloader:
            Z = torch.randn(len(X), 2)
            loss_D = d2l.update_D(X, Z, model.net_D, model.net_G, loss, self.optim)
            d2l.update_G(Z, model.net_D, model.net_G, loss, model.trainer_G)
            model.plot("loss_D", loss_D, train=True)
            self.train_batch_idx += 1


def distance(net_G, data):
    """The negative distance between the means of made and real points."""
    with torch.no_grad():
        made = net_G(torch.randn(2000, 2))
    return -float((made.mean(0) - data.X.mean(0)).norm())


def gan_by_trainer():
    model, data = GAN(), Slanted()
    before = distance(model.net_G, data)
    trainer = heard(TwoPlayers(max_epochs=5))
    trainer.fit(model, data)
    return Outcome(distance(model.net_G, data), before, trainer=trainer)


def gan_by_hand():
    model, data = GAN(), Slanted()
    before = distance(model.net_G, data)
    trainer_D, trainer_G = model.configure_optimizers(), model.trainer_G
    ones, zeros = torch.ones(16, 1), torch.zeros(16, 1)
    with watching(model, trainer_D) as watcher:
        for _ in range(5):
            for X, _y in data.train_dataloader():
                fake = model.net_G(torch.randn(16, 2))
                real_y, fake_y = model.net_D(X), model.net_D(fake.detach())
                l = F.binary_cross_entropy_with_logits(real_y, ones)
                l = (l + F.binary_cross_entropy_with_logits(fake_y, zeros)) / 2
                trainer_D.zero_grad()
                l.backward()
                trainer_D.step()
                l = F.binary_cross_entropy_with_logits(model.net_D(fake), ones)
                trainer_G.zero_grad()
                l.backward()
                trainer_G.step()
    return Outcome(distance(model.net_G, data), before, watcher=watcher)


class Narrow(Slanted):
    """Points that lie close together: their density is above 1, its logarithm above 0."""

    def __init__(self):
        super().__init__()
        self.X = self.X * 0.01
        self.test = self.X, self.y


class NormalDensity(d2l.Module):
    """A mean and a deviation, fitted by maximum likelihood: the loss is below zero."""

    def __init__(self, lr=0.02):
        super().__init__()
        self.save_hyperparameters()
        self.mean, self.log_std = nn.Parameter(torch.zeros(2)), nn.Parameter(torch.zeros(2))

    def forward(self, X):
        return torch.distributions.Normal(self.mean, self.log_std.exp()).log_prob(X).sum(1)

    def loss(self, log_p, y):
        return -log_p.mean()

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=self.lr)


def program(name, run, gain):
    return RightProgram("generative", name, run, gain)


PROGRAMS = (
    program("autoencoder", lambda: trained(Autoencoder(), Clothes(), reconstruction), 0.02),
    program("autoencoder, own loop",
            lambda: trained(Autoencoder(), Clothes(), reconstruction, fit_by_book_loop), 0.02),
    program("denoising autoencoder", lambda: trained(Denoiser(), Clothes(), reconstruction), 0.02),
    program("vae", lambda: trained(VAE(), Clothes(), reconstruction), 0.02),
    program("gan, two optimizers", gan_by_trainer, 0.5),
    program("gan, by hand", gan_by_hand, 0.5),
    program("density, loss below zero", lambda: trained(
        NormalDensity(), Narrow(), measures.loss, max_epochs=5), 1.0),
)  # fmt: skip
