"""The commands, at a terminal and in pipes, against a service under a real gunicorn."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest
import yaml

from tests.integration.http_memory.server import serving
from tests.integration.http_memory.terminal import COMMAND, Terminal, called, environ_of, piped

GREEN, CYAN = "\x1b[32m", "\x1b[36m"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("server") / "log") as server:
        yield server


@pytest.fixture(scope="module")
def url(server):
    return f"http://127.0.0.1:{server.port}"


@pytest.fixture
def run(url):
    """Run a command that has to succeed, and return what it has written to its standard output."""

    def run(*words):
        done = called(*words, url=url)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def dates(prefix, first, last, dag_id="example_daily"):
    return "--dag-id", dag_id, "--prefix", prefix, "--from-date", first, "--to-date", last


def group(prefix, dag_id="example_daily"):
    return "--dag-id", dag_id, "--prefix", prefix


def logical_dates(run, prefix):
    """Return the dates of the runs that a group has, in the order of their creation."""
    return [one["logical_date"][:10] for one in json.loads(run("list", *group(prefix), "-o", "json"))]


def test_watch_draws_bars_and_colours_at_a_terminal(url):
    terminal = Terminal(COMMAND, "create", *dates("watched", "2020-01-01", "2020-01-03"), "--watch", url=url)
    assert terminal.end() == 0
    for state in ("queued", "running", "success", "failed"):
        assert state in terminal.text
    assert "━" in terminal.output
    assert GREEN in terminal.output
    assert CYAN in terminal.output
    assert "3 / 3" in terminal.text
    assert "runs/min" in terminal.text
    assert "Created 3 runs of example_daily" in terminal.text


def test_no_color(url):
    terminal = Terminal(COMMAND, "dags", url=url, NO_COLOR="1")
    assert terminal.end() == 0
    assert "\x1b[3" not in terminal.output


def test_pipes_get_the_result_alone_without_escape_codes(url):
    done = piped("create", *dates("piped", "2020-02-01", "2020-02-03"), "--watch", "-o", "json", url=url)
    assert done.returncode == 0
    result = json.loads(done.stdout)
    assert result["dag_run_ids"] == [f"piped_000000{day}_2020-02-0{day}T00:00:00" for day in (1, 2, 3)]
    assert result["group"]["states"]["success"] == 3
    assert "example_daily piped: 0 queued, 0 running, 3 success, 0 failed" in done.stderr
    assert "\x1b" not in done.stdout + done.stderr


def test_steps_of_create_are_reported(url):
    done = called("create", *dates("steps", "2021-01-01", "2022-12-31", "example_six_hourly"), "-o", "plain", url=url)
    assert len(done.stdout.splitlines()) == 2917
    assert [line for line in done.stderr.splitlines() if "created" in line][:2] == [
        "500 runs created, 0 dates had one already",
        "1,000 runs created, 0 dates had one already",
    ]


def test_ctrl_c_hints_at_the_command_that_creates_the_rest(url, run):
    options = dates("broken_off", "2023-01-01", "2025-11-01")
    terminal = Terminal(COMMAND, "create", *options, "--step", "1", "--note", "it's mine", url=url)
    terminal.wait_for("creating")
    terminal.type("\x03")
    assert terminal.end() == 130
    assert "Finishing the step that is under way" in terminal.text
    before = logical_dates(run, "broken_off")
    assert len(before) < 1036
    (following,) = [line for line in terminal.text.splitlines() if line.startswith("airflow-groups create")]
    subprocess.run(following, shell=True, env=environ_of(url), check=True, capture_output=True, timeout=60)
    after = logical_dates(run, "broken_off")
    assert after[: len(before)] == before
    assert len(after) == len(set(after)) == 1036
    assert after == sorted(after)


def test_second_ctrl_c_ends_at_once():
    options = (*dates("gone", "2020-03-01", "2020-03-02"), "--limit", "501")  # so many are not planned first
    terminal = Terminal(COMMAND, "create", *options, url=nowhere())
    terminal.wait_for("again in")
    terminal.type("\x03")
    terminal.wait_for("once more")
    terminal.type("\x03")
    assert terminal.end() == 130
    assert "may have been created" in terminal.text


def test_ctrl_c_of_wait_hints_at_wait(url, run):
    run("create", *dates("left", "2020-04-01", "2020-04-02", "example_paused"))
    terminal = Terminal(COMMAND, "wait", *group("left", "example_paused"), "--retry-for", "5", url=url)
    terminal.wait_for("queued")
    terminal.type("\x03")
    assert terminal.end() == 130
    assert "airflow-groups wait --dag-id example_paused --prefix left --retry-for 5.0" in terminal.text


def watched(prefix, month):
    """Return what creates two runs that never end, and watches them."""
    return "create", *dates(prefix, f"2021-{month}-01", f"2021-{month}-02", "example_paused"), "--watch"


def test_ctrl_c_of_watch_reports_runs_and_hints_at_wait(url):
    terminal = Terminal(COMMAND, *watched("cut", "01"), url=url)
    terminal.wait_for("runs/min")
    terminal.type("\x03")
    assert terminal.end() == 130
    assert "Created 2 runs of example_paused" in terminal.text
    assert "airflow-groups wait --dag-id example_paused --prefix cut" in terminal.text


def test_ctrl_c_of_watch_writes_the_result_as_json(url, tmp_path):
    stderr_file = tmp_path / "stderr"
    words = (COMMAND, *watched("cut_json", "02"), "-o", "json")
    with (
        stderr_file.open("w") as stderr,
        subprocess.Popen(words, env=environ_of(url), stdout=subprocess.PIPE, stderr=stderr, text=True) as process,
    ):
        until(lambda: "2 queued" in stderr_file.read_text())
        process.send_signal(signal.SIGINT)
        stdout, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert len(json.loads(stdout)["dag_run_ids"]) == 2


def test_ctrl_c_in_the_last_step_before_watch_hints_at_wait(url):
    with held_back(url) as (slow, held):
        terminal = Terminal(COMMAND, *watched("last", "03"), url=slow)
        until(lambda: len(held.requests) == 2)  # the plan, and the creation
        terminal.type("\x03")
        terminal.wait_for("once more")
        held.release.set()
        assert terminal.end() == 130
    assert "Created 2 runs of example_paused" in terminal.text
    assert "airflow-groups wait --dag-id example_paused --prefix last" in terminal.text


def test_watch_of_a_stopped_service_reports_runs_and_hints_at_wait(tmp_path):
    with serving(tmp_path / "log") as server:
        url = f"http://127.0.0.1:{server.port}"
        terminal = Terminal(COMMAND, *watched("p", "04"), "--retry-for", "1", url=url)
        terminal.wait_for("runs/min")
    assert terminal.end() == 4
    assert "Created 2 runs of example_paused" in terminal.text
    assert "airflow-groups wait --dag-id example_paused --prefix p --retry-for 1.0" in terminal.text
    assert "unreachable: " in terminal.text


def test_exit_status_of_wait(url, run):
    paused = group("ends", "example_paused")
    run("create", *paused, "--from-date", "2020-05-01", "--to-date", "2020-05-02")
    waited = called("wait", *paused, "--timeout", "0.1", url=url)
    assert waited.returncode == 124
    assert waited.stderr.count("is paused: its runs wait") == 1
    run("cancel", *paused)
    assert called("wait", *paused, url=url).returncode == 1


@pytest.mark.parametrize(
    "words",
    [
        ("create",),
        ("create", "--dag-id", "a", "--dag-run-conf", "{"),
        ("create", "--dag-id", "a", "--dag-run-conf", "[]"),
        ("create", "--dag-id", "a", "--conf-per-run", "1"),
        ("create", "--dag-id", "a", "--limit", "0"),
        ("dags", "--retry-for", "nan"),
        ("dags", "--retry-for", "1e400"),
        ("wait", "--dag-id", "a", "--prefix", "p", "--timeout", "nan"),
        ("wait", "--dag-id", "a", "--prefix", "p", "--timeout", "inf"),
        ("wait", "--dag-id", "a", "--prefix", "p", "--timeout", "-1"),
        ("list", "--dag-id", "a", "--state", "queued"),
        ("create", "--dag-id", "a", "--dag-run-conf", '{"a": NaN}'),
        ("create", "--dag-id", "a", "--dag-run-conf", '{"a": 1e400}'),
        ("create", "--dag-id", "a", "--dag-run-conf", r'{"a": "\ud800"}'),
        ("create", "--dag-id", "a", "--dag-run-conf", '{"a":' + "[" * 100_000 + "]" * 100_000 + "}"),
        ("create", "--dag-id", "a", "--note", "\udcff"),
        ("create", "--dag-id", "a", "--date", "2020-01-01", "--date", "2020-01-01", "--step", "1"),
        (
            "plan",
            "--dag-id",
            "a",
            "--date",
            "2020-01-01",
            "--date",
            "2020-01-02",
            "--conf-per-run",
            "[{}]",
            "--step",
            "1",
        ),
        ("status", "--dag-id", "\udcff", "--prefix", "p"),
        ("list", "--dag-id", "a", "--prefix", "\udcff"),
        ("dags", "--url", "nowhere"),
        ("dags", "--url", "http://127.0.0.1:abc"),
        ("dags", "--url", "http://xn--zz--.com"),
        ("dags", "--url", "http://127.0.0.1/?x=1"),
        ("dags", "--url", "http://me:s3cret@127.0.0.1"),
        ("dags", "--token-file", "/nowhere"),
        ("dags", "-o", "xml"),
        ("nothing",),
    ],
)
def test_wrong_command_line_exits_2(words):
    done = called(*words)
    assert done.returncode == 2
    assert "Error: " in done.stderr
    assert "s3cret" not in done.stderr
    assert done.stdout == ""


def test_refusal_exits_3(url):
    for words in (("create", "--dag-id", "nowhere"), ("plan", "--dag-id", "nowhere"), ("status", *group("nothing"))):
        done = called(*words, url=url)
        assert done.returncode == 3
        assert done.stderr.startswith("refused: ")
        assert "not found" in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_a_step_beyond_what_the_service_allows_is_refused(url):
    for command in ("create", "plan"):
        done = called(command, *dates("huge_step", "2021-01-01", "2021-01-02"), "--step", "2000", "-o", "json", url=url)
        assert done.returncode == 3
        assert done.stderr.startswith("refused: --step must be 1 to 500, not 2000 ")


def test_unreachable_service_exits_4():
    done = called("dags", "--retry-for", "0", url=nowhere())
    assert done.returncode == 4
    assert done.stderr.startswith("unreachable: ")
    again = called("dags", "--retry-for", "1", url=nowhere())
    assert again.returncode == 4
    assert "again in" in again.stderr


def test_wait_for_a_stopped_service_exits_4(tmp_path):
    with serving(tmp_path / "log") as server:
        url = f"http://127.0.0.1:{server.port}"
        paused = group("waiting", "example_paused")
        called("create", *paused, "--from-date", "2020-05-01", "--to-date", "2020-05-02", url=url)
        terminal = Terminal(COMMAND, "wait", *paused, "--retry-for", "1", url=url)
        terminal.wait_for("runs/min")
    assert terminal.end() == 4
    assert "again in" in terminal.text
    assert "unreachable: " in terminal.text


@contextmanager
def foreign_server(body, kind="application/json", status=200):
    """Answer all requests so, and give the URL at which that is done."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self):
            self.do_GET()

        def log_message(self, *arguments):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as other:
        threading.Thread(target=other.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{other.server_port}"
        other.shutdown()


def test_foreign_page_exits_4():
    with foreign_server(b"<html>Please log in</html>", "text/html") as url:
        done = called("dags", url=url)
    assert done.returncode == 4
    assert "Please log in" in done.stderr


@pytest.mark.parametrize("body", [b'{"response": {}}', b'{"response": {"dags": null, "groups": {}, "group": {}}}'])
def test_foreign_json_exits_4(body):
    with foreign_server(body) as url:
        for words in (("dags",), ("status", *group("p")), ("list", *group("p")), ("create", *group("p"))):
            done = called(*words, url=url)
            assert done.returncode == 4
            assert "is not this service" in done.stderr
            assert done.stdout == ""


def test_token_from_environment_file_or_prompt(tmp_path):
    file = tmp_path / "token"
    file.write_text("s3cret-token\n")
    with serving(tmp_path / "log", AIRFLOW__AIRFLOW_API_PLUGIN__AIRFLOW_API_AUTH="s3cret-token") as server:
        url = f"http://127.0.0.1:{server.port}"
        assert piped("dags", url=url).returncode == 3
        assert piped("dags", url=url, AIRFLOW_GROUPS_TOKEN="s3cret-token").returncode == 0
        assert piped("dags", url=url, AIRFLOW_GROUPS_TOKEN_FILE=str(file), AIRFLOW_GROUPS_TOKEN="old").returncode == 0
        assert piped("dags", "--token-file", str(file), url=url).returncode == 0
        terminal = Terminal(COMMAND, "dags", "--ask-token", url=url)
        terminal.wait_for("Token: ")
        terminal.type("s3cret-token\n")
        assert terminal.end() == 0
        assert "s3cret" not in terminal.output
    broken = piped("dags", url=url, AIRFLOW_GROUPS_TOKEN="s3cret token\n")
    assert broken.returncode == 2
    assert "s3cret" not in broken.stderr


def test_formats_have_the_same_content(run):
    paused = group("formats", "example_paused")
    run("create", *paused, "--from-date", "2020-06-01", "--to-date", "2020-06-02")
    for words in (("status", *paused), ("list", *paused), ("dags",), ("list", "--dag-id", "example_paused")):
        as_json, as_yaml = json.loads(run(*words, "-o", "json")), yaml.safe_load(run(*words, "-o", "yaml"))
        if words[0] == "status":
            del as_json["oldest_queued_seconds"], as_yaml["oldest_queued_seconds"]
        assert as_json == as_yaml
        plain = run(*words, "-o", "plain").splitlines()
        assert all("\t" in line for line in plain)
        table = run(*words).splitlines()
        if words[0] == "status":  # facts that are not there have no line
            assert len(table) == sum(not line.endswith("\t") for line in plain) < len(plain)
        else:
            assert len(plain) == len(table) - 1 == len(as_json)
        assert all("\t" not in line for line in table)


def test_plan_has_the_runs_of_create(run):
    options = dates("planned", "2020-07-01", "2020-07-05")
    plan = json.loads(run("plan", *options, "--step", "2", "-o", "json"))
    assert [date["action"] for date in plan["plan"]] == ["create"] * 5
    assert json.loads(run("create", *options, "--step", "2", "--dry-run", "-o", "json")) == plan
    assert run("create", *options, "-o", "plain").splitlines() == plan["dag_run_ids"]
    assert "0 runs would be created" in run("plan", *options)


def rows(table):
    """Return the cells of each row of a table, without its heading."""
    return [line.split() for line in table.partition("\n\n")[0].splitlines()[1:]]


def test_plan_shows_stretches_of_many_dates(url, run):
    run("create", *dates("there", "2023-02-01", "2023-02-28T18:00", "example_six_hourly"))
    options = dates("many", "2023-01-01", "2024-12-31T18:00", "example_six_hourly")
    done = called("plan", *options, url=url)
    assert rows(done.stdout) == [
        ["create", "2023-01-01T00:00:00Z", "2023-01-31T18:00:00Z", "124"],
        ["exists", "2023-02-01T00:00:00Z", "2023-02-28T18:00:00Z", "112"],
        ["create", "2023-03-01T00:00:00Z", "2024-12-31T18:00:00Z", "2,688"],
    ]
    assert (
        "\n2,812 runs would be created, many_0000001_2023-01-01T00:00:00 to many_0002812_2024-12-31T18:00:00"
        in done.stdout
    )
    assert "--all-dates" in done.stderr
    assert done.stderr.count("may start at the same time") == 1
    assert "2812 runs of the group may start at the same time" in done.stderr
    assert rows(run("create", *options, "--dry-run")) == rows(done.stdout)


def test_all_dates_of_a_plan_are_shown_on_demand(run):
    options = dates("many", "2022-01-01", "2022-01-26")
    assert len(rows(run("plan", *options))) == 1
    assert len(rows(run("plan", *options, "--all-dates"))) == 26
    assert len(run("plan", *options, "-o", "plain").splitlines()) == 26
    assert len(json.loads(run("plan", *options, "-o", "json"))["plan"]) == 26
    few = dates("many", "2022-01-01", "2022-01-25")
    assert len(rows(run("plan", *few))) == 25


def test_plan_of_a_limit_shows_what_is_left_out(run):
    options = dates("few", "2021-01-01", "2021-12-31")
    assert rows(run("plan", *options, "--limit", "2")) == [
        ["create", "2021-01-01T00:00:00Z", "2021-01-02T00:00:00Z", "2"],
        ["left_out", "2021-01-03T00:00:00Z", "2021-12-31T00:00:00Z", "363"],
    ]
    for kind in ("json", "plain"):
        assert run("plan", *options, "--limit", "2", "-o", kind).count("left_out") == 363
    hourly = dates("few", "2021-01-01", "2021-12-31", "example_hourly")
    (create, left_out) = rows(run("plan", *hourly, "--limit", "501"))
    assert (create[0], create[-1], left_out[0]) == ("create", "501", "left_out")
    tomorrow = ("--not-before", "2020-01-01", "--to-date", "2099-01-01")
    assert rows(run("plan", *group("few"), "--from-date", "2021-01-01", *tomorrow))[-1][0] == "not_yet"


ABOUT_THE_QUEUE = "may start at the same time"


def test_warnings_about_the_whole_group_come_once_and_first(url):
    done = called("create", *dates("warned", "2023-01-01", "2024-12-31", "example_paused"), url=url)
    lines = done.stderr.splitlines()
    assert done.stderr.count(ABOUT_THE_QUEUE) == done.stderr.count("is paused") == 1
    assert "warning: 731 runs" in done.stderr
    assert max(place for place, line in enumerate(lines) if line.startswith("warning: ")) < next(
        place for place, line in enumerate(lines) if line.startswith("500 runs created")
    )
    options = dates("warned_json", "2025-01-01", "2026-06-30", "example_paused")
    for words in (("plan", *options), ("create", *options)):
        (about,) = [
            one
            for one in json.loads(called(*words, "-o", "json", url=url).stdout)["warnings"]
            if ABOUT_THE_QUEUE in one
        ]
        assert about.startswith("546 runs")


def test_warnings_come_before_the_watch(url):
    terminal = Terminal(COMMAND, *watched("early", "05"), url=url)
    terminal.wait_for("runs/min")
    assert terminal.text.count("is paused") == 1
    assert terminal.text.index("is paused") < terminal.text.index("runs/min")
    terminal.type("\x03")
    assert terminal.end() == 130


UNKNOWN = json.dumps({"response": {"error": "they may exist or not", "reason": "outcome_unknown"}}).encode()


@pytest.mark.parametrize(
    ("status", "body"), [(504, UNKNOWN), (502, b"<html>Bad Gateway</html>"), (200, b'{"response": {"dag_ru')]
)
def test_one_run_now_of_unknown_outcome_is_not_created_twice(url, run, status, body):
    prefix = f"once_{status}"
    with losing(url, status, body) as lossy:
        done = called("create", *group(prefix), url=lossy)
    assert done.returncode == 4
    assert "Whether the run was created is not known" in done.stderr
    assert f"airflow-groups list --dag-id example_daily --prefix {prefix}" in done.stderr
    assert len(logical_dates(run, prefix)) == 1


def test_dates_of_unknown_outcome_are_created_once(url, run):
    with losing(url, 504, UNKNOWN) as lossy:
        done = called("create", *dates("safe", "2022-03-01", "2022-03-03"), url=lossy)
    assert done.returncode == 0
    assert "3 dates had a run already" in done.stdout
    assert len(logical_dates(run, "safe")) == 3


def test_action_of_unknown_outcome_says_so(url, run):
    paused = group("doubt", "example_paused")
    run("create", *paused, "--from-date", "2020-12-01", "--to-date", "2020-12-03")
    run("cancel", *paused)
    with losing(url, 504, UNKNOWN) as lossy:
        done = called("retry", *paused, "--which", "all", url=lossy)
    assert done.returncode == 4
    assert "Whether the step that was under way was done is not known" in done.stderr
    assert "airflow-groups status --dag-id example_paused --prefix doubt" in done.stderr
    refused = called("retry", *group("nothing"), "--which", "all", url=url)
    assert refused.returncode == 3
    assert "not known" not in refused.stderr


def test_control_characters_of_a_service_are_escaped():
    dag = {"dag_id": "a\x1b[2J\x9bb", "is_active": "True", "full_path": "f", "last_execution": "None"}
    with foreign_server(json.dumps({"response": {"dags": [dag]}}).encode()) as url:
        assert r"a\x1b[2J\x9bb" in called("dags", url=url).stdout
    with foreign_server(json.dumps({"response": {"error": "no\x1b[2J!"}}).encode(), status=400) as url:
        assert called("dags", url=url).stderr == "refused: no\\x1b[2J!\n"


def test_options_of_create(run):
    words = (
        "--run-backwards",
        "--dag-run-conf",
        '{"a": 1}',
        "--conf-per-run",
        '{"b": "{number}"}',
        "--note",
        "n",
        "--limit",
        "3",
    )
    pace = ("--not-before", "2099-01-01", "--pace", "1/P1D")
    result = json.loads(
        run("create", *dates("all", "2020-08-01", "2020-08-05"), *words, *pace, "--step", "2", "-o", "json")
    )
    assert [run_id[-19:-9] for run_id in result["dag_run_ids"]] == ["2020-08-05", "2020-08-04", "2020-08-03"]
    assert result["next_start_date"] == "2020-08-02T00:00:00Z"
    assert result["next_not_before"] == "2099-01-04T00:00:00Z"
    listed = run("create", *group("listed"), "--date", "2020-09-01", "--date", "2020-09-03", "-o", "plain")
    assert [line[-19:-9] for line in listed.splitlines()] == ["2020-09-01", "2020-09-03"]
    spaced = run(
        "create",
        *dates("spaced", "2020-09-01", "2020-09-02", "example_unscheduled"),
        "--interval",
        "PT12H",
        "-o",
        "plain",
    )
    assert len(spaced.splitlines()) == 3
    assert len(run("create", *group("now"), "-o", "plain").splitlines()) == 1


def test_cancel_retry_note(run):
    paused = group("changed", "example_paused")
    ids = run("create", *paused, "--from-date", "2020-10-01", "--to-date", "2020-10-03", "-o", "plain")
    assert run("cancel", *paused, "--dry-run", "-o", "plain") == ids
    assert run("cancel", *paused, "--step", "2") == "Cancelled 3 runs of example_paused, group changed\n"
    assert run("list", *paused, "--state", "failed", "-o", "plain").count("cancelled") == 3
    assert json.loads(run("retry", *paused, "-o", "json"))["dag_run_ids"] == ids.split()
    assert run("retry", *paused, "--which", "all", "-o", "plain") == ""
    assert run("note", *paused, "--note", "seen", "-o", "plain") == ids


def test_pause_change_resume(run, url):
    steered = group("steered", "example_paused")
    run(
        "create", *steered, "--from-date", "2020-09-01", "--to-date", "2020-09-03", "--max-active-runs", "2", "--paused"
    )
    shown = json.loads(run("status", *steered, "-o", "json"))["control"]
    assert (shown["paused"], shown["max_active_runs"]) == (True, 2)
    assert run("resume", *steered) == ("Resumed group steered of example_paused: 3 queued runs wait, 0 are running\n")
    changed = json.loads(run("change", *steered, "--no-max-active-runs", "--pace", "1/PT1H", "-o", "json"))
    assert (changed["group"]["control"], changed["changed_runs"]) == (None, 3)
    assert run("change", *steered, "--max-active-runs", "5", "--dry-run") == (
        "Would change group steered of example_paused: at most 5 at once; 3 runs changed\n"
    )
    assert json.loads(run("status", *steered, "-o", "json"))["control"] is None
    assert run("pause", *steered, "--dry-run").startswith("Would pause group steered of example_paused: 3 queued runs ")
    assert run("pause", *steered).startswith("Paused group steered of example_paused: 3 queued runs wait, ")
    control = run("status", *steered).partition("paused since ")[2]
    assert "; at most 16 at once, as the DAG" in control
    assert "." not in control.partition(";")[0]  # to the second


def test_release(run, url):
    for dag_id in ("example_daily", "example_paused"):
        held = group("held", dag_id)
        run("create", *held, "--from-date", "2020-08-01", "--to-date", "2020-08-02", "--paused")
    before = run("release", "--dry-run", "-o", "plain").splitlines()
    assert [line.split("\t")[:4] for line in before if "held" in line] == [
        ["example_daily", "held", "2", "2"],
        ["example_paused", "held", "2", "2"],
    ]
    assert "held" in run("release", "--dag-id", "example_daily")
    assert json.loads(run("status", *group("held"), "-o", "json"))["control"] is None
    run("release")
    assert run("release") == "No group is paused\n"


@pytest.mark.parametrize(
    ("options", "says"),
    [((), "say what to change"), (("--pace", "1/PT1H", "--no-pace"), "--pace and --no-pace cannot be combined")],
)
def test_a_change_without_sense_is_a_wrong_command_line(url, options, says):
    done = called("change", *group("steered", "example_paused"), *options, url=url)
    assert done.returncode == 2
    assert says in done.stderr


def test_list_finds_groups_of_all_dags(run):
    run("create", "--dag-id", "example_paused", "--prefix", "found", "--date", "2022-06-01")
    run("create", *dates("found_too", "2020-10-02", "2020-10-02"))
    assert [line.split("\t")[:2] for line in run("list", "--begins-with", "found", "-o", "plain").splitlines()] == [
        ["example_daily", "found_too"],
        ["example_paused", "found"],
    ]
    active = json.loads(run("list", "--state", "active", "--begins-with", "found", "-o", "json"))
    assert ("example_paused", "found") in {(group["dag_id"], group["prefix"]) for group in active}
    assert run("list", "--created-by", "nobody", "--state", "failed", "-o", "plain") == ""
    assert "created by" in run("list", "--dag-id", "example_paused")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--prefix", "found"), "--prefix needs --dag-id"),
        (("--state", "queued"), "--state queued needs --prefix"),
        ((*group("found", "example_paused"), "--created-by", "ann"), "--begins-with and --created-by are about groups"),
        ((*group("found", "example_paused"), "--state", "active"), "--state active is about groups"),
    ],
)
def test_a_list_without_sense_is_a_wrong_command_line(url, options, says):
    done = called("list", *options, url=url)
    assert done.returncode == 2
    assert says in done.stderr


