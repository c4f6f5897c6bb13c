"""The compiled rulebook: what the kernel knows of a department, ready to be decided on.

The language front end (`dutyflow.rulebook`) makes these records from YAML; nothing here knows YAML.
Expressions arrive as functions of a `Scope`, durations with the calendar they are measured in, names resolved.
Every record that can refuse or time something carries `source`, the `file:line:column` that declared it.
"""

from collections.abc import Callable, Mapping
from datetime import time
from typing import Any, Literal

import msgspec

from dutyflow.kernel.calendars import ALWAYS, Calendar
from dutyflow.kernel.durations import Duration
from dutyflow.kernel.people import (  # the people belong to a rulebook, and are named with the rest of it
    Absence as Absence,
)
from dutyflow.kernel.people import (
    Department as Department,
)
from dutyflow.kernel.people import (
    Member as Member,
)
from dutyflow.kernel.people import (
    Organisation as Organisation,
)
from dutyflow.kernel.people import (
    Role as Role,
)
from dutyflow.kernel.people import (
    Title as Title,
)
from dutyflow.kernel.quiet_hours import QuietHours
from dutyflow.kernel.schedules import Recurrence
from dutyflow.kernel.scope import Scope

TriggerKind = Literal["person", "timer", "data", "child"]
Evaluate = Callable[[Scope], Any]

NEW = "(new)"
"""The state of a ticket that does not exist yet: opening events start here."""

SYSTEM = "system"
"""The actor of everything that no person asked for: timers, automatic transitions, other systems."""


class Expression(msgspec.Struct, frozen=True, kw_only=True):
    """A compiled expression: its text (for explanations), its value for a scope, the fields it reads.

    `only_fields` promises that nothing but those fields decides its value: not the time, the state or a clock.
    """

    text: str
    evaluate: Evaluate
    reads: frozenset[str] = frozenset()
    only_fields: bool = False
    source: str = ""


