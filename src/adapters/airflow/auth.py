"""Whom Airflow's auth manager takes a caller for, and what it lets them do."""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Iterator, Mapping
from concurrent.futures import Future, TimeoutError as FutureTimeout
from contextlib import contextmanager, suppress
from functools import partial
from threading import Event, Lock, Thread
from typing import Any, Literal, TypeVar

from airflow import settings
from airflow.api_fastapi.app import get_auth_manager, init_auth_manager
from airflow.api_fastapi.auth.managers.base_auth_manager import COOKIE_NAME_JWT_TOKEN, BaseAuthManager
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.configuration import conf
from airflow.models.dag import DagModel
from jwt import InvalidTokenError, decode
from sqlalchemy.exc import SQLAlchemyError

from airflow_run_groups.adapters.airflow import compat
from airflow_run_groups.adapters.airflow.custom_code import CustomCode, GivenUp, raise_in_thread
from airflow_run_groups.adapters.airflow.database.guard import Guard, guard_of
from airflow_run_groups.domain.errors import CustomCodeFailed, CustomCodeTimeout, Unauthenticated, Unavailable
from airflow_run_groups.domain.rights import Rights

TIMEOUT = 10
"""Seconds that the auth manager may take to tell whose token it is."""
DATABASE_TIMEOUT = 5
"""Seconds for which it may use a connection of Airflow's own engine meanwhile: all wait for the one that identifies them."""

SESSION_COOKIE = COOKIE_NAME_JWT_TOKEN
"""The cookie in which a browser has the token of its session with Airflow's own UI."""
MOST_LOST = 16
"""Threads that an auth manager which does not come back may keep; then it is called no more until one comes back."""
MOST_ANSWERS = 64
"""Answers of the auth manager that are kept of one user."""

T = TypeVar("T")
AuthManager = BaseAuthManager[Any]
_RUNS = DagAccessEntity.RUN
_NAME = "Airflow's auth manager"


def auth_manager() -> AuthManager:
    """Return the auth manager that ``[core] auth_manager`` names: that of the API server, where this process is one."""
    try:
        return get_auth_manager()
    except RuntimeError:
        return init_auth_manager()


def end_of(token: str) -> float | None:
    """Return the claim ``exp`` of a token that was verified, in seconds since 1970; None where it has none.

    Airflow accepts a token for ``[api_auth] jwt_leeway`` seconds longer.
    """
    try:
        end = decode(token, options={"verify_signature": False}).get("exp")
    except InvalidTokenError:  # an auth manager may have tokens of another kind
        return None
    return float(end) if isinstance(end, int | float) else None


class AirflowUsers:
    def __init__(self, manager: AuthManager, all_dag_ids: Callable[[], frozenset[str]]) -> None:
        """Ask this auth manager; ``all_dag_ids`` returns the ids of all DAGs."""
        self._manager = manager
        self._all_dag_ids = all_dag_ids
        guard = guard_of(settings.engine, seconds=DATABASE_TIMEOUT)
        self._calls = _Calls(manager, guard)
        self._loop = _EventLoop(guard)

    def identify(self, token: str) -> "AirflowUser":
        """Return the user whose token it is.

        :raises Unauthenticated: when it is nobody's, or no longer.
        :raises Unavailable: when the auth manager does not respond.
        """
        try:
            with _translated():
                user = self._loop.run(self._manager.get_user_from_token(token))
        except InvalidTokenError:
            msg = (
                "Airflow rejected this token, which is invalid or expired: get a new one from its endpoint /auth/token"
            )
            raise Unauthenticated(msg) from None
        return AirflowUser(user, self._calls, self._all_dag_ids)


class _Calls:
    """Calls of an auth manager from threads, which may take so long, and cannot end the process."""

    def __init__(self, manager: AuthManager, guard: Guard) -> None:
        self.manager = manager
        self._guard = guard
        self._custom_code = CustomCode(grace=1, most_lost=MOST_LOST)

    def run(self, work: Callable[[], T]) -> T:
        def guarded() -> T:
            with _translated(), self._guard.active():
                return work()

        return self._custom_code.run(_NAME, guarded, seconds=TIMEOUT)


