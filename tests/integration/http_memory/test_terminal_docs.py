"""What docs/terminal.md shows is what the commands do."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from airflow_run_groups.entrypoints.terminal import exits
from airflow_run_groups.entrypoints.terminal.command_line import main
from tests.integration.http_memory.server import serving
from tests.integration.http_memory.terminal import called, environ_of

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "terminal.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("server") / "log") as server:
        yield f"http://127.0.0.1:{server.port}"


def test_every_command_writes_what_the_page_says_when_given_one_by_one_to_the_demo(url):
    shown = re.findall(r"^\$ airflow-groups (.+)\n((?:(?!\$ |```).*\n)+)", PAGE, re.MULTILINE)
    assert len(shown) > 5
    for command, output in shown:
        written = called(*shlex.split(command), url=url).stdout
        assert [line.rstrip() for line in written.splitlines()] == output.splitlines(), command


def test_the_script_prints_what_the_page_says(url):
    script, printed = re.search(r"```python\n(.+?)```.+?```text\n(.+?)```", PAGE, re.DOTALL).groups()
    script = script.replace("http://127.0.0.1:8000", url)
    done = subprocess.run(
        [sys.executable, "-c", script], env=environ_of(url), capture_output=True, text=True, check=True
    )
    assert done.stdout == printed


def test_the_page_names_every_command_and_every_exit_status():
    table = PAGE.partition("| command |")[2].partition("\n\n")[0]
    assert set(re.findall(r"`(\w+)`", "".join(row.split("|")[1] for row in table.splitlines()[2:]))) == set(
        main.commands
    )
    statuses = {value for name, value in vars(exits).items() if name.isupper()}
    assert set(map(int, re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE))) == statuses


def test_the_options_that_it_names_are_there():
    known = {option for command in main.commands.values() for param in command.params for option in param.opts}
    assert set(re.findall(r"(?<![\w-])(--[a-z][a-z-]*)", PAGE)) - known == {"--help"}


def test_the_picture_in_the_readme_is_of_the_command_that_it_shows():
    picture = "docs/create-watch.svg"
    assert f"({picture})" in (ROOT / "README.md").read_text(encoding="utf-8")
    shown = (ROOT / picture).read_text(encoding="utf-8").replace("&#160;", " ")
    (command,) = re.findall(r"\$ airflow-groups ([\w :.-]+)", shown)
    assert main.commands["create"].make_context("create", shlex.split(command)[1:]).params["watch"]
    assert "http" not in re.sub(r"xmlns=\"[^\"]+\"", "", shown).replace("https://www.textualize.io", "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_line_for_the_shell_is_the_one_that_completes(shell):
    variable = f"_AIRFLOW_GROUPS_COMPLETE={shell}_source airflow-groups"
    assert variable in PAGE
    environ = environ_of("http://127.0.0.1:9")
    done = subprocess.run(variable, shell=True, env=environ, capture_output=True, text=True, check=True)
    assert "airflow-groups" in done.stdout
    assert f"{shell}_complete" in done.stdout
