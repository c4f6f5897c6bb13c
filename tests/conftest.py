"""Settings and fixtures for all tests: a PostgreSQL server; no deadlines, because a busy machine is no broken rule."""

from hypothesis import settings
from tests.postgres import postgres_server, postgres_url, pytest_terminal_summary

__all__ = ["postgres_server", "postgres_url", "pytest_terminal_summary"]

settings.register_profile("dutyflow", deadline=None, print_blob=True)
settings.load_profile("dutyflow")
