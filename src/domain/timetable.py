"""The dates of a DAG, as its timetable gives them."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from airflow_run_groups.domain.model import require_moments

Interval: TypeAlias = "dt.timedelta | str"
"""The time between two dates: a length, or a cron expression."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataInterval:
    """The stretch of time whose data a run works on; start and end are aware and may be equal.

    :raises ValueError: when a bound is no moment in time, or the end lies before the start.
    """

    start: dt.datetime
    end: dt.datetime

    def __post_init__(self) -> None:
        require_moments(self.start, self.end)
        if self.end < self.start:
            msg = f"a data interval cannot end ({self.end}) before it starts ({self.start})"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class DagRunInfo:
    """One date of a timetable: the data interval of its run, and when the run may start at the earliest.

    ``is_scheduled``: whether it is one of the DAG's own schedule.

    :raises ValueError: when a date is naive, or lies outside the years 1 to 9999 in UTC.
    """

    logical_date: dt.datetime
    data_interval: DataInterval
    run_after: dt.datetime
    is_scheduled: bool = True

    def __post_init__(self) -> None:
        require_moments(self.logical_date, self.run_after)


class Timetable(Protocol):
    """When a DAG runs, by its own schedule."""

    @property
    def periodic(self) -> bool:
        """Whether the schedule itself yields dates; not so for None, ``@once``, ``@continuous`` and assets."""

    @property
    def partitioned(self) -> bool:
        """Whether its runs have a partition in place of a logical date."""

    def infos_between(self, start: dt.datetime, end: dt.datetime) -> Iterator[DagRunInfo]:
        """Yield every date the schedule holds with ``start <= logical_date <= end``, each with its scheduled run's interval.

        Lazy: a date is computed when it is drawn, so the first few dates of a century cost no more than themselves.
        Logical dates ascend, without a repeat. Nothing when the schedule is not periodic, or start lies after end.
        The DAG's own first and last date play no part.

        :raises TimetableFailed: when the schedule itself fails or does not advance, at the date where it does.
        """

    def manual_interval(self, run_after: dt.datetime) -> DataInterval:
        """Return the interval that a manual run at this moment works on.

        :raises TimetableFailed: when the schedule itself fails.
        """
