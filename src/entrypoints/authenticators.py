"""How a deployment identifies its callers, by its settings."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from falcon import Request

from airflow_run_groups.domain import DagRepository
from airflow_run_groups.entrypoints.http.security.authentication import (
    Authenticator,
    BearerAuthentication,
    NoAuthentication,
    TokenAuthentication,
)
from airflow_run_groups.entrypoints.http.security.browser_session import BrowserSession
from airflow_run_groups.entrypoints.http.security.remembered import ByMethod, RememberedUsers
from airflow_run_groups.entrypoints.http.security.same_origin import Origin, SameOrigin
from airflow_run_groups.entrypoints.http.security.token_file import TokenFile
from airflow_run_groups.entrypoints.option_values import ANY_HOST
from airflow_run_groups.entrypoints.settings import Auth, Settings


def authenticator_of(
    settings: Settings, token_file: TokenFile | None, dags: DagRepository, *, mounted: bool
) -> Authenticator:
    """Return how callers are identified with these settings; ``mounted``: inside Airflow's API server."""
    hosts = settings.allowed_hosts or frozenset()
    same_origin = SameOrigin(hosts, any_host=ANY_HOST in hosts, public_origin=_public_origin() if mounted else None)
    if settings.auth is Auth.AIRFLOW:
        return _airflow_authentication(same_origin, dags, mounted=mounted, has_ui=settings.ui)
    if settings.auth is Auth.NONE:
        return NoAuthentication(same_origin)
    return TokenAuthentication(settings.airflow_api_auth, token_file, dag_ids=dags.ids)


def _airflow_authentication(
    same_origin: SameOrigin, dags: DagRepository, *, mounted: bool, has_ui: bool
) -> Authenticator:
    from airflow_run_groups.adapters.airflow.auth import SESSION_COOKIE, AirflowUsers, auth_manager, end_of  # noqa: PLC0415 - loads FastAPI
    from airflow_run_groups.adapters.airflow.configuration import everybody_is_admin  # noqa: PLC0415 - loads Airflow

    needed = same_origin if mounted and everybody_is_admin() else None
    session_tokens = BrowserSession(SESSION_COOKIE, _public_origin()).tokens if mounted and has_ui else _no_session
    users = AirflowUsers(auth_manager(), dags.ids)
    reading, writing = (
        BearerAuthentication(user_of, needed, session_tokens=session_tokens)
        for user_of in (RememberedUsers(users.identify, end_of).identify, users.identify)
    )
    return ByMethod(reading=reading, writing=writing)


def _no_session(_: Request) -> Sequence[str]:
    return ()


def _public_origin() -> Origin | None:
    from airflow_run_groups.adapters.airflow.configuration import base_url  # noqa: PLC0415 - loads Airflow

    url = urlsplit(base_url())
    return Origin.of(url.scheme, url.netloc)
