"""A real Airflow API server with this package in it, of any version and with any auth manager, which a browser opens."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from tests.integration.airflow.processes import Server, free_port, wait_until

PROJECT = Path(__file__).parents[3]
BIN = Path(os.environ.get("AIRFLOW_GROUPS_TEST_AIRFLOW", Path(sys.executable).parent)).absolute()
"""The folder of the ``airflow`` command; make targets name that of another version."""
ROOT = "/team-a"
USERS = {"viewer": "Sally", "user": "Tom", "op": "Olga", "admin": "Ada"}
"""Who has which role; the name is the password, too."""
DAG_ID = "example_daily"
ODD_DAG_ID = "größe.täglich"
"""A DAG id with a dot and letters that are percent-encoded in addresses."""
ODD_DAG = f"""
import datetime as dt

from airflow.sdk import DAG
from airflow.providers.standard.operators.empty import EmptyOperator

with DAG({ODD_DAG_ID!r}, schedule="@daily", start_date=dt.datetime(2020, 1, 1, tzinfo=dt.timezone.utc), catchup=False):
    EmptyOperator(task_id="nothing")
"""
_REFUSED = re.compile(r"request_id='[^']*' method='(\w+)' route='([^']*)' status=(\d+).* reason='(\w+)'")


class AirflowServer(Server):
    """Airflow's API server on a database of its own, below a path, with two DAGs. It executes nothing."""

    def __init__(self, folder: Path, manager: "AuthManager") -> None:
        """Start it with this auth manager, and users of it."""
        port = free_port()
        dags = folder / "dags"
        dags.mkdir()
        shutil.copy(PROJECT / "examples" / "dags" / f"{DAG_ID}.py", dags)
        (dags / "odd.py").write_text(ODD_DAG, encoding="utf-8")
        base = f"http://127.0.0.1:{port}{ROOT}"
        self.settings = {
            "AIRFLOW_HOME": str(folder),
            "AIRFLOW__API__BASE_URL": base,
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(port),
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API_AUTH__JWT_ISSUER": "airflow",
            "AIRFLOW__API_AUTH__JWT_SECRET": "a secret that the components of this test share, of at least sixty-four bytes",
            "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{base}/execution/",
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{folder}/airflow.db",
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
            **manager.settings,
        }
        self.manager = manager
        self.folder = folder
        self.prepare()
        command = (str(BIN / "airflow"), "api-server", "--pid", str(folder / "api-server.pid"))
        super().__init__(*command, port=port, log=folder / "api-server.log", environment=self.settings)
        self.root = base

    def prepare(self) -> None:
        """Make the database, with the DAGs and the users in it."""
        self.run("db", "migrate")
        self.run("dags", "reserialize")
        self.manager.prepare(self.run)

    def run(self, *command: str) -> None:
        done = subprocess.run(
            [str(BIN / "airflow"), *command],
            env={**os.environ, **self.settings, "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING"},
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout

    @property
    def minor(self) -> tuple[int, ...]:
        """Return the minor version of Airflow, such as (3, 2)."""
        version = self.client.get(f"{ROOT}/api/v2/version").json()["version"]
        return tuple(int(number) for number in version.split(".")[:2])

    @property
    def revokes_tokens(self) -> bool:
        """Tell whether a logout revokes the session's token, as from Airflow 3.2 on."""
        return self.minor >= (3, 2)

    def token(self, role: str) -> str:
        """Return a token of the user with this role, as Airflow's API gives it."""
        name = USERS[role]
        answer = self.client.post(f"{ROOT}/auth/token", json={"username": name, "password": name})
        assert answer.status_code == httpx.codes.CREATED, answer.text
        return answer.json()["access_token"]

    def ask(self, path: str, role: str = "admin", method: str = "GET", **more):
        """Return what the mounted service answers a program, which sends a token in the header."""
        answer = self.client.request(
            method, f"{ROOT}/api/v1{path}", headers={"Authorization": f"Bearer {self.token(role)}"}, **more
        )
        assert answer.status_code == httpx.codes.OK, answer.text
        return answer.json()["response"]

    def run_ids(self) -> list[str]:
        return [run["run_id"] for run in self.ask("/dag_runs")["dag_runs"]]

    def refusals(self, since: int = 0) -> list[tuple[str, str, int, str]]:
        """Return method, route, status and reason of each request to us that was refused, as the log has them."""
        found = _REFUSED.findall(self.output[since:])
        return [(method, route, int(status), reason) for method, route, status, reason in found]

    def wait_for_refusal(self, since: int, method: str, reason: str) -> None:
        """Return when the log has one with this reason."""
        wait_until(
            lambda: any((one, why) == (method, reason) for one, _, _, why in self.refusals(since)),
            seconds=20,
            what=f"{reason} in the log",
        )


class AuthManager:
    """What an auth manager of Airflow's needs, and what its session's cookie is like."""

    def __init__(self, settings: dict[str, str], cookie: dict[str, object]) -> None:
        """Take these settings of Airflow's, and these attributes of the cookie."""
        self.settings, self.cookie = settings, cookie

    def prepare(self, run: Callable[..., None]) -> None:
        """Make the users; ``run`` runs a command of Airflow's."""

    @property
    def sends_posts_of_other_sites(self) -> bool:
        """Tell whether Chromium sends the cookie with a form of another site, in the first two minutes."""
        return "sameSite" not in self.cookie


class SimpleAuthManager(AuthManager):
    """Scripts may read the cookie, and it has no SameSite: the page of the login sets it."""

    def __init__(self, folder: Path) -> None:
        passwords = folder / "passwords.json"
        passwords.write_text("{" + ", ".join(f'"{name}": "{name}"' for name in USERS.values()) + "}")
        settings = {
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{name}:{role}" for role, name in USERS.items()),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
        }
        super().__init__(settings, {"httpOnly": False})


class FabAuthManager(AuthManager):
    """The server sets the cookie, which scripts may not read and most requests of other sites do not have."""

    def __init__(self, folder: Path) -> None:
        settings = {
            "AIRFLOW__CORE__AUTH_MANAGER": "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager",
            "AIRFLOW__FAB__ENABLE_PROXY_FIX": "False",
        }
        super().__init__(settings, {"httpOnly": True, "sameSite": "Lax"})

    def prepare(self, run: Callable[..., None]) -> None:
        for role, name in USERS.items():
            options = (
                "-u",
                name,
                "-p",
                name,
                "-f",
                name,
                "-l",
                "Test",
                "-e",
                f"{name}@example.com",
                "-r",
                role.title(),
            )
            run("users", "create", *options)


def auth_manager(folder: Path) -> AuthManager:
    """Return the auth manager that the environment names."""
    name = os.environ.get("AIRFLOW_GROUPS_TEST_AUTH_MANAGER", "simple")
    return {"simple": SimpleAuthManager, "fab": FabAuthManager}[name](folder)


def have_session(browser, airflow: AirflowServer, role: str, *, host: str = "127.0.0.1") -> str:
    """Let the browser have a session as after a login, which another test goes through, and return its token."""
    token = airflow.token(role)
    browser.driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
    browser.open(f"http://{host}:{airflow.port}{ROOT}/api/v1/health/live")
    give_cookie(browser, airflow, token)
    return token


def give_cookie(browser, airflow: AirflowServer, token: str) -> None:
    """Give the host of the open page the cookie of a session, as the auth manager does."""
    if airflow.manager.cookie["httpOnly"]:
        browser.driver.add_cookie({"name": "_token", "value": token, "path": f"{ROOT}/", **airflow.manager.cookie})
    else:
        browser.driver.execute_script("document.cookie = `_token=${arguments[0]}; path=${arguments[1]}/`", token, ROOT)


def sign_in(browser, airflow: AirflowServer, role: str) -> dict[str, object]:
    """Sign in as a person does, with the form that Airflow shows, and return the cookie of the session."""
    browser.driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
    name = USERS[role]
    browser.open(f"{airflow.root}/")
    browser.write("input[name=username]", name)
    browser.write("input[name=password]", name)
    browser.click("button[type=submit], input[type=submit]")
    wait_until(lambda: browser.cookie("_token") is not None, seconds=30, what="the session's cookie")
    wait_until(
        lambda: "login" not in urlsplit(browser.driver.current_url).path,
        seconds=30,
        what="Airflow's page after the login",
    )
    return browser.cookie("_token")
