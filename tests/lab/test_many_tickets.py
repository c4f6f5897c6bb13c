"""Scenarios about many tickets: repeated steps, schedules, names for what opened by itself, messages, figures."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.lab.admission import load, played, read, story, told

from dutyflow.lab.announcements import alerts_of, messages_of
from dutyflow.lab.save import scenario_yaml
from dutyflow.lab.scenario import TicketName
from dutyflow.lab.scenario_reader import read_scenario_file
from dutyflow.lab.story import tell
from dutyflow.lab.story_text import story_text
from dutyflow.lab.trial import play
from dutyflow.rulebook.findings import Findings

BOOK3 = "{at: Mon 2026-03-02 10:00, by: A1, do: book, ticket: s, times: 3, with: {major: math, fee: 100}}"
START = "start: Mon 2026-03-02 08:00\nschedules: all"
DUTIES = '{at: "09:00", expect: {opened: {duty: [list1, list2, week]}}}'


# --- repeated steps ---------------------------------------------------------------------------------------------


def test_a_step_with_times_opens_numbered_tickets_and_one_with_for_acts_on_each(tmp_path: Path) -> None:
    cancel = '{at: "10:30", by: A1, do: cancel, for: [s-1, s-2], expect: {state: gone, outcome: cancelled}}'
    expect = "expect: {tickets: {s-3: {state: booked, fields: {number: E-2026-003}}}}"
    result = played(tmp_path, [BOOK3, cancel], expect)
    assert result.passed, told(result)
    assert list(result.simulation.names) == ["s-1", "s-2", "s-3"]


def test_the_expectation_of_a_repeated_step_holds_for_each_ticket_after_the_last(tmp_path: Path) -> None:
    result = played(tmp_path, [BOOK3[:-1] + ", expect: {state: booked}}"])
    assert [mismatch.ticket for mismatch in result.mismatches] == ["s-3"]
    waiting_first = '{at: "10:30", by: A1, do: cancel, for: [s-1, s-3], expect: {state: booked}}'
    assert [m.ticket for m in played(tmp_path, [BOOK3, waiting_first]).mismatches] == ["s-1", "s-3"]


def test_a_refusal_is_expected_of_every_ticket_of_a_repeated_step(tmp_path: Path) -> None:
    refused = '{at: "10:30", by: A1, do: offer, for: [s-1, s-3], denied: role}'
    assert played(tmp_path, [BOOK3, refused]).passed
    one_goes_through = '{at: "10:30", by: A1, do: cancel, for: [s-1, s-2], denied: state}'
    result = played(tmp_path, [BOOK3, one_goes_through])
    assert [(mismatch.what.key, mismatch.ticket) for mismatch in result.mismatches] == [("compare.denied", "s-1")]


def test_data_may_name_tickets_of_the_story_alone_and_in_lists(tmp_path: Path) -> None:
    values = "{major: art, person: {ticket: s-1}, friends: [{ticket: s-2}, {ticket: s-3}]}"
    fields = "{person: {ticket: s-1}, friends: [{ticket: s-2}, {ticket: s-3}]}"
    step = f'{{at: "10:30", by: A1, do: book, with: {values}, expect: {{fields: {fields}}}}}'
    result = played(tmp_path, [BOOK3, step])
    assert result.passed, told(result)
    assert result.simulation.ticket("main").fields["friends"] == ("seat-2", "seat-3")
    wrong = played(tmp_path, [BOOK3, step.replace("fields: {person: {ticket: s-1}", "fields: {person: {ticket: s-2}")])
    assert "  expected: s-2" in told(wrong)


def test_a_list_of_plain_values_is_handed_over_as_it_is(tmp_path: Path) -> None:
    step = BOOK1.replace("major: math", "major: math, friends: [x, {ticket: main}]")
    _, (scenario,), findings = read(tmp_path, story([step]))
    assert scenario.steps[0].data["friends"] == ("x", TicketName("main"))
    assert [finding.code for finding in findings] == []


# --- names for what opened by itself ----------------------------------------------------------------------------


def test_schedules_run_from_the_start_of_a_story_that_names_them(tmp_path: Path) -> None:
    result = played(tmp_path, [DUTIES], START, "expect: {tickets: {list2: {owner: A2}, week: {owner: agent}}}")
    assert result.passed, told(result)
    one = played(
        tmp_path,
        ["{at: Mon 2026-03-02 10:00, expect: {opened: {duty: week}}}"],
        "start: Mon 2026-03-02 08:00",
        "schedules: [monday]",
    )
    assert one.passed, told(one)
    none = played(tmp_path, [BOOK3, "{at: Tue 2026-03-03 10:00, expect: {opened: {duty: list1}}}"])
    assert [mismatch.what.key for mismatch in none.mismatches] == ["compare.opened"]


def test_without_a_start_schedules_run_from_the_first_step(tmp_path: Path) -> None:
    steps = [BOOK3, "{at: Tue 2026-03-03 10:00, expect: {opened: {duty: [d1, d2]}}}"]
    result = played(tmp_path, steps, "schedules: all")
    assert result.passed, told(result)


def test_opened_names_every_ticket_since_the_last_naming_in_order(tmp_path: Path) -> None:
    steps = [
        DUTIES,
        "{at: Wed 2026-03-04 23:00, expect: {opened: {duty: [tue1, tue2]}}}",
        "{at: Thu 2026-03-05 09:00, expect: {opened: {duty: [thu1, thu2]}}}",
    ]
    result = played(tmp_path, steps, START)
    assert result.passed, told(result)
    too_few = played(tmp_path, [DUTIES.replace(", week", "")], START)
    assert told(too_few)[1:] == ["  expected: list1, list2", "  got     : list1, list2, monday@2026-03-02"]


def test_a_list_under_children_names_the_whole_batch(tmp_path: Path) -> None:
    begin = '{at: "11:00", by: M1, do: begin, ticket: r, expect: {children: {call: [k1, k2]}}}'
    ends = "expect: {tickets: {k1: {owner: A2, fields: {person: {ticket: s-1}}}, k2: {owner: A1}}}"
    result = played(tmp_path, [BOOK3, begin], ends)
    assert result.passed, told(result)
    many = played(tmp_path, [BOOK3, begin.replace("k1, k2", "k1, k2, k3")])
    assert [mismatch.what.key for mismatch in many.mismatches] == ["compare.child"]
    last = played(tmp_path, [BOOK3, begin.replace("[k1, k2]", "k2")], "expect: {tickets: {k2: {owner: A1}}}")
    assert last.passed, told(last)


# --- alerts, messages, figures ----------------------------------------------------------------------------------

ALERTS = """expect:
  alerts:
    - {at: "16:00", clock: file_duty, kind: warning, to: agent, ticket: week, names: [main]}
    - {at: "17:00", clock: file_duty, kind: breach, to: manager, ticket: week, names: [main]}
    - {at: "17:00", clock: file_duty, kind: warning, to: A1, ticket: list1, names: [main]}
    - {at: "17:00", clock: file_duty, kind: warning, to: A2, ticket: list2}
    - {at: "18:00", clock: file_duty, kind: breach, to: manager, ticket: list1, names: [main]}
    - {at: "18:00", clock: file_duty, kind: breach, to: manager, ticket: list2, names: [main]}"""
BOOK1 = "{at: Mon 2026-03-02 10:00, by: A1, do: book, with: {major: math}}"


def test_alerts_may_say_which_tickets_they_list(tmp_path: Path) -> None:
    result = played(tmp_path, [DUTIES, BOOK1], START, 'until: "18:00"', ALERTS)
    assert result.passed, told(result)
    wrong = played(tmp_path, [DUTIES, BOOK1], START, 'until: "18:00"', ALERTS.replace("names: [main]", "names: []", 1))
    assert told(wrong) == [
        "an alert differs",
        "  expected: Mon 2026-03-02 16:00 file_duty warning → agent (week) []",
        "  got     : Mon 2026-03-02 16:00 file_duty warning → agent (A1, A2) (week) [main]",
    ]


def test_an_alarm_with_nothing_to_say_is_no_alert_and_its_breach_is_met(tmp_path: Path) -> None:
    art = BOOK3.replace("math", "art").replace("ticket: s,", "ticket: a,")
    clocks = "expect: {alerts: [], tickets: {week: {clocks: {file_duty: {status: met, ended: 03-02 17:00}}}}}"
    result = played(tmp_path, [DUTIES, BOOK3, art], START, 'until: "18:00"', clocks)
    assert result.passed, told(result)


MESSAGES = """expect:
  messages:
    - {at: "10:00", template: welcome, to: customer, ticket: s-1}
    - {at: "10:00", template: welcome, to: {role: customer, members: []}, ticket: s-2}
    - {at: 03-03 08:00, template: welcome, to: customer, ticket: s-3}"""
NIGHT = '{at: "22:00", by: A1, do: cancel, ticket: s-1}'


def test_messages_are_a_complete_list_at_the_moment_they_go_out(tmp_path: Path) -> None:
    text = MESSAGES.replace("{role: customer, members: []}", "customer")
    result = played(tmp_path, [BOOK3, NIGHT], text)
    assert result.passed, told(result)
    wrong = played(tmp_path, [BOOK3, NIGHT], text.replace("03-03 08:00", "22:00"))
    assert told(wrong) == [
        "a message differs",
        "  expected: Mon 2026-03-02 22:00 welcome → customer (s-3)",
        "  got     : Tue 2026-03-03 08:00 welcome → customer (s-3)",
    ]
    short = played(tmp_path, [BOOK3, NIGHT], text.rpartition("\n")[0])
    assert [mismatch.what.key for mismatch in short.mismatches] == ["compare.message_extra"]
    nothing = played(tmp_path, [BOOK1.replace("book", "book")], "expect: {messages: []}")
    assert len(nothing.mismatches) == 1


@pytest.mark.parametrize(
    ("metric", "passes"),
    [
        ("booked_share: {value: 0.67, numerator: 2, denominator: 3}", True),
        ("booked_share: {value: 0.6667}", True),
        ("booked_share: {value: 0.666}", False),
        ("booked_share: {value: 1}", True),
        ("booked_share: {numerator: 3}", False),
        ("money_booked: {numerator: 200, denominator: 300.00}", True),
        ("art_share: {value: 0, denominator: 2}", True),
    ],
)
def test_figures_are_compared_as_exactly_as_they_are_written(tmp_path: Path, metric: str, passes: bool) -> None:
    result = played(tmp_path, [BOOK3], f"expect: {{metrics: {{{metric}}}}}")
    assert result.passed is passes, told(result)


# --- findings ---------------------------------------------------------------------------------------------------

MISTAKES = [
    ("schedules: [dialy]", "DF270"),
    ("expect: {metrics: {boked_share: {numerator: 1}}}", "DF269"),
    ("expect: {tickets: {s-4: {state: booked}}}", "DF248"),
    ("expect: {tickets: {s-1: {state: opened}}}", "DF244"),
    ("expect: {opened: {dutty: [d1]}}", "DF240"),
    ("expect: {messages: [{at: 12:00, template: welcom, to: customer}]}", "DF267"),
    ("expect: {messages: [{at: 12:00, template: welcome, to: customer, ticket: s-9}]}", "DF248"),
    ("expect: {alerts: [{at: 12:00, clock: file_duty, kind: breach, to: manager, names: [s-9]}]}", "DF248"),
    ("expect: {fields: {person: {ticket: s-9}}}", "DF248"),
]


@pytest.mark.parametrize(("text", "code"), MISTAKES)
def test_a_name_that_nobody_declares_is_a_finding_where_it_stands(tmp_path: Path, text: str, code: str) -> None:
    _, scenarios, findings = read(tmp_path, story([BOOK3], text))
    assert [finding.code for finding in findings] == [code]
    assert scenarios == () and next(iter(findings)).place.line == 7
    for lang in ("en", "zh"):
        assert next(iter(findings)).text("message", lang)


def test_for_needs_tickets_that_are_there_and_with_names_only_those(tmp_path: Path) -> None:
    steps = [BOOK3, '{at: "10:30", by: A1, do: cancel, for: [s-1, s-9]}']
    steps += ['{at: "10:40", by: A1, do: book, with: {major: art, person: {ticket: s-8}}}']
    _, _, findings = read(tmp_path, story(steps))
    assert [(finding.code, dict(finding.values)["name"]) for finding in findings] == [
        ("DF248", "s-9"),
        ("DF248", "s-8"),
    ]


# --- stories ----------------------------------------------------------------------------------------------------


def test_a_story_tells_schedules_lists_and_messages_but_no_silent_alarm(tmp_path: Path) -> None:
    result = played(tmp_path, [DUTIES, BOOK3, NIGHT], START, "until: Tue 03-03 08:30")
    rows = tell(result.simulation)
    told_en = [row.what for row in story_text(rows, result.simulation.rules, "en")]
    assert "Plan · schedule: Daily list" in told_en
    assert "message “Welcome” to Customer: Welcome E-2026-001" in told_en
    assert any(
        text.startswith("message “Welcome” to Customer, goes out Tue 03-03 08:00: Welcome E-") for text in told_en
    )
    assert any(text.startswith("File it: BREACHED") and text.endswith("about s-1, s-2") for text in told_en)
    told_zh = [row.what for row in story_text(rows, result.simulation.rules, "zh")]
    assert "安排 · 定期任务：每日清单" in told_zh
    assert any(text.startswith("消息“欢迎”发给 客户，周二 03-03 08:00 送出：") for text in told_zh)
    assert any(text.endswith("涉及 s-1、s-2") for text in told_zh)
    assert [row.kind for row in rows if row.ticket == "week"] == ["timer", "breach"], "its warning was silent"


def test_a_message_stands_after_what_sent_it(tmp_path: Path) -> None:
    rows = tell(played(tmp_path, [BOOK3]).simulation)
    assert [(row.kind, row.ticket) for row in rows] == [
        ("event", "s-1"),
        ("message", "s-1"),
        ("event", "s-2"),
        ("message", "s-2"),
        ("event", "s-3"),
    ]


def test_a_played_story_with_schedules_batches_and_messages_is_saved_so_that_it_passes(tmp_path: Path) -> None:
    begin = '{at: "11:00", by: M1, do: begin, ticket: r}'
    played_once = played(tmp_path, [BOOK1, BOOK3, begin, NIGHT], START, "until: Tue 03-03 18:00").simulation
    assert alerts_of(played_once) and messages_of(played_once)
    text = scenario_yaml(played_once, id="saved", title="Saved")
    file = tmp_path / "saved.yaml"
    file.write_text(text, encoding="utf-8")
    findings, rules = Findings(), load(tmp_path).require_rules()
    (scenario,) = read_scenario_file(file, rules, findings)
    assert not findings
    again = play(rules, scenario)
    assert again.passed, told(again)
    assert len(again.simulation.tickets()) == len(played_once.tickets())
