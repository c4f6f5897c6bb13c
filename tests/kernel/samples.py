"""A complaint desk and its revisit, small but complete: clocks, warnings, escalations, timers, children, duplicates."""

from __future__ import annotations

from tests.kernel.builders import branch, event, field, number, on, rulebook, sla, spawn, state, workflow

from dutyflow.kernel import rules as kr

OPEN_STATES = frozenset({"received", "investigating", "waiting", "revisiting"})

COMPLAINT = workflow(
    "complaint",
    states=[
        state("received", owner="supervisor"),
        state("investigating", "handling", owner="agent"),
        state("waiting", "handling", owner="agent", kind="wait_customer"),
        state("revisiting", owner="agent"),
        state("closed", final=True, outcomes=("upheld", "withdrawn", "expired")),
    ],
    fields=[
        field("customer"),
        field("phone"),
        field("statement"),
        field("proposal"),
        number("amount"),
        number("calls"),
    ],
    rules=[
        event(
            "register", to="received", require=["customer"], accepts=["phone", "amount"], sets={"calls": lambda s: 1}
        ),
        event("accept", "received", "investigating", by=["supervisor"], require=["statement"]),
        event("ask_customer", "investigating", "waiting"),
        event("answer", "waiting", "investigating", by=["agent", "customer"]),
        event("give_up", "waiting", "closed", outcome="expired", after="3d"),
        event(
            "propose",
            "investigating",
            branches=[
                branch("received", when=lambda s: (s.values.get("amount") or 0) > 500),
                branch("revisiting", spawns=(spawn("revisit", "plan", customer=lambda s: s.values.get("phone")),)),
            ],
            by=["owner"],
            require=["proposal"],
            accepts=["amount"],
        ),
        event("revisited", "revisiting", "closed", outcome="upheld", child="revisit", when=lambda s: True),
        event("log_contact", sorted(OPEN_STATES), sets={"calls": lambda s: s.values["calls"] + 1}, accepts=["phone"]),
        event("withdraw", sorted(OPEN_STATES), "closed", outcome="withdrawn", reason=True),
    ],
    slas=[
        sla(
            "judge",
            "2h",
            start=on("entered", "received"),
            stop=on("left", "received"),
            warn="75%",
            escalate=[("1h", "manager")],
        ),
        sla(
            "investigate",
            "8bh",
            start=on("entered", "investigating"),
            stop=on("event", "propose"),
            pause=["waiting"],
            warn="50%",
        ),
    ],
    duplicates=(kr.Duplicate(same=("phone",), states=OPEN_STATES, within=None, answer="deny", then="log_contact"),),
)

REVISIT = workflow(
    "revisit",
    states=[state("planned", owner="agent"), state("done", final=True, outcomes=("satisfied", "dissatisfied"))],
    fields=[field("customer"), field("result")],
    rules=[
        event("plan", to="planned", require=["customer"]),
        event(
            "record",
            "planned",
            require=["result"],
            branches=[
                branch("done", when=lambda s: s.values["result"] == "good", outcome="satisfied"),
                branch("done", outcome="dissatisfied"),
            ],
        ),
    ],
    slas=[sla("revisit", "1h", start=on("entered", "planned"), stop=on("entered", "done"), warn="50%")],
)

RULES = rulebook(COMPLAINT, REVISIT)
"""Complaint: received (2h, warned at 90 min, escalated 1h after) -> investigating (8bh) -> revisiting -> closed."""
