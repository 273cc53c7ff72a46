"""What deploy/ and the documents about it say is what the software has."""

import ast
import json
import re

import yaml
from falcon import testing

from airflow_run_groups.entrypoints.settings import OPTIONS, OTHER_TOKEN_NAME
from tests.demo import demo_app
from tests.documents import PYPROJECT, ROOT, Document, code

DEPLOYMENT = Document("docs/deployment.md")
DOCUMENTS = (DEPLOYMENT, Document("docs/migration.md"))
DEPLOY = {path.name: path.read_text(encoding="utf-8") for path in sorted((ROOT / "deploy").iterdir())}
TEXTS = DEPLOY | {document.name: document.text for document in DOCUMENTS}
CONSTRAINTS = dict(re.findall(r"^(\S+)==(\S+)", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE))
IN_AIRFLOW = {"click", "croniter", "httpx", "pyyaml", "rich", "structlog", "tenacity"}
"""Those of our dependencies that Airflow needs too, so that its image has them."""


def test_every_option_that_is_named_exists():
    for name, text in TEXTS.items():
        for option in re.findall(r"AIRFLOW__AIRFLOW_API_PLUGIN__([A-Z_]+)", text):
            assert option.removesuffix("_CMD").removesuffix("_SECRET").lower() in OPTIONS, name
        for other in re.findall(r"AIRFLOW__AIRFLOW__\w+", text):
            assert other == OTHER_TOKEN_NAME, name
    section = yaml.safe_load(DEPLOY["values.yaml"])["config"]["airflow_api_plugin"]
    assert set(section) <= set(OPTIONS)


def test_the_documents_tell_the_defaults_of_the_limits():
    told = [pair for document in DOCUMENTS for pair in re.findall(r"`(\w+)` \(([0-9.]+)\)", document.text)]
    assert len(told) > 4
    for option, default in told:
        assert default == f"{float(OPTIONS[option].default):g}", option


def test_one_port_from_the_image_to_the_probes():
    (port,) = re.findall(r"--bind 0\.0\.0\.0:([0-9]+)", DEPLOY["Dockerfile"])
    assert re.findall(r"^EXPOSE ([0-9]+)", DEPLOY["Dockerfile"], re.MULTILINE) == [port]
    assert f'"127.0.0.1:{port}:{port}"' in DEPLOY["compose.yaml"]
    for document in yaml.safe_load_all(DEPLOY["kubernetes.yaml"]):
        assert set(re.findall(r"'(?:containerPort|port)': ([0-9]+)", str(document))) == {port}
    sidecar = DEPLOY["values-sidecar.yaml"]
    assert set(re.findall(r"(?:containerPort|port): ([0-9]+)", sidecar)) == {port}
    assert set(re.findall(r"(?:[pP]ort|name): (airflow-groups)$", sidecar, re.MULTILINE)) == {"airflow-groups"}


def test_every_path_of_ours_that_is_named_answers():
    named = {
        path
        for text in TEXTS.values()
        for path in re.findall(r"(?<![\w.}])(/health/\w+|/api/v1/\w+)(?=[`\"' ?]|$)", text, re.MULTILINE)
    }
    assert {"/health/live", "/health/ready", "/api/v1/dags", "/api/v1/dag_runs"} <= named
    client = testing.TestClient(demo_app(), headers={"Host": "localhost"})
    for path in named - {"/api/v1/health", "/api/v1/latest_runs"}:  # of Airflow 2, and of the 2017 plugin
        assert client.simulate_get(path).status_code == 200, path


def test_one_version_of_airflow_for_the_image_compose_and_helm():
    named = re.findall(
        r"(?:apache/airflow:|airflow-run-groups:|tag: \"|airflowVersion: \")([0-9.]+)", "".join(TEXTS.values())
    )
    assert len(named) > 6
    assert set(named) == {CONSTRAINTS["apache-airflow"]}


def test_the_image_pins_each_dependency_that_airflow_does_not_bring():
    needed = {re.match(r"[a-z-]+", dependency)[0] for dependency in PYPROJECT["project"]["dependencies"]}
    (pinned,) = re.findall(r"grep -E '\^\((.+?)\)=='", DEPLOY["Dockerfile"])
    assert set(pinned.split("|")) == needed - IN_AIRFLOW
    assert needed <= set(CONSTRAINTS)


def test_the_image_is_built_from_files_that_its_context_has():
    kept = set(re.findall(r"^!(.+)", DEPLOY["Dockerfile.dockerignore"], re.MULTILINE))
    copied = re.findall(r"^COPY (?:--chown=\S+ )?(?!--from)(.+) \S+$", DEPLOY["Dockerfile"], re.MULTILINE)
    assert {name for names in copied for name in names.split()} == kept
    assert all((ROOT / name).exists() for name in kept)


def test_messages_to_alert_on_are_those_of_the_software():
    (signs,) = DEPLOYMENT.tables("sign", "where", "what it means")
    messages = [message for sign, *_ in signs for message in code(sign) if "…" in message]
    assert len(messages) > 4
    texts = list(texts_of_the_software())
    for message in messages:
        for part in message.split("…"):
            assert any(part.strip(" :") in text for text in texts), message


def texts_of_the_software():
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def test_yaml_is_well_formed_and_the_components_of_airflow_share_one_environment():
    assert all(all(yaml.safe_load_all(text)) for name, text in DEPLOY.items() if name.endswith(".yaml"))
    services = yaml.safe_load(DEPLOY["compose.yaml"])["services"]
    ours = services.pop("airflow-groups")["environment"]
    services.pop("postgres")
    environments = [service["environment"] for service in services.values()]
    assert len(environments) > 3
    assert all(environment == environments[0] for environment in environments)
    assert ours.items() >= environments[0].items()
    command = json.loads(re.findall(r"^CMD (.+)$", DEPLOY["Dockerfile"], re.MULTILINE)[0])
    assert command[-1].startswith("exec airflow-groups serve ")


def test_service_on_its_own_is_like_the_sidecar():
    """Container, secret and probes are those of the sidecar; only here the readiness is the service's own."""
    deployment, service = yaml.safe_load_all(DEPLOY["kubernetes.yaml"])
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    (sidecar,) = yaml.safe_load(DEPLOY["values-sidecar.yaml"])["apiServer"]["extraContainers"]
    for key in ("ports", "startupProbe", "livenessProbe", "resources", "securityContext"):
        assert container[key] == sidecar[key]
    assert [one["name"] for one in container["env"]] == [one["name"] for one in sidecar["env"]]
    assert container["readinessProbe"]["httpGet"]["path"] == "/health/ready"
    assert service["spec"]["selector"] == deployment["spec"]["selector"]["matchLabels"]
    assert deployment["spec"]["template"]["metadata"]["labels"] == service["spec"]["selector"]
    grace = deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    assert grace > float(OPTIONS["write_timeout"].default)


def test_helm_upgrade_keeps_the_values_of_a_release():
    for name in ("values.yaml", "values-sidecar.yaml"):
        (command,) = re.findall(r"helm upgrade .+", DEPLOY[name])
        assert command.index("-f my-values.yaml") < command.index("-f deploy/values.yaml")
    assert [
        command for command, _ in DEPLOYMENT.console() if "helm upgrade" in command and "my-values" not in command
    ] == []
