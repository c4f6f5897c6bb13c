"""Compares which rows of a step were refused, and why, with what its scenario expects."""

from __future__ import annotations

from dutyflow.lab.expectations import Mismatch
from dutyflow.lab.scenario import Population, RefusedRow, ScenarioStep
from dutyflow.ports.records import BadRow
from dutyflow.wording import Phrase


def compare_rows(population: Population, bad: tuple[BadRow, ...], step: ScenarioStep) -> list[Mismatch]:
    """The list is complete: every row that is refused and none besides, for the reasons that are written."""
    wanted = sorted(population.refused, key=lambda row: row.number)
    if len(wanted) == len(bad) and all(map(_agree, wanted, bad)):
        return []
    return [
        Mismatch(
            what=Phrase.of("compare.refused_rows"),
            expected=tuple(_text(row.number, row.why, row.first) for row in wanted) or Phrase.of("compare.accepted"),
            got=tuple(_text(row.number, row.why, row.first) for row in bad) or Phrase.of("compare.accepted"),
            place=wanted[0].place if wanted else step.place,
            at=step.at,
            ticket=step.ticket,
        )
    ]


def _agree(want: RefusedRow, got: BadRow) -> bool:
    return want.number == got.number and want.why in (None, got.why) and want.first in (None, got.first)


def _text(number: int, why: str | None, first: int | None) -> str:
    """`3 repeated_key (1)`: the row, why it is refused, the row that has its key first."""
    return " ".join([str(number), *([why] if why else []), *([f"({first})"] if first else [])])
