"""The description of the API says what the code does, and all of it."""

import datetime as dt
import json
import re
import subprocess
import sys
from copy import deepcopy
from urllib.parse import urljoin, urlsplit

import pytest
from jsonschema import Draft202012Validator
from marshmallow import ValidationError
from openapi_spec_validator import OpenAPIV31SpecValidator

from airflow_run_groups.domain import Action, StateCounts
from airflow_run_groups.entrypoints.http import errors
from airflow_run_groups.entrypoints.http.openapi.examples import read_examples
from airflow_run_groups.entrypoints.http.openapi.operations import OPERATIONS
from airflow_run_groups.entrypoints.http.openapi.operations.errors import ERRORS
from airflow_run_groups.entrypoints.http.openapi.specification import describe
from airflow_run_groups.entrypoints.http.schemas.coverage import DagCoverageSchema, ProblemSchema
from airflow_run_groups.entrypoints.http.schemas.creations import (
    CreatedRunsSchema,
    PlanCountsSchema,
    PlannedDateSchema,
    PlanSchema,
    PlanSummarySchema,
    StretchSchema,
)
from airflow_run_groups.entrypoints.http.schemas.dags import MeSchema, dag_details_schema
from airflow_run_groups.entrypoints.http.schemas.fields.formats import ValueFormat
from airflow_run_groups.entrypoints.http.schemas.requests.creation import GroupRequestSchema
from airflow_run_groups.entrypoints.http.schemas.requests.dag_runs import DagRunFilterSchema, DagRunQuerySchema
from airflow_run_groups.entrypoints.http.schemas.requests.dags import DagFilterSchema
from airflow_run_groups.entrypoints.http.schemas.requests.group_actions import (
    CancelGroupSchema,
    NoteGroupSchema,
    RetryGroupSchema,
)
from airflow_run_groups.entrypoints.http.schemas.requests.groups import GroupFilterSchema
from airflow_run_groups.entrypoints.http.schemas.responses import (
    GroupActionResultSchema,
    GroupProgressSchema,
    GroupRunSchema,
    GroupSchema,
    RightsSchema,
    StateCountsSchema,
    dag_run_schema,
    dag_schema,
)
from airflow_run_groups.entrypoints.http.security.authentication import NoAuthentication, TokenAuthentication
from airflow_run_groups.entrypoints.http.security.same_origin import SameOrigin
from airflow_run_groups.entrypoints.metrics import MetricsResource, PrometheusMeter
from airflow_run_groups.entrypoints.settings import Settings
from tests.unit.http.service import Service, error, reason

UTC = dt.timezone.utc
PREFIX = "/api/v1"
FORMATS = list(ValueFormat)


def description(prefix=PREFIX, value_format=ValueFormat.TEXT, *, requires_token=False):
    return describe(prefix=prefix, value_format=value_format, requires_token=requires_token)


def resolved(described, node):
    """Return a node with what it refers to in its place."""
    if isinstance(node, list):
        return [resolved(described, one) for one in node]
    if not isinstance(node, dict):
        return node
    if "$ref" not in node:
        return {key: resolved(described, value) for key, value in node.items()}
    found = described
    for key in node["$ref"].removeprefix("#/").split("/"):
        found = found[key]
    return resolved(described, found)


def operation_of(described, example):
    path, method = next((one.path, one.method) for one in OPERATIONS if one.name == example.operation)
    return resolved(described, described["paths"][path][method])


@pytest.mark.parametrize("prefix", [PREFIX, ""])
@pytest.mark.parametrize("value_format", FORMATS)
@pytest.mark.parametrize("requires_token", [False, True])
def test_it_is_valid_openapi_3_1(prefix, value_format, requires_token):
    described = description(prefix, value_format, requires_token=requires_token)
    assert described["openapi"] == "3.1.0"
    assert list(OpenAPIV31SpecValidator(described).iter_errors()) == []


@pytest.mark.parametrize("prefix", [PREFIX, ""])
def test_every_route_is_in_it_and_nothing_else(prefix):
    service = Service(prefix=prefix)
    described = service.get(f"{prefix}/openapi.json").json
    there = set()
    for path, item in described["paths"].items():
        for server in item.get("servers", described["servers"]):
            root = urljoin(f"http://host{prefix}/openapi.json", server["url"]).rstrip("/")
            there.update((method, _template(urlsplit(root).path + path)) for method in item if method != "servers")
    files = (f"{prefix}/docs/", f"{prefix}/ui/")
    assert there == {route for route in routes(service) if not route[1].startswith(files)}


