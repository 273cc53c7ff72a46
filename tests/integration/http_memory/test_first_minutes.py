"""What a new user meets in the first minutes with the commands: a wrong URL, no token, options of other commands, files."""

import json
import shlex
import subprocess
import time

import pytest

from tests.integration.http_memory.server import serving
from tests.integration.http_memory.terminal import COMMAND, Terminal, called, environ_of, piped

TOKEN = "a-token-of-the-service"
NOBODY = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("server") / "log") as server:
        yield f"http://127.0.0.1:{server.port}"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("guarded")
    with serving(folder / "log", AIRFLOW__AIRFLOW_API_PLUGIN__AIRFLOW_API_AUTH=TOKEN) as server:
        yield f"http://127.0.0.1:{server.port}"


def test_wrong_url_is_given_up_soon_and_names_the_option():
    begin = time.monotonic()
    done = called("dags", url=NOBODY)
    assert done.returncode == 4
    assert time.monotonic() - begin < 30
    assert f"{NOBODY}/api/v1/dags does not respond" in done.stderr
    assert "--url URL, or AIRFLOW_GROUPS_URL" in done.stderr


def test_missing_token_names_the_options(guarded):
    done = called("dags", url=guarded)
    assert done.returncode == 3
    assert "--token-file FILE or AIRFLOW_GROUPS_TOKEN" in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["--url", "URL", "dags"],
        ["--url=URL", "dags"],
        ["dags", "--url", "URL"],
        ["--retry-for", "1", "--url", "URL", "dags"],
    ],
)
def test_url_stands_before_the_command_or_behind_it(url, words):
    done = called(*[word.replace("URL", url) for word in words], "-o", "plain", url=NOBODY)
    assert done.returncode == 0
    assert "example_daily" in done.stdout


def test_flag_stands_before_the_command():
    done = called("--local", "dags", "-o", "json")
    assert (done.returncode, done.stderr) != (0, "")
    assert "No such option" not in done.stderr


def test_options_in_front_of_no_command_are_an_error():
    assert called("--url", NOBODY).returncode == 2
    assert called("--url").returncode == 2


def test_option_of_other_commands_names_them():
    done = called("retry", "--dag-id", "a", "--prefix", "b", "--max-active-runs", "5")
    assert done.returncode == 2
    assert "retry has no option --max-active-runs; these commands have it: " in done.stderr
    assert {"create", "change", "plan"} <= set(done.stderr.partition("have it: ")[2].rstrip().rstrip(".").split(", "))
    assert "No such option" in called("retry", "--dag-id", "a", "--prefix", "b", "--nonsense").stderr


def test_error_names_the_option(url):
    done = called("plan", "--dag-id", "example_daily", "--from-date", "soon", url=url)
    assert done.returncode == 3
    assert "--from-date" in done.stderr
    assert "start_date" not in done.stderr


def test_conf_comes_from_a_file(url, tmp_path):
    file = tmp_path / "conf.json"
    file.write_text('{"colour": "red"}')
    words = "--dag-id", "example_unscheduled", "--prefix", "file", "--date", "2025-01-01"
    assert called("plan", *words, "--dag-run-conf", f"@{file}", url=url).returncode == 0
    file.write_text('{"colour": "mauve"}')
    refused = called("plan", *words, "--conf-per-run", f"@{file}", url=url)
    assert refused.returncode == 3
    assert "mauve" in refused.stderr
    missing = called("plan", *words, "--dag-run-conf", f"@{tmp_path}/none.json", url=url)
    assert missing.returncode == 2
    assert f"cannot read {tmp_path}/none.json" in missing.stderr


def test_one_date_is_singular(url):
    words = "--dag-id", "example_daily", "--prefix", "one", "--from-date", "2025-05-01", "--to-date", "2025-05-01"
    assert called("create", *words, url=url).stdout.startswith("Created 1 run of example_daily, ")
    assert called("create", *words, url=url).stdout == "Created 0 runs of example_daily; 1 date had a run already\n"
    assert called("plan", *words, url=url).stdout.endswith("0 runs would be created; 1 date has a run already\n")
    note = called("note", "--dag-id", "example_daily", "--prefix", "one", "--note", "seen", url=url)
    assert note.stdout == "Set the note of 1 run of example_daily, group one\n"
    listed = "list", "--dag-id", "example_daily", "--prefix", "one"
    assert called(*listed, "--notes", "-o", "plain", url=url).stdout.endswith("\tseen\n")
    assert "seen" not in called(*listed, url=url).stdout
    assert "--notes needs --prefix" in called(*listed[:3], "--notes", url=url).stderr


