"""Cron timetables that parse their expressions once, and look for each tick once, or for those of one day or week.

Airflow's own parses its cron expression anew for each date, which takes longer than finding the date. One that is made of
several looks for the next tick of each expression at each date, and one of data intervals looks for ticks that it has just
found. May go when the supported versions of Airflow keep their croniter (CronMixin builds one per date in 3.0 to 3.4).
"""

import datetime as dt
import re
from copy import copy
from functools import lru_cache
from types import FunctionType, MethodType
from typing import Any

from airflow.timetables._cron import CronMixin
from airflow.timetables.base import Timetable
from croniter import croniter  # type: ignore[import-untyped]

from airflow_run_groups.adapters.airflow import compat

_METHODS = ("_get_next", "_get_prev")
"""The places where Airflow builds a croniter (CronMixin, 3.0 to 3.4)."""
_ALIGN = "_align_to_next"
"""The method that a timetable of data intervals calls with the start, again for each date (_DataIntervalTimetable, 3.0 to 3.4)."""
_AIRFLOWS = "airflow.timetables."
"""How the names of modules of Airflow's own timetables begin."""


def parsing_once(timetable: Timetable) -> Timetable:
    """Return a timetable with the same dates: the same code with a croniter that is kept, unless the code is not Airflow's.

    One of Airflow's that is made of others gets these in their place.
    """
    if compat.MINOR not in compat.PROVED_MINORS:
        return timetable
    if not isinstance(timetable, CronMixin):
        return _with_parts(timetable)
    if any(getattr(type(timetable), name) is not getattr(CronMixin, name) for name in _METHODS):
        return timetable
    copied, cache = copy(timetable), _CroniterCache()
    for name in _METHODS:
        code = getattr(CronMixin, name)
        with_cache = FunctionType(code.__code__, {**code.__globals__, "croniter": cache})
        setattr(copied, name, MethodType(with_cache, copied))
    align: Any = getattr(CronMixin, _ALIGN)
    if getattr(type(timetable), _ALIGN) is align:
        setattr(copied, _ALIGN, lru_cache(maxsize=1)(MethodType(align, copied)))
    return copied


def _with_parts(timetable: Timetable) -> Timetable:
    """Return one of Airflow's that is made of others with parts that parse once.

    MultipleCronTriggerTimetable has a list of parts, and AssetOrTimeSchedule one, in 3.0 to 3.4.
    """
    own: dict[str, Any] = {}
    if isinstance(parts := getattr(timetable, "_timetables", None), list):
        own["_timetables"] = [parsing_once(one) for one in parts]
    if isinstance(part := getattr(timetable, "timetable", None), Timetable):
        own["timetable"] = parsing_once(part)
    if not own or not type(timetable).__module__.startswith(_AIRFLOWS):
        return timetable
    copied = copy(timetable)
    vars(copied).update(own)
    return copied


class _CroniterCache:
    """Stands in for croniter's class where the dates of one expression, or a few, are needed."""

    def __init__(self) -> None:
        self._kept: dict[str, _Ticks] = {}

    def __call__(self, expression: str, start_time: dt.datetime) -> "_Ticks":
        if expression not in self._kept:
            self._kept[expression] = _Ticks(croniter(expression, start_time=start_time), _period(expression))
        self._kept[expression].set_current(start_time)
        return self._kept[expression]


_PLAIN = re.compile(r"[0-9*,/-]+")
"""A field of a cron expression without names, and without what depends on the month."""
_FIELDS = 5
_EPOCH = dt.datetime.min  # noqa: DTZ901 - as the dates of a croniter here, which are naive
_DAY, _WEEK = dt.timedelta(days=1), dt.timedelta(days=7)


def _period(expression: str) -> dt.timedelta | None:
    """Return after how long the ticks of an expression repeat, None where that depends on the calendar."""
    fields = expression.split()
    if len(fields) != _FIELDS or not all(map(_PLAIN.fullmatch, fields)) or fields[2:4] != ["*", "*"]:
        return None
    return _DAY if fields[4] == "*" else _WEEK


class _Ticks:
    """Stands in for a croniter, and remembers the ticks that it has found, as far as they say where others are.

    Dates are naive here, so no clock is put forward or back between them. All dates from one tick up to the next have that
    as their next one. Where ticks repeat each day, or each week, the next one lies as far ahead as a day or a week ago.
    """

    def __init__(self, cron: croniter, period: dt.timedelta | None) -> None:
        self._cron = cron
        self._period = period
        self._ahead: dict[dt.timedelta, dt.timedelta] = {}
        self._current = self._since = self._next = _EPOCH
        self._since_is_tick = False

    @property
    def expanded(self) -> Any:
        return self._cron.expanded

    def set_current(self, current: dt.datetime) -> None:
        self._current = current

    def get_next(self, kind: type[dt.datetime]) -> dt.datetime:
        if not self._since <= self._current < self._next:
            found = self._found(kind)
            self._since_is_tick = self._current == self._next
            self._since, self._next = self._current, found
        return self._next

    def _found(self, kind: type[dt.datetime]) -> dt.datetime:
        place = None if self._period is None else (self._current - _EPOCH) % self._period
        if place in self._ahead:
            return self._current + self._ahead[place]
        self._cron.set_current(self._current)
        found: dt.datetime = self._cron.get_next(kind)
        if place is not None:
            self._ahead[place] = found - self._current
        return found

    def get_prev(self, kind: type[dt.datetime]) -> dt.datetime:
        if self._since_is_tick and self._since < self._current <= self._next:
            return self._since
        self._cron.set_current(self._current)
        found: dt.datetime = self._cron.get_prev(kind)
        return found
