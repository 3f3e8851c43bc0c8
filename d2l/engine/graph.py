"""CUDA graphs: work that is captured once and launched as a whole.

`GRAPHS` maps device types to graph classes. The tests add one for the CPU, which repeats the
recorded operations without running Python, as a GPU does.
"""

import gc
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Protocol, runtime_checkable

import torch

CAPTURE_MODE = "thread_local"  # other threads of the program may use the device meanwhile


@runtime_checkable
class Graph(Protocol):
    """Captured work."""

    def replay(self) -> None:
        """Repeat the captured work on the device, without running Python."""
        ...


class CudaGraph:
    """A CUDA graph of the device operations of `work`, replayed in one launch.

    Nothing is executed during the capture. Memory that `work` allocates lives as long as the graph.
    """

    def __init__(self, work: Callable[[], None], device: torch.device) -> None:
        gc.collect()  # a surviving autograd node is bound to the stream of its first use
        self._graph, pool = torch.cuda.CUDAGraph(), torch.cuda.graph_pool_handle()
        before = torch.cuda.current_stream(device)
        capture_options: dict[str, Any] = {"pool": pool, "capture_error_mode": CAPTURE_MODE}
        with torch.cuda.device(device):
            try:
                with torch.cuda.graph(self._graph, stream=_stream_of(device), **capture_options):
                    work()
            except BaseException:
                torch.cuda.set_stream(before)  # PyTorch does not restore it
                _end_failed_capture(device, pool)
                raise

    def replay(self) -> None:
        """Launch the captured work; returns before it is done."""
        self._graph.replay()


GRAPHS: dict[str, Callable[[Callable[[], None], torch.device], Graph]] = {"cuda": CudaGraph}


def capture(work: Callable[[], None], device: torch.device) -> Graph:
    """Return a graph of `work`; raise RuntimeError if something in it cannot be captured."""
    return GRAPHS[device.type](work, device)


@contextmanager
def side_stream(device: torch.device) -> Iterator[None]:
    """Context with the capture stream, which CUDA also requires for the steps before a capture."""
    if device.type != "cuda":
        yield
        return
    stream = _stream_of(device)
    stream.wait_stream(torch.cuda.current_stream(device))
    try:
        with torch.cuda.device(device), torch.cuda.stream(stream):
            yield
    finally:
        torch.cuda.current_stream(device).wait_stream(stream)


_threads = threading.local()


def _stream_of(device: torch.device) -> torch.cuda.Stream:
    """Return this thread's capture stream of a device; only one, so that memory is cached once."""
    streams: dict[torch.device, torch.cuda.Stream] = vars(_threads).setdefault("streams", {})
    if device not in streams:
        streams[device] = torch.cuda.Stream(device)
    return streams[device]


def _end_failed_capture(device: torch.device, pool: Any) -> None:
    """End the capture mode of allocator and generator, which PyTorch before 2.12 does not."""
    with suppress(RuntimeError):
        torch._C._cuda_endAllocateToPool(device.index or 0, pool)
    with suppress(RuntimeError), warnings.catch_warnings(), torch.cuda.stream(_stream_of(device)):
        warnings.simplefilter("ignore")  # the graph is empty
        graph = torch.cuda.CUDAGraph()
        graph.capture_begin(capture_error_mode=CAPTURE_MODE)
        graph.capture_end()
