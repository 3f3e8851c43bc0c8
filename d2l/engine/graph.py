"""A piece of work captured once and replayed as a whole: a CUDA graph.

On a device without graphs the same interface calls the work again; that is how the logic around it
is tested everywhere.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import torch


class CudaGraph:
    """One launch that does everything `work` asked of the device while it was captured.

    Nothing is executed during the capture. What `work` allocates lives as long as the graph.
    """

    def __init__(self, work: Callable[[], None]) -> None:
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph, capture_error_mode="thread_local"):
            work()

    def replay(self) -> None:
        """Launch the captured work; returns before it has run."""
        self._graph.replay()


class EagerReplay:
    """The stand-in on a device without graphs: a replay calls the work."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work

    def replay(self) -> None:
        """Call the work."""
        self._work()


Graph = CudaGraph | EagerReplay


def capture(work: Callable[[], None], device: torch.device) -> Graph:
    """Capture `work` as the device allows; raises RuntimeError if something in it cannot be."""
    return CudaGraph(work) if device.type == "cuda" else EagerReplay(work)


def side_stream(device: torch.device) -> AbstractContextManager[object]:
    """A stream other than the current one, as CUDA requires for the steps before a capture."""
    if device.type != "cuda":
        return nullcontext()
    return _SideStream()


class _SideStream(AbstractContextManager[object]):
    def __enter__(self) -> None:
        self._side = torch.cuda.Stream()
        self._side.wait_stream(torch.cuda.current_stream())
        self._context = torch.cuda.stream(self._side)
        self._context.__enter__()

    def __exit__(self, *error: object) -> None:
        self._context.__exit__(*error)
        torch.cuda.current_stream().wait_stream(self._side)
