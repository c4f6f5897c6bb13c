"""The pages of `explain`: fragments, not whole rulebooks, but what they call right must at least be good YAML.

That a mistake gives its code is shown by the golden rulebooks; they differ from `ok_minimal` by that mistake alone.
"""

from __future__ import annotations

import pytest

from dutyflow.rulebook.findings import Findings
from dutyflow.rulebook.yaml_reader import read_text
from dutyflow.wording import LANGUAGES, finding_codes, finding_text

NO_YAML = {"DF011": "a command line", "DF014": "a command line"}


@pytest.mark.parametrize("code", finding_codes())
def test_the_right_way_can_be_read(code: str) -> None:
    for lang in LANGUAGES:
        right = finding_text(code, "right", lang) or ""
        assert right != finding_text(code, "wrong", lang)
        if code not in NO_YAML:
            findings = Findings()
            read_text("right.yaml", right, findings)
            said = [
                f"{finding.code}: {finding.text('message', 'en')}" for finding in findings if finding.code != "DF010"
            ]
            assert not said, right


@pytest.mark.parametrize("code", [code for code in finding_codes() if code >= "DF1"])
def test_the_wrong_way_is_wrong_in_meaning_and_not_in_yaml(code: str) -> None:
    for lang in LANGUAGES:
        findings = Findings()
        read_text("wrong.yaml", finding_text(code, "wrong", lang) or "", findings)
        assert not [f"{finding.code}" for finding in findings if finding.code not in MAY_SHOW.get(code, ())]


MAY_SHOW = {"DF220": ("DF009",)}
