"""The small programs of the self-test: each tries to break one guarantee of a sandbox.

Bounded in themselves, so that the machine is unharmed where a guarantee does not hold.
"""

from dataclasses import dataclass

from d2l.grader.sandbox.isolation import Limits

BEGUN = "begun"  # printed by a program before it tries
SUCCEEDED = "succeeded"  # printed by one that got away with it
_MEGABYTE = 2**20


@dataclass(frozen=True)
class EscapeAttempt:
    """A program that goes beyond `limits`."""

    what: str
    limits: Limits
    program: str


LOOK_AROUND = """
import os, socket, sys
port, process, *paths = sys.stdin.read().split("\\n")
try:
    socket.create_connection(("127.0.0.1", int(port)), timeout=0.5).close()
    print("connected", "a connection to a server outside was made")
except OSError:
    pass
for path in paths:
    try:
        os.listdir(path) if os.path.isdir(path) else open(path, "rb").close()
        print("read", path, "could be read")
    except OSError:
        pass
if os.getpid() > 100 or os.path.exists("/proc/" + process):
    print("process", "the processes of the machine are visible")
print("done")
"""

_MEMORY = f"""
import time
print("{BEGUN}", flush=True)
try:
    kept = [bytearray(b"x") * {16 * _MEGABYTE} for part in range(20)]
    time.sleep(2)
    print("{SUCCEEDED}")
except MemoryError:
    pass
"""

_PROCESSES = f"""
import os, time
print("{BEGUN}", flush=True)
try:
    for number in range(40):
        if os.fork() == 0:
            time.sleep(3)
            os._exit(0)
    time.sleep(2)
    print("{SUCCEEDED}")
except OSError:
    pass
"""

_DISK = f"""
import time
print("{BEGUN}", flush=True)
try:
    for number in range(8):
        with open(f"part{{number}}", "wb") as file:
            file.write(bytes({4 * _MEGABYTE}))
    time.sleep(2)
    print("{SUCCEEDED}")
except OSError:
    pass
"""

_TIME = f"""
import os, signal, time
print("{BEGUN}", flush=True)
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
time.sleep(8)
print("{SUCCEEDED}")
"""

ATTEMPTS = (
    EscapeAttempt("time", Limits(wall_seconds=1.0), _TIME),
    EscapeAttempt("memory", Limits(wall_seconds=10, memory=160 * _MEGABYTE), _MEMORY),
    EscapeAttempt("processes", Limits(wall_seconds=10, processes=20), _PROCESSES),
    EscapeAttempt("disk", Limits(wall_seconds=10, disk=16 * _MEGABYTE), _DISK),
)
