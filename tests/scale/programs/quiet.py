"""Counts how often another thread came into Python while processes told each other things.

`quiet.py`: the first process prints each exchange's name and that number. A process that forks
while a thread comes into Python has a child that may wait for ever.
"""

import ctypes
import threading
import time

import torch
from torch import nn

from d2l.scale.world import launched

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
    world = launched()
    world.join(torch.device("cpu"))
    exchanges = {
        "sum": lambda: world.sum(torch.ones(3)),
        "gather": lambda: world.gather(("words", 1.5)),
        "share": lambda: world.share(nn.Parameter(torch.ones(3)).data),
        "from main": lambda: world.from_main(lambda: "words"),
    }
    for name, exchange in exchanges.items():
        world.wait()
        time.sleep(0.2)  # for what was before
        before = num_threads_seen()
        for _ in range(TIMES):
            exchange()
        time.sleep(0.2)
        if world.is_main:
            print(name, num_threads_seen() - before - 1)


if __name__ == "__main__":
    main()
