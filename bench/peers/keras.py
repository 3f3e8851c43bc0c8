"""Keras 3 as its documentation has it: Sequential, compile, fit; KERAS_BACKEND says on what."""

from typing import Any

import keras

from bench.peers.case import (
    BATCH_SIZE,
    LEARNING_RATE,
    WIDTHS,
    Case,
    Epochs,
    Stopwatch,
    floats,
    read_images,
)


class Watch(keras.callbacks.Callback):
    """The seconds of each epoch, validation included."""

    def __init__(self) -> None:
        super().__init__()
        self.stopwatch = Stopwatch()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Start the watch."""
        self.stopwatch.start()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Stop it: validation is done by then."""
        self.stopwatch.stop()


def run(case: Case) -> Epochs:
    """Train and validate; the warm-up compiles, after it the model has its first weights again."""
    keras.utils.set_random_seed(case.seed)
    model = new_model(WIDTHS[case.task])
    weights = model.get_weights()
    fit(model, case.warm())
    model.set_weights(weights)
    return fit(model, case)


def new_model(widths: tuple[int, ...]) -> Any:
    """Compiled, with SGD."""
    hidden = [keras.layers.Dense(width, activation="relu") for width in widths[1:-1]]
    layers = [keras.layers.Flatten(), *hidden, keras.layers.Dense(widths[-1])]
    model = keras.Sequential([keras.Input(shape=(28, 28)), *layers])
    model.compile(
        optimizer=keras.optimizers.SGD(learning_rate=LEARNING_RATE),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model


def fit(model: Any, case: Case) -> Epochs:
    """Continue to train it; `fit` shuffles by default."""
    (images, labels), (val_images, val_labels) = (read_images(case, t) for t in (True, False))
    watch = Watch()
    history = model.fit(
        floats(images), labels, batch_size=BATCH_SIZE, epochs=case.epochs, verbose=0,
        validation_data=(floats(val_images), val_labels), callbacks=[watch],
    )  # fmt: skip
    return Epochs(watch.stopwatch.seconds, [float(a) for a in history.history["val_accuracy"]])
