"""What a configuration is worth: the validation error of a model trained with it."""

from typing import Any

import torch

from d2l.base.axes import Float, Tensor
from d2l.base.batches import count_examples
from d2l.base.devices import num_gpus
from d2l.core.module import batch_parts
from d2l.core.trainer import Trainer
from d2l.engine.metrics import WeightedMeans
from d2l.errors import DataError


class HPOTrainer(Trainer):
    """A `Trainer` that says, after `fit`, how large the validation error is.

    >>> class Halves(d2l.DataModule):
    ...     def get_dataloader(self, train):
    ...         X = torch.randn(64, 2)
    ...         self.batch_size = 16
    ...         return self.get_tensorloader((X, (X[:, 0] > 0).long()), train)
    >>> trainer = d2l.HPOTrainer(max_epochs=5)
    >>> trainer.fit(d2l.SoftmaxRegression(num_outputs=2, lr=1), Halves())
    epoch 1/5: train_loss ..., val_loss ..., val_acc ... (... s)
    >>> bool(trainer.validation_error() < 0.1)
    True

    Book: 19.1 What is hyperparameter optimization?
    """

    def validation_error(self) -> Float[Tensor, ""]:
        """1 minus the model's accuracy on the validation examples, each of the same weight.

        A scalar on the CPU; the model is left in evaluation mode.

        Book: 19.1 What is hyperparameter optimization?
        """
        if getattr(self, "val_dataloader", None) is None:
            raise DataError(
                "validation_error needs a trained model and validation examples. Call "
                "trainer.fit(model, data) first, with a data.val_dataloader() that gives a loader"
            )
        means = WeightedMeans()
        self.model.eval()
        with torch.no_grad():
            for batch in self.val_dataloader:
                *inputs, y = batch_parts(self.model, self.prepare_batch(batch))
                means.add("acc", self.model.accuracy(self.model(*inputs), y), count_examples(batch))
        return 1 - torch.as_tensor(means.pop()["acc"], dtype=torch.float32, device="cpu")


def hpo_objective_lenet(learning_rate: float, batch_size: int, max_epochs: int = 10) -> Any:
    """The validation error of a LeNet trained on Fashion-MNIST, on a GPU if there is one.

    >>> error = d2l.hpo_objective_lenet(0.1, 256, max_epochs=10)  # doctest: +SKIP

    Book: 19.2 Hyperparameter optimization API
    """
    from d2l.data.fashion_mnist import FashionMNIST
    from d2l.models.cnn import LeNet, init_cnn

    model = LeNet(lr=learning_rate, num_classes=10)
    trainer = HPOTrainer(max_epochs=max_epochs, num_gpus=min(1, num_gpus()))
    data = FashionMNIST(batch_size=batch_size)
    model.apply_init([next(iter(data.get_dataloader(True)))[0]], init_cnn)
    trainer.fit(model=model, data=data)
    return trainer.validation_error()
