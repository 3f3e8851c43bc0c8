"""Right programs: learning rates, optimizers, batch sizes, schedules, what is done to gradients."""

from functools import partial

import torch
from torch import nn
from torch.nn import functional as F

from bench.tutor import measures
from bench.tutor.data_sets import Clothes, Houses
from bench.tutor.hosts import fit_by_book_loop, train_by_hand, trained
from bench.tutor.models import ClothesMLP, PriceModel
from bench.tutor.program import Outcome, RightProgram
from bench.tutor.said import watching
from d2l import torch as d2l


class OptimizedMLP(ClothesMLP):
    """Its optimizer is made by a function of the parameters."""

    def __init__(self, optimizer):
        super().__init__()
        self.make_optimizer = optimizer

    def configure_optimizers(self):
        return self.make_optimizer(self.parameters())


class CosineMLP(ClothesMLP):
    """Warms up for ten steps, then follows a cosine; stepped in each batch on purpose."""

    def __init__(self, lr=0.3, num_steps=64):
        super().__init__(lr=lr)
        self.num_steps = num_steps

    def configure_optimizers(self):
        optimizer = torch.optim.SGD(self.parameters(), lr=self.lr)
        warmup = torch.optim.lr_scheduler.LinearLR(optimizer, 0.01, total_iters=10)
        cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, self.num_steps)
        self.schedule = torch.optim.lr_scheduler.SequentialLR(optimizer, [warmup, cosine], [10])
        return optimizer

    def training_step(self, batch):
        if self.trainer.train_batch_idx:
            self.schedule.step()
        return super().training_step(batch)


class TwoRates(ClothesMLP):
    """A smaller rate for the first layer, and no decay for biases."""

    def configure_optimizers(self):
        first, last = self.net[1], self.net[3]
        return torch.optim.SGD(
            [
                {"params": [first.weight], "lr": self.lr / 10, "weight_decay": 1e-4},
                {"params": [last.weight], "weight_decay": 1e-4},
                {"params": [first.bias, last.bias]},
            ],
            lr=self.lr,
        )


class ClosureLoop(d2l.Trainer):
    """LBFGS evaluates the loss several times in a step."""

    def fit_epoch(self):
        self.model.train()
        for X, y in self.train_dataloader:

            def closure(X=X, y=y):
                self.optim.zero_grad()
                l = self.model.loss(self.model(X), y)
                l.backward()
                return l

            self.optim.step(closure)
            self.train_batch_idx += 1


class ReadersAccumulation(d2l.Trainer):
    """Four batches make an update; gradients are kept between them on purpose."""

    def fit_epoch(self):
        self.model.train()
        self.optim.zero_grad()
        for i, batch in enumerate(self.train_dataloader):
            (self.model.training_step(self.prepare_batch(batch)) / 4).backward()
            if (i + 1) % 4 == 0:
                self.optim.step()
                self.optim.zero_grad()
            self.train_batch_idx += 1


class LBFGSPrices(PriceModel):
    def configure_optimizers(self):
        return torch.optim.LBFGS(self.parameters(), lr=1.0, max_iter=5)


def clipped_by_hand():
    """Clips, accumulates two batches, and clears by set_to_none=False."""
    net, data = ClothesMLP(), Clothes()
    net(data.X[:1])
    before = measures.accuracy(net, data)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    with watching(net, optimizer) as watcher:
        for _ in range(2):
            for i, (X, y) in enumerate(data.train_dataloader()):
                (F.cross_entropy(net(X), y) / 2).backward()
                if i % 2 == 1:
                    nn.utils.clip_grad_norm_(net.parameters(), 1.0)
                    optimizer.step()
                    optimizer.zero_grad(set_to_none=False)
    return Outcome(measures.accuracy(net, data), before, watcher=watcher)


def clothes(name, train=None, gain=0.1, batch_size=64, num_train=2048, model=None, **options):
    """A classifier of clothes."""
    made = model or ClothesMLP
    options |= {"train": train} if train else {}
    return RightProgram(
        "optimizers",
        name,
        lambda: trained(made(), Clothes(batch_size, num_train), **options),
        gain,
    )


def optimizer(name, make, **options):
    return clothes(name, model=lambda: OptimizedMLP(make), **options)


PROGRAMS = (
    clothes("sgd, lr 0.001, batches of 4", model=lambda: ClothesMLP(lr=0.001), batch_size=4),
    clothes("sgd, lr 0.01, batches of 8", model=lambda: ClothesMLP(lr=0.01), batch_size=8),
    clothes("sgd, lr 0.03", model=lambda: ClothesMLP(lr=0.03)),
    clothes("sgd, lr 0.1", model=lambda: ClothesMLP(lr=0.1)),
    clothes("sgd, lr 0.1, own loop", fit_by_book_loop),
    clothes("sgd, lr 0.1, by hand", train_by_hand),
    clothes("sgd, lr 0.3", model=lambda: ClothesMLP(lr=0.3)),
    clothes("sgd, lr 0.5", model=lambda: ClothesMLP(lr=0.5)),
    clothes("a hidden layer of 512", model=lambda: ClothesMLP(num_hiddens=512)),
    clothes("batches of one example", model=lambda: ClothesMLP(lr=0.01), batch_size=1,
            num_train=700),
    clothes("batches of 17, the last of 8", batch_size=17),
    clothes("the whole set as one batch", model=lambda: ClothesMLP(lr=0.5), batch_size=2048,
            max_epochs=10),
    clothes("batches of 1024", model=lambda: ClothesMLP(lr=0.5), batch_size=1024, max_epochs=5),
    optimizer("momentum 0.9", partial(torch.optim.SGD, lr=0.03, momentum=0.9)),
    optimizer("nesterov", partial(torch.optim.SGD, lr=0.03, momentum=0.9, nesterov=True)),
    optimizer("adam, lr 0.001", partial(torch.optim.Adam, lr=0.001)),
    optimizer("adam, lr 0.01", partial(torch.optim.Adam, lr=0.01)),
    optimizer("adamw, decay 0.1", partial(torch.optim.AdamW, lr=0.002, weight_decay=0.1)),
    optimizer("rmsprop", partial(torch.optim.RMSprop, lr=0.001)),
    optimizer("adagrad", partial(torch.optim.Adagrad, lr=0.01)),
    optimizer("adadelta", partial(torch.optim.Adadelta, lr=1.0)),
    optimizer("adam, by hand", partial(torch.optim.Adam, lr=0.003), train=train_by_hand),
    optimizer("adam, own loop", partial(torch.optim.Adam, lr=0.003), train=fit_by_book_loop),
    optimizer("weight decay 0.01", partial(torch.optim.SGD, lr=0.1, weight_decay=0.01)),
    clothes("two rates and decay of weights alone", model=TwoRates),
    clothes("warmup and cosine", model=CosineMLP),
    clothes("gradients clipped to 1", gradient_clip_val=1),
    clothes("gradients clipped to 0.01", model=lambda: ClothesMLP(lr=0.5), gradient_clip_val=0.01,
            max_epochs=10),
    clothes("accumulate=4", model=lambda: ClothesMLP(lr=0.3), batch_size=16, accumulate=4),
    clothes("accumulated in an own loop", model=lambda: ClothesMLP(lr=0.3), batch_size=16,
            trainer=ReadersAccumulation),
    RightProgram("optimizers", "clipped and accumulated by hand", clipped_by_hand),
    RightProgram("optimizers", "lbfgs with a closure",
                 lambda: trained(LBFGSPrices(), Houses(256), measures.r2, trainer=ClosureLoop)),
)  # fmt: skip
