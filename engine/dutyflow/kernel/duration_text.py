"""The ways in which people write durations and times of day: what is read, and what to suggest for the rest."""

import re
from unicodedata import normalize

HEAD = re.compile(r"(?:[0-9]{1,9}(?:bm|bh|bd|mo|s|m|h|d|w))+", re.ASCII)
NUMBER_UNIT = re.compile(r"([0-9]+)(bm|bh|bd|mo|s|m|h|d|w)", re.ASCII)
ISO = re.compile(
    r"P(?:(?P<mo>[0-9]{1,9})M)?(?:(?P<w>[0-9]{1,9})W)?(?:(?P<d>[0-9]{1,9})D)?"
    r"(?:T(?:(?P<h>[0-9]{1,9})H)?(?:(?P<m>[0-9]{1,9})M)?(?:(?P<s>[0-9]{1,9})S)?)?",
    re.ASCII,
)
TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00", re.ASCII)

_UNIT_WORDS = {
    "s": "s sec secs second seconds 秒 秒钟",
    "m": "m min mins minute minutes 分 分钟",
    "h": "h hr hrs hour hours 小时 个小时 钟头",
    "bm": "bm businessminute businessminutes workingminute workingminutes 工作分钟",
    "bh": "bh businesshour businesshours workinghour workinghours workhour workhours 工作小时 个工作小时",
    "d": "d day days calendarday calendardays 天 日 自然日 个自然日",
    "bd": "bd wd businessday businessdays workingday workingdays workday workdays 工作日 个工作日",
    "w": "w wk week weeks 周 星期 个星期",
    "mo": "mo mon month months 月 个月",
}
_UNITS = {word: unit for unit, words in _UNIT_WORDS.items() for word in words.split()}
_SAME_DAY = {"sameday", "today", "当日", "当天"}


def minute_of_day(text: str) -> int:
    """Return the minutes from 00:00 to an `HH:MM` that `TIME` matches (24:00 is 1440)."""
    return int(text[:2]) * 60 + int(text[3:])


def suggest_duration(text: str) -> str | None:
    """Return what somebody who wrote `24 hours`, `3天` or `1.5h` probably meant."""
    plain = re.sub(r"[\s_-]+", "", normalize("NFKC", text).lower())
    if plain in _SAME_DAY:
        return "same_day"
    number, unit = _split(plain)
    if not number or unit not in _UNITS:
        return f"{number}h" if number.isdigit() and not unit else None
    short = _UNITS[unit]
    if number.isdigit():
        return f"{number}{short}" if int(number) else None
    return _without_fraction(float(number), short)


def suggest_time(text: str) -> str | None:
    """Return the `HH:MM` that somebody who wrote `9:00` or `21：00` meant."""
    found = re.fullmatch(r"(\d{1,2})[:.hH点时](\d{2})?分?", normalize("NFKC", text).strip())
    if not found:
        return None
    time = f"{int(found[1]):02d}:{found[2] or '00'}"
    return time if TIME.fullmatch(time) and time != text else None


def suggest_period(text: str) -> str | None:
    """Return the `HH:MM-HH:MM` that somebody who wrote `9:00–12:00` or `9:00 to 12:00` meant."""
    ends = re.split(r"\s*(?:[-–—~～至到]|\bto\b)+\s*", normalize("NFKC", text).strip())
    times = [end if TIME.fullmatch(end) else suggest_time(end) for end in ends]
    if len(times) != 2 or None in times:
        return None
    period = f"{times[0]}-{times[1]}"
    return period if period != text else None


def _split(plain: str) -> tuple[str, str]:
    found = re.fullmatch(r"(\d{1,9}(?:\.\d{1,3})?)(\D*)", plain)
    return (found[1], found[2]) if found else ("", "")


def _without_fraction(number: float, unit: str) -> str | None:
    """Write 1.5h as 90m; a fraction of a day or of a second has no meaning."""
    smaller = {"h": "m", "m": "s", "bh": "bm"}.get(unit)
    amount = round(number * 60)
    return f"{amount}{smaller}" if smaller and amount else None
