"""Draws the life cycles of the shipped packs into docs/pictures/, with Graphviz's `dot`. Run: `make pictures`."""

import subprocess
from pathlib import Path

from dutyflow.lab.diagram import lifecycle_dot
from dutyflow.resources import workflows_dir
from dutyflow.rulebook.load import load_rulebook

PICTURES = Path(__file__).parent.parent / "docs" / "pictures"
PACKS = (("complaint_loop", "complaint"), ("revisit_survey", "revisit"), ("field_repair", "repair"))


def main() -> None:
    """One SVG for each workflow and language."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    for pack, workflow in PACKS:
        rules = load_rulebook(workflows_dir() / pack).require_rules()
        for lang in ("zh", "en"):
            dot = lifecycle_dot(rules, rules.workflows[workflow], lang)
            target = PICTURES / f"{workflow}.{lang}.svg"
            subprocess.run(["dot", "-Tsvg", "-o", str(target)], input=dot.encode(), check=True)


if __name__ == "__main__":
    main()
