"""The fields of requests. A field describes itself, and one sentence says what is allowed and what came instead."""

import datetime as dt
import re
from abc import abstractmethod
from collections.abc import Mapping
from enum import Enum as PythonEnum
from reprlib import Repr
from typing import Any

from marshmallow import ValidationError, fields, missing
from marshmallow.validate import Length, Range, Regexp

from airflow_run_groups.domain import (
    MAX_CONF_BYTES,
    MAX_LIMIT,
    MAX_RUN_ID_LENGTH,
    Conf,
    ConfPerRun,
    Interval,
    Pace,
    conf_size,
)
from airflow_run_groups.domain.control.pace import MAX_INTERVAL, MIN_INTERVAL
from airflow_run_groups.entrypoints.http import strict_json
from airflow_run_groups.entrypoints.http.schemas.fields.dates import ECMA_PATTERN, parse_date
from airflow_run_groups.entrypoints.http.schemas.fields.durations import PATTERN, parse_duration

MAX_ID = 2**63 - 1
_MAX_CRON = 100
_NO_NUL = r"^[^\u0000]*$"
_RUN_ID = r"^[^\u0000]*[^0-9\u0000][^\u0000]*$"
_DIGITS = re.compile(r"[0-9]{1,1000}")
_WORDS = {"true": True, "True": True, "1": True, "false": False, "False": False, "0": False}
_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxlong = _SHORT.maxother = 60


class NotAllowed(ValueError):
    """The value is none of those that are allowed; the text says more, where there is more to say."""


class Strict(fields.Field[Any]):
    """Refuses a value with one sentence, in which ``allowed`` says what is allowed.

    Null is refused unless it is allowed; a schema of bodies takes it, for an optional key, as leaving the key out.
    """

    allowed: str

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(
            *args,
            error_messages={"required": "is required", "null": "cannot be null: leave it out instead"},
            **more,
        )

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        if value is missing or value is None:
            return super().deserialize(value, attr, data, **kwargs)
        try:
            return super().deserialize(value, attr, data, **kwargs)
        except ValidationError:
            detail = ""
        except ValueError as error:
            detail = f" ({error})" if str(error) else ""
        msg = f"must be {self.allowed}, not {_SHORT.repr(value)}{detail}"
        raise ValidationError(msg)


class Text(Strict, fields.String):
    """Text that is not empty, and unless something else is said no longer than an id can be."""

    def __init__(self, *, max_length: int = MAX_RUN_ID_LENGTH, **more: Any) -> None:
        super().__init__(validate=[Length(1, max_length), Regexp(_NO_NUL)], **more)
        self.allowed = f"text of 1 to {max_length} characters"


class Integer(Strict, fields.Integer):
    """A JSON integer within bounds, both included."""

    def __init__(self, minimum: int, maximum: int, *, allowed: str | None = None, **more: Any) -> None:
        super().__init__(strict=True, validate=Range(minimum, maximum), **more)
        self.allowed = allowed or f"an integer from {minimum} to {maximum}"


