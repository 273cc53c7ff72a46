"""Run ids of a group: prefix, number and logical date, as in ``manual_0000001_2017-09-01T12:00:00``."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from airflow_run_groups.domain.errors import Refused
from airflow_run_groups.domain.model import DagRunType

DEFAULT_PREFIX = "manual_"
DEFAULT_RUN_ID_PATTERN = r"^[A-Za-z0-9_.~:+-]+$"
"""Airflow's default for ``[scheduler] allowed_run_id_pattern`` (config.yml, 3.0 to 3.4)."""
MAX_RUN_ID_LENGTH = 250
"""Characters that the column ``dag_run.run_id`` holds (airflow.models.base.StringID, 3.0 to 3.4)."""
RESERVED_STARTS = tuple(f"{kind.value}__" for kind in DagRunType if kind is not DagRunType.MANUAL)
"""How the ids of other run types start; Airflow refuses them for a manual run (DagRunType.from_run_id, 3.0 to 3.4)."""

DIGITS = 7
"""How many digits a number has at least."""
DATE_LENGTH = 19
"""Characters of a date in a run id, to which a fraction of a second adds ``FRACTION_LENGTH``."""
FRACTION_LENGTH = 7

_DAY = "(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
_LEAP_YEAR = "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)"
NUMBER_AND_DATE = (
    rf"[0-9]{{{DIGITS}}}[0-9]*"
    rf"_(?!0000)(?:[0-9]{{4}}-{_DAY}|{_LEAP_YEAR}-02-29)"
    r"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{6})?"
)
"""The rest of an id after a group's prefix and an underscore, as a regular expression that databases read in the same way.

No bound to the digits: PostgreSQL takes ten times as long where there is one of hundreds.
"""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_RUN_ID = re.compile(rf"(?P<prefix>.+)_(?P<tail>{NUMBER_AND_DATE})", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRunId:
    """The id of one run of a group: the group's prefix as it stands in the id, the run's number from 1, its aware date."""

    prefix: str
    number: int
    logical_date: dt.datetime

    def __str__(self) -> str:
        """Write the id; seven digits or more, the date in UTC, with a fraction only when it has microseconds."""
        date = self.logical_date.astimezone(dt.timezone.utc).replace(tzinfo=None).isoformat()
        return f"{self.prefix}_{self.number:0{DIGITS}d}_{date}"

    @classmethod
    def parse(cls, run_id: str) -> GroupRunId | None:
        """Read an id back, from any writer; None when it is not the id of a group's run."""
        match = _RUN_ID.fullmatch(run_id)
        if match is None or len(run_id) > MAX_RUN_ID_LENGTH:
            return None
        number, _, date = match["tail"].partition("_")
        moment = dt.datetime.fromisoformat(date).replace(tzinfo=dt.timezone.utc)
        return cls(prefix=match["prefix"], number=int(number), logical_date=moment)


def name_of_group(prefix: str) -> str:
    """Return the name of the group whose runs a request with this prefix creates, by which it is listed and addressed.

    ``manual_`` and ``manual`` create runs of the group ``manual``, and ``manual__`` of ``manual_``.
    """
    return prefix.removesuffix("_")


def has_address(group: str) -> bool:
    """Tell whether a path can name the group: a slash separates its parts, and dots alone move up and down in it."""
    return "/" not in group and group not in {".", ".."}


def group_prefix(prefix: str) -> str:
    """Return the name of the group of a new request's prefix, as it stands in the run ids.

    :raises Refused: when the prefix is empty, or has a NUL character or the word "backfill" in it.
    """
    if "\0" in prefix:
        msg = f"prefix {prefix!r} cannot contain a NUL character"
        raise Refused(msg)
    if "backfill" in prefix.lower():
        msg = f'prefix {prefix!r} cannot contain the word "backfill"'
        raise Refused(msg)
    stripped = name_of_group(prefix)
    if not stripped:
        msg = f"prefix {prefix!r} must have at least one character beside a trailing underscore"
        raise Refused(msg)
    return stripped


def check_address(group: str) -> None:
    """Check that a new group can be found again by its name.

    :raises Refused: when no path can name it.
    """
    if not has_address(group):
        msg = f"the group {group!r} would have no address, in which '/' and '.' alone have a meaning: choose another prefix"
        raise Refused(msg)


def check_run_id(run_id: str, *, pattern: str = DEFAULT_RUN_ID_PATTERN) -> None:
    """Hold a new run id against Airflow's rules for manual runs.

    :param pattern: ``[scheduler] allowed_run_id_pattern``, matched from the start as Airflow does; a control character,
        which Airflow lets through at the end, is refused here.
    :raises Refused: naming the rule that the id breaks.
    """
    if len(run_id) > MAX_RUN_ID_LENGTH:
        msg = f"run id {run_id!r} has {len(run_id)} characters, at most {MAX_RUN_ID_LENGTH} are allowed: choose a shorter prefix"
        raise Refused(msg)
    if ".." in run_id:
        msg = f"run id {run_id!r} cannot contain '..': choose another prefix"
        raise Refused(msg)
    for start in RESERVED_STARTS:
        if run_id.startswith(start):
            msg = f"run id {run_id!r} would read as a run of another type, as {start!r} is reserved: choose another prefix"
            raise Refused(msg)
    if re.match(pattern, run_id) is None or _CONTROL.search(run_id):
        wrong = (
            sorted({one for one in run_id if re.match(pattern, one) is None})
            if pattern == DEFAULT_RUN_ID_PATTERN
            else []
        )
        found = f"has {', '.join(map(repr, wrong))}, and" if wrong else "does not match"
        msg = f"run id {run_id!r} {found} Airflow's allowed_run_id_pattern {pattern!r}"
        msg += (
            " allows ASCII letters, digits and _ . ~ : + - alone: choose another prefix"
            if wrong
            else ": choose another prefix"
        )
        raise Refused(msg)
