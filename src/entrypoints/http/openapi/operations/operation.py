"""A method of a path, and the shapes of its responses."""

from dataclasses import dataclass
from typing import Any

from airflow_run_groups.entrypoints.http.schemas.requests.request import RequestSchema

Json = dict[str, Any]

_OF_ANY_PATH = (400, 405, 408, 414, 417, 431, 500, 501, 503)
_OF_KNOWN_CALLERS = (401, 403)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A method of a path below the prefix.

    ``payload`` is the schema of what stands under the key ``response``, ``content`` that of a response without this key.
    ``tagged``: the response has an ``ETag``, and may be a 304. ``open``: no token is needed. ``at_root``: the same path
    exists without the prefix, too.
    """

    name: str
    method: str = "get"
    path: str
    tag: str
    summary: str
    description: str
    query: type[RequestSchema] | None = None
    body: str | None = None
    body_required: bool = True
    payload: Json | None = None
    content: Json | None = None
    media_type: str = "application/json"
    headers: tuple[str, ...] = ()
    errors: tuple[int, ...] = ()
    tagged: bool = False
    open: bool = False
    at_root: bool = False

    @property
    def all_errors(self) -> list[int]:
        return sorted({*self.errors, *_OF_ANY_PATH, *(() if self.open else _OF_KNOWN_CALLERS)})


def ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def object_of(**properties: Json) -> Json:
    return {"type": "object", "required": list(properties), "properties": properties}


def page_of(**items: str) -> Json:
    next_start = {"type": ["integer", "null"], "description": "The `start` of the next page, null on the last one."}
    lists = {key: {"type": "array", "items": ref(schema)} for key, schema in items.items()}
    return object_of(**lists, next_start=next_start)
