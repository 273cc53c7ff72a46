"""Whom Airflow's auth manager takes a caller for, and what it lets them do."""

import asyncio
from collections.abc import Coroutine, Iterator
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import contextmanager
from threading import Lock, Thread
from typing import Any, Literal, TypeVar

from airflow import settings
from airflow.api_fastapi.app import get_auth_manager, init_auth_manager
from airflow.api_fastapi.auth.managers.base_auth_manager import BaseAuthManager
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.configuration import conf
from airflow.models.dag import DagModel
from jwt import InvalidTokenError
from sqlalchemy.exc import SQLAlchemyError

from airflow_run_groups.adapters.airflow import compat
from airflow_run_groups.adapters.airflow.database.guard import Guard, guard_of
from airflow_run_groups.domain.errors import Unauthenticated, Unavailable

TIMEOUT = 10
"""Seconds that the auth manager may take to tell whose token it is."""
DATABASE_TIMEOUT = 5
"""Seconds for which it may use a connection of Airflow's own engine meanwhile: all wait for the one that identifies them."""

T = TypeVar("T")
AuthManager = BaseAuthManager[Any]
_RUNS = DagAccessEntity.RUN


def auth_manager() -> AuthManager:
    """Return the auth manager that ``[core] auth_manager`` names: that of the API server, where this process is one."""
    try:
        return get_auth_manager()
    except RuntimeError:
        return init_auth_manager()


class AirflowUsers:
    def __init__(self, manager: AuthManager) -> None:
        self._manager = manager
        self._guard = guard_of(settings.engine, seconds=DATABASE_TIMEOUT)
        self._loop = _EventLoop(self._guard)

    def identify(self, token: str) -> "AirflowUser":
        """Return the user whose token it is.

        :raises Unauthenticated: when it is nobody's, or no longer.
        :raises Unavailable: when the auth manager does not answer.
        """
        try:
            with _translated():
                user = self._loop.run(self._manager.get_user_from_token(token))
        except InvalidTokenError:
            msg = "Airflow does not take this token, or no longer: get a new one from its endpoint /auth/token"
            raise Unauthenticated(msg) from None
        return AirflowUser(user, self._manager, self._guard)


class AirflowUser:
    def __init__(self, user: BaseUser, manager: AuthManager, guard: Guard) -> None:
        self._user = user
        self._manager = manager
        self._guard = guard

    @property
    def name(self) -> str:
        """As the port promises; Airflow writes the same name down for its own API."""
        return self._user.get_name()

    @property
    def display_name(self) -> str:
        return compat.display_name(self._user)

    def readable_dag_ids(self, dag_id: str | None = None) -> frozenset[str]:
        """As the port promises: the DAGs that the user may see, as far as they may see runs of them.

        Airflow's list of runs asks the same two questions (requires_access_dag and ReadableDagRunsFilterDep in
        airflow.api_fastapi.core_api, 3.0 to 3.4): an auth manager may know users who see runs of some DAGs only.
        """
        with _translated(), self._guard.active():
            if dag_id is not None:
                return frozenset({dag_id} if self._may("GET", dag_id) and self._may("GET", dag_id, _RUNS) else ())
            dag_ids = self._manager.get_authorized_dag_ids(user=self._user, method="GET")
            if self._may("GET", None, _RUNS):
                return frozenset(dag_ids)
            return frozenset(dag_id for dag_id in dag_ids if self._may("GET", dag_id, _RUNS))

    def may_create_runs(self, dag_id: str) -> bool:
        with _translated(), self._guard.active():
            return self._may("POST", dag_id, _RUNS)

    def may_change_runs(self, dag_id: str) -> bool:
        """As the port promises; Airflow's own endpoints that do the same ask this (routes/public/dag_run.py, 3.0 to 3.4)."""
        with _translated(), self._guard.active():
            return self._may("PUT", dag_id, _RUNS)

    def _may(
        self, method: Literal["GET", "POST", "PUT"], dag_id: str | None, part: DagAccessEntity | None = None
    ) -> bool:
        return self._manager.is_authorized_dag(
            method=method, access_entity=part, details=_details(dag_id), user=self._user
        )


def _details(dag_id: str | None) -> DagDetails:
    """Name the DAG, and whose it is where there are teams. Airflow 3.0 has none: the fallback may go with its support."""
    if dag_id is None or not conf.getboolean("core", "multi_team", fallback=False):
        return DagDetails(id=dag_id)
    return DagDetails(id=dag_id, team_name=DagModel.get_team_name(dag_id))


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, FutureTimeout) as error:
        msg = "Airflow's auth manager does not answer: try again"
        raise Unavailable(msg) from error


class _EventLoop:
    """An event loop on a thread of its own, for what an auth manager does asynchronously.

    It starts when it is first needed, so in the process that serves and not in the one that this was forked from.
    Airflow's own loop is left alone: some auth managers ask the database on the way.
    """

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._lock = Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        future = asyncio.run_coroutine_threadsafe(work, self._running())
        try:
            return future.result(TIMEOUT)
        except FutureTimeout:
            future.cancel()
            raise

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                Thread(target=self._serve, args=[self._loop], name="airflow-groups-auth", daemon=True).start()
            return self._loop

    def _serve(self, loop: asyncio.AbstractEventLoop) -> None:
        with self._guard.active():
            loop.run_forever()
