"""The body of a request: one JSON object, whatever its Content-Type says."""

import re

from falcon import Request
from marshmallow import ValidationError

from airflow_run_groups.domain import Refused
from airflow_run_groups.entrypoints.http import strict_json
from airflow_run_groups.entrypoints.http.schemas.fields.request_fields import Boolean

MAX_BYTES = 1024 * 1024
"""How long a body may be."""


class BodyTooLarge(Exception):
    """The body is longer than any request that could be meant."""

    reason = "body_too_large"

    def __init__(self) -> None:
        super().__init__(f"the body is longer than {MAX_BYTES} bytes, which is the most that is read")


class BodyTooSlow(Exception):
    """The server has stopped waiting for the rest of the body."""

    reason = "body_timeout"

    def __init__(self) -> None:
        super().__init__("the body did not arrive in time")


def read_object(req: Request, *, optional: bool = False) -> dict[str, object]:
    """Read the body as a JSON object in UTF-8; no body at all is an empty one where it is optional.

    The request counts for the caller's rate limit: for that of dry runs if the body says so.

    :raises BodyTooLarge: before more than ``MAX_BYTES`` are read.
    :raises BodyTooSlow: when the server, which decides how long that is, says so.
    :raises Refused: when it is anything else, saying what.
    :raises TooManyWrites: when the caller has sent too many.
    """
    is_plan = False
    try:
        value = _object(req, optional=optional)
        is_plan = _is_dry_run(value)
    finally:
        if (rate := getattr(req.context, "write_rate", None)) is not None:
            rate.check(req, is_plan=is_plan)
    return value


def _is_dry_run(value: dict[str, object]) -> bool:
    """Tell whether a body says that nothing is to be written; one that says it wrongly is refused."""
    try:
        return bool(_DRY_RUN.deserialize(value.get("dry_run", False)))
    except ValidationError:
        return False


_DRY_RUN = Boolean()


def _object(req: Request, *, optional: bool) -> dict[str, object]:
    data = _read(req)
    if optional and not data:
        return {}
    try:
        value = strict_json.parse(data.decode("utf-8-sig"))
    except ValueError as error:
        raise _NotAnObject(_what_it_is(data) or f": {error}") from None
    if not isinstance(value, dict):
        kind = next(name for of, name in _JSON_TYPES if isinstance(value, of))
        msg = f", not {kind}"
        raise _NotAnObject(msg)
    return value


_FORM = re.compile(rb"\s*[\w.%+\[\]-]+=")
_JSON_TYPES = (
    (list, "a JSON list"),
    (str, "a JSON text"),
    (bool, "a JSON boolean"),
    ((int, float), "a JSON number"),
    (type(None), "null"),
)


def _what_it_is(data: bytes) -> str | None:
    """Return what was sent in place of JSON, None for JSON that is broken. Clients name other types for what is JSON."""
    if not data.strip():
        return ": it is empty"
    return ", not form or multipart data" if _FORM.match(data) or data.lstrip().startswith(b"--") else None


class _NotAnObject(Refused):
    reason = "body_not_json_object"

    def __init__(self, wrong: str) -> None:
        super().__init__(f'the body must be one raw JSON object such as {{"dag_id": "example_dag"}}{wrong}')


def _read(req: Request) -> bytes:
    """Read all of the body. A chunked one tells its length only by ending, so no more is read than one byte too many."""
    length = req.content_length
    if length is None and not req.env.get("wsgi.input_terminated"):
        return b""
    if length is not None and length > MAX_BYTES:
        raise BodyTooLarge
    try:
        data: bytes = req.stream.read(MAX_BYTES + 1 if length is None else length)
    except TimeoutError as error:
        raise BodyTooSlow from error
    except Exception as error:  # whichever the server uses for chunks that break its rules, or a connection that does
        msg = "the body could not be read: its chunks are malformed, or it ends too early"
        raise Refused(msg) from error
    if len(data) > MAX_BYTES:
        raise BodyTooLarge
    if length is not None and len(data) < length:
        msg = f"the body ends after {len(data)} bytes, its Content-Length says {length}"
        raise Refused(msg)
    return data
