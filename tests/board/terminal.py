"""A terminal without a window: what a program in it writes, and what somebody there would see."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

TIMEOUT_SECONDS = 900
PIECES = re.compile(r"\r|\n|\x1b\[[?\d;]*[A-Za-z]|\x1b|[^\r\n\x1b]+")


def run_in_terminal(program, columns=80, term="xterm-256color", interrupt_at=None):
    """Run a Python program on a pseudo-terminal; give its exit status and all that it wrote.

    It is interrupted, as by Ctrl-C, once it has written `interrupt_at`.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=_environment(term),
    )
    os.close(theirs)
    try:
        written = _read(ours, process, interrupt_at)
        return process.wait(TIMEOUT_SECONDS), written
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def screens(written, columns):
    """The lines to be seen before each change and at the end; blank ones are left out.

    Knows the few control codes that a line in place needs, and raises on any other.
    """
    lines, row, column, seen = [""], 0, 0, []
    for piece in PIECES.findall(written):
        if piece == "\r":
            column = 0
        elif piece == "\n":
            row += 1
        elif piece == "\x1b[2K":
            seen.append([line.rstrip() for line in lines if line.strip()])
            lines[row] = ""
        elif piece == "\x1b[1A":
            row -= 1
        elif piece.startswith("\x1b"):
            assert re.fullmatch(r"\x1b\[(\?25[lh]|[\d;]*m)", piece), f"what is {piece!r}?"
        else:
            for character in piece:
                if column == columns:
                    row, column = row + 1, 0
                lines += [""] * (row + 1 - len(lines))
                line = lines[row].ljust(columns)
                lines[row] = line[:column] + character + line[column + 1 :]
                column += 1
        lines += [""] * (row + 1 - len(lines))
    return [*seen, [line.rstrip() for line in lines if line.strip()]]


def _environment(term):
    told_to_us = {"COLUMNS", "LINES", "MPLBACKEND", "NO_COLOR", "FORCE_COLOR", "TTY_INTERACTIVE"}
    kept = {name: value for name, value in os.environ.items() if name not in told_to_us}
    return {**kept, "TERM": term}


def _read(terminal, process, interrupt_at):
    written, deadline = b"", time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            chunk = os.read(terminal, 1 << 16)
        except OSError:  # Linux's word for: nobody has the other end open any more
            chunk = b""
        if not chunk:
            return written.decode()
        written += chunk
        if interrupt_at is not None and interrupt_at in written.decode(errors="ignore"):
            process.send_signal(signal.SIGINT)
            interrupt_at = None
    raise TimeoutError(f"the program still runs after {TIMEOUT_SECONDS} s; it wrote {written!r}")
