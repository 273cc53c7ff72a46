"""Notifications over HTTP: a POST that is repeated until the receiver has taken it."""

from __future__ import annotations

import datetime as dt
import json
import ssl
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception
from tenacity.wait import wait_exponential, wait_random

from airflow_run_groups.domain.control.notification import Notification

KEY_HEADER = "Idempotency-Key"
"""The header with the key of the notification, which the body has, too."""
TIMEOUT = 10.0
"""Seconds that the receiver has for its response."""
_LATER = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)
_pause = wait_exponential(multiplier=0.5, max=9.5) + wait_random(0, 0.5)


class NotDelivered(Exception):
    """The receiver has not taken the notification, as far as is known. The message says why, and holds no password."""

    def __init__(self, text: str, *, may_succeed_later: bool) -> None:
        self.may_succeed_later = may_succeed_later
        super().__init__(text)


class Receiver:
    """Where notifications go. Each is sent at least once, unless an error says otherwise, and may arrive more than once."""

    def __init__(  # noqa: PLR0913 - each but the first has a default
        self,
        url: str,
        *,
        auth: tuple[str, str] | None = None,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        verify: ssl.SSLContext | bool = True,
        retry_for: float = 60.0,
        timeout: float = TIMEOUT,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Send to this URL.

        :param auth: user and password.
        :param token: a bearer token.
        :param verify: which certificates are trusted; True: those that the HTTP library trusts.
        :param retry_for: seconds for which a POST that was not taken is repeated; 0 for not at all.
        """
        self._url = url
        self._auth = auth
        self._headers = {**(headers or {}), "Content-Type": "application/json"}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"
        self._verify = verify
        self._retry_for = retry_for
        self._timeout = timeout
        self._transport = transport
        self._sleep = sleep

    def send(self, notification: Notification, group: Mapping[str, Any]) -> None:
        """Send the notification with the group's state, as the API shows it.

        :raises NotDelivered: when the receiver refuses it, or has not taken it in time.
        """
        body = json.dumps(message_of(notification, group), ensure_ascii=False).encode()
        headers = {**self._headers, KEY_HEADER: notification.key.encode("ascii", "backslashreplace").decode()}
        attempts = Retrying(
            retry=retry_if_exception(lambda error: isinstance(error, NotDelivered) and error.may_succeed_later),
            wait=_pause,
            stop=self._is_over,
            sleep=self._sleep,
            reraise=True,
        )
        with httpx.Client(
            auth=self._auth, verify=self._verify, timeout=self._timeout, transport=self._transport
        ) as http:
            attempts(_post, http, self._url, body, headers)

    def _is_over(self, state: RetryCallState) -> bool:
        return max(state.seconds_since_start or 0.0, state.idle_for) + state.upcoming_sleep > self._retry_for


def message_of(notification: Notification, group: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is sent."""
    at = notification.at
    return {
        "key": notification.key,
        "event": notification.event.value,
        "at": None if at is None else at.astimezone(dt.timezone.utc).isoformat().replace("+00:00", "Z"),
        "group": group,
    }


def _post(http: httpx.Client, url: str, body: bytes, headers: Mapping[str, str]) -> None:
    """Send it once. The body of the response is not read, however long it is."""
    try:
        with http.stream("POST", url, content=body, headers=dict(headers)) as response:
            pass
    except httpx.UnsupportedProtocol as error:
        raise NotDelivered(str(error), may_succeed_later=False) from error
    except httpx.RequestError as error:
        where = httpx.URL(url).host
        msg = f"{where} does not take the notification ({str(error) or type(error).__name__})"
        raise NotDelivered(msg, may_succeed_later=True) from error
    if not response.is_success:
        later = response.is_server_error or response.status_code in _LATER
        msg = f"{response.request.url.host} does not take the notification: it answered {response.status_code}"
        raise NotDelivered(msg, may_succeed_later=later)
