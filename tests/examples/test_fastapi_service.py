"""The FastAPI example: people act for themselves, refusals speak their language, keys make it safe to ask twice."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dutyflow import Engine

EXAMPLES = Path(__file__).parents[2] / "examples"
COMPLAINT = {
    "complainant": "王女士",
    "phone": "13800000000",
    "first_contact_at": "2026-03-02 09:10",
    "content": "送货迟到",
    "channel": "电话",
}
NEW = {"workflow": "complaint", "event": "register", "data": COMPLAINT}


class Client:
    """Asks the service as its server would, without a port."""

    def __init__(self, http: Any, runner: asyncio.Runner) -> None:
        self.headers = http.headers
        self._http, self._runner = http, runner

    def get(self, path: str, **how: Any) -> Any:
        return self._runner.run(self._http.get(path, **how))

    def post(self, path: str, **how: Any) -> Any:
        return self._runner.run(self._http.post(path, **how))


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Client]:
    monkeypatch.syspath_prepend(str(EXAMPLES))
    import httpx
    from fastapi_service.service import make_app

    app = make_app(lambda: Engine.open(f"sqlite:///{tmp_path / 'tickets.db'}"))
    http = httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://desk", headers={"X-User": "A1", "Accept-Language": "en"}
    )
    lifespan = app.router.lifespan_context(app)
    with asyncio.Runner() as runner:
        runner.run(lifespan.__aenter__())
        yield Client(http, runner)
        runner.run(http.aclose())
        runner.run(lifespan.__aexit__(None, None, None))


def opened(client: Client, **headers: str) -> str:
    answer = client.post("/tickets", json=NEW, headers=headers)
    assert answer.status_code == 200, answer.text
    ticket: str = answer.json()["ticket"]
    return ticket


def test_a_ticket_is_opened_and_stands_in_the_queue(client: Client) -> None:
    ticket = opened(client)
    assert client.get(f"/tickets/{ticket}").json()["state"] == "received"
    assert client.get(f"/tickets/{ticket}/history").json()[0]["event"] == "Opened"
    rows = client.get("/queue", params={"role": "supervisor"}).json()["rows"]
    assert [row["ticket"] for row in rows if row["workflow"] == "complaint"] == [ticket]


def test_the_same_key_opens_one_ticket_and_keys_belong_to_their_callers(client: Client) -> None:
    first = opened(client, **{"Idempotency-Key": "k"})
    assert opened(client, **{"Idempotency-Key": "k"}) == first
    other = {**NEW, "data": {**COMPLAINT, "content": "other"}}
    assert client.post("/tickets", json=other, headers={"Idempotency-Key": "k"}).status_code == 400
    theirs = client.post("/tickets", json=other, headers={"Idempotency-Key": "k", "X-User": "A2"})
    assert theirs.json()["ticket"] != first


@pytest.mark.parametrize(("language", "word"), [("zh-CN,zh;q=0.9", "判断"), ("en-GB", "Judge")])
def test_a_refusal_has_a_code_and_a_sentence_in_the_language_of_the_caller(
    client: Client, language: str, word: str
) -> None:
    ticket = opened(client)
    url = f"/tickets/{ticket}/events"
    refused = client.post(url, json={"event": "judge_upheld"}, headers={"Accept-Language": language})
    assert (refused.status_code, refused.json()["code"]) == (409, "role")
    assert word in refused.json()["text"]
    incomplete = client.post(url, json={"event": "judge_upheld"}, headers={"X-User": "S1"})
    assert (incomplete.status_code, incomplete.json()["code"]) == (422, "evidence")


def test_a_refused_opening_is_told_too(client: Client) -> None:
    refused = client.post("/tickets", json={**NEW, "data": {}})
    assert refused.status_code == 422
    assert "Register" in refused.json()["text"]


def test_who_does_not_work_on_complaints_does_not_see_who_complained(client: Client) -> None:
    ticket = opened(client)
    assert client.get(f"/tickets/{ticket}").json()["fields"]["phone"] == "13800000000"
    stranger = client.get(f"/tickets/{ticket}", headers={"X-User": "nobody"})
    assert stranger.json()["fields"]["phone"] == "***"


def test_actions_say_what_the_caller_may_do(client: Client) -> None:
    ticket = opened(client)
    actions = client.get(f"/tickets/{ticket}/actions", headers={"X-User": "S1"}).json()
    allowed = {action["event"] for action in actions if action["denial"] is None}
    assert "judge_upheld" in allowed and "withdraw" not in allowed


def test_what_is_not_there_is_404_and_without_a_caller_nothing_is_answered(client: Client) -> None:
    assert client.get("/tickets/nowhere").status_code == 404
    del client.headers["X-User"]
    assert client.get("/queue").status_code == 422


@pytest.mark.parametrize("path", ["%00", "%0A", "%ED%A0%80", "x" * 5000, "..%2F..%2Fetc"])
def test_a_ticket_that_nobody_can_have_is_not_there(client: Client, path: str) -> None:
    assert client.get(f"/tickets/{path}").status_code == 404


def test_what_is_too_much_or_unreadable_is_a_bad_request(client: Client) -> None:
    ticket = opened(client)
    url = f"/tickets/{ticket}/events"
    assert client.post(url, json={"event": "judge_upheld", "reason": "x" * 20_000}).status_code == 400
    assert client.post(url, json={"event": "e"}, headers={"Idempotency-Key": "k" * 500}).status_code == 400
    assert client.get("/queue", params={"after": "due:-9999999999999999999:1"}).status_code == 400
    assert client.get("/queue", headers={"X-User": ""}).status_code == 400
    assert client.get("/queue", headers={"X-User": "system"}).status_code == 403
