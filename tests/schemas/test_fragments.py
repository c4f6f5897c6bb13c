"""What fits the language and what does not, section by section; a slip gets one finding that says what to do."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from dutyflow.kernel.durations import Duration
from dutyflow.resources import schemas_dir
from dutyflow.rulebook.findings import Findings
from dutyflow.rulebook.shape import Shapes
from dutyflow.rulebook.yaml_reader import read_text

FILES = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in schemas_dir().glob("*.schema.json")}
REGISTRY: Registry[Any] = Registry().with_resources(
    [(name, Resource.from_contents(text, DRAFT202012)) for name, text in FILES.items()]
)
WHOLE = Draft202012Validator({"$ref": "rulebook.schema.json"}, registry=REGISTRY)
SHAPES = Shapes.from_folder(schemas_dir())


def sla(**keys: Any) -> dict[str, Any]:
    return {"slas": {"judge": {"on": "complaint", "start": {"entered": "a"}, "stop": {"left": "a"}, **keys}}}


def event(**keys: Any) -> dict[str, Any]:
    states = {"a": {"owner": "agent"}, "z": {"final": True}}
    return {"workflows": {"w": {"initial": "a", "states": states, "events": {"e": keys}}}}


def state(**keys: Any) -> dict[str, Any]:
    return {"workflows": {"w": {"initial": "a", "states": {"a": keys}, "events": {"e": {"opens": True, "by": "x"}}}}}


def field(**keys: Any) -> dict[str, Any]:
    return {"forms": {"f": {"fields": {"x": keys}}}}


def row(**keys: Any) -> dict[str, Any]:
    return {"tables": {"t": {"columns": {"role": "role"}, "rows": [keys]}}}


def line(**keys: Any) -> dict[str, Any]:
    return {"scripts": {"s": {"start": "a", "lines": {"a": {"say": "您好", **keys}}}}}


def step(**keys: Any) -> dict[str, Any]:
    return {"scenarios": {"1.1": {"workflow": "w", "steps": [{"at": "10:30", **keys}]}}}


def finish(**keys: Any) -> dict[str, Any]:
    return {"scenarios": {"1.1": {"workflow": "w", "steps": [{"at": "10:30", "expect": {"state": "a"}}], **keys}}}


def spawn(**keys: Any) -> dict[str, Any]:
    return event(**{"from": "a", "by": "x", "spawn": {"workflow": "w", "event": "e", **keys}})


def schedule(on: Any, **keys: Any) -> dict[str, Any]:
    return {"schedules": {"d": {"on": on, "open": {"workflow": "duty", "event": "plan"}, **keys}}}


def ticket_set(**keys: Any) -> dict[str, Any]:
    return {"sets": {"s": {"of": "refund", **keys}}}


def metric(**keys: Any) -> dict[str, Any]:
    return {"metrics": {"m": {"of": "bill", **keys}}}


def statistic(**keys: Any) -> dict[str, Any]:
    return {"statistics": {"s": {"of": "complaint", **keys}}}


GOOD: list[dict[str, Any]] = [
    {},
    {"rulebook": {"title": "投诉"}, "extends": ["../_shared"]},
    {"roles": {"客服主管": {"title": {"zh": "客服主管"}, "external": True}}},
    {"members": {"A1": {"roles": ["agent"], "skills": {"repair": 0}, "leave": ["2026-03-12"]}}},
    {"responsibility": {"complaints": {"departments": {"service": "R"}, "assumed": {"en": "first one named"}}}},
    {"calendars": {"c": {"hours": {"mon-fri,sun": ["22:00-06:00"], "sat": "09:00-12:00"}, "closed": []}}},
    {"calendars": {"c": {"hours": {"daily": ["00:00-24:00"]}, "open": {"2026-02-14..2026-02-15": "fri"}}}},
    {"quiet_hours": {"q": {"hours": {"mon-fri": ["12:00-14:00"]}, "agreed_time_opens": {"before": "0m"}}}},
    field(type="choice", options={"配送": "配送", "b": {"en": "B"}}),
    field(type="list", of={"type": "choice", "options": ["a"]}, default=[]),
    field(type="money", min=0, max=100, private=True),
    field(type="text", private=["supervisor", "manager"]),
    row(when={"category": ["配送", None], "amount": "> 5"}, give={"role": "x"}, assumed=True),
    row(otherwise=True, give={"role": "x"}),
    state(owner={"field": "technician", "role": "technician"}),
    state(owner={"table": "t", "column": "role"}, kind="wait_customer"),
    state(tasks={"inspect": {"record": ["photos"]}}, complete=1, to="b"),
    state(states={"b": {}}, initial="b"),
    state(final=True, outcomes={"upheld": "成立"}),
    event(opens=True, by="agent"),
    event(**{"from": "a", "by": "x"}),
    event(**{"from": {"any_before": "z"}, "by": ["owner", "system"], "set": {"n": "n + 1", "done": True, "m": None}}),
    event(**{"from": ["a"], "by": "x", "to": {"resume": "a", "otherwise": "z"}, "outcome": "y"}),
    event(**{"from": "a", "by": "x", "guard": ["n > 1", {"n": "1..3"}, {"rule": {"n": 1}, "say": "x"}]}),
    event(
        **{"from": "a", "by": "x", "branches": [{"when": "n > 1", "to": "z"}, {"otherwise": True}], "choose": "unique"}
    ),
    event(**{"from": "a", "after": {"for": "3d", "until": "close"}, "to": "z"}),
    event(**{"from": "a", "auto": True, "when": {"n": "> 2"}, "then": [{"do": "e"}]}),
    event(
        **{"from": "a", "on_child": {"workflow": "w", "outcomes": ["y"]}, "spawn": [{"workflow": "w", "event": "e"}]}
    ),
    sla(within="3d@21:00"),
    sla(within=[{"when": "p == 1", "is": "30m"}, {"otherwise": True, "is": {"for": "2bd", "cutoff": "16:00"}}]),
    sla(due="promise_at", warn=[{"at": "x - 1h"}, {"on": "75%", "to": ["owner", {"field": "f"}]}]),
    sla(within="2bd", breach=[{"escalate": "owner"}, {"after": "4h", "escalate": ["a", {"field": "b"}]}]),
    sla(within="2bd", start=[{"when": "x"}, {"event": ["e"], "if": {"n": 1}, "at": "first_at"}], reopen="ignore"),
    sla(within="2bd", pause=[{"when": "x", "reason": "等"}], retarget={"keep_consumed": True, "min_remaining": "30m"}),
    line(answers={"满意": "a", "没有，谢谢": "a"}),
    {"phrases": {"forbidden": {"service": {"list": ["不行"]}}}},
    step(by="A1", do="e", denied={"code": "evidence"}),
    step(expect={"clocks": {"judge": {"status": "none", "warn": ["09:00", "10:00"]}}}),
    ticket_set(states="open"),
    ticket_set(states=["refunding", "dispute"], same={"major": "major"}, assumed=True),
    ticket_set(takes=["as_of"], where="days_between(last_active_on, as_of) >= 90"),
    spawn(
        for_each="list_of(open_refunds)", assign={"field": "agent", "role": "agent"}, **{"with": {"customer": "each"}}
    ),
    spawn(for_each="targets", assign={"field": "agent", "role": "agent", "skill": "service", "level": 2}),
    event(
        **{"from": "a", "by": "x", "signal": {"set": "waiting_list", "first": "places", "do": "offer", "when": "free"}}
    ),
    event(**{"from": "a", "after": "1h", "signal": [{"to": "order", "do": "hold", "with": {"why": "'late'"}}]}),
    event(**{"from": "a", "auto": True, "when": "x", "notify": {"to": ["owner", {"field": "f"}], "template": "sms"}}),
    event(
        **{
            "from": "a",
            "by": "x",
            "branches": [
                {"when": "y", "signal": {"set": "s", "do": "e"}},
                {"otherwise": True, "notify": [{"to": "customer", "template": "sms"}]},
            ],
        }
    ),
    event(opens=True, by="system", duplicate={"rule": "size(same_phone) == 0", "say": "已有工单"}),
    event(**{"from": "a", "approvals": {"of": ["agent", "manager"]}, "to": "z"}),
    {"templates": {"sms": {"channel": "sms", "text": {"zh": "{brand}提醒您"}, "quiet_hours": "rest"}}},
    {"variables": {"brand": {"value": {"zh": "示例家电", "en": "Sample"}, "replace": True}}},
    sla(within="2bd", warn=[{"at": "x", "unless": "done"}, {"on": "75%", "to": "owner", "names": "uncovered"}]),
    sla(due="x", breach={"escalate": "manager", "unless": "share(covered, served) >= 1", "names": "uncovered"}),
    schedule("workday", at="09:00", calendar="office"),
    schedule("daily"),
    schedule({"workday": "every", "between": ["2026-08-01", "2026-10-31"]}),
    schedule({"workday": 3}, for_each={"role": "agent"}),
    schedule({"workday": "last", "of": "week"}, for_each={"set": "red_customers"}),
    schedule({"day": "last", "roll": "before"}),
    schedule({"weekday": ["sat", "sun"]}),
    schedule({"weekday": "fri", "nth": 1, "workday": True}),
    schedule({"before": {"day": 15, "roll": "before"}, "workdays": 1}),
    schedule({"every": "7d", "from": "2026-03-02"}),
    schedule({"rrule": "FREQ=MONTHLY;BYMONTHDAY=1,-1"}),
    schedule({"rrule": "FREQ=WEEKLY;INTERVAL=2", "from": "2026-03-02"}),
    schedule({"dates": ["2026-06-30"]}),
    metric(counts={"state": "paid"}, among="kind == 'heating'", excluded="state == 'disputed'", target="92%"),
    metric(counts="paid", sum="amount", target="99.5%"),
    statistic(rows="category", columns="outcome", where={"major": True}, value={"sum": "amount"}),
    statistic(rows="state", value="count"),
    {"slas": {"judge": {"varies": True, "within": "4bh@desk", "warn": None}}},
    {"workflows": {"w": {"varies": True, "events": {"e": {"guard": "n > 1"}, "f": None}}}},
    {"forms": {"f": {"varies": True, "fields": {"x": {"title": "新名"}}}}},
    {"members": {"A1": {"varies": True, "leave": ["2026-03-12"]}}},
    {"phrases": {"forbidden": {"service": {"varies": True, "note": "x"}}}},
    {"sets": {"s": {"varies": True, "where": "major"}}},
    {"schedules": {"d": {"varies": True, "on": {"workday": 5}}}},
    {"metrics": {"m": {"varies": True, "target": "95%"}}},
    step(by="system", do="plan", times=41),
    step(by="S1", do="close", **{"for": ["c1", "c2"], "with": {"viewed": ["c1", "c2"]}}),
    step(expect={"opened": {"duty": ["d1", "d2"]}}),
    finish(schedules="all"),
    finish(
        schedules=["daily_extract"],
        expect={
            "tickets": {"c-1": {"state": "z", "clocks": {"judge": {"status": "met"}}}},
            "metrics": {"rate": {"value": 0.9198, "numerator": 619, "denominator": 673}},
            "messages": [
                {"at": "10:30", "template": "sms", "to": {"role": "agent", "members": ["A1"]}, "ticket": "c-1"}
            ],
        },
    ),
    finish(expect={"messages": []}),
    {
        "scenarios": {
            "s": {"workflow": "w", "steps": [{"at": "+1h30m", "expect": {"state": "a"}}], "expect": {"alerts": []}}
        }
    },
]


@pytest.mark.parametrize("fragment", GOOD, ids=lambda fragment: json.dumps(fragment, ensure_ascii=False)[:80])
def test_a_good_fragment_fits(fragment: dict[str, Any]) -> None:
    assert [error.message for error in WHOLE.iter_errors(fragment)] == []


BAD: list[tuple[dict[str, Any], str]] = [
    ({"workflow": {}}, ""),
    ({"rulebook": {"version": 2}}, "rulebook.version"),
    ({"roles": {"a b": {}}}, "roles"),
    ({"members": {"A1": {"roles": "agent"}}}, "members.A1.roles"),
    ({"members": {"A1": {"roles": ["agent", "agent"]}}}, "members.A1.roles"),
    ({"members": {"A1": {"roles": ["agent"], "leave": ["soon"]}}}, "members.A1.leave.0"),
    ({"responsibility": {"x": {"departments": {"service": "RA"}}}}, "responsibility.x.departments.service"),
    ({"calendars": {"c": {}}}, "calendars.c"),
    ({"calendars": {"c": {"hours": {"Monday": ["09:00-12:00"]}}}}, "calendars.c.hours"),
    ({"calendars": {"c": {"hours": {"mon": "9:00-12:00"}}}}, "calendars.c.hours.mon"),
    ({"calendars": {"c": {"hours": {"mon": "09:00-12:00"}, "closed": ["2026-13-01"]}}}, "calendars.c.closed.0"),
    ({"quiet_hours": {"q": {"hours": []}}}, "quiet_hours.q.hours"),
    (field(type="chioce", options=["a"]), "forms.f.fields.x.type"),
    (field(type="choice"), "forms.f.fields.x"),
    (field(type="text", private=False), "forms.f.fields.x.private"),
    (field(type="text", private=[]), "forms.f.fields.x.private"),
    (field(type="text", private="supervisor"), "forms.f.fields.x.private"),
    (field(type="text", options=["a"]), "forms.f.fields.x.options"),
    (field(type="list", of={"type": "list"}), "forms.f.fields.x.of.type"),
    ({"forms": {"f": {"fields": {"a-b": {"type": "text"}}}}}, "forms.f.fields"),
    (row(give={"role": "x"}), "tables.t.rows.0"),
    (row(when="x", otherwise=True, give={"role": "x"}), "tables.t.rows.0.otherwise"),
    (state(final=False), "workflows.w.states.a.final"),
    (state(final=True, kind="work"), "workflows.w.states.a.kind"),
    (state(outcomes=["x"]), "workflows.w.states.a"),
    (state(states={"b": {}}), "workflows.w.states.a"),
    (state(owner={"table": "t"}), "workflows.w.states.a.owner"),
    (state(owner={"table": "t", "column": "c", "role": "x"}), "workflows.w.states.a.owner.role"),
    (event(opens=True), "workflows.w.events.e"),
    (event(by="x"), "workflows.w.events.e"),
    (event(**{"opens": True, "from": "a", "by": "x"}), "workflows.w.events.e.from"),
    (event(**{"from": "a", "by": "x", "when": "y"}), "workflows.w.events.e.when"),
    (event(**{"from": "a", "after": "1h", "by": "x"}), "workflows.w.events.e.by"),
    (event(**{"from": "a", "at": "x", "require": ["y"]}), "workflows.w.events.e.require"),
    (event(**{"from": "a", "auto": True, "guard": "y"}), "workflows.w.events.e.guard"),
    (event(**{"from": "a", "after": "1h", "at": "x"}), "workflows.w.events.e.at"),
    (event(**{"from": "a", "after": "1h", "on_child": "x"}), "workflows.w.events.e.on_child"),
    (event(**{"from": {"any_befor": "x"}, "by": "x"}), "workflows.w.events.e.from"),
    (event(**{"from": "a", "by": "x", "outcome": "y"}), "workflows.w.events.e"),
    (event(**{"from": "a", "by": "x", "to": "z", "branches": [{"otherwise": True}]}), "workflows.w.events.e.to"),
    (event(**{"from": "a", "by": "x", "choose": "unique"}), "workflows.w.events.e"),
    (event(**{"from": "a", "by": "x", "guard": {"rule": "y", "sya": "z"}}), "workflows.w.events.e.guard"),
    (event(**{"from": "a", "by": "x", "require": [{"any_of": ["p"]}]}), "workflows.w.events.e.require.0.any_of"),
    (event(**{"from": "a", "by": "x", "reason": "yes"}), "workflows.w.events.e.reason"),
    (sla(), "slas.judge"),
    (sla(within="2bh", due="x"), "slas.judge.due"),
    (sla(within="24 hours"), "slas.judge.within"),
    (sla(within=24), "slas.judge.within"),
    (sla(within="2bh", warn="soon"), "slas.judge.warn"),
    (sla(within="2bh", warn=["100%"]), "slas.judge.warn.0"),
    (sla(within="2bh", start="received"), "slas.judge.start"),
    (sla(within="2bh", start={"enterd": "a"}), "slas.judge.start"),
    (sla(within="2bh", stop={"left": "a", "event": "b"}), "slas.judge.stop.event"),
    (sla(within="2bh", stop={"left": "a", "at": "now"}), "slas.judge.stop"),
    (sla(within="2bh", pause=[{"states": ["a"]}]), "slas.judge.pause.0"),
    (sla(within="2bh", breach={"escalate": []}), "slas.judge.breach.escalate"),
    (line(), "scripts.s.lines.a"),
    (line(end=True, next="a"), "scripts.s.lines.a.end"),
    (ticket_set(whree="x"), "sets.s"),
    (ticket_set(takes=["as_of"]), "sets.s"),
    (ticket_set(same={}), "sets.s.same"),
    ({"sets": {"open-refunds": {"of": "refund"}}}, "sets"),
    ({"sets": {"s": {"states": "open"}}}, "sets.s"),
    (spawn(assign={"field": "agent", "role": "agent"}), "workflows.w.events.e.spawn"),
    (spawn(for_each="x", assign={"field": "agent"}), "workflows.w.events.e.spawn.assign"),
    (spawn(for_each="x", assign={"field": "agent", "role": "agent", "level": 2}), "workflows.w.events.e.spawn.assign"),
    (event(**{"from": "a", "by": "x", "signal": {"do": "e"}}), "workflows.w.events.e.signal"),
    (event(**{"from": "a", "by": "x", "signal": {"set": "s"}}), "workflows.w.events.e.signal"),
    (event(**{"from": "a", "by": "x", "signal": {"set": "s", "to": "f", "do": "e"}}), "workflows.w.events.e.signal.to"),
    (
        event(**{"from": "a", "by": "x", "signal": {"to": "f", "first": 1, "do": "e"}}),
        "workflows.w.events.e.signal.first",
    ),
    (event(**{"from": "a", "by": "x", "notify": {"to": "customer"}}), "workflows.w.events.e.notify"),
    (event(**{"from": "a", "after": "1h", "duplicate": "x"}), "workflows.w.events.e.duplicate"),
    (event(**{"from": "a", "approvals": {"of": ["agent"]}, "when": "x"}), "workflows.w.events.e.when"),
    ({"templates": {"t": {"channel": "fax", "text": "x"}}}, "templates.t.channel"),
    ({"templates": {"t": {"channel": "sms"}}}, "templates.t"),
    ({"variables": {"brand": {"value": 3}}}, "variables.brand.value"),
    ({"variables": {"the-brand": {"value": "x"}}}, "variables"),
    (sla(within="2bh", warn={"unless": "x"}), "slas.judge.warn"),
    (sla(within="2bh", breach={"unless": "x"}), "slas.judge.breach"),
    (schedule("workdays"), "schedules.d.on"),
    (schedule({}), "schedules.d.on"),
    (schedule({"workday": True}), "schedules.d.on.workday"),
    (schedule({"workday": 3, "day": 15}), "schedules.d.on.day"),
    (schedule({"weekday": "fri", "workday": 3}), "schedules.d.on.workday"),
    (schedule({"day": 32}), "schedules.d.on.day"),
    (schedule({"day": 15, "nth": 1}), "schedules.d.on"),
    (schedule({"before": {"day": 15}}), "schedules.d.on"),
    (schedule({"every": "7d"}), "schedules.d.on"),
    (schedule({"every": "2bd", "from": "2026-03-02"}), "schedules.d.on.every"),
    (schedule({"rrule": "every month"}), "schedules.d.on.rrule"),
    (schedule({"day": 3, "between": ["2026-08-01"]}), "schedules.d.on.between"),
    (schedule({"day": 3, "from": "2026-08-01"}), "schedules.d.on"),
    (schedule("workday", for_each={"role": "a", "set": "s"}), "schedules.d.for_each.set"),
    ({"schedules": {"d": {"on": "workday"}}}, "schedules.d"),
    (metric(), "metrics.m"),
    (metric(counts="paid", target="92"), "metrics.m.target"),
    (statistic(rows="category", value="sum"), "statistics.s.value"),
    ({"slas": {"judge": {"varies": True, "wihtin": "4bh"}}}, "slas.judge"),
    ({"slas": {"judge": {"varies": True, "replace": True, "within": "4bh"}}}, "slas.judge.replace"),
    (
        {
            "slas": {
                "judge": {"varies": False, "on": "w", "start": {"entered": "a"}, "stop": {"left": "a"}, "within": "4bh"}
            }
        },
        "slas.judge.varies",
    ),
    (step(by="A1", do="e", ticket="c1", **{"for": ["c1"]}), "scenarios.1.1.steps.0.ticket"),
    (step(by="A1", do="e", times=2, **{"for": ["c1"]}), "scenarios.1.1.steps.0.times"),
    (step(times=2, expect={"state": "a"}), "scenarios.1.1.steps.0"),
    (finish(schedules="every"), "scenarios.1.1.schedules"),
    (finish(expect={"tickets": {"c1": {}}}), "scenarios.1.1.expect.tickets.c1"),
    (finish(expect={"messages": [{"at": "10:30", "to": "customer"}]}), "scenarios.1.1.expect.messages.0"),
    (step(do="e"), "scenarios.1.1.steps.0"),
    (step(by="A1", do="e", denied="evidnce"), "scenarios.1.1.steps.0.denied"),
    (step(**{"at": "monday", "expect": {"state": "a"}}), "scenarios.1.1.steps.0.at"),
]


def deepest(errors: list[Any]) -> list[str]:
    """Where the errors are, looking into the form of the right kind where several are possible."""
    places = []
    for error in errors:
        inner = of_the_right_kind(error)
        if error.validator == "anyOf" and inner and not all(e.validator == "required" for e in error.context):
            places += deepest(inner)
        else:
            places.append(".".join(str(part) for part in error.absolute_path))
    return list(dict.fromkeys(places))


def of_the_right_kind(error: Any) -> list[Any]:
    """The errors of those forms that take this kind of value at all."""
    context = error.context or ()
    others = {e.relative_schema_path[0] for e in context if e.validator == "type" and not e.relative_path}
    return [e for e in context if e.relative_schema_path[0] not in others]


@pytest.mark.parametrize(("fragment", "place"), BAD, ids=lambda value: json.dumps(value, ensure_ascii=False)[:80])
def test_a_bad_fragment_is_wrong_at_one_place(fragment: dict[str, Any], place: str) -> None:
    assert deepest(list(WHOLE.iter_errors(fragment))) == [place]


SLIPS = [
    ("slas: {j: {on: c, start: {enterd: a}, stop: {left: a}, within: 2bh}}", "DF101", "entered"),
    ("slas: {j: {on: c, start: {entered: a}, stop: {left: a}, wihtin: 2bh}}", "DF101", "within"),
    ("slas: {j: {on: c, start: {entered: a}, stop: {left: a}, within: 24 hours}}", "DF110", "24 hours"),
    ("slas: {j: {on: c, start: {entered: a}, stop: {left: a}, within: 2bh, warn: soon}}", "DF114", "soon"),
    ("slas: {j: {on: c, start: {entered: a}, stop: {left: a}, within: 2bh, due: p}}", "DF117", "`due`"),
    ("calendars: {c: {hours: {mon: [9-12]}}}", "DF112", "9-12"),
    ("calendars: {c: {hours: {monday: ['09:00-12:00']}}}", "DF109", "mon-fri"),
    ("calendars: {c: {hours: {daily: ['09:00-12:00']}, closed: [16.2.2026]}}", "DF115", "16.2.2026"),
    ("scripts: {s: {start: 'the greeting', lines: {a: {say: 您好, end: true}}}}", "DF113", "the greeting"),
    ("scenarios: {s: {workflow: w, steps: [{at: noon, expect: {state: a}}]}}", "DF116", "noon"),
    ("forms: {f: {fields: {a: {type: text, min: 3}}}}", "DF117", "`money`"),
    ("sets: {open-refunds: {of: refund}}", "DF109", "first_contact_at"),
    ("sets: {s: {of: refund, state: open}}", "DF101", "states"),
    ("schedules: {d: {on: workdays, open: {workflow: w, event: e}}}", "DF104", "workday"),
    ("schedules: {d: {on: {workday: true}, open: {workflow: w, event: e}}}", "DF117", "`every`"),
    ("schedules: {d: {on: {day: 3, workday: 2}, open: {workflow: w, event: e}}}", "DF117", "Only one"),
    ("schedules: {d: {on: {weekday: friday}, open: {workflow: w, event: e}}}", "DF104", "fri"),
    ("schedules: {d: {on: {every: week, from: 2026-03-02}, open: {workflow: w, event: e}}}", "DF110", "week"),
    ("schedules: {d: {on: {every: 7d}, open: {workflow: w, event: e}}}", "DF102", "from"),
    ("metrics: {m: {of: bill, counts: paid, target: 92 percent}}", "DF105", "`92%`"),
    ("metrics: {m: {of: bill}}", "DF102", "counts"),
    ("templates: {t: {channel: smss, text: x}}", "DF104", "sms"),
    ("slas: {j: {varies: true, wihtin: 4bh}}", "DF101", "within"),
    ("slas: {j: {varies: true, replace: true}}", "DF117", "laid over"),
    ("workflows: {w: {varies: true, number: 'A-{n}', evnets: {}}}", "DF101", "events"),
    ("extends: ../_shared", "DF103", "[../_shared]"),
]


@pytest.mark.parametrize(("text", "code", "hint"), SLIPS)
def test_a_slip_gets_one_finding_that_helps(text: str, code: str, hint: str) -> None:
    findings = Findings()
    node = read_text("rules.yaml", text, findings)
    assert node is not None
    SHAPES.validate(node, "rulebook.schema.json", findings)
    [finding] = findings
    assert finding.code == code
    assert hint in f"{finding.text('message', 'en')} {finding.text('help', 'en')}"


TEXTS = [
    "90s",
    "1h30m",
    "4bh@desk",
    "3d@21:00",
    "2bd",
    "same_day@office",
    "1mo",
    "PT24H",
    "P3D",
    "2bd@close",
    "3d@next_open",
    "4bh@客服",
]


@pytest.mark.parametrize("text", TEXTS)
def test_the_schema_and_the_kernel_read_the_same_durations(text: str) -> None:
    assert Duration.parse(Duration.parse(text).text) == Duration.parse(text)
    assert not list(WHOLE.iter_errors(sla(within=text)))