def test_list_leaves_out_longer_prefixes(run):
    run("create", *dates("short", "2020-11-01", "2020-11-01"))
    run("create", *dates("short_er", "2020-11-02", "2020-11-02"))
    assert len(logical_dates(run, "short")) == len(logical_dates(run, "short_er")) == 1


def test_prefix_names_the_group_that_list_shows(run, url):
    for number, prefix in enumerate(("named_", "named__"), 1):
        created = run("create", *dates(prefix, f"2020-12-0{number}", f"2020-12-0{number}"), "-o", "json")
        assert json.loads(created)["prefix"] == prefix[:-1]
    listed = [line.split("\t")[0] for line in run("list", "--dag-id", "example_daily", "-o", "plain").splitlines()]
    assert {"named", "named_"} <= set(listed)
    assert [logical_dates(run, name) for name in ("named", "named_")] == [["2020-12-01"], ["2020-12-02"]]


@pytest.mark.parametrize("command", ["status", "wait", "list", "cancel", "retry", "pause"])
def test_prefix_of_a_request_that_is_no_group_is_an_error_that_names_the_group(run, url, command):
    run("create", *dates("habit_", "2020-12-11", "2020-12-11"))
    done = called(command, *group("habit_"), url=url)
    assert done.returncode == 3
    assert "there is one named 'habit'" in done.stderr


