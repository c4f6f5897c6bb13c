"""A small web server that tells monitors how a worker is: `/health`, `/ready`, `/metrics`."""

from __future__ import annotations

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType

from dutyflow.worker.worker import Health

REQUEST_SECONDS = 10
"""How long somebody who has connected may take to ask."""

JSON = "application/json"
PLAIN = "text/plain; charset=utf-8"

Page = tuple[int, str, bytes]
"""The status, the type of the content, and the content."""


class StatusServer:
    """Answers as long as the process lives. Bind it to the loopback, or to a network only monitors can reach.

    `/health` is 200 while the worker's loops turn, `/ready` while the store can be used as well, else 503; why not is
    in the log. `metrics` gives the text for Prometheus; None makes `/metrics` a 501.
    """

    def __init__(
        self, host: str, port: int, *, health: Callable[[], Health], metrics: Callable[[], bytes] | None = None
    ) -> None:
        """Listens from here on; port 0 takes a free one. Raises `OSError` where it cannot."""
        self._health = health
        self._metrics = metrics
        self._server = _Server((host, port), _handler(self._page))
        self._thread = Thread(target=self._server.serve_forever, name="dutyflow-status", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Answer nobody any more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> StatusServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _page(self, path: str) -> Page:
        match path:
            case "/health":
                return _answer("alive", self._health().is_alive)
            case "/ready":
                return _answer("ready", self._health().is_ready)
            case "/metrics" if self._metrics is not None:
                return 200, "text/plain; version=0.0.4; charset=utf-8", self._metrics()
            case "/metrics":
                return 501, PLAIN, b"Metrics need one more library: pip install 'dutyflow[metrics]'.\n"
        return 404, PLAIN, b"There are /health, /ready and /metrics.\n"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # a monitor that hangs does not keep the process alive


def _answer(name: str, good: bool) -> Page:
    return 200 if good else 503, JSON, json.dumps({name: good}).encode() + b"\n"


def _handler(page: Callable[[str], Page]) -> type[BaseHTTPRequestHandler]:
    class Asked(BaseHTTPRequestHandler):
        timeout = REQUEST_SECONDS
        server_version, sys_version = "dutyflow", ""

        def do_GET(self) -> None:
            """Answer one question."""
            status, kind, body = page(self.path.partition("?")[0])
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: monitors ask every few seconds."""

    return Asked
