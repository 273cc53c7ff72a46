"""A cron timetable that parses its expression once.

Airflow's own parses its cron expression anew for each date, which takes longer than finding the date. May go when the
supported versions of Airflow keep their croniter (CronMixin builds one per date in 3.0 to 3.4).
"""

import datetime as dt
from copy import copy
from types import FunctionType, MethodType

from airflow.timetables._cron import CronMixin
from airflow.timetables.base import Timetable
from croniter import croniter  # type: ignore[import-untyped]

from airflow_run_groups.adapters.airflow import compat

_METHODS = ("_get_next", "_get_prev")
"""Where Airflow builds a croniter (CronMixin, 3.0 to 3.4)."""


def parsing_once(timetable: Timetable) -> Timetable:
    """Return a timetable with the same dates: the same code with a croniter that is kept, unless it is not Airflow's."""
    kind = type(timetable)
    is_of_a_site = any(getattr(kind, name, None) is not getattr(CronMixin, name) for name in _METHODS)
    if is_of_a_site or compat.MINOR not in compat.PROVED_MINORS:
        return timetable
    copied, cache = copy(timetable), _CroniterCache()
    for name in _METHODS:
        code = getattr(CronMixin, name)
        with_cache = FunctionType(code.__code__, {**code.__globals__, "croniter": cache})
        setattr(copied, name, MethodType(with_cache, copied))
    return copied


class _CroniterCache:
    """Stands in for croniter's class where the dates of one expression, or a few, are needed."""

    def __init__(self) -> None:
        self._kept: dict[str, croniter] = {}

    def __call__(self, expression: str, start_time: dt.datetime) -> croniter:
        if expression not in self._kept:
            self._kept[expression] = croniter(expression, start_time=start_time)
        self._kept[expression].set_current(start_time)
        return self._kept[expression]
