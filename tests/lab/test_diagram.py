"""The picture of a life cycle: arrows and their labels, shortcuts, and texts that cannot break the picture."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kernel.builders import branch, event, on, rulebook, sla, state, workflow

from dutyflow.kernel import rules as kr
from dutyflow.lab.diagram import Arrow, Shortcut, arrows_of, lifecycle_dot, lifecycle_mermaid, shortcuts_of
from dutyflow.rulebook.load import load_rulebook

LANGS = ("zh", "en")
MERMAID_LINE = re.compile(r"    (s\d+ : [^:;]+|(\[\*\]|s\d+) --> s\d+ : [^:;]+|s\d+ --> \[\*\])")
ENTITY = re.compile(r"#(\d+);")
STRING = r'"(?:[^"\\]|\\.)*"'
DOT_LINE = re.compile(rf"  ({STRING}( -> {STRING})? \[(label=<.*>|[^<>]*label={STRING})[^<>]*\];|\w+ \[.*\];)")

BOOK = """
rulebook: {title: T, calendar: office}
calendars: {office: {hours: {mon-fri: ["09:00-18:00"]}}}
departments: {service: {title: Service}}
roles: {agent: {title: {zh: 坐席, en: Agent}, department: service}}
forms: {f: {fields: {who: {type: person}, major: {type: boolean}}}}
workflows:
  job:
    forms: [f]
    initial: received
    states:
      received: {title: {zh: 已受理, en: Received}, owner: agent}
      work:
        title: {zh: 处理, en: Work}
        initial: doing
        states:
          doing: {title: {zh: 处理中, en: Doing}, owner: {field: who}}
          waiting: {title: {zh: 等待, en: Waiting}, owner: agent}
      visiting: {title: {zh: 回访, en: Visiting}, owner: agent}
      closed: {title: {zh: 归档, en: Closed}, final: true}
    events:
      register: {title: {zh: 登记, en: Register}, opens: true, by: agent}
      start: {title: {zh: 开始, en: Start}, from: received, to: work, by: agent}
      ask: {title: {zh: 提问, en: Ask}, from: doing, to: waiting, by: agent}
      note: {title: {zh: 备注, en: Note}, from: any_open, by: agent}
      forget: {title: {zh: 过期, en: Expire}, from: waiting, to: closed, after: 5d}
      visit:
        title: {zh: 安排回访, en: Visit}
        from: work
        to: visiting
        by: agent
        spawn: {workflow: call, event: plan}
      called: {title: {zh: 回访完毕, en: Called}, from: visiting, to: closed, on_child: call}
      drop: {title: {zh: 撤回, en: Drop}, from: any_open, to: closed, by: agent}
  call:
    initial: planned
    states: {planned: {title: Planned, owner: agent}, over: {title: Over, final: true}}
    events:
      plan: {opens: true, by: agent}
      end: {from: planned, to: over, by: agent}
slas:
  whole:
    title: {zh: 处理时限, en: Handling}
    on: job
    start: {entered: work}
    stop: {left: work}
    within: [{when: major, is: 1h}, {otherwise: true, is: 2bd}]
    breach: {escalate: agent}
