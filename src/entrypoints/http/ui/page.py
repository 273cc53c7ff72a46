"""The page of groups, from our own files alone: by itself at ``/ui/``, and as what Airflow's own UI loads.

All of it is open to everybody, as it tells nothing of this deployment: what it shows, it asks of the API.
"""

from functools import cache
from hashlib import sha256
from html import escape
from pathlib import Path

import falcon
from falcon import Request, Response

from airflow_run_groups import __version__
from airflow_run_groups.entrypoints.http.resources.index import leads_to_slash
from airflow_run_groups.entrypoints.http.static_files import TYPES, StaticFile

PAGE = "index.html"
BUILD = b"{{build}}"
"""The placeholder in the page for the folder of its files."""
AIRFLOW = b"{{airflow}}"
"""The placeholder for the address of Airflow's own pages, as an attribute of the element."""
WITHIN_AIRFLOW = "../../../"
"""The address of Airflow's own pages from ``/api/v1/ui/`` of its API server."""
_STATIC = Path(__file__).with_name("static")
_FOR_EVER = "public, max-age=31536000, immutable"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)


def ui_routes(prefix: str, *, airflow: str | None = None) -> dict[str, object]:
    """Return the paths of the page and of each of its files below this prefix.

    ``airflow`` is the address of Airflow's own pages, to which the page has links; None where there are none.

    The path of a file has the version and a digest of all files, so that browsers may keep it without a time limit, and modules that
    import each other are of one build. Airflow knows the version alone, from where it is sent on.
    """
    build = _build()
    files: dict[str, object] = {}
    for name in _names():
        files[f"{prefix}/ui/{build}/{name}"] = StaticFile(name, (_STATIC / name).read_bytes, cache_control=_FOR_EVER)
        files[f"{prefix}/ui/{__version__}/{name}"] = _SentOn(f"{'../' * (name.count('/') + 1)}{build}/{name}")
    attribute = "" if airflow is None else f' airflow="{escape(airflow)}"'

    def read() -> bytes:
        text = (_STATIC / PAGE).read_bytes()
        return text.replace(BUILD, build.encode()).replace(AIRFLOW, attribute.encode())

    page = StaticFile(PAGE, read, cache_control="no-cache")
    return {f"{prefix}/ui": _Page(page), **files}


def _names() -> list[str]:
    """Return the files of the package that browsers may load."""
    paths = (path for path in _STATIC.glob("**/*") if path.suffix in TYPES)
    return sorted({path.relative_to(_STATIC).as_posix() for path in paths} - {PAGE})


@cache
def _build() -> str:
    digest = sha256()
    for name in (PAGE, *_names()):
        digest.update(b"%b\0%b" % (name.encode(), sha256((_STATIC / name).read_bytes()).digest()))
    return f"{__version__}-{digest.hexdigest()[:12]}"


class _Page:
    """The page itself. It loads its files from below its own path, so it works below any other."""

    may_end_in_slash = True

    def __init__(self, file: StaticFile) -> None:
        self._file = file

    def on_get(self, req: Request, resp: Response) -> None:
        """Show it at its path with a slash at the end, from where its links lead to the right places."""
        if leads_to_slash(req, resp):
            return
        self._file.on_get(req, resp)
        resp.set_header("Content-Security-Policy", _POLICY)
        resp.set_header(
            "Referrer-Policy", "same-origin"
        )  # with none, some requests of the page would hide their origin

    on_head = on_get


class _SentOn:
    """A file whose path has the version alone: the modules of a page must come from one folder, so it is a redirect."""

    def __init__(self, location: str) -> None:
        self._location = location

    def on_get(self, req: Request, resp: Response) -> None:
        resp.status = falcon.HTTP_307
        resp.location = self._location

    on_head = on_get
