"""One request, sent again until it has a response: only where that is safe, and only for a while.

tenacity does the retries. Whether one is safe depends on the request and on what has become of it, so it is decided for
each attempt here; a transport that retries by method and status (httpx-retries) cannot know. Airflow brings tenacity, too.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar, cast

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception
from tenacity.wait import wait_exponential, wait_random

from airflow_run_groups.adapters.client.errors import ClientError, NoConnection, RefusedByService, Unreachable
from airflow_run_groups.adapters.client.responses import matches
from airflow_run_groups.domain import DeadlineExceeded, InsufficientPrivilege, OutcomeUnknown, SchemaUnknown

_NOTHING_DONE = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
"""Statuses of the service after which it has done nothing, and may do it later."""
_UNKNOWN = (HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT)
"""Statuses after which nobody knows what was done: of a proxy that has lost the response, or of the service itself."""
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_HOPELESS = (httpx.UnsupportedProtocol, httpx.LocalProtocolError)
_SHOWN = 200
"""Characters of a foreign response that an error shows."""

_Response = TypeVar("_Response")


@dataclass(frozen=True, slots=True, kw_only=True)
class UpcomingRetry:
    """A request is about to be sent again: why, in how many seconds, and whether a response may have been lost."""

    reason: str
    seconds: float
    response_lost: bool
    no_connection: bool = False


class Sender:
    """Sends requests, and retries them for so many seconds at most; 0 for not at all.

    The pauses grow from half a second to ten, with some chance in them. A ``Retry-After`` of the service replaces a pause,
    unless it lies beyond the end.
    """

    def __init__(
        self,
        http: httpx.Client,
        *,
        retry_for: float,
        connect_for: float | None = None,
        on_retry: Callable[[UpcomingRetry], object],
        sleep: Callable[[float], None],
    ) -> None:
        """``connect_for``: the same for a service that was never reached, or never worked; None: as ``retry_for``."""
        self._http = http
        self._retry_for = retry_for
        self._connect_for = retry_for if connect_for is None else min(connect_for, retry_for)
        self._has_responded = False
        self._has_worked = False
        self._on_retry = on_retry
        self._sleep = sleep

    def send(
        self, method: str, url: str, *, safe_to_retry: bool, can_shrink: bool = False, **more: Any
    ) -> httpx.Response:
        """Return the service's good response, a 304 included.

        :param safe_to_retry: whether to send it again when nobody knows what has become of it. Where the service has said
            that it did nothing, or was never reached, it is sent again in any case.
        :param can_shrink: whether the caller asks for less when it took too long (``deadline_exceeded``).
        :raises RefusedByService: when the service refuses it.
        :raises Unreachable: when retries did not help, or are not safe.
        """
        in_doubt = False

        def attempt() -> httpx.Response:
            nonlocal in_doubt
            try:
                return self._attempt(method, url, more)
            except _NotNow as failure:
                in_doubt = in_doubt or not failure.nothing_was_done
                raise

        def is_retried(error: BaseException) -> bool:
            if not isinstance(error, _NotNow) or (can_shrink and is_too_slow(error.error)):
                return False
            return safe_to_retry or error.nothing_was_done

        attempts = Retrying(
            retry=retry_if_exception(is_retried),
            wait=_pause,
            stop=self._is_over,
            before_sleep=self._report,
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return attempts(attempt)
        except (_NotNow, ClientError) as failure:
            error = failure.error if isinstance(failure, _NotNow) else failure
            error.nothing_was_done = error.nothing_was_done and not in_doubt  # the last attempt, and those before it
            raise error from failure.__cause__

    def _attempt(self, method: str, url: str, more: Mapping[str, Any]) -> httpx.Response:
        try:
            response = self._http.request(method, url, **more)
        except httpx.RequestError as error:
            raise _failure_without_response(url, error) from error
        self._has_responded = True
        checked = _checked(response)
        self._has_worked = True
        return checked

    def _is_over(self, state: RetryCallState) -> bool:
        # at least one retry, since the first attempt alone may have taken longer than all of them may
        passed = 0.0 if state.attempt_number == 1 else max(state.seconds_since_start or 0.0, state.idle_for)
        seconds = self._retry_for if self._may_pass(_failure(state).error) else self._connect_for
        return passed + state.upcoming_sleep > seconds

    def _may_pass(self, error: ClientError) -> bool:
        """Tell whether a failure may pass by itself. One of a service that was never set up waits for its operator."""
        if error.reason == InsufficientPrivilege.reason:
            return False
        if error.reason == SchemaUnknown.reason:
            return self._has_worked
        return self._has_responded or not isinstance(error, NoConnection)

    def _report(self, state: RetryCallState) -> None:
        failure = _failure(state)
        self._on_retry(
            UpcomingRetry(
                reason=str(failure.error),
                seconds=state.upcoming_sleep,
                response_lost=not failure.nothing_was_done,
                no_connection=isinstance(failure.error, NoConnection),
            )
        )


def is_too_slow(error: ClientError) -> bool:
    """Tell whether the service has broken the request off because it took too long: with less to do it may not."""
    return error.reason == DeadlineExceeded.reason


def parse(response: httpx.Response, kind: type[_Response]) -> _Response:
    """Return the payload of a response.

    :raises Unreachable: when it is not of this kind: another service has responded in a similar form.
    """
    payload: Any = _payload(response)
    if not matches(payload, kind):
        raise Unreachable(_foreign(response), request_id=response.headers.get("X-Request-Id"))
    return cast("_Response", payload)


async def send_once(request: Awaitable[httpx.Response], url: str) -> httpx.Response:
    """Return the service's good response to a request that is not retried, a 304 included.

    :raises RefusedByService: when the service refuses it.
    :raises Unreachable: when a later request may succeed, or no response came.
    """
    try:
        return _checked(await request)
    except httpx.RequestError as error:
        failure = _failure_without_response(url, error)
        raise (failure.error if isinstance(failure, _NotNow) else failure) from error
    except _NotNow as failure:
        raise failure.error from failure


class _NotNow(Exception):
    """An attempt failed, and another one may not."""

    def __init__(self, error: ClientError, *, after: float = 0.0) -> None:
        self.error = error
        self.nothing_was_done = error.nothing_was_done
        self.after = after
        super().__init__(str(error))


def _failure_without_response(url: str, error: httpx.RequestError) -> _NotNow | Unreachable:
    """Return what to raise when a request has no response, or none that can be read."""
    if isinstance(error, _HOPELESS):
        return Unreachable(f"{url}: {error}", nothing_was_done=True)
    if isinstance(error, httpx.TransportError):
        msg = f"{url} does not respond ({str(error) or type(error).__name__})"
        return _NotNow(NoConnection(msg) if isinstance(error, _NOT_SENT) else Unreachable(msg))
    unreadable = Unreachable(f"{url} sent a response that cannot be read ({error})")
    return _NotNow(unreadable) if isinstance(error, httpx.DecodingError) else unreadable


_backoff = wait_exponential(multiplier=0.5, max=9.5) + wait_random(0, 0.5)


def _pause(state: RetryCallState) -> float:
    return max(_failure(state).after, _backoff(state))


def _failure(state: RetryCallState) -> _NotNow:
    failure = state.outcome.exception() if state.outcome else None
    assert isinstance(failure, _NotNow)  # noqa: S101 - nothing else is retried
    return failure


def _checked(response: httpx.Response) -> httpx.Response:
    """Return a good response; raise what any other one means."""
    if response.status_code == HTTPStatus.NOT_MODIFIED:
        return response
    payload = _payload(response)
    request_id = response.headers.get("X-Request-Id")
    if payload is None:
        error = Unreachable(_foreign(response), request_id=request_id)
        if response.status_code in (*_UNKNOWN, HTTPStatus.SERVICE_UNAVAILABLE) or _is_cut_off(response):
            raise _NotNow(error, after=_retry_after(response))
        raise error
    if response.is_success:
        return response
    text, word = payload["error"], payload.get("reason")
    reason = word if isinstance(word, str) else None
    if reason == OutcomeUnknown.reason or response.status_code in _UNKNOWN:
        raise _NotNow(Unreachable(text, reason=reason, request_id=request_id), after=_retry_after(response))
    if response.status_code in _NOTHING_DONE:
        not_now = Unreachable(text, nothing_was_done=True, reason=reason, request_id=request_id)
        raise _NotNow(not_now, after=_retry_after(response))
    if response.is_client_error:
        raise RefusedByService(text, status=response.status_code, reason=reason, request_id=request_id)
    raise Unreachable(text, reason=reason, request_id=request_id)


def _is_cut_off(response: httpx.Response) -> bool:
    """Tell whether a good response has no end: its JSON cannot be read."""
    if not response.is_success or not response.headers.get("Content-Type", "").startswith("application/json"):
        return False
    try:
        response.json()
    except ValueError:
        return True
    return False


def _payload(response: httpx.Response) -> Mapping[str, Any] | None:
    """Return what lies below ``response``; None when it is not this service that has responded."""
    with suppress(ValueError):
        content = response.json()
        if isinstance(content, dict) and isinstance(content.get("response"), dict):
            payload: Mapping[str, Any] = content["response"]
            if response.is_success or isinstance(payload.get("error"), str):
                return payload
    return None


def _retry_after(response: httpx.Response) -> float:
    with suppress(ValueError):  # a date, which a proxy may send, is ignored
        return max(0.0, float(response.headers.get("Retry-After", "")))
    return 0.0


def _foreign(response: httpx.Response) -> str:
    text = "".join(character if character.isprintable() else " " for character in response.text[:_SHOWN])
    kind = response.headers.get("Content-Type", "nothing")
    return (
        f"{response.request.url} is not this service: it responded {response.status_code} with {kind}: "
        f"{' '.join(text.split())!r}"
    )
