"""Why there is no answer to a request, or not the one that was hoped for."""

from __future__ import annotations


class ClientError(Exception):
    """What was asked for did not happen, or nobody knows whether it did."""


class Unsendable(ValueError):
    """What was asked for cannot be sent, or is surely wrong: it was not sent."""


class RefusedByService(ClientError):
    """The service has said no; the text is its own. Nothing was done.

    ``status`` is that of the answer, 400 to 499, but for 408 and 429, which say that another time it may be done; ``request_id`` is where the service's log tells of it.
    """

    def __init__(self, words: str, *, status: int, request_id: str | None) -> None:
        self.status = status
        self.request_id = request_id
        super().__init__(words)


class Unreachable(ClientError):
    """No answer has come, or none of the service's, or it cannot do it now, and repeating the request did not help.

    ``nothing_was_done``: whether that much is known. ``request_id`` is None where no answer had one.
    """

    def __init__(self, words: str, *, nothing_was_done: bool = False, request_id: str | None = None) -> None:
        self.nothing_was_done = nothing_was_done
        self.request_id = request_id
        super().__init__(words)
