"""docs/terminal.md shows what the commands do."""

import configparser
import datetime as dt
import json
import re
import shlex
import subprocess
import sys
import time

import click
import pytest

from airflow_run_groups.entrypoints.terminal import exits
from airflow_run_groups.entrypoints.terminal.command_line.main import main
from tests.documents import ROOT, Document, code, documents
from tests.integration.http_memory.server import serving
from tests.integration.http_memory.shell import CURL, environ_with_curl
from tests.integration.http_memory.terminal import called, environ_of

DEMO = "http://127.0.0.1:8000"
PAGE = Document("docs/terminal.md")
PAGES = [PAGE, Document("docs/coverage.md"), Document("docs/rerun.md")]
HOW_TOS = [page for page in documents() if page.name.startswith("docs/how-to/")]
TEAMS = Document("docs/how-to/several-teams.md")
NIGHT = Document("docs/how-to/at-night.md")
GUIDES = [Document("README.md"), Document("docs/start.md"), *(page for page in HOW_TOS if page.name != TEAMS.name)]
"""Pages that a newcomer may follow one after the other on the same demo: each has dates of its own."""
READS = re.compile(r"airflow-groups (list|coverage|release .*--dry-run)")
EXAMPLE_DAY = "2026-11-22"
"""When the examples ran, as the pages have it."""
PATIENCE = 20.0
"""Seconds until the demo has executed the few runs that an example shows."""


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("server") / "log") as server:
        yield f"http://127.0.0.1:{server.port}"


def test_console_output_is_that_of_the_commands(url):
    shown = [(shlex.split(command), output) for page in PAGES for command, output in page.console()]
    commands = [(words[1:], output) for words, output in shown if words[0] == "airflow-groups"]
    assert len(commands) > 5
    for words, output in commands:
        written = called(*words, url=url).stdout
        assert [line.rstrip() for line in written.splitlines()] == output.splitlines(), words


class Newcomer:
    """A reader with a shell, who types what a page shows."""

    def __init__(self, url, folder, *, curl=CURL):
        self.url = url
        self._folder = folder
        self._environ = environ_with_curl(url, folder, found=curl)

    def types(self, command):
        """Run a command: one without a pipe in this process, which takes a tenth of the time."""
        program, *words = shlex.split(command)
        if program == "airflow-groups" and not re.search(r"[|>$&]", command):
            return called(*words, url=self.url)
        return subprocess.run(
            command.replace(DEMO, self.url),
            shell=True,
            cwd=self._folder,
            env=self._environ,
            capture_output=True,
            text=True,
            check=False,
        )

    def follows(self, page):
        """Type all commands of a page; each writes what the page shows, one that only reads sooner or later."""
        commands = [
            (command, output) for command, output in page.console() if "airflow-groups" in command or "curl" in command
        ]
        for command, output in commands:
            deadline = time.monotonic() + PATIENCE
            done = self.types(command)
            while READS.match(command) and shown(done.stdout) != shown(output) and time.monotonic() < deadline:
                time.sleep(0.2)
                done = self.types(command)
            assert (done.returncode, shown(done.stdout)) == (0, shown(output)), (command, done.stderr)
        return len(commands)


def shown(output):
    """Return the lines of an output: of a response its keys and values, and the same text for each moment at which a command ran."""
    if output.startswith("{"):
        output = json.dumps(json.loads(output), indent=1)
    today = dt.datetime.now(dt.timezone.utc)
    days = {EXAMPLE_DAY, *(f"{today - dt.timedelta(days=ago):%Y-%m-%d}" for ago in (0, 1))}
    moments = re.compile(r"\b([0-9]{4}-[0-9]{2}-[0-9]{2})T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
    text = moments.sub(lambda moment: "the present         " if moment[1] in days else moment[0], output)
    text = re.sub(r", in [0-9]+ s at the earliest", "", text)  # which a plan says as soon as a run of the DAG has ended
    return [line.rstrip() for line in text.splitlines()]


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("newcomer")
    with serving(folder / "log") as server:
        yield Newcomer(f"http://127.0.0.1:{server.port}", folder)


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.name)
def test_guide_works_as_it_is_written(page, newcomer):
    """Its commands are run in a shell and its requests sent, in their order, after those of the pages before it."""
    assert newcomer.follows(page)


def test_script_of_the_guide_prints_its_output_and_can_be_run_again(newcomer):
    page = Document("docs/how-to/from-a-script.md")
    (script,), (output,) = page.blocks("python"), page.blocks("text")
    command = shlex.join([sys.executable, "-c", script])
    assert newcomer.types(command).stdout == output
    created, existing = output.split()[0], output.split()[3]
    assert newcomer.types(command).stdout.split()[::3][:2] == [existing, created], page.name


