"""Signing in as a user of Airflow, for a service that asks for Airflow's users. Nothing is stored."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from http import HTTPStatus

import httpx

from airflow_run_groups.adapters.client.errors import RefusedByService, Unreachable
from airflow_run_groups.adapters.client.sending import encoding

AIRFLOW_TOKEN_REQUIRED = "airflow_token_required"  # noqa: S105 - a word, and no token
"""The reason of a service that asks for a token of Airflow's."""
_PATH = "/auth/token"
"""Where Airflow's auth managers take name and password for a token (Airflow's security documentation, 3.0 to 3.3)."""
_REFUSALS = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.UNPROCESSABLE_ENTITY)


def asks_for_airflows_users(url: str, *, transport: httpx.BaseTransport | None = None, timeout: float = 5.0) -> bool:
    """Tell whether the service at this URL answers a request without a token by asking for one of Airflow's.

    A service that is not there does not; the next request finds out. ``timeout`` is in seconds.

    :raises Unsendable: when no service can have this URL.
    """
    target = f"{encoding.base_url(url)}/dag_runs"
    http = httpx.Client(headers=encoding.headers(None), transport=transport, timeout=timeout)
    with http, suppress(httpx.RequestError, ValueError, KeyError, TypeError):  # the last three: it is not this service
        response = http.options(target)
        is_refused = response.status_code == HTTPStatus.UNAUTHORIZED
        return is_refused and response.json()["response"]["reason"] == AIRFLOW_TOKEN_REQUIRED
    return False


def login_url(url: str) -> str:
    """Return where Airflow's API server at this URL takes name and password; a path ``/api/v1`` is left out.

    :raises Unsendable: when no server can have this URL.
    """
    return encoding.base_url(url).removesuffix(encoding.API) + _PATH


def sign_in(
    url: str, user: str, password: str, *, transport: httpx.BaseTransport | None = None, timeout: float = 30.0
) -> str:
    """Return a token of the user, from Airflow's API server at this URL. Airflow's ``[api_auth]`` says how long it is valid.

    :param timeout: seconds to wait for the response.
    :raises RefusedByService: when Airflow does not know this user with this password.
    :raises Unreachable: when no login of Airflow responds there.
    :raises Unsendable: when no server can have this URL.
    """
    target = login_url(url)
    try:
        with httpx.Client(transport=transport, timeout=timeout) as http:
            response = http.post(target, json={"username": user, "password": password})
    except httpx.RequestError as error:
        msg = f"{target} does not respond ({str(error) or type(error).__name__})"
        raise Unreachable(msg, nothing_was_done=True) from error
    return _token_of(response, target, user)


class AirflowUser(httpx.Auth):
    """Signs a user of Airflow in before the first request, and again when the service no longer takes the token.

    A request raises what :func:`sign_in` raises.
    """

    requires_response_body = True

    def __init__(self, url: str, user: str, password: str) -> None:
        """Sign in at Airflow's API server at this URL.

        :raises Unsendable: when no server can have this URL.
        """
        self._target = login_url(url)
        self._user = user
        self._password = password
        self._token: str | None = None

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        is_new = self._token is None
        response = yield (yield from self._signed(request))
        if response.status_code == HTTPStatus.UNAUTHORIZED and not is_new:
            self._token = None
            yield (yield from self._signed(request))

    def _signed(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, httpx.Request]:
        if self._token is None:
            login = {"username": self._user, "password": self._password}
            # the extensions hold the time-outs, which a request of its own has not
            response = yield httpx.Request("POST", self._target, json=login, extensions=request.extensions)
            self._token = _token_of(response, self._target, self._user)
        request.headers.update(encoding.headers(self._token))
        return request


def _token_of(response: httpx.Response, target: str, user: str) -> str:
    with suppress(ValueError, KeyError, TypeError):
        if response.is_success:
            token = response.json()["access_token"]
            if isinstance(token, str):
                encoding.headers(token)  # a ValueError, when no request can send it
                return token
    if response.status_code in _REFUSALS:
        msg = f"Airflow does not let {user!r} in at {target}: the name or the password is wrong"
        raise RefusedByService(msg, status=response.status_code)
    msg = f"{target} gives no token for a name and a password (status {response.status_code})"
    raise Unreachable(msg, nothing_was_done=True)