class Recipient(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a warning or breach goes to, resolved when it is raised: a role, the owner, somebody named in a field."""

    kind: Literal["role", "owner", "head_of_owner", "superior_of_owner", "field"]
    name: str = ""


# --- data -------------------------------------------------------------------------------------------------------


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """A typed field of a ticket. `accept` turns what a command brought into the stored value or raises ValueError.

    What a `private` field holds is shown to the roles in `seen_by` only.
    """

    id: str
    title: Title
    kind: str
    accept: Callable[[Any], Any]
    options: tuple[str, ...] = ()
    role: str | None = None
    default: Any = None
    private: bool = False
    seen_by: frozenset[str] = frozenset()


class TableRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of a decision table: its condition (none for `otherwise`) and the value of each column."""

    when: Expression | None
    values: Mapping[str, Any]
    item: str | None = None
    source: str = ""


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """A decision table. `first` and `unique` give one value a column, `collect` the list of all that match."""

    id: str
    hit: Literal["first", "unique", "collect"]
    columns: tuple[str, ...]
    rows: tuple[TableRow, ...]

    def lookup(self, column: str, scope: Scope) -> Any:
        """The value of `column` for this scope; None (or `()` for collect) when no row matches."""
        matching = (row.values.get(column) for row in self.rows if row.when is None or row.when.evaluate(scope))
        return tuple(matching) if self.hit == "collect" else next(matching, None)


# --- the life cycle ---------------------------------------------------------------------------------------------


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """How a state finds its owner: a fixed role, or an expression that gives a role or a person."""

    role: str | None = None
    choose: Expression | None = None
    source: str = ""


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """Parallel work inside a state; done by the event of the same name."""

    id: str
    title: Title


class State(msgspec.Struct, frozen=True, kw_only=True):
    """One leaf state. `path` lists the composite states around it, outermost first, and the state itself last."""

    id: str
    title: Title
    path: tuple[str, ...]
    owner: Owner | None = None
    kind: Literal["work", "wait_customer", "wait_third_party"] = "work"
    final: bool = False
    outcomes: tuple[str, ...] = ()
    outcome_titles: Mapping[str, Title] = {}
    serves: str | None = None
    tasks: tuple[Task, ...] = ()
    tasks_needed: int = 0
    customer_text: Title | None = None
    source: str = ""


class Refusal(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What a check has to say when it refuses: the values its message needs."""

    values: Mapping[str, Any] = {}
    say: Title | None = None


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One condition of an event. `probe` gives a `Refusal` when it does not hold."""

    code: str
    probe: Callable[[Scope], Refusal | None]
    source: str = ""


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """`set:` of an event or branch: the field takes the value of the expression."""

    field: str
    value: Expression


class Allocation(msgspec.Struct, frozen=True, kw_only=True):
    """`assign:` of a batch: `field` of each child names the candidate with the least open work (M49)."""

    field: str
    role: str
    skill: str | None = None
    level: int = 0


class Spawn(msgspec.Struct, frozen=True, kw_only=True):
    """A child ticket that an event opens, with the data it hands over; one for each item of a list, if it says so."""

    workflow: str
    event: str
    data: tuple[Assignment, ...] = ()
    when: Expression | None = None
    for_each: Expression | None = None
    assign: Allocation | None = None
    source: str = ""


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """An event fired on other tickets: the first ones of a set, or the one that a field refers to."""

    event: str
    set: str | None = None
    to: str | None = None
    first: Expression | None = None
    data: tuple[Assignment, ...] = ()
    when: Expression | None = None
    source: str = ""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """`notify:` of an event: a template, and to whom it goes."""

    template: str
    to: Recipient
    when: Expression | None = None
    source: str = ""


class FollowUp(msgspec.Struct, frozen=True, kw_only=True):
    """`then:` of an event: another event of the same ticket, fired in the same step when the condition holds."""

    event: str
    when: Expression | None = None


class Branch(msgspec.Struct, frozen=True, kw_only=True):
    """One way an event may go. `target` None stays; `resume` names the composite whose last inner state returns."""

    index: int
    when: Expression | None = None
    target: str | None = None
    reenter: bool = False
    resume: str | None = None
    outcome: str | None = None
    sets: tuple[Assignment, ...] = ()
    spawns: tuple[Spawn, ...] = ()
    signals: tuple[Signal, ...] = ()
    messages: tuple[Message, ...] = ()
    source: str = ""


class Approvals(msgspec.Struct, frozen=True, kw_only=True):
    """Several signatures before an event goes through: each role once, `in_order` or not, by different persons."""

    roles: tuple[str, ...]
    in_order: bool = False
    different_persons: bool = True


class EventRule(msgspec.Struct, frozen=True, kw_only=True):
    """What one event may do in some states: who may ask, what it needs, where it leads.

    `by` holds role ids, and `owner` for whoever owns the present state. `checks` stand in the order of
    `denials.ORDER`. `after`/`at` belong to timed events, `child` to those that another ticket's end fires.
    """

    event: str
    title: Title
    sources: tuple[str, ...]
    by: frozenset[str] = frozenset()
    trigger: TriggerKind = "person"
    checks: tuple[Check, ...] = ()
    accepts: frozenset[str] = frozenset()
    sets: tuple[Assignment, ...] = ()
    branches: tuple[Branch, ...] = ()
    unique: bool = False
    then: tuple[FollowUp, ...] = ()
    spawns: tuple[Spawn, ...] = ()
    signals: tuple[Signal, ...] = ()
    messages: tuple[Message, ...] = ()
    approvals: Approvals | None = None
    after: tuple[Duration, Calendar] | None = None
    at: Expression | None = None
    when: Expression | None = None
    child: str | None = None
    child_outcomes: tuple[str, ...] = ()
    task: str | None = None
    source: str = ""


class Permission(msgspec.Struct, frozen=True, kw_only=True):
    """Who may correct, comment or assign, and which fields may be corrected.

    `by` is written as for events; empty leaves it to the people that `desk` names for everybody.
    """

    by: frozenset[str] = frozenset()
    fields: frozenset[str] = frozenset()
    source: str = ""


class Duplicate(msgspec.Struct, frozen=True, kw_only=True):
    """What happens when a ticket is opened for something that already has one (M10)."""

    same: tuple[str, ...]
    states: frozenset[str]
    within: tuple[Duration, Calendar] | None
    answer: Literal["deny", "redirect"]
    then: str | None
    source: str = ""


# --- time limits ------------------------------------------------------------------------------------------------


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """A declared warning or escalation step of an SLA.

    A warning rings at a `share` of the span (percent), at `before` the due time, at `day_time` of the due day, or at
    the instant `at`; an escalation rings `after` the due time. `unless` is asked at that moment: when it holds, a
    warning stays silent and a breach is met instead. `names` is the set whose tickets the alarm lists.
    """

    kind: Literal["warning", "breach", "escalation"]
    level: int
    to: tuple[Recipient, ...]
    share: int | None = None
    before: Duration | None = None
    after: tuple[Duration, Calendar] | None = None
    day_time: time | None = None
    at: Expression | None = None
    unless: Expression | None = None
    names: str | None = None
    text: str = ""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """How long: a duration and its calendar, or an expression that gives the instant. The first whose `when` holds.

    `measure` is the calendar in which the time is consumed: the duration's own for open time and working days,
    round the clock for everything else.
    """

    when: Expression | None = None
    within: Duration | None = None
    calendar: Calendar = ALWAYS
    measure: Calendar = ALWAYS
    due: Expression | None = None
    warnings: tuple[Alarm, ...] = ()
    source: str = ""


class Trigger(msgspec.Struct, frozen=True, kw_only=True):
    """A moment that starts, stops, cancels or pauses a clock.

    kind       names
    event      events of the ticket
    entered    states (composite ones too) just entered
    left       states just left
    breached   slas whose breach is raised
    when       no names; `condition` became true
    """

    kind: Literal["event", "entered", "left", "breached", "when"]
    names: frozenset[str] = frozenset()
    condition: Expression | None = None
    anchor: Expression | None = None


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """An appointment or extension: an event that gives the running clock another due time (M27)."""

    events: frozenset[str]
    when: Expression | None
    due: Expression
    warnings: tuple[Alarm, ...]
    source: str = ""


class Pause(msgspec.Struct, frozen=True, kw_only=True):
    """While a ticket is in one of the states, or the condition holds, the clock stands still; `reason` is shown."""

    states: frozenset[str] = frozenset()
    condition: Expression | None = None
    reason: Title = {}


class Sla(msgspec.Struct, frozen=True, kw_only=True):
    """A time limit: what starts, stops and pauses it, how long it is, who hears of it.

    `reopen`      a start after an earlier run ended: `new_cycle`, `resume` (time between left out), `total` (time
                  between counted), `ignore`.
    `if_running`  a start while a run is open: `keep` it, `restart` (the old one is superseded), `add` another.
    `retarget`    another target applies to a running clock: `keep_consumed`, `restart`, `keep_old`.
    """

    id: str
    title: Title
    targets: tuple[Target, ...]
    starts: tuple[Trigger, ...]
    stops: tuple[Trigger, ...]
    cancels: tuple[Trigger, ...] = ()
    pauses: tuple[Pause, ...] = ()
    moves: tuple[Move, ...] = ()
    breach: Alarm | None = None
    escalations: tuple[Alarm, ...] = ()
    reopen: Literal["new_cycle", "resume", "total", "ignore"] = "new_cycle"
    if_running: Literal["keep", "restart", "add"] = "keep"
    retarget: Literal["keep_consumed", "restart", "keep_old"] = "keep_consumed"
    min_remaining: tuple[Duration, Calendar] | None = None
    source: str = ""


# --- the whole --------------------------------------------------------------------------------------------------


class Workflow(msgspec.Struct, frozen=True, kw_only=True):
    """One life cycle. `steps[event][state]` is the rule that an event follows in a state; `NEW` opens tickets."""

    id: str
    title: Title
    initial: str
    states: Mapping[str, State]
    fields: Mapping[str, Field]
    rules: tuple[EventRule, ...]
    steps: Mapping[str, Mapping[str, EventRule]]
    automatic: Mapping[str, tuple[EventRule, ...]]
    timed: Mapping[str, tuple[EventRule, ...]]
    on_child: Mapping[str, tuple[EventRule, ...]]
    roles_by_event: Mapping[str, frozenset[str]]
    slas: Mapping[str, Sla]
    machine: Any
    duplicates: tuple[Duplicate, ...] = ()
    conflict_fields: tuple[str, ...] = ()
    permissions: Mapping[str, Permission] = {}
    composites: Mapping[str, tuple[str, ...]] = {}
    defaults: Mapping[str, Any] = {}
    number: str | None = None
    clock_effects: dict[tuple[str, str, str | None, bool], Any] = msgspec.field(default_factory=dict)


class TicketSet(msgspec.Struct, frozen=True, kw_only=True):
    """Tickets seen together: those of some workflow in some states whose fields fit the ticket that asks.

    `same` compares a field of theirs with an expression over the asking ticket; `takes` are fields of the asking
    ticket that `where`, a condition on theirs, may use. `states` None means any.
    """

    id: str
    title: Title
    workflow: str
    states: frozenset[str] | None = None
    same: tuple[Assignment, ...] = ()
    takes: tuple[str, ...] = ()
    where: Expression | None = None
    source: str = ""


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """The wording of a message and the channel it goes by; `{field}` stands for what the ticket holds.

    Variables of the rulebook (a brand, a site) are in the text already; `fields` are the placeholders left.
    """

    id: str
    title: Title
    channel: str
    text: Title
    fields: tuple[str, ...] = ()
    quiet_hours: QuietHours | None = None


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """A recurring duty: on which days, at what time, and the ticket it opens, for each member of a role or of a set."""

    id: str
    title: Title
    recurrence: Recurrence
    calendar: Calendar
    at: time
    workflow: str
    event: str
    data: tuple[Assignment, ...] = ()
    role: str | None = None
    set: str | None = None
    source: str = ""


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """A compiled rulebook under its content hash."""

    name: str
    title: Title
    hash: str
    zone: str
    workflows: Mapping[str, Workflow]
    organisation: Organisation
    calendars: Mapping[str, Calendar]
    tables: Mapping[str, Table] = {}
    sets: Mapping[str, TicketSet] = {}
    templates: Mapping[str, Template] = {}
    schedules: Mapping[str, Schedule] = {}
