"""Checks for data leaks: training rows in the validation set, labels among the inputs."""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import (
    DataLoader,
    RandomSampler,
    SequentialSampler,
    Subset,
    TensorDataset,
)

from d2l.tutor.evidence import Check, Evidence, Finding, When
from d2l.tutor.loader_data import Stored, stored

MAX_ROWS = 2000  # of validation that are looked for
MAX_TRAIN_ROWS = 200_000
MAX_COLUMNS = 16  # by which rows are found; whether they are equal is compared in full
MIN_ROWS = 50  # of either set: fewer are a toy
SHARE = 0.05  # of validation; correct programs have 0, windows of a story 0.26 with 0.24 by chance
TOKEN_SHARE = 0.95  # windows of texts repeat: 0.46 of a short story's
TIMES_CHANCE = 5.0  # the share of training rows that equal another training row
MARGIN = math.log(1000)  # by which as many rows are possible as there are
MAX_FEATURES = 5000
INTS = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}


def find_overlap(evidence: Evidence) -> Finding | None:
    """Rows of the validation set are also in the training set, by value or by index."""
    by_number = _overlap_by_number(evidence.train_loader, evidence.val_loader)
    if by_number is not None:
        return by_number
    train, val = stored(evidence.train_loader), stored(evidence.val_loader)
    if train is None or val is None or not _are_comparable(train, val, evidence.batch_size):
        return None
    return _overlap_of_rows(train, val)


def _overlap_of_rows(train: Stored, val: Stored) -> Finding | None:
    """Compare the fraction of validation rows that equal a training row with chance."""
    V, T = val.part(0), train.part(0, MAX_TRAIN_ROWS)
    sample = _spread(len(V), MAX_ROWS, V.device)
    columns = _columns_that_vary(V[sample], len(T))
    if columns is None:
        return None
    T_hash, V_hash = _hash(T, columns), _hash(V[sample], columns)
    pairs = _pairs(V_hash, T_hash)
    share = _num_equal(val, train, sample[pairs[0]], pairs[1]) / len(sample)
    if share < (TOKEN_SHARE if _are_tokens(T) else SHARE):
        return None
    in_order = T_hash.sort().values
    chance = float((in_order[1:] == in_order[:-1]).float().mean())
    if share < TIMES_CHANCE * chance:
        return None
    return _overlapping(share, len(val), len(sample), chance)


def _are_tokens(X: Tensor) -> bool:
    """Whether rows are integers other than image bytes: windows of a text repeat."""
    return not X.is_floating_point() and X.dtype is not torch.uint8


def _pairs(V_hash: Tensor, T_hash: Tensor) -> tuple[Tensor, Tensor]:
    """Return the matching positions of equal numbers, one per position of the shorter."""
    few = V_hash.sort().values
    near = few[torch.searchsorted(few, T_hash).clamp(max=len(few) - 1)]
    hits = (near == T_hash).nonzero().reshape(-1)
    if not len(hits):
        return hits, hits
    in_order, order = T_hash[hits].sort()
    place = torch.searchsorted(in_order, V_hash).clamp(max=len(order) - 1)
    found = (in_order[place] == V_hash).nonzero().reshape(-1)
    return found, hits[order[place[found]]]


def _are_comparable(train: Stored, val: Stored, batch_size: int | None) -> bool:
    """Whether rows are of one kind, and more than one batch of them is trained on.

    Of a single batch, which is learned by heart on purpose, nobody asks how it generalises.
    """
    size = train.batch_size or batch_size
    if min(len(train), len(val)) < MIN_ROWS or (size is not None and len(train) <= size):
        return False
    a, b = train.tensors, val.tensors
    return len(a) == len(b) and all(
        s.shape[1:] == t.shape[1:] and s.dtype == t.dtype and s.device == t.device
        for s, t in zip(a, b, strict=True)
    )


def _spread(n: int, most: int, device: Any) -> Tensor:
    """Return row indices: all, or `most` of them, evenly spaced."""
    if n <= most:
        return torch.arange(n, device=device)
    return torch.linspace(0, n - 1, most, dtype=torch.float64).long().to(device)


def _columns_that_vary(rows: Tensor, num_train: int) -> Tensor | None:
    """Return columns that distinguish rows; None if too few distinct rows are possible."""
    flat = rows.reshape(len(rows), -1)
    if flat.is_complex() or not flat.shape[1]:
        return None
    some = _spread(flat.shape[1], 8 * MAX_COLUMNS, flat.device)
    if flat.shape[1] > 8 * MAX_COLUMNS:
        generator = torch.Generator().manual_seed(0)
        some = torch.randperm(flat.shape[1], generator=generator)[: 8 * MAX_COLUMNS]
        some = some.to(flat.device)
    in_order = flat[_spread(len(flat), 500, flat.device)][:, some].sort(0).values
    num_values = 1 + (in_order[1:] != in_order[:-1]).sum(0)
    if float(num_values.double().log().sum()) < math.log(num_train) + MARGIN:
        return None
    best = num_values.argsort(descending=True)[:MAX_COLUMNS]
    return some[best[num_values[best] > 1]]


def _hash(X: Tensor, columns: Tensor) -> Tensor:
    """Return a hash per row from these columns: equal rows have equal hashes."""
    flat = X.reshape(len(X), -1)
    if flat.dtype is torch.bool or flat.is_floating_point():
        flat = flat.contiguous().view(INTS[flat.element_size()])
    generator = torch.Generator().manual_seed(1)
    odd = torch.randint(-(2**62), 2**62, (len(columns),), generator=generator) * 2 + 1
    total = torch.zeros(len(flat), dtype=torch.int64, device=flat.device)
    for column, factor in zip(columns.tolist(), odd.tolist(), strict=True):
        total.add_(flat[:, column].long(), alpha=factor)
    return total


