"""The session that a browser has with Airflow's own UI, for requests that a page of the same origin sends.

A browser sends the session's cookie with any request to its host, whichever page makes the request: a form of another site
right after the login, any page on another port. So the cookie counts where the browser itself says that the page is one of
this origin, and writes are of a kind that no page of another site can send without asking first.
"""

from collections.abc import Sequence

import falcon
from falcon import Request

from airflow_run_groups.entrypoints.http.security.authentication import reads
from airflow_run_groups.entrypoints.http.security.same_origin import CrossOriginRequest, Origin

MOST_TOKENS = 4
"""Cookies of one name that are looked at. A browser has one for each path of an Airflow above the request's."""
_INSTEAD = "use a token in the header 'authorization: Bearer <token>'"


class SessionOfAnotherSite(CrossOriginRequest):
    """The browser says that the page which sends the request is not of this origin."""

    reason = "session_cross_origin"

    def __init__(self) -> None:
        super().__init__(
            "a page of another site sends this request, so the browser's session with Airflow does not count: scheme, host and "
            f"port of the page must be those of Airflow's API server; elsewhere, {_INSTEAD}"
        )


class SessionWithoutOrigin(CrossOriginRequest):
    """The browser does not say which page sends the write."""

    reason = "session_origin_unknown"

    def __init__(self) -> None:
        super().__init__(
            "a write with the browser's session needs the header Sec-Fetch-Site or Origin, which browsers send: "
            f"in a program, {_INSTEAD}"
        )


class SessionWriteNotJson(CrossOriginRequest):
    """The write is one that a form of another site could send."""

    reason = "session_write_not_json"

    def __init__(self) -> None:
        super().__init__(
            "a write with the browser's session needs the header 'content-type: application/json', with or without a body: "
            f"in a program, {_INSTEAD}"
        )


class BrowserSession:
    """Finds the token of a browser's session in the cookies of a request."""

    def __init__(self, cookie: str, public_origin: Origin | None = None) -> None:
        """Look for cookies of this name; ``public_origin`` is the server's address as browsers have it, if configured."""
        self._cookie = cookie
        self._public_origin = public_origin

    def tokens(self, req: Request) -> Sequence[str]:
        """Return the tokens in the cookies, none where there is no session; at most ``MOST_TOKENS``.

        :raises CrossOriginRequest: when there are some, and the request is not of a page of ours.
        """
        tokens = [token for token in req.get_cookie_values(self._cookie) or () if token][:MOST_TOKENS]
        if tokens:
            self._check(req)
        return tokens

    def _check(self, req: Request) -> None:
        site = req.get_header("Sec-Fetch-Site")
        if site is not None:
            # No page can set this header. "none": the user has typed the address, which writes nothing.
            if not (site == "same-origin" or (site == "none" and reads(req))):
                raise SessionOfAnotherSite
        else:
            # Browsers leave it out where the address is neither https nor local.
            self._check_origin(req)
        if not reads(req) and _media_type(req) != falcon.MEDIA_JSON:
            raise SessionWriteNotJson

    def _check_origin(self, req: Request) -> None:
        text = req.get_header("Origin")
        if text is None:
            if not reads(req):
                raise SessionWithoutOrigin
            return
        origin = Origin.parse(text)
        own = Origin.of(req.scheme, req.get_header("Host", default=""))
        if origin is None or origin not in (own, self._public_origin):
            raise SessionOfAnotherSite


def _media_type(req: Request) -> str:
    return (req.content_type or "").partition(";")[0].strip().lower()
