"""Who may see a private field: those it names, or those who work on its tickets; and whoever stands above them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.kernel.yaml_rules import rules_from

from dutyflow.kernel.rules import Rules
from dutyflow.resources import workflows_dir
from dutyflow.rulebook.load import load_rulebook

ALL = {"agent", "lead", "chief", "exec"}
"""An agent and everybody above, in the people of these tests; the field department stands beside them."""


def rules(
    phone: Any = True, *, by: Any = "agent", owner: Any = "agent", also: str = "", fields: str = "", more: str = ""
) -> Rules:
    """A workflow with one private field; `by` closes its tickets, `owner` has them until then."""
    form = f"f: {{fields: {{phone: {{type: text, private: {json.dumps(phone)}}}, words: {{type: text}}{fields}}}}}"
    return rules_from(
        f"""
        forms: {{{form}{also}}}
        workflows:
          job:
            forms: {"[f, g]" if also else "[f]"}
            initial: a
            states: {{a: {{title: A, owner: {json.dumps(owner)}}}, z: {{title: Z, final: true}}}}
            events:
              open: {{opens: true, by: agent, optional: [phone, words]}}
              close: {{from: a, to: z, by: {json.dumps(by)}}}
        {more}
        """
    )


def readers(rules: Rules, field: str = "phone") -> frozenset[str]:
    return rules.workflows["job"].fields[field].seen_by


def test_those_who_work_on_the_tickets_see_it_and_all_above_them() -> None:
    assert readers(rules()) == ALL


@pytest.mark.parametrize("part", [{"by": ["agent", "worker"]}, {"owner": "worker"}])
def test_who_asks_for_an_event_or_owns_a_state_works_on_the_tickets(part: dict[str, Any]) -> None:
    assert readers(rules(**part)) == ALL | {"worker", "field_head"}


def test_the_head_of_a_department_sees_what_its_people_see_with_or_without_a_chain() -> None:
    text = """
        forms: {f: {fields: {phone: {type: text, private: true}}}}
        workflows:
          job:
            forms: [f]
            initial: a
            states: {a: {title: A, owner: driver}, z: {title: Z, final: true}}
            events:
              open: {opens: true, by: driver, optional: [phone]}
              close: {from: a, to: z, by: owner}
    """
    people = """
rulebook: {title: Test, timezone: Asia/Shanghai}
calendars: {office: {hours: {mon-fri: ["09:00-18:00"]}}}
departments: {field: {title: Field, head: field_head}, office: {title: Office, head: chief}}
roles:
  exec: {title: Executive}
  field_head: {title: Field head, superior: exec}
  driver: {title: Driver, department: field}
  chief: {title: Chief, department: office}
"""
    assert readers(rules_from(text, people=people)) == {"driver", "field_head", "exec"}


def test_who_may_correct_a_ticket_sees_what_there_is_to_correct() -> None:
    permitted = rules_from(
        """
        forms: {f: {fields: {phone: {type: text, private: true}}}}
        workflows:
          job:
            forms: [f]
            permissions: {amend: {by: worker}}
            initial: a
            states: {a: {title: A, owner: agent}, z: {title: Z, final: true}}
            events:
              open: {opens: true, by: agent, optional: [phone]}
              close: {from: a, to: z, by: owner}
        """
    )
    assert readers(permitted) == ALL | {"worker", "field_head"}


def test_whoever_a_table_may_name_as_the_owner_sees_it() -> None:
    rows = "[{when: words == 'x', give: {who: worker}}, {otherwise: true, give: {who: lead}}]"
    table = f"tables: {{t: {{columns: {{who: role}}, rows: {rows}}}}}"
    assert readers(rules(owner={"table": "t", "column": "who"}, more=table)) == ALL | {"worker", "field_head"}


def test_whoever_a_choice_may_name_as_the_owner_sees_it() -> None:
    choice = ", team: {type: choice, options: [worker, lead, nobody]}"
    assert readers(rules(owner={"field": "team", "role": "agent"}, fields=choice)) == ALL | {"worker", "field_head"}


def test_a_list_names_exactly_those_who_see_it_and_their_superiors() -> None:
    assert readers(rules(["field_head"])) == {"field_head", "exec"}
    assert readers(rules(["chief"])) == {"chief", "exec"}


def test_a_field_that_is_not_private_names_nobody() -> None:
    words = rules().workflows["job"].fields["words"]
    assert not words.private and words.seen_by == frozenset()


@pytest.mark.parametrize("declared", ["{type: text}", "{type: text, private: true}"])
def test_of_two_forms_that_declare_a_field_the_stricter_one_counts(declared: str) -> None:
    again = f", g: {{fields: {{phone: {declared}}}}}"
    assert rules(["chief"], also=again).workflows["job"].fields["phone"].private
    assert readers(rules(["chief"], also=again)) == {"chief", "exec"}
    assert readers(rules(["chief"], also=", g: {fields: {phone: {type: text, private: [field_head, chief]}}}")) == {
        "chief",
        "exec",
    }


def test_who_may_see_a_field_belongs_to_the_version_of_the_rulebook() -> None:
    assert len({rules().hash, rules(["chief"]).hash, rules(["lead"]).hash}) == 3


def test_every_private_field_of_a_shipped_rulebook_has_readers_but_not_everybody() -> None:
    rules = load_rulebook(workflows_dir() / "complaint_loop").require_rules()
    fields = [field for workflow in rules.workflows.values() for field in workflow.fields.values() if field.private]
    assert {"complainant", "phone"} <= {field.id for field in fields}
    assert all(field.seen_by and field.seen_by < set(rules.organisation.roles) | {"system"} for field in fields)
