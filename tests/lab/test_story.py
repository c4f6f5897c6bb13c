"""The story of a simulation: rows with their clocks, gaps with the days that explain them, in both languages."""

from pathlib import Path

from tests.kernel.builders import at
from tests.lab.rulebooks import load

from dutyflow.kernel.rules import Rules
from dutyflow.lab.mermaid import path_diagram, sequence_diagram
from dutyflow.lab.simulation import Simulation
from dutyflow.lab.story import tell
from dutyflow.lab.story_text import RowText, story_text, summary_text
from dutyflow.rulebook.load import load_rulebook


def simulated(folder: Path, rules: Rules | None = None) -> Simulation:
    simulation = Simulation(rules or load(folder).require_rules(), workflow="complaint")
    simulation.do(at("03-06 10:00"), "A1", "register", {"customer": "王女士"})
    simulation.do(at("03-06 10:10"), "A1", "accept")
    simulation.do(at("03-06 12:30"), "S1", "accept", {"statement": "ok"})
    simulation.do(at("03-11 18:30"), "A1", "settle")
    return simulation


def texts(simulation: Simulation, lang: str) -> tuple[RowText, ...]:
    return story_text(tell(simulation), simulation.rules, lang)


def test_every_row_says_when_who_what_and_where_the_ticket_stands(tmp_path: Path) -> None:
    rows = texts(simulated(tmp_path), "en")
    told = [(row.time, row.elapsed, row.who, row.what, row.state, row.owner, row.clocks) for row in rows]
    assert told == [
        ("Fri 03-06 10:00", "0", "A1", "Register", "Received", "Supervisor", ("Judge → due Fri 03-06 12:00",)),
        (
            "Fri 03-06 10:10",
            "10m",
            "A1",
            "refused: Accept is for Supervisor; A1 has Agent",
            "Received",
            "Supervisor",
            (),
        ),
        (
            *("Fri 03-06 11:30", "1h 30m", "", "Judge: warning to Supervisor (S1), due Fri 03-06 12:00"),
            *("Received", "Supervisor", ()),
        ),
        ("Fri 03-06 12:00", "2h", "", "Judge: BREACHED, to Manager (M1)", "Received", "Supervisor", ()),
        (
            *("Fri 03-06 12:30", "2h 30m", "S1", "Accept", "Investigating", "Agent"),
            ("Judge met late, after 2h 30m", "Investigate → due Wed 03-11 18:00"),
        ),
        ("", "", "", "nothing happens for 5d 5h 30m; closed: 03-10", "", "", ()),
        (
            *("Wed 03-11 18:00", "5d 8h", "", "Investigate: BREACHED, to Supervisor (S1), Manager (M1)"),
            *("Investigating", "Agent", ()),
        ),
        ("Wed 03-11 18:30", "5d 8h 30m", "A1", "Settle", "Closed", "", ("Investigate met late, after 5d 6h",)),
    ]


def test_the_story_can_be_told_in_chinese(tmp_path: Path) -> None:
    rows = texts(simulated(tmp_path), "zh")
    assert rows[0].what == "登记" and rows[0].state == "已受理"
    assert rows[1].what == "被拒绝：「受理」要由主管来做；A1 的岗位是坐席"
    assert rows[5].what == "5d 5h 30m 没有动静；休息日：03-10"


def test_the_kinds_of_rows_let_a_terminal_choose_colours(tmp_path: Path) -> None:
    kinds = [row.kind for row in texts(simulated(tmp_path), "en")]
    assert kinds == ["event", "denied", "warning", "breach", "event", "idle", "breach", "event"]


def test_a_make_up_working_day_explains_a_gap_too(tmp_path: Path) -> None:
    simulation = Simulation(load(tmp_path).require_rules(), workflow="complaint")
    simulation.do(at("03-12 10:00"), "A1", "register", {"customer": "王女士"})
    simulation.do(at("03-12 10:30"), "S1", "accept", {"statement": "ok"})
    simulation.do(at("03-14 10:00"), "A1", "call")
    assert texts(simulation, "en")[2].what == "nothing happens for 1d 23h 30m; make-up working day: 03-14"


def test_children_are_told_where_they_open(tmp_path: Path) -> None:
    simulation = simulated_child(tmp_path)
    row = next(row for row in tell(simulation) if row.name == "follow")
    assert row.children == ("complaint-1.1",)
    assert texts(simulation, "en")[-1].what == "complaint-1.1 is over: good"


def simulated_child(folder: Path, rules: Rules | None = None) -> Simulation:
    simulation = Simulation(rules or load(folder).require_rules(), workflow="complaint")
    simulation.do(at("03-06 10:00"), "A1", "register", {"customer": "王女士"})
    simulation.do(at("03-06 10:30"), "S1", "accept", {"statement": "ok"})
    simulation.do(at("03-06 11:00"), "A1", "follow")
    simulation.do(at("03-06 11:30"), "A1", "answer", ticket="complaint-1.1")
    return simulation


