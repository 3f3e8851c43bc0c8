"""The IMDb reviews, and predicting the class of one text."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from d2l.base.context_managers import evaluating
from d2l.base.devices import cpu, move
from d2l.data.hub import download_extract
from d2l.engine.tensor_loaders import ResidentLoader
from d2l.errors import DataError
from d2l.text.tokens import pad_numbers, tokenize
from d2l.text.vocab import Vocab


def most_likely_class(net: Callable[..., Tensor], X: Any) -> int:
    """Return the index of the class with the largest output for a batch of one, without dropout.

    `X` is moved to the device of a module's parameters, and the module's mode is restored; a
    function receives tensors on the CPU.
    """
    parameters = net.parameters() if isinstance(net, nn.Module) else ()
    device = next((parameter.device for parameter in parameters), cpu())
    mode = evaluating(net) if isinstance(net, nn.Module) else nullcontext()
    with mode, torch.no_grad():
        return int(net(move(X, device)).reshape(-1).argmax())


FOLDERS = {"pos": 1, "neg": 0}
MIN_FREQ = 5


def read_imdb(data_dir: str | Path, is_train: bool) -> tuple[list[str], list[int]]:
    """Return the reviews in a folder and their labels: 1 for positive, 0 for negative.

    Positive reviews come first; each class is sorted by file name.

    >>> from pathlib import Path
    >>> for kind in ("pos", "neg"):
    ...     Path(f"reviews/train/{kind}").mkdir(parents=True)
    ...     _ = Path(f"reviews/train/{kind}/0.txt").write_text(f"A {kind} film")
    >>> d2l.read_imdb("reviews", is_train=True)
    (['A pos film', 'A neg film'], [1, 0])

    Book: 16.1 Sentiment analysis and the dataset
    """
    reviews, labels = [], []
    for name, label in FOLDERS.items():
        folder = Path(data_dir, "train" if is_train else "test", name)
        files = sorted(folder.glob("*"))
        if not files:
            raise DataError(
                f"found no reviews in {folder}; data_dir must be the folder 'aclImdb' of the "
                "archive, as returned by d2l.download_extract('aclImdb', 'aclImdb')"
            )
        reviews += [file.read_bytes().decode().replace("\n", "") for file in files]
        labels += [label] * len(files)
    return reviews, labels


def load_data_imdb(
    batch_size: int, num_steps: int = 500
) -> tuple[ResidentLoader, ResidentLoader, Vocab]:
    """Return loaders of training (shuffled) and test reviews, and the vocabulary.

    A batch is the word indices, truncated or padded with `<pad>` to (batch, num_steps), and the
    labels (batch,). Words that occur fewer than five times in the training reviews are `<unk>`.

    >>> train_iter, test_iter, vocab = d2l.load_data_imdb(64)  # doctest: +SKIP
    >>> [tuple(part.shape) for part in next(iter(test_iter))]  # doctest: +SKIP
    [(64, 500), (64,)]

    Book: 16.1 Sentiment analysis and the dataset
    """
    data_dir = download_extract("aclImdb", "aclImdb")
    splits = [read_imdb(data_dir, is_train) for is_train in (True, False)]
    tokens = [tokenize(reviews) for reviews, _ in splits]
    vocab = Vocab(tokens[0], min_freq=MIN_FREQ, reserved_tokens=("<pad>",))
    arrays = [pad_numbers(vocab[lines], num_steps, vocab["<pad>"]) for lines in tokens]
    labels = [torch.tensor(split_labels) for _, split_labels in splits]
    train_iter = ResidentLoader((arrays[0], labels[0]), batch_size, shuffle=True)
    return train_iter, ResidentLoader((arrays[1], labels[1]), batch_size), vocab


def predict_sentiment(
    net: Callable[..., Tensor], vocab: Vocab, sequence: str | Sequence[str]
) -> str:
    """Predict `"positive"` or `"negative"` for a text or a list of words.

    `net` is a module or a function that maps word indices (1, num_words) to a score per class.

    >>> class LikesAll(nn.Module):
    ...     def forward(self, X):
    ...         return torch.tensor([[0.0, 1.0]])
    >>> d2l.predict_sentiment(LikesAll(), d2l.Vocab(["film"]), "this film")
    'positive'

    Book: 16.2 Sentiment analysis: using recurrent neural networks
    """
    words = sequence.split() if isinstance(sequence, str) else list(sequence)
    label = most_likely_class(net, torch.tensor([vocab[words]], dtype=torch.int64))
    return "positive" if label == FOLDERS["pos"] else "negative"