def test_confs_of_a_groups_runs_are_shown_on_demand(url):
    group = "--dag-id", "example_daily", "--prefix", "conf"
    called("create", *group, "--date", "2025-06-01", "--dag-run-conf", '{"colour": "grün"}', url=url)
    assert called("list", *group, "--confs", "-o", "plain", url=url).stdout.endswith('\t{"colour": "grün"}\n')
    (run,) = json.loads(called("list", *group, "--confs", "-o", "json", url=url).stdout)
    assert run["conf"] == {"colour": "grün"}
    assert "grün" not in called("list", *group, url=url).stdout
    assert "--confs needs --prefix" in called("list", "--confs", url=url).stderr


def test_ctrl_c_in_watch_says_how_to_stop_the_runs(url):
    words = "--dag-id", "example_paused", "--prefix", "watched", "--from-date", "2025-05-01", "--to-date", "2025-05-03"
    terminal = Terminal(COMMAND, "create", *words, "--watch", url=url)
    terminal.wait_for("0 / 3")
    terminal.type("\x03")
    assert terminal.end() == 130
    commands = [line for line in terminal.text.splitlines() if line.startswith("airflow-groups ")]
    assert [shlex.split(command)[1] for command in commands] == ["wait", "pause", "cancel"]
    assert "--running" in commands[2]
    for command in commands[1:]:
        subprocess.run(command, shell=True, env=environ_of(url), check=True, capture_output=True, timeout=60)
    shown = json.loads(called("status", *words[:4], "-o", "json", url=url).stdout)
    assert shown["cancelled"] == 3


def completed(url, *words, **environ):
    """Return what a shell would offer for the last of these words."""
    line = shlex.join(["airflow-groups", *words[:-1]]) + f" {words[-1]}"
    environ |= {"_AIRFLOW_GROUPS_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(words))}
    done = piped(url=url, **environ)
    assert done.stderr == ""
    return [one.partition(",")[2] for one in done.stdout.splitlines() if one]


def test_dag_ids_and_prefixes_are_completed(url):
    called("create", "--dag-id", "example_six_hourly", "--prefix", "to_complete", "--date", "2025-01-01", url=url)
    assert completed(url, "status", "--dag-id", "example_") == [
        "example_daily",
        "example_flaky",
        "example_hourly",
        "example_paused",
        "example_six_hourly",
        "example_unscheduled",
    ]
    assert completed(url, "status", "--dag-id", "example_six_hourly", "--prefix", "to") == ["to_complete"]
    assert completed(url, "status", "--prefix", "to") == []


def test_completion_sends_the_token_and_is_silent_without_a_service(guarded):
    assert completed(guarded, "wait", "--dag-id", "example_h", AIRFLOW_GROUPS_TOKEN=TOKEN) == ["example_hourly"]
    assert completed(guarded, "wait", "--dag-id", "example_h") == []
    assert completed(NOBODY, "wait", "--dag-id", "example_h") == []


def test_nothing_found_or_done_is_said_in_words(url):
    group = "--dag-id", "example_daily", "--prefix", "idle"
    called("create", *group, "--date", "2025-07-01", url=url)
    assert (
        called("retry", *group, url=url).stdout == "Queued again 0 runs of example_daily, group idle: none has failed\n"
    )
    assert called("dags", "--search", "no_such_dag", url=url).stdout == "No DAG that you may see\n"
    unknown = "coverage", "--tag", "no_such_tag", "--from-date", "2025-01-01", "--to-date", "2025-01-02"
    done = called(*unknown, "--fail-under", "100", url=url)
    assert done.stdout == "No DAG that you may see has the tag 'no_such_tag' and a schedule\n"
    assert done.returncode == 1
    assert called(*unknown, url=url).returncode == 0
