"""The runner against a plain model that counts minutes one by one: the same states and the same alarms."""

from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.kernel.builders import at, event, on, rulebook, sla, state, workflow

from dutyflow.bootstrap import memory_runner
from dutyflow.kernel import events as ev
from dutyflow.kernel.commands import Fire, Open
from dutyflow.runtime.local_runner import LocalRunner

STARTS = [at("03-06 16:00"), at("03-09 16:00")]
ALARMS = {90: "warning", 120: "breach", 180: "escalation"}
WORK_MINUTES = 4 * 60
"""The office clock below; it is open 09:00-12:00 and 13:00-18:00, not at weekends and not on Tuesday 10 March."""

RULES = rulebook(
    workflow(
        "desk",
        states=[
            state("waiting", owner="supervisor"),
            state("working", owner="agent"),
            state("asking", owner="agent"),
            state("done", final=True),
        ],
        rules=[
            event("begin", to="waiting"),
            event("take", ["waiting", "asking"], "working"),
            event("ask", "working", "asking"),
            event("send_back", "working", "waiting"),
            event("finish", "working", "done"),
            event("forget", "asking", "done", after="2d"),
        ],
        slas=[
            sla(
                "react",
                "2h",
                start=on("entered", "waiting"),
                stop=on("left", "waiting"),
                warn="75%",
                escalate=[("1h", "manager")],
            ),
            sla("solve", "4bh", start=on("entered", "working"), stop=on("event", "finish"), pause=["asking"]),
        ],
    )
)
MOVES = {
    ("waiting", "take"): "working",
    ("asking", "take"): "working",
    ("working", "ask"): "asking",
    ("working", "send_back"): "waiting",
    ("working", "finish"): "done",
}


def is_office_time(moment: datetime) -> bool:
    """Whether the minute that begins here is one in which the office works."""
    if moment.weekday() >= 5 or (moment.month, moment.day) == (3, 10):
        return False
    return 9 <= moment.hour < 12 or 13 <= moment.hour < 18


class Model:
    """A ticket, minute by minute; slow and plain, so that it is obviously right."""

    def __init__(self, start: datetime) -> None:
        self.now = start
        self.state = "waiting"
        self.entered = start
        self.worked: int | None = None
        self.breached = False
        self.rang: list[tuple[str, str, datetime]] = []

    def fire(self, name: str) -> bool:
        """Ask for an event now; whether it goes through."""
        target = MOVES.get((self.state, name))
        if target is None:
            return False
        if name == "finish":
            self.worked = None
        elif target == "working" and self.worked is None:
            self.worked, self.breached = 0, False
        self.state, self.entered = target, self.now
        return True

    def pass_to(self, until: datetime) -> None:
        """Let minutes pass. What is due at `until` itself has not happened yet."""
        while self.now < until:
            self._ring()
            if self.state in ("working", "waiting") and self.worked is not None and is_office_time(self.now):
                self.worked += 1
            self.now += timedelta(minutes=1)

    def _ring(self) -> None:
        """Everything that is due in this minute, the timed event first."""
        minutes = (self.now - self.entered) // timedelta(minutes=1)
        if self.state == "asking" and minutes > 2 * 24 * 60 and self._day_is_over():
            self.state, self.worked = "done", None
        if self.worked is not None and self.worked >= WORK_MINUTES and not self.breached and self.state != "asking":
            self.breached = True
            self.rang.append(("solve", "breach", self.now))
        if self.state == "waiting" and minutes in ALARMS:
            self.rang.append(("react", ALARMS[minutes], self.now))

    def _day_is_over(self) -> bool:
        return self.now.hour == self.now.minute == 0


class RunnerAgainstModel(RuleBasedStateMachine):
    """Random commands and pauses; after each, both must say the same."""

    def __init__(self) -> None:
        super().__init__()
        self.model = Model(STARTS[0])
        self.runner: LocalRunner = memory_runner(RULES)

    @initialize(start=st.sampled_from(STARTS))
    def begin(self, start: datetime) -> None:
        self.model = Model(start)
        command = Open(ticket="t", workflow="desk", event="begin", actor="A1")
        assert self.runner.submit(command, at=start).accepted

    @rule(minutes=st.sampled_from([0, 1, 30, 90, 120, 180, 240, 1000, 1440, 3000]) | st.integers(0, 2000))
    def time_passes(self, minutes: int) -> None:
        self.model.pass_to(self.model.now + timedelta(minutes=minutes))
        if minutes % 3:
            self.runner.run_due(self.model.now, inclusive=False)

    @rule(name=st.sampled_from(["take", "take", "ask", "send_back", "finish"]))
    def somebody_acts(self, name: str) -> None:
        answer = self.runner.submit(Fire(event=name, actor="A1"), ticket="t", at=self.model.now)
        assert answer.accepted is self.model.fire(name)

    @invariant()
    def both_say_the_same(self) -> None:
        if not self.runner.tickets():
            return
        self.runner.run_due(self.model.now, inclusive=False)
        assert self.runner.ticket("t").state == self.model.state
        rang = [(e.sla, e.kind, e.at) for e in self.runner.history("t") if isinstance(e, ev.Rang)]
        assert sorted(rang) == sorted(self.model.rang)


TestRunnerAgainstModel = RunnerAgainstModel.TestCase
TestRunnerAgainstModel.settings = settings(max_examples=80, stateful_step_count=15, deadline=None)
