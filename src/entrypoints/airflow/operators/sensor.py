"""The sensor: it waits for a group, or for the run of one of its dates."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from airflow_run_groups.adapters.client import Client
from airflow_run_groups.domain import DagRunState, name_of_group
from airflow_run_groups.entrypoints.airflow.operators import connection, deferral
from airflow_run_groups.entrypoints.airflow.operators.hook import RunGroupHook
from airflow_run_groups.entrypoints.airflow.operators.link import RunGroupLink
from airflow_run_groups.entrypoints.airflow.operators.sdk import AirflowSkipException, BaseSensorOperator, Context
from airflow_run_groups.entrypoints.airflow.operators.waiting import Condition, Look, RunGroupFailed, Verdict, Wait


class RunGroupSensor(BaseSensorOperator):
    """Waits until the runs of a group have ended, and fails with the dates of those that have failed.

    It returns nothing. While the service does not respond the wait goes on, until ``timeout``.
    """

    template_fields: Sequence[str] = ("group_dag_id", "prefix", "logical_date", "conn_id")
    operator_extra_links = (RunGroupLink(),)

    def __init__(  # noqa: PLR0913 - the parameters of an Airflow sensor
        self,
        *,
        dag_id: str,
        prefix: str,
        logical_date: str | dt.datetime | None = None,
        conn_id: str = connection.DEFAULT,
        allowed_states: Sequence[str] = (DagRunState.SUCCESS.value,),
        failed_states: Sequence[str] = (DagRunState.FAILED.value,),
        fail_fast: bool = False,
        check_existence: bool = False,
        deferrable: bool | None = None,
        **kwargs: Any,
    ) -> None:
        """Wait for the group of this DAG with this prefix.

        :param dag_id: the DAG of the group (templated).
        :param prefix: the prefix of the group (templated).
        :param logical_date: only for the run of this date (templated); without an offset it is in UTC. None: for all runs.
        :param conn_id: an Airflow connection of the type ``airflow_run_groups`` (templated).
        :param allowed_states: the wait is met when every run is in one of these states.
        :param failed_states: the sensor fails when every run is in one of these or of ``allowed_states``, and one in these.
        :param fail_fast: fail as soon as one run is in one of ``failed_states``.
        :param check_existence: fail when there is no such group, or no run of the date, in place of waiting for it.
        :param deferrable: wait in the triggerer; None: as ``[operators] default_deferrable`` says.
        :raises ValueError: when a state is no state of a run, or in both lists.
        """
        super().__init__(**kwargs)
        self.group_dag_id = dag_id
        self.prefix = prefix
        self.logical_date = logical_date
        self.conn_id = conn_id
        self.condition = Condition.of(allowed_states, failed_states, fail_fast=fail_fast)
        self.check_existence = check_existence
        self.deferrable = deferral.default_deferrable() if deferrable is None else deferrable
        self.group_url: str | None = None
        self._client: Client | None = None
        self._run_id: str | None = None

    def execute(self, context: Context) -> Any:
        hook = RunGroupHook(self.conn_id)
        self.group_url = deferral.show_link(hook, self.group_dag_id, name_of_group(self.prefix), context)
        with hook.get_conn() as self._client:
            if not self.deferrable:
                return super().execute(context)
            self._wait_in_triggerer(deferral.end_in(self.timeout))
            return None

    def poke(self, context: Context) -> bool:
        return self._look().verdict is Verdict.MET

    def resume(self, context: Context, event: Any = None, ends_at: str | None = None) -> None:
        """Go on when the trigger has fired."""
        hook = RunGroupHook(self.conn_id)
        self.group_url = hook.page_url(self.group_dag_id, name_of_group(self.prefix))
        with hook.get_conn() as self._client:
            self._wait_in_triggerer(None if ends_at is None else dt.datetime.fromisoformat(ends_at))

    def _wait_in_triggerer(self, ends_at: dt.datetime | None) -> None:
        seen = self._look()
        if seen.verdict is not Verdict.MET:
            deferral.defer(
                self,
                self._wait(),
                seen,
                conn_id=self.conn_id,
                poke_interval=self.poke_interval,
                ends_at=ends_at,
            )

    def _look(self) -> Look:
        with ExitStack() as stack:
            client = self._client or stack.enter_context(RunGroupHook(self.conn_id).get_conn())
            try:
                seen = deferral.look(self, client, self._wait())
            except RunGroupFailed as error:
                if self.soft_fail:
                    raise AirflowSkipException(str(error)) from error
                raise
        self._run_id = seen.run_id
        return seen

    def _wait(self) -> Wait:
        date = self.logical_date
        wait = Wait(
            dag_id=self.group_dag_id,
            prefix=name_of_group(self.prefix),
            condition=self.condition,
            logical_date=date.isoformat() if isinstance(date, dt.datetime) else date or None,
            must_exist=self.check_existence,
        )
        return replace(wait, run_id=self._run_id)
