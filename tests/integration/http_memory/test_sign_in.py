"""The commands of the terminal sign in as a user of Airflow, where the service asks for one."""

import json
import threading
from contextlib import contextmanager
from types import SimpleNamespace
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from airflow_run_groups.domain import Unauthenticated
from airflow_run_groups.entrypoints.http.security.authentication import BearerAuthentication, FullAccess
from tests.demo import demo_app
from tests.integration.http_memory.server import serving
from tests.integration.http_memory.terminal import COMMAND, Terminal, piped

PASSWORD = "correct-horse"
TOKEN = "of.ada.s3cret"


def user_of(token):
    if token != TOKEN:
        msg = "Airflow does not take this token"
        raise Unauthenticated(msg)
    return FullAccess("ada")


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


@contextmanager
def listening(app):
    with make_server("127.0.0.1", 0, app, handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def logins():
    return []


@pytest.fixture(scope="module")
def airflow(logins):
    """Return the URL of an API server: its login, and our service inside it."""
    service = demo_app(authenticator=BearerAuthentication(user_of))

    def app(environ, start_response):
        if environ["PATH_INFO"] != "/auth/token":
            return service(environ, start_response)
        body = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        logins.append(body["username"])
        is_known = body == {"username": "ada", "password": PASSWORD}
        start_response("201 Created" if is_known else "401 Unauthorized", [("Content-Type", "application/json")])
        return [json.dumps({"access_token": TOKEN} if is_known else {"detail": "Invalid credentials"}).encode()]

    with listening(app) as url:
        yield url


@pytest.fixture(autouse=True)
def _forget(logins):
    logins.clear()


def environment(**more):
    return {"AIRFLOW_GROUPS_PASSWORD": PASSWORD, **more}


def test_name_and_password_are_asked_for_at_a_terminal(airflow, logins):
    terminal = Terminal(COMMAND, "dags", url=airflow)
    terminal.wait_for("User: ")
    assert f"signing in at {airflow}/auth/token" in terminal.text
    terminal.type("ada\n")
    terminal.wait_for("Password: ")
    terminal.type(f"{PASSWORD}\n")
    assert terminal.end() == 0
    assert "example_daily" in terminal.text
    assert PASSWORD not in terminal.output
    assert TOKEN not in terminal.output
    assert "without encryption" not in terminal.text
    assert logins == ["ada"]


def test_a_user_who_is_named_is_asked_for_the_password_alone(airflow, logins):
    terminal = Terminal(COMMAND, "dags", "--user", "ada", url=airflow)
    terminal.wait_for("Password: ")
    assert "User: " not in terminal.text
    terminal.type(f"{PASSWORD}\n")
    assert terminal.end() == 0
    assert logins == ["ada"]


def test_a_script_takes_both_from_the_environment(airflow, logins):
    done = piped("dags", "-o", "plain", url=airflow, **environment(AIRFLOW_GROUPS_USER="ada"))
    assert (done.returncode, logins) == (0, ["ada"])
    assert "example_daily" in done.stdout
    assert PASSWORD not in done.stdout + done.stderr


def test_airflow_may_be_elsewhere(airflow, logins):
    with listening(demo_app(authenticator=BearerAuthentication(user_of))) as alone:
        missing = piped("dags", "--user", "ada", url=alone, **environment())
        assert missing.returncode == 4
        assert "/auth/token gives no token" in missing.stderr
        done = piped("dags", "--user", "ada", "--airflow-url", airflow, url=alone, **environment())
    assert (done.returncode, logins) == (0, ["ada"])


@pytest.mark.parametrize("name", ["AIRFLOW_GROUPS_TOKEN", "AIRFLOW_CLI_TOKEN"])
def test_a_token_takes_the_place_of_a_user(airflow, logins, name):
    assert piped("dags", "--user", "ada", url=airflow, **environment(**{name: TOKEN})).returncode == 0
    refused = piped("dags", "--user", "ada", url=airflow, **environment(**{name: "expired"}))
    assert refused.returncode == 3
    assert logins == []


def test_our_own_token_goes_before_airflows(airflow):
    assert piped("dags", url=airflow, AIRFLOW_GROUPS_TOKEN=TOKEN, AIRFLOW_CLI_TOKEN="expired").returncode == 0


def test_a_wrong_password_is_refused_and_asked_for_once(airflow, logins):
    done = piped("dags", "--user", "ada", url=airflow, AIRFLOW_GROUPS_PASSWORD="wrong-password")
    assert done.returncode == 3
    assert "does not let 'ada' in" in done.stderr
    assert "wrong-password" not in done.stderr
    assert logins == ["ada"]


def test_where_there_is_nobody_to_ask_the_command_says_what_to_do(airflow, logins):
    without_password = piped("dags", "--user", "ada", url=airflow)
    assert without_password.returncode == 2
    assert "set AIRFLOW_GROUPS_PASSWORD" in without_password.stderr
    without_user = piped("dags", url=airflow)
    assert without_user.returncode == 3
    assert "a token of Airflow's API is required" in without_user.stderr
    assert logins == []


def test_ctrl_c_at_the_prompt_ends_the_command(airflow):
    for words in (("dags",), ("create", "--dag-id", "example_unscheduled", "--user", "ada")):
        terminal = Terminal(COMMAND, *words, url=airflow)
        terminal.wait_for("User: " if words == ("dags",) else "Password: ")
        terminal.type("\x03")
        assert terminal.end() == 130


@pytest.fixture(scope="module")
def other_services(tmp_path_factory):
    folder = tmp_path_factory.mktemp("others")
    with (
        serving(folder / "open") as without,
        serving(folder / "token", AIRFLOW__AIRFLOW_API_PLUGIN__AIRFLOW_API_AUTH="s3cret-token") as token,
    ):
        yield SimpleNamespace(without=f"http://127.0.0.1:{without.port}", token=f"http://127.0.0.1:{token.port}")


def test_a_service_that_does_not_ask_for_airflows_users_gets_no_password(airflow, logins, other_services):
    more = environment(AIRFLOW_GROUPS_USER="ada", AIRFLOW_GROUPS_AIRFLOW_URL=airflow)
    assert piped("dags", url=other_services.without, **more).returncode == 0
    refused = piped("dags", url=other_services.token, **more)
    assert (refused.returncode, logins) == (3, [])
    assert "a token is required" in refused.stderr
    terminal = Terminal(COMMAND, "dags", url=other_services.without)
    assert terminal.end() == 0
    assert "User: " not in terminal.text
