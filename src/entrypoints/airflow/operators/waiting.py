"""When a wait for a group is over, by how many of its runs have which state."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import islice

from airflow_run_groups.adapters.client import (
    Client,
    GroupProgress,
    GroupRun,
    RefusedByService,
    parse_date,
)
from airflow_run_groups.domain import DagRunState, GroupNotFound
from airflow_run_groups.entrypoints.airflow.operators.sdk import AirflowException

NAMED = 20
"""Dates of failed runs that an error names."""


class Verdict(Enum):
    WAIT = "wait"
    MET = "met"
    FAILED = "failed"


class RunGroupFailed(AirflowException):
    """Runs of the group are in a state that lets the wait fail; the message has their dates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A wait is met when every run is in one of the allowed states.

    It fails when every run is in one of the allowed or failed states, and one in a failed one; with ``fail_fast`` as soon
    as one is.
    """

    allowed_states: tuple[str, ...]
    failed_states: tuple[str, ...]
    fail_fast: bool

    @classmethod
    def of(cls, allowed_states: Iterable[str], failed_states: Iterable[str], *, fail_fast: bool) -> Condition:
        """Check the states.

        :raises ValueError: when one is no state of a run, or is in both lists, or none is allowed.
        """
        states = [state.value for state in DagRunState]
        allowed, failed = (tuple(map(str, given)) for given in (allowed_states, failed_states))
        for name, given in (("allowed_states", allowed), ("failed_states", failed)):
            for state in given:
                if state not in states:
                    msg = f"{name} must be of {', '.join(states)}, got {state!r}"
                    raise ValueError(msg)
        if both := set(allowed) & set(failed):
            msg = f"a state is allowed or failed, and {', '.join(sorted(both))} is in both allowed_states and failed_states"
            raise ValueError(msg)
        if not allowed:
            msg = f"allowed_states must have one of {', '.join(states)} at least"
            raise ValueError(msg)
        return cls(allowed_states=allowed, failed_states=failed, fail_fast=fail_fast)

    def verdict(self, states: Mapping[str, int]) -> Verdict:
        """Judge by the number of runs in each state."""
        failed = sum(states.get(state, 0) for state in self.failed_states)
        allowed = sum(states.get(state, 0) for state in self.allowed_states)
        is_over = 0 < allowed + failed == sum(states.values())
        if failed and (is_over or self.fail_fast):
            return Verdict.FAILED
        return Verdict.MET if is_over else Verdict.WAIT


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The result of one look at a group: the verdict, how many runs the group has, and the run of the date in question."""

    verdict: Verdict
    runs: int = 0
    run_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """The runs of a group for which a task waits: all of them, or that of one date, whose ``run_id`` may be known."""

    dag_id: str
    prefix: str
    condition: Condition
    logical_date: str | None = None
    run_id: str | None = None
    must_exist: bool = False

    def look(self, client: Client) -> Look:
        """Look at the group once.

        :raises RunGroupFailed: when the wait has failed.
        :raises ClientError: when the service refuses the request, or does not respond.
        """
        if self.run_id is not None:
            return self._look_at(self.run_id, client.run(self.dag_id, self.run_id)["state"])
        try:
            group = client.group(self.dag_id, self.prefix)
            if self.logical_date is not None:
                return self._look_for(self.logical_date, client, group["runs"])
        except RefusedByService as error:
            if error.reason != GroupNotFound.reason or self.must_exist:
                raise
            return Look(verdict=Verdict.WAIT)
        verdict = self.condition.verdict(states_of(group))
        if verdict is Verdict.FAILED:
            raise RunGroupFailed(self._failure(client, group["runs"]))
        return Look(verdict=verdict, runs=group["runs"])

    def _look_for(self, logical_date: str, client: Client, runs: int) -> Look:
        wanted = in_utc(logical_date)
        for run in client.group_runs(self.dag_id, self.prefix):
            if run["logical_date"] is not None and parse_date(run["logical_date"]) == wanted:
                return self._look_at(run["run_id"], run["state"])
        if self.must_exist:
            msg = f"group {self.prefix!r} of DAG {self.dag_id!r} has no run of {logical_date}"
            raise RunGroupFailed(msg)
        return Look(verdict=Verdict.WAIT, runs=runs)

    def _look_at(self, run_id: str, state: str) -> Look:
        verdict = self.condition.verdict({state: 1})
        if verdict is Verdict.FAILED:
            msg = f"the run of {self.logical_date} of group {self.prefix!r} of DAG {self.dag_id!r} is {state}: {run_id}"
            raise RunGroupFailed(msg)
        return Look(verdict=verdict, run_id=run_id)

    def _failure(self, client: Client, total: int) -> str:
        failed = self._failed(client)
        dates = [run["logical_date"] or run["run_id"] for run in islice(failed, NAMED)]
        more = sum(1 for _ in failed)
        rest = f" and {more:,} more" if more else ""
        return (
            f"{len(dates) + more:,} of {total:,} runs of group {self.prefix!r} of DAG {self.dag_id!r} are "
            f"{' or '.join(self.condition.failed_states)}: {', '.join(dates)}{rest}"
        )

    def _failed(self, client: Client) -> Iterator[GroupRun]:
        for state in self.condition.failed_states:
            yield from client.group_runs(self.dag_id, self.prefix, state=state)


def states_of(group: GroupProgress) -> dict[str, int]:
    """Return how many runs of the group have each state."""
    return {state.value: group["states"][state.value] for state in DagRunState}


def in_utc(date: str) -> dt.datetime:
    """Read a date; without an offset it is in UTC, as those of Airflow's templates are."""
    parsed = parse_date(date)
    return parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=dt.timezone.utc)