def _template(path):
    """Return the path as Falcon has it, without the slash at its end."""
    return path.rstrip("/") or "/"


def routes(service):
    """Return the methods and paths that the app has; HEAD is not described apart from GET."""
    nodes = list(service.client.app._router._roots)  # noqa: SLF001 - Falcon tells them only to its own inspector's text
    while nodes:
        node = nodes.pop()
        nodes.extend(node.children)
        if node.resource is not None:
            for name in dir(node.resource):
                if name.startswith("on_") and name != "on_head":
                    yield name.removeprefix("on_"), node.uri_template


@pytest.mark.parametrize("value_format", FORMATS)
def test_every_field_of_the_schemas_is_in_it_with_a_word_about_it(value_format):
    described = description(value_format=value_format)
    schemas = described["components"]["schemas"]
    for schema in (
        GroupRequestSchema(UTC),
        CancelGroupSchema(),
        RetryGroupSchema(),
        NoteGroupSchema(),
        CreatedRunsSchema(),
        PlanSchema(),
        PlannedDateSchema(),
        PlanSummarySchema(),
        StretchSchema(),
        PlanCountsSchema(),
        dag_run_schema(value_format),
        dag_schema(value_format),
        dag_details_schema(value_format),
        MeSchema(),
        RightsSchema(),
        DagCoverageSchema(),
        ProblemSchema(),
        GroupSchema(),
        GroupProgressSchema(),
        GroupRunSchema(),
        GroupActionResultSchema(),
        StateCountsSchema(),
    ):
        properties = schemas[type(schema).__name__.removesuffix("Schema")]["properties"]
        assert list(properties) == [field.data_key or key for key, field in schema.fields.items()]
        wordless = {key for key in properties if "description" not in properties[key]}
        assert wordless <= {"dag_id", *StateCounts._fields, *(action.value for action in Action)}
        assert all({"type", "anyOf", "$ref"} & set(facts) for facts in properties.values())
    assert schemas["GroupRequest"]["required"] == ["dag_id"]
    assert schemas["GroupRequest"]["additionalProperties"] is False
    for path, schema in {
        "/dag_runs": DagRunFilterSchema(),
        "/dag_runs/{run_id}": DagRunQuerySchema(),
        "/groups": GroupFilterSchema(),
        "/dags": DagFilterSchema(),
    }.items():
        parameters = [one for one in described["paths"][path]["get"]["parameters"] if one.get("in") == "query"]
        assert [one["name"] for one in parameters] == list(schema.fields)
        assert all(one["description"] for one in parameters)


def test_the_defaults_are_those_that_the_rules_have():
    described = description()
    parameters = {one.get("name"): one.get("schema") for one in described["paths"]["/dag_runs"]["get"]["parameters"]}
    defaults = {name: schema["default"] for name, schema in parameters.items() if name and "default" in schema}
    assert defaults == {"start": 0, "limit": 50}
    properties = described["components"]["schemas"]["GroupRequest"]["properties"]
    defaults = {name: schema["default"] for name, schema in properties.items() if "default" in schema}
    assert defaults == {
        "prefix": "manual_",
        "limit": 500,
        "partial": False,
        "dry_run": False,
        "detail": "dates",
        "planned": 0,
        "order": "asc",
        "paused": False,
        "reprocess_behavior": "none",
    }
    assert json.loads(json.dumps(defaults)) == defaults


