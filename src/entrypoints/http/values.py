"""How dates and truth values are written in answers: as text that older clients parse, or as JSON knows them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from enum import Enum

import orjson

_UTC = dt.timezone.utc
_ISOFORMAT = dt.datetime.isoformat


class ValueFormat(str, Enum):
    """The two ways; the setting ``value_format`` picks one."""

    TEXT = "text"
    JSON = "json"

    @property
    def date(self) -> Callable[[dt.datetime | None], str | None]:
        """How an aware date is written, in UTC, or none."""
        return rfc3339 if self is ValueFormat.JSON else _text

    @property
    def flag(self) -> Callable[[bool], str | bool]:
        """How a truth value is written."""
        return bool if self is ValueFormat.JSON else str


def rfc3339(date: dt.datetime | None) -> str | None:
    """Write an aware date in UTC as JSON APIs do, ending in ``Z``; none is null."""
    return None if date is None else f"{_utc(date)}Z"


def _text(date: dt.datetime | None) -> str:
    return "None" if date is None else _utc(date).replace("T", " ")


def _utc(date: dt.datetime) -> str:
    """Do as ``isoformat`` does, without the offset, in a quarter of its time: a list holds hundreds of dates."""
    return orjson.dumps(date.astimezone(_UTC), _ISOFORMAT)[1:-7].decode()
