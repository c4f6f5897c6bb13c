"""A length of time as people write it in a rulebook (`24h`, `4bh@desk`, `3d@21:00`, `2bd`), and what it is counted in.

The four ways of counting never turn into each other: `90s 15m 24h` elapsed time, `4bh 30bm` open time of a calendar,
`3d 2w 1mo` calendar days, `2bd same_day` working days. What a duration means in instants is in `deadlines.py`.
"""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from functools import lru_cache

import msgspec

from dutyflow.errors import DutyflowError
from dutyflow.kernel.duration_text import HEAD, ISO, NUMBER_UNIT, TIME, suggest_duration, suggest_time

ELAPSED = {"s": 1, "m": 60, "h": 3600}
OPEN = {"bm": 60, "bh": 3600}
DAYS = ("d", "w", "mo")
WORKDAYS = ("bd", "same_day")
SAME_DAY = "same_day"
CLOSE, NEXT_OPEN, NEXT_DAY, SAME_TIME = "close", "next_open", "next_day", "same_time"
KEYS = ("for", "calendar", "until", "roll", "anchor", "cutoff")

_SECONDS = {**ELAPSED, **OPEN}
_APPROXIMATE_DAYS = {"s": 1 / 86_400, "m": 1 / 1_440, "h": 1 / 24, "bm": 1 / 1_440, "bh": 1 / 24}
_DAYS_OF = {**_APPROXIMATE_DAYS, "d": 1, "bd": 1, "w": 7, "mo": 31, SAME_DAY: 1}
_DAYS_MAX = 36_600
_CUTOFF = "cutoff="


class DurationError(DutyflowError, ValueError):
    """A text or mapping is not a duration.

    `code` says why (stable), `values` what was found and what is allowed, `suggestion` what to write instead, if known.
    """

    def __init__(self, code: str, values: Mapping[str, object], suggestion: str | None = None) -> None:
        """Keep the parts for the one who makes a finding of them."""
        found = ", ".join(f"{key}={value!r}" for key, value in values.items())
        super().__init__(f"duration: {code} ({found})" + (f"; did you mean {suggestion!r}?" if suggestion else ""))
        self.code = code
        self.values = dict(values)
        self.suggestion = suggestion


class Duration(msgspec.Struct, frozen=True, omit_defaults=True):
    """An amount of a unit, and the options that say when its last day ends.

    `until`: `HH:MM` or `close` on the last day · `roll`: `next_open` if the last day is closed · `anchor`: `same_time`
    instead of the end of the day · `cutoff`: a start after this time counts as the next day.
    """

    amount: int
    unit: str
    calendar: str | None = None
    until: str | None = None
    roll: str | None = None
    anchor: str | None = None
    cutoff: str | None = None

    def __post_init__(self) -> None:
        """Refuse what has no meaning: amounts of nothing, and options that the unit does not know."""
        _check_amount(self.amount, self.unit)
        _check_options(self)

    @classmethod
    def parse(cls, text: str) -> "Duration":
        """Read `4bh@desk`, `3d@21:00`, `1h30m`, `P3D`, ...; raise `DurationError`, if possible with a suggestion."""
        return parse_duration(text)

    @classmethod
    def from_mapping(cls, m: Mapping[str, object]) -> "Duration":
        """Read the full form: `{for: 3d, calendar: dealer, until: close, roll: next_open, cutoff: "16:00"}`."""
        for key in m:
            if key not in KEYS:
                near = get_close_matches(str(key), KEYS, n=1)
                raise DurationError("unknown_key", {"found": key, "allowed": KEYS}, near[0] if near else None)
        if "for" not in m:
            raise DurationError("missing_for", {"found": dict(m)})
        base = cls.parse(_text(m, "for"))
        options = {key: _text(m, key) for key in KEYS[1:] if m.get(key) is not None}
        for key in options:
            if getattr(base, key) is not None:
                raise DurationError("given_twice", {"found": m["for"], "option": key})
        return msgspec.structs.replace(base, **options)

    @property
    def text(self) -> str:
        """The canonical text, which `parse` reads back: `2bh@desk`, `3d@21:00`."""
        head = SAME_DAY if self.unit == SAME_DAY else f"{self.amount}{self.unit}"
        cutoff = None if self.cutoff is None else _CUTOFF + self.cutoff
        suffixes = (self.calendar, self.until, self.roll, self.anchor, cutoff)
        return "@".join((head, *(suffix for suffix in suffixes if suffix is not None)))

    @property
    def seconds(self) -> int | None:
        """How many seconds of elapsed or open time this is; nothing for day units."""
        size = _SECONDS.get(self.unit)
        return None if size is None else self.amount * size

    @property
    def is_elapsed(self) -> bool:
        """Whether every second counts (`s m h`)."""
        return self.unit in ELAPSED

    @property
    def is_open_time(self) -> bool:
        """Whether only the seconds count in which a calendar is open (`bm bh`)."""
        return self.unit in OPEN


def default_warning_kind(duration: Duration) -> str:
    """Say how a clock warns by default: at a `share` of the span, or at 09:00 of the `due_day` (DOMAIN 3.0 item 5)."""
    return "share" if duration.unit in _SECONDS else "due_day"


@lru_cache(maxsize=4096)
def parse_duration(text: str) -> Duration:
    """Read a text once; durations are immutable, so the answer can be shared."""
    head, *suffixes = text.strip().split("@")
    amount, unit = _read_head(head.strip(), text)
    options: dict[str, str] = {}
    for suffix in suffixes:
        kind, value = _read_suffix(suffix.strip(), text)
        if kind in options:
            raise DurationError("given_twice", {"found": text, "option": kind})
        options[kind] = value
    return Duration(amount, unit, **options)


