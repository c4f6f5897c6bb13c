"""Puts refusals, names and values into words, in Chinese or English, with the titles that the rulebook gives them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dutyflow.kernel.commands import BUILT_IN
from dutyflow.kernel.denials import Denial
from dutyflow.kernel.rules import Rules, State, Workflow
from dutyflow.telling.moments import show_moment, show_span
from dutyflow.wording import message_keys, say

_PLACEHOLDER = re.compile(r"\{([^{}:]+)\}")


class Teller:
    """Knows the titles of everything in a rulebook, in one language. `workflow` is where names are looked up first."""

    def __init__(self, rules: Rules, lang: str, workflow: str | None = None) -> None:
        self.rules = rules
        self.lang = lang
        self.zone = ZoneInfo(rules.zone)
        first = rules.workflows.get(workflow) if workflow else None
        self._workflows = (*([first] if first else []), *(w for w in rules.workflows.values() if w is not first))

    # --- names --------------------------------------------------------------------------------------------------

    def title(self, titles: Mapping[str, str] | None, fallback: str) -> str:
        """A title in the language of the reader; the id where there is none."""
        return (titles or {}).get(self.lang) or fallback

    def state(self, state: str) -> str:
        """The title of a state."""
        return self._first(((w.states.get(state)) for w in self._workflows), state)

    def field(self, field: str) -> str:
        """The title of a field; `a | b` are fields of which one is enough."""
        names = field.split(" | ")
        shown = [self._first((w.fields.get(name) for w in self._workflows), name) for name in names]
        text = shown[-1]
        for name in reversed(shown[:-1]):
            text = say("denial.evidence_or", self.lang, first=name, second=text)
        return text

    def event(self, event: str) -> str:
        """The title of an event; of a request that needs none, unless the first workflow has an event of its name."""
        built_in = event in BUILT_IN
        known = self._workflows[:1] if built_in else self._workflows
        rules = (rule for w in known for rule in w.steps.get(event, {}).values())
        return self._first(rules, say(f"request.{event}", self.lang) if built_in else event)

    def outcome(self, outcome: str, state: State | None = None) -> str:
        """The title of an outcome of a state, if that is known, else of the first state that may end with it."""
        states = (found for w in self._workflows for found in w.states.values() if outcome in found.outcomes)
        declared = state or next(states, None)
        return self.title(declared.outcome_titles.get(outcome) if declared else None, outcome)

    def clock(self, sla: str) -> str:
        """The title of a time limit."""
        return self._first((w.slas.get(sla) for w in self._workflows), sla)

    def workflow(self, workflow: str) -> str:
        """The title of a workflow."""
        return self._first((self.rules.workflows.get(workflow),), workflow)

    def schedule(self, schedule: str) -> str:
        """The title of a schedule."""
        return self._first((self.rules.schedules.get(schedule),), schedule)

    def template(self, template: str) -> str:
        """The title of a message template."""
        return self._first((self.rules.templates.get(template),), template)

    def message(self, template: str, values: Mapping[str, Any]) -> str:
        """The text of a message as it goes out, with what its placeholders stand for."""
        found = self.rules.templates[template]
        return _PLACEHOLDER.sub(lambda name: self.value(values.get(name[1])), found.text.get(self.lang, ""))

    def role(self, role: str) -> str:
        """The title of a role; a person's id stays what it is."""
        return self._first((self.rules.organisation.roles.get(role),), role)

    def listed(self, names: Iterable[str]) -> str:
        """Names in a sentence; a word for none."""
        return ("、" if self.lang == "zh" else ", ").join(names) or say("denial.nothing", self.lang)

    def value(self, value: Any) -> str:
        """A value of a field in words."""
        match value:
            case datetime():
                return show_moment(value, self.zone, self.lang) if value.tzinfo else value.isoformat(" ")
            case timedelta():
                return show_span(value)
            case date() | time():
                return value.isoformat()
            case tuple() | list():
                return self.listed(self.value(item) for item in value)
            case None:
                return say("compare.none", self.lang)
            case bool():
                return str(value).lower()
            case _:
                return str(value)

    def _first(self, found: Iterable[Any], fallback: str) -> str:
        named = next((item for item in found if item is not None), None)
        return self.title(named.title, fallback) if named is not None else fallback


def denial_text(denial: Denial, rules: Rules, lang: str, *, workflow: str | None = None) -> str:
    """What a refusal says to people: the rulebook's own words where it has some, else what is missing or allowed."""
    own = (denial.say or {}).get(lang) or next(iter((denial.say or {}).values()), None)
    teller = Teller(rules, lang, workflow or _workflow_of(denial, rules))
    if own:
        return say("denial.own", lang, event=teller.event(denial.event), text=own)
    variant, values = _sentence(denial, teller)
    return say(f"denial.{variant}", lang, event=teller.event(denial.event), **values)


