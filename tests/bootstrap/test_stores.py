"""What a URL of a store says, and what of it may be shown."""

import pytest

from dutyflow.bootstrap.stores import kind_of, shown, sqlite_path
from dutyflow.errors import MisuseError

PASSWORD = "geheim"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://desk:geheim@host/db", "postgresql://desk:***@host/db"),
        ("postgresql://:geheim@host:5432/db", "postgresql://:***@host:5432/db"),
        ("postgresql://desk:ge:/h@eimgeheim@host/db", "postgresql://desk:***@host/db"),
        ("postgresql://desk@host/db?password=geheim&x=1", "postgresql://desk@host/db?password=***&x=1"),
        ("postgresql://host/db?sslpassword=geheim", "postgresql://host/db?sslpassword=***"),
        ("postgres//desk:geheim@host/db", "postgres//desk:***@host/db"),
        ("postgresql://desk@host:5432/db", "postgresql://desk@host:5432/db"),
        ("sqlite:////var/lib/desk@home/tickets.db", "sqlite:////var/lib/desk@home/tickets.db"),
        ("memory:", "memory:"),
    ],
)
def test_a_url_is_shown_without_its_password(url: str, said: str) -> None:
    assert shown(url) == said


@pytest.mark.parametrize("url", ["postgres//desk:geheim@host/db", "mysql://desk:geheim@host/db"])
def test_a_url_of_another_form_does_not_tell_its_password(url: str) -> None:
    with pytest.raises(MisuseError) as refusal:
        kind_of(url)
    assert PASSWORD not in str(refusal.value)


def test_a_file_that_is_none_does_not_tell_its_password() -> None:
    with pytest.raises(MisuseError) as refusal:
        sqlite_path("sqlite://desk:geheim@host/db")
    assert PASSWORD not in str(refusal.value)
