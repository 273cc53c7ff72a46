"""Why a request got no response, or not the one that was wanted."""


class ClientError(Exception):
    """The request did not succeed, or nobody knows whether it did."""


class Unsendable(ValueError):
    """The request cannot be written, or is surely wrong. It was not sent."""


class RefusedByService(ClientError):
    """The service has refused the request, in its own words. Nothing was done.

    ``status``: 400 to 499, but for 408 and 429, after which a later request may succeed.
    ``request_id``: the id of the request in the log of the service.
    """

    def __init__(self, text: str, *, status: int, request_id: str | None) -> None:
        self.status = status
        self.request_id = request_id
        super().__init__(text)


class Unreachable(ClientError):
    """No response of the service has come, or it is unavailable, and retries did not help.

    ``nothing_was_done``: whether that much is known. ``request_id``: None where no response had one.
    """

    def __init__(self, text: str, *, nothing_was_done: bool = False, request_id: str | None = None) -> None:
        self.nothing_was_done = nothing_was_done
        self.request_id = request_id
        super().__init__(text)
