"""Why a request got no response, or not the one that was wanted."""


class ClientError(Exception):
    """The request did not succeed, or nobody knows whether it did.

    ``nothing_was_done``: whether that much is known, of all attempts together.
    ``reason``: the service's stable word for the error, such as ``dag_not_found``; docs/operations.md lists them.
    ``request_id``: the id of the request in the log of the service. Both are None where no response had one.
    """

    def __init__(
        self, text: str, *, nothing_was_done: bool, reason: str | None = None, request_id: str | None = None
    ) -> None:
        self.nothing_was_done = nothing_was_done
        self.reason = reason
        self.request_id = request_id
        super().__init__(text)


class Unsendable(ValueError):
    """The request cannot be written, or is surely wrong. It was not sent."""


class RefusedByService(ClientError):
    """The service has refused the request, in its own words. Nothing was done, unless an earlier attempt lost its response.

    ``status``: 400 to 499, but for 408 and 429, after which a later request may succeed.
    """

    def __init__(self, text: str, *, status: int, reason: str | None = None, request_id: str | None = None) -> None:
        self.status = status
        super().__init__(text, nothing_was_done=True, reason=reason, request_id=request_id)


class Unreachable(ClientError):
    """No response of the service has come, or it is unavailable, or does not know what became of the request."""

    def __init__(
        self, text: str, *, nothing_was_done: bool = False, reason: str | None = None, request_id: str | None = None
    ) -> None:
        super().__init__(text, nothing_was_done=nothing_was_done, reason=reason, request_id=request_id)


class NoConnection(Unreachable):
    """No connection to the service was made, so nothing was sent: the URL may be wrong, or the service is not started."""

    def __init__(self, text: str) -> None:
        super().__init__(text, nothing_was_done=True)
