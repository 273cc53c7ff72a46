"""Coverage of a range: what hinders it from being complete, and how much one answer covers."""

import datetime as dt

import pytest

from airflow_run_groups.domain import (
    Coverage,
    CoverageRequest,
    CoverageStretch,
    CoveredDate,
    Dag,
    DagRunInfo,
    DataInterval,
    DateStatus,
    Refused,
)
from airflow_run_groups.domain.coverage import MAX_DATES, covered_dates, scheduled_dates
from airflow_run_groups.domain.planning.runs import ExistingRun
from tests.unit.domain.schedules import DAY, NOW, Daily, Listed, day

REQUEST = CoverageRequest(dag_id="a", start_date=day(1), end_date=day(30))
DAG = Dag(dag_id="a")


def coverage(*statuses, next_start_date=None):
    dates = tuple(
        CoveredDate(logical_date=day(number), status=DateStatus(status), run_id=None, run_type=None)
        for number, status in enumerate(statuses, 1)
    )
    return Coverage(dag_id="a", dates=dates, next_start_date=next_start_date)


def scheduled(request=REQUEST, timetable=None, is_enough=lambda: False):
    return scheduled_dates(request, DAG, timetable or Daily(), now=NOW, is_enough=is_enough)


@pytest.mark.parametrize("status", ["failed", "running", "queued", "missing"])
def test_a_date_without_success_hinders(status):
    assert not coverage("success", status, "success").complete


def test_dates_that_no_run_is_due_for_do_not_hinder():
    assert coverage("before_start", "success", "no_tasks", "not_yet", "after_end").complete
    assert coverage().complete


def test_a_range_of_which_a_part_is_not_covered_is_not_complete():
    assert not coverage("success", next_start_date=day(2)).complete


def test_stretches_are_consecutive_dates_of_one_status():
    found = coverage("success", "success", "missing", "success")
    assert found.stretches == [
        CoverageStretch(status=DateStatus.SUCCESS, first=day(1), last=day(2), total=2),
        CoverageStretch(status=DateStatus.MISSING, first=day(3), last=day(3), total=1),
        CoverageStretch(status=DateStatus.SUCCESS, first=day(4), last=day(4), total=1),
    ]
    assert (found.total, found.counts["success"], found.counts["missing"], found.counts["queued"]) == (4, 3, 1, 0)
    assert list(found.counts) == [status.value for status in DateStatus]


def test_one_answer_covers_ten_thousand_dates_and_says_where_to_go_on():
    minutes = Listed([day(1) + number * dt.timedelta(minutes=1) for number in range(MAX_DATES + 5)])
    infos, rest = scheduled(timetable=minutes)
    assert (len(infos), rest) == (MAX_DATES, minutes.dates[MAX_DATES])
    assert minutes.drawn == MAX_DATES + 1
    whole, rest = scheduled(CoverageRequest(dag_id="a", start_date=rest, end_date=day(30)), minutes)
    assert (len(whole), rest) == (5, None)


def test_an_answer_that_takes_too_long_ends_sooner_after_one_date_at_least():
    infos, rest = scheduled(is_enough=lambda: True)
    assert ([info.logical_date for info in infos], rest) == ([day(1)], day(2))


def test_without_an_end_a_range_ends_now():
    infos, rest = scheduled(CoverageRequest(dag_id="a", start_date=NOW - 2 * DAY))
    assert ([info.logical_date for info in infos], rest) == (
        [NOW.replace(hour=0, minute=0, second=0, microsecond=0) - one * DAY for one in (1, 0)],
        None,
    )


def test_a_stretch_of_dates_before_the_dags_own_leaves_the_phase_of_its_own_dates_alone():
    dag = Dag(dag_id="a", start_date=day(3) + dt.timedelta(hours=5), end_date=day(6))
    infos, _ = scheduled_dates(REQUEST, dag, Stepping(), now=NOW, is_enough=lambda: False)
    own = [info.logical_date for info in infos if dag.start_date <= info.logical_date <= dag.end_date]
    assert own == [dag.start_date + number * DAY for number in range(3)]
    assert [info.logical_date for info in infos] == sorted({info.logical_date for info in infos})


class Stepping(Listed):
    """A timetable of steps of a day, counted from where it is walked."""

    def __init__(self):
        super().__init__([])

    def infos_between(self, start, end):
        while start <= end:
            yield self.info(start)
            start += DAY


def test_an_end_before_the_start_is_refused():
    with pytest.raises(Refused, match="end_date 2021-01-01T00:00:00Z lies before start_date 2021-01-02T00:00:00Z"):
        CoverageRequest(dag_id="a", start_date=day(2), end_date=day(1))


@pytest.mark.parametrize(("quality", "text"), [("periodic", "no periodic schedule"), ("partitioned", "partitioned")])
def test_a_dag_whose_schedule_holds_no_dates_is_refused(quality, text):
    timetable = Listed([])
    setattr(timetable, quality, quality == "partitioned")
    with pytest.raises(Refused, match=text):
        scheduled(timetable=timetable)


def test_a_state_that_only_a_newer_airflow_knows_has_not_ended():
    info = DagRunInfo(logical_date=day(1), data_interval=DataInterval(start=day(1), end=day(1)), run_after=day(1))
    run = ExistingRun(logical_date=day(1), run_id="r", state="resting", run_type="manual", created_by=None)
    (found,) = covered_dates([info], DAG, {day(1): run}, now=NOW)
    assert found.status is DateStatus.RUNNING
