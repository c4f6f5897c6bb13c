"""Keeps tickets in PostgreSQL: for several machines that share the work."""

from dutyflow.errors import MisuseError

try:
    import psycopg as psycopg
    import psycopg_pool as psycopg_pool
except ImportError as missing:
    raise MisuseError("PostgreSQL needs two more libraries: `pip install 'dutyflow[postgres]'`.") from missing
