"""Counts how often another thread came into Python while processes told each other things.

`quiet.py`: the first process prints each exchange's name and that number. A process that forks
while a thread comes into Python has a child that may wait for ever.
"""

import ctypes
import threading
import time

import torch
from torch import nn

from d2l.scale.process_group import from_environment

TIMES = 100
python = ctypes.pythonapi
python.PyThreadState_Get.restype = ctypes.c_void_p
python.PyThreadState_GetID.argtypes = [ctypes.c_void_p]
python.PyThreadState_GetID.restype = ctypes.c_uint64


def num_threads_seen():
    """How many threads have ever come into Python, this call's own among them."""
    numbers = []

    def look():
        numbers.append(python.PyThreadState_GetID(python.PyThreadState_Get()))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    return numbers[0]


def main():
    group = from_environment()
    group.init(torch.device("cpu"))
    exchanges = {
        "all_reduce": lambda: group.all_reduce(torch.ones(3)),
        "all_gather": lambda: group.all_gather(("words", 1.5)),
        "broadcast": lambda: group.broadcast(nn.Parameter(torch.ones(3)).data),
        "broadcast_result": lambda: group.broadcast_result(lambda: "words"),
    }
    for name, exchange in exchanges.items():
        group.barrier()
        time.sleep(0.2)  # for what was before
        before = num_threads_seen()
        for _ in range(TIMES):
            exchange()
        time.sleep(0.2)
        if group.is_main:
            print(name, num_threads_seen() - before - 1)


if __name__ == "__main__":
    main()
