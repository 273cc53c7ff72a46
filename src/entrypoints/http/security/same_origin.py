"""The origin of requests where no token proves who sent them: other sites' web pages are refused.

A browser lets every page send requests to every address that its user reaches, this machine's own among them. A browser
names the site that a request comes from; other programs do not.
"""

import ipaddress
import re
from collections.abc import Iterable
from typing import NamedTuple

from falcon import Request

FORWARDED_HOST = "X-Forwarded-Host"
"""The header in which a proxy passes on the host that a browser has sent. Servers drop it where they do not trust the peer."""
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:/?#@\s]+)(?::([0-9]{0,5}))?")
_ORIGIN = re.compile(r"(https?)://([^/]+)/?", re.IGNORECASE)
_PORTS = {"http": 80, "https": 443}
_OWN = frozenset({"same-origin", "none"})


class CrossOriginRequest(Exception):
    """A browser sends this request for another site's page; the text says how to allow it."""

    reason = "cross_origin"


class Origin(NamedTuple):
    """The origin by which a browser tells sites apart: a page of another port is a page of another site."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, scheme: str, netloc: str) -> "Origin | None":
        """Read ``host`` or ``host:port``; None when it is neither."""
        parts = _HOST.fullmatch(netloc)
        if parts is None or scheme.lower() not in _PORTS:
            return None
        return cls(scheme.lower(), parts[1].strip("[]").lower().rstrip("."), int(parts[2] or _PORTS[scheme.lower()]))

    @classmethod
    def parse(cls, text: str) -> "Origin | None":
        """Read ``scheme://host:port``; None for anything else, such as ``null``, which sandboxed pages and files have."""
        parts = _ORIGIN.fullmatch(text)
        return None if parts is None else cls.of(parts[1], parts[2])


class SameOrigin:
    """Refuses requests that a browser sends for another site's page.

    ``allowed_hosts`` are accepted beside addresses and the names of this machine itself; with ``any_host`` all hosts are.
    ``public_origin`` is the address of the server as browsers have it, if that is configured.
    """

    def __init__(
        self, allowed_hosts: Iterable[str], *, any_host: bool = False, public_origin: Origin | None = None
    ) -> None:
        self._allowed = frozenset(allowed_hosts)
        self._any_host = any_host
        self._public_origin = public_origin

    def check(self, req: Request) -> None:
        """Accept the request.

        :raises CrossOriginRequest: when it comes from elsewhere.
        """
        host = req.get_header("Host")
        if host is not None and not self._is_ours(Origin.of(req.scheme, host)):
            msg = (
                f"no token is set, so requests to the host {host[:100]!r} are refused: use an address such as "
                "127.0.0.1, or name this host in [airflow_api_plugin] allowed_hosts, or set a token"
            )
            raise CrossOriginRequest(msg)
        # Browsers that say this do so themselves; they leave it out where the address is neither https nor local.
        site = req.get_header("Sec-Fetch-Site")
        if site not in _OWN if site is not None else not self._is_own_origin(req):
            msg = (
                "no token is set, so requests that a browser sends for a page of another site are refused: serve that "
                "page and this service from one origin, that is scheme, host and port, or set a token"
            )
            raise CrossOriginRequest(msg)

    def _is_ours(self, origin: Origin | None) -> bool:
        # A page whose host name is made to lead here (DNS rebinding) sends that name; an address it cannot be.
        return origin is not None and (
            self._any_host
            or origin.host in self._allowed
            or origin.host == "localhost"
            or origin.host.endswith(".localhost")
            or _is_address(origin.host)
        )

    def _is_own_origin(self, req: Request) -> bool:
        text = req.get_header("Origin")
        if text is None:
            return True
        origin = Origin.parse(text)
        if origin is None:
            return False
        if origin == self._public_origin or origin == Origin.of(req.scheme, req.get_header("Host", default="")):
            return True
        # A proxy may have changed the host. One that forwards a name which is not ours may have been led here itself.
        forwarded = Origin.of(req.scheme, req.get_header(FORWARDED_HOST, default=""))
        return origin == forwarded and self._is_ours(forwarded)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