def test_new_group(run, url):
    first = [*dates("fresh", "2021-01-01", "2021-01-02"), "--new-group"]
    assert run("create", *first, "-o", "plain").count("fresh_") == 2
    assert run("create", *first, "-o", "plain") == ""
    done = called("create", *dates("fresh", "2021-01-03", "2021-01-04"), "--new-group", url=url)
    assert done.returncode == 3
    assert "group 'fresh' of DAG 'example_daily' exists already, with 2 runs" in done.stderr
    assert called("plan", *dates("fresh", "2021-01-03", "2021-01-04"), "--new-group", url=url).returncode == 3


def test_dates_end_in_z(run):
    run("create", *dates("zoned", "2021-02-01", "2021-02-01"))
    for output in ("table", "plain", "json"):
        assert "2021-02-01T00:00:00Z" in run("list", *group("zoned"), "-o", output)
        assert "T00:00:00Z" in run("dags", "-o", output)


def test_local():
    done = piped("create", *dates("p", "2020-01-01", "2020-01-02"), "--local", "-o", "json")
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["dag_run_ids"]) == 2
    assert done.stderr == ""


def test_ctrl_c_of_one_run_now_hints_at_list(url, run):
    terminal = Terminal(COMMAND, "create", *group("gone"), url=nowhere())
    terminal.wait_for("again in")
    terminal.type("\x03")
    terminal.wait_for("once more")
    terminal.type("\x03")
    assert terminal.end() == 130
    assert "airflow-groups list --dag-id example_daily --prefix gone" in terminal.text


