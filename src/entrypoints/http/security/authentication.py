"""Who sends a request: nobody in particular, somebody who has a token of ours, or one of Airflow's users."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from falcon import Request

from airflow_run_groups.domain import Caller, Unauthenticated
from airflow_run_groups.entrypoints.http.security.same_origin import SameOrigin
from airflow_run_groups.entrypoints.http.security.tokens import SINGLE, Token, TokenFile, find, single_token

_SCHEME = b"bearer "
_READS = frozenset({"GET", "HEAD", "OPTIONS"})


def reads(req: Request) -> bool:
    """Tell whether the method is one that changes nothing."""
    return req.method in _READS


class Authenticator(Protocol):
    """How a deployment tells its callers apart."""

    def identify(self, req: Request) -> Caller:
        """Return who sent the request.

        :raises Unauthenticated: when they do not say who they are, or not believably.
        """


@dataclass(frozen=True, slots=True)
class FullAccess:
    """A caller who sees every DAG and may create and change runs of each; ``token`` is the name of what they proved it with."""

    name: str | None = None
    token: str | None = None

    def readable_dag_ids(self, dag_id: str | None = None) -> frozenset[str] | None:
        """Show all of them."""
        return None

    def may_create_runs(self, dag_id: str) -> bool:
        """Allow it."""
        return True

    may_change_runs = may_create_runs


@dataclass(frozen=True, slots=True)
class ReadAccess:
    """A caller who sees every DAG, and may send no request that changes something."""

    name: str | None = None
    token: str | None = None

    def readable_dag_ids(self, dag_id: str | None = None) -> frozenset[str] | None:
        """Show all of them."""
        return None

    def may_create_runs(self, dag_id: str) -> bool:
        """Refuse it."""
        return False

    may_change_runs = may_create_runs


class NoAuthentication:
    """Everybody may do everything, but for pages of other sites."""

    def __init__(self, same_origin: SameOrigin | None = None) -> None:
        """Have this one tell what comes from other sites."""
        self._own_site = same_origin or SameOrigin()

    def identify(self, req: Request) -> Caller:
        """Return a caller without a name."""
        self._own_site.check(req)
        return FullAccess()


class TokenAuthentication:
    """Whoever has a token may do what it is for. It comes bare in the header, or after ``Bearer``."""

    def __init__(self, token: str | None = None, file: TokenFile | None = None) -> None:
        """Take this token and those of the file."""
        self._single: Sequence[Token] = () if token is None else (single_token(token),)
        self._file = file

    def identify(self, req: Request) -> Caller:
        """Return a caller with the name of their token, or without one: a token that several people share names none."""
        header = req.get_header("Authorization")
        if header is None:
            msg = (
                "a token is required: send it in the header 'authorization: <token>' or 'authorization: Bearer <token>'"
            )
            raise Unauthenticated(msg)
        # WSGI hands the header's bytes over as Latin-1.
        sent = header.encode("latin-1", "replace")
        bearer = sent[len(_SCHEME) :].strip() if sent[: len(_SCHEME)].lower() == _SCHEME else sent
        token = find((*self._single, *(self._file.tokens() if self._file else ())), sent, bearer)
        if token is None:
            msg = "the token in the authorization header is not the right one"
            raise Unauthenticated(msg)
        name = None if token.name == SINGLE else token.name
        return ReadAccess(name, token.name) if token.read_only else FullAccess(name, token.name)


class BearerAuthentication:
    """Whoever holds a token by which Airflow knows them is that user of Airflow's."""

    def __init__(self, user_of: Callable[[str], Caller], same_origin: SameOrigin | None = None) -> None:
        """Ask ``user_of`` whose token it is; it raises Unauthenticated for one that is nobody's.

        ``same_origin`` is for an Airflow that gives a token to requests that come without one.
        """
        self._user_of = user_of
        self._own_site = same_origin

    def identify(self, req: Request) -> Caller:
        """Return the user."""
        if self._own_site is not None:
            self._own_site.check(req)
        scheme, _, token = req.get_header("Authorization", default="").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            msg = (
                "a token of Airflow's API is required, as its endpoint /auth/token gives it: "
                "send it in the header 'authorization: Bearer <token>'"
            )
            raise Unauthenticated(msg)
        return self._user_of(token.strip())
