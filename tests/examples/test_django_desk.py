"""The Django example: pages for whoever is signed in, with what they may see and do."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dutyflow.kernel.commands import Open

FOLDER = Path(__file__).parents[2] / "examples" / "django_desk"
COMPLAINT = {
    "complainant": "<b>王女士</b>",
    "phone": "13800000000",
    "first_contact_at": "2026-03-02 09:10",
    "content": "<script>alert(1)</script>",
    "channel": "电话",
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Django, set up once: it knows only one configuration in a process."""
    folder = tmp_path_factory.mktemp("desk")
    sys.path.insert(0, str(FOLDER))
    os.environ["DJANGO_SETTINGS_MODULE"] = "desk.settings"
    os.environ["DUTYFLOW_STORE"] = f"sqlite:///{folder / 'tickets.db'}"
    os.environ["DESK_USERS"] = str(folder / "users.db")
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connections

    call_command("migrate", verbosity=0)
    call_command("dutyflow_worker", "--once", verbosity=0)
    from desk import desks

    yield desks.engine()
    desks.engine().close()
    connections.close_all()
    sys.path.remove(str(FOLDER))


@pytest.fixture
def ticket(desk: Any) -> str:
    answer = desk.submit(Open(workflow="complaint", event="register", actor="A1", data=COMPLAINT))
    assert answer.ticket is not None
    return str(answer.ticket)


def signed_in(name: str) -> Any:
    from django.contrib.auth.models import User
    from django.test import Client

    client = Client()
    client.force_login(User.objects.get_or_create(username=name)[0])
    return client


def test_whoever_is_not_signed_in_is_sent_to_the_login(desk: Any, ticket: str) -> None:
    from django.test import Client

    for page in ("/", f"/tickets/{ticket}/"):
        answer = Client().get(page)
        assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, "/login/")


def test_the_queue_lists_the_ticket(desk: Any, ticket: str) -> None:
    assert ticket in signed_in("A1").get("/").content.decode()


def test_a_page_shows_values_as_text_and_masks_what_is_private(desk: Any, ticket: str) -> None:
    mine = signed_in("A1").get(f"/tickets/{ticket}/").content.decode()
    assert "&lt;script&gt;" in mine and "<script>" not in mine and "13800000000" in mine
    stranger = signed_in("nobody").get(f"/tickets/{ticket}/").content.decode()
    assert "13800000000" not in stranger and "***" in stranger and "<form" not in stranger


def test_a_page_offers_what_its_reader_may_do_in_his_language(desk: Any, ticket: str) -> None:
    english = signed_in("S1").get(f"/tickets/{ticket}/").content.decode()
    chinese = signed_in("S1").get(f"/tickets/{ticket}/", headers={"accept-language": "zh-hans"}).content.decode()
    assert "Judge as upheld" in english and "Customer withdraws" not in english
    assert "判断成立" in chinese


def test_a_form_that_is_sent_twice_is_done_once(desk: Any, ticket: str) -> None:
    form = {"key": "f-1", "statement": "late", "asked_facts": "two hours", "category": "配送"}
    supervisor = signed_in("S1")
    for _ in range(2):
        answer = supervisor.post(f"/tickets/{ticket}/do/judge_upheld/", form, follow=True)
        assert "alert" not in answer.content.decode().replace("alert(1)", "")
    assert [entry.event for entry in desk.asked(ticket)] == ["register", "judge_upheld"]
    assert desk.ticket(ticket).state != "received"


def test_a_refusal_is_told(desk: Any, ticket: str) -> None:
    answer = signed_in("A1").post(f"/tickets/{ticket}/do/judge_upheld/", {"key": "f-2"}, follow=True)
    assert "A1 has" in answer.content.decode()
    assert desk.asked(ticket)[-1].actor == "A1"


def test_a_form_without_its_token_is_refused(desk: Any, ticket: str) -> None:
    from django.contrib.auth.models import User
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.get_or_create(username="S1")[0])
    assert client.post(f"/tickets/{ticket}/do/judge_upheld/", {"key": "f-3"}).status_code == 403
    assert len(desk.asked(ticket)) == 1


def test_a_ticket_that_is_not_there_is_not_found(desk: Any) -> None:
    assert signed_in("A1").get("/tickets/nowhere/").status_code == 404
    assert signed_in("A1").post("/tickets/nowhere/do/note/", {"key": "f-4"}).status_code == 404


def test_an_address_or_a_form_that_somebody_made_up_is_a_bad_request(desk: Any, ticket: str) -> None:
    assert signed_in("A1").get("/?after=nonsense").status_code == 400
    form = {"key": "f-5", "reason": "x" * 20_000}
    assert signed_in("A1").post(f"/tickets/{ticket}/do/judge_upheld/", form).status_code == 400


def test_a_ticket_of_any_name_does_not_break_the_queue(desk: Any) -> None:
    opening = Open(ticket='<b>"x/../y?z#', workflow="complaint", event="register", actor="A1", data=COMPLAINT)
    desk.submit(opening)
    page = signed_in("A1").get("/")
    assert page.status_code == 200 and "<b>" not in page.content.decode()


def test_pages_are_not_shown_in_frames_of_others_and_sessions_have_no_known_key(desk: Any) -> None:
    from django.conf import settings

    assert signed_in("A1").get("/")["X-Frame-Options"] == "DENY"
    assert len(settings.SECRET_KEY) > 40
