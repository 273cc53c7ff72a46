"""What a single parameter may hold, from a query string or from JSON. Each kind names what it allows when it refuses."""

from __future__ import annotations

import datetime as dt
import re
from abc import ABC, abstractmethod
from enum import Enum
from reprlib import Repr
from typing import Any, ClassVar

from airflow_run_groups.domain import (
    MAX_CONF_BYTES,
    MAX_LIMIT,
    Conf,
    ConfPerRun,
    DagRunState,
    Interval,
    Order,
    Pace,
    Which,
    conf_size,
)
from airflow_run_groups.domain.pace import MAX_INTERVAL, MIN_INTERVAL
from airflow_run_groups.entrypoints.http import strict_json
from airflow_run_groups.entrypoints.http.schemas.dates import ECMA_PATTERN, parse_date
from airflow_run_groups.entrypoints.http.schemas.durations import PATTERN, parse_duration
from marshmallow import ValidationError
from marshmallow.fields import Field

MAX_NOTE = 1000
"""How many characters Airflow's column for notes holds."""
_MAX_CRON = 100
_MAX_TEXT = 250  # characters that Airflow's columns for ids hold
_MAX_ID = 2**63 - 1
_DIGITS = re.compile(r"[0-9]{1,1000}")
_WORDS = {"true": True, "True": True, "1": True, "false": False, "False": False, "0": False}
_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxlong = _SHORT.maxother = 60


class NotAllowed(ValueError):
    """The value is none of those that are allowed."""


class Parameter(Field[Any], ABC):
    """Any of them. Null is refused unless it is allowed: who wants the default leaves the parameter out."""

    allowed: ClassVar[str]
    json_schema: ClassVar[dict[str, Any]]
    """What is allowed, as far as JSON Schema can say it."""
    default_error_messages = {"required": "is required", "null": "cannot be null: leave it out instead"}  # noqa: RUF012 - declared so in marshmallow

    @abstractmethod
    def read(self, value: object) -> object:
        """Return what the value stands for.

        :raises ValueError: when it is not allowed; its text says more, where there is more to say.
        """

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> object:  # noqa: ARG002 - marshmallow's signature
        try:
            return self.read(value)
        except ValueError as error:
            detail = f" ({error})" if str(error) else ""
            msg = f"must be {self.allowed}, not {_SHORT.repr(value)}{detail}"
            raise ValidationError(msg) from None


class Text(Parameter):
    """Text that is not empty, and no longer than an id can be."""

    allowed = f"text of 1 to {_MAX_TEXT} characters"
    json_schema: ClassVar[dict[str, Any]] = {
        "type": "string",
        "minLength": 1,
        "maxLength": _MAX_TEXT,
        "pattern": r"^[^\u0000]*$",
    }

    def read(self, value: object) -> str:
        """Return the text."""
        if not isinstance(value, str) or not 1 <= len(value) <= _MAX_TEXT:
            raise NotAllowed
        return value


class Start(Parameter):
    """After which run a list begins: all digits are the numeric id of a run, all else is a run id."""

    allowed = f"the numeric id of a run, 0 to {_MAX_ID}, or a run id of 1 to {_MAX_TEXT} characters"
    json_schema: ClassVar[dict[str, Any]] = {
        "anyOf": [
            {"type": "integer", "minimum": 0, "maximum": _MAX_ID},
            {**Text.json_schema, "pattern": r"^[^\u0000]*[^0-9\u0000][^\u0000]*$"},
        ]
    }

    def read(self, value: object) -> int | str:
        """Return the one as an integer, the other as text."""
        text = Text().read(value)
        if not _DIGITS.fullmatch(text):
            return text
        if int(text) > _MAX_ID:
            raise NotAllowed
        return int(text)


class Integer(Parameter):
    """A JSON integer, or nothing but digits as text."""

    allowed = "an integer"
    json_schema: ClassVar[dict[str, Any]] = {
        "anyOf": [{"type": "integer"}, {"type": "string", "pattern": f"^{_DIGITS.pattern}$"}]
    }

    def read(self, value: object) -> int:
        """Return the number."""
        if isinstance(value, str) and _DIGITS.fullmatch(value):
            return int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise NotAllowed
        return value


