"""Lines of a script, as they are typed after `--do` or stand in a file."""

from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace
from tests.kernel.builders import at
from tests.kernel.samples import RULES

from dutyflow.lab.script import ScriptError, ScriptStep, play_step, read_line, read_lines, script_error_text
from dutyflow.lab.simulation import Simulation
from dutyflow.telling.moments import Anchor

ANCHOR = Anchor(ZoneInfo("Asia/Shanghai"))


def test_a_line_has_a_moment_a_person_an_event_and_data() -> None:
    line = "2026-03-06 19:10 A1 register customer=王女士 note='第一次 来电' reason=急 ticket=second"
    assert read_line(line, ANCHOR) == ScriptStep(
        at=at("2026-03-06 19:10"),
        actor="A1",
        event="register",
        data={"customer": "王女士", "note": "第一次 来电"},
        reason="急",
        ticket="second",
    )


@pytest.mark.parametrize("moment", ["周五 2026-03-06 19:10", "2026-03-06T19:10", "'Fri 2026-03-06 19:10'"])
def test_the_moment_may_be_written_in_one_to_three_words(moment: str) -> None:
    step = read_line(f"{moment} A1 register", ANCHOR)
    assert (step.at, step.actor, step.event) == (at("2026-03-06 19:10"), "A1", "register")


def test_the_person_may_be_named_with_by() -> None:
    step = read_line("2026-03-06 19:10 register by=A1", ANCHOR)
    assert (step.actor, step.event, step.data) == ("A1", "register", {})


def test_a_moment_alone_lets_time_pass() -> None:
    assert read_line("2026-03-06 19:10", ANCHOR).event is None


def test_lines_refer_to_the_lines_before_them_and_comments_are_skipped() -> None:
    lines = ["# a story", "", "2026-03-06 19:10 A1 register", "20:00 S1 accept  # in time", "+24h"]
    assert [step.at for step in read_lines(lines, ANCHOR)] == [
        at("2026-03-06 19:10"),
        at("2026-03-06 20:00"),
        at("2026-03-07 19:10"),
    ]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("A1 register", "moment"),
        ("Thu 2026-03-06 19:10 A1 register", "Friday"),
        ("2026-03-06 19:10 A1", "who does it"),
        ("2026-03-06 19:10 A1 register now please", "who does it"),
        ("2026-03-06 19:10 A1 register =x", "not a `field=value` pair"),
        ("2026-03-06 19:10 A1 register a='x", "quote"),
        ("register=1", "moment"),
    ],
)
def test_a_line_that_cannot_be_played_says_why(line: str, problem: str) -> None:
    with pytest.raises(ScriptError, match=problem):
        read_line(line, ANCHOR)


def test_the_number_of_a_bad_line_is_told_in_both_languages() -> None:
    with pytest.raises(ScriptError) as refused:
        read_lines(["# first", "nonsense"], ANCHOR)
    assert script_error_text(refused.value, "en").startswith("line 2: ")
    assert script_error_text(refused.value, "zh").startswith("第 2 行：")


def test_text_values_are_read_by_the_fields() -> None:
    simulation = Simulation(RULES, workflow="complaint")
    answer = play_step(read_line("2026-03-06 19:10 A1 register customer=王女士 amount=12", ANCHOR), simulation)
    assert answer is not None and answer.accepted
    assert simulation.ticket().fields["amount"] == 12


def test_corrections_comments_and_assignments_are_lines_like_events() -> None:
    simulation = Simulation(RULES, workflow="complaint")
    for line in (
        "2026-03-06 19:10 A1 register customer=王女士 phone=138",
        "2026-03-06 19:20 A1 comment text='calls back at eight'",
        "2026-03-06 19:30 M1 amend phone=139 reason=slip",
        "2026-03-06 19:40 M1 assign member=S1",
    ):
        answer = play_step(read_line(line, ANCHOR), simulation)
        assert answer is not None and answer.accepted, answer
    ticket = simulation.ticket()
    assert ticket.fields["phone"] == "139"
    assert ticket.owner is not None and ticket.owner.member == "S1"
    play_step(read_line("2026-03-06 19:50 M1 assign", ANCHOR), simulation)
    assert simulation.ticket().owner == replace(ticket.owner, member=None)