def test_a_story_is_summed_up(tmp_path: Path) -> None:
    assert summary_text(simulated(tmp_path), "en") == "Closed (upheld) after 5d 8h 30m"
    assert summary_text(simulated_child(tmp_path), "en") == "Investigating after 1h 30m"


def with_titles(folder: Path) -> Rules:
    """The rulebook with titles for its outcomes; a good survey goes by another name than a good complaint would."""
    load(folder)
    rules = folder / "pack" / "rules.yaml"
    text = rules.read_text(encoding="utf-8")
    text = text.replace("[upheld, withdrawn]", "{upheld: {zh: 成立, en: Upheld and settled}, withdrawn: W, good: G}")
    text = text.replace("outcomes: [good]", "outcomes: {good: {zh: 满意, en: Content}}")
    rules.write_text(text, encoding="utf-8")
    return load_rulebook(rules).require_rules()


def test_outcomes_are_told_by_their_titles(tmp_path: Path) -> None:
    simulation = simulated(tmp_path, with_titles(tmp_path))
    assert summary_text(simulation, "en") == "Closed (Upheld and settled) after 5d 8h 30m"
    assert summary_text(simulation, "zh") == "归档（成立），历时 5d 8h 30m"


def test_the_outcome_of_a_child_is_told_by_the_title_that_its_own_workflow_gives(tmp_path: Path) -> None:
    simulation = simulated_child(tmp_path, with_titles(tmp_path))
    assert texts(simulation, "en")[-1].what == "complaint-1.1 is over: Content"
    assert summary_text(simulation, "zh", ticket="complaint-1.1").startswith("已回访（满意）")


def test_the_path_is_drawn_without_signs_that_mermaid_would_trip_over(tmp_path: Path) -> None:
    drawn = path_diagram(simulated(tmp_path), "en").splitlines()
    assert drawn[0] == "stateDiagram-v2"
    assert "    [*] --> s_received : 1. Register (Fri 03-06 10∶00)" in drawn
    assert "    s_investigating --> s_closed : 3. Settle (Wed 03-11 18∶30)" in drawn
    assert drawn[-1] == "    s_closed --> [*]"
    assert all(line.count(":") <= 1 for line in drawn)


def test_the_sequence_shows_who_asked_and_what_time_brought(tmp_path: Path) -> None:
    drawn = sequence_diagram(simulated(tmp_path), "en")
    assert "    s_A1->>s_main: Fri 03-06 10:00 Register" in drawn
    assert "    s_A1--xs_main: Fri 03-06 10:10 refused" in drawn
    assert "    Note over s_main: Fri 03-06 12:00 Judge: BREACHED, to Manager (M1)" in drawn


def test_corrections_comments_and_assignments_are_told_with_what_they_brought(tmp_path: Path) -> None:
    simulation = Simulation(load(tmp_path).require_rules(), workflow="complaint")
    simulation.do(at("03-06 10:00"), "A1", "register", {"customer": "王女士"})
    simulation.do(at("03-06 10:10"), "A1", "comment", {"text": "she calls again"})
    simulation.do(at("03-06 10:20"), "S1", "amend", {"customer": "汪女士", "amount": "7"}, reason="misheard")
    simulation.do(at("03-06 10:30"), "M1", "assign", {"member": "S1"})
    simulation.do(at("03-06 10:40"), "A1", "assign", {"member": "S1"})
    told = [(row.kind, row.who, row.what, row.owner) for row in texts(simulation, "en")[1:]]
    assert told == [
        ("event", "A1", "Comment · she calls again", "Supervisor"),
        ("event", "S1", "Correct data · Customer name: 汪女士 · Amount: 7.00", "Supervisor"),
        ("event", "M1", "Assign", "S1 (Supervisor)"),
        ("denied", "A1", "refused: Assign is for S1, Manager; A1 has Agent", "S1 (Supervisor)"),
    ]
    assert [row.what for row in texts(simulation, "zh")[1:3]] == [
        "备注 · she calls again",
        "更正资料 · 客户：汪女士 · 金额：7.00",
    ]


def test_a_correction_shows_what_it_did_to_clocks(tmp_path: Path) -> None:
    load(tmp_path)
    file = tmp_path / "pack" / "rules.yaml"
    text = file.read_text(encoding="utf-8").replace("stop: {left: received}", "stop: {when: amount > 5}")
    file.write_text(text, encoding="utf-8")
    simulation = Simulation(load_rulebook(file).require_rules(), workflow="complaint")
    simulation.do(at("03-06 10:00"), "A1", "register", {"customer": "王女士"})
    simulation.do(at("03-06 10:20"), "S1", "amend", {"amount": "7"}, reason="misheard")
    assert texts(simulation, "en")[1].clocks == ("Judge met in 20m",)
