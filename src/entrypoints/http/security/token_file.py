"""The file of tokens, which is read again while it is used, so that a token is revoked without a restart."""

import logging
import os
import stat
import time
from collections.abc import Callable, Sequence
from threading import Lock

from airflow_run_groups.entrypoints.http.security.tokens import Token, TokenFileError, parse

LOOK_AGAIN = 1.0
"""Seconds between two looks at the file."""
GRACE = 5.0
"""Seconds for which the tokens of the last good look are accepted. Without another good look, none is."""
MAX_WAIT = 1.0
"""Seconds that a request waits for another thread's look, where nobody has looked within ``GRACE``."""
MAX_BYTES = 64 * 1024
"""More than a thousand tokens have."""

_log = logging.getLogger(__name__)


class TokenFile:
    """A file of tokens, read again by the requests that need it: a change counts after ``LOOK_AGAIN`` seconds.

    An empty file has no tokens. A file that cannot be used has none ``GRACE`` seconds after the last good look.
    """

    def __init__(
        self,
        path: str,
        *,
        beside: Sequence[Token] = (),
        clock: Callable[[], float] = time.monotonic,
        report: Callable[[bool], None] = lambda _: None,
    ) -> None:
        """Read the file at this path, whose tokens must differ from those beside it.

        :param report: called with whether the file can be used, after each later look.
        :raises TokenFileError: when the file cannot be used, or has no token.
        """
        self._path = path
        self._beside = beside
        self._clock = clock
        self._report = report
        self._lock = Lock()
        self._content = _read(path)
        self._tokens = parse(path, self._content, beside)
        if not self._tokens:
            msg = f"the file of tokens {path} has no token in it"
            raise TokenFileError(msg)
        self._problem: str | None = None
        self._is_cut_off = False
        self._looked_at = self._good_at = clock()

    def tokens(self) -> Sequence[Token]:
        """Return the tokens that are accepted now."""
        # One thread looks. The others go on with what is known, unless that is too old.
        if self._is_due() and self._lock.acquire(timeout=MAX_WAIT if self._is_too_old() else 0):
            try:
                if self._is_due():
                    self._look()
                    self._looked_at = self._clock()
            finally:
                self._lock.release()
        return () if self._is_too_old() else self._tokens

    def is_usable(self) -> bool:
        """Tell whether the last look was good, after another look if that is due."""
        self.tokens()
        return self._problem is None and not self._is_too_old()

    def _is_due(self) -> bool:
        return self._clock() - self._looked_at >= LOOK_AGAIN

    def _is_too_old(self) -> bool:
        return self._clock() - self._good_at >= GRACE

    def _look(self) -> None:
        # It is read and not only looked at from the outside: another token of the same length can be written within
        # the tick of the file system's clock, and a few kilobytes a second are nothing.
        began = self._clock()
        try:
            content = _read(self._path)
            if content != self._content:
                self._tokens = parse(self._path, content, self._beside)
                self._content = content
                _log.warning("the tokens in %s have changed: there are %s", self._path, _names(self._tokens))
        except TokenFileError as error:
            self._note(str(error))
        else:
            self._good_at = began
            if self._problem is not None:
                _log.warning("the file of tokens %s can be used again: there are %s", self._path, _names(self._tokens))
            self._problem, self._is_cut_off = None, False
        self._report(self._problem is None)

    def _note(self, problem: str) -> None:
        if problem != self._problem:
            _log.error(
                "%s. The tokens that were read before are accepted for %g seconds, and then none is", problem, GRACE
            )
        self._problem = problem
        if self._is_too_old() and not self._is_cut_off:
            self._is_cut_off = True
            _log.error("no token of %s is accepted any more, until the file can be used", self._path)


def _names(tokens: Sequence[Token]) -> str:
    return ", ".join(token.name for token in tokens) or "none"


def _read(path: str) -> bytes:
    try:
        with open(path, "rb", opener=_open) as file:
            before = os.fstat(file.fileno())
            _check_access(path, before)
            content = file.read(MAX_BYTES + 1)
            after = os.fstat(file.fileno())
    except OSError as error:
        msg = f"the file of tokens {path} cannot be read: {error.strerror}"
        raise TokenFileError(msg) from None
    if len(content) > MAX_BYTES:
        msg = f"the file of tokens {path} has more than {MAX_BYTES} bytes"
        raise TokenFileError(msg)
    if _version(before) != _version(after) or len(content) != after.st_size:
        msg = f"the file of tokens {path} changed while it was read"
        raise TokenFileError(msg)
    return content


def _version(status: os.stat_result) -> tuple[int, ...]:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _open(path: str, flags: int) -> int:
    """Open without waiting: a named pipe would, for somebody who writes to it."""
    return os.open(path, flags | os.O_NONBLOCK)


def _check_access(path: str, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        msg = f"the file of tokens {path} is no regular file"
        raise TokenFileError(msg)
    if reason := why_not_secret(status.st_mode, status.st_uid, os.geteuid()):
        msg = f"the file of tokens {path} is no secret: {reason}"
        raise TokenFileError(msg)


def why_not_secret(mode: int, owner: int, user: int) -> str | None:
    """Return why others than the user who runs the service may read or change a file of this mode and owner, or None.

    The rule is PostgreSQL's for the key of a server: the file is the user's own and nobody else's, or it is root's and
    the group may read it, which is how Kubernetes hands out secrets.
    """
    if owner not in (user, 0):
        return "it belongs to another user than the one who runs the service"
    if owner == 0:
        right = "600" if user == 0 else "640"
        return f"all users may read it, or its group change it: chmod {right} it" if mode & 0o027 else None
    return "other users may read it: chmod 600 it" if mode & 0o077 else None