LENIENT = {
    "limit": ["1", "500"],
    "partial": ["true", "True", "1", "false", "False", "0"],
    "dry_run": ["true", "True", "1", "false", "False", "0"],
    "external_trigger": ["True", "1", "False", "0"],
    "conf": ["{}"],
}
"""Forms that are accepted beside the canonical ones, of which the description tells in words."""
# A number of the description is text in a query, so both forms of a value are validated.
QUERY_VALUES = {
    "start": ["0", "1", str(2**63 - 1), str(2**63), "-1", "a", "1a", "", "a" * 250, "a" * 251, "9" * 251, "é", "+1"],
    "limit": ["0", "1", "100", "101", "-1", "", "1.5", "a", " 1", "+1"],
    "state": ["queued", "running", "success", "failed", "", "SUCCESS", "none", "success,failed"],
    "external_trigger": ["true", "True", "1", "false", "False", "0", "", "TRUE", "yes", "2"],
    "prefix": ["a", "%", "_", "", "a" * 250, "a" * 251, "🐍" * 250, "🐍" * 251],
    "dag_id": ["a", "", "a" * 250, "a" * 251],
}


@pytest.mark.parametrize("name", QUERY_VALUES)
def test_the_bounds_of_a_query_parameter_are_those_that_the_code_keeps(name):
    parameters = description()["paths"]["/dag_runs"]["get"]["parameters"]
    (schema,) = [one["schema"] for one in parameters if one.get("name") == name]
    field = DagRunFilterSchema().fields[name]
    for value in QUERY_VALUES[name]:
        forms = [
            value,
            *([int(value)] if re.fullmatch("-?[0-9]+", value) else []),
            *({"true": [True], "false": [False]}.get(value, [])),
        ]
        stated = any(Draft202012Validator(schema).is_valid(form) for form in forms)
        assert (stated or value in LENIENT.get(name, ())) == accepts(field, value), value


def accepts(field, value):
    try:
        field.deserialize(value)
    except ValidationError:
        return False
    return True


BODY_VALUES = {
    "dag_id": ["a", "", "a" * 250, "a" * 251, 1, None, [], {}, True],
    "prefix": ["a", "", "a" * 250, "a" * 251, 1, None],
    "start_date": [
        "2020-01-01",
        "2020-01-01T00:00:00Z",
        "2020-01-01 00:00",
        "2020-01-01T00:00:00.123456+02:00",
        "20200101",
        "",
        "now",
        1,
        None,
    ],
    "limit": [1, 500, "1", "500", "", "a", "-1", 1.5, None, True, []],
    "partial": [True, False, "true", "True", "1", "false", "False", "0", 0, 1, "yes", "", None],
    "conf": [{}, {"a": [1]}, "{}", None, 1, True, []],
    "dry_run": [True, "true", "0", 1, None],
    "planned": [0, 1, 2**63 - 1, 2**63, -1, "1", 1.5, None, True],
    "detail": ["dates", "stretches", "", "DATES", 1, None],
    "not_before": ["2020-01-01", "now", 1, None],
    "pace": [
        *("1/PT1S", "500/P366D", "20/PT10M", "9/P1DT2H3M4S", "20/P2W", "1/PT1H1S"),
        *(
            "0/PT1S",
            "501/PT1S",
            "01/PT1S",
            "1000/PT1S",
            "20",
            "20/",
            "/PT1S",
            "20/10",
            "20/PT",
            "20/P",
            "20/P1DT",
            "20/P1M",
        ),
        *("20/PT1M1H", "20/pt1s", "20/PT1.5S", "20/P1W1D", "-1/PT1S", "20/PT10M ", "", 20, None, []),
    ],
    "order": ["asc", "desc", "DESC", "", 1, None],
    "dates": [["2020-01-01"], ["2020-01-01", "2020-01-02T00:00Z"], [], ["now"], [1], [None], "2020-01-01", None, {}],
    "interval": ["PT6H", "P1W", "0 6 * * 1", "@daily", "P", "PT", "P1M", "", "a" * 100, "a" * 101, 6, None, []],
    "conf_per_run": [{}, {"a": "{number}"}, [{}], [{}, {"a": 1}], [], [1], [[]], "{}", 1, None],
    "note": ["a", "a" * 1000, "a" * 1001, "", 1, None],
    "description": ["a", "a" * 1000, "a" * 1001, "", 1, None],
    "bundle_version": ["v1", "a" * 250, "a" * 251, "", 1, None],
}


