"""A webhook is signed, bounded in time and size, and never reaches into the house or tells its secret."""

from __future__ import annotations

import base64
import json
import logging
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, tzinfo
from http.server import BaseHTTPRequestHandler
from itertools import count
from threading import Event
from typing import Any

import httpcore
import pytest
import standardwebhooks.webhooks
import trustme
from standardwebhooks import Webhook
from tests.adapters.messages import AT, breach, by_template
from tests.adapters.receiver import Receiver, answer, receiving

from dutyflow.adapters.webhook import REQUEST_BYTES_MAX, RESPONSE_BYTES_MAX, WebhookHandler
from dutyflow.errors import DeliveryError, MisuseError
from dutyflow.ports.host import Handler
from dutyflow.runtime.clocks import VirtualClock

KEY = b"a key for tests, 32 bytes long.."
SECRET = "whsec_" + base64.b64encode(KEY).decode()
RESOLVED = ("203.0.113.7",)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server


def handler_for(url: str, **other: Any) -> WebhookHandler:
    settings: dict[str, Any] = {"allow_private": True, "clock": VirtualClock(AT), **other}
    return WebhookHandler(url, SECRET, **settings)


def refusal(handler: Handler, **message: Any) -> DeliveryError:
    with pytest.raises(DeliveryError) as refused:
        handler.deliver(breach(**message))
    return refused.value


# --- what is sent -----------------------------------------------------------------------------------------------


def test_an_alarm_arrives_as_a_cloud_event(receiver: Receiver) -> None:
    handler_for(receiver.url).deliver(breach())
    (request,) = receiver.requests
    assert (request.method, request.path) == ("POST", "/inbox")
    assert request.headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    assert json.loads(request.body) == {
        "specversion": "1.0",
        "id": "C-1:12:0",
        "source": "/dutyflow/complaint_loop/complaint",
        "type": "dutyflow.notice.breach",
        "subject": "C-1",
        "time": "2026-03-02T03:14:00Z",
        "datacontenttype": "application/json",
        "data": {
            "kind": "breach",
            "rulebook": "complaint_loop",
            "workflow": "complaint",
            "ticket": "C-1",
            "role": "supervisor",
            "members": ["S1", "S2"],
            "text": {"zh": "投诉 C-1：「判定」已超时。", "en": "Complaint C-1: `Judging` is OVERDUE."},
            "deliver_at": "2026-03-02T03:14:00Z",
            "clock": "judge",
            "level": 0,
            "due_at": "2026-03-02T03:13:00Z",
        },
    }


def test_a_message_by_a_template_brings_its_values(receiver: Receiver) -> None:
    handler_for(receiver.url).deliver(by_template())
    event = json.loads(receiver.requests[0].body)
    assert event["type"] == "dutyflow.message"
    assert event["data"]["values"] == {"item": "cup", "phone": "***"}
    assert (event["data"]["template"], event["data"]["channel"]) == ("send_back", "sms")


