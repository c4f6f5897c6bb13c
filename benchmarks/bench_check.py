"""`check` of a 2,000-line rulebook with all findings, against PyYAML's C compose and jsonschema of the same file.

Run: `python benchmarks/bench_check.py`. The rulebook is made of many copies of one workflow under other names.
"""

import json
import shutil
import tempfile
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator
from measure import ratio, show
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from dutyflow.checks import check_rulebook
from dutyflow.resources import schemas_dir, workflows_dir
from dutyflow.rulebook.findings import Findings
from dutyflow.rulebook.load import load_rulebook
from dutyflow.rulebook.yaml_reader import read_text

LINES = 2000
WORKFLOW = """
  flow_{n}:
    title: {{zh: 流程{n}, en: Flow {n}}}
    forms: [form_{n}]
    initial: received
    serves: complaints
    states:
      received: {{title: {{zh: 已受理, en: Received}}, owner: supervisor}}
      working: {{title: {{zh: 处理中, en: In progress}}, owner: agent}}
      checking: {{title: {{zh: 复核, en: Checking}}, owner: supervisor}}
      closed: {{title: {{zh: 归档, en: Closed}}, final: true, outcomes: [done, dropped]}}
    events:
      open: {{opens: true, by: agent, require: [customer, first_contact_at], optional: [amount]}}
      start:
        from: received
        to: working
        by: supervisor
        guard: "amount < 5000 or given(customer)"
      finish:
        from: working
        by: agent
        record: [result]
        set: {{rounds: rounds + 1}}
        branches:
          - {{when: amount >= 500 and rounds < 3, to: checking}}
          - {{otherwise: true, to: closed, outcome: done}}
      return: {{from: checking, to: working, by: supervisor, reason: required}}
      accept: {{from: checking, to: closed, outcome: done, by: supervisor, not_by: {{same_as: [doer]}}}}
      drop: {{from: any_open, to: closed, outcome: dropped, by: [agent, supervisor], reason: required}}
"""
FORM = """
  form_{n}:
    title: 表单{n}
    fields:
      customer: {{type: text, title: {{zh: 客户, en: Customer}}}}
      first_contact_at: {{type: datetime, title: {{zh: 首次联系, en: First contact}}}}
      amount: {{type: money, title: {{zh: 金额, en: Amount}}}}
      result: {{type: text, title: {{zh: 结果, en: Result}}}}
      rounds: {{type: number, default: 0, title: {{zh: 次数, en: Rounds}}}}
      doer: {{type: person, title: {{zh: 经办人, en: Handler}}}}
"""
SLA = """
  respond_{n}:
    on: flow_{n}
    start: {{entered: received}}
    stop: {{left: received}}
    within: 4bh@desk
    breach: {{escalate: manager}}
  finish_{n}:
    on: flow_{n}
    start: {{event: open, at: first_contact_at}}
    stop: {{entered: closed}}
    within: 5bd
    breach: [{{escalate: manager}}, {{after: 1d, escalate: exec}}]
"""


def large_rulebook() -> str:
    """One file of about 2,000 lines that extends the shared folder."""
    per_flow = sum(part.count("\n") for part in (WORKFLOW, FORM, SLA)) - 3
    count = LINES // per_flow
    parts = ["extends: [../_shared]", "workflows:"]
    parts += [WORKFLOW.format(n=n).strip("\n") for n in range(count)]
    parts += ["forms:", *(FORM.format(n=n).strip("\n") for n in range(count))]
    parts += ["slas:", *(SLA.format(n=n).strip("\n") for n in range(count))]
    return "\n".join(parts) + "\n"


def validator() -> Draft202012Validator:
    """Plain jsonschema over the same schemas."""
    schemas = {path.name: json.loads(path.read_text("utf-8")) for path in schemas_dir().glob("*.schema.json")}
    resources = [(name, Resource.from_contents(schema, DRAFT202012)) for name, schema in schemas.items()]
    return Draft202012Validator({"$ref": "rulebook.schema.json"}, registry=Registry().with_resources(resources))


def main() -> None:
    """Print the ratio, and what the text consists of."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(workflows_dir() / "_shared", Path(folder) / "_shared")
        large = Path(folder) / "large"
        large.mkdir()
        text = large_rulebook()
        (large / "rules.yaml").write_text(text, "utf-8")
        schema = validator()
        plain = read_text("rules.yaml", text, Findings())
        assert plain is not None
        root = Path(folder)

        def ours() -> int:
            loaded = load_rulebook(large, root)
            check_rulebook(loaded)
            return len(loaded.findings)

        def theirs() -> int:
            yaml.compose(text, Loader=yaml.CSafeLoader)
            return len(list(schema.iter_errors(plain.plain())))

        findings = load_rulebook(large, root)
        check_rulebook(findings)
        print(f"{text.count(chr(10))} lines, {len(findings.findings)} findings, {len(findings.findings.errors)} errors")
        measured = ratio(ours, theirs, rounds=7)
        show("check of the whole rulebook, all findings", measured, "<= 6")


if __name__ == "__main__":
    main()
