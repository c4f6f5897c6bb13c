"""The calendars of 2026 that the packs use, so that tests of the kernel can reckon with them by name."""

from collections.abc import Mapping

import pytest

from dutyflow.kernel.calendars import Calendar

SHANGHAI = {"timezone": "Asia/Shanghai"}
LEGAL_HOLIDAYS_2026 = [
    *("2026-01-01", "2026-01-02", "2026-01-03"),
    *(f"2026-02-{day}" for day in range(15, 24)),
    *("2026-04-04", "2026-04-05", "2026-04-06"),
    *("2026-05-01", "2026-05-02", "2026-05-03", "2026-05-04", "2026-05-05"),
    *("2026-06-19", "2026-06-20", "2026-06-21"),
    *("2026-09-25", "2026-09-26", "2026-09-27"),
    *(f"2026-10-0{day}" for day in range(1, 8)),
]
MAKE_UP_DAYS_2026 = ["2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"]
SPRING_2026_DEALER = [f"2026-02-{day}" for day in range(15, 22)]

MAPPINGS: dict[str, dict[str, object]] = {
    "office": {
        "hours": {"mon-fri": ["09:00-12:00", "13:00-18:00"]},
        "closed": LEGAL_HOLIDAYS_2026,
        "open": MAKE_UP_DAYS_2026,
        "official_until": "2026-12-31",
    },
    "desk": {"hours": {"daily": ["08:00-20:00"]}, "official_until": "2026-12-31"},
    "contact": {"hours": {"daily": ["09:00-12:00", "14:00-21:00"]}, "official_until": "2026-12-31"},
    "retail": {
        "hours": {"daily": ["09:00-22:00"]},
        "closed": ["2026-02-16", "2026-02-17", "2026-02-18"],
        "official_until": "2026-12-31",
    },
    "dealer": {
        "hours": {"mon-sat": ["08:30-17:30"]},
        "closed": [*SPRING_2026_DEALER, "2026-10-01", "2026-10-02", "2026-10-03"],
        "official_until": "2026-12-31",
    },
    "site": {"hours": {"daily": ["09:00-18:00"]}, "official_until": "2026-12-31"},
    "always": {"hours": {"daily": ["00:00-24:00"]}},
}


@pytest.fixture(scope="session")
def calendars() -> Mapping[str, Calendar]:
    """Every calendar of the packs by its name."""
    return {name: Calendar.from_mapping({"name": name} | SHANGHAI | m) for name, m in MAPPINGS.items()}
