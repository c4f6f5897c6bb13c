"""Which addresses of the network a message may go to: public ones, so that no rulebook reaches into the house."""

from __future__ import annotations

import socket
from collections.abc import Callable
from concurrent.futures import Future
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from threading import Thread

Address = IPv4Address | IPv6Address
Resolver = Callable[[str, int], tuple[str, ...]]
"""The addresses of a host, for a port. Raises `OSError` when there are none."""

# Special ranges that `ipaddress` of some Python 3.11 still calls global (IANA special-purpose registries).
_SPECIAL = tuple(
    ip_network(written)
    for written in ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_TRANSLATED = IPv6Network("64:ff9b::/96")  # NAT64 (RFC 6052): how a network without IPv4 writes IPv4 addresses


def is_public(address: Address) -> bool:
    """Whether the address belongs to the public internet; one that carries an IPv4 address is judged by that.

    Of IPv6 only global unicast counts, which leaves out everything local, and 6to4 and Teredo, which tunnel to
    IPv4 addresses of somebody's choosing.
    """
    inner = _carried(address)
    if inner is not None:
        return is_public(inner)
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    if address.is_multicast or address.is_reserved or any(address in network for network in _SPECIAL):
        return False
    return address.is_global


def read_address(text: str) -> Address | None:
    """The address that a text writes, with or without the brackets of a URL; None for a name."""
    try:
        return ip_address(text.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None


def system_resolver(host: str, port: int) -> tuple[str, ...]:
    """What the machine's own resolver says, in its order of preference."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))


def resolved(host: str, port: int, resolver: Resolver, seconds: float) -> tuple[str, ...]:
    """What the resolver answers within so many seconds, else `TimeoutError`: the system's own knows no limit."""
    answer: Future[tuple[str, ...]] = Future()

    def ask() -> None:
        try:
            answer.set_result(resolver(host, port))
        except Exception as failure:
            answer.set_exception(failure)

    Thread(target=ask, name="dutyflow-resolver", daemon=True).start()
    return answer.result(timeout=seconds)


def _carried(address: Address) -> IPv4Address | None:
    if isinstance(address, IPv4Address):
        return None
    return IPv4Address(int(address) & 0xFFFFFFFF) if address in _TRANSLATED else address.ipv4_mapped
