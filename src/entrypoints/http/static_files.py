"""Files of this package as browsers load them, packed with gzip for those that take it."""

import gzip
import re
from collections.abc import Callable
from functools import cached_property
from pathlib import PurePath

import falcon
from falcon import Request, Response

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": falcon.MEDIA_HTML,
    ".js": falcon.MEDIA_JS,
    ".svg": "image/svg+xml",
}
"""The media type of each kind of file that is served."""
_GZIP = re.compile(r"(x-)?gzip(\s*;\s*q=(0\.[0-9]*[1-9][0-9]*|1(\.0*)?))?", re.IGNORECASE)


class StaticFile:
    """A file, which is read at the first request for it and kept packed: most browsers take it like that."""

    def __init__(self, name: str, read: Callable[[], bytes], *, cache_control: str) -> None:
        """Serve what ``read`` returns, with the media type of ``name``, whose suffix is one of ``TYPES``."""
        self._type = TYPES[PurePath(name).suffix]
        self._read = read
        self._cache_control = cache_control

    def on_get(self, req: Request, resp: Response) -> None:
        if _takes_gzip(req.get_header("Accept-Encoding", default="")):
            resp.data = self._zipped
            resp.set_header("Content-Encoding", "gzip")
        else:
            resp.data = gzip.decompress(self._zipped)
        resp.content_type = self._type
        resp.vary = ["Accept-Encoding"]
        resp.set_header("Cache-Control", self._cache_control)
        resp.set_header("X-Content-Type-Options", "nosniff")

    on_head = on_get

    @cached_property
    def _zipped(self) -> bytes:
        return gzip.compress(self._read(), mtime=0)


def _takes_gzip(accept_encoding: str) -> bool:
    """Tell whether gzip is named, with a weight that is not 0 (RFC 9110, 12.5.3)."""
    return any(_GZIP.fullmatch(coding.strip()) for coding in accept_encoding.split(","))
