"""The sender of a request: an anonymous caller, the holder of one of our tokens, or a user of Airflow's."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from falcon import Request

from airflow_run_groups.domain import Caller, Forbidden, Rights, Unauthenticated
from airflow_run_groups.entrypoints.http.security.same_origin import SameOrigin
from airflow_run_groups.entrypoints.http.security.token_file import TokenFile
from airflow_run_groups.entrypoints.http.security.tokens import SINGLE, Right, Token, find, single_token

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


class AirflowTokenRequired(Unauthenticated):
    """The request has no token, and the service asks for one of Airflow's: a client can sign in for it."""

    reason = "airflow_token_required"

    def __init__(self) -> None:
        super().__init__(
            "a token of Airflow's API is required, as its endpoint /auth/token gives it: "
            "send it in the header 'authorization: Bearer <token>'"
        )


class SessionEnded(Unauthenticated):
    """Airflow does not take the token of the browser's session, or no longer."""

    reason = "session_ended"

    def __init__(self) -> None:
        super().__init__("the browser's session with Airflow has ended: sign in to Airflow again")


class ReadOnlyToken(Forbidden):
    """The request would change something, and its token is read-only."""

    reason = "read_only_token"

    def __init__(self, token: str | None) -> None:
        super().__init__(
            f"your token {token!r} is read-only: it can list and show, and neither plan, create nor change"
        )


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

    def rights(self, dag_ids: Collection[str]) -> Mapping[str, Rights]:
        return dict.fromkeys(dag_ids, Rights(create=True, change=True))

    def may_create_runs(self, dag_id: str) -> bool:
        return True

    may_change_runs = may_create_runs


@dataclass(frozen=True, slots=True)
class LimitedAccess:
    """The holder of a token that is not good for everything; no DAG but those of the token is there for them.

    ``dag_ids`` returns the ids of all DAGs.
    """

    held: Token
    dag_ids: Callable[[], Iterable[str]]

    @property
    def name(self) -> str:
        return self.held.name

    @property
    def token(self) -> str:
        return self.held.name

    @property
    def is_read_only(self) -> bool:
        return self.held.read_only

    @property
    def display_name(self) -> str | None:
        return self.name

    def readable_dag_ids(self, dag_id: str | None = None) -> frozenset[str] | None:
        if self.held.dags is None:
            return None
        return frozenset(filter(self.held.is_for, self.dag_ids() if dag_id is None else [dag_id]))

    def rights(self, dag_ids: Collection[str]) -> Mapping[str, Rights]:
        return {dag_id: Rights(self.may_create_runs(dag_id), self.may_change_runs(dag_id)) for dag_id in dag_ids}

    def may_create_runs(self, dag_id: str) -> bool:
        return Right.CREATE in self.held.rights and self.held.is_for(dag_id)

    def may_change_runs(self, dag_id: str) -> bool:
        return Right.CHANGE in self.held.rights and self.held.is_for(dag_id)


class NoAuthentication:
    """Every caller may do everything, except for pages of other sites."""

    def __init__(self, same_origin: SameOrigin) -> None:
        self._same_origin = same_origin

    def identify(self, req: Request) -> Caller:
        self._same_origin.check(req)
        return FullAccess()


class TokenAuthentication:
    """A token decides what its holder may do. The header holds it bare, or after ``Bearer``."""

    def __init__(
        self,
        token: str | None = None,
        file: TokenFile | None = None,
        *,
        dag_ids: Callable[[], Iterable[str]] = frozenset,
    ) -> None:
        """Accept this token and those of the file; ``dag_ids`` returns the ids of all DAGs, for tokens that are for some."""
        self._dag_ids = dag_ids
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
            msg = "the token in the authorization header is not valid"
            raise Unauthenticated(msg)
        if token.is_limited:
            return LimitedAccess(token, self._dag_ids)
        return FullAccess(None if token.name == SINGLE else token.name, token.name)


class BearerAuthentication:
    """A token of Airflow's names one of its users: in the header, or where there is none in a browser's session."""

    def __init__(
        self,
        user_of: Callable[[str], Caller],
        same_origin: SameOrigin | None = None,
        *,
        session_tokens: Callable[[Request], Sequence[str]] = lambda _: (),
    ) -> None:
        """Identify callers with ``user_of``, which raises Unauthenticated for an invalid token.

        ``same_origin`` is for an Airflow that adds a token to requests that have none. ``session_tokens`` returns those that a
        browser sends by itself, or raises an error if a page of another site has it do so.
        """
        self._user_of = user_of
        self._same_origin = same_origin
        self._session_tokens = session_tokens

    def identify(self, req: Request) -> Caller:
        if self._same_origin is not None:
            self._same_origin.check(req)
        header = req.get_header("Authorization")
        if header is None:
            return self._user_of_session(req)
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise AirflowTokenRequired
        return self._user_of(token.strip())

    def _user_of_session(self, req: Request) -> Caller:
        tokens = self._session_tokens(req)
        for token in tokens:
            with suppress(Unauthenticated):
                return self._user_of(token)
        if tokens:
            raise SessionEnded
        raise AirflowTokenRequired
