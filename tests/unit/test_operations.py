"""What docs/operations.md, the dashboard and the alert rules say is what the software tells."""

import ast
import json
import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from airflow_run_groups.adapters.metrics import METRICS, PREFIX
from airflow_run_groups.entrypoints.airflow.provider import get_provider_info
from airflow_run_groups.entrypoints.http import errors
from airflow_run_groups.entrypoints.metrics import FOLDER, PrometheusMeter
from tests.unit.http.service import Service

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
RULES = (ROOT / "deploy" / "prometheus-rules.yaml").read_text(encoding="utf-8")
DASHBOARD = json.loads((ROOT / "deploy" / "grafana-dashboard.json").read_text(encoding="utf-8"))
PLUGIN = (ROOT / "src" / "entrypoints" / "airflow" / "plugin.py").read_text(encoding="utf-8")
ADAPTER = ROOT / "src" / "adapters" / "airflow"


def table(heading):
    """Return the rows of the table with this heading, each as its cells."""
    _, found, rest = DOCUMENT.partition(f"\n{heading}\n")
    assert found, heading
    rows = rest.partition("\n\n")[0].splitlines()[1:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows]


def code(cell):
    return re.findall(r"`([^`]+)`", cell)


@pytest.fixture
def families(monkeypatch):
    """Return each metric that there is, and its labels, by the name of its samples."""
    monkeypatch.delenv(FOLDER, raising=False)
    meter = PrometheusMeter()
    for metric in METRICS:
        labels = dict.fromkeys(metric.labels, "x")
        {"counter": meter.increment, "duration": meter.observe, "gauge": meter.set}[metric.kind](metric, 1, **labels)
    found, labels = {}, {}
    for family in text_string_to_metric_families(meter.text().decode()):
        if family.type == "gauge" and family.name.endswith("_created"):
            continue  # the library's own, when a counter or a histogram began
        name = family.name + ("_total" if family.type == "counter" else "")
        found[name] = family.type
        for sample in family.samples:
            labels.setdefault(sample.name, set()).update(sample.labels)
        labels.setdefault(name, labels.get(f"{name}_count", set()))
    return found, labels


def test_the_metrics_are_those_of_the_table(families):
    found, labels = families
    told = {
        code(name)[0]: (kind, set(code(names)))
        for name, kind, names, _ in table("| metric | type | labels | what it measures |")
    }
    assert told == {name: (kind, labels[name]) for name, kind in found.items()}


def _queries():
    expressions = re.findall(r"expr: (?:>-\n\s+)?((?:.|\n)+?)(?=\n\s+(?:for|labels):)", RULES)
    targets = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    assert len(expressions) == RULES.count("- alert:")
    return [*expressions, *targets]


def test_dashboard_and_alerts_ask_for_metrics_and_labels_that_there_are(families):
    found, labels = families
    asked = set()
    for query in _queries():
        for name, selector in re.findall(r"(airflow_run_groups_\w+)(\{[^}]*\})?", query):
            assert name in labels, name
            asked.add(name.removesuffix("_bucket"))
            assert set(re.findall(r"(\w+)[=!]~?\"", selector)) - {"job", "instance"} <= labels[name], query
        for names in re.findall(r"by \(([^)]*)\)", query):
            assert set(names.split(", ")) - {"instance"} <= set().union(*labels.values()), query
    assert {name.removesuffix("_bucket") for name in asked} == set(found)


def reasons():
    """Return the status of each reason in the table."""
    return {code(reason)[0]: status for reason, status, _ in table("| reason | status | what was wrong |")}


def test_the_alert_about_denied_requests_covers_every_denial():
    (pattern,) = re.findall(r'reason=~"([^"]+)"', " ".join(_queries()))
    assert set(pattern.split("|")) == {reason for reason, status in reasons().items() if status in {"401", "403"}}


def test_every_reason_of_a_failing_service_is_counted_by_an_alert():
    """Those of a 5xx but the server's own about a client's request; the alerts count them by their status."""
    counted = set(re.findall(r"\d{3}", " ".join(re.findall(r'status=~?"([0-9|]+)"', RULES))))
    failing = {reason for reason, status in reasons().items() if status in {"500", "503", "504"}}
    assert {"database_read_only", "insufficient_privilege", "outcome_unknown", "internal_error"} <= failing
    assert {reasons()[reason] for reason in failing} <= counted