def _read_head(head: str, text: str) -> tuple[int, str]:
    """Read the amount and unit, in our own way of writing or in that of ISO 8601."""
    if head == SAME_DAY:
        return 0, SAME_DAY
    if HEAD.fullmatch(head):
        return _sum(NUMBER_UNIT.findall(head), text)
    iso = ISO.fullmatch(head)
    if iso and head[-1] not in "PT":
        return _sum([(number, unit) for unit, number in iso.groupdict().items() if number], text)
    raise _not_a_duration(head, text)


def _sum(parts: list[tuple[str, str]], text: str) -> tuple[int, str]:
    """Add up `1h30m` in its smallest unit; days of any kind do not mix with anything."""
    units = [unit for _, unit in parts]
    if len(parts) == 1:
        return int(parts[0][0]), units[0]
    if len(set(units)) < len(units) or not (set(units) <= set(ELAPSED) or set(units) <= set(OPEN)):
        raise DurationError("mixed_units", {"found": text, "units": tuple(units)})
    smallest = min(units, key=lambda unit: _SECONDS[unit])
    return sum(int(number) * _SECONDS[unit] for number, unit in parts) // _SECONDS[smallest], smallest


def _not_a_duration(head: str, text: str) -> DurationError:
    """Say why a head is none: a number too small, a month written `M`, no unit, or anything else."""
    suggestion = suggest_duration(head)
    if suggestion is not None and "@" in text:
        suggestion = "@".join((suggestion, *text.strip().split("@")[1:]))
    suggestion = _if_readable(suggestion)
    if re.fullmatch(r"\d+M", head):
        month, minute = f"{head[:-1]}mo", f"{head[:-1]}m"
        return DurationError("month_or_minute", {"found": text, "month": month, "minute": minute}, _if_readable(month))
    if re.fullmatch(r"-\s*\d.*", head):
        return DurationError("not_positive", {"found": text}, suggestion)
    if re.fullmatch(r"\d+", head):
        return DurationError("missing_unit", {"found": text}, suggestion)
    return DurationError("not_a_duration", {"found": text, "units": tuple(_DAYS_OF)}, suggestion)


def _if_readable(suggestion: str | None) -> str | None:
    """Return a suggestion only if it would be accepted."""
    try:
        return None if suggestion is None else parse_duration(suggestion).text
    except DurationError:
        return None


def _read_suffix(suffix: str, text: str) -> tuple[str, str]:
    """Tell what an `@` suffix is: a time, one of the fixed words, or the name of a calendar."""
    if suffix == CLOSE or TIME.fullmatch(suffix):
        return "until", suffix
    if suffix == NEXT_OPEN:
        return "roll", suffix
    if suffix in (SAME_TIME, NEXT_DAY):
        return "anchor", suffix
    if suffix.startswith(_CUTOFF):
        return "cutoff", suffix.removeprefix(_CUTOFF)
    if re.fullmatch(r"[^\W\d][\w.-]*", suffix):
        return "calendar", suffix
    time = suggest_time(suffix)
    suggestion = None if time is None else _if_readable(text.strip().replace(suffix, time))
    raise DurationError("bad_suffix", {"found": text, "suffix": suffix}, suggestion)


def _check_amount(amount: int, unit: str) -> None:
    if unit not in _DAYS_OF:
        raise DurationError("unknown_unit", {"found": unit, "units": tuple(_DAYS_OF)})
    if amount <= 0 and unit != SAME_DAY:
        raise DurationError("not_positive", {"found": f"{amount}{unit}"}, SAME_DAY if unit in ("d", "bd") else None)
    if amount * _DAYS_OF[unit] > _DAYS_MAX:
        raise DurationError("too_long", {"found": f"{amount}{unit}", "years_max": 100})


def _check_options(duration: Duration) -> None:
    """Refuse options without meaning for the unit, and values they do not have."""
    for option in ("until", "roll", "anchor", "cutoff"):
        value = getattr(duration, option)
        if value is None:
            continue
        if duration.unit not in _UNITS_OF[option]:
            raise DurationError("option_without_meaning", {"option": option, "unit": duration.unit})
        allowed = _WORDS_OF[option]
        timed = option in ("until", "cutoff")
        if value not in allowed and not (timed and TIME.fullmatch(value)):
            values = {"option": option, "found": value, "allowed": (*allowed, "HH:MM") if timed else allowed}
            raise DurationError("bad_option", values, suggest_time(value) if timed else None)
    if duration.anchor == SAME_TIME and duration.until is not None:
        raise DurationError("option_without_meaning", {"option": "until", "unit": duration.unit, "anchor": SAME_TIME})


def _text(m: Mapping[str, object], key: str) -> str:
    value = m[key]
    if not isinstance(value, str):
        raise DurationError("not_text", {"option": key, "found": value})
    return value.strip()


_UNITS_OF = {"until": (*DAYS, *WORKDAYS), "roll": DAYS, "anchor": (*DAYS, "bd"), "cutoff": (*DAYS, *WORKDAYS)}
_WORDS_OF: dict[str, tuple[str, ...]] = {
    "until": (CLOSE,),
    "roll": (NEXT_OPEN,),
    "anchor": (NEXT_DAY, SAME_TIME),
    "cutoff": (),
}
