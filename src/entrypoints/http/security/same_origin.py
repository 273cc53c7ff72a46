"""The origin of requests where no token proves who sent them: other sites' web pages are refused.

A browser lets every page send requests to every address that its user reaches, this machine's own among them. A browser
names the site that a request comes from; other programs do not.
"""

import ipaddress
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from falcon import Request

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:/?#@\s]+)(:[0-9]*)?")
_OWN = frozenset({"same-origin", "none"})


class CrossOriginRequest(Exception):
    """A browser sends this request for another site's page; the text says how to allow it."""

    reason = "cross_origin"


class SameOrigin:
    """Refuses requests that a browser sends for another site's page.

    ``allowed_hosts`` are accepted beside addresses and the names of this machine itself; with ``any_host`` all hosts are.
    """

    def __init__(self, allowed_hosts: Iterable[str], *, any_host: bool = False) -> None:
        self._allowed = frozenset(allowed_hosts)
        self._any_host = any_host

    def check(self, req: Request) -> None:
        """Accept the request.

        :raises CrossOriginRequest: when it comes from elsewhere.
        """
        host = req.get_header("Host")
        if host is not None and not self._is_ours(host):
            msg = (
                f"no token is set, so requests to the host {host[:100]!r} are refused: ask at an address such as "
                "127.0.0.1, or name this host in [airflow_api_plugin] allowed_hosts, or set a token"
            )
            raise CrossOriginRequest(msg)
        # Browsers that say this do so themselves; they leave it out where the address is neither https nor local.
        site = req.get_header("Sec-Fetch-Site")
        origin = req.get_header("Origin")
        if site not in _OWN if site is not None else not self._is_own_origin(origin, host):
            msg = (
                "no token is set, so requests that a browser sends for a page of another site are refused: serve that "
                "page and this service from one origin, or set a token"
            )
            raise CrossOriginRequest(msg)

    def _is_ours(self, host: str) -> bool:
        # A page whose host name is made to lead here (DNS rebinding) sends that name; an address it cannot be.
        parts = _HOST.fullmatch(host)
        if parts is None:
            return False
        name = parts[1].strip("[]").lower().rstrip(".")
        return (
            self._any_host
            or name in self._allowed
            or name == "localhost"
            or name.endswith(".localhost")
            or _is_address(name)
        )

    def _is_own_origin(self, origin: str | None, host: str | None) -> bool:
        if origin is None:
            return True
        try:
            parts = urlsplit(origin)
            name = parts.hostname
        except ValueError:
            return False
        if name is None:  # "null", as sandboxed pages and files have it
            return False
        # A proxy may have changed the host, for which the names are there that it serves.
        return parts.netloc.lower() == (host or "").lower() or name in self._allowed


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
