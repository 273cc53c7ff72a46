"""What deploy/ and the documents about it say is what the software has."""

import json
import re
from pathlib import Path

import yaml
from airflow_run_groups.entrypoints.settings import LIMITS, OPTIONS, OTHER_TOKEN_NAME
from falcon import testing

from tests.demo import demo_app

ROOT = Path(__file__).parents[2]
DEPLOY = {path.name: path.read_text(encoding="utf-8") for path in sorted((ROOT / "deploy").iterdir())}
DOCUMENTS = {name: (ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("deployment.md", "migration.md")}
TEXTS = DEPLOY | DOCUMENTS
IN_AIRFLOW = {"click", "croniter", "httpx", "pyyaml", "rich", "structlog", "tenacity"}
"""Those of our dependencies that Airflow needs too, so that its image has them."""


def test_every_option_that_is_named_exists():
    for name, text in TEXTS.items():
        for option in re.findall(r"AIRFLOW__AIRFLOW_API_PLUGIN__([A-Z_]+)", text):
            assert option.removesuffix("_CMD").removesuffix("_SECRET").lower() in OPTIONS, name
        for other in re.findall(r"AIRFLOW__AIRFLOW__\w+", text):
            assert other == OTHER_TOKEN_NAME, name
        for section in re.findall(r"^  airflow_run_groups:\n((?:    .+\n)+)", text, re.MULTILINE):
            assert set(re.findall(r"^    (\w+):", section, re.MULTILINE)) <= set(OPTIONS), name


def test_the_documents_tell_the_defaults_of_the_limits():
    told = [pair for text in DOCUMENTS.values() for pair in re.findall(r"`(\w+)` \(([0-9.]+)\)", text)]
    assert len(told) > 5
    for option, default in told:
        assert float(default) == LIMITS[option].default, option


def test_one_port_from_the_image_to_the_probes():
    (port,) = re.findall(r"--bind 0\.0\.0\.0:([0-9]+)", DEPLOY["Dockerfile"])
    assert re.findall(r"^EXPOSE ([0-9]+)", DEPLOY["Dockerfile"], re.MULTILINE) == [port]
    assert f'"127.0.0.1:{port}:{port}"' in DEPLOY["compose.yaml"]
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
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    (version,) = re.findall(r"^apache-airflow==(\S+)", pins, re.MULTILINE)
    named = re.findall(
        r"(?:apache/airflow:|airflow-run-groups:|tag: \"|airflowVersion: \")([0-9.]+)", "".join(TEXTS.values())
    )
    assert len(named) > 6
    assert set(named) == {version}


def test_the_image_pins_each_dependency_that_airflow_does_not_bring():
    (block,) = re.findall(r"^dependencies = \[\n(.+?)^\]", _read("pyproject.toml"), re.MULTILINE | re.DOTALL)
    needed = set(re.findall(r'^  "([a-z-]+)', block, re.MULTILINE))
    (pinned,) = re.findall(r"grep -E '\^\((.+?)\)=='", DEPLOY["Dockerfile"])
    assert set(pinned.split("|")) == needed - IN_AIRFLOW
    for name in pinned.split("|"):
        assert f"\n{name}==" in f"\n{_read('constraints.txt')}"


def test_the_image_is_built_from_files_that_its_context_has():
    kept = set(re.findall(r"^!(.+)", DEPLOY["Dockerfile.dockerignore"], re.MULTILINE))
    copied = re.findall(r"^COPY (?:--chown=\S+ )?(?!--from)(.+) \S+$", DEPLOY["Dockerfile"], re.MULTILINE)
    assert {name for names in copied for name in names.split()} == kept
    assert all((ROOT / name).exists() for name in kept)


def test_messages_to_alert_on_are_those_of_the_software():
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    source = re.sub(r'"\s*\n\s*f?"', "", source)  # texts that go on in the next line
    _, _, section = DOCUMENTS["deployment.md"].partition("## What to alert on")
    messages = re.findall(r"`([A-Za-z][^`/]* [^`/]*)(?: at)? …`", section)
    assert len(messages) > 4
    for message in messages:
        for part in message.split("…"):
            assert part.strip(" :") in source, message


def test_yaml_is_well_formed_and_the_components_of_airflow_share_one_environment():
    assert all(yaml.safe_load(text) for name, text in DEPLOY.items() if name.endswith(".yaml"))
    services = yaml.safe_load(DEPLOY["compose.yaml"])["services"]
    ours = services.pop("airflow-groups")["environment"]
    services.pop("postgres")
    environments = [service["environment"] for service in services.values()]
    assert len(environments) > 3
    assert all(environment == environments[0] for environment in environments)
    assert ours.items() >= environments[0].items()
    command = json.loads(re.findall(r"^CMD (.+)$", DEPLOY["Dockerfile"], re.MULTILINE)[0])
    assert command[-1].startswith("exec airflow-groups serve ")


def _read(name):
    return (ROOT / name).read_text(encoding="utf-8")
