"""Kills writers of checkpoints at random moments and looks at what they leave: a program.

    python kill_points.py FOLDER NUM_KILLS SEED

One process has PyTorch ready and forks the writers. Prints what it found as JSON.
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import torch

from d2l.errors import CheckpointError
from d2l.files.atomic_write import PART
from d2l.runs.checkpoint_dir import CheckpointDir, read_checkpoint, write_checkpoint

SIZE = 60_000


def main(folder, num_kills, seed):
    torch.set_num_threads(1)
    draw, shelf = random.Random(seed), CheckpointDir(folder, keep=2)
    longest = 3 * seconds_of_a_checkpoint(folder.with_name("first"))
    found = {"kills": 0, "cut off": 0, "written": 0, "bad": []}
    for _ in range(num_kills):
        done = kill_a_writer(shelf, draw.uniform(0, longest))
        longest *= 0.95 if done > found["written"] else 1.25  # four in five write, at any load
        found["kills"] += 1
        found["written"] = done
        found["cut off"] += any(path.name.endswith(PART) for path in folder.glob(".*"))
        found["bad"] += look(shelf, done)
    print(json.dumps(found))


def kill_a_writer(shelf, seconds):
    """Let a writer go on with the folder, kill it so long after its first word; its last word."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            write_on(shelf, writing)
        finally:
            os._exit(1)  # whatever went wrong, this process is not to kill writers of its own
    os.close(writing)
    with open(reading, encoding="ascii") as words:
        last = words.readline()
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        whole = [line for line in words if line.endswith("\n")]
    return int(whole[-1] if whole else last)


def write_on(shelf, words):
    """Write one checkpoint after the other, and say of each when it is done."""
    shelf.prepare()
    newest = shelf.newest()
    step = 0 if newest is None else read_checkpoint(newest)["step"]
    os.write(words, f"{step}\n".encode())
    while True:
        step += 1
        write_checkpoint(shelf.path(step), state(step))
        os.write(words, f"{step}\n".encode())
        if step % 3 == 0:
            shelf.record_best(shelf.path(step), "val_loss", 1 / step)
        shelf.prune()


def state(step):
    return {"step": step, "weights": torch.full((SIZE,), float(step))}


def look(shelf, done):
    """What is wrong with the folder of a writer that has said that so many steps are done."""
    newest = shelf.newest()
    if newest is None:
        return [f"no checkpoint, {done} were done"] if done else []
    wrong = []
    for path in filter(None, (newest, shelf.best())):
        try:
            found = read_checkpoint(path)
        except CheckpointError as error:
            wrong.append(str(error))
            continue
        if not torch.equal(found["weights"], state(found["step"])["weights"]):
            wrong.append(f"{path} holds other numbers than were written")
        if path == newest and not done <= found["step"] <= done + 1:
            wrong.append(f"{path} is the newest, {done} were done")
    return wrong


def seconds_of_a_checkpoint(folder):
    shelf, begun = CheckpointDir(folder, keep=2), time.monotonic()
    for step in range(1, 6):
        write_checkpoint(shelf.path(step), state(step))
    return (time.monotonic() - begun) / 5


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
