"""A PostgreSQL server for a benchmark: in a folder of its own, on a socket in it, and gone afterwards.

It has more memory than PostgreSQL comes with and fewer checkpoints, for everybody alike. What makes commits safe is as
it comes: each is on the disk before it is answered.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

_SETTINGS = "listen_addresses = ''\nmax_connections = 200\nshared_buffers = 512MB\nmax_wal_size = 4GB\n"


class Server:
    """Where databases are made."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def url(self, database: str) -> str:
        """How to reach a database."""
        return f"postgresql://postgres@/{database}?host={self._folder}"

    def create(self, database: str) -> str:
        """A new empty database; its address."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {database}".encode())
        return self.url(database)


@contextmanager
def running_server() -> Iterator[Server]:
    """A server that runs meanwhile; as the user `postgres` where we are root, because it refuses to run as root."""
    folder = Path(tempfile.mkdtemp(prefix="dutyflow-bench-", dir="/tmp"))  # the path of a socket must be short
    data = folder / "data"
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        _run(folder, "initdb", "-D", str(data), "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "-A", "trust")
        with (data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(f"unix_socket_directories = '{folder}'\n{_SETTINGS}")
        _run(folder, "pg_ctl", "-D", str(data), "-l", str(folder / "log"), "-w", "start")
        try:
            yield Server(folder)
        finally:
            _run(folder, "pg_ctl", "-D", str(data), "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(folder: Path, program: str, *words: str) -> None:
    owner = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
    subprocess.run(
        [str(_programs() / program), *words],
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        user=owner.pw_uid if owner else None,
        group=owner.pw_gid if owner else None,
        extra_groups=[] if owner else None,
        cwd=folder,
    )


def _programs() -> Path:
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    found = installed[-1] if installed else shutil.which("initdb")
    if found is None:
        raise SystemExit("PostgreSQL was not found: install its server, or leave its works out with --only.")
    return found if isinstance(found, Path) else Path(found).parent
