"""The same commands taken by DBOS: a workflow for each ticket receives them, and a step writes a row for each.

The service is a process of its own, as DBOS is meant to run; commands are sent to it from outside with the client,
under idempotency keys. It needs no network but its database. With `use_listen_notify` (its default) a message wakes
its workflow at once, and the pool has a connection for each caller.

Run as a program, this module is that service: it reads a line `<tickets> <prefix> <commands>`, begins the workflows,
says `begun`, and `done` when each has taken all its commands.
"""

import subprocess
import sys
from typing import Any

from dbos import DBOS, DBOSClient, DBOSConfig, SetWorkflowID
from psycopg_pool import ConnectionPool

POOL = 40
_TABLE = "CREATE TABLE IF NOT EXISTS desk (no BIGSERIAL PRIMARY KEY, ticket TEXT, event TEXT, actor TEXT, data TEXT)"
_ROW = "INSERT INTO desk (ticket, event, actor, data) VALUES (%(ticket)s, %(event)s, %(actor)s, %(data)s)"


class DbosService:
    """The service on a new database, and a client of it."""

    def __init__(self, url: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._hear("ready")
        self._client = DBOSClient(system_database_url=url, system_database_pool_size=POOL, use_listen_notify=True)

    def begin(self, prefix: str, tickets: int, commands: int) -> None:
        """Begin a workflow for each ticket `<prefix>-<number>`, which ends after so many commands."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{tickets} {prefix} {commands}\n")
        self._process.stdin.flush()
        self._hear("begun")

    def send(self, ticket: str, command: dict[str, Any], key: str) -> None:
        """Send a command; it is kept when this returns, and done some time later."""
        self._client.send(ticket, command, topic="commands", idempotency_key=key)

    def wait(self) -> None:
        """Wait until all commands that were sent are done."""
        self._hear("done")

    def close(self) -> None:
        """End the service."""
        self._client.destroy()
        self._process.kill()
        self._process.wait()

    def _hear(self, word: str) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.strip() == word:
                return
        raise SystemExit("The DBOS service has ended.")


def serve(url: str) -> None:
    """Be the service until the input ends."""
    config: DBOSConfig = {
        "name": "desk",
        "system_database_url": url,
        "sys_db_pool_size": POOL,
        "use_listen_notify": True,
        "log_level": "WARNING",
        "max_executor_threads": 128,
    }
    DBOS(config=config)
    rows = ConnectionPool(url, min_size=4, max_size=POOL, kwargs={"autocommit": True}, open=True)
    with rows.connection() as connection:
        connection.execute(_TABLE)

    @DBOS.step()
    def keep(command: dict[str, Any]) -> None:
        with rows.connection() as connection:
            connection.execute(_ROW, command)

    @DBOS.workflow()
    def ticket(commands: int) -> None:
        left = commands
        while left:
            command = DBOS.recv("commands", timeout_seconds=600)
            if command is not None:  # a late call to wake for a message that was taken already brings none
                keep(command)
                left -= 1

    DBOS.launch()
    print("ready", flush=True)
    for line in sys.stdin:
        count, prefix, commands = line.split()
        handles = []
        for number in range(int(count)):
            with SetWorkflowID(f"{prefix}-{number}"):
                handles.append(DBOS.start_workflow(ticket, int(commands)))
        print("begun", flush=True)
        for handle in handles:
            handle.get_result()
        print("done", flush=True)


if __name__ == "__main__":
    serve(sys.argv[1])
