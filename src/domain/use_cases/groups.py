"""Groups of runs: looking at them, acting on their runs, and changing them."""

import datetime as dt
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import replace

from airflow_run_groups.domain.control.change import GroupChange
from airflow_run_groups.domain.control.notification import Notify
from airflow_run_groups.domain.errors import DagNotFound, GroupNotFound
from airflow_run_groups.domain.groups.actions import GroupAction, GroupActionResult
from airflow_run_groups.domain.groups.group import (
    GroupChangeResult,
    GroupPage,
    GroupProgress,
    GroupRunFilter,
    GroupRunPage,
    PausedPage,
)
from airflow_run_groups.domain.groups.search import GroupFilter
from airflow_run_groups.domain.ports import Caller, GroupRepository
from airflow_run_groups.domain.run_id import name_of_group
from airflow_run_groups.domain.unfinished import NO_LIMITS, UnfinishedRunLimits
from airflow_run_groups.domain.use_cases.access import check_may_change, check_may_see


class Groups:
    """See which groups there are, and how far they are, and act on them."""

    def __init__(
        self,
        groups: GroupRepository,
        clock: Callable[[], dt.datetime],
        limits: UnfinishedRunLimits = NO_LIMITS,
        notifiers: Collection[str] = (),
    ) -> None:
        """Use these groups, within these limits, and these notifiers; ``clock`` returns the present, aware."""
        self._groups = groups
        self._clock = clock
        self._limits = limits
        self._notifiers = notifiers

    def list(self, where: GroupFilter, caller: Caller) -> GroupPage:
        """Return a part of the groups that the caller may see, newest first.

        :raises DagNotFound: when it is for a DAG that the caller may not see, too.
        """
        if where.dag_id is not None:
            check_may_see(caller, where.dag_id, DagNotFound(where.dag_id))
            return self._groups.list(where)
        return self._groups.list(replace(where, readable=caller.readable_dag_ids()))

    def get(self, dag_id: str, prefix: str, caller: Caller) -> GroupProgress:
        """Return how far the group with exactly this prefix is.

        :raises GroupNotFound: also when the caller may not see the DAG. It names the group that may be meant.
        """
        check_may_see(caller, dag_id, GroupNotFound(dag_id, prefix))
        try:
            progress = self._groups.get(dag_id, prefix, now=self._clock())
        except GroupNotFound as error:
            raise self._not_found(dag_id, prefix) from error
        return replace(progress, may=caller.rights([dag_id])[dag_id])

    def paused(
        self, caller: Caller, *, dag_id: str | None = None, start: int | None = None, limit: int = 50
    ) -> PausedPage:
        """Return a part of the groups that are paused, of a DAG or of all that the caller may see.

        :raises DagNotFound: when it is one that the caller may not see.
        """
        if dag_id is not None:
            check_may_see(caller, dag_id, DagNotFound(dag_id))
        found = self._groups.paused(dag_id, readable=caller.readable_dag_ids(dag_id), start=start, limit=limit)
        groups = []
        for name, prefix in found.groups:
            with suppress(GroupNotFound):  # its runs were deleted
                groups.append(self._groups.get(name, prefix, now=self._clock()))
        may = caller.rights({progress.group.dag_id for progress in groups})
        shown = tuple(replace(progress, may=may[progress.group.dag_id]) for progress in groups)
        return PausedPage(groups=shown, next_start=found.next_start)

    def runs(self, dag_id: str, prefix: str, where: GroupRunFilter, caller: Caller) -> GroupRunPage:
        """Return a part of a group's runs, in the order of their creation.

        :raises GroupNotFound: as ``get``.
        """
        check_may_see(caller, dag_id, GroupNotFound(dag_id, prefix))
        try:
            return self._groups.runs(dag_id, prefix, where)
        except GroupNotFound as error:
            raise self._not_found(dag_id, prefix) from error

    def apply(self, group_action: GroupAction, caller: Caller) -> GroupActionResult:
        """Do an action to a group in the caller's name.

        :raises GroupNotFound: as ``get``.
        :raises Forbidden: when the caller may see it, and may not change runs of it.
        :raises TooManyUnfinishedRuns: when a retry would lead to more than there may be.
        :raises OutcomeUnknown: when nobody knows whether it was done.
        """
        dag_id = group_action.dag_id
        check_may_change(caller, dag_id, group_action.prefix)
        try:
            return self._groups.apply(
                replace(group_action, requested_by=caller.name, display_name=caller.display_name, limits=self._limits)
            )
        except GroupNotFound as error:
            raise self._not_found(dag_id, group_action.prefix) from error

    def change(self, change: GroupChange, caller: Caller) -> GroupChangeResult:
        """Change a group in the caller's name, and return how it stands then.

        :raises GroupNotFound: as ``get``.
        :raises Forbidden: as ``apply``.
        :raises OutcomeUnknown: when nobody knows whether it was changed. The same change again changes nothing more.
        """
        check_may_change(caller, change.dag_id, change.prefix)
        if isinstance(change.notify, Notify):
            change.notify.check_notifier(self._notifiers)
        may = caller.rights([change.dag_id])[change.dag_id]  # before it, since nothing may fail after it
        try:
            own = replace(change, requested_by=caller.name, display_name=caller.display_name)
            changed = self._groups.change(own, now=self._clock())
        except GroupNotFound as error:
            raise self._not_found(change.dag_id, change.prefix) from error
        progress = replace(changed.progress, may=may)
        return replace(changed, progress=progress, warnings=(*changed.warnings, *_about_the_pause(change, progress)))

    def _not_found(self, dag_id: str, prefix: str) -> GroupNotFound:
        """Return the error for a group that is not there: a request's prefix has one underscore more than its group."""
        name = name_of_group(prefix)
        if name not in {"", prefix}:
            with suppress(GroupNotFound):
                self._groups.get(dag_id, name, now=self._clock())
                return GroupNotFound(dag_id, prefix, similar=name)
        return GroupNotFound(dag_id, prefix)


def _about_the_pause(change: GroupChange, progress: GroupProgress) -> Iterator[str]:
    """Warn where a pause holds nothing yet, or runs of a group that is resumed are held by something else."""
    if change.paused is True and not progress.group.states.queued:
        yield "no run of the group is queued: the pause holds runs that are retried later"
    elif change.paused is False and progress.group.states.queued:
        yield from progress.holds
