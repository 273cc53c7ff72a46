"""What SECURITY.md and the README say of who is let in is so."""

import re
from pathlib import Path

from airflow_run_groups.domain import MAX_CONF_BYTES, MAX_LIMIT
from airflow_run_groups.entrypoints.http.body import MAX_BYTES
from airflow_run_groups.entrypoints.http.middleware import SecurityHeaders
from airflow_run_groups.entrypoints.http.security.denials import MOST, SECONDS
from airflow_run_groups.entrypoints.http.security.tokens import TokenFile, find
from airflow_run_groups.entrypoints.settings import OPTIONS

ROOT = Path(__file__).parents[2]
SECURITY = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
PLUGIN = (ROOT / "docs" / "plugin.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
NOT_OURS = {"simple_auth_manager_all_admins"}


def test_the_latest_release_is_the_one_that_gets_fixes():
    (version,) = re.findall(r'^version = "([0-9]+\.[0-9]+)', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert f"| {version}, the latest release | yes |" in SECURITY


def test_the_limits_are_those_that_are_kept(monkeypatch):
    monkeypatch.setenv("AIRFLOW__AIRFLOW_API_PLUGIN__BACKEND", "memory")
    from airflow_run_groups.entrypoints.gunicorn import configuration as gunicorn  # noqa: PLC0415 - it reads the environment

    line = (
        f"Bodies of {MAX_BYTES // 1024**2} MiB, request lines of {gunicorn.limit_request_line} bytes, "
        f"{gunicorn.limit_request_fields} headers of {gunicorn.limit_request_field_size} bytes, {MAX_LIMIT} runs, "
        f"{MAX_CONF_BYTES // 1024} KiB of conf; "
    )
    assert line in SECURITY
    assert SECONDS == 60
    assert f"At most {MOST} a minute for each caller and process" in SECURITY
    assert f"at most {MOST} of them a minute for one caller" in PLUGIN


def test_the_headers_and_options_that_are_named_exist():
    for name, _ in SecurityHeaders.HEADERS:
        assert name in SECURITY
    options = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", SECURITY)) - NOT_OURS
    assert {"write_rate_limit", "allowed_hosts", "airflow_api_auth"} <= options
    assert options <= set(OPTIONS)


def test_links_lead_to_files_and_headings():
    for link in re.findall(r"\]\(([^)]+)\)", SECURITY):
        file, _, heading = link.partition("#")
        if link.startswith("https://") or link == "../../security/advisories/new":
            continue
        text = (ROOT / file).read_text(encoding="utf-8") if file else SECURITY
        headings = [
            re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-")
            for one in re.findall(r"^#+ (.+)", text, re.MULTILINE)
        ]
        assert not heading or heading in headings, link


def test_the_file_of_tokens_that_the_readme_shows_is_one(tmp_path):
    (text,) = re.findall(r"```text\n(# who.+?)```", README, re.DOTALL)
    path = tmp_path / "tokens"
    path.touch(mode=0o600)
    path.write_text(text)
    tokens = TokenFile(str(path)).tokens()
    assert [(token.name, token.read_only) for token in tokens] == [
        ("nightly-checks", False),
        ("release", False),
        ("dashboard", True),
    ]
    assert find(tokens, b"b7e23ec29af22b0b4e41da31e868d572").name == "dashboard"
