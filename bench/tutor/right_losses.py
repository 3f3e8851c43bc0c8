"""Right programs: losses of all kinds, for one task or several."""

import torch
from torch import nn
from torch.nn import functional as F

from bench.tutor import measures
from bench.tutor.data_sets import Clothes, Houses, Rare, Table
from bench.tutor.hosts import fit_by_book_loop, train_by_hand, trained
from bench.tutor.models import ClothesMLP, PriceModel
from bench.tutor.program import RightProgram
from d2l import torch as d2l


class WithLoss(ClothesMLP):
    """Its criterion is given."""

    def __init__(self, criterion, lr=0.1):
        super().__init__(lr=lr)
        self.criterion = criterion

    def loss(self, y_hat, y, averaged=True):
        return self.criterion(y_hat, y)


class PriceWithLoss(PriceModel):
    def __init__(self, criterion, lr=0.05):
        super().__init__(lr)
        self.criterion = criterion

    def loss(self, y_hat, y):
        return self.criterion(y_hat, y)


class LogProbabilities(d2l.Classifier):
    """Ends in LogSoftmax, which NLLLoss reads."""

    def __init__(self, lr=0.1):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(nn.Flatten(), nn.LazyLinear(64), nn.ReLU(), nn.LazyLinear(10),
                                 nn.LogSoftmax(dim=1))  # fmt: skip

    def loss(self, Y_hat, Y, averaged=True):
        return F.nll_loss(Y_hat, Y)


class MixupMLP(ClothesMLP):
    """Soft labels: each example is mixed with another one."""

    def training_step(self, batch):
        X, y = batch
        order, t = torch.randperm(len(X)), 0.3
        Y = (1 - t) * F.one_hot(y, 10).float() + t * F.one_hot(y[order], 10).float()
        l = F.cross_entropy(self((1 - t) * X + t * X[order]), Y)
        self.plot("loss", l, train=True)
        return l


class GaussianPrices(d2l.Module):
    """A mean and a deviation for each house; a density's log-likelihood may be above 0."""

    def __init__(self, lr=0.02):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Linear(16, 2))

    def loss(self, y_hat, y):
        mean, log_var = y_hat[:, :1], y_hat[:, 1:]
        return F.gaussian_nll_loss(mean, y / 10, log_var.exp())


class TwoTasks(d2l.Module):
    """The class of a picture and its brightness, from one body."""

    def __init__(self, lr=0.1):
        super().__init__()
        self.save_hyperparameters()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.ReLU())
        self.of_class, self.of_brightness = nn.Linear(64, 10), nn.Linear(64, 1)

    def forward(self, X):
        H = self.body(X)
        return self.of_class(H) if not self.training else (self.of_class(H), self.of_brightness(H))

    def training_step(self, batch):
        X, y = batch
        logits, brightness = self(X)
        l = F.cross_entropy(logits, y)
        l = l + 0.5 * F.mse_loss(brightness.squeeze(1), X.mean(dim=(1, 2, 3)))
        self.plot("loss", l, train=True)
        return l

    def validation_step(self, batch):
        X, y = batch
        self.plot("loss", F.cross_entropy(self(X), y), train=False)


class Tags(Table):
    """Multi-label targets: for each of four tags whether it holds, float."""

    def __init__(self, batch_size=32, num_train=1024, num_val=256):
        super().__init__()
        self.save_hyperparameters()
        X = torch.randn(num_train + num_val + 500, 8)
        y = (X @ torch.randn(8, 4) > 0).float()
        self.X, self.y, self.test = X[:-500], y[:-500], (X[-500:], y[-500:])


class TagModel(d2l.Module):
    def __init__(self, lr=0.3):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Linear(8, 4)

    def loss(self, y_hat, y):
        return F.binary_cross_entropy_with_logits(y_hat, y)


class SigmoidTagModel(TagModel):
    """Probabilities and binary_cross_entropy, which belong together."""

    def forward(self, X):
        return torch.sigmoid(self.net(X))

    def loss(self, y_hat, y):
        return F.binary_cross_entropy(y_hat, y)


class Unknown(Clothes):
    """A third of the labels is not known: -100, which cross-entropy passes over."""

    def __init__(self):
        super().__init__()
        self.y[torch.rand(len(self.y)) < 0.33] = -100


class SameTarget(Houses):
    """All labels have one value: the model is to learn a constant."""

    def __init__(self):
        super().__init__()
        X, _ = self.test
        self.y, self.test = torch.full_like(self.y, 4.0), (X, torch.full((len(X), 1), 4.0))


class Distilled(ClothesMLP):
    """Follows a teacher that is already trained, by the KL divergence of softened outputs."""

    def __init__(self, teacher, lr=0.3, temperature=2.0):
        super().__init__(num_hiddens=32, lr=lr)
        self.temperature = temperature
        self.teacher = (teacher.eval(),)

    def training_step(self, batch):
        X, _ = batch
        with torch.no_grad():
            target = F.log_softmax(self.teacher[0](X) / self.temperature, dim=1)
        log_p = F.log_softmax(self(X) / self.temperature, dim=1)
        l = F.kl_div(log_p, target, reduction="batchmean", log_target=True)
        self.plot("loss", l, train=True)
        return l


