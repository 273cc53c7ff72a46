"""What SECURITY.md and docs/configuration.md say of who is let in is so."""

import re

from airflow_run_groups.domain import MAX_CONF_BYTES, MAX_CONFS_BYTES, MAX_LIMIT
from airflow_run_groups.domain.planning.bounds import LARGEST_LIMIT
from airflow_run_groups.entrypoints.http.body import MAX_BYTES
from airflow_run_groups.entrypoints.http.middleware import SecurityHeaders
from airflow_run_groups.entrypoints.http.security.denials import MAX_PER_PERIOD, PERIOD
from airflow_run_groups.entrypoints.http.security.token_file import TokenFile
from airflow_run_groups.entrypoints.http.security.tokens import find, parse
from airflow_run_groups.entrypoints.http.strict_json import MAX_ITEMS
from airflow_run_groups.entrypoints.settings import OPTIONS
from tests.documents import PYPROJECT, Document, documents

SECURITY = Document("SECURITY.md")
CONFIGURATION = Document("docs/configuration.md")
TEAMS = Document("docs/how-to/several-teams.md")
NOT_OURS = {"simple_auth_manager_all_admins"}


def test_the_latest_version_gets_fixes_and_is_released_where_the_changelog_says_so():
    version = PYPROJECT["project"]["version"]
    latest = re.findall(r"^## (.+)$", Document("CHANGELOG.md").text, re.MULTILINE)[0]
    released = latest.startswith(f"[{version}]")
    assert released or latest == f"[Unreleased]: {version}"
    minor = version.rpartition(".")[0]
    assert SECURITY.table("versions")[0] == [
        f"{minor}, {'the latest release' if released else 'not released yet'}",
        "yes",
    ]


def test_the_limits_are_those_that_are_kept(monkeypatch):
    monkeypatch.setenv("AIRFLOW__AIRFLOW_API_PLUGIN__BACKEND", "memory")
    from airflow_run_groups.entrypoints.gunicorn import configuration as gunicorn  # noqa: PLC0415 - it reads the environment
    from airflow_run_groups.entrypoints.gunicorn.request import MAX_HEAD  # noqa: PLC0415 - beside it

    assert [limit for _, limit in SECURITY.table("limits")] == [
        f"{MAX_BYTES // 1024**2} MiB",
        f"{gunicorn.limit_request_line} bytes",
        f"{MAX_HEAD // 1024} KiB",
        f"{gunicorn.limit_request_fields}",
        f"{gunicorn.limit_request_field_size} bytes",
        f"{MAX_LIMIT}, or `max_limit`, up to {LARGEST_LIMIT:,}",
        f"{MAX_ITEMS}",
        f"{MAX_CONF_BYTES // 1024} KiB",
        f"{MAX_CONFS_BYTES // 1024**2} MiB",
        f"{MAX_PER_PERIOD} a minute",
    ]
    assert PERIOD == 60


def test_the_headers_and_options_that_are_named_exist():
    named = {name.partition(":")[0] for name in SECURITY.code()}
    assert {name for name, _ in SecurityHeaders.HEADERS} <= named
    options = {name for name in named if re.fullmatch(r"[a-z]+(_[a-z]+)+", name)} - NOT_OURS
    assert {"write_rate_limit", "allowed_hosts", "airflow_api_auth"} <= options
    assert options <= set(OPTIONS)


def test_the_file_of_tokens_that_the_configuration_page_shows_is_one(tmp_path):
    path = tmp_path / "tokens"
    path.touch(mode=0o600)
    path.write_text(CONFIGURATION.block("tokens"))
    tokens = TokenFile(str(path)).tokens()
    assert [(token.name, token.read_only) for token in tokens][:3] == [
        ("nightly-checks", False),
        ("release", False),
        ("dashboard", True),
    ]
    assert [(token.name, {right.value for right in token.rights}, token.dags) for token in tokens][3:] == [
        ("nightly-etl", {"create"}, ("etl_*", "report_daily")),
        ("on-call", {"change"}, None),
    ]
    assert find(tokens, b"b7e23ec29af22b0b4e41da31e868d572").name == "dashboard"


def test_what_a_document_writes_behind_a_token_can_be_written_there():
    limits = [(page.name, text) for page in documents() for text in page.code() if "dags=" in text]
    assert {"docs/from-a-dag.md", "docs/configuration.md"} <= {name for name, _ in limits}
    for name, text in limits:
        (token,) = parse(name, f"ci: 0123456789abcdef {text}\n".encode())
        assert token.dags, name


def test_the_tokens_of_teams_are_what_the_page_says():
    tokens = parse("tokens", TEAMS.block("tokens").encode())
    assert {token.name: token.dags for token in tokens} == {
        "team-sales": ("sales_*", "example_daily"),
        "team-finance": ("finance_*", "example_hourly"),
        "dashboard": None,
    }
    assert [token.name for token in tokens if token.read_only] == ["dashboard"]
    assert {token.name: {right.value for right in token.rights} for token in tokens}["team-finance"] == {"create"}
