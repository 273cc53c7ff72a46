"""The description of the API, and the page on which to read it and try requests: Swagger UI, from our own files alone.

Both are open to everybody: they tell nothing of this deployment's DAGs, and a browser opens the page before there is a
token to send.
"""

import gzip
import re
from functools import cache, cached_property
from pathlib import Path

import falcon
import orjson
from falcon import Request, Response

from airflow_run_groups.entrypoints.http.schemas.formats import ValueFormat

_FILES = {
    "docs.css": "docs.css",
    "docs.js": "docs.js",
    "swagger-ui-bundle.js": "swagger-ui/swagger-ui-bundle.js",
    "swagger-ui.css": "swagger-ui/swagger-ui.css",
}
_TYPES = {".css": "text/css; charset=utf-8", ".html": falcon.MEDIA_HTML, ".js": falcon.MEDIA_JS}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def docs_routes(
    prefix: str, *, value_format: ValueFormat, requires_token: bool, has_metrics: bool
) -> dict[str, object]:
    """Return the paths of the description of an app below this prefix, of the page, and of each file that it loads."""
    files = {f"{prefix}/docs/{name}": FileResource(path) for name, path in _FILES.items()}
    description = DescriptionResource(prefix, value_format, requires_token=requires_token, has_metrics=has_metrics)
    return {f"{prefix}/openapi.json": description, f"{prefix}/docs": PageResource("docs.html"), **files}


class DescriptionResource:
    """``/openapi.json``, which is made for the first request."""

    def __init__(self, prefix: str, value_format: ValueFormat, *, requires_token: bool, has_metrics: bool) -> None:
        self._prefix = prefix
        self._value_format = value_format
        self._requires_token = requires_token
        self._has_metrics = has_metrics

    def on_get(self, req: Request, resp: Response) -> None:
        resp.content_type = falcon.MEDIA_JSON
        resp.data = self._description

    on_head = on_get

    @cached_property
    def _description(self) -> bytes:
        # Imported here, since a service must start fast, whether a request for it will come or not.
        from airflow_run_groups.entrypoints.http.openapi.specification import describe  # noqa: PLC0415

        return orjson.dumps(
            describe(
                prefix=self._prefix,
                value_format=self._value_format,
                requires_token=self._requires_token,
                has_metrics=self._has_metrics,
            )
        )


class FileResource:
    def __init__(self, path: str) -> None:
        """Serve the file at this path below ``static``; it is read at the first request."""
        self._path = path
        self._type = _TYPES[Path(path).suffix]

    def on_get(self, req: Request, resp: Response) -> None:
        zipped = _zipped(self._path)
        if _takes_gzip(req.get_header("Accept-Encoding", default="")):
            resp.data = zipped
            resp.set_header("Content-Encoding", "gzip")
        else:
            resp.data = gzip.decompress(zipped)
        resp.content_type = self._type
        resp.vary = ["Accept-Encoding"]
        resp.set_header("Cache-Control", "max-age=3600")
        resp.set_header("X-Content-Type-Options", "nosniff")

    on_head = on_get


class PageResource(FileResource):
    """The page itself. What it loads, it loads from below its own path, so it works below any other."""

    redirects_from_slash = True

    def on_get(self, req: Request, resp: Response) -> None:
        """Show it at its path without a slash at the end, from where its links lead to the right places."""
        if req.env["PATH_INFO"].endswith("/"):
            resp.status = falcon.HTTP_308
            resp.location = "../docs"
            return
        super().on_get(req, resp)
        resp.set_header("Content-Security-Policy", _POLICY)
        resp.set_header("Referrer-Policy", "no-referrer")

    on_head = on_get


def _takes_gzip(accept_encoding: str) -> bool:
    """Tell whether gzip is named, with a weight that is not 0 (RFC 9110, 12.5.3)."""
    return any(_GZIP.fullmatch(coding.strip()) for coding in accept_encoding.split(","))


_GZIP = re.compile(r"(x-)?gzip(\s*;\s*q=(0\.[0-9]*[1-9][0-9]*|1(\.0*)?))?", re.IGNORECASE)


@cache
def _zipped(path: str) -> bytes:
    """Keep a file as most browsers take it: the largest one is 1.7 MB, or a third of that."""
    return gzip.compress(Path(__file__).with_name("static").joinpath(path).read_bytes(), mtime=0)
