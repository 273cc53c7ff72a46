"""The trigger with which a wait leaves its worker: it asks until there is something new to look at."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from asgiref.sync import sync_to_async

from airflow_run_groups.adapters.client import AsyncClient, RefusedByService, Unreachable
from airflow_run_groups.domain import GroupNotFound
from airflow_run_groups.entrypoints.airflow.operators.hook import RunGroupHook
from airflow_run_groups.entrypoints.airflow.operators.sdk import BaseTrigger, TriggerEvent
from airflow_run_groups.entrypoints.airflow.operators.waiting import Condition, Verdict, states_of

PATH = "airflow_run_groups.operators.RunGroupTrigger"
"""Where Airflow finds the class. Deferred tasks keep it in the database, so it stays when the modules move."""


class RunGroupTrigger(BaseTrigger):
    """Fires when a wait may be over. The task then looks itself, and may defer once more.

    A service that does not respond, or is unavailable, is asked again: the time-out of the task ends the wait. One that
    refuses the request fires, and the task fails with the reason.
    """

    def __init__(  # noqa: PLR0913 - the arguments of the class are what Airflow keeps of a trigger
        self,
        *,
        conn_id: str,
        dag_id: str,
        prefix: str,
        allowed_states: Sequence[str],
        failed_states: Sequence[str],
        fail_fast: bool,
        poke_interval: float,
        run_id: str | None = None,
        more_runs_than: int | None = None,
    ) -> None:
        """Wait for the group; for one of its runs when there is a ``run_id``; or until it has ``more_runs_than`` so many.

        :param poke_interval: seconds between two requests.
        """
        super().__init__()  # type: ignore[no-untyped-call]
        self.conn_id = conn_id
        self.dag_id = dag_id
        self.prefix = prefix
        self.condition = Condition.of(allowed_states, failed_states, fail_fast=fail_fast)
        self.poke_interval = poke_interval
        self.run_id = run_id
        self.more_runs_than = more_runs_than

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return PATH, {
            "conn_id": self.conn_id,
            "dag_id": self.dag_id,
            "prefix": self.prefix,
            "allowed_states": list(self.condition.allowed_states),
            "failed_states": list(self.condition.failed_states),
            "fail_fast": self.condition.fail_fast,
            "poke_interval": self.poke_interval,
            "run_id": self.run_id,
            "more_runs_than": self.more_runs_than,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        hook = RunGroupHook(self.conn_id)
        await sync_to_async(lambda: hook.service)()
        async with hook.get_async_conn() as client:
            while True:
                try:
                    if await self._is_over(client):
                        break
                except Unreachable as error:
                    self.log.warning("%s: again in %s s", error, self.poke_interval)
                except RefusedByService as error:
                    if error.reason != GroupNotFound.reason or self.run_id is not None:
                        self.log.warning("refused: %s", error)
                        break
                await asyncio.sleep(self.poke_interval)
        yield TriggerEvent({"dag_id": self.dag_id, "prefix": self.prefix})  # type: ignore[no-untyped-call]

    async def _is_over(self, client: AsyncClient) -> bool:
        if self.run_id is not None:
            run = await client.run(self.dag_id, self.run_id)
            return self.condition.verdict({run["state"]: 1}) is not Verdict.WAIT
        group = await client.group(self.dag_id, self.prefix)
        if self.more_runs_than is not None:
            return group["runs"] > self.more_runs_than
        return self.condition.verdict(states_of(group)) is not Verdict.WAIT