class Embedder(d2l.Module):
    """Points on a sphere, near each other for pictures of one class."""

    def __init__(self, lr=0.1):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 16))

    def forward(self, X):
        return F.normalize(self.net(X), dim=1)

    def loss(self, Z, y):
        """Contrastive: each example against all others of its batch, of its class or not."""
        similar = Z @ Z.T / 0.1 - 1e4 * torch.eye(len(Z))
        same = (y.unsqueeze(0) == y.unsqueeze(1)) & ~torch.eye(len(y), dtype=torch.bool)
        log_p = F.log_softmax(similar, dim=1)
        return -(log_p * same).sum() / same.sum().clamp(min=1)


class TripletEmbedder(Embedder):
    def loss(self, Z, y):
        near = (Z.unsqueeze(0) - Z.unsqueeze(1)).pow(2).sum(2)
        same = y.unsqueeze(0) == y.unsqueeze(1)
        positive = (near * same).amax(1)
        negative = (near + 1e4 * same).amin(1)
        return F.relu(positive - negative + 0.2).mean()


def nearest(model, data):
    """The share of test pictures whose nearest neighbour among 500 others has their class."""
    X, y = data.test
    Z = measures.answers(model, [X])
    near = torch.cdist(Z[:500], Z[500:]).argmin(1)
    return float((y[500:][near] == y[:500]).float().mean())


class CTCReader(d2l.Module):
    """Reads three signs from twelve steps; CTC finds where they stand."""

    def __init__(self, lr=0.02):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Linear(6, 6)

    def loss(self, y_hat, y):
        log_p = F.log_softmax(y_hat, dim=-1).transpose(0, 1)
        lengths = torch.full((len(y),), 12), torch.full((len(y),), 3)
        return F.ctc_loss(log_p, y, *lengths)

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=self.lr)


class Signs(Table):
    def __init__(self, batch_size=32, num_train=512, num_val=64):
        super().__init__()
        self.save_hyperparameters()
        y = torch.stack([torch.randperm(5)[:3] + 1 for _ in range(num_train + num_val + 100)])
        X = F.one_hot(y.repeat_interleave(4, dim=1), 6) + 0.3 * torch.randn(len(y), 12, 6)
        self.X, self.y, self.test = X[:-100], y[:-100], (X[-100:], y[-100:])


class WeighedRare(d2l.Classifier):
    """Class imbalance on purpose: the rare class weighs nineteen times as much."""

    def __init__(self, lr=0.1):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 2))

    def loss(self, y_hat, y, averaged=True):
        return F.cross_entropy(y_hat, y, torch.tensor([0.05, 0.95]))


def teacher():
    return trained(ClothesMLP(num_hiddens=64), Clothes()).model


def clothes(name, model, data=Clothes, gain=0.1, **options):
    return RightProgram("losses", name, lambda: trained(model(), data(), **options), gain)


def houses(name, model, data=Houses, **options):
    return RightProgram(
        "losses", name, lambda: trained(model(), data(), score=measures.loss, **options)
    )


SMOOTH = nn.CrossEntropyLoss(label_smoothing=0.1)
WEIGHED = nn.CrossEntropyLoss(weight=torch.linspace(0.5, 2, 10))
PROGRAMS = (
    houses("mean squared error", lambda: PriceWithLoss(F.mse_loss)),
    houses("mean squared error, by hand", lambda: PriceWithLoss(F.mse_loss), train=train_by_hand),
    houses("absolute error", lambda: PriceWithLoss(F.l1_loss)),
    houses("huber", lambda: PriceWithLoss(F.huber_loss), train=fit_by_book_loop),
    houses("poisson", lambda: PriceWithLoss(
        lambda y_hat, y: F.poisson_nll_loss(y_hat, y.abs().round()), lr=0.02)),
    houses("gaussian density, loss below zero", GaussianPrices, max_epochs=8),
    houses("labels of one value", PriceModel, SameTarget),
    houses("multi-label", TagModel, Tags),
    houses("multi-label, probabilities", SigmoidTagModel, Tags, train=fit_by_book_loop),
    clothes("label smoothing", lambda: WithLoss(SMOOTH)),
    clothes("class weights", lambda: WithLoss(WEIGHED)),
    clothes("nll of log-softmax", LogProbabilities),
    clothes("nll of log-softmax, by hand", LogProbabilities, train=train_by_hand),
    clothes("hinge over the classes", lambda: WithLoss(F.multi_margin_loss)),
    clothes("squared error of one-hot rows", lambda: WithLoss(
        lambda y_hat, y: F.mse_loss(y_hat, F.one_hot(y, 10).float()), lr=0.3), max_epochs=3),
    clothes("focal", lambda: WithLoss(
        lambda y_hat, y: ((1 - (ce := F.cross_entropy(y_hat, y, reduction="none"))
                           .neg().exp()) ** 2 * ce).mean())),
    clothes("mixup, soft labels", MixupMLP),
    clothes("two tasks", TwoTasks),
    clothes("labels to ignore", ClothesMLP, Unknown),
    clothes("labels to ignore, by hand", ClothesMLP, Unknown, train=train_by_hand),
    clothes("distillation", lambda: Distilled(teacher())),
    clothes("contrastive", Embedder, score=nearest, max_epochs=3),
    clothes("triplets", TripletEmbedder, score=measures.loss, max_epochs=3),
    RightProgram("losses", "ctc", lambda: trained(CTCReader(), Signs(), measures.loss,
                                                   max_epochs=3)),
    RightProgram("losses", "rare class, weighted", lambda: trained(
        WeighedRare(), Rare(), measures.balanced_accuracy)),
)  # fmt: skip
