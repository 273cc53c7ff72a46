"""The form of every JSON response: one object under the key ``response``."""

from collections.abc import Mapping
from typing import Any

import falcon
import orjson


def write(resp: falcon.Response, payload: Mapping[str, object]) -> None:
    """Respond with this payload.

    It is rendered here and not by Falcon: an error while Falcon renders would leave a response without a body.
    """
    resp.content_type = falcon.MEDIA_JSON
    resp.data = orjson.dumps({"response": payload})


def error_payload(text: str, reason: str) -> dict[str, object]:
    """Return the payload of an error response; ``reason`` is the stable word for programs."""
    return {"error": text, "reason": reason}


def envelope_schema(payload: dict[str, Any]) -> dict[str, Any]:
    """Return the JSON Schema of a response with such a payload."""
    return {"type": "object", "required": ["response"], "properties": {"response": payload}}
