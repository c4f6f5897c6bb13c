"""Metrics and statistics: exact shares, what is left out, targets, tables with totals."""

from __future__ import annotations

import tempfile
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kernel.builders import at
from tests.lab.admission import ADMISSION, load

from dutyflow.lab.report import Counter, Figure, Table, counter_of, figures_of, tables_of
from dutyflow.lab.simulation import Simulation
from dutyflow.rulebook.compile.reports import Metric
from dutyflow.rulebook.load import Loaded, load_rulebook


def simulated(loaded: Loaded) -> Simulation:
    """Two math seats and one that waits, one art seat, one that is given back."""
    simulation = Simulation(loaded.require_rules(), workflow="seat")
    seats = [("a", "math", "100.50"), ("b", "math", "0.25"), ("c", "math", None), ("d", "art", "7"), ("e", "art", "9")]
    for minute, (name, major, fee) in enumerate(seats):
        data = {"major": major} if fee is None else {"major": major, "fee": fee}
        simulation.do(at(f"03-02 10:0{minute}"), "A1", "book", data, ticket=name)
    simulation.do(at("03-02 10:30"), "A1", "cancel", ticket="e")
    return simulation


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    return load(tmp_path)


def figure(loaded: Loaded, name: str) -> Figure:
    found = figures_of(simulated(loaded), loaded.reports)
    return next(figure for figure in found if figure.metric.id == name)


def table(loaded: Loaded, name: str) -> Table:
    return next(table for table in tables_of(simulated(loaded), loaded.reports) if table.statistic.id == name)


def test_a_metric_is_a_share_and_what_is_excluded_stands_on_neither_side(loaded: Loaded) -> None:
    found = figure(loaded, "booked_share")
    assert (found.numerator, found.denominator, found.excluded) == (3, 4, 1)
    assert found.value == Decimal("0.75")
    assert found.reached is True


def test_a_metric_among_some_tickets_looks_at_no_others(loaded: Loaded) -> None:
    found = figure(loaded, "art_share")
    assert (found.numerator, found.denominator, found.excluded) == (1, 3, 0)
    assert found.reached is False
    assert found.rounded(4) == Decimal("0.3333")


def test_a_metric_of_money_adds_up_exactly_and_a_missing_amount_adds_nothing(loaded: Loaded) -> None:
    found = figure(loaded, "money_booked")
    assert (found.numerator, found.denominator) == (Decimal("107.75"), Decimal("116.75"))
    assert found.reached is None


def test_without_tickets_there_is_no_share_and_no_target_is_reached(loaded: Loaded) -> None:
    simulation = Simulation(loaded.require_rules())
    simulation.advance(at("03-02 10:00"))
    for found in figures_of(simulation, loaded.reports):
        assert (found.denominator, found.value, found.reached, found.rounded(2)) == (0, None, None, None)


@given(st.integers(0, 10**6), st.integers(1, 10**6), st.integers(0, 10**6))
@settings(max_examples=100)
def test_a_target_is_reached_exactly_or_not_whatever_the_rounding(part: int, whole: int, target: int) -> None:
    condition = load_once().reports.metrics["booked_share"].counts
    metric = Metric(id="m", title={}, workflow="seat", counts=condition, target=Decimal(target).scaleb(-6))
    found = Figure(metric=metric, numerator=Decimal(part), denominator=Decimal(whole), excluded=Decimal(0))
    assert found.reached is (part * 10**6 >= target * whole)


_LOADED: list[Loaded] = []


def load_once() -> Loaded:
    """The rulebook, for properties that need it many times."""
    if not _LOADED:
        with tempfile.TemporaryDirectory() as folder:
            _LOADED.append(load(Path(folder)))
    return _LOADED[0]


def test_halves_are_rounded_away_from_zero(loaded: Loaded) -> None:
    metric = loaded.reports.metrics["booked_share"]
    found = Figure(metric=metric, numerator=Decimal(1), denominator=Decimal(8), excluded=Decimal(0))
    assert (found.rounded(2), found.rounded(0)) == (Decimal("0.13"), Decimal(0))


def test_a_statistic_has_rows_and_columns_in_the_order_of_declaration_and_totals(loaded: Loaded) -> None:
    found = table(loaded, "by_major")
    assert found.rows == ("math", "art")
    assert found.columns == ("waiting", "booked", "gone")
    assert [[found.cell(row, column) for column in found.columns] for row in found.rows] == [[1, 2, 0], [0, 1, 1]]
    assert [found.row_total(row) for row in found.rows] == [3, 2]
    assert [found.column_total(column) for column in found.columns] == [1, 3, 1]
    assert found.total == 5


def test_a_statistic_may_sum_a_field_and_look_at_some_tickets_only(loaded: Loaded) -> None:
    fees = table(loaded, "fees")
    assert (fees.columns, [fees.row_total(row) for row in fees.rows], fees.total) == (
        (None,),
        [Decimal("100.75"), 16],
        Decimal("116.75"),
    )
    outcomes = table(loaded, "by_outcome")
    assert (outcomes.rows, outcomes.total) == ((None,), 3)


def test_any_tickets_can_be_counted_not_only_those_of_a_simulation(loaded: Loaded) -> None:
    simulation = simulated(loaded)
    kept = [ticket for ticket in simulation.tickets() if ticket.fields["major"] == "math"]
    counter = Counter(simulation.rules, kept, now=simulation.now, facts=simulation.runner.facts())
    metric = loaded.reports.metrics["booked_share"]
    assert (counter.figure(metric).denominator, counter_of(simulation).figure(metric).denominator) == (3, 4)


MISTAKES = [
    ("metrics: {m: {of: seet, counts: state == 'booked'}}", "DF209"),
    ("metrics: {m: {of: seat, counts: stat == 'booked'}}", "DF221"),
    ("metrics: {m: {of: seat, counts: fee}}", "DF229"),
    ("metrics: {m: {of: seat, counts: state == 'booked', sum: fees}}", "DF205"),
    ("metrics: {m: {of: seat, counts: state == 'booked', sum: major}}", "DF263"),
    ("statistics: {s: {of: seat, rows: majr}}", "DF205"),
    ("statistics: {s: {of: seat, rows: major, columns: stat}}", "DF205"),
    ("statistics: {s: {of: seat, rows: major, value: {sum: topic}}}", "DF263"),
]


@pytest.mark.parametrize(("text", "code"), MISTAKES)
def test_a_report_that_cannot_be_counted_is_a_finding(tmp_path: Path, text: str, code: str) -> None:
    (tmp_path / "rules.yaml").write_text(ADMISSION.partition("metrics:")[0] + text + "\n", encoding="utf-8")
    loaded = load_rulebook(tmp_path)
    assert [finding.code for finding in loaded.findings] == [code]
    assert loaded.rules is None


def test_reports_do_not_change_the_hash_that_tickets_are_pinned_to(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(ADMISSION.partition("metrics:")[0], encoding="utf-8")
    without = load_rulebook(tmp_path).require_rules()
    (tmp_path / "rules.yaml").write_text(ADMISSION, encoding="utf-8")
    assert load_rulebook(tmp_path).require_rules().hash == without.hash