class JsonInteger(Parameter):
    """A JSON integer within bounds, both included."""

    minimum: ClassVar[int] = 0
    maximum: ClassVar[int] = _MAX_ID

    def __init_subclass__(cls, **more: Any) -> None:
        """Say the bounds as JSON Schema does."""
        super().__init_subclass__(**more)
        cls.json_schema = {"type": "integer", "minimum": cls.minimum, "maximum": cls.maximum}

    def read(self, value: object) -> int:
        """Return the number."""
        if not isinstance(value, int) or isinstance(value, bool) or not self.minimum <= value <= self.maximum:
            raise NotAllowed
        return value


class QueryInteger(JsonInteger):
    """The same in a query, where a number is digits."""

    def read(self, value: object) -> int:
        """Return the number."""
        return super().read(Integer().read(value))


class StepSize(JsonInteger):
    """To how many runs something is done at most."""

    minimum, maximum = 1, MAX_LIMIT
    allowed = f"an integer from {minimum} to {maximum}"


class After(JsonInteger):
    """After which run something goes on."""

    allowed = f"the next_start of an answer, 0 to {_MAX_ID}"


class PageSize(QueryInteger):
    """How much a page shows at most."""

    minimum, maximum = 1, 100
    allowed = f"an integer from {minimum} to {maximum}"


class Cursor(QueryInteger):
    """Where a list goes on."""

    allowed = After.allowed


class OneOf(Parameter):
    """The value of one member of an enumeration."""

    members: ClassVar[type[Enum]]

    def __init_subclass__(cls, **more: Any) -> None:
        """Say the values in a sentence, and as JSON Schema does."""
        super().__init_subclass__(**more)
        values = [member.value for member in cls.members]
        cls.allowed = f"one of {', '.join(values)}"
        cls.json_schema = {"type": "string", "enum": values}

    def read(self, value: object) -> Enum:
        """Return the member."""
        for member in self.members:
            if member.value == value:
                return member
        raise NotAllowed


class State(OneOf):
    """A state that a run can be in."""

    members = DagRunState


class RunOrder(OneOf):
    """Whether the first date comes first."""

    members = Order


class WhichRuns(OneOf):
    """Which runs are to run again."""

    members = Which


class Flag(Parameter):
    """A JSON boolean, or as text true, True, 1, false, False or 0."""

    allowed = "true or false"
    json_schema: ClassVar[dict[str, Any]] = {"anyOf": [{"type": "boolean"}, {"type": "string", "enum": list(_WORDS)}]}

    def read(self, value: object) -> bool:
        """Return the truth value."""
        flag = _WORDS.get(value) if isinstance(value, str) else value
        if not isinstance(flag, bool):
            raise NotAllowed
        return flag


class Date(Parameter):
    """A date, with or without a time of day and an offset."""

    allowed = "an ISO 8601 date such as 2017-09-01, 2017-09-01T12:00:00Z or 2017-09-01T12:00:00.123456+02:00"
    json_schema: ClassVar[dict[str, Any]] = {"type": "string", "pattern": f"^{ECMA_PATTERN}$"}
    default_timezone: dt.tzinfo = dt.timezone.utc
    """In which a date is meant that names no offset."""

    def read(self, value: object) -> dt.datetime:
        """Return the moment, in UTC."""
        if not isinstance(value, str):
            raise NotAllowed
        return parse_date(value, self.default_timezone)


class Dates(Parameter):
    """Dates as above, in a list."""

    allowed = f"a list of 1 to {MAX_LIMIT} ISO 8601 dates such as 2017-09-01 or 2017-09-01T12:00:00Z"
    json_schema: ClassVar[dict[str, Any]] = {
        "type": "array",
        "items": Date.json_schema,
        "minItems": 1,
        "maxItems": MAX_LIMIT,
    }
    default_timezone: dt.tzinfo = dt.timezone.utc
    """In which a date is meant that names no offset."""

    def read(self, value: object) -> tuple[dt.datetime, ...]:
        """Return the moments, in UTC."""
        if not isinstance(value, list) or not 1 <= len(value) <= MAX_LIMIT:
            raise NotAllowed
        return tuple(self._date(one) for one in value)

    def _date(self, value: object) -> dt.datetime:
        try:
            if isinstance(value, str):
                return parse_date(value, self.default_timezone)
        except ValueError as error:
            reason = f": {error}" if str(error) else ""
            msg = f"{_SHORT.repr(value)} is none{reason}"
            raise NotAllowed(msg) from None
        msg = f"{_SHORT.repr(value)} is none"
        raise NotAllowed(msg)


