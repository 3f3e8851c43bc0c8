"""`d2l grade` as a process of its own over a class, watched while it runs."""

import csv
import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

SECONDS = 900
SECRET_VARIABLE = "D2L_TEST_SECRET"


@dataclass(frozen=True)
class Grade:
    """One line of the table, and what was found when it was printed."""

    status: str
    total: float
    note: str
    row: dict


@dataclass
class Graded:
    """A class after its grading."""

    places: object
    level: str
    exit_status: int
    output: str
    peak_memory: int  # bytes, of the grader's own process
    heard: list  # by servers on the loopback
    token: str  # on the command line of every process that an attack leaves
    secret: str  # in the grader's environment
    alive: dict[str, list] = field(default_factory=dict)  # when a student's line was printed

    def __getitem__(self, student):
        return self.grades[student]

    @property
    def table(self):
        """The bytes of `grades.csv`; without it, what the command said is the error."""
        assert (self.places.out / "grades.csv").exists(), self.output
        return (self.places.out / "grades.csv").read_bytes()

    @property
    def grades(self):
        """The rows of the table by student."""
        rows = csv.DictReader(io.StringIO(self.table.decode("utf-8-sig")))
        return {
            row["student"]: Grade(row["status"], float(row["total"]), row["note"], row)
            for row in rows
        }

    @property
    def points(self):
        """The row of each student without its note, which is in the system's words."""
        return {
            student: {name: cell for name, cell in grade.row.items() if name != "note"}
            for student, grade in self.grades.items()
        }

    def left(self):
        """The processes that an attack has left."""
        return _commands_with(self.token)

    def page(self, student):
        return (self.places.out / "students" / f"{student}.html").read_text()

    def outputs(self, student):
        """All that a student's cells showed, as text."""
        ran = nbformat.read(self.places.out / "students" / f"{student}.ipynb", 4)
        return json.dumps([cell.get("outputs", []) for cell in ran.cells], ensure_ascii=False)

    def seconds(self, student):
        summary = json.loads((self.places.out / "summary.json").read_text())
        return next(one["seconds"] for one in summary["grades"] if one["student"] == student)


def run_grade(places, token, heard, secret, *options):
    """Grade the class at `places`; ended after a quarter of an hour, whatever happens."""
    command = [sys.executable, "-m", "d2l", "grade", places.students, "--jobs", "2"]
    command += ["--rubric", places.course / "rubric.toml", "--out", places.out, *options]
    process = subprocess.Popen(
        [str(word) for word in command],
        env=os.environ | {SECRET_VARIABLE: secret, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    watchdog = threading.Timer(SECONDS, os.killpg, (process.pid, signal.SIGKILL))
    watchdog.start()
    lines, alive, peak = [], {}, 0
    try:
        for line in map(bytes.decode, process.stdout):
            lines.append(line)
            peak = max(peak, _peak_memory(process.pid))
            for name in (word for word in line.split() if "_" in word):
                alive[name] = _commands_with(f"{token}-{name}-")
    finally:
        watchdog.cancel()
        process.stdout.close()
    status = process.wait()
    output = "".join(lines)
    level = output.partition("isolation: ")[2].partition(" ")[0]
    return Graded(places, level, status, output, peak, list(heard), token, secret, alive)


def _peak_memory(process):
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:  # it has ended
        return 0
    return next((int(l.split()[1]) * 1024 for l in lines if l.startswith("VmHWM")), 0)


def _commands_with(token):
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes()
        except OSError:  # ended in between
            continue
        if token.encode() in line:
            found.append((int(folder.name), line))
    return found


def end_leftovers(token):
    """End the processes that an attack has left; return their command lines."""
    left = _commands_with(token)
    for number, _ in left:
        os.kill(number, signal.SIGKILL)
    return [line for _, line in left]


@contextmanager
def servers(folder, token):
    """Listen wherever a process of this machine could call; give the facts and what was heard."""
    path = str(folder / "socket")
    heard: list = []
    with ExitStack() as stack:
        first = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        port = first.getsockname()[1]
        listening = [first]
        families = ((socket.AF_UNIX, path), (socket.AF_UNIX, f"\0{token}-sockets-"))
        if socket.has_ipv6:
            families = ((socket.AF_INET6, ("::1", port)), *families)
        for family, address in families:
            server = stack.enter_context(socket.socket(family))
            try:
                server.bind(address)
            except OSError:  # no IPv6 on this machine
                continue
            server.listen()
            listening.append(server)
        datagrams = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        datagrams.bind(("127.0.0.1", port))
        for server in listening:
            threading.Thread(target=_answer, args=(server, heard), daemon=True).start()
        threading.Thread(target=_hear, args=(datagrams, heard), daemon=True).start()
        yield {"port": port, "unix_socket": path}, heard
        for server in (*listening, datagrams):
            server.shutdown(socket.SHUT_RDWR) if server is not datagrams else None
    Path(path).unlink(missing_ok=True)


def _answer(server, heard):
    while True:
        try:
            caller, address = server.accept()
        except OSError:  # closed: the test is over
            return
        heard.append(str(address))
        with caller:
            caller.send(b"hello")


def _hear(server, heard):
    while True:
        try:
            heard.append(server.recv(100))
        except OSError:
            return
