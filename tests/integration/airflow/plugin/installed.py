"""The built wheel beside an Airflow, whose components find it by its entry points."""

import datetime as dt
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.integration.airflow.processes import Process, Server, free_port

ROOT = Path(__file__).parents[4]
BIN = Path(sys.executable).parent
AIRFLOW = str(BIN / "airflow")
USERS = {"viewer": "Sally", "user": "Tom", "op": "Olga", "admin": "Ada"}
"""Who has which role; the name is the password, too."""


def install(folder: Path) -> Path:
    """Build the wheel, from a copy since building leaves files behind, and install it into a folder of its own."""
    source, dist, site = folder / "source", folder / "dist", folder / "site"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "src", source / "src", ignore=shutil.ignore_patterns("__pycache__"))
    uv = shutil.which("uv", path=os.pathsep.join([str(BIN), str(ROOT / ".venv" / "bin"), os.environ["PATH"]]))
    subprocess.run([uv, "build", "-q", "--wheel", "--out-dir", dist, source], check=True)
    (wheel,) = dist.glob("*.whl")
    subprocess.run([uv, "pip", "install", "-q", "--no-deps", "--target", site, wheel], check=True)
    return site


OTHER_PROJECT = """
from airflow.configuration import conf
from airflow.plugins_manager import AirflowPlugin


class TheirPlugin(AirflowPlugin):
    name = "airflow_api_plugin"
    flask_blueprints = [] if conf.getboolean("airflow_api_plugin", "disabled", fallback=False) else ["its views"]
"""


def install_other_project(site: Path) -> Path:
    """Put a stand-in there for the package airflow-api-plugin of the index, another project's: its names and its section."""
    package, about = site / "airflow_api_plugin", site / "airflow_api_plugin-1.0.0.dist-info"
    package.mkdir(parents=True)
    about.mkdir()
    (package / "__init__.py").touch()
    (package / "main.py").write_text(OTHER_PROJECT)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: airflow-api-plugin\nVersion: 1.0.0\n")
    (about / "entry_points.txt").write_text(
        "[airflow.plugins]\nairflow_api_plugin = airflow_api_plugin.main:TheirPlugin\n"
    )
    return site


def furnish():
    """Put the DAGs there that the tests speak of."""
    from tests.integration.airflow.world import AirflowWorld  # noqa: PLC0415 - after the environment

    world = AirflowWorld()
    world.clear()
    world.dag("example_daily", start_date=dt.datetime(2020, 1, 1, tzinfo=dt.timezone.utc), tasks=2)
    world.dag("example_unscheduled", schedule=None)
    return world


def environment(site: Path, folder: Path, **options: str) -> dict[str, str]:
    """Return what all processes of one Airflow share; ``options`` are ours."""
    passwords = folder / "passwords.json"
    passwords.write_text("{" + ", ".join(f'"{name}": "{name}"' for name in USERS.values()) + "}")
    return {
        "PYTHONPATH": str(site),
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API_AUTH__JWT_ISSUER": "airflow",
        "AIRFLOW__API_AUTH__JWT_SECRET": "a secret that the components of this test share, of at least sixty-four bytes",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{name}:{role}" for role, name in USERS.items()),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
        **{f"AIRFLOW__AIRFLOW_API_PLUGIN__{name.upper()}": value for name, value in options.items()},
    }


def api_server(log: Path, environment: dict[str, str], *options: str, root: str = "", workers: int = 1) -> Server:
    """Start Airflow's API server, which believes to be reached below ``root``."""
    port = free_port()
    own = {
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}{root}",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__WORKERS": str(workers),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}{root}/execution/",
    }
    pid = log.with_suffix(".pid")  # without a name of its own, a second API server would take the first for itself
    command = (AIRFLOW, "api-server", "--pid", str(pid), *options)
    return Server(*command, port=port, log=log, environment={**environment, **own})


def component(name: str, log: Path, environment: dict[str, str]) -> Process:
    """Start another component of Airflow."""
    return Process(AIRFLOW, name, log=log, environment=environment)


def output_of(command: Sequence[str], environment: dict[str, str]) -> Callable[[], str]:
    """Start a command; what is returned waits for its end, and returns what it has said."""
    started = subprocess.Popen(
        command, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )

    def output() -> str:
        said, _ = started.communicate(timeout=180)
        assert started.returncode == 0, said
        return said

    return output


def token(server: Server, role: str, root: str = "") -> str:
    """Return the token that Airflow gives to the user with this role."""
    name = USERS[role]
    answer = server.client.post(f"{root}/auth/token", json={"username": name, "password": name})
    assert answer.status_code == 201, answer.text
    return answer.json()["access_token"]
