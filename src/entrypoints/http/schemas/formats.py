"""How dates and truth values are written in answers: as text that older clients parse, or as JSON knows them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from enum import Enum

import orjson

_UTC = dt.timezone.utc


class ValueFormat(str, Enum):
    """The two ways; the setting ``value_format`` picks one."""

    TEXT = "text"
    JSON = "json"

    @property
    def dates(self) -> Callable[[Sequence[dt.datetime | None]], list[str | None]]:
        """How aware dates are written, in UTC, or none: all at once, since a list holds hundreds of them."""
        return _rfc3339 if self is ValueFormat.JSON else _text

    @property
    def flags(self) -> Callable[[Sequence[bool]], Sequence[str | bool]]:
        """How truth values are written."""
        return list if self is ValueFormat.JSON else _words


def rfc3339(date: dt.datetime | None) -> str | None:
    """Write an aware date in UTC as JSON APIs do, ending in ``Z``; none is null."""
    return _rfc3339([date])[0]


def _rfc3339(dates: Sequence[dt.datetime | None]) -> list[str | None]:
    written: list[str | None] = orjson.loads(_isoformat(dates).replace(b"+00:00", b"Z"))
    return written


def _text(dates: Sequence[dt.datetime | None]) -> list[str | None]:
    isoformat = _isoformat(dates)
    written: list[str | None] = orjson.loads(
        isoformat.replace(b"T", b" ").replace(b"+00:00", b"").replace(b"null", b'"None"')
    )
    return written


def _words(flags: Sequence[bool]) -> list[str]:
    return [str(flag) for flag in flags]


def _isoformat(dates: Sequence[dt.datetime | None]) -> bytes:
    """Write a JSON array of what ``isoformat`` returns for each date in UTC, in a tenth of its time."""
    written = orjson.dumps(dates, dt.datetime.isoformat)
    if written.count(b"+00:00") == written.count(b"T"):
        return written
    return orjson.dumps([date and date.astimezone(_UTC) for date in dates], dt.datetime.isoformat)
