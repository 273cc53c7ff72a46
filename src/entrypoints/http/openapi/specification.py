"""The description of the API in OpenAPI 3.1, made from the schemas that requests and answers are held to."""

from __future__ import annotations

import datetime as dt
from dataclasses import MISSING, fields
from enum import Enum
from importlib.metadata import version
from typing import Any

import falcon
from airflow_run_groups.entrypoints.http.openapi.examples import Example, examples
from airflow_run_groups.entrypoints.http.openapi.operations import (
    ABOUT,
    ERROR,
    ERROR_HEADERS,
    ERRORS,
    HEADERS,
    IF_NONE_MATCH,
    IN_PATH,
    OPERATIONS,
    REQUEST_ID,
    TOKEN,
    Json,
    Operation,
)
from airflow_run_groups.entrypoints.http.schemas import responses as answers
from airflow_run_groups.entrypoints.http.schemas.fields import Parameter
from airflow_run_groups.entrypoints.http.schemas.formats import ValueFormat
from airflow_run_groups.entrypoints.http.schemas.requests import CancelBody, CreateBody, NoteBody, RetryBody
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow.fields import Field


def describe(*, prefix: str, value_format: ValueFormat, asks_for_token: bool, has_metrics: bool = True) -> Json:
    """Describe the endpoints of an app below ``prefix``. Every address in it is relative to that of the description."""
    operations = [operation for operation in OPERATIONS if has_metrics or operation.name != "metrics"]
    plugin = MarshmallowPlugin()
    spec = APISpec(
        title="Groups of Airflow DAG runs",
        version=version("airflow-run-groups"),
        openapi_version="3.1.0",
        plugins=[plugin],
        info={"description": ABOUT, "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
        servers=[_HERE],
    )
    answer_types = _answer_types(value_format)

    def our_facts(self: object, field: Field[Any], **_: object) -> Json:
        return _of_parameter(field) if isinstance(field, Parameter) else answer_types.get(type(field), {})

    plugin.converter.add_attribute_function(our_facts)  # type: ignore[union-attr]
    _add_schemas(spec, value_format)
    for name, header in HEADERS.items():
        spec.components.header(name, header)
    spec.components.parameter("X-Request-Id", "header", REQUEST_ID)
    for status, (_, error) in ERRORS.items():
        spec.components.response(f"Error{status}", _refusal(status, {"example": {"response": {"error": error}}}))
    spec.components.parameter("If-None-Match", "header", IF_NONE_MATCH)
    if asks_for_token:
        spec.components.security_scheme("token", TOKEN)
    told = examples(value_format)
    for operation in operations:
        described = _operation(operation, [example for example in told if example.operation == operation.name])
        described["security"] = [{"token": []}] if asks_for_token and not operation.open else []
        spec.path(operation.path, operations={operation.method: described})
    description: Json = spec.to_dict()
    if prefix:
        root = "/".join([".."] * prefix.count("/"))
        for operation in operations:
            if operation.at_root:
                description["paths"][operation.path]["servers"] = [
                    _HERE,
                    {"url": root, "description": "without the prefix"},
                ]
    return description


_HERE = {"url": ".", "description": "where the description lies"}


def _add_schemas(spec: APISpec, value_format: ValueFormat) -> None:
    components = spec.components
    components.schema("NewDagRuns", schema=CreateBody(dt.timezone.utc))
    for name, body in {"CancelGroup": CancelBody(), "RetryGroup": RetryBody(), "NoteGroup": NoteBody()}.items():
        components.schema(name, schema=body)
    for name, schema in {
        "CreatedDagRuns": answers.BatchAnswer(),
        "PlannedDagRuns": answers.PlanAnswer(),
        "PlannedDate": answers.PlannedDateAnswer(value_format),
        "DagRun": answers.DagRunAnswer(value_format),
        "Dag": answers.DagAnswer(value_format),
        "Group": answers.GroupAnswer(),
        "GroupProgress": answers.GroupProgressAnswer(),
        "GroupActionResult": answers.GroupActionResultSchema(),
    }.items():
        components.schema(name, schema=schema)
        described = components.schemas[name]
        described["required"] = [key for key in described["properties"] if key not in answers.NOT_ALWAYS]
        described.pop("additionalProperties", None)  # a later version may add keys
    components.schema("Error", _envelope(ERROR))


def _of_parameter(field: Parameter) -> Json:
    """Return what a parameter may hold, and what it is when it is left out."""
    schema = dict(field.json_schema)
    if field.allow_none:
        schema["anyOf"] = [*schema["anyOf"], {"type": "null"}]
    dataclass = getattr(field.parent, "arguments_of", None)
    if dataclass is not None:
        name = field.attribute or field.name
        default = next((argument.default for argument in fields(dataclass) if argument.name == name), MISSING)
        if default not in (MISSING, None):
            schema["default"] = default.value if isinstance(default, Enum) else default
    return schema


def _answer_types(value_format: ValueFormat) -> dict[type, Json]:
    """Return what the fields of answers hold in a value format."""
    if value_format is ValueFormat.JSON:
        date: Json = {"type": ["string", "null"], "format": "date-time"}
        flag: Json = {"type": "boolean"}
    else:
        moment = "[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{6})?"
        date = {"type": "string", "pattern": f"^({moment}|None)$"}
        flag = {"type": "string", "enum": ["True", "False"]}
    moment_or_null: Json = {"type": ["string", "null"], "format": "date-time"}
    return {
        answers.Moment: moment_or_null,
        answers.Date: date,
        answers.Flag: flag,
        answers.Negated: {"type": "boolean"},
    }


def _operation(operation: Operation, told: list[Example]) -> Json:
    described: Json = {
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": operation.description,
        "parameters": _parameters(operation),
        "responses": {
            "200": _good(operation, told),
            **({"304": _UNCHANGED} if operation.tagged else {}),
            **{str(status): _bad(status, told) for status in operation.all_errors},
        },
    }
    if operation.body is not None:
        shown = {one.name: _shown(one, one.body) for one in told}
        content = {"schema": _ref("schemas", operation.body), "examples": shown}
        described["requestBody"] = {"required": operation.body_required, "content": {falcon.MEDIA_JSON: content}}
    return described


def _parameters(operation: Operation) -> list[Json | str]:
    path = [parameter for name, parameter in IN_PATH.items() if f"{{{name}}}" in operation.path]
    query = [] if operation.query is None else [{"in": "query", "schema": operation.query()}]
    return [*path, *query, *(["If-None-Match"] if operation.tagged else []), "X-Request-Id"]


_UNCHANGED = {
    "description": "Nothing has happened since the answer whose `ETag` was sent back.",
    "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in ("X-Request-Id", "ETag")},
}


def _good(operation: Operation, told: list[Example]) -> Json:
    content: Json = {"schema": operation.content}
    if operation.answer is not None:
        content = {"schema": _envelope(operation.answer), **_answers(told, 200)}
    return {
        "description": "What was asked for.",
        "headers": _headers("X-Request-Id", *operation.headers),
        "content": {operation.media_type: content},
    }


def _bad(status: int, told: list[Example]) -> Json:
    shown = _answers(told, status)
    return _refusal(status, shown) if shown else _ref("responses", f"Error{status}")


def _refusal(status: int, shown: Json) -> Json:
    return {
        "description": ERRORS[status][0],
        "headers": _headers("X-Request-Id", *ERROR_HEADERS.get(status, ())),
        "content": {falcon.MEDIA_JSON: {"schema": _ref("schemas", "Error"), **shown}},
    }


def _answers(told: list[Example], status: int) -> Json:
    shown = {one.name: _shown(one, {"response": one.answer}) for one in told if one.status == status}
    return {"examples": shown} if shown else {}


def _shown(example: Example, value: object) -> Json:
    return {"summary": example.summary, "value": value}


def _headers(*names: str) -> Json:
    return {name: _ref("headers", name) for name in names}


def _envelope(payload: Json) -> Json:
    return {"type": "object", "required": ["response"], "properties": {"response": payload}}


def _ref(kind: str, name: str) -> Json:
    return {"$ref": f"#/components/{kind}/{name}"}
