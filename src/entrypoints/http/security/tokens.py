"""The tokens that callers may send, and the lines of a file that holds several."""

import hashlib
import hmac
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

SINGLE = "token"
"""The name of the one token that stands in the configuration itself."""

_LINE = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._@-]{0,63})\s*:\s*(?P<token>\S+)(?P<read_only>\s+read-only)?")
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{16,512}")
_DIGEST = re.compile(r"sha256:([0-9A-Fa-f]{64})")


class TokenFileError(Exception):
    """The file cannot be used; the text is a sentence for the operator, without any part of a token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One token. The token itself is not kept, since its SHA-256 suffices to recognise it."""

    name: str
    digest: bytes = field(repr=False)
    read_only: bool = False


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


def _digest_of(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()