"""


@pytest.fixture
def job(tmp_path: Path) -> tuple[kr.Rules, kr.Workflow]:
    """A life cycle with a composite state, a timer, a child and an event from everywhere."""
    (tmp_path / "book.yaml").write_text(BOOK, encoding="utf-8")
    rules = load_rulebook(tmp_path / "book.yaml").require_rules()
    return rules, rules.workflows["job"]


def named(title: str, *, event_title: str | None = None) -> tuple[kr.Rules, kr.Workflow]:
    """A life cycle whose state, clock and event have a title that somebody wrote."""
    titles = dict.fromkeys(LANGS, title)
    first = kr.State(id="first", title=titles, path=("first",))
    opened = kr.EventRule(
        event="open", title=dict.fromkeys(LANGS, event_title or title), sources=(kr.NEW,), branches=(branch("first"),)
    )
    clock = sla("clock", "2h", start=on("entered", "first"), stop=on("left", "first"))
    limit = kr.Sla(id="clock", title=titles, targets=clock.targets, starts=clock.starts, stops=clock.stops)
    made = workflow("w", states=[first, state("end", final=True)], rules=[opened], slas=[limit])
    return rulebook(made), made


def shown(mermaid: str) -> str:
    """What Mermaid shows for its text: the numbers of signs are signs again."""
    return ENTITY.sub(lambda found: chr(int(found[1])), mermaid)


def assert_mermaid_is_well_formed(text: str) -> None:
    first, *lines = text.splitlines()
    assert first == "stateDiagram-v2" and lines and text.endswith("\n")
    for line in lines:
        assert MERMAID_LINE.fullmatch(ENTITY.sub("x", line)), line


def assert_dot_is_well_formed(text: str) -> None:
    first, *lines, last = text.splitlines()
    assert re.fullmatch(rf"digraph {STRING} \{{", first) and last == "}"
    for line in lines:
        assert DOT_LINE.fullmatch(line) or line.startswith(("  node [", "       ", " fontsize")), line
        markup = re.search(r"label=<(.*)>[,\]]", line)
        if markup:
            ElementTree.fromstring(f"<label>{markup[1]}</label>")


# --- arrows -----------------------------------------------------------------------------------------------------


def test_arrows_join_the_states_and_leave_out_what_stays(job) -> None:
    arrows = arrows_of(job[1], "en")
    assert [(arrow.source, arrow.target, arrow.labels) for arrow in arrows] == [
        (kr.NEW, "received", ("Register",)),
        ("received", "doing", ("Start",)),
        ("doing", "waiting", ("Ask",)),
        ("waiting", "closed", ("Expire",)),
        ("doing", "visiting", ("Visit",)),
        ("waiting", "visiting", ("Visit",)),
        ("visiting", "closed", ("Called",)),
    ]


def test_what_time_or_a_child_brings_happens_by_itself(job) -> None:
    by_itself = {arrow.labels[0] for arrow in arrows_of(job[1], "en") if arrow.by_itself}
    assert by_itself == {"Expire", "Called"}
    dashed = [line for line in lifecycle_dot(*job, "en").splitlines() if "dashed" in line]
    assert len(dashed) == 2 and '" Expire "' in dashed[0] and '" Called "' in dashed[1]


def test_events_with_the_same_ends_share_an_arrow_which_is_dashed_only_if_all_happen_by_themselves() -> None:
    rules = [
        event("open", to="a"),
        event("finish", "a", "b"),
        event("expire", "a", "b", after="3d"),
        event("back", "b", "a", after="1d"),
    ]
    made = workflow("w", states=[state("a"), state("b")], rules=rules)
    assert arrows_of(made, "en") == (
        Arrow(kr.NEW, "a", ("open",), by_itself=False),
        Arrow("a", "b", ("finish", "expire"), by_itself=False),
        Arrow("b", "a", ("back",), by_itself=True),
    )
    assert "    s0 --> s1 : finish / expire" in lifecycle_mermaid(rulebook(made), made, "en").splitlines()
    assert r'"a" -> "b" [label=" finish\nexpire "];' in lifecycle_dot(rulebook(made), made, "en")


def test_branches_of_one_event_to_the_same_state_are_one_arrow() -> None:
    ways = [branch("b", when=lambda s: True), branch("b", when=lambda s: False), branch("b"), branch()]
    rules = [event("open", to="a"), event("end", "a", branches=ways)]
    made = workflow("w", states=[state("a"), state("b")], rules=rules)
    assert shortcuts_of(made, "en") == ()
    assert lifecycle_mermaid(rulebook(made), made, "en").count("s0 --> s1") == 1


# --- shortcuts --------------------------------------------------------------------------------------------------


def test_an_event_from_many_states_is_a_shortcut_and_no_arrow(job) -> None:
    sources = ("received", "doing", "waiting", "visiting")
    assert shortcuts_of(job[1], "en") == (Shortcut("drop", "Drop", "closed", sources, by_itself=False),)
    assert not any("Drop" in arrow.labels for arrow in arrows_of(job[1], "en"))


def test_a_shortcut_counts_its_states_in_the_readers_language(job) -> None:
    assert 'label="Received … Visiting (4 states)"' in lifecycle_dot(*job, "en")
    assert 'label="已受理 … 回访（4 个状态）"' in lifecycle_dot(*job, "zh")


def test_mermaid_draws_every_arrow_of_a_shortcut(job) -> None:
    assert lifecycle_mermaid(*job, "en").count(" : Drop\n") == 4


def test_two_states_are_not_many() -> None:
    states = [state("a"), state("b"), state("end", final=True)]
    made = workflow("w", states=states, rules=[event("open", to="a"), event("drop", ["a", "b"], "end")])
    assert shortcuts_of(made, "en") == ()
    assert {arrow.source for arrow in arrows_of(made, "en") if arrow.target == "end"} == {"a", "b"}


def test_a_rule_with_another_title_keeps_its_arrow_beside_the_shortcut_of_the_same_event() -> None:
    many = event("drop", ["a", "b", "c"], "end")
    other = kr.EventRule(event="drop", title={"zh": "弃", "en": "give up"}, sources=("d",), branches=(branch("end"),))
    states = [*map(state, "abcd"), state("end", final=True)]
    made = workflow("w", states=states, rules=[event("open", to="a"), many, other])
    assert [shortcut.sources for shortcut in shortcuts_of(made, "en")] == [("a", "b", "c")]
    assert Arrow("d", "end", ("give up",), by_itself=False) in arrows_of(made, "en")


def test_an_event_that_opens_and_also_leads_there_from_states_is_drawn_arrow_by_arrow() -> None:
    states = [state("a"), state("b"), state("c"), state("d")]
    made = workflow("w", states=states, rules=[event("come", [kr.NEW, "b", "c", "d"], "a")])
    assert shortcuts_of(made, "en") == ()
    assert [arrow.source for arrow in arrows_of(made, "en")] == [kr.NEW, "b", "c", "d"]
    assert_dot_is_well_formed(lifecycle_dot(rulebook(made), made, "en"))


def test_a_timer_from_many_states_is_a_dashed_shortcut() -> None:
    states = [*map(state, "abc"), state("end", final=True)]
    expire = event("expire", ["a", "b", "c"], "end", after="3d")
    made = workflow("w", states=states, rules=[event("open", to="a"), expire])
    assert shortcuts_of(made, "en")[0].by_itself
    assert '"[0]" -> "end" [label=" expire ", style="dashed"];' in lifecycle_dot(rulebook(made), made, "en")


# --- states -----------------------------------------------------------------------------------------------------


def test_a_state_shows_its_owner_and_its_clocks_with_those_of_the_composite_state_around_it(job) -> None:
    drawn = shown(lifecycle_mermaid(*job, "en")).splitlines()
    assert drawn[1:6] == [
        "    s0 : Received<br/>Agent",
        "    s1 : Doing<br/>by routing<br/>Handling: 1h / 2bd",
        "    s2 : Waiting<br/>Agent<br/>Handling: 1h / 2bd",
        "    s3 : Visiting<br/>Agent",
        "    s4 : Closed",
    ]
    assert "    s1 : 处理中<br/>按分派<br/>处理时限: 1h / 2bd" in shown(lifecycle_mermaid(*job, "zh")).splitlines()


def test_a_final_state_ends_the_picture(job) -> None:
    assert lifecycle_mermaid(*job, "en").endswith("    s4 --> [*]\n")
    assert 'fillcolor="#e3efe4", color="#4c7a52", peripheries=2];' in lifecycle_dot(*job, "en")


def test_a_state_may_be_called_as_the_picture_calls_its_own_parts() -> None:
    made = workflow("graph", states=[state("start"), state("end", final=True)], rules=[event("open", to="start")])
    drawn = lifecycle_dot(rulebook(made), made, "en")
    assert drawn.count('"start"') == 2 and '"[*]" -> "start"' in drawn
    assert not re.search(r"\bend\b -->|\bend :", lifecycle_mermaid(rulebook(made), made, "en").replace(" : end", ""))


# --- texts ------------------------------------------------------------------------------------------------------

NASTY = [
    'say "no"',
    r"back\slash \N \\",
    "a: b; c",
    "<b>bold</b> & <script>",
    "x --> y",
    "line\nbreak\ttab",
    "#35; %% {note} [*] `tick`",
    "客户：“不满意”；退回",
    "bell \x07 and \u202e",
    "it's",
]


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("title", NASTY)
def test_no_title_can_break_a_picture_or_is_lost_in_it(title: str, lang: str) -> None:
    rules, made = named(title)
    mermaid, dot = lifecycle_mermaid(rules, made, lang), lifecycle_dot(rules, made, lang)
    assert_mermaid_is_well_formed(mermaid)
    assert_dot_is_well_formed(dot)
    plain = " ".join("".join(sign if sign.isprintable() else " " for sign in title).split())
    assert shown(mermaid).splitlines()[1] == f"    s0 : {plain}<br/>{plain}: 2h"
    markup = re.search(r'"first" \[label=<(.*)>\];', dot)
    assert markup is not None
    assert ElementTree.fromstring(f"<label>{markup[1]}</label>").findtext("B") == plain
    arrow = re.search(rf'"\[\*\]" -> "first" \[label=({STRING})\];', dot)
    assert arrow is not None
    assert re.sub(r"\\(.)", r"\1", arrow[1][1:-1]) == f" {plain} "


@given(title=st.text(min_size=1), label=st.text(min_size=1))
def test_any_title_leaves_a_well_formed_picture(title: str, label: str) -> None:
    rules, made = named(title, event_title=label)
    assert_mermaid_is_well_formed(lifecycle_mermaid(rules, made, "en"))
    assert_dot_is_well_formed(lifecycle_dot(rules, made, "en"))


@pytest.mark.parametrize("lang", LANGS)
def test_the_example_is_well_formed_in_both_forms(job, lang: str) -> None:
    assert_mermaid_is_well_formed(lifecycle_mermaid(*job, lang))
    assert_dot_is_well_formed(lifecycle_dot(*job, lang))