def _num_equal(val: Stored, train: Stored, val_rows: Tensor, train_rows: Tensor) -> int:
    """Return how many pairs of rows are equal in each tensor."""
    if not len(val_rows):
        return 0
    same = torch.ones(len(val_rows), dtype=torch.bool, device=val_rows.device)
    for i in range(len(val.tensors)):
        a, b = val.part(i)[val_rows], train.part(i)[train_rows]
        same &= (a == b).reshape(len(a), -1).all(1)
    return int(same.sum())


def _overlap_by_number(train: Any, val: Any) -> Finding | None:
    """Two DataLoaders of one data set share rows."""
    if not isinstance(train, DataLoader) or not isinstance(val, DataLoader):
        return None
    a, b = _numbers(train), _numbers(val)
    if a is None or b is None or a[0] is not b[0] or len(a[1]) < MIN_ROWS:
        return None
    size = train.batch_size
    if len(b[1]) < MIN_ROWS or (size is not None and len(a[1]) <= size):
        return None
    if type(a[0]) is TensorDataset:
        return None  # its rows are compared
    in_train = set(a[1])
    share = sum(i in in_train for i in b[1]) / len(b[1])
    return None if share < SHARE else _overlapping(share, len(b[1]), len(b[1]), 0.0)


def _numbers(loader: "DataLoader[Any]") -> tuple[Any, Any] | None:
    """Return the data set of a loader and its row indices."""
    if type(loader.sampler) not in (RandomSampler, SequentialSampler):
        return None
    data = loader.dataset
    if type(data) is Subset:
        return data.dataset, [int(i) for i in data.indices]
    known = type(data).__module__.startswith(("torchvision.datasets.", "torch.utils.data."))
    return (data, range(len(data))) if known and hasattr(data, "__len__") else None


def _overlapping(share: float, num_val: int, num_seen: int, chance: float) -> Finding:
    count = f"All {num_val:,}" if share == 1 else f"{share:.0%} of the {num_val:,}"
    looked = "" if num_seen == num_val else f" ({num_seen:,} were compared)"
    return Finding(
        f"{count} validation examples are also training examples{looked}.",
        "Give `get_dataloader(train=False)` rows of its own, e.g. "
        "`slice(0, n) if train else slice(n, None)`.",
        {"share": share, "num_val": num_val, "share_by_chance": chance},
        "validation set",
    )


def find_leak(evidence: Evidence) -> Finding | None:
    """A column of the inputs equals the labels."""
    data = stored(evidence.train_loader)
    if data is None or len(data.tensors) != 2 or data.is_raw or _reads_in_order(evidence.model):
        return None
    X, y = data.tensors
    if X.ndim != 2 or not X.is_floating_point() or not 3 <= X.shape[1] <= MAX_FEATURES:
        return None
    if y.numel() != len(X) or y.is_complex() or len(X) < 100:
        return None
    X, y = data.part(0, MAX_TRAIN_ROWS), data.part(1, MAX_TRAIN_ROWS).reshape(-1, 1)
    num_values = len(y.unique())
    if num_values < 3:
        return None
    same = (X[:100] == y[:100].to(X.dtype)).all(0).nonzero().reshape(-1)
    for j in same.tolist():
        if bool((X[:, j : j + 1] == y.to(X.dtype)).all()):
            return Finding(
                f"Column {j} of the inputs is the labels: they are equal in all "
                f"{len(X):,} training rows.",
                "Take the column out of the inputs: "
                + (
                    f"`X = torch.cat([X[:, :{j}], X[:, {j + 1}:]], dim=1)`."
                    if j
                    else "`X = X[:, 1:]`."
                ),
                {"column": j, "num_values": num_values},
                f"column {j}",
            )
    return None


def _reads_in_order(model: nn.Module | None) -> bool:
    """Whether rows may be series, where predicting one of their values is a valid task."""
    kinds = (nn.RNNBase, nn.RNNCellBase, nn.MultiheadAttention, nn.Conv1d)
    return model is None or any(isinstance(m, kinds) for m in nn.Module.modules(model))


CHECKS = (
    Check(
        kind="validation-overlaps-training",
        when=When.BEFORE,
        find=find_overlap,
        title="Validation examples are training examples",
        why="A model that memorizes them scores well there, regardless of new examples.",
        threshold=(
            "5 % or more of the validation rows (up to 2,000 are checked) equal a training row "
            "in every tensor, and 5 times the share of training rows that equal another one. "
            "Correct programs of the corpus have 0 %, and windows of a story 26 % where 24 % of "
            "the "
            "training rows equal another one. Silent with fewer than 50 rows, "
            "with one training batch, and where few different rows are possible."
        ),
        book="3.6 Generalization",
        wrong="def get_dataloader(self, train):\n"
        "    return self.get_tensorloader((self.X, self.y), train, slice(0, self.n))",
        right="def get_dataloader(self, train):\n"
        "    rows = slice(0, self.n) if train else slice(self.n, None)\n"
        "    return self.get_tensorloader((self.X, self.y), train, rows)",
    ),
    Check(
        kind="label-leak",
        when=When.BEFORE,
        find=find_leak,
        title="The labels are a column of the inputs",
        why="The model copies that column, and fails on data without it.",
        threshold=(
            "Certain: in a table of 100 rows or more, with labels of 3 or more values, a column "
            "equals them in every row. Not checked for models that read rows as series."
        ),
        book="5.7 Predicting house prices on Kaggle",
        wrong="X = torch.tensor(table.values)\ny = X[:, -1]",
        right="X = torch.tensor(table.drop(columns='price').values)\n"
        "y = torch.tensor(table['price'].values)",
    ),
)