def test_local_with_wrong_configuration_exits_2():
    done = piped("dags", "--local", AIRFLOW__AIRFLOW_API_PLUGIN__VALUE_FORMAT="xml")
    assert done.returncode == 2
    assert "value_format must be one of" in done.stderr


def test_help_has_an_example():
    for command in ("create", "plan", "status", "wait", "cancel", "retry", "note", "coverage", "list", "dags"):
        assert f"\n    airflow-groups {command} " in called(command, "--help").stdout


def test_shell_completion_of_commands_and_choices():
    completed = piped(_AIRFLOW_GROUPS_COMPLETE="bash_complete", COMP_WORDS="airflow-groups st", COMP_CWORD="1")
    assert completed.stdout == "plain,status\n"
    completed = piped(
        _AIRFLOW_GROUPS_COMPLETE="bash_complete", COMP_WORDS="airflow-groups retry --which ", COMP_CWORD="3"
    )
    assert completed.stdout.split() == ["plain,failed", "plain,cancelled", "plain,all"]


def test_reader_that_stops_is_no_error(url, run):
    run("create", *dates("many", "2020-01-01", "2020-01-02", "example_hourly"))
    for kind in ("plain", "table", "json"):
        done = in_a_shell(f"{COMMAND} list {MANY} -o {kind} | (read -r line; echo $line); echo ${{PIPESTATUS[0]}}", url)
        assert done.stdout.splitlines()[1:] in (["141"], ["0"])  # it may have written all before
        assert done.stderr == ""


