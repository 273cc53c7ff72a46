"""Who sends a request: nobody in particular, somebody who knows the token, or one of Airflow's users."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from falcon import Request

from airflow_api_plugin.domain import Caller, Unauthenticated

_SCHEME = b"bearer "


class Authenticator(Protocol):
    """How a deployment tells its callers apart."""

    def identify(self, req: Request) -> Caller:
        """Return who sent the request.

        :raises Unauthenticated: when they do not say who they are, or not believably.
        """


@dataclass(frozen=True, slots=True)
class FullAccess:
    """A caller who sees every DAG and may create runs of each."""

    name: str | None = None

    def readable_dag_ids(self, dag_id: str | None = None) -> frozenset[str] | None:  # noqa: ARG002 - the port's signature
        """Show all of them."""
        return None

    def may_create_runs(self, dag_id: str) -> bool:  # noqa: ARG002 - the port's signature
        """Allow it."""
        return True


class NoAuthentication:
    """Everybody may do everything."""

    def identify(self, req: Request) -> Caller:  # noqa: ARG002 - the protocol's signature
        """Return a caller without a name."""
        return FullAccess()


class TokenAuthentication:
    """Whoever knows the token may do everything. It comes bare in the header, or after ``Bearer``."""

    def __init__(self, token: str) -> None:
        """Ask for this token."""
        self._token = token.encode()

    def identify(self, req: Request) -> Caller:
        """Return a caller without a name: a token that several people share names none of them."""
        header = req.get_header("Authorization")
        if header is None:
            msg = (
                "a token is required: send it in the header 'authorization: <token>' or 'authorization: Bearer <token>'"
            )
            raise Unauthenticated(msg)
        # WSGI hands the header's bytes over as Latin-1; both are compared, so that the time taken tells nothing.
        sent = header.encode("latin-1", "replace")
        bearer = sent[len(_SCHEME) :].strip() if sent[: len(_SCHEME)].lower() == _SCHEME else sent
        if not hmac.compare_digest(sent, self._token) | hmac.compare_digest(bearer, self._token):
            msg = "the token in the authorization header is not the right one"
            raise Unauthenticated(msg)
        return FullAccess()


class BearerAuthentication:
    """Whoever holds a token by which Airflow knows them is that user of Airflow's."""

    def __init__(self, user_of: Callable[[str], Caller]) -> None:
        """Ask ``user_of`` whose token it is; it raises Unauthenticated for one that is nobody's."""
        self._user_of = user_of

    def identify(self, req: Request) -> Caller:
        """Return the user."""
        scheme, _, token = req.get_header("Authorization", default="").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            msg = (
                "a token of Airflow's API is required, as its endpoint /auth/token gives it: "
                "send it in the header 'authorization: Bearer <token>'"
            )
            raise Unauthenticated(msg)
        return self._user_of(token.strip())
