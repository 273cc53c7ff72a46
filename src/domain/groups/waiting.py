"""The reasons why a group waits, and whether its runs can go on behind the runs before them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from airflow_run_groups.domain.control.control import Control
from airflow_run_groups.domain.model import DagRunState


class WaitsFor(str, Enum):
    """The reasons why runs of a group do not start, or do not end."""

    DAG_PAUSED = "dag_paused"
    DAG_STALE = "dag_stale"
    GROUP_PAUSED = "group_paused"
    PREVIOUS_RUN = "previous_run"
    GROUP_CAP = "group_cap"
    RUN_AFTER = "run_after"
    DAG_MAX_ACTIVE_RUNS = "dag_max_active_runs"
    SCHEDULER = "scheduler"

    @property
    def passes_by_itself(self) -> bool:
        """Whether time and Airflow do away with it, and nobody has to do something."""
        return self not in _LASTS


_LASTS = frozenset({WaitsFor.DAG_PAUSED, WaitsFor.DAG_STALE, WaitsFor.GROUP_PAUSED, WaitsFor.PREVIOUS_RUN})


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviousRun:
    """The run before another one, on whose tasks that one's tasks depend (``depends_on_past``, ``wait_for_downstream``)."""

    run_id: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningRun:
    """A run that has started and not ended.

    ``has_place``: it counts where the group's runs do: against the cap of a group under control, else against the DAG's
    ``max_active_runs``, as all do but those of such groups and of Airflow's backfills.
    ``waits_for``: the run before it, as long as tasks wait for it that it has not done.
    """

    run_id: str
    in_group: bool
    has_place: bool
    waits_for: PreviousRun | None


def previous_run_that_blocks(running: Iterable[RunningRun], *, has_queued: bool, is_full: bool) -> str | None:
    """Return the id of the run without which the group cannot end, None where each of its runs can go on by itself.

    It is a run that has ended, and not done what a running one waits for; or one that is queued while all places are
    taken by runs that wait for it.

    :param running: the DAG's running runs, by logical date.
    :param has_queued: whether runs of the group are queued.
    :param is_full: whether as many runs are running as may be active beside the group's, and ``running`` holds all of these.
    """
    blocked: dict[str, str] = {}
    held: dict[str, str] = {}
    of_group: list[str] = []
    is_any_free = False
    for run in running:
        previous = run.waits_for
        if previous is not None and previous.run_id in blocked:
            blocked[run.run_id] = blocked[previous.run_id]
        elif previous is not None and previous.state in _ENDED:
            blocked[run.run_id] = previous.run_id
        elif previous is not None and (previous.run_id in held or previous.state == DagRunState.QUEUED):
            held[run.run_id] = held.get(previous.run_id, previous.run_id)
        else:
            is_any_free = is_any_free or run.has_place
        if run.in_group:
            of_group.append(run.run_id)
    causes = [blocked[run_id] for run_id in of_group if run_id in blocked]
    if is_full and not is_any_free:
        held_of_group = [held[run_id] for run_id in of_group if run_id in held]
        causes += held_of_group
        if has_queued or held_of_group:
            causes += [*blocked.values(), *held.values()]
    return next(iter(causes), None)


_ENDED = frozenset({DagRunState.SUCCESS.value, DagRunState.FAILED.value})


def held_by_dag(dag_id: str, *, is_paused: bool, is_stale: bool = False) -> Iterator[str]:
    """Yield why the DAG lets none of its queued runs start, in sentences."""
    if is_paused:
        yield f"DAG {dag_id!r} is paused: its runs wait until it is unpaused"
    if is_stale:
        yield f"DAG {dag_id!r} is stale, as no file defines it any more: its runs wait until it is there again"


def held_by_pause(prefix: str) -> str:
    return f"group {prefix!r} is paused: its runs wait until it is resumed"


def holds_of(dag_id: str, prefix: str, control: Control | None, *, is_paused: bool, is_stale: bool) -> tuple[str, ...]:
    """Return why none of a group's queued runs starts until somebody does something, in sentences."""
    is_group_paused = control is not None and control.paused
    return (
        *held_by_dag(dag_id, is_paused=is_paused, is_stale=is_stale),
        *((held_by_pause(prefix),) if is_group_paused else ()),
    )
