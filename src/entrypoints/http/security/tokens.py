"""The tokens that callers may send, and the lines of a file that holds several."""

import hashlib
import hmac
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from fnmatch import fnmatchcase

SINGLE = "token"
"""The name of the one token that stands in the configuration itself."""

MIN_TOKEN = 8
MAX_TOKEN = 512
"""Characters of the single token. Eight are what NIST SP 800-63B asks of any password; a header has 8190 bytes."""

_LINE = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9._@-]{0,63})\s*:\s*(?P<token>\S+)"
    r"(?P<rights>(?:\s+(?:read-only|create|change))*)(?:\s+dags=(?P<dags>\S*))?"
)
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{16,512}")
_DIGEST = re.compile(r"sha256:([0-9A-Fa-f]{64})")
_PATTERN = re.compile(r"[\w.*?-]+")
_READ_ONLY = "read-only"


class TokenFileError(Exception):
    """The file cannot be used; the text is a sentence for the operator, without any part of a token."""


class Right(str, Enum):
    """The permissions of a token beside reading: to create runs, or to cancel, retry and note those that are there."""

    CREATE = "create"
    CHANGE = "change"


ALL_RIGHTS = frozenset(Right)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One token. The token itself is not kept, since its SHA-256 suffices to recognise it.

    ``dags``: patterns of the ids of the DAGs that it is for, in which ``*`` is any text and ``?`` one character; None: all.
    """

    name: str
    digest: bytes = field(repr=False)
    rights: frozenset[Right] = ALL_RIGHTS
    dags: tuple[str, ...] | None = None

    @property
    def read_only(self) -> bool:
        return not self.rights

    @property
    def is_limited(self) -> bool:
        return self.dags is not None or self.rights != ALL_RIGHTS

    def is_for(self, dag_id: str) -> bool:
        return self.dags is None or any(fnmatchcase(dag_id, pattern) for pattern in self.dags)


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


def parse(path: str, content: bytes, beside: Sequence[Token] = ()) -> tuple[Token, ...]:
    """Return the tokens of a file with this content, which must differ from those beside it; none of an empty file.

    :raises TokenFileError: when a line has no token, or the last one no line break: it may be half-written.
    """
    tokens: list[Token] = []
    for number, line in _lines(path, content):
        token = _token(path, number, line)
        for other in (*beside, *tokens):
            if token.name == other.name or token.digest == other.digest:
                what = "name" if token.name == other.name else "token"
                msg = f"the file of tokens {path} has in line {number} the {what} of another token, {other.name!r}"
                raise TokenFileError(msg)
        tokens.append(token)
    return tuple(tokens)


def _lines(path: str, content: bytes) -> Iterator[tuple[int, str]]:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        msg = f"the file of tokens {path} is not UTF-8"
        raise TokenFileError(msg) from None
    *lines, rest = text.split("\n")
    if rest.strip():
        msg = f"the file of tokens {path} has no line break at the end of line {len(lines) + 1}, as if half-written: add it"
        raise TokenFileError(msg)
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield number, line.strip()


def _token(path: str, number: int, line: str) -> Token:
    parts = _LINE.fullmatch(line)
    if parts is None:
        msg = (
            f"the file of tokens {path} has in line {number} neither 'name: token' nor 'name: token' with read-only, create or "
            "change behind it, and then dags=pattern,pattern; a name is 1 to 64 letters, digits and ._@-"
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
    try:
        rights = _rights(parts["rights"].split())
        dags = None if parts["dags"] is None else _patterns(parts["dags"])
    except ValueError as error:
        msg = f"the file of tokens {path} has in line {number} {error}"
        raise TokenFileError(msg) from None
    return Token(name=parts["name"], digest=sha256, rights=rights, dags=dags)


def _rights(words: Sequence[str]) -> frozenset[Right]:
    if not words:
        return ALL_RIGHTS
    if len(set(words)) < len(words) or (_READ_ONLY in words and len(words) > 1):
        msg = "words that contradict or repeat each other: a token has read-only, or create, or change, or none of these words"
        raise ValueError(msg)
    return frozenset(Right(word) for word in words if word != _READ_ONLY)


def _patterns(text: str) -> tuple[str, ...]:
    patterns = tuple(text.split(","))
    if not all(_PATTERN.fullmatch(pattern) for pattern in patterns):
        msg = (
            "patterns of DAGs that do not fit: dags= is followed by ids, with commas and no spaces between them, of letters, "
            "digits and _.-, with * for any text and ? for one character"
        )
        raise ValueError(msg)
    return patterns


def _digest_of(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()