@pytest.mark.parametrize("name", BODY_VALUES)
def test_the_types_of_a_body_are_those_that_the_code_takes(name):
    validator = Draft202012Validator(description()["components"]["schemas"]["GroupRequest"]["properties"][name])
    fields = {field.data_key or key: field for key, field in GroupRequestSchema(UTC).fields.items()}
    for value in BODY_VALUES[name]:
        lenient = isinstance(value, str) and value in LENIENT.get(name, ())
        assert not (lenient and validator.is_valid(value))
        assert (lenient or validator.is_valid(value)) == accepts(fields[name], value), value


@pytest.mark.parametrize(("limit", "allowed"), [(0, False), (1, True), (500, True), (501, False)])
def test_the_bounds_of_a_group_are_those_that_the_rules_keep(limit, allowed):
    schema = description()["components"]["schemas"]["GroupRequest"]["properties"]["limit"]
    assert Draft202012Validator(schema).is_valid(limit) == allowed
    answer = Service().post(dag_id="example_unscheduled", limit=limit)
    assert (answer.status_code == 200) == allowed


def test_every_status_that_the_code_answers_with_is_in_it():
    foreseen = {int(status[:3]) for status, _ in errors.RESPONSES.values()}
    of_the_server = set(errors.SERVER_ERRORS) - {403}  # of a connection, such as one without TLS where that is needed
    assert set(ERRORS) == foreseen | of_the_server | {404, 405, 500}
    described = description()
    for operation in OPERATIONS:
        responses = described["paths"][operation.path][operation.method]["responses"]
        statuses = {int(status) for status in responses} - {200, *([304] if operation.tagged else [])}
        assert statuses <= set(ERRORS)
        assert statuses >= of_the_server
    assert {status for operation in OPERATIONS for status in operation.all_errors} == set(ERRORS)


def test_the_headers_of_errors_are_those_that_the_code_sends():
    described = description()
    for operation in OPERATIONS:
        shown = resolved(described, described["paths"][operation.path][operation.method]["responses"])
        for status, sent in errors.RESPONSES.values():
            if status[:3] in shown:
                assert set(shown[status[:3]]["headers"]) == {"X-Request-Id", *sent} - {"Connection"}


def test_each_key_of_a_request_has_one_type():
    schemas = description()["components"]["schemas"]
    types = {
        f"{name}.{key}": facts.get("type")
        for name in ("GroupRequest", "CancelGroup", "RetryGroup", "NoteGroup")
        for key, facts in schemas[name]["properties"].items()
    }
    assert types.pop("GroupRequest.conf") == ["object", "null"]
    assert types.pop("GroupRequest.conf_per_run") is None  # an object, or a list of them
    assert types.pop("GroupRequest.stop_after") == types.pop("GroupRequest.notify") == "object"
    assert set(types.values()) == {"array", "boolean", "integer", "string"}
    assert types["GroupRequest.partial"] == "boolean"
    assert schemas["GroupRequest"]["properties"]["limit"]["maximum"] == 500


@pytest.mark.parametrize("value_format", FORMATS)
def test_every_component_is_used(value_format):
    described = description(value_format=value_format)
    text = json.dumps(described)
    for kind in described["components"]:
        for name in described["components"][kind]:
            assert f'"#/components/{kind}/{name}"' in text, name


@pytest.mark.parametrize("value_format", FORMATS)
def test_every_example_is_shown_and_fits_the_schemas(value_format):
    described = description(value_format=value_format)
    examples = read_examples(value_format)
    for example in examples:
        operation = operation_of(described, example)
        shown = operation["responses"][str(example.status)]["content"]["application/json"]
        response = shown["examples"][example.name]["value"]
        assert response == {"response": example.response}
        assert list(Draft202012Validator(closed(shown["schema"])).iter_errors(response)) == []
        if example.body is not None:
            body = operation["requestBody"]["content"]["application/json"]
            assert body["examples"][example.name]["value"] == example.body
            assert list(Draft202012Validator(body["schema"]).iter_errors(example.body)) == []
    assert {example.operation for example in examples} == {one.name for one in OPERATIONS if one.content is None}


def closed(schema):
    """Return a schema that allows no keys but those that it names."""
    schema = deepcopy(schema)
    nodes = [schema]
    while nodes:
        node = nodes.pop()
        if isinstance(node, dict):
            nodes.extend(node.values())
            if isinstance(node.get("properties"), dict):
                node["additionalProperties"] = False
        elif isinstance(node, list):
            nodes.extend(node)
    return schema


