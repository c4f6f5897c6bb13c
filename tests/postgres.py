"""A PostgreSQL server for tests: one for each process of pytest, in a folder of its own, made when first needed.

Two fixtures, known to all tests:

`postgres_server`
    The server. `url(database)` says how to reach a database, `create()` makes a new one with the tables of dutyflow in
    it, `start()`, `stop(mode)`, `restart()` and `kill()` do what they say and return when it is done, `pid` is its main
    process. A test that stops it must start it again.
`postgres_url`
    The address of a fresh, upgraded database, dropped after the test.

PostgreSQL is looked for in `/usr/lib/postgresql` and on the PATH. It listens on a socket in its folder only, and
refuses to run as root: then it runs as the user `postgres`. Where there is none, the tests that need one are skipped,
and a line at the end says so; with `DUTYFLOW_NEED_POSTGRES=1` they fail instead.
"""

import os
import pwd
import re
import select
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest

MISSING = "PostgreSQL was not found"
NEEDED = "DUTYFLOW_NEED_POSTGRES"

_PATIENCE = 60
_TEMPLATE = "template_dutyflow"
_SWEEP = 'read -r _; "$0" -D "$1/data" -m immediate -w stop; rm -rf "$1"'
_ACCESS = "local all sealed scram-sha-256\nlocal all all trust\n"


class PostgresServer:
    """A server in a folder; see the module."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self._folder = folder
        self._data = folder / "data"
        self._names = count(1)
        self._has_template = False

    def program(self, name: str) -> str:
        """The path of a program of this server's own version, `pg_dump` for instance."""
        return str(self._programs / name)

    def initialize(self) -> None:
        """Make the cluster and start it."""
        self._run("initdb", "-D", str(self._data), "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "-A", "trust")
        (self._data / "pg_hba.conf").write_text(_ACCESS, encoding="utf-8")
        settings = f"unix_socket_directories = '{self._folder}'\nlisten_addresses = ''\nmax_connections = 60\n"
        with (self._data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(settings)
        self.start()

    def swept_away(self) -> "subprocess.Popen[bytes]":
        """A shell that stops the server and removes its folder when this process ends, even if it is killed.

        It waits for the end of its input, which this process holds: leaving `with` ends it too.
        """
        user, group = _owner()
        return subprocess.Popen(
            ["/bin/sh", "-c", _SWEEP, str(self._programs / "pg_ctl"), str(self._folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=user,
            group=group,
            extra_groups=None if user is None else [],
            cwd="/",
            start_new_session=True,  # an interrupt from the keyboard is not for it
        )

    def start(self) -> None:
        """Start it, and return when it takes connections."""
        self._run("pg_ctl", "-D", str(self._data), "-l", str(self._folder / "log"), "-w", "start")

    def stop(self, mode: str = "fast") -> None:
        """Stop it: `smart`, `fast`, or `immediate`, which is a crash."""
        self._run("pg_ctl", "-D", str(self._data), "-w", "-m", mode, "stop")

    def restart(self, mode: str = "fast") -> None:
        """Stop it and start it again."""
        self.stop(mode)
        self.start()

    def kill(self) -> None:
        """Kill all its processes at once, as a power cut would, and return when they are dead; it can be started."""
        watched = []
        for process in (self.pid, *_children_of(self.pid)):
            with suppress(ProcessLookupError):  # it was about to end, or saw that the main process is gone
                watched.append(os.pidfd_open(process))
                signal.pidfd_send_signal(watched[-1], signal.SIGKILL)
        for process in watched:
            assert select.select([process], [], [], _PATIENCE)[0], "a process of the server does not die"
            os.close(process)
        # Where nobody buries the dead, their ids still look as if a server were running.
        (self._data / "postmaster.pid").unlink()
        for lock in self._folder.glob(".s.PGSQL.*.lock"):
            lock.unlink()

    @property
    def pid(self) -> int:
        """Its main process."""
        return int((self._data / "postmaster.pid").read_text(encoding="utf-8").split()[0])

    def url(self, database: str, user: str = "postgres") -> str:
        """How to reach a database."""
        return f"postgresql://{user}@/{database}?host={self._folder}"

    def create(self) -> str:
        """A new database with the tables of dutyflow in it; its name."""
        if not self._has_template:
            self._make_template()
        name = f"test_{next(self._names)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
        return name

    def drop(self, database: str) -> None:
        """Remove a database, whoever uses it."""
        self.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")

    def execute(self, sql: str, database: str = "postgres") -> None:
        """Run one statement as the owner of the server."""
        import psycopg

        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(sql)

    def _make_template(self) -> None:
        from dutyflow.stores.postgres.schema import upgrade_postgres

        self.execute(f"CREATE DATABASE {_TEMPLATE}")
        upgrade_postgres(self.url(_TEMPLATE))
        self._has_template = True

    def _run(self, program: str, *words: str) -> None:
        # A server that inherits a pipe would keep it open for ever: output goes nowhere, the log has its own file.
        user, group = _owner()
        subprocess.run(
            [str(self._programs / program), *words],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=user,
            group=group,
            extra_groups=None if user is None else [],
            cwd=self._folder,
        )


def _children_of(process: int) -> list[int]:
    """The processes that a process has started."""
    return [
        int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii").split()
    ]


def _owner() -> tuple[int | None, int | None]:
    """The user and group that run the server; None for those who run the tests."""
    if os.geteuid() != 0:
        return None, None
    entry = pwd.getpwnam("postgres")
    return entry.pw_uid, entry.pw_gid


def _programs() -> Path | None:
    """The folder of the newest PostgreSQL on this machine."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(_digits(path.parts[-3])))
    found = versions[-1] if versions else shutil.which("initdb")
    if os.geteuid() == 0:
        with suppress(KeyError):
            pwd.getpwnam("postgres")
            return Path(found).parent if found else None
        return None
    return Path(found).parent if found else None


def _digits(version: str) -> str:
    found = re.match(r"\d+", version)
    return found[0] if found else "0"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    programs = _programs()
    if programs is None:
        if os.environ.get(NEEDED) == "1":
            pytest.fail(f"{MISSING}, and {NEEDED}=1 says that its tests must run.")
        pytest.skip(MISSING)
    # Not in pytest's folder: the path of a socket is short, and the server's user must be able to go there.
    folder = Path(tempfile.mkdtemp(prefix="dutyflow-pg-", dir="/tmp"))
    user, group = _owner()
    if user is not None and group is not None:
        os.chown(folder, user, group)
    server = PostgresServer(programs, folder)
    with server.swept_away():
        server.initialize()
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    database = postgres_server.create()
    yield postgres_server.url(database)
    postgres_server.drop(database)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly how many tests did not run for want of a server."""
    skipped = [report for report in terminalreporter.stats.get("skipped", []) if MISSING in str(report.longrepr)]
    if skipped:
        terminalreporter.write_line(f"{MISSING}: {len(skipped)} tests did not run.", yellow=True, bold=True)
