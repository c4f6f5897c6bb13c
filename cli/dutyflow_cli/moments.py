"""Says in the reader's language why a text is not a moment."""

from __future__ import annotations

from dutyflow.telling.moments import MomentError
from dutyflow.wording import Phrase, say


def moment_problem(error: MomentError, text: str, lang: str) -> str:
    """What is wrong with a moment that somebody typed."""
    if error.code == "DF121":
        weekday = _text(error.values["weekday"], lang)
        return say("cli.wrong_weekday", lang, text=text, date=error.values["date"], weekday=weekday)
    return say("cli.bad_moment", lang, text=text, problem=_text(error.values.get("problem"), lang))


def _text(value: object, lang: str) -> str:
    return value.text(lang) if isinstance(value, Phrase) else str(value or "")
