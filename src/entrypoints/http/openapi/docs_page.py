"""The description of the API, and the page on which to read it and try requests: Swagger UI, from our own files alone.

Both are open to everybody: they tell nothing of this deployment's DAGs, and a browser opens the page before there is a
token to send.
"""

from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import falcon
import orjson
from falcon import Request, Response

from airflow_run_groups.domain import MAX_LIMIT
from airflow_run_groups.entrypoints.http.schemas.fields.formats import ValueFormat
from airflow_run_groups.entrypoints.http.static_files import StaticFile

_FILES = {
    "docs.css": "docs.css",
    "docs.js": "docs.js",
    "swagger-ui-bundle.js": "swagger-ui/swagger-ui-bundle.js",
    "swagger-ui.css": "swagger-ui/swagger-ui.css",
}
_STATIC = Path(__file__).with_name("static")
_CACHE_CONTROL = "max-age=3600"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """The facts of an installation that the description has."""

    value_format: ValueFormat
    requires_token: bool
    has_metrics: bool
    has_ui: bool
    max_limit: int = MAX_LIMIT


def docs_routes(prefix: str, described: Described) -> dict[str, object]:
    """Return the paths of the description of an app below this prefix, of the page, and of each file that it loads."""
    files = {f"{prefix}/docs/{name}": _file(StaticFile, path) for name, path in _FILES.items()}
    description = DescriptionResource(prefix, described)
    return {f"{prefix}/openapi.json": description, f"{prefix}/docs": _file(PageResource, "docs.html"), **files}


def _file(kind: type[StaticFile], path: str) -> StaticFile:
    return kind(path, (_STATIC / path).read_bytes, cache_control=_CACHE_CONTROL)


class DescriptionResource:
    """``/openapi.json``, which is made for the first request."""

    def __init__(self, prefix: str, described: Described) -> None:
        self._prefix = prefix
        self._described = described

    def on_get(self, req: Request, resp: Response) -> None:
        resp.content_type = falcon.MEDIA_JSON
        resp.data = self._description

    on_head = on_get

    @cached_property
    def _description(self) -> bytes:
        # Imported here, since a service must start fast, whether a request for it will come or not.
        from airflow_run_groups.entrypoints.http.openapi.specification import describe  # noqa: PLC0415

        return orjson.dumps(describe(prefix=self._prefix, **asdict(self._described)))


class PageResource(StaticFile):
    """The page itself. It loads its files from below its own path, so it works below any other."""

    may_end_in_slash = True

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
