"""One request, sent until it is answered: again and again where that is safe, and for a while only.

tenacity repeats it. Whether a request may be repeated depends on the request and on what has become of it, so it is decided
for each attempt here; a transport that repeats by method and status (httpx-retries) cannot know. Airflow brings it, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar, cast

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception
from tenacity.wait import wait_exponential, wait_random

from airflow_run_groups.adapters.client.errors import ClientError, RefusedByService, Unreachable
from airflow_run_groups.adapters.client.responses import fits

_NOTHING_DONE = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
"""What the service answers when it has done nothing, and may do it later."""
_FROM_BETWEEN = (HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT)
"""What a proxy answers when it has lost the service, or its answer."""
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_HOPELESS = (httpx.UnsupportedProtocol, httpx.LocalProtocolError)
_SHOWN = 200
"""How much of an answer that is not the service's is shown."""

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """A request is about to be sent again: why, in how many seconds, and whether the answer before may have been lost."""

    reason: str
    seconds: float
    answer_lost: bool


class Sender:
    """Sends requests, and repeats them for so many seconds at most; 0 for not at all.

    The pauses grow from half a second to ten, with some chance in them. Where the service says when to come again
    (``Retry-After``), that is when, unless it lies beyond.
    """

    def __init__(
        self,
        http: httpx.Client,
        *,
        retry_for: float,
        on_repeat: Callable[[Repeat], object],
        sleep: Callable[[float], None],
    ) -> None:
        """Send with this client; ``on_repeat`` hears of each repetition before it happens."""
        self._http = http
        self._retry_for = retry_for
        self._on_repeat = on_repeat
        self._sleep = sleep

    def send(self, method: str, url: str, *, safe_to_repeat: bool, **more: Any) -> httpx.Response:
        """Return the service's good answer, a 304 included.

        :param safe_to_repeat: whether to send it again when nobody knows what has become of it. Where the service has said
            that it did nothing, or was never reached, it is sent again in any case.
        :raises RefusedByService: when the service says no.
        :raises Unreachable: when repeating did not help, or may not be done.
        """
        attempts = Retrying(
            retry=retry_if_exception(
                lambda error: isinstance(error, _NotNow) and (safe_to_repeat or error.nothing_was_done)
            ),
            wait=_pause,
            stop=self._is_over,
            before_sleep=self._tell,
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return attempts(self._attempt, method, url, more)
        except _NotNow as failure:
            raise failure.error from failure.__cause__

    def _attempt(self, method: str, url: str, more: Mapping[str, Any]) -> httpx.Response:
        try:
            answer = self._http.request(method, url, **more)
        except _HOPELESS as error:
            msg = f"{url}: {error}"
            raise Unreachable(msg, nothing_was_done=True) from error
        except httpx.TransportError as error:
            not_sent = isinstance(error, _NOT_SENT)
            msg = f"{url} does not answer ({str(error) or type(error).__name__})"
            raise _NotNow(Unreachable(msg, nothing_was_done=not_sent), nothing_was_done=not_sent) from error
        except httpx.RequestError as error:
            msg = f"{url} gave an answer that cannot be read ({error})"
            raise Unreachable(msg) from error
        return _judged(answer)

    def _is_over(self, state: RetryCallState) -> bool:
        # at least one repetition, since the first attempt alone may have taken longer than all of them may
        passed = 0.0 if state.attempt_number == 1 else max(state.seconds_since_start or 0.0, state.idle_for)
        return passed + state.upcoming_sleep > self._retry_for

    def _tell(self, state: RetryCallState) -> None:
        failure = _failure(state)
        reason = str(failure.error)
        self._on_repeat(
            Repeat(reason=reason, seconds=state.upcoming_sleep, answer_lost=not failure.nothing_was_done),
        )


def read(answer: httpx.Response, kind: type[_Answer]) -> _Answer:
    """Return what an answer says, as this kind of dictionary.

    :raises Unreachable: when it is none: somebody else has answered in a similar form.
    """
    payload: Any = _payload(answer)
    if not fits(payload, kind):
        raise Unreachable(_foreign(answer), request_id=answer.headers.get("X-Request-Id"))
    return cast("_Answer", payload)


class _NotNow(Exception):
    """An attempt came to nothing, and another one may not."""

    def __init__(self, error: ClientError, *, nothing_was_done: bool, after: float = 0.0) -> None:
        self.error = error
        self.nothing_was_done = nothing_was_done
        self.after = after
        super().__init__(str(error))


_backoff = wait_exponential(multiplier=0.5, max=9.5) + wait_random(0, 0.5)


def _pause(state: RetryCallState) -> float:
    return max(_failure(state).after, _backoff(state))


def _failure(state: RetryCallState) -> _NotNow:
    failure = state.outcome.exception() if state.outcome else None
    assert isinstance(failure, _NotNow)  # noqa: S101 - nothing else is repeated
    return failure


def _judged(answer: httpx.Response) -> httpx.Response:
    """Return an answer that is good, raise what it means otherwise."""
    if answer.status_code == HTTPStatus.NOT_MODIFIED:
        return answer
    payload = _payload(answer)
    request_id = answer.headers.get("X-Request-Id")
    if payload is None:
        error = Unreachable(_foreign(answer), request_id=request_id)
        if answer.status_code in _FROM_BETWEEN:
            raise _NotNow(error, nothing_was_done=False, after=_retry_after(answer))
        raise error
    if answer.is_success:
        return answer
    words = payload["error"]
    if answer.status_code in _NOTHING_DONE:
        not_now = Unreachable(words, nothing_was_done=True, request_id=request_id)
        raise _NotNow(not_now, nothing_was_done=True, after=_retry_after(answer))
    if answer.is_client_error:
        raise RefusedByService(words, status=answer.status_code, request_id=request_id)
    raise Unreachable(words, request_id=request_id)


def _payload(answer: httpx.Response) -> Mapping[str, Any] | None:
    """Return what the service says, None when it is not the service that says it."""
    with suppress(ValueError):
        content = answer.json()
        if isinstance(content, dict) and isinstance(content.get("response"), dict):
            payload: Mapping[str, Any] = content["response"]
            if answer.is_success or isinstance(payload.get("error"), str):
                return payload
    return None


def _retry_after(answer: httpx.Response) -> float:
    with suppress(ValueError):  # as a date, which a proxy may give, it is not read
        return max(0.0, float(answer.headers.get("Retry-After", "")))
    return 0.0


def _foreign(answer: httpx.Response) -> str:
    text = "".join(character if character.isprintable() else " " for character in answer.text[:_SHOWN])
    kind = answer.headers.get("Content-Type", "nothing")
    return f"{answer.request.url} is not this service: it answered {answer.status_code} with {kind}: {' '.join(text.split())!r}"
