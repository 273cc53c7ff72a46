"""The query string, read strictly: each parameter once, in UTF-8."""

from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import quote, unquote_to_bytes, urlencode

from falcon import Request, Response

from airflow_run_groups.domain import Refused

_SHOWN = 100
"""Characters of what is wrong that an error shows."""


def read_query(req: Request, *, lists: Collection[str] = ()) -> dict[str, Any]:
    """Return the query parameters as they were sent; those of ``lists``, which may be repeated, as lists.

    A ``+`` is a plus: run ids have them, and no value of a parameter can have a space.

    :raises Refused: when a parameter is repeated, or is not UTF-8, or has a NUL character.
    """
    query: dict[str, Any] = {}
    for pair in filter(None, req.query_string.split("&")):
        name, value = (_decode(part) for part in pair.partition("=")[::2])
        if name in lists:
            query.setdefault(name, []).append(value)
            continue
        if name in query:
            msg = f"query parameter {name[:_SHOWN]!r} is repeated: give it once"
            raise Refused(msg)
        query[name] = value
    return query


def write_query(query: Mapping[str, Any]) -> str:
    """Write parameters so that :func:`read_query` reads the same."""
    return urlencode(query, doseq=True, quote_via=quote, safe="")


def link_to_next(resp: Response, query: Mapping[str, Any], next_start: int | str | None) -> None:
    """Lead to the next page, if there is one, with the same filters: relative, so that it holds behind any proxy."""
    if next_start is not None:
        following = write_query({**query, "start": str(next_start)})
        resp.set_header("Link", f'<?{following}>; rel="next"')


def _decode(part: str) -> str:
    try:
        text = unquote_to_bytes(part.encode("latin-1", "replace")).decode()
    except UnicodeDecodeError:
        msg = f"the query string has {part[:_SHOWN]!r}, which is not UTF-8"
        raise Refused(msg) from None
    if "\0" in text:
        msg = f"the query string has {part[:_SHOWN]!r}, a NUL character is not allowed"
        raise Refused(msg)
    return text