def test_broken_pipe_exits_141(url, run):
    run("create", *dates("many", "2020-01-01", "2020-01-02", "example_hourly"))
    for kind in ("plain", "table", "json"):
        assert unread("list", *MANY.split(), "-o", kind, url=url) == (141, "")
    assert unread("create", "--dag-id", "nowhere", url=url, stderr_too=True) == (141, None)


def test_full_disk_exits_4(url):
    for kind in ("plain", "table", "json", "yaml"):
        done = in_a_shell(f"{COMMAND} dags -o {kind} >/dev/full", url)
        assert done.returncode == 4
        assert done.stderr == "failed: [Errno 28] No space left on device\n"


def test_closed_standard_output_sends_no_request(url, run):
    done = in_a_shell(f"{COMMAND} create --dag-id example_daily --prefix closed >&-", url)
    assert done.returncode == 4
    assert done.stderr == "failed: the standard output is closed, so that no result could be written\n"
    assert "closed" not in run("list", "--dag-id", "example_daily")


def test_ctrl_c_before_the_first_request_exits_130(url):
    terminal = Terminal(COMMAND, "dags", "--ask-token", url=url)
    terminal.wait_for("Token: ")
    terminal.type("\x03")
    assert terminal.end() == 130
    starting = Terminal(sys.executable, "-c", INTERRUPTED_WHILE_LOADING, "dags", url=url)
    assert starting.end() == 130
    assert starting.text == ""


