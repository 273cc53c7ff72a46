"""docs/terminal.md shows what the commands do."""

import re
import shlex
import subprocess
import sys

import click
import pytest

from airflow_run_groups.entrypoints.terminal import exits
from airflow_run_groups.entrypoints.terminal.command_line import main
from tests.documents import ROOT, Document, code, documents
from tests.integration.http_memory.server import serving
from tests.integration.http_memory.terminal import called, environ_of

DEMO = "http://127.0.0.1:8000"
PAGE = Document("docs/terminal.md")
PAGES = [Document("README.md"), PAGE, Document("docs/coverage.md"), Document("docs/rerun.md")]
GUIDES = [Document("docs/start.md"), *(page for page in documents() if page.name.startswith("docs/how-to/"))]
"""Pages that begin with a fresh demo each."""


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


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.name)
def test_guide_works_as_it_is_written(page, tmp_path):
    """Its commands are run in a shell, its requests sent, its script executed, in their order, at a service that nobody has used."""
    with serving(tmp_path / "log") as server:
        url = f"http://127.0.0.1:{server.port}"
        for command, output in page.console():
            if command.startswith(("airflow-groups", "curl")):
                done = run(command.replace(DEMO, url), url)
                shown = [line.rstrip() for line in done.stdout.splitlines()]
                assert (done.returncode, shown if output else []) == (0, output.splitlines()), done.stderr
        for script, output in zip(page.blocks("python"), page.blocks("text"), strict=False):
            assert run(shlex.join([sys.executable, "-c", script.replace(DEMO, url)]), url).stdout == output


def run(command, url):
    return subprocess.run(command, shell=True, env=environ_of(url), capture_output=True, text=True, check=False)


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
