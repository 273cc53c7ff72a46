"""Domain data is valid as soon as it exists, and says what it means."""

import datetime as dt

import pytest

from airflow_run_groups.domain import (
    AmbiguousRunId,
    Conflict,
    DagNotFound,
    DagRun,
    DagRunInfo,
    DagRunNotFound,
    DagRunType,
    DataInterval,
    NotFound,
)
from tests.unit.domain.schedules import day

NAIVE = dt.datetime(2021, 1, 1)


def test_a_data_interval_may_be_a_moment_but_cannot_end_before_it_starts():
    DataInterval(start=day(1), end=day(1))
    with pytest.raises(ValueError, match="cannot end"):
        DataInterval(start=day(2), end=day(1))


@pytest.mark.parametrize("bounds", [{"start": NAIVE, "end": day(2)}, {"start": day(1), "end": NAIVE}])
def test_a_data_interval_has_a_time_zone(bounds):
    with pytest.raises(ValueError, match="has no time zone"):
        DataInterval(**bounds)


@pytest.mark.parametrize("naive", ["logical_date", "run_after"])
def test_a_date_of_a_timetable_has_a_time_zone(naive):
    facts = {"logical_date": day(1), "run_after": day(1), "data_interval": DataInterval(start=day(1), end=day(1))}
    with pytest.raises(ValueError, match="has no time zone"):
        DagRunInfo(**{**facts, naive: NAIVE})


@pytest.mark.parametrize(
    ("run_type", "external"),
    [
        (DagRunType.MANUAL, True),
        (DagRunType.OPERATOR_TRIGGERED, True),
        (DagRunType.ASSET_MATERIALIZATION, True),
        (DagRunType.SCHEDULED, False),
        (DagRunType.BACKFILL, False),
        (DagRunType.ASSET_TRIGGERED, False),
    ],
)
def test_a_run_is_externally_triggered_when_somebody_asked_for_it(run_type, external):
    assert run_type.externally_triggered is external
    assert run_of_type(run_type.value).external_trigger is external


def test_a_run_of_a_type_that_we_do_not_know_counts_as_airflows_own():
    assert run_of_type("of_a_later_airflow").external_trigger is False


def test_errors_say_what_was_asked_for():
    assert str(DagNotFound("a_dag")) == "Dag id 'a_dag' not found"
    assert str(DagRunNotFound()) == "Dag run id not found"
    assert str(AmbiguousRunId("x", ["b", "a"])) == "Dag run id 'x' exists in several DAGs: a, b. Pick one with dag_id"


def test_an_error_names_ten_dags_of_a_thousand():
    text = str(AmbiguousRunId("x", [f"{number:0250}" for number in range(1000)]))
    assert len(text) < 3000
    assert f"{9:0250} and 990 more. Pick one with dag_id" in text
    assert "more" not in str(AmbiguousRunId("x", [f"d{number}" for number in range(10)]))


def test_errors_belong_to_the_family_that_carries_their_meaning():
    assert issubclass(DagNotFound, NotFound)
    assert issubclass(DagRunNotFound, NotFound)
    assert issubclass(AmbiguousRunId, Conflict)


def run_of_type(run_type):
    return DagRun(id=1, dag_id="a", run_id="x", state="success", run_type=run_type, logical_date=None)
