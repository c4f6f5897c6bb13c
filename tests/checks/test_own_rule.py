"""How to add a rule of your own: write a function that looks at a workflow, and pass it along.

The house rule of this example: every state of work must tell the customer something (`customer_text`).
"""

from __future__ import annotations

from collections.abc import Callable

from dutyflow.checks import Check, Part, check_rulebook
from dutyflow.rulebook.load import Loaded


def customers_are_told(part: Part) -> None:
    """Report each state in which the customer would read nothing; DF408 lends its code to the example."""
    for name, state in part.reachable.items():
        if not state.final and state.customer_text is None:
            part.report("DF408", state.source, state=name)


def test_a_rule_of_your_own_runs_with_the_others(load: Callable[..., Loaded]) -> None:
    loaded = load()
    check_rulebook(loaded, extra=[Check("DF4", part=customers_are_told)])
    finding = loaded.findings.sorted()[0]
    assert (finding.code, finding.text("message", "en")) == ("DF408", "nobody owns the state `received`")
    assert loaded.findings.sources[finding.place.file].line(finding.place.line).strip().startswith("received:")


def test_it_is_silent_where_all_is_well(load: Callable[..., Loaded]) -> None:
    loaded = load(("received: {owner: agent}", "received: {owner: agent, customer_text: 正在处理}"))
    check_rulebook(loaded, extra=[Check("DF4", part=customers_are_told)])
    assert loaded.findings.codes() == []
