"""ISO 8601 durations as requests may write them: weeks, or days and a time, without the parts whose length varies."""

import datetime as dt
import re

_NUMBER = "[0-9]{1,8}"
PATTERN = rf"P({_NUMBER}W|{_NUMBER}D(T(?=[0-9])({_NUMBER}H)?({_NUMBER}M)?({_NUMBER}S)?)?|T(?=[0-9])({_NUMBER}H)?({_NUMBER}M)?({_NUMBER}S)?)"
"""The form of a duration, as regular expressions are written in JSON Schema."""

_UNITS = {"W": "weeks", "D": "days", "H": "hours", "M": "minutes", "S": "seconds"}


def parse_duration(text: str) -> dt.timedelta:
    """Read a duration such as ``PT10M``, ``P1DT12H`` or ``P2W``.

    :raises ValueError: when the text is no such duration; with a text where there is more to say.
    """
    if re.fullmatch(PATTERN, text) is None:
        if re.fullmatch("P[0-9]+[YM].*", text):
            msg = "years and months have no fixed length"
            raise ValueError(msg)
        raise ValueError
    parts = {_UNITS[unit]: int(number) for number, unit in re.findall("([0-9]+)([WDHMS])", text)}
    return dt.timedelta(**parts)
