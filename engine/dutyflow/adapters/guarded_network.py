"""Connections that end in time and go only where they may: the address that was checked is the one connected to."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterable
from typing import Any

import httpcore

from dutyflow.adapters.addresses import Resolver, is_public, read_address, resolved
from dutyflow.errors import DeliveryError

# After a wait the kernel takes at least this much at once, so that each piece can have its own time limit.
_PIECE_BYTES = 4096


class Deadline:
    """The end of the time that one delivery may take, whatever it spends it on."""

    def __init__(self, seconds: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._ends = monotonic() + seconds

    def left(self) -> float:
        """The seconds that are left; raises `httpcore.TimeoutException` when there are none."""
        left = self._ends - self._monotonic()
        if left <= 0:
            raise httpcore.TimeoutException("it took too long")
        return left


class GuardedNetwork(httpcore.NetworkBackend):
    """Looks up a host, checks every address it has, and connects to one of those: nobody looks it up again."""

    def __init__(self, deadline: Deadline, resolver: Resolver, *, allow_private: bool) -> None:
        self._deadline = deadline
        self._resolver = resolver
        self._allow_private = allow_private
        self._network = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to the first address that answers; each has its share of the time that is left.

        Raises `DeliveryError` where an address is not public: a name that points into the house even once is not
        to be trusted.
        """
        addresses = self._checked(host, port)
        problem: Exception = httpcore.ConnectError(f"{host} has no address")
        for number, address in enumerate(addresses):
            share = self._deadline.left() / (len(addresses) - number)
            try:
                plain = self._network.connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failure:
                problem = failure
            else:
                return _TimedStream(plain, self._deadline)
        raise problem

    def _checked(self, host: str, port: int) -> tuple[str, ...]:
        try:
            addresses = resolved(host, port, self._resolver, self._deadline.left())
        except (OSError, UnicodeError) as failure:  # a lookup that took too long is an OSError as well
            raise httpcore.ConnectError(f"{host} cannot be looked up ({failure})") from None
        if not self._allow_private and not all(map(_may_go, addresses)):
            raise DeliveryError(
                f"{host} has an address that is not public: messages go outside unless `allow_private` is set.",
                final=True,
            )
        return addresses


class _TimedStream(httpcore.NetworkStream):
    """A connection of which every step has only the time that is left for the whole."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _PIECE_BYTES):
            self._stream.write(buffer[start : start + _PIECE_BYTES], self._deadline.left())

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        encrypted = self._stream.start_tls(ssl_context, server_hostname, self._deadline.left())
        return _TimedStream(encrypted, self._deadline)

    def close(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _may_go(address: str) -> bool:
    found = read_address(address)
    return found is not None and is_public(found)