class AirflowUser:
    """A user of Airflow's. Their right to read is checked once for this object, their right to write each time."""

    def __init__(self, user: BaseUser, calls: _Calls, all_dag_ids: Callable[[], frozenset[str]]) -> None:
        self._user = user
        self._manager = calls.manager
        self._calls = calls
        self._all_dag_ids = all_dag_ids
        self._name: str | None = None
        self._readable: dict[str | None, frozenset[str] | None] = {}

    @property
    def name(self) -> str:
        """As the port promises; Airflow writes the same name down for its own API."""
        if self._name is None:
            self._name = self._calls.run(self._user.get_name)
        return self._name

    @property
    def display_name(self) -> str:
        return compat.display_name(self._user)

    def readable_dag_ids(self, dag_id: str | None = None) -> frozenset[str] | None:
        """As the port promises: the DAGs that the user may see, as far as they may see runs of them.

        None where these are all there are, so that no query has to compare each run with a list of all DAGs.

        Airflow's list of runs asks the same two questions (requires_access_dag and ReadableDagRunsFilterDep in
        airflow.api_fastapi.core_api, 3.0 to 3.4): an auth manager may know users who see runs of some DAGs only.
        """
        if dag_id in self._readable:
            return self._readable[dag_id]
        readable = self._calls.run(partial(self._ask_readable, dag_id))
        if len(self._readable) < MOST_ANSWERS:
            self._readable[dag_id] = readable
        return readable

    def rights(self, dag_ids: Collection[str]) -> Mapping[str, Rights]:
        """As the port promises, with one call for all of them."""
        return self._calls.run(
            lambda: {
                dag_id: Rights(create=self._may("POST", dag_id, _RUNS), change=self._may("PUT", dag_id, _RUNS))
                for dag_id in dag_ids
            }
        )

    def may_create_runs(self, dag_id: str) -> bool:
        return self._calls.run(lambda: self._may("POST", dag_id, _RUNS))

    def may_change_runs(self, dag_id: str) -> bool:
        """As the port promises; Airflow's own endpoints that do the same ask this (routes/public/dag_run.py, 3.0 to 3.3)."""
        return self._calls.run(lambda: self._may("PUT", dag_id, _RUNS))

    def _ask_readable(self, dag_id: str | None) -> frozenset[str] | None:
        if dag_id is not None:
            return frozenset({dag_id} if self._may("GET", dag_id) and self._may("GET", dag_id, _RUNS) else ())
        dag_ids = frozenset(self._manager.get_authorized_dag_ids(user=self._user, method="GET"))
        if not self._may("GET", None, _RUNS):
            dag_ids = frozenset(dag_id for dag_id in dag_ids if self._may("GET", dag_id, _RUNS))
        # All are read last, so that a DAG which is added meanwhile is one that the user is not known to see.
        return None if dag_ids and dag_ids >= self._all_dag_ids() else dag_ids

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
        msg = "Airflow's auth manager does not respond: try again"
        raise Unavailable(msg) from error


class _EventLoop:
    """An event loop on a thread of its own, for what an auth manager does asynchronously.

    It starts when it is first needed, so in the process that serves and not in the one that this was forked from.
    Airflow's own loop is left alone: some auth managers ask the database on the way. A loop that does not come back in
    time, since something blocks it, or that has ended, gives way to a new one.
    """

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._lock = Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = Thread()
        self._lost: list[Thread] = []

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do the work, and return or raise what comes of it.

        :raises CustomCodeFailed: when it raises what would end the thread or the process.
        :raises CustomCodeTimeout: when earlier work has blocked too many loops.
        :raises FutureTimeout: when it takes longer than ``TIMEOUT``.
        """
        done: Future[T] = Future()
        try:
            loop = self._running()
        except CustomCodeTimeout:
            work.close()
            raise
        tasks: list[asyncio.Task[None]] = []
        loop.call_soon_threadsafe(lambda: tasks.append(loop.create_task(_told(work, done))))
        try:
            return done.result(TIMEOUT)
        except FutureTimeout:
            loop.call_soon_threadsafe(lambda: [task.cancel() for task in tasks])
            self._replace_if_blocked(loop)
            raise

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None or not self._thread.is_alive():
                self._lost = [thread for thread in self._lost if thread.is_alive()]
                for thread in self._lost:
                    raise_in_thread(thread, GivenUp)
                if len(self._lost) >= MOST_LOST:
                    raise CustomCodeTimeout(_NAME, f"has not returned from {len(self._lost)} earlier requests")
                loop = self._loop = asyncio.new_event_loop()
                self._thread = Thread(target=self._serve, args=[loop], name="airflow-groups-auth", daemon=True)
                self._thread.start()
            return self._loop

    def _replace_if_blocked(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let the next request have a new loop, unless this one goes on: a task that waits has stopped no other."""
        answers = Event()
        loop.call_soon_threadsafe(answers.set)
        if answers.wait(1):
            return
        with self._lock:
            if self._loop is loop:
                self._loop = None
                self._lost.append(self._thread)
                raise_in_thread(self._thread, GivenUp)

    def _serve(self, loop: asyncio.AbstractEventLoop) -> None:
        with self._guard.active(), suppress(GivenUp):
            loop.run_forever()


async def _told(work: Coroutine[Any, Any, T], done: "Future[T]") -> None:
    """Await the work, and tell what comes of it; what would end the loop and its thread ends the work alone."""
    try:
        result = await work
    except GivenUp:
        raise
    except (SystemExit, KeyboardInterrupt, GeneratorExit) as error:
        done.set_exception(CustomCodeFailed(_NAME, error))
    except BaseException as error:  # noqa: BLE001 - whatever others' code raises
        done.set_exception(error)
    else:
        done.set_result(result)
