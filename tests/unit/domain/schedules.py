"""Timetables, and creations and plans with defaults, so that a test shows only what it is about."""

import datetime as dt
from dataclasses import fields

from airflow_run_groups.domain import Dag, DagRunInfo, DataInterval, GroupRequest, PlanningFacts, plan_group, summarise
from airflow_run_groups.domain.planning.plan import runs_to_create

DAY = dt.timedelta(days=1)


def utc(*parts):
    return dt.datetime(*parts, tzinfo=dt.timezone.utc)


def day(number):
    """Return the n-th day of 2021 and beyond."""
    return utc(2021, 1, 1) + (number - 1) * DAY


NOW = utc(2024, 6, 1, 12, 30, 15, 123456)


class Listed:
    """A timetable of the dates given; it counts how many of them were drawn."""

    periodic = True
    partitioned = False

    def __init__(self, dates, *, runs_after=dt.timedelta(0)):
        self.dates = dates
        self.runs_after = runs_after
        self.drawn = 0

    def infos_between(self, start, end):
        for date in self.dates:
            if date > end:
                return
            if date >= start:
                self.drawn += 1
                yield self.info(date)

    def manual_interval(self, run_after):
        return DataInterval(start=run_after - DAY, end=run_after)

    def info(self, date):
        return DagRunInfo(
            logical_date=date,
            data_interval=DataInterval(start=date, end=date + self.runs_after),
            run_after=date + self.runs_after,
        )


class Daily(Listed):
    """Every midnight of 2021 and of the years after."""

    def __init__(self, *, runs_after=dt.timedelta(0)):
        super().__init__(_days(), runs_after=runs_after)


class Unscheduled(Listed):
    """A timetable that holds no dates."""

    periodic = False

    def __init__(self):
        super().__init__([])


class Partitioned(Unscheduled):
    """A timetable whose runs have partitions."""

    partitioned = True


def _days():
    date = day(1)
    while True:
        yield date
        date += DAY


def create(*, now=NOW, **facts):
    """Decide what a request without dates creates for a daily DAG that has no runs; ``facts`` may say any of it otherwise."""
    return runs_to_create(*_situation(facts), now=now, created_by=None)


def plan(*, now=NOW, **facts):
    """Plan the same."""
    return plan_group(*_situation(facts), now=now)


def summary(*, now=NOW, limited=False, planned=0, enough=None, **facts):
    """Plan the same in short; ``enough`` is how many dates are."""
    return summarise(
        *_situation(facts), now=now, limited=limited, planned=planned, is_enough=lambda seen: seen == enough
    )


def _situation(facts):
    of_request = {field.name for field in fields(GroupRequest)} & facts.keys()
    request = GroupRequest(**{"dag_id": "a_dag", **{name: facts.pop(name) for name in of_request}})
    default = {"dag": Dag(dag_id="a_dag"), "timetable": Daily(), "existing_dates": (), "last_number": 0}
    return request, PlanningFacts(**{**default, **facts})


def dates(created):
    return [run.logical_date for run in created.runs]


def run_ids(created):
    return [run.run_id for run in created.runs]
