"""One mail per message, to known addresses only, encrypted, recognisable when it comes twice."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import Any

import pytest
import trustme
from tests.adapters.messages import breach
from tests.adapters.post_office import PostOffice, free_port, post_office

from dutyflow.adapters.mail import MailHandler, MailServer
from dutyflow.errors import DeliveryError, MisuseError
from dutyflow.ports.host import Handler

MEMBERS = {"S1": "s1@example.com", "S2": "s2@example.com"}


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with post_office() as office:
        yield office


def handler_for(office: PostOffice, **other: Any) -> MailHandler:
    server = MailServer(host="127.0.0.1", port=office.port, security="none", timeout_seconds=5)
    return MailHandler(server, "desk@example.com", **{"members": MEMBERS, **other})


def refusal(handler: Handler, **message: Any) -> DeliveryError:
    with pytest.raises(DeliveryError) as refused:
        handler.deliver(breach(**message))
    return refused.value


# --- what is written --------------------------------------------------------------------------------------------


def test_a_mail_goes_to_those_who_are_told(office: PostOffice) -> None:
    handler_for(office, languages=("en",)).deliver(breach())
    (mail,) = office.mails
    assert mail["To"] == "s1@example.com, s2@example.com"
    assert office.envelopes == [["s1@example.com", "s2@example.com"]]
    assert (mail["From"], mail["Subject"]) == ("desk@example.com", "Complaint C-1: `Judging` is OVERDUE.")
    assert mail["Date"] == "Mon, 02 Mar 2026 03:14:00 +0000"
    assert mail.get_content().strip() == "Complaint C-1: `Judging` is OVERDUE."


def test_the_body_is_in_both_languages_and_the_subject_in_the_first(office: PostOffice) -> None:
    handler_for(office, languages=("zh", "en")).deliver(breach())
    (mail,) = office.mails
    assert mail["Subject"] == "投诉 C-1：「判定」已超时。"
    written = mail.get_content().replace("\r\n", "\n").strip()
    assert written == "投诉 C-1：「判定」已超时。\n\nComplaint C-1: `Judging` is OVERDUE."


@pytest.mark.parametrize("id", ["C-1:12:0", "投诉>\r\nBcc: x@evil.example:1:0", "long-" * 30 + ":1:0"])
def test_a_repeated_mail_has_the_same_message_id(office: PostOffice, id: str) -> None:
    handler_for(office).deliver(breach(id=id, attempt=1))
    handler_for(office).deliver(breach(id=id, attempt=2))
    first, second = (mail["Message-ID"].strip() for mail in office.mails)
    assert first == second
    assert first.startswith("<") and first.endswith("@example.com>") and " " not in first
    assert not office.mails[0]["Bcc"]


def test_different_messages_have_different_message_ids(office: PostOffice) -> None:
    for id in ("C-1:12:0", "C-1:12:1", "C-1%3A12:0"):
        handler_for(office).deliver(breach(id=id))
    assert len({mail["Message-ID"] for mail in office.mails}) == 3


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\u2028", "\x85", "\x0b", "\x00"])
def test_a_text_cannot_bring_headers_of_its_own(office: PostOffice, end: str) -> None:
    handler_for(office, languages=("en",)).deliver(breach(text={"en": f"Overdue{end}Bcc: x@evil.example"}))
    (mail,) = office.mails
    assert mail["Subject"] == "Overdue Bcc: x@evil.example"
    assert not mail["Bcc"]
    assert office.envelopes == [["s1@example.com", "s2@example.com"]]


def test_a_long_subject_is_shortened(office: PostOffice) -> None:
    handler_for(office, languages=("zh",)).deliver(breach(text={"zh": "超" * 500}))
    assert office.mails[0]["Subject"] == "超" * 149 + "…"


# --- to whom ----------------------------------------------------------------------------------------------------


def test_the_address_of_the_role_stands_in_where_no_member_has_one(office: PostOffice) -> None:
    handler_for(office, members={}, roles={"supervisor": "team@example.com"}).deliver(breach())
    assert office.envelopes == [["team@example.com"]]


def test_addresses_may_be_looked_up_by_the_service(office: PostOffice) -> None:
    handler_for(office, members=lambda member: f"{member.lower()}@example.org").deliver(breach(members=("S9",)))
    assert office.envelopes == [["s9@example.org"]]


def test_two_members_with_one_address_get_one_mail(office: PostOffice) -> None:
    handler_for(office, members=dict.fromkeys(MEMBERS, "desk@example.org")).deliver(breach())
    assert office.envelopes == [["desk@example.org"]]


@pytest.mark.parametrize(
    "address",
    ["", "nobody", "@example.com", "a@b.example\r\nRCPT TO:<x@evil.example>", "a@b.example, x@evil.example", "a b@c.d"],
)
def test_nobody_with_an_address_is_final(office: PostOffice, address: str) -> None:
    error = refusal(handler_for(office, members={"S1": address}))
    assert error.final
    assert not office.mails


# --- refusals ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("refusals", "final"),
    [
        ({"s1@example.com": "550 No such user", "s2@example.com": "550 No such user"}, True),
        ({"s1@example.com": "550 No such user", "s2@example.com": "450 Later"}, False),
        ({"s1@example.com": "450 Later", "s2@example.com": "451 Later"}, False),
        ({"s2@example.com": "450 Later"}, False),
        ({"DATA": "554 We think s1@example.com gets spam"}, True),
        ({"DATA": "452 Full"}, False),
    ],
)
def test_a_refusal_is_final_when_the_server_says_so(office: PostOffice, refusals: dict[str, str], final: bool) -> None:
    office.refusals = refusals
    error = refusal(handler_for(office))
    assert error.final is final
    assert "s1@" not in error.message and "s2@" not in error.message


def test_a_recipient_who_is_refused_for_good_does_not_hold_up_the_others(
    office: PostOffice, caplog: pytest.LogCaptureFixture
) -> None:
    office.refusals = {"s1@example.com": "550 No such user"}
    handler_for(office).deliver(breach())
    assert office.envelopes == [["s2@example.com"]]
    assert "1 of 2 recipients" in caplog.text and "s1@" not in caplog.text


def test_a_server_that_is_down_is_tried_again() -> None:
    assert not refusal(handler_for(PostOffice(free_port()))).final


def test_a_server_that_cannot_encrypt_gets_no_mail(office: PostOffice) -> None:
    server = MailServer(host="127.0.0.1", port=office.port)
    assert not refusal(MailHandler(server, "desk@example.com", members=MEMBERS)).final
    assert not office.mails


# --- encryption and passwords -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def certified(authority: trustme.CA, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(theirs)
    ours = ssl.create_default_context()
    authority.configure_trust(ours)
    return theirs, ours


def test_the_password_is_given_after_encryption(authority: trustme.CA) -> None:
    theirs, ours = certified(authority, "127.0.0.1")
    with post_office(theirs) as office:
        server = MailServer(host="127.0.0.1", port=office.port, user="desk", password="hunter2", tls=ours)
        MailHandler(server, "desk@example.com", members=MEMBERS).deliver(breach())
        assert office.logins == [(b"desk", b"hunter2")]
        assert len(office.mails) == 1


def test_a_connection_may_be_encrypted_from_the_start(authority: trustme.CA) -> None:
    theirs, ours = certified(authority, "127.0.0.1")
    with post_office(theirs, implicit=True) as office:
        server = MailServer(host="127.0.0.1", port=office.port, security="tls", tls=ours)
        MailHandler(server, "desk@example.com", members=MEMBERS).deliver(breach())
        assert len(office.mails) == 1


def test_a_certificate_of_another_host_is_not_trusted(authority: trustme.CA) -> None:
    theirs, ours = certified(authority, "other.example")
    with post_office(theirs) as office:
        server = MailServer(host="127.0.0.1", port=office.port, user="desk", password="hunter2", tls=ours)
        assert not refusal(MailHandler(server, "desk@example.com", members=MEMBERS)).final
        assert not office.logins


def test_a_wrong_password_is_the_fault_of_the_settings_and_loses_no_message(authority: trustme.CA) -> None:
    theirs, ours = certified(authority, "127.0.0.1")
    with post_office(theirs) as office:
        server = MailServer(host="127.0.0.1", port=office.port, user="desk", password="swordfish", tls=ours)
        error = refusal(MailHandler(server, "desk@example.com", members=MEMBERS))
    assert not error.final
    assert "535" in error.message and "swordfish" not in error.message


def test_a_password_is_neither_shown_nor_sent_in_the_open() -> None:
    server = MailServer(host="mail.example", user="desk", password="hunter2")
    handler = MailHandler(server, "desk@example.com", members=MEMBERS)
    assert "hunter2" not in repr(server) + repr(handler)
    with pytest.raises(MisuseError, match="in the open"):
        MailServer(host="mail.example", user="desk", password="hunter2", security="none")


@pytest.mark.parametrize("sender", ["", "desk", "desk@example.com\nBcc: x@evil.example"])
def test_a_sender_must_be_an_address(sender: str) -> None:
    with pytest.raises(MisuseError, match="address"):
        MailHandler(MailServer(host="mail.example"), sender, members={})