@pytest.mark.parametrize("stdin", ["</dev/null", "<&-"])
def test_prompt_without_standard_input_exits_2(url, stdin):
    done = in_a_shell(f"{COMMAND} dags --ask-token {stdin}", url)
    assert done.returncode == 2
    assert "nobody to ask for the token" in done.stderr
    assert "Traceback" not in done.stderr


MANY = "--dag-id example_hourly --prefix many"
INTERRUPTED_WHILE_LOADING = """
import sys

class Finder:
    def find_spec(name, path, target=None):
        if name == "httpx":
            raise KeyboardInterrupt

from airflow_run_groups.entrypoints.terminal.command_line.main import main
sys.meta_path.insert(0, Finder)
main()
"""


def unread(*words, url, stderr_too=False):
    """Run a command whose output nobody reads; return its exit status, and what it has written to the error output."""
    reader, writer = os.pipe()
    os.close(reader)
    stderr = writer if stderr_too else subprocess.PIPE
    done = subprocess.run(
        [COMMAND, *words], env=environ_of(url), stdout=writer, stderr=stderr, text=True, check=False, timeout=60
    )
    os.close(writer)
    return done.returncode, done.stderr


def in_a_shell(command, url):
    """Run it as a script does, which has no terminal to fall back to."""
    words = ["bash", "-c", command]
    return subprocess.run(
        words, env=environ_of(url), capture_output=True, text=True, check=False, timeout=60, start_new_session=True
    )


