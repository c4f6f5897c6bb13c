"""The same desk as a team writes it by hand: a `transitions` machine, and a row of SQLAlchemy that is updated.

One machine is shared by all tickets (a machine for each ticket would take milliseconds to build), the session loads the
row, the machine moves it, and the row and its line of history are committed together. The file has the same pragmas as
ours. Threads share one connection: with more, SQLite makes them wait for each other by polling, which is slower.
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker
from transitions import EventData, Machine

_ROLES = {"A1": "agent", "S1": "supervisor", "L1": "logistics_lead"}
_MOVES = (
    ("judge_upheld", "received", "investigating", "supervisor"),
    ("promise_reply", "investigating", "investigating", "agent"),
    ("mark_major", "investigating", "investigating", "supervisor"),
    ("report_exec", "investigating", "investigating", "supervisor"),
    ("reply_customer", "investigating", "investigating", "agent"),
    ("report_findings", "investigating", "proposing", "logistics_lead"),
)


class Base(DeclarativeBase):
    """The tables."""


class TicketRow(Base):
    """A ticket as it stands."""

    __tablename__ = "tickets"
    id: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(index=True)
    version: Mapped[int] = mapped_column()
    changed_at: Mapped[datetime]
    fields: Mapped[dict[str, Any]] = mapped_column(JSON)
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  # the optimistic lock of SQLAlchemy is named so


class HistoryRow(Base):
    """One thing that happened to a ticket."""

    __tablename__ = "history"
    no: Mapped[int] = mapped_column(primary_key=True)
    ticket: Mapped[str] = mapped_column(index=True)
    event: Mapped[str]
    actor: Mapped[str]
    at: Mapped[datetime]
    data: Mapped[dict[str, Any]] = mapped_column(JSON)


class ByHand:
    """The desk on a new SQLite file."""

    def __init__(self, path: Path) -> None:
        self._engine = _engine(path)
        Base.metadata.create_all(self._engine)
        self._session = sessionmaker(self._engine)
        self._machine = _machine()

    def register(self, ticket: str, actor: str, data: Mapping[str, Any], at: datetime) -> None:
        """Open a ticket."""
        with self._session.begin() as session:
            session.add(TicketRow(id=ticket, state="received", changed_at=at, fields=dict(data)))
            _remember(session, ticket, "register", actor, data, at)

    def fire(self, ticket: str, event: str, actor: str, data: Mapping[str, Any], at: datetime) -> None:
        """Load the row, trigger the machine, update the row, insert the line of history, commit."""
        with self._session.begin() as session:
            row = session.get_one(TicketRow, ticket)
            if not self._machine.events[event].trigger(row, actor=actor):
                raise PermissionError(f"{actor} may not do that")
            row.fields = {**row.fields, **data}
            row.changed_at = at
            _remember(session, ticket, event, actor, data, at)

    def close(self) -> None:
        """Close the file."""
        self._engine.dispose()


def _remember(session: Session, ticket: str, event: str, actor: str, data: Mapping[str, Any], at: datetime) -> None:
    session.add(HistoryRow(ticket=ticket, event=event, actor=actor, at=at, data=dict(data)))


def _machine() -> Machine:
    states = ["received", "investigating", "proposing"]
    machine = Machine(model=None, states=states, initial="received", auto_transitions=False, send_event=True)
    for event_name, source, target, role in _MOVES:
        dest = None if source == target else target
        machine.add_transition(event_name, source, dest, conditions=[_is(role)])
    return machine


def _is(role: str) -> Any:
    def holds(fired: EventData) -> bool:
        return _ROLES[fired.kwargs["actor"]] == role

    return holds


def _engine(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}", poolclass=QueuePool, pool_size=1, max_overflow=0)

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy's own advice: begin transactions ourselves
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "temp_store = MEMORY", "cache_size = -16000"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
