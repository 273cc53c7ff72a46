"""Who sends a request: an anonymous caller, the holder of one of our tokens, or a user of Airflow's."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from falcon import Request

from airflow_run_groups.domain import Caller, Forbidden, Unauthenticated
from airflow_run_groups.entrypoints.http.security.same_origin import SameOrigin
from airflow_run_groups.entrypoints.http.security.tokens import SINGLE, Token, TokenFile, find, single_token

_SCHEME = b"bearer "
_READS = frozenset({"GET", "HEAD", "OPTIONS"})


def reads(req: Request) -> bool:
    """Return whether the method is one that changes nothing."""
    return req.method in _READS


class Authenticator(Protocol):
    """How a deployment identifies its callers."""

    def identify(self, req: Request) -> Caller:
        """Return the caller of the request.

        :raises Unauthenticated: when the request has no valid credentials.
        """


class ReadOnlyToken(Forbidden):
    """The request would change something, and its token is read-only."""

    reason = "read_only_token"

    def __init__(self, token: str | None) -> None:
        super().__init__(f"your token {token!r} is read-only: it lists and shows, and creates nothing")


@dataclass(frozen=True, slots=True)
class FullAccess:
    """A caller who sees every DAG and may create and change runs of each; ``token`` is the name of their token."""

    name: str | None = None
    token: str | None = None

    @property
    def display_name(self) -> str | None:
        return self.name

    def readable_dag_ids(self, dag_id: str | None = None) -> frozenset[str] | None:
        return None

    def may_create_runs(self, dag_id: str) -> bool:
        return True

    may_change_runs = may_create_runs


@dataclass(frozen=True, slots=True)
class ReadAccess:
    """A caller who sees every DAG, and may send no request that changes something."""

    name: str | None
    token: str | None

    @property
    def display_name(self) -> str | None:
        return self.name

    def readable_dag_ids(self, dag_id: str | None = None) -> frozenset[str] | None:
        return None

    def may_create_runs(self, dag_id: str) -> bool:
        return False

    may_change_runs = may_create_runs


class NoAuthentication:
    """Every caller may do everything, except for pages of other sites."""

    def __init__(self, same_origin: SameOrigin) -> None:
        self._same_origin = same_origin

    def identify(self, req: Request) -> Caller:
        self._same_origin.check(req)
        return FullAccess()


class TokenAuthentication:
    """A token decides what its holder may do. The header holds it bare, or after ``Bearer``."""

    def __init__(self, token: str | None = None, file: TokenFile | None = None) -> None:
        self._single: Sequence[Token] = () if token is None else (single_token(token),)
        self._file = file

    def identify(self, req: Request) -> Caller:
        """Return a caller with the name of their token. The single token is shared, so its holders have no name."""
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
    """A bearer token of Airflow's names one of its users."""

    def __init__(self, user_of: Callable[[str], Caller], same_origin: SameOrigin | None = None) -> None:
        """Identify callers with ``user_of``, which raises Unauthenticated for an invalid token.

        ``same_origin`` is for an Airflow that adds a token to requests that have none.
        """
        self._user_of = user_of
        self._same_origin = same_origin

    def identify(self, req: Request) -> Caller:
        if self._same_origin is not None:
            self._same_origin.check(req)
        scheme, _, token = req.get_header("Authorization", default="").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            msg = (
                "a token of Airflow's API is required, as its endpoint /auth/token gives it: "
                "send it in the header 'authorization: Bearer <token>'"
            )
            raise Unauthenticated(msg)
        return self._user_of(token.strip())
