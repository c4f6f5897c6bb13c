"""Commands a second: the engine on SQLite and on PostgreSQL, beside what else would write the same."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from functools import partial
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from callers import together
from comparing import Line, Rates, Scale
from desk import LIFE, NOW, lives, open_desk, openings, plain, submit, submit_all, submit_bulk
from recorder import Transaction, recorded_postgres, recorded_sqlite

from dutyflow.bootstrap.engine import Order
from dutyflow.kernel.commands import Open

if TYPE_CHECKING:
    from opponents.by_hand import ByHand
    from opponents.dbos_service import DbosService

CALLERS, MANY = 32, 128
LATENCY_MAX_MS = 50
BULK = 256


def sqlite(scale: Scale) -> Iterator[Line]:
    """The engine on SQLite: alone and with many callers, against bare writing and a desk that was made by hand."""
    from opponents.by_hand import ByHand
    from opponents.raw_sqlite import RawSqlite

    rates = Rates()
    with tempfile.TemporaryDirectory() as folder:
        open_desk(f"sqlite:///{folder}/raw.db").close()
        raw, hand = RawSqlite(Path(folder) / "raw.db"), ByHand(Path(folder) / "hand.db")
        with recorded_sqlite() as written:
            engine = open_desk(f"sqlite:///{folder}/ours.db")
        written.clear()  # both have the tables and the rulebook
        for block in rates.turns(scale, "sqlite"):
            for one in lives(f"alone-{block}", scale.lives):
                with rates.timed("one thread", LIFE):
                    submit_all(engine, one)
                with rates.timed("raw sqlite3", LIFE):
                    raw.write(_taken(written))
                with rates.timed("by hand, one thread", LIFE):
                    _by_hand_all(hand, one)
            for part, callers in product(range(scale.each), (CALLERS, MANY)):
                many = lives(f"{callers}-{block}-{part}", callers)
                rates.together(f"{callers} callers", partial(submit, engine), many)
                with rates.timed(f"raw, {callers}", callers * LIFE):
                    raw.write(_taken(written))
            rates.together(f"by hand, {CALLERS} callers", partial(_by_hand, hand), lives(f"hand-{block}", CALLERS))
        for opened in (engine, raw, hand):
            opened.close()
    yield rates.share("SQLite, one thread", "one thread", "raw sqlite3", 0.6)
    yield rates.times(f"SQLite, {CALLERS} callers", f"{CALLERS} callers", "one thread", 2)
    yield rates.times(f"SQLite, {MANY} callers", f"{MANY} callers", "one thread", 3)
    yield rates.latency(f"SQLite, {CALLERS} callers wait", f"{CALLERS} callers", LATENCY_MAX_MS)
    yield rates.latency(f"SQLite, {MANY} callers wait", f"{MANY} callers")
    best = max(("by hand, one thread", f"by hand, {CALLERS} callers"), key=rates.median)
    yield rates.times(f"SQLite, {CALLERS} callers, and by hand at its best", f"{CALLERS} callers", best, 4)
    yield rates.times("SQLite, one thread, and by hand", "one thread", "by hand, one thread")
    for callers in (CALLERS, MANY):
        yield rates.share(f"SQLite, {callers} callers, same batches bare", f"{callers} callers", f"raw, {callers}")


def postgres(scale: Scale) -> Iterator[Line]:
    """The engine on PostgreSQL with many callers, against bare writing; and opening tickets in bulk."""
    from opponents.raw_psycopg import RawPsycopg
    from postgres import running_server

    rates = Rates()
    with running_server() as server:
        open_desk(server.create("raw")).close()
        raw, engine = RawPsycopg(server.url("raw")), open_desk(server.create("ours"))
        with recorded_postgres() as written:
            for block in rates.turns(scale, "postgres"):
                for one in lives(f"alone-{block}", scale.lives):
                    with rates.timed("one thread", LIFE):
                        submit_all(engine, one)
                    with rates.timed("raw psycopg, one by one", LIFE):
                        raw.write(_taken(written))
                for part in range(scale.each):
                    rates.together(f"{CALLERS} callers", partial(submit, engine), lives(f"{block}-{part}", CALLERS))
                    with rates.timed("raw psycopg", CALLERS * LIFE):
                        raw.write(_taken(written))
                with rates.timed("submit_many", BULK):
                    submit_bulk(engine, openings(f"bulk-{block}", BULK))
                with rates.timed("single submits", BULK // 8):
                    submit_all(engine, openings(f"few-{block}", BULK // 8))
                raw.write(_taken(written))
        engine.close()
        raw.close()
    yield rates.share(f"PostgreSQL, {CALLERS} callers", f"{CALLERS} callers", "raw psycopg", 0.6)
    yield rates.times("PostgreSQL, bulk open", "submit_many", "single submits", 10)
    yield rates.latency(f"PostgreSQL, {CALLERS} callers wait", f"{CALLERS} callers")
    yield rates.share("PostgreSQL, one thread", "one thread", "raw psycopg, one by one")
    yield rates.times(f"PostgreSQL, {CALLERS} callers, and one thread", f"{CALLERS} callers", "one thread")


def dbos(scale: Scale) -> Iterator[Line]:
    """The same commands from as many callers, to the engine and to DBOS on the same server."""
    from opponents.dbos_service import DbosService
    from postgres import running_server

    rates = Rates()
    with running_server() as server:
        service, engine = DbosService(server.create("dbos")), open_desk(server.create("ours"))
        for block in rates.turns(scale, "dbos"):
            for part in range(scale.each):
                many = lives(f"{block}-{part}", CALLERS)
                rates.together(f"{CALLERS} callers", partial(submit, engine), many)
                service.begin(f"{block}-{part}", CALLERS, LIFE)
                with rates.timed("dbos", CALLERS * LIFE):
                    _through_dbos(service, many)
        engine.close()
        service.close()
    yield rates.times(f"PostgreSQL, {CALLERS} callers, and DBOS", f"{CALLERS} callers", "dbos", 20)


def _by_hand(hand: ByHand, order: Order) -> None:
    asked = plain(order)
    if isinstance(order.command, Open):
        hand.register(asked.ticket, asked.actor, asked.data, NOW)
    else:
        hand.fire(asked.ticket, asked.event, asked.actor, asked.data, NOW)


def _by_hand_all(hand: ByHand, orders: list[Order]) -> None:
    for order in orders:
        _by_hand(hand, order)


def _through_dbos(service: DbosService, shares: list[list[Order]]) -> None:
    def send(order: Order) -> None:
        ticket, event, actor, data = plain(order)
        command = {"ticket": ticket, "event": event, "actor": actor, "data": json.dumps(data)}
        service.send(ticket, command, order.key or "")

    together(send, shares)
    service.wait()


def _taken(written: list[Transaction]) -> list[Transaction]:
    """What has been recorded since the last time."""
    taken = list(written)
    written.clear()
    return taken
