"""A real web server on the loopback that notes what it gets and answers as a test tells it to."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

Respond = Callable[[BaseHTTPRequestHandler], None]


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Receiver:
    port: int
    respond: Respond
    requests: list[Request] = field(default_factory=list)
    over: Event = field(default_factory=Event)
    """Set when the test is over: a server that waits, waits for this."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/inbox"


def answer(status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> Respond:
    def respond(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in (headers or {}).items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return respond


ACCEPTED = answer(204)


@contextmanager
def receiving(respond: Respond = ACCEPTED, tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            receiver.requests.append(Request(self.command, self.path, dict(self.headers), body))
            with suppress(OSError):  # a client that hangs up is part of some tests
                receiver.respond(self)

        do_POST = do_GET

        def log_message(self, *words: object) -> None: ...

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, request: object, client_address: object) -> None: ...

    server = Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    receiver = Receiver(server.server_address[1], respond)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield receiver
    finally:
        receiver.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
