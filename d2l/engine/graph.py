"""A piece of work captured once and launched as a whole: a CUDA graph.

`GRAPHS` has the graphs there are, by type of device. The tests add one for the CPU, which calls the
recorded operations again without running Python, as a GPU would.
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
        """Do on the device what the work did there, without running Python."""
        ...


class CudaGraph:
    """One launch that does everything `work` asked of the device while it was captured.

    Nothing is executed during the capture. What `work` allocates lives as long as the graph.
    """

    def __init__(self, work: Callable[[], None], device: torch.device) -> None:
        gc.collect()  # a gradient's node that is still held is bound to the stream of its first use
        self._graph, pool = torch.cuda.CUDAGraph(), torch.cuda.graph_pool_handle()
        before = torch.cuda.current_stream(device)
        capture_options: dict[str, Any] = {"pool": pool, "capture_error_mode": CAPTURE_MODE}
        with torch.cuda.device(device):
            try:
                with torch.cuda.graph(self._graph, stream=_stream_of(device), **capture_options):
                    work()
            except BaseException:
                torch.cuda.set_stream(before)  # PyTorch leaves that of the capture
                _end_failed_capture(device, pool)
                raise

    def replay(self) -> None:
        """Launch the captured work; returns before it has run."""
        self._graph.replay()


GRAPHS: dict[str, Callable[[Callable[[], None], torch.device], Graph]] = {"cuda": CudaGraph}


def capture(work: Callable[[], None], device: torch.device) -> Graph:
    """Capture `work`; raises RuntimeError if something in it cannot be captured."""
    return GRAPHS[device.type](work, device)


@contextmanager
def side_stream(device: torch.device) -> Iterator[None]:
    """Inside, the stream of captures, which CUDA requires for the steps before a capture too."""
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
    """This thread's stream for captures on a device; one, so that memory is cached once."""
    streams: dict[torch.device, torch.cuda.Stream] = vars(_threads).setdefault("streams", {})
    if device not in streams:
        streams[device] = torch.cuda.Stream(device)
    return streams[device]


def _end_failed_capture(device: torch.device, pool: Any) -> None:
    """Take allocator and generator out of capture mode, where PyTorch before 2.12 leaves them."""
    with suppress(RuntimeError):
        torch._C._cuda_endAllocateToPool(device.index or 0, pool)
    with suppress(RuntimeError), warnings.catch_warnings(), torch.cuda.stream(_stream_of(device)):
        warnings.simplefilter("ignore")  # of the graph being empty
        graph = torch.cuda.CUDAGraph()
        graph.capture_begin(capture_error_mode=CAPTURE_MODE)
        graph.capture_end()
