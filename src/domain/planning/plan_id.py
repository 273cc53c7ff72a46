"""The identity of a plan: its time, and digests of what it would do. Nothing is stored of a plan."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from dataclasses import dataclass

from airflow_run_groups.domain.errors import PlanChanged, PlanExpired, Refused
from airflow_run_groups.domain.model import in_utc

MAX_AGE = dt.timedelta(minutes=15)
"""For how long a plan can be created."""
LEEWAY = dt.timedelta(seconds=10)
"""How far the clock of the server that planned may be ahead of the clock of the server that creates."""
_NUMBER = "([0-9a-f]{1,16})"
_DIGEST = "([0-9a-f]{32})"
FORM = "-".join([_NUMBER] * 4 + [_DIGEST] * 4)
"""The id of a plan, as a regular expression."""

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)
_TICK = dt.timedelta(microseconds=1)


class Digest:
    """A digest of facts, one after the other."""

    def __init__(self, *facts: object) -> None:
        self._hash = hashlib.blake2b(digest_size=16)
        if facts:
            self.add(*facts)

    def add(self, *facts: object) -> None:
        """Add facts that JSON can hold, or dates."""
        self._hash.update(json.dumps(facts, default=_as_text, sort_keys=True, separators=(",", ":")).encode())
        self._hash.update(b"\n")

    def __str__(self) -> str:
        return self._hash.hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanId:
    """The id of a plan: its ``time``, the highest number that its group had then, and what it would do.

    ``creates`` and ``reruns`` are how many runs it creates and runs again. The digests are of the dates (with actions, run
    ids, types, intervals and ``run_after``), of the configurations, of the DAG's version and of the group's control.
    """

    time: dt.datetime
    last_number: int
    creates: int
    reruns: int
    dates: str
    conf: str
    dag_version: str
    control: str

    def __str__(self) -> str:
        numbers = ((self.time - _EPOCH) // _TICK, self.last_number, self.creates, self.reruns)
        return "-".join([*(f"{number:x}" for number in numbers), self.dates, self.conf, self.dag_version, self.control])

    @classmethod
    def parse(cls, text: str) -> PlanId:
        """Read an id back.

        :raises Refused: when it is not the id of a plan.
        """
        match = re.fullmatch(FORM, text, re.ASCII)
        if match is None:
            msg = "plan_id is not the plan_id of a plan: take it as it stands in the response to dry_run"
            raise Refused(msg)
        time, last_number, creates, reruns = (int(number, 16) for number in match.groups()[:4])
        dates, conf, dag_version, control = match.groups()[4:]
        try:
            moment = _EPOCH + time * _TICK
        except OverflowError:
            msg = "plan_id is of a time beyond the year 9999"
            raise Refused(msg) from None
        return cls(
            time=moment,
            last_number=last_number,
            creates=creates,
            reruns=reruns,
            dates=dates,
            conf=conf,
            dag_version=dag_version,
            control=control,
        )

    def check_age(self, now: dt.datetime) -> None:
        """Check that the plan is neither too old nor of a time to come.

        :raises PlanExpired: when it is older than ``MAX_AGE``.
        :raises Refused: when it is of a time to come.
        """
        if self.time > now + LEEWAY:
            msg = f"plan_id is of a time to come, {in_utc(self.time)}"
            raise Refused(msg)
        if now - self.time > MAX_AGE:
            raise PlanExpired(in_utc(self.time), int(MAX_AGE.total_seconds()) // 60)

    def check_unchanged(self, found: PlanId, *, last_number: int) -> None:
        """Check that a plan made again comes to the same.

        :param last_number: the highest number that the group has now, but for the runs of the plan.
        :raises PlanChanged: saying what has changed.
        """
        changes = []
        if (found.dates, found.creates, found.reruns) != (self.dates, self.creates, self.reruns):
            changes.append(
                f"the dates or what is done about them: it was to create {self.creates} and to run again {self.reruns}, and "
                f"now it is {found.creates} and {found.reruns}"
            )
        if last_number != self.last_number:
            changes.append(f"the numbers of the group: they went up to {self.last_number}, and now to {last_number}")
        differ = {"conf": "the conf", "dag_version": "the version of the DAG", "control": "the control of the group"}
        changes += [words for name, words in differ.items() if getattr(self, name) != getattr(found, name)]
        if changes:
            raise PlanChanged(changes)


def _as_text(fact: object) -> str:
    if isinstance(fact, dt.datetime):
        return in_utc(fact)
    msg = f"{fact!r} is neither a date nor JSON"
    raise TypeError(msg)
