"""The tokens that callers may send, and the file that holds several."""

import hashlib
import hmac
import logging
import os
import re
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from threading import Lock

SINGLE = "token"
"""The name of the one token that stands in the configuration itself."""
LOOK_AGAIN = 1.0
"""Seconds between two looks at the file."""
MAX_BYTES = 64 * 1024
"""More than a thousand tokens have."""

MIN_TOKEN = 8
MAX_TOKEN = 512
"""Characters of the single token. Eight are what NIST SP 800-63B asks of any password; a header has 8190 bytes."""

_LINE = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._@-]{0,63})\s*:\s*(?P<token>\S+)(?P<read_only>\s+read-only)?")
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{16,512}")
_DIGEST = re.compile(r"sha256:([0-9A-Fa-f]{64})")
_log = logging.getLogger(__name__)


class TokenFileError(Exception):
    """The file cannot be used; the text is a sentence for the operator, without any part of a token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One token. The token itself is not kept, since its SHA-256 suffices to recognise it."""

    name: str
    digest: bytes = field(repr=False)
    read_only: bool = False


def checked_token(text: str) -> str:
    """Return the single token as it is.

    :raises ValueError: when no request could send it, or it is easily guessed, without a part of it.
    """
    if text != text.strip() or not text.isprintable():
        msg = "has white space around it, or control characters: no request could send it"
        raise ValueError(msg)
    if not MIN_TOKEN <= len(text) <= MAX_TOKEN:
        msg = (
            f"must have {MIN_TOKEN} to {MAX_TOKEN} characters, not {len(text)}: `openssl rand -hex 32` makes a good one"
        )
        raise ValueError(msg)
    return text


def single_token(token: str) -> Token:
    return Token(name=SINGLE, digest=_digest_of(token.encode()))


def find(tokens: Sequence[Token], *sent: bytes) -> Token | None:
    """Return the token that one of these texts is.

    All of them are compared to the end whichever it is, as digests of one length, so that the time taken tells nothing.
    """
    found = None
    for digest in [_digest_of(one) for one in sent]:
        for token in tokens:
            if hmac.compare_digest(digest, token.digest):
                found = token
    return found


class TokenFile:
    """A file of tokens, which is read again while it is used: tokens change without a restart.

    A line is ``name: token`` or ``name: token read-only``, where the token can be given as ``sha256:`` and its SHA-256 in
    hexadecimal; ``#`` begins a line that is a comment.
    """

    def __init__(self, path: str, *, beside: Sequence[Token] = (), clock: Callable[[], float] = time.monotonic) -> None:
        """Read the file at this path, whose tokens must differ from those beside it.

        :raises TokenFileError: when the file cannot be used.
        """
        self._path = path
        self._beside = beside
        self._clock = clock
        self._lock = Lock()
        self._content = _read(path)
        self._tokens = _parse(path, self._content, beside)
        self._problem: str | None = None
        self._looked_at = clock()

    def tokens(self) -> Sequence[Token]:
        """Return the tokens that the file has, or had when it could last be used."""
        # One thread looks; the others go on with what is known.
        if self._clock() - self._looked_at >= LOOK_AGAIN and self._lock.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._looked_at = self._clock()
                self._lock.release()
        return self._tokens

    def _look(self) -> None:
        # It is read and not only looked at from the outside: another token of the same length can be written within
        # the tick of the file system's clock, and a few kilobytes a second are nothing.
        try:
            content = _read(self._path)
            if content != self._content:
                self._tokens = _parse(self._path, content, self._beside)
                self._content = content
                _log.warning("the tokens in %s have changed: there are %s", self._path, _names(self._tokens))
        except TokenFileError as error:
            if str(error) != self._problem:
                _log.error("%s. The tokens that were read before go on being taken", error)
            self._problem = str(error)
        else:
            self._problem = None


def _digest_of(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()


def _names(tokens: Sequence[Token]) -> str:
    return ", ".join(token.name for token in tokens)


def _read(path: str) -> bytes:
    try:
        with open(path, "rb", opener=_open) as file:
            _check_access(path, os.fstat(file.fileno()))
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        msg = f"the file of tokens {path} cannot be read: {error.strerror}"
        raise TokenFileError(msg) from None
    if len(content) > MAX_BYTES:
        msg = f"the file of tokens {path} has more than {MAX_BYTES} bytes"
        raise TokenFileError(msg)
    return content


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
        return "all users may read it, or its group change it: chmod 640 it" if mode & 0o027 else None
    return "other users may read it: chmod 600 it" if mode & 0o077 else None


def _parse(path: str, content: bytes, beside: Sequence[Token]) -> tuple[Token, ...]:
    tokens: list[Token] = []
    for number, line in _lines(path, content):
        token = _token(path, number, line)
        for other in (*beside, *tokens):
            if token.name == other.name or token.digest == other.digest:
                what = "name" if token.name == other.name else "token"
                msg = f"the file of tokens {path} has in line {number} the {what} of another token, {other.name!r}"
                raise TokenFileError(msg)
        tokens.append(token)
    if not tokens:
        msg = f"the file of tokens {path} has no token in it"
        raise TokenFileError(msg)
    return tuple(tokens)


def _lines(path: str, content: bytes) -> Iterator[tuple[int, str]]:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        msg = f"the file of tokens {path} is not UTF-8"
        raise TokenFileError(msg) from None
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield number, line.strip()


def _token(path: str, number: int, line: str) -> Token:
    parts = _LINE.fullmatch(line)
    if parts is None:
        msg = (
            f"the file of tokens {path} has in line {number} neither 'name: token' nor 'name: token read-only'; "
            "a name is 1 to 64 letters, digits and ._@-"
        )
        raise TokenFileError(msg)
    if parts["name"] == SINGLE:
        msg = f"the file of tokens {path} has in line {number} the name {SINGLE!r}, which is that of airflow_api_auth"
        raise TokenFileError(msg)
    if digest := _DIGEST.fullmatch(parts["token"]):
        sha256 = bytes.fromhex(digest[1])
    elif _TOKEN.fullmatch(parts["token"]):
        sha256 = _digest_of(parts["token"].encode())
    else:
        msg = (
            f"the file of tokens {path} has in line {number} neither a token, 16 to 512 letters, digits and ._~+/=-, "
            "nor 'sha256:' with 64 hexadecimal digits"
        )
        raise TokenFileError(msg)
    return Token(name=parts["name"], digest=sha256, read_only=parts["read_only"] is not None)