def test_crontab_of_the_guide_keeps_its_pace_each_night(newcomer):
    newcomer.types(NIGHT.console()[1][0])
    lines = NIGHT.block("crontab").splitlines()
    assert [line.partition("=")[0] for line in lines if "=" in line.split()[0]] == [
        "AIRFLOW_GROUPS_URL",
        "AIRFLOW_GROUPS_TOKEN_FILE",
        "PATH",
    ]
    evening, morning = (line.split(maxsplit=5)[5] for line in lines if line[0].isdigit())
    group = f"curl -s {DEMO}/api/v1/groups/example_daily/nights"
    for command, paused in ((morning, True), (evening, False), (morning, True)):
        done = newcomer.types(command)
        assert done.returncode == 0, done.stderr
        control = json.loads(newcomer.types(group).stdout)["response"]["group"]["control"]
        assert (control is not None and control["paused"]) is paused
    assert json.loads(newcomer.types(group).stdout)["response"]["group"]["states"]["queued"] >= 355


def test_teams_get_what_the_guide_says(tmp_path):
    tokens = tmp_path / "tokens"
    tokens.touch(mode=0o600)
    tokens.write_text(TEAMS.block("tokens"))
    section = configparser.ConfigParser()
    section.read_string(TEAMS.block("section"))
    options = {**section["airflow_api_plugin"], "airflow_api_auth_file": str(tokens)}
    assert set(options) - {"airflow_api_auth_file"} == {code(cell)[0] for cell, _ in TEAMS.tables("option", "limit")[0]}
    environ = {f"AIRFLOW__AIRFLOW_API_PLUGIN__{name.upper()}": value for name, value in options.items()}
    with serving(tmp_path / "log", **environ) as server:
        assert Newcomer(f"http://127.0.0.1:{server.port}", tmp_path).follows(TEAMS) > 3


def test_reader_without_curl_gets_the_same(newcomer, tmp_path):
    without = Newcomer(newcomer.url, tmp_path, curl=None)
    body = '{"dag_id": "example_unscheduled", "prefix": "curl"}'
    created = json.loads(without.types(f"curl -d '{body}' {DEMO}/api/v1/dag_runs").stdout)["response"]
    assert len(created["dag_run_ids"]) == 1
    ended = newcomer.types("airflow-groups wait --dag-id example_unscheduled --prefix curl")
    assert ended.returncode == 0, ended.stderr  # from now on, two looks at the group see the same
    group = f"{DEMO}/api/v1/groups/example_unscheduled/curl"
    assert without.types(f"curl -s {group}/runs").stdout == newcomer.types(f"curl -s {group}/runs").stdout
    change = f"curl -X PATCH -H 'X-Request-Id: a' -d '{{\"labels\": [\"a\"]}}' {group}"
    assert json.loads(without.types(change).stdout)["response"]["group"]["labels"] == ["a"]


def test_script_prints_its_output(url):
    (script,), (output,) = PAGE.blocks("python"), PAGE.blocks("text")
    script = script.replace(DEMO, url)
    done = subprocess.run(
        [sys.executable, "-c", script], env=environ_of(url), capture_output=True, text=True, check=True
    )
    assert done.stdout == output


def test_every_command_is_listed():
    assert {name for names, _ in PAGE.table("commands") for name in code(names)} == set(main.commands)


def test_every_exit_status_is_listed():
    statuses = {value for name, value in vars(exits).items() if name.isupper()} | {click.UsageError.exit_code}
    assert {int(status) for status, _ in PAGE.table("exit statuses")} == statuses


def test_options_exist():
    known = {option for command in main.commands.values() for param in command.params for option in param.opts}
    named = {word for piece in PAGE.code() for word in piece.split() if word.startswith("--")}
    assert len(named) > 15
    assert named <= known | {"--help"}


def test_picture_in_the_readme_is_of_the_command_that_it_shows():
    picture = "docs/create-watch.svg"
    assert picture in Document("README.md").links()
    shown = (ROOT / picture).read_text(encoding="utf-8").replace("&#160;", " ")
    (command,) = re.findall(r"\$ airflow-groups ([\w :./-]+)", shown)
    assert main.commands["create"].make_context("create", shlex.split(command)[1:]).params["watch"]
    assert "http" not in re.sub(r"xmlns=\"[^\"]+\"", "", shown).replace("https://www.textualize.io", "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shell_completion(shell):
    source = f"_AIRFLOW_GROUPS_COMPLETE={shell}_source airflow-groups"
    assert any(source in command for command, _ in PAGE.console())
    environ = environ_of("http://127.0.0.1:9")
    done = subprocess.run(source, shell=True, env=environ, capture_output=True, text=True, check=True)
    assert "airflow-groups" in done.stdout
    assert f"{shell}_complete" in done.stdout
