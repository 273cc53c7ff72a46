"""Users whose token was verified within the last second: their reads need not wait until it is verified again."""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from falcon import Request

from airflow_run_groups.domain import Caller
from airflow_run_groups.entrypoints.http.security.authentication import Authenticator, reads

SECONDS = 1.0
"""How long a user is remembered: so long a read may succeed with a token that was revoked, or a permission that was removed."""
MOST_USERS = 1024
"""Users that a process remembers. A further one takes the place of the one who was verified first."""


@dataclass(frozen=True, slots=True)
class ByMethod:
    """Identifies the callers of requests that change nothing with ``reading``, and all others with ``writing``."""

    reading: Authenticator
    writing: Authenticator

    def identify(self, req: Request) -> Caller:
        return (self.reading if reads(req) else self.writing).identify(req)


class RememberedUsers:
    """Identifies users by their token, and remembers each for ``SECONDS``, never beyond the end of the token.

    Keys are SHA-256 digests, so no token is kept. A token that was refused is not remembered.
    """

    def __init__(
        self,
        identify: Callable[[str], Caller],
        end_of: Callable[[str], float | None],
        *,
        monotonic: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """Verify tokens with ``identify``, which raises Unauthenticated for an invalid one.

        :param end_of: returns when a verified token ends, in seconds since 1970; None: unknown, and it is not remembered.
        """
        self._identify = identify
        self._end_of = end_of
        self._monotonic = monotonic
        self._wall_clock = wall_clock
        self._lock = Lock()
        self._users: OrderedDict[bytes, _Verified] = OrderedDict()

    def __len__(self) -> int:
        return len(self._users)

    def identify(self, token: str) -> Caller:
        """Return the user whose token it is; errors are those of the constructor's ``identify``."""
        key = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        # Time counts from before the token is verified: one that is revoked meanwhile is refused in time, too.
        now = self._monotonic()
        with self._lock:
            known = self._users.get(key)
        if known is not None and not self._is_over(known):
            return known.user
        user = self._identify(token)
        end = self._end_of(token)
        if end is not None:
            self._remember(key, _Verified(user, now, end))
        return user

    def _is_over(self, known: "_Verified") -> bool:
        return self._monotonic() - known.at >= SECONDS or self._wall_clock() >= known.end

    def _remember(self, key: bytes, verified: "_Verified") -> None:
        with self._lock:
            self._users[key] = verified
            self._users.move_to_end(key)
            while self._users:
                first = next(iter(self._users))
                if len(self._users) <= MOST_USERS and not self._is_over(self._users[first]):
                    break
                del self._users[first]


@dataclass(frozen=True, slots=True)
class _Verified:
    user: Caller
    at: float
    end: float