class HeldBack(BaseHTTPRequestHandler):
    """Passes a request on to the service when it is released."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append(body)
        if b'"dry_run": true' not in body:
            self.server.release.wait(30)
        headers = {"Content-Type": "application/json"}
        self.respond(httpx.post(self.server.url + self.path, content=body, headers=headers, trust_env=False))

    def respond(self, response):
        self.send_response(response.status_code)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(response.content)

    def log_message(self, *arguments):
        pass


@contextmanager
def held_back(url):
    """Give a URL at which requests to the service are held back, and what holds them."""
    with HTTPServer(("127.0.0.1", 0), HeldBack) as proxy:
        proxy.url, proxy.requests, proxy.release = url, [], threading.Event()
        threading.Thread(target=proxy.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{proxy.server_port}", proxy
        proxy.shutdown()


@contextmanager
def losing(url, status, body):
    """Give a URL at which the response to the first request that writes is lost, and this one comes in its place."""

    class Losing(HeldBack):
        def respond(self, response):
            if self.server.lost or b'"dry_run": true' in self.server.requests[-1]:
                super().respond(response)
            else:
                self.server.lost = True
                super().respond(httpx.Response(status, content=body))

    with HTTPServer(("127.0.0.1", 0), Losing) as proxy:
        proxy.url, proxy.requests, proxy.release, proxy.lost = url, [], threading.Event(), False
        proxy.release.set()
        threading.Thread(target=proxy.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{proxy.server_port}"
        proxy.shutdown()


def until(is_so, seconds=30):
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def nowhere():
    """Return a URL at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def test_coverage_says_what_is_missing_and_fails_below_a_limit(run, url):
    between = ("--dag-id", "example_paused", "--from-date", "2019-12-30", "--to-date", "2020-01-04")
    run("create", *group("covered", "example_paused"), "--from-date", "2020-01-01", "--to-date", "2020-01-02")
    assert run("coverage", *between, "-o", "plain").splitlines() == [
        "before_start\t2019-12-30T00:00:00Z\t2019-12-31T00:00:00Z\t2",
        "queued\t2020-01-01T00:00:00Z\t2020-01-02T00:00:00Z\t2",
        "missing\t2020-01-03T00:00:00Z\t2020-01-04T00:00:00Z\t2",
    ]
    assert "0% of the dates that are due have succeeded, 2 are missing: not complete" in run("coverage", *between)
    assert len(json.loads(run("coverage", *between, "-o", "json"))["dates"]) == 6
    assert run("coverage", *between, "--all-dates", "-o", "plain").count("covered_") == 2
    run("coverage", *between, "--fail-under", "0")
    assert called("coverage", *between, "--fail-under", "1", url=url).returncode == 1


