"""Our listener: Airflow calls it in the scheduler, and in the API server, when a run ends.

It is called before the commit, within the scheduler's transaction, which may be rolled back and holds locks that others wait
for. So it remembers the run then, and reacts after the commit, on a connection of its own and for a bounded time. It never
raises. Work that is lost when the process dies in between is done at the next run that ends, or the next look at the group.
"""

import logging
import multiprocessing
import multiprocessing.util
import os
from collections.abc import Hashable, Sequence
from typing import Any, Protocol

from airflow.listeners import hookimpl

from airflow_run_groups.adapters.scheduler_mark import MARK

SCHEDULER, API_SERVER = "scheduler", "api-server"
"""The components that end runs, as Airflow's command line calls them."""
_log = logging.getLogger(__name__)


class Reaction(Protocol):
    """The reaction to runs that have ended."""

    def remembered(self, dag_run: Any) -> Hashable | None:
        """Return what to know of a run after the commit, None when there is nothing to do. It reads loaded attributes alone."""

    def react(self, remembered: set[Any]) -> None:
        """Do it: each thing comes once, however many runs of one transaction it was remembered of. Its errors are logged."""


class Listener:
    """Calls reactions after the commit of the transaction in which a run has ended, and marks the scheduler as listening."""

    def __init__(self, component: str, reactions: Sequence[Reaction]) -> None:
        self._component = component
        self._reactions = reactions
        self._after_commit: Any = None

    @hookimpl
    def on_starting(self, component: Any) -> None:
        """Mark the row of the scheduler's job, which is not written yet (Job.__init__, 3.0 to 3.3)."""
        if self._component == SCHEDULER and getattr(component, "dag_id", "") is None:
            component.dag_id = MARK

    @hookimpl
    def on_dag_run_failed(self, dag_run: Any) -> None:
        self._remember(dag_run)

    @hookimpl
    def on_dag_run_success(self, dag_run: Any) -> None:
        self._remember(dag_run)

    def _remember(self, dag_run: Any) -> None:
        try:
            found = [reaction.remembered(dag_run) for reaction in self._reactions]
            if any(thing is not None for thing in found):
                self._put(found, dag_run)
        except Exception:  # noqa: BLE001 - the scheduler goes on, whatever it is
            _log.exception("nothing will follow from the end of a run")

    def _put(self, found: Sequence[Hashable | None], dag_run: Any) -> None:
        if self._after_commit is None:
            from airflow_run_groups.adapters.airflow.after_commit import AfterCommit  # noqa: PLC0415 - loads Airflow's models

            self._after_commit = AfterCommit([reaction.react for reaction in self._reactions])
        self._after_commit.put(found, dag_run)


class _Stops:
    """Holds groups whose ``stop_after`` is reached: those of runs that are under a control."""

    def __init__(self) -> None:
        self._pid: int | None = None
        self._of_rows: Any = None

    def remembered(self, dag_run: Any) -> Hashable | None:
        number: int | None = dag_run.backfill_id
        return number

    def react(self, remembered: set[Any]) -> None:
        if self._pid != os.getpid():  # connections are no forked child's
            from airflow_run_groups.adapters.airflow.writing.stops import StopsOfRows  # noqa: PLC0415 - loads Airflow's models

            self._of_rows = StopsOfRows.connect()
            self._pid = os.getpid()
        self._of_rows.react(remembered)


def listener_of(arguments: Sequence[str]) -> Listener | None:
    """Return the listener for the component that this command line starts, None for one that ends no runs.

    Processes that the scheduler starts to execute tasks import DAGs: they have no listener.
    """
    component = next(iter(arguments[1:]), None)
    if component not in {SCHEDULER, API_SERVER}:
        return None
    if component == SCHEDULER and multiprocessing.parent_process() is not None:
        return None
    listener = Listener(component, [_Stops()])
    if component == SCHEDULER:
        multiprocessing.util.register_after_fork(listener, _unregister)
    return listener


def _unregister(listener: Listener) -> None:
    from airflow.listeners.listener import get_listener_manager  # noqa: PLC0415 - it loads plugins, and so this module

    manager: Any = get_listener_manager().pm
    if manager.is_registered(listener):
        manager.unregister(listener)
