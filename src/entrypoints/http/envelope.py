"""The form of every JSON response: one object under the key ``response``."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import falcon
import orjson


def write(resp: falcon.Response, payload: Mapping[str, object]) -> None:
    """Respond with this payload.

    It is rendered here and not by Falcon: an error while Falcon renders would leave a response without a body.
    """
    resp.content_type = falcon.MEDIA_JSON
    resp.data = orjson.dumps({"response": payload})


def write_tagged(
    req: falcon.Request, resp: falcon.Response, payload: Mapping[str, object], *, lasting: Mapping[str, object]
) -> None:
    """Respond with this payload and an ``ETag`` of its ``lasting`` part, or with a 304 when the caller knows that part."""
    resp.etag = tag = falcon.ETag(sha256(orjson.dumps(lasting)).hexdigest()[:32])
    if any(known in ("*", tag) for known in req.if_none_match or ()):
        resp.status = falcon.HTTP_304
        return
    write(resp, payload)


def error_payload(text: str, reason: str) -> dict[str, object]:
    """Return the payload of an error response; ``reason`` is the stable word for programs."""
    return {"error": text, "reason": reason}


def envelope_schema(payload: dict[str, Any]) -> dict[str, Any]:
    """Return the JSON Schema of a response with such a payload."""
    return {"type": "object", "required": ["response"], "properties": {"response": payload}}
