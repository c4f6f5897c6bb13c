"""One `decide` + `evolve` of the complaint pack, against one bare trigger of a flat `transitions` machine.

Run: `python benchmarks/bench_kernel.py`. Both are measured in turn in the same loop. The ticket has four clocks
running (result, investigate, promised_reply, major); every step checks role, data and guards.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from measure import ratio, show
from transitions import Machine

from dutyflow.kernel.commands import Fire, Open
from dutyflow.kernel.decide import Decision, decide
from dutyflow.kernel.evolve import evolve
from dutyflow.kernel.facts import Lookalike
from dutyflow.kernel.rules import Rules
from dutyflow.kernel.ticket import Ticket
from dutyflow.resources import workflows_dir
from dutyflow.rulebook.load import load_rulebook

ZONE = ZoneInfo("Asia/Shanghai")
STEPS: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
    ("report_findings", "L1", {"cause": "迟到", "liable_person": "L1"}),
    ("promise_reply", "A1", {"next_reply_at": "2026-03-03 16:00"}),
    ("reply_customer", "A1", {"interim_reply": "正在调查"}),
    ("report_exec", "S1", {"exec_told": "X"}),
    ("mark_major", "S1", {}),
    ("withdraw", "A1", {"withdrawal_evidence": "录音 17"}),
)


class Directory:
    """The members that the pack itself names."""

    def __init__(self, rules: Rules) -> None:
        self.members = rules.organisation.members

    def roles_of(self, person: str, at: datetime) -> frozenset[str]:
        """The roles of a member, or an external party as itself."""
        member = self.members.get(person)
        return member.roles if member else frozenset({person})

    def members_of(self, role: str, at: datetime) -> tuple[str, ...]:
        """Everybody who holds the role."""
        return tuple(sorted(name for name, member in self.members.items() if role in member.roles))

    def lookalikes(self, workflow: str, same: Mapping[str, Any]) -> tuple[Lookalike, ...]:
        """There is only one ticket."""
        return ()


def at(text: str) -> datetime:
    """A moment in Shanghai, as the kernel keeps it."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC)


def ticket_with_four_clocks(rules: Rules, facts: Directory) -> Ticket:
    """A complaint under investigation with a promise to the customer, marked as major."""
    register = {
        "complainant": "王女士",
        "phone": "13800000000",
        "first_contact_at": "2026-03-02 09:10",
        "content": "送货迟到",
        "channel": "电话",
    }
    ticket: Ticket | None = None
    for moment, command in (
        ("2026-03-02 09:14", Open(ticket="C-1", workflow="complaint", event="register", actor="A1", data=register)),
        (
            "2026-03-02 10:30",
            Fire(
                event="judge_upheld",
                actor="S1",
                data={"statement": "听清", "asked_facts": "问清", "category": "配送"},
            ),
        ),
        ("2026-03-02 10:40", Fire(event="promise_reply", actor="A1", data={"next_reply_at": "2026-03-03 15:00"})),
        ("2026-03-02 10:45", Fire(event="mark_major", actor="S1")),
    ):
        answer = decide(rules, ticket, command, at(moment), facts)
        assert isinstance(answer, Decision), answer
        ticket = answer.ticket
    assert ticket is not None and len(ticket.clocks) == 4
    return ticket


def bare_trigger() -> Callable[[], object]:
    """What the ratio is measured against: a flat machine, one condition, a light object."""

    class Light:
        __slots__ = ("state",)

        def __init__(self) -> None:
            self.state = "a"

    machine = Machine(model=None, states=["a", "b"], initial="a", auto_transitions=False, send_event=True)
    machine.add_transition("go", "a", "b", conditions=[lambda _: True])
    event = machine.events["go"]
    return lambda: event.trigger(Light())


def step(
    rules: Rules, ticket: Ticket, facts: Directory, event: str, actor: str, data: Mapping[str, Any]
) -> Callable[[], object]:
    """Decide one command and fold its events, as a replaying host would."""
    command, now = Fire(event=event, actor=actor, data=data), at("2026-03-02 10:50")

    def decide_and_evolve() -> Ticket:
        answer = decide(rules, ticket, command, now, facts)
        assert isinstance(answer, Decision), answer
        after = ticket
        for happened in answer.events:
            after = evolve(after, happened)
        return after

    return decide_and_evolve


def main() -> None:
    """Print one line for each kind of step, and their mean."""
    rules = load_rulebook(workflows_dir() / "complaint_loop").require_rules()
    facts = Directory(rules)
    ticket = ticket_with_four_clocks(rules, facts)
    bare = bare_trigger()
    quotients = []
    for event, actor, data in STEPS:
        measured = ratio(step(rules, ticket, facts, event, actor, data), bare)
        show(f"decide + evolve: {event}", measured, "<= 5")
        quotients.append(measured[2])
    print(f"{'mean of these steps':<58} {'':>28} ratio {sum(quotients) / len(quotients):6.2f}   target <= 5")


if __name__ == "__main__":
    main()
