"""A JSON service around an engine: tickets, events, queues; refusals as 409 or 422 in the caller's language."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from threading import Thread
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, FastAPI, Header, Request, Response
from pydantic import BaseModel

from dutyflow import Engine, Fire, Open, Query
from dutyflow.errors import ForbiddenError, MisuseError, UnavailableError, UnknownTicketError
from dutyflow.ports.records import Answer
from dutyflow.resources import workflows_dir

STATUS = {UnknownTicketError: 404, ForbiddenError: 403, UnavailableError: 503, MisuseError: 400}
DATA_CODES = frozenset({"evidence", "reason", "input"})
"""Refusals that other data would mend."""

router = APIRouter()


class NewTicket(BaseModel):
    """What opens a ticket."""

    workflow: str
    event: str
    data: dict[str, Any] = {}


class NewEvent(BaseModel):
    """What is asked of a ticket."""

    event: str
    data: dict[str, Any] = {}
    reason: str | None = None


def person(x_user: Annotated[str, Header()]) -> str:
    """Who asks. A stub: here belongs whatever authenticates your callers."""
    return x_user


def desk(request: Request, actor: Annotated[str, Depends(person)]) -> Engine:
    """The engine, for that person only."""
    engine: Engine = request.app.state.engine
    return engine.acting_as(actor)


def language(accept_language: Annotated[str, Header()] = "en") -> str:
    """`zh` or `en`."""
    return "zh" if accept_language.lower().startswith("zh") else "en"


Desk = Annotated[Engine, Depends(desk)]
Actor = Annotated[str, Depends(person)]
Lang = Annotated[str, Depends(language)]
Key = Annotated[str | None, Header(alias="Idempotency-Key")]


@router.post("/tickets")
def open_ticket(new: NewTicket, engine: Desk, actor: Actor, lang: Lang, idempotency_key: Key = None) -> Response:
    """Open a ticket."""
    command = Open(workflow=new.workflow, event=new.event, actor=actor, data=new.data)
    return answered(engine, engine.submit(command, key=own(actor, idempotency_key)), lang)


@router.post("/tickets/{ticket}/events")
def fire(ticket: str, new: NewEvent, engine: Desk, actor: Actor, lang: Lang, idempotency_key: Key = None) -> Response:
    """Ask for an event."""
    command = Fire(event=new.event, actor=actor, data=new.data, reason=new.reason)
    answer = engine.submit(command, ticket=ticket, key=own(actor, idempotency_key))
    return answered(engine, answer, lang)


@router.get("/tickets/{ticket}")
def read(ticket: str, engine: Desk) -> Response:
    """The ticket as this person may see it."""
    return shown(engine.ticket(ticket))


@router.get("/tickets/{ticket}/history")
def history(ticket: str, engine: Desk) -> Response:
    """Its events."""
    return shown([{"event": type(event).__name__, "what": event} for event in engine.history(ticket)])


@router.get("/tickets/{ticket}/actions")
def actions(ticket: str, engine: Desk) -> Response:
    """What this person may do next, and why not the rest."""
    return shown(engine.next_actions(ticket))


@router.get("/queue")
def queue(engine: Desk, workflow: str | None = None, role: str | None = None, after: str | None = None) -> Response:
    """A page of the open tickets, the most urgent first."""
    return shown(engine.find(Query(workflow=workflow, role=role), after=after))


def own(actor: str, key: str | None) -> str | None:
    """A key belongs to whoever sent it: two callers may choose the same."""
    return f"{actor}/{key}" if key is not None else None


def answered(engine: Engine, answer: Answer, lang: str) -> Response:
    """What was decided: 200, or why not."""
    if answer.denial is None:
        return shown({"ticket": answer.ticket})
    status = 422 if answer.denial.code in DATA_CODES else 409
    return shown({"code": answer.denial.code, "text": engine.why_not(answer, lang)}, status)


def shown(what: object, status: int = 200) -> Response:
    """Anything as JSON."""
    return Response(msgspec.json.encode(what), status, media_type="application/json")


def failed(request: Request, error: Exception) -> Response:
    """The exceptions of the engine as problems of the request."""
    status = next(status for kind, status in STATUS.items() if isinstance(error, kind))
    return shown({"code": type(error).__name__, "text": str(error)}, status)


def make_app(open_engine: Callable[[], Engine]) -> FastAPI:
    """The service on an engine that is opened with it and closed with it."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with open_engine() as engine:
            engine.publish(workflows_dir() / "complaint_loop")
            worker = engine.worker()
            thread = Thread(target=worker.run, name="worker")
            thread.start()
            app.state.engine = engine
            try:
                yield
            finally:
                worker.stop()
                thread.join()

    app = FastAPI(title="Desk", lifespan=lifespan)
    app.include_router(router)
    for kind in STATUS:
        app.add_exception_handler(kind, failed)
    return app


app = make_app(lambda: Engine.open(os.environ.get("DESK_STORE", "sqlite:///tickets.db")))