class Speed(Parameter):
    """So many runs per interval."""

    allowed = (
        f"so many runs, 1 to {MAX_LIMIT}, per ISO 8601 duration of 1 second to 366 days, such as 20/PT10M or 1/P1D"
    )
    json_schema: ClassVar[dict[str, Any]] = {
        "type": "string",
        "pattern": f"^(500|[1-4][0-9]{{2}}|[1-9][0-9]?)/{PATTERN}$",
    }

    def read(self, value: object) -> Pace:
        """Return the pace."""
        runs, slash, interval = value.partition("/") if isinstance(value, str) else ("", "", "")
        if not slash or not re.fullmatch("[1-9][0-9]{0,2}", runs):
            raise NotAllowed
        return Pace(runs=int(runs), interval=parse_duration(interval))


class BetweenDates(Parameter):
    """What lies between two dates."""

    allowed = (
        "an ISO 8601 duration of 1 second to 366 days, such as PT6H or P1W, or a cron expression such as 0 6 * * 1"
    )
    json_schema: ClassVar[dict[str, Any]] = {
        "anyOf": [
            {"type": "string", "pattern": f"^{PATTERN}$"},
            {"type": "string", "minLength": 1, "maxLength": _MAX_CRON, "pattern": "^[^P]"},
        ]
    }

    def read(self, value: object) -> Interval:
        """Return the length of time, or the expression, which is for a timetable to understand."""
        if not isinstance(value, str) or not value:
            raise NotAllowed
        if not value.startswith("P"):
            if len(value) > _MAX_CRON:
                raise NotAllowed
            return value
        duration = parse_duration(value)
        if not MIN_INTERVAL <= duration <= MAX_INTERVAL:
            raise NotAllowed
        return duration


class Note(Parameter):
    """What people are to read."""

    allowed = f"text of 1 to {MAX_NOTE} characters"
    json_schema: ClassVar[dict[str, Any]] = {**Text.json_schema, "maxLength": MAX_NOTE}

    def read(self, value: object) -> str:
        """Return the text."""
        if not isinstance(value, str) or not 1 <= len(value) <= MAX_NOTE:
            raise NotAllowed
        return value


class ConfigurationPerRun(Parameter):
    """A JSON object for each date, or one whose texts name facts of the run."""

    allowed = f"a JSON object, or a list of 1 to {MAX_LIMIT} of them, one for each of dates"
    json_schema: ClassVar[dict[str, Any]] = {
        "anyOf": [
            {"type": "object"},
            {"type": "array", "items": {"type": "object"}, "minItems": 1, "maxItems": MAX_LIMIT},
        ]
    }

    def read(self, value: object) -> ConfPerRun:
        """Return the object, or the objects."""
        if isinstance(value, list) and 1 <= len(value) <= MAX_LIMIT and all(isinstance(one, dict) for one in value):
            return tuple(value)
        if not isinstance(value, dict):
            raise NotAllowed
        return value


class Configuration(Parameter):
    """A JSON object, or text that holds one."""

    allowed = f"a JSON object, or text that holds one, of at most {MAX_CONF_BYTES} bytes as UTF-8 JSON"
    json_schema: ClassVar[dict[str, Any]] = {
        "anyOf": [
            {"type": "object"},
            {"type": "string", "contentMediaType": "application/json", "contentSchema": {"type": "object"}},
        ]
    }

    def read(self, value: object) -> Conf:
        """Return the object."""
        conf = strict_json.parse(value) if isinstance(value, str) else value
        if not isinstance(conf, dict):
            raise NotAllowed
        if (size := conf_size(conf)) > MAX_CONF_BYTES:
            msg = f"it has {size} bytes"
            raise NotAllowed(msg)
        return conf
