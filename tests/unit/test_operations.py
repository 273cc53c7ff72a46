"""What docs/operations.md, the dashboard and the alert rules say is what the software tells."""

import ast
import json
import re
from pathlib import Path

import pytest

from airflow_run_groups.domain import Unauthenticated
from airflow_run_groups.entrypoints.airflow.provider import get_provider_info
from airflow_run_groups.entrypoints.http import errors
from airflow_run_groups.entrypoints.metrics import FOLDER, PrometheusMeter
from tests.unit.http.service import Service

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
RULES = (ROOT / "deploy" / "prometheus-rules.yaml").read_text(encoding="utf-8")
DASHBOARD = json.loads((ROOT / "deploy" / "grafana-dashboard.json").read_text(encoding="utf-8"))
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
    """Return each metric that there is, by the name that it has in queries."""
    monkeypatch.delenv(FOLDER, raising=False)
    meter = PrometheusMeter()
    found = {}
    for family in meter._numbers.registry.collect():  # noqa: SLF001 - the one place that has them all
        found[family.name + ("_total" if family.type == "counter" else "")] = family
    return found, _labels(meter)


def _labels(meter):
    """Return the labels of each metric, of which one has to be there to be seen."""
    meter.request(method="GET", route="/", status=200, seconds=1)
    meter.refusal("Refused")
    meter.statement(work="read", seconds=1)
    labels = {}
    for family in meter._numbers.registry.collect():  # noqa: SLF001 - as above
        for sample in family.samples:
            labels.setdefault(sample.name, set()).update(set(sample.labels))
    return labels


def test_the_metrics_are_those_of_the_table(families):
    found, labels = families
    told = {
        code(name)[0]: (kind, set(code(names)))
        for name, kind, names, _ in table("| metric | type | labels | what it counts |")
    }
    assert told == {
        name: (family.type, labels[f"{name}_count" if family.type == "histogram" else name])
        for name, family in found.items()
    }


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


def test_the_reasons_that_alerts_ask_for_are_told_in_the_table():
    told = {reason for reasons, *_ in table("| reason | status | what was wrong |") for reason in code(reasons)}
    for pattern in re.findall(r'reason=~?"([^"]+)"', " ".join(_queries())):
        assert set(pattern.split("|")) <= told


def test_the_reasons_are_those_that_the_code_has(monkeypatch):
    monkeypatch.setenv("AIRFLOW__AIRFLOW_API_PLUGIN__BACKEND", "memory")
    from airflow_run_groups.entrypoints.gunicorn import configuration as gunicorn  # noqa: PLC0415 - it reads the environment

    rows = table("| reason | status | what was wrong |")
    told = {reason: status for reasons, status, _ in rows for reason in code(reasons)}
    own = {f"Http{status}" for status in gunicorn._TEXTS}  # noqa: SLF001 - the one table of them
    assert {reason for reason in told if reason.startswith("Http")} == own
    foreseen = {}
    for family, (status, _) in errors.RESPONSES.items():
        leaves = (
            family.__subclasses__()
            if family.__name__ in {"NotFound", "Conflict"}
            else [family, *family.__subclasses__()]
        )
        foreseen.update({leaf.__name__.lstrip("_"): status[:3] for leaf in leaves})
    falcons = {"HTTPRouteNotFound": "404", "HTTPMethodNotAllowed": "405"}
    assert {reason: status for reason, status in told.items() if reason not in own} == {**foreseen, **falcons}
    assert Unauthenticated.__name__ in told


def test_airflows_names_are_those_of_the_table():
    source = (ADAPTER / "metrics.py").read_text(encoding="utf-8")
    kinds = {"incr": "counter", "timing": "timer", "gauge": "gauge"}
    sent = {name: kinds[how] for how, name in re.findall(r"_stats\.(\w+)\(f\"\{PREFIX\}\.(\w+)\"", source)}
    assert {code(name)[0]: kind for name, kind in table("| name | kind |")} == {
        f"airflow_run_groups.{name}": kind for name, kind in sent.items()
    }


def test_the_keys_of_a_request_in_the_log_are_those_of_the_table():
    class Caller:
        name = "erika"

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
