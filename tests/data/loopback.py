"""A real server on loopback that does what it is told: answer rightly, break off, lie, stall."""

import http.server
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Answer:
    """A status, what is announced, and what really comes: `sent` instead of the whole `body`."""

    body: bytes = b""
    status: int = 200
    sent: bytes | None = None
    announced: int | None = None
    headers: dict = field(default_factory=dict)
    etag: str = '"1"'
    takes_ranges: bool = False
    stalls: bool = False
    has_length: bool = True


class Loopback:
    """`answers[path]` are given in their order, the last one ever after; `requests` are kept."""

    def __init__(self, certificate: Path | None = None) -> None:
        self.answers: dict[str, list[Answer]] = {}
        self.requests: list[tuple[str, str | None]] = []
        self.released = threading.Event()
        self.num_stalled = 0  # answers after which the server has not hung up yet
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self._scheme = "http"
        if certificate is not None:  # a PEM file with its key
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            self._scheme = "https"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def url(self, path: str) -> str:
        return f"{self._scheme}://127.0.0.1:{self._server.server_port}{path}"

    def give(self, path: str, *answers: Answer) -> str:
        self.answers[path] = list(answers)
        return self.url(path)

    def next_answer(self, path: str) -> Answer:
        waiting = self.answers.get(path) or [Answer(b"not here\n", 404)]
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _handler_of(loopback: Loopback) -> Callable:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            loopback.requests.append((self.path, self.headers.get("Range")))
            answer = loopback.next_answer(self.path)
            start = self.start_of_range(answer)
            self.send_response(206 if start else answer.status)
            body = answer.body[start:]
            if start:
                last, total = len(answer.body) - 1, len(answer.body)
                self.send_header("Content-Range", f"bytes {start}-{last}/{total}")
            if answer.has_length:
                announced = len(body) if answer.announced is None else answer.announced
                self.send_header("Content-Length", str(announced))
            if answer.etag:
                self.send_header("ETag", answer.etag)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body if answer.sent is None else answer.sent)
            if answer.stalls:
                self.wfile.flush()
                loopback.num_stalled += 1
                loopback.released.wait(60)
                loopback.num_stalled -= 1

        def start_of_range(self, answer):
            asked = self.headers.get("Range")
            if not asked or not answer.takes_ranges or self.headers["If-Range"] != answer.etag:
                return 0
            return int(asked.removeprefix("bytes=").removesuffix("-"))

        def log_message(self, *args):
            pass

    return Handler
