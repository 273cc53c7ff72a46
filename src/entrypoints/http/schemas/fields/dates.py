"""ISO 8601 dates as requests may write them."""

import datetime as dt
import re

_DATE = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})"
    r"(?:[Tt ](?P<hour>\d{2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d+))?)?"
    r"(?:(?P<utc>[Zz])|(?P<sign>[+-])(?P<hours>\d{2})(?::?(?P<minutes>\d{2}))?)?)?",
    re.ASCII,
)
_MICROSECOND = 6
"""Digits of a fraction that a microsecond has."""
ECMA_PATTERN = re.sub(r"\(\?P<\w+>", "(", _DATE.pattern).replace(r"\d", "[0-9]")
"""The form of a date, as regular expressions are written in JSON Schema."""


def parse_date(text: str, default_timezone: dt.tzinfo) -> dt.datetime:
    """Read a date, or a date and time with ``T`` or a space between them, a fraction, and ``Z`` or an offset.

    These are the forms in which languages write dates, such as nanoseconds, which are cut to microseconds, a comma before
    the fraction, ``t`` and ``z``, and an offset without minutes. A date without an offset is in the default time zone. A
    local time that the clock skips, or shows twice, is the later of its two readings, as Airflow reads it (pendulum.parse,
    3.0 to 3.4).

    :return: the moment in UTC.
    :raises ValueError: when the text is no such date, or lies outside the years 1 to 9999 in UTC; with a text where
        there is more to say.
    """
    match = _DATE.fullmatch(text)
    if match is None:
        raise ValueError
    fraction = (match["fraction"] or "")[:_MICROSECOND].ljust(_MICROSECOND, "0")
    year, month, day, hour, minute, second = (
        int(match[part] or 0) for part in ("year", "month", "day", "hour", "minute", "second")
    )
    naive = dt.datetime(year, month, day, hour, minute, second, int(fraction))  # noqa: DTZ001 - the zone follows below
    try:
        if match["utc"] or match["sign"]:
            return naive.replace(tzinfo=_offset(match)).astimezone(dt.timezone.utc)
        return max(naive.replace(tzinfo=default_timezone, fold=fold).astimezone(dt.timezone.utc) for fold in (0, 1))
    except OverflowError:
        msg = "outside the years 1 to 9999 in UTC"
        raise ValueError(msg) from None


def _offset(match: re.Match[str]) -> dt.timezone:
    if match["utc"]:
        return dt.timezone.utc
    hours, minutes = int(match["hours"]), int(match["minutes"] or 0)
    if minutes > 59:  # noqa: PLR2004 - as on any clock
        msg = "an offset has at most 59 minutes"
        raise ValueError(msg)
    offset = dt.timedelta(hours=hours, minutes=minutes)
    return dt.timezone(-offset if match["sign"] == "-" else offset)
