"""How requests are written: the URL, the token, a path and a JSON body, each refused where no request can carry it."""

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from airflow_run_groups.adapters.client.errors import Unsendable

API = "/api/v1"


def base_url(url: str) -> str:
    """Return the URL below which the endpoints lie; no error shows a password in it.

    :raises Unsendable: when no service can have this URL.
    """
    scheme, _, rest = url.partition("://")
    authority = rest.partition("/")[0]
    if "@" in authority:  # the HTTP library would send it in place of the token
        msg = "the URL must have no user and no password in it: a token says who asks"
        raise Unsendable(msg)
    if scheme.lower() not in {"http", "https"} or authority.partition(":")[0] == "":
        msg = f"the URL must begin with http:// or https://, and a host, not {url.rpartition('@')[2]!r}"
        raise Unsendable(msg)
    if "?" in url or "#" in url:
        msg = f"the URL must end with its path, and have no ? and no #, unlike {url!r}"
        raise Unsendable(msg)
    try:
        _ = urlsplit(url).port, httpx.URL(url).host
        httpx.URL(url).raw_host.decode().encode("idna")  # as a connection does, without saying why it fails
    except (ValueError, httpx.InvalidURL) as error:
        msg = f"{url!r} is no URL: {error}"
        raise Unsendable(msg) from error
    return url.rstrip("/").removesuffix(API) + API


def headers(token: str | None) -> httpx.Headers:
    """Return the headers of every request.

    :raises Unsendable: when no header can carry the token. The HTTP library's own error would show it.
    """
    if token is None:
        return httpx.Headers({"Accept": "application/json"})
    if not token or not token.isprintable() or token != token.strip():
        msg = "the token is empty, or has white space around it or control characters in it: no request can send it"
        raise Unsendable(msg)
    return httpx.Headers({"Accept": "application/json", "Authorization": f"Bearer {token}"}, encoding="utf-8")


def path(*parts: str) -> str:
    """Return the path with these parts; dots alone are encoded, too, as they would move up and down in the path.

    :raises Unsendable: as :func:`text`.
    """
    return "".join("/" + ("%2E" * len(part) if part in {".", ".."} else quote(text(part), safe="")) for part in parts)


def text(value: str) -> str:
    """Return a text for a path or a query.

    :raises Unsendable: when it has half a character in it.
    """
    try:
        value.encode()
    except UnicodeEncodeError as error:
        msg = f"{value!r} is no text that a request can send: {error.reason}"
        raise Unsendable(msg) from error
    return value


def date(value: str | dt.datetime) -> str:
    """Return a date for a query."""
    return value.isoformat() if isinstance(value, dt.datetime) else text(value)


def json_body(body: Mapping[str, Any]) -> bytes:
    """Return a body.

    :raises Unsendable: when JSON has no form for it, such as for a NaN.
    """
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        msg = f"no request can send it as JSON: {error}"
        raise Unsendable(msg) from error
