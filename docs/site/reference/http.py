"""The HTTP API, from its OpenAPI description."""

from __future__ import annotations

import json
from typing import Any

from airflow_run_groups.entrypoints.http.openapi.specification import describe
from airflow_run_groups.entrypoints.http.schemas.fields.formats import ValueFormat
from reference.markdown import block, code, table

PREFIX = "/api/v1"
Json = dict[str, Any]


def page() -> str:
    """Describe every operation, and every schema that one of them names."""
    description = describe(prefix=PREFIX, value_format=ValueFormat.TEXT, requires_token=True)
    parts = [
        "# HTTP API",
        (
            f"{description['info']['description']}\n\nThe service serves the same description as OpenAPI 3.1 at `{PREFIX}/openapi.json`. "
            "[The HTTP API, by example](../http.md) shows it at work."
        ),
    ]
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            if method not in {"servers", "parameters", "summary"}:
                parts += _operation(description, method.upper(), path, operation)
    parts.append("## Schemas")
    for name, schema in description["components"]["schemas"].items():
        parts += [f"### {name}", schema.get("description", ""), _properties(schema)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _operation(description: Json, method: str, path: str, operation: Json) -> list[str]:
    parts = [f"## {operation['summary']}: `{method} {PREFIX}{path}`", operation.get("description", "")]
    parameters = [_resolved(description, one) for one in operation.get("parameters", ())]
    if parameters:
        rows = [
            [code(one["name"]), one["in"], _type(one["schema"]), one.get("description", "") + _default(one["schema"])]
            for one in parameters
        ]
        parts.append(table(["parameter", "in", "type", "description"], rows))
    if "requestBody" in operation:
        schema = next(iter(operation["requestBody"]["content"].values()))["schema"]
        parts.append(f"Body: {_type(schema)}.")
    rows = []
    for status, response in operation["responses"].items():
        one = _resolved(description, response)
        rows.append([status, _response_type(one), one.get("description", "")])
    parts.append(table(["status", "response", "description"], rows))
    return [*parts, *_example(operation)]


def _example(operation: Json) -> list[str]:
    content: Json = operation["responses"].get("200", {}).get("content", {}).get("application/json", {})
    examples = content.get("examples", {})
    if not examples:
        return []
    first = next(iter(examples.values()))
    return [f"{first['summary']}:", block("json", json.dumps(first["value"], indent=2))]


def _response_type(response: Json) -> str:
    schema = response.get("content", {}).get("application/json", {}).get("schema", {})
    inner = schema.get("properties", {}).get("response", schema)
    return _type(inner) if inner else ""


def _properties(schema: Json) -> str:
    required = schema.get("required", ())
    rows = [
        [
            code(name) + (" (required)" if name in required and "default" not in one else ""),
            _type(one),
            one.get("description", "") + _default(one),
        ]
        for name, one in schema.get("properties", {}).items()
    ]
    return table(["key", "type", "description"], rows) if rows else ""


def _default(schema: Json) -> str:
    return f" Default: {code(json.dumps(schema['default']))}." if schema.get("default") is not None else ""


def _type(schema: Json) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return " or ".join(_type(one) for one in schema[key])
    if "enum" in schema:
        return " or ".join(code(json.dumps(one)) for one in schema["enum"])
    kind = schema.get("type", "any")
    names = " or ".join(kind) if isinstance(kind, list) else kind
    if "array" in names and "items" in schema:
        return names.replace("array", f"array of {_type(schema['items'])}")
    if "properties" in schema:
        return f"{names} with {', '.join(map(code, schema['properties']))}"
    bounds = [f"{word} {schema[key]}" for key, word in (("minimum", "from"), ("maximum", "to")) if key in schema]
    return " ".join([names, *bounds])


def _resolved(description: Json, part: Json) -> Json:
    if "$ref" not in part:
        return part
    found: Any = description
    for name in part["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    return found
