"""The two value formats of responses, and the fields that write them: a column of a page at a time, as a page has hundreds."""

import datetime as dt
from collections.abc import Sequence
from enum import Enum
from typing import Any

import orjson
from marshmallow import fields
from marshmallow.validate import OneOf, Regexp

from airflow_run_groups.domain.model import in_utc

_UTC = dt.timezone.utc


class JsonDate(fields.DateTime):
    """An aware date as RFC 3339 has it, in UTC and ending in ``Z``."""

    def _serialize(self, value: dt.datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else in_utc(value)

    @staticmethod
    def column(dates: Sequence[dt.datetime | None]) -> list[str | None]:
        written: list[str | None] = orjson.loads(_isoformat(dates))
        return written


class TextDate(fields.String):
    """An aware date in UTC such as ``2017-09-19 12:00:00``, or ``None``."""

    def __init__(self, **more: Any) -> None:
        super().__init__(validate=Regexp(_TEXT_DATE), **more)

    @staticmethod
    def column(dates: Sequence[dt.datetime | None]) -> list[str]:
        text = _isoformat(dates).translate(_SPACE_FOR_T, b"Z").replace(b"null", b'"None"')
        written: list[str] = orjson.loads(text)
        return written


_SPACE_FOR_T = bytes.maketrans(b"T", b" ")
_TEXT_DATE = "^([0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{6})?|None)$"


class TextBoolean(fields.String):
    def __init__(self, **more: Any) -> None:
        super().__init__(validate=OneOf(["True", "False"]), **more)

    @staticmethod
    def column(flags: Sequence[bool]) -> list[str]:
        return [str(flag) for flag in flags]


class ValueFormat(str, Enum):
    """How dates, nulls and booleans of runs and DAGs are written; the setting ``value_format`` picks one."""

    TEXT = "text"
    JSON = "json"

    def date(self, **more: Any) -> JsonDate | TextDate:
        return JsonDate(allow_none=True, **more) if self is ValueFormat.JSON else TextDate(**more)

    def boolean(self, **more: Any) -> fields.Boolean | TextBoolean:
        return fields.Boolean(**more) if self is ValueFormat.JSON else TextBoolean(**more)


def _isoformat(dates: Sequence[dt.datetime | None]) -> bytes:
    """Write a JSON array of what ``isoformat`` returns for each date in UTC, ending in ``Z``, in a tenth of its time."""
    written = orjson.dumps(dates, dt.datetime.isoformat, orjson.OPT_UTC_Z)
    if written.count(b"Z") == written.count(b"T"):
        return written
    return orjson.dumps([date and date.astimezone(_UTC) for date in dates], option=orjson.OPT_UTC_Z)
