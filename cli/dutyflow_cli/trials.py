"""Finds and plays the scenarios of rulebooks, for `dutyflow test` and for whoever wants to know that they pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from dutyflow.errors import InputError
from dutyflow.lab.coverage import KINDS, Coverage, CoverageItem, CoverageKind, coverage
from dutyflow.lab.scenario import Scenario
from dutyflow.lab.scenario_reader import read_scenarios
from dutyflow.lab.trial import ScenarioResult, play
from dutyflow.rulebook.findings import Findings
from dutyflow.rulebook.load import Loaded, load_rulebook
from dutyflow.wording import say
from dutyflow_cli.rulebooks import default_paths, exists, merged, own_ids, rulebook_around, rulebooks_at, shorten


@dataclass(frozen=True, slots=True)
class Trial:
    """One rulebook with the scenarios of it that were played."""

    loaded: Loaded
    results: tuple[ScenarioResult, ...]
    coverage: Coverage


@dataclass(slots=True)
class Trials:
    """All that was played, and what kept the rest from being played."""

    trials: list[Trial] = field(default_factory=list)
    findings: Findings = field(default_factory=Findings)

    @property
    def results(self) -> list[ScenarioResult]:
        """The results of all rulebooks in order."""
        return [result for trial in self.trials for result in trial.results]

    @property
    def failed(self) -> int:
        """How many scenarios did not go as expected."""
        return sum(not result.passed for result in self.results)

    @property
    def percent(self) -> int:
        """The share of all states, events, branches and clocks that the scenarios passed."""
        totals = [self.count(kind) for kind in KINDS]
        total = sum(total for _, total in totals)
        return sum(passed for passed, _ in totals) * 100 // total if total else 100

    def count(self, kind: CoverageKind) -> tuple[int, int]:
        """How many of a kind were passed, of how many."""
        counts = [trial.coverage.count(kind) for trial in self.trials]
        return sum(passed for passed, _ in counts), sum(total for _, total in counts)

    def missing(self) -> list[tuple[Loaded, CoverageItem]]:
        """What no scenario has touched: states first, clocks last."""
        missing = [(trial.loaded, item) for trial in self.trials for item in trial.coverage.missing]
        return sorted(missing, key=lambda pair: KINDS.index(pair[1].kind))


@dataclass(frozen=True, slots=True)
class Wanted:
    """A rulebook and the part of its scenarios that somebody asked for."""

    rulebook: Path
    below: Path | None = None


def wanted_at(paths: Iterable[str], lang: str) -> list[Wanted]:
    """The rulebooks at some paths; a scenario file, or a folder of them, means the rulebook around it."""
    wanted: dict[tuple[Path, Path | None], Wanted] = {}
    for path in [shorten(Path(name)) for name in paths] or default_paths():
        if not exists(path, lang):
            raise InputError(say("cli.no_such_path", lang, path=path))
        around = rulebook_around(path)
        found = [Wanted(around, path)] if around else [Wanted(each) for each in rulebooks_at([str(path)], lang)]
        wanted |= {(one.rulebook.resolve(), one.below): one for one in found}
    return list(wanted.values())


def run(wanted: Iterable[Wanted], text: str | None, tell: Callable[[str], None]) -> Trials:
    """Play the scenarios that were asked for; `text` must be in their id, title, file or rule numbers."""
    trials = Trials()
    for one in wanted:
        loaded = load_rulebook(one.rulebook)
        scenarios: tuple[Scenario, ...] = ()
        if loaded.rules is not None and loaded.raw is not None:
            scenarios = read_scenarios(loaded.raw, loaded.rules, loaded.findings, loaded.reports.metrics)
        trials.findings = merged([trials.findings, loaded.findings])
        chosen = [scenario for scenario in scenarios if _is_chosen(scenario, one, text)]
        if loaded.rules is not None:
            trials.trials.append(_trial(loaded, chosen, tell))
    return trials


def _trial(loaded: Loaded, scenarios: list[Scenario], tell: Callable[[str], None]) -> Trial:
    rules = loaded.require_rules()
    results = []
    for scenario in scenarios:
        tell(scenario.id)
        results.append(play(rules, scenario))
    passed = frozenset().union(*(result.passed_items for result in results))
    return Trial(loaded, tuple(results), coverage(rules, own_ids(loaded, "workflows"), passed))


def _is_chosen(scenario: Scenario, wanted: Wanted, text: str | None) -> bool:
    file = Path(scenario.place.file)
    if wanted.below is not None and not file.resolve().is_relative_to(wanted.below.resolve()):
        return False
    told = (scenario.id, *scenario.title.values(), *scenario.covers, file.name)
    return text is None or any(text.casefold() in each.casefold() for each in told)
