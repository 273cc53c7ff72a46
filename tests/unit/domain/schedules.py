"""Timetables and a plan with defaults, so that a test shows only what it is about."""

import datetime as dt
from dataclasses import fields

from airflow_run_groups.domain import Dag, DagRunInfo, DataInterval, GroupRequest, plan_group

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


def plan(**facts):
    """Plan a batch of a daily DAG that has no runs, for a request without dates; ``facts`` may say any of it otherwise."""
    situation = {"dag": Dag(dag_id="a_dag"), "timetable": Daily(), "taken": (), "last_number": 0, "now": NOW}
    asked = {field.name for field in fields(GroupRequest)} & facts.keys()
    request = GroupRequest(**{"dag_id": "a_dag", **{name: facts.pop(name) for name in asked}})
    return plan_group(request, **{**situation, **facts})


def dates(batch):
    return [run.logical_date for run in batch.runs]


def run_ids(batch):
    return [run.run_id for run in batch.runs]