def test_every_reason_that_a_rule_names_is_one_of_the_table():
    named = {word for pattern in re.findall(r'reason=~?"([^"]+)"', " ".join(_queries())) for word in pattern.split("|")}
    assert "may_not_change_runs" in named
    assert named <= set(reasons())


def classes_of_errors():
    """Return the reason and the status of each class in the source, imported or not, that an error family has."""
    families = {family.__name__: status[:3] for family, (status, _) in errors.RESPONSES.items()}
    bases, own = {}, {}
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                bases[node.name] = [base.id for base in node.bases if isinstance(base, ast.Name)]
                for statement in node.body:
                    match statement:
                        case ast.Assign(targets=[ast.Name("reason")], value=ast.Constant(reason)):
                            own[node.name] = reason

    def status(name):
        return families.get(name) or next(filter(None, map(status, bases.get(name, ()))), None)

    return {name: (own.get(name), status(name)) for name in bases if status(name)}


def test_every_error_has_a_reason_of_its_own():
    classes = classes_of_errors()
    assert {"DagBusy", "BodyTooLarge", "ReadOnlyToken", "_NotAnObject"} < set(classes)
    assert [name for name, (reason, _) in classes.items() if reason is None] == []
    assert len({reason for reason, _ in classes.values()}) == len(classes)


def test_the_reasons_are_those_that_the_code_has():
    of_the_server = {reason: str(status) for status, (reason, _) in errors.SERVER_ERRORS.items()}
    of_the_framework = {"route_not_found": "404", "method_not_allowed": "405"}
    assert set(errors.FRAMEWORK_REASONS.values()) == {*of_the_framework, "malformed_request", "internal_error"}
    of_the_plugin = dict.fromkeys(re.findall(r'^REASON = "(\w+)"', PLUGIN, re.MULTILINE), "503")
    assert len(of_the_plugin) == 1
    assert reasons() == dict(classes_of_errors().values()) | of_the_server | of_the_framework | of_the_plugin


def test_airflows_names_are_those_of_the_table():
    kinds = {"counter": "counter", "duration": "timer", "gauge": "gauge"}
    assert {code(name)[0]: kind for name, kind in table("| name | kind |")} == {
        f"{PREFIX}.{metric.name}": kinds[metric.kind] for metric in METRICS
    }


def test_the_keys_of_a_request_in_the_log_are_those_of_the_table():
    class Caller:
        name = display_name = "erika"

        def readable_dag_ids(self, dag_id=None):
            return None

        def may_create_runs(self, dag_id):
            return True

        may_change_runs = may_create_runs

    class Authenticator:
        def identify(self, req):
            return Caller()

    lines = []
    service = Service(log_request=lines.append, authenticator=Authenticator())
    service.post(dag_id="example_daily", start_date="2024-12-01", end_date="2024-12-02")
    service.post(dag_id="nowhere")
    service.request("POST", "/api/v1/groups/example_daily/manual/cancel")
    rows = table("| key | when it is there | what it is |")
    assert {code(key)[0] for key, *_ in rows} == set().union(*lines)
    always = {code(key)[0] for key, when, _ in rows if when == "always"}
    service.get("/nowhere")
    assert always <= set(lines[-1])


def test_the_revisions_are_those_of_the_code():
    tree = ast.parse((ADAPTER / "database" / "schema.py").read_text(encoding="utf-8"))
    (revisions,) = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and node.targets[0].id == "REVISIONS"
    ]
    assert {code(revision)[0]: version for revision, version in table("| revision | Airflow |")} == revisions


def test_the_alerts_are_those_of_the_rules():
    assert [code(name)[0] for name, _ in table("| alert | what to do |")] == re.findall(r"- alert: (\w+)", RULES)


def test_the_settings_are_told_as_airflow_tells_them():
    options = get_provider_info()["config"]["airflow_api_plugin"]["options"]
    assert table("| option | default | meaning |") == [
        [
            f"`{name}`",
            "none" if option["default"] is None else f"`{option['default']}`",
            " ".join(option["description"].replace("``", "`").split()),
        ]
        for name, option in options.items()
    ]


def test_the_probes_answer():
    service = Service()
    for path, *_ in table("| path | 200 when | else |"):
        assert service.get(code(path)[0]).status_code == 200
        assert service.get(f"/api/v1{code(path)[0]}").status_code == 200


def test_messages_that_are_named_are_those_of_the_software():
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    for message in ("the metadata database failed", "creating each run"):
        assert f"`{message}`" in DOCUMENT
        assert message in source
