"""Asks for the values of fields, with their titles, their options and an example of what fits."""

from __future__ import annotations

from dutyflow.kernel.rules import Field, Workflow
from dutyflow.telling.teller import Teller
from dutyflow.wording import message_keys, say
from dutyflow_cli.prompts.lines import ask
from dutyflow_cli.render.excerpt import clean

_GIVE_UP = "-"


class GivenUp(Exception):
    """The reader does not want to go on with this event."""


def ask_for(missing: str, workflow: Workflow, teller: Teller) -> tuple[str, str]:
    """One field that is missing, with its value; of `a | b` the first that is not left empty. May give up."""
    names = [name for name in missing.split(" | ") if name in workflow.fields]
    while True:
        for name in names:
            text = _ask_once(workflow.fields[name], teller, optional=len(names) > 1)
            if text:
                return name, text


def ask_reason(teller: Teller) -> str:
    """The reason that an event wants."""
    while True:
        text = ask("    " + say("cli_ask.reason", teller.lang) + ": ")
        if text == _GIVE_UP:
            raise GivenUp
        if text:
            return text


def _ask_once(field: Field, teller: Teller, *, optional: bool) -> str:
    """Ask until the answer fits; empty when nothing was written."""
    hint = hint_of(field, teller, optional=optional)
    prompt = f"{teller.title(field.title, field.id)} ({field.id}; {hint})"
    while True:
        text = ask(f"    {prompt}: ")
        if text == _GIVE_UP:
            raise GivenUp
        if field.options and text.isdecimal() and 0 < int(text) <= len(field.options):
            text = field.options[int(text) - 1]
        if not text or _fits(field, text):
            return text
        prompt = say("cli_ask.does_not_fit", teller.lang, value=clean(text), wanted=hint)


def _fits(field: Field, text: str) -> bool:
    try:
        field.accept(text)
    except ValueError:
        return False
    return True


def hint_of(field: Field, teller: Teller, *, optional: bool = False) -> str:
    """What fits: the options with their numbers, or the kind of value with an example."""
    lang = teller.lang
    if field.options:
        hint = "  ".join(f"{number} {option}" for number, option in enumerate(field.options, start=1))
    else:
        hint = say(f"types.{field.kind}", lang)
        key = f"cli_ask.example_{field.kind}"
        if key in message_keys(lang):
            hint += " " + say(key, lang)
    return hint + (say("cli_ask.or_empty", lang) if optional else "")