class _Digits(fields.Integer):
    """A JSON integer, or nothing but digits as text."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, str) and _DIGITS.fullmatch(value):
            return int(value)
        return super()._deserialize(value, attr, data, **kwargs)


class QueryInteger(Integer, _Digits):
    """An integer in a query, where it is digits."""


class Limit(Strict, _Digits):
    """How many runs, at least 1: the domain has the bounds, and its description states them."""

    allowed = "an integer"

    def __init__(self, *, metadata: Mapping[str, Any]) -> None:
        super().__init__(strict=True, metadata={"minimum": 1, **metadata})
        self.bound(MAX_LIMIT)

    def bound(self, most: int) -> None:
        """Describe that it is at most so many."""
        self.metadata = {**self.metadata, "maximum": most}


class Boolean(Strict, fields.Boolean):
    """A JSON boolean, or as text true, True, 1, false, False or 0."""

    allowed = "true or false"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        flag = _WORDS.get(value) if isinstance(value, str) else value
        if not isinstance(flag, bool):
            raise NotAllowed
        return flag


class Enum(Strict, fields.Enum[Any]):
    def __init__(self, members: type[PythonEnum], **more: Any) -> None:
        super().__init__(members, by_value=fields.String, **more)
        self.allowed = f"one of {self.choices_text}"


class Start(Strict):
    """After which run a list begins: all digits are the numeric id of a run, all else is a run id."""

    allowed = f"the numeric id of a run, 0 to {MAX_ID}, or a run id of 1 to {MAX_RUN_ID_LENGTH} characters"
    _text = Text()

    def __init__(self, *, metadata: Mapping[str, Any]) -> None:
        run_id = {"type": "string", "minLength": 1, "maxLength": MAX_RUN_ID_LENGTH, "pattern": _RUN_ID}
        numeric_id = {"type": "integer", "minimum": 0, "maximum": MAX_ID}
        super().__init__(metadata={"anyOf": [numeric_id, run_id], **metadata})

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int | str:
        text: str = self._text.deserialize(value, attr, data, **kwargs)
        if not _DIGITS.fullmatch(text):
            return text
        if int(text) > MAX_ID:
            raise NotAllowed
        return int(text)


class _Written(Strict, fields.String):
    """Text in a form that JSON Schema can state as a pattern, of which ``read`` makes something else."""

    pattern: str

    def __init__(self, *, metadata: Mapping[str, Any] | None = None, **more: Any) -> None:
        super().__init__(metadata={"pattern": self.pattern, **(metadata or {})}, **more)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return self.read(super()._deserialize(value, attr, data, **kwargs))

    @abstractmethod
    def read(self, text: str) -> Any:
        """Return what the text stands for.

        :raises ValueError: when it is not allowed; its text says more, where there is more to say.
        """


class Date(_Written):
    """A date, with or without a time of day and an offset, as a moment in UTC."""

    allowed = "an ISO 8601 date such as 2017-09-01, 2017-09-01T12:00:00Z or 2017-09-01T12:00:00.123456+02:00"
    pattern = f"^{ECMA_PATTERN}$"
    default_timezone: dt.tzinfo = dt.timezone.utc
    """Of dates that name no offset."""

    def read(self, text: str) -> dt.datetime:
        return parse_date(text, self.default_timezone)


class Dates(Strict, fields.List[Any]):
    inner: Date

    def __init__(self, **more: Any) -> None:
        super().__init__(Date(), **more)
        self.bound(MAX_LIMIT)

    def bound(self, most: int) -> None:
        """Allow a list of at most so many."""
        self.validators = [Length(1, most)]
        self.allowed = f"a list of 1 to {most} ISO 8601 dates such as 2017-09-01 or 2017-09-01T12:00:00Z"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, list):
            raise NotAllowed
        self._validate(value)
        return tuple(map(self._read, value))

    def _read(self, value: object) -> dt.datetime:
        reason = ""
        if isinstance(value, str):
            try:
                return self.inner.read(value)
            except ValueError as error:
                reason = f": {error}" if str(error) else ""
        msg = f"{_SHORT.repr(value)} is none{reason}"
        raise NotAllowed(msg)


class Names(Strict, fields.List[Any]):
    """Names, none twice."""

    def __init__(self, of: str, *, most: int = MAX_LIMIT, longest: int = MAX_RUN_ID_LENGTH, **more: Any) -> None:
        """Take a list of at most so many of what ``of`` says, such as run ids, each of at most so many characters."""
        super().__init__(Text(max_length=longest), validate=Length(1, most), **more)
        self._longest = longest
        self.allowed = f"a list of 1 to {most} {of}, none twice"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, list):
            raise NotAllowed
        self._validate(value)
        for name in value:
            if not isinstance(name, str) or not 1 <= len(name) <= self._longest or "\0" in name:
                msg = f"{_SHORT.repr(name)} is none"
                raise NotAllowed(msg)
        repeated = next((name for place, name in enumerate(value) if name in value[:place]), None)
        if repeated is not None:
            msg = f"{_SHORT.repr(repeated)} is there twice"
            raise NotAllowed(msg)
        return tuple(value)


class PaceField(_Written):
    allowed = (
        f"so many runs, 1 to {MAX_LIMIT}, per ISO 8601 duration of 1 second to 366 days, such as 20/PT10M or 1/P1D"
    )
    pattern = f"^(500|[1-4][0-9]{{2}}|[1-9][0-9]?)/{PATTERN}$"

    def read(self, text: str) -> Pace:
        runs, _, interval = text.partition("/")
        if not re.fullmatch("[1-9][0-9]{0,2}", runs):
            raise NotAllowed
        return Pace(runs=int(runs), interval=parse_duration(interval))


class IntervalField(_Written):
    """The step between two dates: a length of time, or a cron expression, which is for a timetable to understand."""

    allowed = (
        "an ISO 8601 duration of 1 second to 366 days, such as PT6H or P1W, or a cron expression such as 0 6 * * 1"
    )
    pattern = rf"^({PATTERN}|[^P\u0000][^\u0000]{{0,{_MAX_CRON - 1}}})$"

    def read(self, text: str) -> Interval:
        if not text.startswith("P"):
            if not 1 <= len(text) <= _MAX_CRON:
                raise NotAllowed
            return text
        duration = parse_duration(text)
        if not MIN_INTERVAL <= duration <= MAX_INTERVAL:
            raise NotAllowed
        return duration


class ConfField(Strict, fields.Dict):
    allowed = f"a JSON object, or text that holds one, of at most {MAX_CONF_BYTES} bytes as UTF-8 JSON"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Conf:
        conf = strict_json.parse(value) if isinstance(value, str) else value
        if not isinstance(conf, dict):
            raise NotAllowed
        if (size := conf_size(conf)) > MAX_CONF_BYTES:
            msg = f"it has {size} bytes"
            raise NotAllowed(msg)
        return conf


class ConfPerRunField(Strict):
    """A JSON object for each date, or one whose texts name facts of the run."""

    def __init__(self, *, metadata: Mapping[str, Any]) -> None:
        super().__init__(metadata=metadata)
        self.bound(MAX_LIMIT)

    def bound(self, most: int) -> None:
        """Allow a list of at most so many."""
        one = {"type": "object", "additionalProperties": {}}
        many = {"type": "array", "items": one, "minItems": 1, "maxItems": most}
        self.metadata = {**self.metadata, "anyOf": [one, many]}
        self.allowed = f"a JSON object, or a list of 1 to {most} of them, one for each of dates"
        self._most = most

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> ConfPerRun:
        if isinstance(value, list) and 1 <= len(value) <= self._most and all(isinstance(one, dict) for one in value):
            return tuple(value)
        if not isinstance(value, dict):
            raise NotAllowed
        return value
