"""The operator: it creates a group, and waits for it with ``wait``."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any

from airflow_run_groups.adapters.client import Client, GroupRequest, RefusedByService
from airflow_run_groups.domain import Action, DagRunState, GroupRunId, ReprocessBehavior, name_of_group
from airflow_run_groups.entrypoints.airflow.operators import connection, deferral
from airflow_run_groups.entrypoints.airflow.operators.arguments import ARGUMENTS, ATTRIBUTES
from airflow_run_groups.entrypoints.airflow.operators.hook import RunGroupHook
from airflow_run_groups.entrypoints.airflow.operators.link import RunGroupLink
from airflow_run_groups.entrypoints.airflow.operators.sdk import BaseOperator, Context
from airflow_run_groups.entrypoints.airflow.operators.waiting import Condition, Verdict, Wait

REPROCESS = (ReprocessBehavior.NONE.value, ReprocessBehavior.FAILED.value)
"""The treatment of existing runs that means the same at the next try of a task."""


class CreateRunGroupOperator(BaseOperator):
    """Creates the runs of a group, however many, and pushes their run ids.

    A retried task goes on with the same group: dates that have a run get no other one. The XComs are then those that the
    first try would have pushed: the return value has the ids of all runs of the group on the requested dates, ``prefix``
    the name of the group, ``runs`` how many they are, and ``existing`` how many dates have a run that is not of the group.

    ``limit``, ``partial`` and ``dry_run`` of a request are no arguments: the next try would mean other runs.
    """

    template_fields: Sequence[str] = (*ATTRIBUTES.values(), "conn_id")
    template_fields_renderers = {"conf": "json", "conf_per_run": "json", "stop_after": "json", "notify": "json"}  # noqa: RUF012 - as Airflow declares it
    operator_extra_links = (RunGroupLink(),)

    group_dag_id: str
    prefix: str

    def __init__(  # noqa: PLR0913 - the parameters of an Airflow operator
        self,
        *,
        dag_id: str,
        prefix: str,
        from_date: str | dt.datetime | None = None,
        to_date: str | dt.datetime | None = None,
        dates: Sequence[str | dt.datetime] | None = None,
        interval: str | None = None,
        conf: Mapping[str, Any] | None = None,
        conf_per_run: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
        note: str | None = None,
        not_before: str | dt.datetime | None = None,
        pace: str | None = None,
        order: str | None = None,
        new_group: bool | None = None,
        bundle_version: str | None = None,
        max_active_runs: int | None = None,
        paused: bool | None = None,
        stop_after: Mapping[str, int] | None = None,
        run_type: str | None = None,
        description: str | None = None,
        labels: Sequence[str] | None = None,
        notify: Mapping[str, Any] | None = None,
        reprocess_behavior: str | None = None,
        conn_id: str = connection.DEFAULT,
        wait: bool = False,
        allowed_states: Sequence[str] = (DagRunState.SUCCESS.value,),
        failed_states: Sequence[str] = (DagRunState.FAILED.value,),
        fail_fast: bool = False,
        poke_interval: float = 60,
        deferrable: bool | None = None,
        **kwargs: Any,
    ) -> None:
        """Create the group of this DAG with this prefix.

        The arguments up to ``reprocess_behavior`` are the keys of ``POST /dag_runs``, and templated; ``from_date`` and ``to_date`` are
        its ``start_date`` and ``end_date``. ``reprocess_behavior`` is ``none`` or ``failed``. Without ``from_date`` and ``dates`` there is one run, of the logical date of the
        task's own run, or of its ``run_after``.

        :param conn_id: an Airflow connection of the type ``airflow_run_groups`` (templated).
        :param wait: whether the task ends when the group does, and fails when one of its runs has.
        :param allowed_states: as of :class:`RunGroupSensor`, and so are the next two.
        :param poke_interval: seconds between two looks at the group.
        :param deferrable: wait in the triggerer; None: as ``[operators] default_deferrable`` says. ``execution_timeout`` ends
            a wait.
        :raises ValueError: when a state is no state of a run, or in both lists.
        :raises TypeError: when it has the name of a request's date.
        """
        given = dict(locals())
        _check_dates_of_task(kwargs)
        super().__init__(**kwargs)
        for key, argument in ARGUMENTS.items():
            setattr(self, ATTRIBUTES[key], given[argument])
        self.conn_id = conn_id
        self.wait = wait
        self.condition = Condition.of(allowed_states, failed_states, fail_fast=fail_fast)
        self.poke_interval = poke_interval
        self.deferrable = deferral.default_deferrable() if deferrable is None else deferrable
        self.group_url: str | None = None

    def execute(self, context: Context) -> list[str]:
        request = self._request(context)
        hook = RunGroupHook(self.conn_id)
        self.group_url = deferral.show_link(hook, request.dag_id, request.group, context)
        with hook.get_conn() as client:
            created = self._create(client, request)
            task_instance: Any = context["ti"]
            for key, value in created.counts.items():
                task_instance.xcom_push(key=key, value=value)
            if self.wait and created.run_ids:
                self._wait_for(client, created.run_ids, deferral.end_in(_seconds(self.execution_timeout)))
        return created.run_ids

    def resume(
        self, context: Context, event: Any = None, ends_at: str | None = None, run_ids: Sequence[str] = ()
    ) -> list[str]:
        """Go on when the trigger has fired."""
        hook = RunGroupHook(self.conn_id)
        self.group_url = hook.page_url(self.group_dag_id, name_of_group(self.prefix))
        with hook.get_conn() as client:
            self._wait_for(client, run_ids, None if ends_at is None else dt.datetime.fromisoformat(ends_at))
        return list(run_ids)

    def _request(self, context: Context) -> GroupRequest:
        values = {key: getattr(self, attribute) for key, attribute in ATTRIBUTES.items()}
        request = GroupRequest(**{key: value for key, value in values.items() if value is not None})
        if request.reprocess_behavior not in {None, *REPROCESS}:
            msg = (
                f"reprocess_behavior must be {' or '.join(REPROCESS)} here, not {request.reprocess_behavior!r}: with completed, the "
                "next try of this task would let runs run again that an earlier try has run again"
            )
            raise ValueError(msg)
        if request.has_dates:
            return request
        dag_run: Any = context["dag_run"]
        return GroupRequest(**{**values, "order": request.order, "dates": [dag_run.logical_date or dag_run.run_after]})

    def _create(self, client: Client, request: GroupRequest) -> _Created:
        created = _Created(prefix=request.group)
        for step in client.create_all(request):
            rerun_ids = step.created.get("rerun_dag_run_ids", [])
            created.run_ids += [*step.created["dag_run_ids"], *rerun_ids]
            created.existing += step.created["existing"]
            self.log.info(
                "%d runs created or run again, %d dates had one already", len(created.run_ids), created.existing
            )
            for warning in step.created["warnings"]:
                self.log.warning(warning)
        may_be_more = created.existing or request.reprocess_behavior is not None
        return _with_earlier_tries(client, request, created) if may_be_more else created

    def _wait_for(self, client: Client, run_ids: Sequence[str], ends_at: dt.datetime | None) -> None:
        wait = Wait(dag_id=self.group_dag_id, prefix=name_of_group(self.prefix), condition=self.condition)
        while (seen := deferral.look(self, client, wait)).verdict is not Verdict.MET:
            if self.deferrable:
                deferral.defer(
                    self,
                    wait,
                    seen,
                    conn_id=self.conn_id,
                    poke_interval=self.poke_interval,
                    ends_at=ends_at,
                    run_ids=list(run_ids),
                )
            time.sleep(self.poke_interval)


@dataclass(slots=True)
class _Created:
    """The result of a request."""

    prefix: str
    run_ids: list[str] = field(default_factory=list)
    existing: int = 0

    @property
    def counts(self) -> dict[str, Any]:
        return {"prefix": self.prefix, "runs": len(self.run_ids), "existing": self.existing}


def _with_earlier_tries(client: Client, request: GroupRequest, created: _Created) -> _Created:
    """Count the runs of the group that were there before as created, since an earlier try may have created them, or run them again."""
    whole = _Created(prefix=created.prefix)
    own = set(created.run_ids)
    if request.reprocess_behavior is not None:  # runs of other ids may be in the group
        own.update(_run_ids(client, request.dag_id, created.prefix))
    for plan in client.plan_all(replace(request, reprocess_behavior=None)):
        for date in plan["plan"]:
            run_id = date["run_id"]
            if date["action"] != Action.EXISTS.value or run_id is None:
                continue
            parsed = GroupRunId.parse(run_id)
            if run_id in own or (parsed is not None and parsed.prefix == created.prefix):
                whole.run_ids.append(run_id)
            else:
                whole.existing += 1
    return whole


def _run_ids(client: Client, dag_id: str, prefix: str) -> list[str]:
    """Return the ids of the group's runs, none where there is no such group, as nothing was to be done."""
    try:
        return [run["run_id"] for run in client.group_runs(dag_id, prefix)]
    except RefusedByService as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        return []


def _check_dates_of_task(arguments: Mapping[str, Any]) -> None:
    """Refuse the names that the dates of a request have: Airflow would take them for the dates of the task.

    A value from the DAG, or from its ``default_args``, is meant so; a mapped task gets it as an argument.
    """
    default_args = arguments.get("default_args") or {}
    for name, argument in (("start_date", "from_date"), ("end_date", "to_date")):
        inherited = (None, default_args.get(name), getattr(arguments.get("dag"), name, None))
        if arguments.get(name) not in inherited:
            msg = f"{name} is when the task itself may run: the dates of the group are from_date and to_date, so use {argument}"
            raise TypeError(msg)


def _seconds(duration: dt.timedelta | None) -> float | None:
    return None if duration is None else duration.total_seconds()