def test_coverage_of_several_dags_counts_them_and_fails_below_a_limit(run, url):
    between = ("--from-date", "2020-01-03", "--to-date", "2020-01-04")
    several = ("--dag-id", "example_paused", "--dag-id", "example_unscheduled")
    counted = run("coverage", *several, *between, "-o", "plain").splitlines()
    assert [line.split("\t")[0] for line in counted] == ["example_paused", "example_unscheduled"]
    assert counted[0].endswith("\tno")
    assert "0 of 2 DAGs complete" in run("coverage", *several, *between)
    found = json.loads(run("coverage", *several, *between, "-o", "json"))
    assert [one["problem"] is None for one in found] == [True, False]
    assert called("coverage", *several, *between, "--fail-under", "0", url=url).returncode == 1
    assert json.loads(run("coverage", "--tag", "none", *between, "-o", "json")) == []


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ((), "give --dag-id, as often as you like, or --tag"),
        (("--dag-id", "a", "--tag", "b"), "give --dag-id, as often as you like, or --tag"),
        (("--tag", "b", "--all-dates"), "--all-dates is about one DAG"),
    ],
)
def test_a_coverage_without_sense_is_a_wrong_command_line(url, options, says):
    done = called("coverage", *options, "--from-date", "2020-01-01", url=url)
    assert done.returncode == 2
    assert says in done.stderr


def test_chosen_runs_are_cancelled_and_retried(run, url):
    run("create", *group("chosen", "example_paused"), "--from-date", "2020-02-01", "--to-date", "2020-02-04")
    chosen = ("--date", "2020-02-02", "--date", "2020-02-03")
    assert "Cancelled 2 runs" in run("cancel", *group("chosen", "example_paused"), *chosen)
    run_id = "chosen_0000003_2020-02-03T00:00:00"
    assert "Queued again 1 run" in run(
        "retry", *group("chosen", "example_paused"), "--run-id", run_id, "--task", "task_0"
    )
    states = json.loads(run("list", *group("chosen", "example_paused"), "-o", "json"))
    assert [one["state"] for one in states] == ["queued", "failed", "queued", "queued"]
    refused = called("retry", *group("chosen", "example_paused"), "--task", "nothing", url=url)
    assert "tasks has 'nothing'" in refused.stderr


def test_who_one_is_and_which_dags_there_are_to_choose_from(run):
    assert json.loads(run("me", "-o", "json"))["default_timezone"] == "UTC"
    found = json.loads(run("dags", "--search", "PAUSED", "-o", "json"))
    assert [(dag["dag_id"], dag["allows_range"]) for dag in found] == [("example_paused", True)]