def test_the_receiver_can_verify_the_signature(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stopped(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Stopped:
            return cls.fromtimestamp(AT.timestamp(), tz)

    handler_for(receiver.url).deliver(breach())
    (request,) = receiver.requests
    monkeypatch.setattr(standardwebhooks.webhooks, "datetime", Stopped)
    assert Webhook(SECRET).verify(request.body, request.headers)["id"] == "C-1:12:0"
    with pytest.raises(standardwebhooks.webhooks.WebhookVerificationError):
        Webhook(SECRET).verify(request.body + b" ", request.headers)


def test_a_repetition_has_the_same_id_and_body(receiver: Receiver) -> None:
    handler = handler_for(receiver.url)
    handler.deliver(breach(attempt=1))
    handler.deliver(breach(attempt=2))
    first, second = receiver.requests
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == "C-1:12:0"


def test_an_id_cannot_bring_headers_of_its_own(receiver: Receiver) -> None:
    handler_for(receiver.url).deliver(breach(id="投诉\r\nx-evil: 1"))
    headers = receiver.requests[0].headers
    assert headers["webhook-id"] == "%E6%8A%95%E8%AF%89%0D%0Ax-evil:%201"
    assert "x-evil" not in headers


def test_the_query_of_the_address_is_sent(receiver: Receiver) -> None:
    handler_for(receiver.url + "?token=a%20b&名=1").deliver(breach())
    assert receiver.requests[0].path == "/inbox?token=a%20b&%E5%90%8D=1"


def test_a_message_that_is_too_large_is_never_sent(receiver: Receiver) -> None:
    error = refusal(handler_for(receiver.url), text={"en": "x" * REQUEST_BYTES_MAX})
    assert error.final
    assert not receiver.requests


# --- what is answered -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_success_is_an_acceptance(receiver: Receiver, status: int) -> None:
    receiver.respond = answer(status)
    handler_for(receiver.url).deliver(breach())
    assert len(receiver.requests) == 1


@pytest.mark.parametrize(
    ("status", "final"),
    [(400, True), (401, True), (404, True), (410, True), (422, True)]
    + [(status, False) for status in (301, 304, 408, 425, 429, 500, 502, 503)],
)
def test_a_refusal_is_final_where_the_receiver_will_not_change_its_mind(
    receiver: Receiver, status: int, final: bool
) -> None:
    receiver.respond = answer(status)
    error = refusal(handler_for(receiver.url))
    assert error.final is final
    assert str(status) in error.message


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    receiver.respond = answer(307, {"Location": "/elsewhere"})
    assert not refusal(handler_for(receiver.url)).final
    assert [request.path for request in receiver.requests] == ["/inbox"]


@pytest.mark.parametrize(
    ("status", "header", "wait"),
    [
        (429, "120", timedelta(minutes=2)),
        (503, "Mon, 02 Mar 2026 03:24:00 GMT", timedelta(minutes=10)),
        (503, "Mon, 02 Mar 2026 03:04:00 GMT", timedelta()),
        (503, "9" * 400, timedelta(days=1)),
        (503, "soon", None),
        (503, "Mon, 02 Mar 99999999999 03:24:00 GMT", None),
        (503, "-5", None),
        (500, "120", None),
    ],
)
def test_the_receiver_may_ask_to_be_left_alone_for_a_while(
    receiver: Receiver, status: int, header: str, wait: timedelta | None
) -> None:
    receiver.respond = answer(status, {"Retry-After": header})
    assert refusal(handler_for(receiver.url)).retry_after == wait


def test_a_huge_answer_is_not_read_to_its_end(receiver: Receiver) -> None:
    hung_up = Event()

    def talk(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        try:
            while not receiver.over.is_set():
                request.wfile.write(b"x" * RESPONSE_BYTES_MAX)
        except OSError:
            hung_up.set()

    receiver.respond = talk
    handler_for(receiver.url).deliver(breach())
    assert hung_up.wait(timeout=10)


def test_a_header_without_end_is_a_failure(receiver: Receiver) -> None:
    receiver.respond = answer(200, {f"x-{number}": "x" * 5000 for number in range(50)})
    assert not refusal(handler_for(receiver.url)).final


@pytest.mark.parametrize("said", [b"", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 2"])
def test_an_answer_that_is_not_http_is_a_failure(receiver: Receiver, said: bytes) -> None:
    def say(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(said)

    receiver.respond = say
    assert not refusal(handler_for(receiver.url)).final


# --- how long it takes ------------------------------------------------------------------------------------------


def test_a_silent_receiver_is_given_up(receiver: Receiver) -> None:
    def wait(request: BaseHTTPRequestHandler) -> None:
        receiver.over.wait()

    receiver.respond = wait
    assert not refusal(handler_for(receiver.url, timeout_seconds=0.1)).final


def test_a_receiver_that_answers_drop_by_drop_does_not_win_time(receiver: Receiver) -> None:
    """Each read looks at the clock, which here goes on by a second each time it is looked at."""

    def drip(request: BaseHTTPRequestHandler) -> None:
        while not receiver.over.is_set():
            request.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    receiver.respond = drip
    ticks = count()
    error = refusal(handler_for(receiver.url, timeout_seconds=20, monotonic=lambda: float(next(ticks))))
    assert "took too long" in error.message
    assert next(ticks) < 30


def test_an_acceptance_counts_though_its_body_never_ends(receiver: Receiver) -> None:
    def begin(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "10")
        request.end_headers()
        receiver.over.wait()

    receiver.respond = begin
    handler_for(receiver.url, timeout_seconds=0.2).deliver(breach())
    assert len(receiver.requests) == 1


def test_a_lookup_that_does_not_answer_is_given_up() -> None:
    never = Event()

    def asleep(host: str, port: int) -> tuple[str, ...]:
        never.wait(timeout=10)
        return RESOLVED

    error = refusal(handler_for("http://receiver.example/", resolver=asleep, timeout_seconds=0.05))
    never.set()
    assert not error.final


# --- where it goes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "addresses",
    [
        ("127.0.0.1",),
        ("::1",),
        ("::ffff:127.0.0.1",),
        ("::ffff:7f00:1",),
        ("64:ff9b::7f00:1",),
        ("fe80::1%lo",),
        ("169.254.169.254",),
        ("8.8.8.8", "127.0.0.1"),
        ("not an address",),
    ],
)
def test_a_name_that_points_into_the_house_is_refused(receiver: Receiver, addresses: tuple[str, ...]) -> None:
    url = f"http://receiver.example:{receiver.port}/"
    error = refusal(handler_for(url, allow_private=False, resolver=lambda host, port: addresses))
    assert error.final
    assert "not public" in error.message
    assert not receiver.requests


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "0177.0.0.1", "０.0.0.0"])
def test_odd_spellings_of_the_loopback_are_refused(receiver: Receiver, host: str) -> None:
    with pytest.raises((DeliveryError, MisuseError), match=r"not (a )?public"):
        handler_for(f"http://{host}:{receiver.port}/", allow_private=False).deliver(breach())
    assert not receiver.requests


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "10.0.0.1", "[::1]", "[::ffff:10.0.0.1]", "[fd00::1]", "169.254.169.254"]
)
def test_an_address_in_the_house_is_refused_when_the_handler_is_made(host: str) -> None:
    with pytest.raises(MisuseError, match="allow_private"):
        handler_for(f"https://{host}/", allow_private=False)


def test_the_address_that_was_checked_is_the_one_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that changes its answer after the check (DNS rebinding) is not asked again."""
    answers = iter([("8.8.8.8", "2606:4700:4700::1111"), ("127.0.0.1",)])
    tried: list[str] = []

    def connect(self: httpcore.SyncBackend, host: str, *_: object) -> httpcore.NetworkStream:
        tried.append(host)
        raise httpcore.ConnectError("nobody there")

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
    handler = handler_for("https://receiver.example/", allow_private=False, resolver=lambda host, port: next(answers))
    assert not refusal(handler).final
    assert tried == ["8.8.8.8", "2606:4700:4700::1111"]
    assert next(answers) == ("127.0.0.1",)


def test_the_host_keeps_its_name_though_an_address_is_connected_to(receiver: Receiver) -> None:
    asked: list[tuple[str, int]] = []

    def resolver(host: str, port: int) -> tuple[str, ...]:
        asked.append((host, port))
        return ("127.0.0.1",)

    handler_for(f"http://Bücher.example:{receiver.port}/", resolver=resolver).deliver(breach())
    assert receiver.requests[0].headers["Host"] == f"xn--bcher-kva.example:{receiver.port}"
    assert asked == [("xn--bcher-kva.example", receiver.port)]


def test_the_next_address_is_tried_when_one_does_not_answer(receiver: Receiver) -> None:
    url = f"http://receiver.example:{receiver.port}/"
    handler_for(url, resolver=lambda host, port: ("127.0.0.2", "127.0.0.1")).deliver(breach())
    assert len(receiver.requests) == 1


def test_a_receiver_that_is_down_is_tried_again() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        error = refusal(handler_for(f"http://127.0.0.1:{closed.getsockname()[1]}/"))
    assert not error.final


@pytest.mark.parametrize("addresses", [(), None])
def test_a_host_that_is_not_found_is_tried_again(addresses: tuple[str, ...] | None) -> None:
    def resolver(host: str, port: int) -> tuple[str, ...]:
        if addresses is None:
            raise socket.gaierror("no such host")
        return addresses

    assert not refusal(handler_for("https://receiver.example/", resolver=resolver)).final


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com",
        "example.com",
        "http://",
        "http://[::1",
        "http://a..b/",
        "http://example.com:99999/",
        "https://user:hunter2@example.com/",
    ],
)
def test_an_address_that_can_never_work_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(MisuseError) as refused:
        handler_for(url)
    assert "hunter2" not in str(refused.value)


# --- encryption -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("certified", "accepted"), [("receiver.example", True), ("other.example", False)])
def test_the_certificate_must_be_for_the_name_not_for_the_address(certified: str, accepted: bool) -> None:
    authority = trustme.CA()
    names: list[str | None] = []
    theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    theirs.sni_callback = lambda _, name, __: names.append(name)
    authority.issue_cert(certified).configure_cert(theirs)
    ours = ssl.create_default_context()
    authority.configure_trust(ours)
    with receiving(tls=theirs) as receiver:
        url = f"https://receiver.example:{receiver.port}/"
        handler = handler_for(url, tls=ours, resolver=lambda host, port: ("127.0.0.1",))
        if accepted:
            handler.deliver(breach())
        else:
            error = refusal(handler)
            assert not error.final
            assert "certificate" in error.message
        assert len(receiver.requests) == accepted
    assert names == ["receiver.example"]


# --- what is not told -------------------------------------------------------------------------------------------


def test_the_secret_and_the_query_are_shown_nowhere(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    receiver.respond = answer(500)
    handler = handler_for(receiver.url + "/hunter2?token=hunter2")
    with caplog.at_level(logging.DEBUG):
        error = refusal(handler)
    told = [repr(handler), str(error), repr(error), caplog.text]
    hidden = ["hunter2", SECRET, SECRET.removeprefix("whsec_"), repr(KEY)]
    assert not [word for word in hidden for text in told if word in text]
    assert f"http://127.0.0.1:{receiver.port}" in str(error)


@pytest.mark.parametrize("secret", ["", "whsec_", "short", "whsec_c2hvcnQ=", "not base64 at all, but long enough!"])
def test_a_secret_that_is_too_weak_is_refused_and_not_repeated(secret: str) -> None:
    with pytest.raises(MisuseError, match="base64") as refused:
        WebhookHandler("https://example.com/", secret)
    assert len(secret) < 7 or secret not in str(refused.value)


@pytest.mark.parametrize("library", ["httpcore", "standardwebhooks"])
def test_without_its_libraries_the_webhook_names_the_extra(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def load() -> Callable[..., object]:
        import dutyflow.adapters.webhook

        return dutyflow.adapters.webhook.WebhookHandler

    for module in ("dutyflow.adapters.webhook", "dutyflow.adapters.guarded_network"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MisuseError, match=r"dutyflow\[webhook\]"):
        load()
