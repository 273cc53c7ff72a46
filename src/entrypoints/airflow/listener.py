"""Our listener: Airflow calls it in the scheduler, and in the API server, when a run ends.

It is called before the commit, within the scheduler's transaction, which may be rolled back and holds locks that others wait
for. So it remembers the run then, and reacts after the commit, on a connection of its own and for a bounded time. It never
raises. Work that is lost when the process dies in between is done at the next run that ends, or the next look at the group.
"""

import logging
import multiprocessing
import multiprocessing.util
import os
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from airflow.listeners import hookimpl

from airflow_run_groups.adapters.scheduler_mark import MARK

SCHEDULER, API_SERVER = "scheduler", "api-server"
"""The components that end runs, as Airflow's command line calls them."""
STOP_SECONDS = 5.0
"""For how long a scheduler that stops waits for a notification that is being sent."""
_log = logging.getLogger(__name__)


class Reaction(Protocol):
    """The reaction to runs that have ended."""

    def start(self) -> None:
        """Get ready: the component starts."""

    def stop(self) -> None:
        """End: the component stops. It waits a few seconds at most."""

    def remembered(self, dag_run: Any) -> Hashable | None:
        """Return what to know of a run after the commit, None when there is nothing to do. It reads loaded attributes alone."""

    def react(self, remembered: set[Any]) -> None:
        """Do it: each thing comes once, however many runs of one transaction it was remembered of. Its errors are logged."""


class Listener:
    """Calls reactions after the commit of the transaction in which a run has ended, and marks the scheduler as listening."""

    def __init__(self, component: str, reactions: Sequence[Reaction]) -> None:
        self._component = component
        self._reactions = reactions

    @hookimpl
    def on_starting(self, component: Any) -> None:
        """Mark the row of the scheduler's job, which is not written yet (Job.__init__, 3.0 to 3.3)."""
        if self._component == SCHEDULER and getattr(component, "dag_id", "") is None:
            component.dag_id = MARK
        for reaction in self._reactions:
            with _logged("nobody will be notified of groups"):
                reaction.start()

    @hookimpl
    def before_stopping(self, component: Any) -> None:
        for reaction in self._reactions:
            with _logged("a notification may be lost"):
                reaction.stop()

    @hookimpl
    def on_dag_run_failed(self, dag_run: Any) -> None:
        self._remember(dag_run)

    @hookimpl
    def on_dag_run_success(self, dag_run: Any) -> None:
        self._remember(dag_run)

    def _remember(self, dag_run: Any) -> None:
        for reaction in self._reactions:
            with _logged("nothing will follow from the end of a run"):
                if (thing := reaction.remembered(dag_run)) is not None:
                    from airflow_run_groups.adapters.airflow.after_commit import after_commit  # noqa: PLC0415 - for a run that ends

                    after_commit(reaction.react, thing, dag_run)


@contextmanager
def _logged(what_follows: str) -> Iterator[None]:
    """Log any error, and what follows from it: the component of Airflow goes on."""
    try:
        yield
    except Exception:  # noqa: BLE001 - whatever it is
        _log.exception(what_follows)


class _Stops:
    """Holds groups whose ``stop_after`` is reached: those of runs that are under a control."""

    def __init__(self) -> None:
        self._pid: int | None = None
        self._of_rows: Any = None

    def start(self) -> None:
        """Do nothing yet."""

    def stop(self) -> None:
        """Do nothing: nothing is left to do."""

    def remembered(self, dag_run: Any) -> Hashable | None:
        number: int | None = dag_run.backfill_id
        return number

    def react(self, remembered: set[Any]) -> None:
        if self._pid != os.getpid():  # connections are no forked child's
            from airflow_run_groups.adapters.airflow.writing.control.stops import StopsOfRows  # noqa: PLC0415 - loads Airflow's models

            self._of_rows = StopsOfRows.connect()
            self._pid = os.getpid()
        self._of_rows.react(remembered)


class _Notifications:
    """Notifies of groups, on a thread: here runs are put into its queue, and nothing is waited for."""

    def __init__(self) -> None:
        self._background: Any = None
        self._ended_run: Any = None
        self._parse: Any = None

    def start(self) -> None:
        if self._background is None:
            from airflow_run_groups.adapters.airflow.notifications.events import EndedRun  # noqa: PLC0415 - loads Airflow's models
            from airflow_run_groups.domain.run_id import GroupRunId  # noqa: PLC0415 - for those that have a listener only
            from airflow_run_groups.entrypoints.airflow.notifying import background  # noqa: PLC0415 - as above

            self._ended_run = EndedRun
            self._parse = GroupRunId.parse
            self._background = background()
            self._background.start()

    def stop(self) -> None:
        if self._background is not None:
            self._background.stop(STOP_SECONDS)

    def remembered(self, dag_run: Any) -> Hashable | None:
        """Return the run if it is of a group by its id, or under control. Others that a group has run again are found later."""
        if self._background is None or (dag_run.backfill_id is None and self._parse(dag_run.run_id) is None):
            return None
        run: Hashable = self._ended_run(dag_run.id, dag_run.dag_id, dag_run.run_id)
        return run

    def react(self, remembered: set[Any]) -> None:
        self._background.put(remembered)


def listener_of(arguments: Sequence[str]) -> Listener | None:
    """Return the listener for the component that this command line starts, None for one that ends no runs.

    Processes that the scheduler starts to execute tasks import DAGs: they have no listener.
    """
    component = next(iter(arguments[1:]), None)
    if component not in {SCHEDULER, API_SERVER}:
        return None
    if component == SCHEDULER and multiprocessing.parent_process() is not None:
        return None
    if component == API_SERVER:
        return Listener(component, [_Stops()])
    listener = Listener(component, [_Stops(), _Notifications()])
    multiprocessing.util.register_after_fork(listener, _unregister)
    return listener


def _unregister(listener: Listener) -> None:
    from airflow.listeners.listener import get_listener_manager  # noqa: PLC0415 - it loads plugins, and so this module

    manager: Any = get_listener_manager().pm
    if manager.is_registered(listener):
        manager.unregister(listener)
