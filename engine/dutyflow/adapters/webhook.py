"""Posts each message to a web address: a CloudEvent, signed by the Standard Webhooks rules, never into the house."""

from __future__ import annotations

import base64
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import SplitResult, quote, urlsplit

from dutyflow.adapters.addresses import Resolver, is_public, read_address, system_resolver
from dutyflow.adapters.cloud_event import CONTENT_TYPE, cloud_event
from dutyflow.errors import DeliveryError, MisuseError
from dutyflow.ports.host import Clock, Message
from dutyflow.runtime.clocks import SystemClock

try:
    # Of httpx we would use the part below it: httpcore lets us choose the connection, follows no redirects, reads no
    # proxies from the environment, and unpacks no bodies.
    import httpcore
    from standardwebhooks import Webhook

    from dutyflow.adapters.guarded_network import Deadline, GuardedNetwork
except ImportError as missing:
    raise MisuseError("Webhooks need two more libraries: `pip install 'dutyflow[webhook]'`.") from missing

REQUEST_BYTES_MAX = 256 * 1024
RESPONSE_BYTES_MAX = 64 * 1024
RETRY_AFTER_MAX = timedelta(days=1)
SECRET_BYTES_MIN = 24
"""What Standard Webhooks asks for."""

Headers = Mapping[bytes | str, bytes | str]

_TRY_AGAIN = frozenset((408, 425, 429))
_FAILURES = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError)


class WebhookHandler:
    """A `Handler` that posts to one address. Receivers know repetitions by `webhook-id`, which is the message's id.

    `secret` is base64, with or without `whsec_`: see `secret_from`. Addresses that are not public are refused unless
    `allow_private` says that the receiver is in the house. `timeout_seconds` is for all of a delivery: looking up the
    host, connecting, sending, and reading the answer. Redirects are not followed.
    """

    def __init__(
        self,
        url: str,
        secret: str,
        *,
        name: str = "webhook",
        allow_private: bool = False,
        timeout_seconds: float = 10,
        tls: ssl.SSLContext | None = None,
        resolver: Resolver = system_resolver,
        clock: Clock | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raises `MisuseError` for an address or a secret that can never work."""
        self.name = name
        self._url = _target(url, allow_private)
        self._shown = url_shown(url)
        self._signer = _signer(secret)
        self._allow_private = allow_private
        self._timeout_seconds = timeout_seconds
        self._tls = tls or ssl.create_default_context()
        self._resolver = resolver
        self._clock = clock or SystemClock()
        self._monotonic = monotonic

    def __repr__(self) -> str:
        return f"WebhookHandler({self._shown!r}, name={self.name!r})"

    def deliver(self, message: Message) -> None:
        """Post the message. Raises `DeliveryError`, final where the receiver will not take it later either."""
        body = cloud_event(message)
        if len(body) > REQUEST_BYTES_MAX:
            raise self._refused(f"the message has more than {REQUEST_BYTES_MAX} bytes", final=True)
        try:
            status, retry_after = self._post(body, self._headers(message.id, body))
        except _FAILURES as failure:
            raise self._refused(f"no answer ({str(failure)[:200] or type(failure).__name__})") from None
        if not 200 <= status < 300:
            final = 400 <= status < 500 and status not in _TRY_AGAIN
            raise self._refused(f"the answer was {status}", final=final, retry_after=retry_after)

    def _post(self, body: bytes, headers: Headers) -> tuple[int, timedelta | None]:
        """The status, and how long the receiver asks us to wait; the body of the answer is read and forgotten."""
        deadline = Deadline(self._timeout_seconds, self._monotonic)
        network = GuardedNetwork(deadline, self._resolver, allow_private=self._allow_private)
        with (
            httpcore.ConnectionPool(ssl_context=self._tls, network_backend=network) as pool,
            pool.stream("POST", self._url, headers=headers, content=body) as response,
        ):
            with suppress(*_FAILURES):  # the status has been said; what comes after it changes nothing
                _read_to_the_end(response)
            return response.status, self._retry_after(response)

    def _headers(self, id: str, body: bytes) -> Headers:
        """`webhook-id` is the message's id; characters that a header cannot hold are written as in URLs."""
        now = self._clock.now().astimezone(UTC)
        webhook_id = quote(id, safe=":/@")
        return {
            "content-type": CONTENT_TYPE,
            "user-agent": "dutyflow",
            "webhook-id": webhook_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._signer.sign(webhook_id, now, body.decode()),
            "connection": "close",
        }

    def _retry_after(self, response: httpcore.Response) -> timedelta | None:
        if response.status not in (429, 503):
            return None
        headers = {name.lower(): value for name, value in response.headers}
        return _wait(headers.get(b"retry-after", b"").decode("latin-1"), self._clock.now())

    def _refused(self, why: str, *, final: bool = False, retry_after: timedelta | None = None) -> DeliveryError:
        return DeliveryError(f"{self.name} ({self._shown}): {why}.", final=final, retry_after=retry_after)


def url_shown(url: str) -> str:
    """What may be shown of an address: where it is. Its user, path and query often are secrets themselves."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _target(url: str, allow_private: bool) -> httpcore.URL:
    parts = _parts(url)
    host = str(parts.hostname)
    address = read_address(host)
    if address is not None and not allow_private and not is_public(address):
        raise MisuseError(
            f"{host} is not a public address: if the receiver is in the house, say `allow_private` (`--allow-private`)."
        )
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    written = quote(target, safe="/?%:@!$&'()*+,;=~")
    return httpcore.URL(scheme=parts.scheme, host=_ascii(host), port=parts.port, target=written)


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        fits = False
    if not fits:
        raise MisuseError("A webhook needs an address such as https://example.com/inbox.")
    if "@" in parts.netloc:
        raise MisuseError("A webhook's address holds no user and password: the signature says who sends.")
    return parts


def _ascii(host: str) -> str:
    """The host as name servers know it (`xn--...`)."""
    try:
        return host if ":" in host else host.encode("idna").decode()
    except UnicodeError:
        raise MisuseError("The host in the webhook's address is not a name.") from None


def _signer(secret: str) -> Webhook:
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError:
        key = b""
    if len(key) < SECRET_BYTES_MIN:
        raise MisuseError(f"The secret of a webhook is base64 of at least {SECRET_BYTES_MIN} bytes.")
    return Webhook(key)


def _read_to_the_end(response: httpcore.Response) -> None:
    """Let the receiver finish, unless it has too much to say."""
    count = 0
    for part in response.iter_stream():
        count += len(part)
        if count >= RESPONSE_BYTES_MAX:
            return


def _wait(text: str, now: datetime) -> timedelta | None:
    """`Retry-After` in seconds or as a date; at most a day, and nothing where it cannot be read."""
    if text.strip().isdecimal():
        return min(timedelta(seconds=min(int(text.strip()[:9]), 10**6)), RETRY_AFTER_MAX)
    try:
        until = parsedate_to_datetime(text)
        wait = until.replace(tzinfo=until.tzinfo or UTC) - now
    except (ValueError, OverflowError):  # OverflowError: a year that no date can have
        return None
    return min(max(wait, timedelta()), RETRY_AFTER_MAX)