def test_every_example_of_a_parameter_is_a_good_one():
    service = Service(lambda: dt.datetime(2025, 3, 1, 12, tzinfo=UTC))
    service.create(prefix="redo", start_date="2025-02-01", end_date="2025-02-01")
    service.create(prefix="another", start_date="2025-02-02", end_date="2025-02-02")
    described = description()
    for path in ("/dag_runs", "/dag_runs/{run_id}", "/groups", "/dags"):
        for parameter in resolved(described, described["paths"][path]["get"]["parameters"]):
            if parameter["in"] == "query":
                target = path.format(run_id="redo_0000001_2025-02-01T00:00:00")
                for value in parameter["schema"]["examples"]:
                    text = value if isinstance(value, str) else json.dumps(value)
                    more = "" if parameter["name"] == "dag_id" or path != "/groups" else "&dag_id=example_daily"
                    assert service.ask(f"{PREFIX}{target}?{parameter['name']}={text}{more}")
                    assert Draft202012Validator(parameter["schema"]).is_valid(value)
    for path in ("/dag_runs/{run_id}", "/groups/{dag_id}/{prefix}", "/groups/{dag_id}/{prefix}/runs"):
        named = resolved(described, described["paths"][path]["get"]["parameters"])
        shown = {one["name"]: one["example"] for one in named if one["in"] == "path"}
        assert service.ask(PREFIX + path.format(**shown))
    for name, schema in described["components"]["schemas"]["GroupRequest"]["properties"].items():
        for value in schema["examples"]:
            if name == "plan_id":  # of a plan that nobody has made
                assert reason(service.post(dag_id="example_daily", plan_id=value)) == "plan_expired"
                continue
            body = _BESIDE.get(name, {})
            assert service.create(**{"dag_id": "example_daily", "partial": True, **body, name: value})
            assert Draft202012Validator(schema).is_valid(value)


_BESIDE = {
    "detail": {"dry_run": True},
    "end_date": {"start_date": "2025-02-01"},
    "interval": {"start_date": "2025-02-01", "dag_id": "example_unscheduled"},
}
"""What a parameter needs beside it."""


def test_the_errors_that_are_shown_are_real_ones():
    service = Service()
    for dag_id in ("example_daily", "example_hourly"):
        service.place(dag_id, "a")
    closed_service = Service(authenticator=TokenAuthentication("s3cret"))
    answers = {
        400: service.get(f"{PREFIX}/me?limit=1"),
        401: closed_service.get(f"{PREFIX}/dags"),
        404: service.get(f"{PREFIX}/dag_runs/nothing"),
        405: service.request("DELETE", f"{PREFIX}/dags"),
        409: service.get(f"{PREFIX}/dag_runs/a"),
        413: service.request("POST", f"{PREFIX}/dag_runs", body=b" " * 1024 * 1024 + b"{}"),
    }
    for status, answer in answers.items():
        assert (answer.status_code, error(answer), reason(answer)) == (status, *ERRORS[status][1:])
    for status in (408, 414, 417, 431, 501):
        word, text = errors.SERVER_ERRORS[status]
        assert (text.format(receive_timeout=Settings().receive_timeout), word) == ERRORS[status][1:]


def test_it_asks_for_a_token_where_the_service_does():
    for authenticator, security in (
        (NoAuthentication(SameOrigin(())), []),
        (TokenAuthentication("s3cret"), [{"token": []}]),
    ):
        service = Service(authenticator=authenticator, metrics=MetricsResource(PrometheusMeter()))
        described = service.get(f"{PREFIX}/openapi.json").json
        assert ("securitySchemes" in described["components"]) == bool(security)
        for operation in OPERATIONS:
            told = described["paths"][operation.path][operation.method]["security"]
            assert told == ([] if operation.open else security)
            if operation.method == "get":
                answer = service.get(PREFIX + operation.path.format(run_id="x", dag_id="example_daily", prefix="x"))
                assert (answer.status_code == 401) == bool(told), operation


def test_a_service_starts_without_what_makes_it():
    code = (
        "import sys, airflow_run_groups.entrypoints.http.app\n"
        "print([name for name in sys.modules if name.partition('.')[0] == 'apispec' or name.endswith('specification')])"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"
