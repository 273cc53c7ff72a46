"""The description of the API in OpenAPI 3.1, made from the schemas by which requests are validated and responses written."""

import datetime as dt
from dataclasses import MISSING, fields
from enum import Enum
from importlib.metadata import version
from typing import Any

import falcon
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema
from marshmallow.fields import Field

from airflow_run_groups.domain import MAX_LIMIT
from airflow_run_groups.entrypoints.http.envelope import envelope_schema, error_payload
from airflow_run_groups.entrypoints.http.openapi.examples import Example, read_examples
from airflow_run_groups.entrypoints.http.openapi.operations import ABOUT, OPERATIONS
from airflow_run_groups.entrypoints.http.openapi.operations.errors import ERROR, ERROR_HEADERS, ERRORS
from airflow_run_groups.entrypoints.http.openapi.operations.operation import Json, Operation
from airflow_run_groups.entrypoints.http.openapi.operations.parameters import (
    HEADERS,
    IF_NONE_MATCH,
    IN_PATH,
    REQUEST_ID,
    TOKEN,
)
from airflow_run_groups.entrypoints.http.schemas import changes, coverage, creations, dags, responses
from airflow_run_groups.entrypoints.http.schemas.fields.formats import ValueFormat
from airflow_run_groups.entrypoints.http.schemas.requests import creation, group_actions


def describe(  # noqa: PLR0913 - what an installation says of itself
    *,
    prefix: str,
    value_format: ValueFormat,
    requires_token: bool,
    has_metrics: bool = True,
    has_ui: bool = True,
    max_limit: int = MAX_LIMIT,
) -> Json:
    """Describe the endpoints of an app below ``prefix``. Every address in it is relative to that of the description."""
    left_out = {name for name, is_there in {"metrics": has_metrics, "ui": has_ui}.items() if not is_there}
    operations = [operation for operation in OPERATIONS if operation.name not in left_out]
    plugin = MarshmallowPlugin()
    spec = APISpec(
        title="Groups of Airflow DAG runs",
        version=version("airflow-run-groups"),
        openapi_version="3.1.0",
        plugins=[plugin],
        info={"description": ABOUT, "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
        servers=[_HERE],
    )
    plugin.converter.add_attribute_function(_default)  # type: ignore[union-attr]
    _add_schemas(spec, value_format, max_limit)
    for name, header in HEADERS.items():
        spec.components.header(name, header)
    spec.components.parameter("X-Request-Id", "header", REQUEST_ID)
    spec.components.parameter("If-None-Match", "header", IF_NONE_MATCH)
    if requires_token:
        spec.components.security_scheme("token", TOKEN)
    examples = read_examples(value_format)
    for operation in operations:
        described = _operation(operation, [example for example in examples if example.operation == operation.name])
        described["security"] = [{"token": []}] if requires_token and not operation.open else []
        spec.path(operation.path, operations={operation.method: described})
    with_example = {(example.operation, example.status) for example in examples}
    for status, (_, error, reason) in ERRORS.items():
        if any(status in one.all_errors and (one.name, status) not in with_example for one in operations):
            example = {"response": error_payload(error, reason)}
            spec.components.response(f"Error{status}", _error(status, {"example": example}))
    description: Json = spec.to_dict()
    if prefix:
        root = "/".join([".."] * prefix.count("/"))
        for operation in operations:
            if operation.at_root:
                description["paths"][operation.path]["servers"] = [
                    _HERE,
                    {"url": root, "description": "this service, without the prefix"},
                ]
    return description


_HERE = {"url": ".", "description": "this service"}


def _add_schemas(spec: APISpec, value_format: ValueFormat, max_limit: int) -> None:
    components = spec.components
    bodies = (
        creation.GroupRequestSchema(dt.timezone.utc, max_limit=max_limit),
        group_actions.CancelGroupSchema(),
        group_actions.RetryGroupSchema(),
        group_actions.NoteGroupSchema(),
        changes.ChangeGroupSchema(),
    )
    for body in bodies:
        components.schema(_name(body), schema=body)
    for response in (
        coverage.CoverageSchema(),
        coverage.DagCoverageSchema(),
        creations.CreatedRunsSchema(),
        creations.PlanSchema(),
        creations.PlanSummarySchema(),
        responses.dag_run_schema(value_format),
        responses.dag_schema(value_format),
        dags.dag_details_schema(value_format),
        dags.MeSchema(),
        responses.GroupSchema(),
        responses.GroupProgressSchema(),
        responses.GroupRunSchema(),
        responses.GroupActionResultSchema(),
        changes.GroupChangeResultSchema(),
    ):
        components.schema(_name(response), schema=response)
    for name in components.schemas.keys() - set(map(_name, bodies)):
        described = components.schemas[name]
        described["required"] = [key for key in described["properties"] if key not in responses.SOMETIMES]
        described.pop("additionalProperties", None)  # a later version may add keys
    components.schema("Error", envelope_schema(ERROR))


def _name(schema: Schema) -> str:
    return type(schema).__name__.removesuffix("Schema")


def _default(self: object, field: Field[Any], **_: object) -> Json:
    """Return the default of an argument of the dataclasses that the field's schema loads."""
    for dataclass in getattr(field.parent, "arguments_of", ()):
        for argument in fields(dataclass):
            if argument.name == (field.attribute or field.name) and argument.default not in (MISSING, None):
                return {"default": argument.default.value if isinstance(argument.default, Enum) else argument.default}
    return {}


def _operation(operation: Operation, examples: list[Example]) -> Json:
    described: Json = {
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": operation.description,
        "parameters": _parameters(operation),
        "responses": {
            "200": _success(operation, examples),
            **({"304": _UNCHANGED} if operation.tagged else {}),
            **{str(status): _failure(status, examples) for status in operation.all_errors},
        },
    }
    if operation.body is not None:
        content = {
            "schema": _ref("schemas", operation.body),
            "examples": {one.name: {"summary": one.summary, "value": one.body} for one in examples},
        }
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


def _success(operation: Operation, examples: list[Example]) -> Json:
    content: Json = {"schema": operation.content}
    if operation.payload is not None:
        content = {"schema": envelope_schema(operation.payload), **_of_status(200, examples)}
    return {
        "description": "Success.",
        "headers": _headers("X-Request-Id", *operation.headers),
        "content": {operation.media_type: content},
    }


def _failure(status: int, examples: list[Example]) -> Json:
    shown = _of_status(status, examples)
    return _error(status, shown) if shown else _ref("responses", f"Error{status}")


def _error(status: int, shown: Json) -> Json:
    return {
        "description": ERRORS[status][0],
        "headers": _headers("X-Request-Id", *ERROR_HEADERS.get(status, ())),
        "content": {falcon.MEDIA_JSON: {"schema": _ref("schemas", "Error"), **shown}},
    }


def _of_status(status: int, examples: list[Example]) -> Json:
    shown = {
        one.name: {"summary": one.summary, "value": {"response": one.response}}
        for one in examples
        if one.status == status
    }
    return {"examples": shown} if shown else {}


def _headers(*names: str) -> Json:
    return {name: _ref("headers", name) for name in names}


def _ref(kind: str, name: str) -> Json:
    return {"$ref": f"#/components/{kind}/{name}"}