def _workflow_of(denial: Denial, rules: Rules) -> str | None:
    """A denial does not say which workflow it comes from; the one that has its event and its state."""

    def fits(workflow: Workflow) -> int:
        return (denial.event in workflow.steps) + (denial.state in workflow.states)

    return max(rules.workflows.values(), key=fits).id if rules.workflows else None


def _sentence(denial: Denial, teller: Teller) -> tuple[str, dict[str, object]]:
    """Which sentence fits, and its values."""
    values = denial.values
    match denial.code:
        case "time":
            return "time", {"latest": teller.value(values.get("latest"))}
        case "role":
            return _role_sentence(values, teller)
        case "state":
            return _state_sentence(denial, teller)
        case "input":
            return _input_sentence(values, teller)
        case "quiet_hours":
            return "quiet_hours", {"until": teller.value(values.get("until"))}
        case "conflict" | "same_person":
            return _person_sentence(denial, teller)
        case "duplicate":
            same = teller.listed(teller.field(name) for name in values.get("same", ()))
            return "duplicate", {"ticket": values.get("ticket", ""), "same": same}
        case "reason":
            return "reason", {}
        case _:
            return _rule_sentence(denial, teller)


def _role_sentence(values: Mapping[str, Any], teller: Teller) -> tuple[str, dict[str, object]]:
    allowed = teller.listed(teller.role(role) for role in values.get("allowed", ()))
    held = values.get("held", ())
    said: dict[str, object] = {"allowed": allowed, "actor": values.get("actor", "")}
    if not held:
        return "role_none", said
    return "role", {**said, "held": teller.listed(teller.role(role) for role in held)}


def _state_sentence(denial: Denial, teller: Teller) -> tuple[str, dict[str, object]]:
    values = denial.values
    if "expected" in values:
        return "state_signature", {"expected": teller.listed(teller.role(role) for role in values["expected"])}
    offered = teller.listed(teller.event(event) for event in values.get("offered", ()))
    if values.get("unknown"):
        return "state_unknown", {"offered": offered}
    return "state", {"offered": offered, "state": teller.state(denial.state)}


def _input_sentence(values: Mapping[str, Any], teller: Teller) -> tuple[str, dict[str, object]]:
    if "field" not in values:
        return _request_sentence(values, teller)
    said: dict[str, object] = {"field": teller.field(str(values["field"]))}
    if "accepts" in values:
        return "input_unknown", {**said, "accepts": teller.listed(teller.field(name) for name in values["accepts"])}
    said["value"] = teller.value(values.get("value"))
    if "role" in values:
        role = values["role"]
        return ("input_person_role", {**said, "role": teller.role(role)}) if role else ("input_person", said)
    if not values.get("problem"):
        return "input", said
    return "input_problem", {**said, "problem": _problem(values, teller)}


def _request_sentence(values: Mapping[str, Any], teller: Teller) -> tuple[str, dict[str, object]]:
    """What is wrong with a correction, a comment or an assignment as a whole."""
    if "problem" in values:
        return "input_text", {"problem": _problem(values, teller)}
    if "member" in values:
        role, said = values.get("role"), {"member": values["member"]}
        return ("input_member_role", {**said, "role": teller.role(role)}) if role else ("input_member", said)
    return ("input_no_role" if values.get("no_role") else "input_unchanged"), {}


def _problem(values: Mapping[str, Any], teller: Teller) -> str:
    problem, limits = values["problem"], values.get("limits") or {}
    key = f"input.{problem}"
    return say(key, teller.lang, **limits) if key in message_keys(teller.lang) else str(problem)


def _person_sentence(denial: Denial, teller: Teller) -> tuple[str, dict[str, object]]:
    said: dict[str, object] = {"person": denial.values.get("person", "")}
    if "field" not in denial.values:
        return "same_person_signature", said
    code = "conflict_owner" if denial.values.get("owning") else denial.code
    return code, {**said, "field": teller.field(denial.values["field"])}


def _rule_sentence(denial: Denial, teller: Teller) -> tuple[str, dict[str, object]]:
    values = denial.values
    if "missing" in values:
        return "evidence", {"missing": teller.listed(teller.field(name) for name in values["missing"])}
    if values.get("no_branch"):
        return "guard_no_branch", {}
    said: dict[str, object] = {"rule": values.get("rule", "")}
    if denial.code == "evidence":
        return "evidence_rule", said
    if values.get("bound") is not None:
        return f"{denial.code}_bound", {**said, "bound": teller.value(values["bound"])}
    return denial.code, said
