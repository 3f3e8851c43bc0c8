"""What the steps of a pass report, kept on the device, and copied from there without waiting."""

import torch
from torch import Tensor


class ResultTable:
    """A table on the device: what each step of one pass reported, by name, a row for each batch."""

    def __init__(self, num_batches: int, device: torch.device) -> None:
        self.cursor = torch.zeros(1, dtype=torch.int64, device=device)
        self._num_batches = num_batches
        self._columns: dict[str, Tensor] = {}

    def write(self, name: str, value: Tensor | float) -> None:
        """Note a value of the step at the cursor; does not wait for the device."""
        if name not in self._columns:
            self._columns[name] = self.cursor.new_zeros(self._num_batches, dtype=torch.float32)
        column = self._columns[name]
        if isinstance(value, Tensor):
            column.index_copy_(0, self.cursor, value.detach().reshape(1).to(column))
        else:
            column.index_fill_(0, self.cursor, value)

    def tensors(self) -> dict[str, Tensor]:
        """The table's tensors by name."""
        return {"cursor": self.cursor, **self._columns}

    def snapshot(self, first: int, last: int) -> "Snapshot":
        """The values of the batches first ≤ i < last, on their way to the host; does not wait."""
        if not self._columns or first == last:
            return Snapshot((), torch.empty(0, 0))
        columns = [column[first:last] for column in self._columns.values()]
        return Snapshot(tuple(self._columns), torch.stack(columns))


class Snapshot:
    """A copy of some rows of a table of results, `values` of shape (names, batches)."""

    def __init__(self, names: tuple[str, ...], values: Tensor) -> None:
        self._names, self._values = names, values
        self._copied: torch.cuda.Event | None = None
        if values.is_cuda:
            with torch.cuda.device(values.device):
                pinned = torch.empty(values.shape, dtype=values.dtype, pin_memory=True)
                self._values = pinned.copy_(values, non_blocking=True)
                self._copied = torch.cuda.Event()
                self._copied.record()

    def is_here(self) -> bool:
        """Whether the values can be read without waiting for the device."""
        return self._copied is None or self._copied.query()

    def read(self) -> dict[str, list[float]]:
        """The values by name; waits for them where they are not here yet."""
        if self._copied is not None:
            self._copied.synchronize()
        return dict(zip(self._names, self._values.tolist(), strict=True))
