"""`make run`: an Airflow and this service on it, one group of runs from its creation to its end; then both stay up."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import signal
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

import httpx
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

import airflow_home
from airflow_health import AirflowHealth
from components import Components, Died
from group import DAG_ID, PREFIX, Run, Service

READY_LIMIT = 300.0
"""Seconds until everything has to be ready."""
GROUP_LIMIT = 600.0
"""Seconds until Airflow has to have executed the group."""

_LAST_PORT = 65535

DEFAULT_URL = "http://127.0.0.1:8000"
"""Where the commands of the terminal look for the service."""

console = Console(markup=False, highlight=False)


class Failed(Exception):
    """The show cannot go on; the message says why, and what helps."""


class Stopped(Exception):
    """Somebody wants it to end."""


def main() -> int:
    """Run the show, and return its exit status."""
    arguments = _arguments()
    show = Show(port=arguments.port, airflow_port=arguments.airflow_port)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, show.ask_to_stop)
    try:
        with airflow_home.claimed():
            try:
                show.prepare()
                show.start()
                show.create_a_group()
                if not arguments.once:
                    show.serve()
            finally:
                show.stop()
    except (Failed, Died, airflow_home.InUse, httpx.HTTPError) as error:
        console.print(f"\n{error}", style="red", soft_wrap=True)
        return 1
    except Stopped:
        return 0 if show.serves else 1
    return 0


class Show:
    """What is shown, step by step."""

    def __init__(self, *, port: int, airflow_port: int) -> None:
        """Serve on these ports of 127.0.0.1."""
        self._ports = {"PORT": port, "AIRFLOW_PORT": airflow_port}
        self._url = f"http://127.0.0.1:{port}"
        self._airflow_url = f"http://127.0.0.1:{airflow_port}"
        self._service = Service(self._url)
        environment = airflow_home.environment(service_url=self._url)
        self._components = Components(logs=airflow_home.LOGS, environment=environment)
        self._asked_to_stop = False
        self.serves = False

    def prepare(self) -> None:
        """Make the Airflow home, and bring its database to the installed version of Airflow."""
        _check_ports(self._ports)
        airflow_home.configure(airflow_port=self._ports["AIRFLOW_PORT"])
        if airflow_home.is_migrated():
            return
        console.print(f"Preparing Airflow's database in {airflow_home.HOME.name}, some 15 seconds")
        migration = self._components.start("migration", "airflow", "db", "migrate")
        self._wait({"the database": lambda: migration.status == 0}, READY_LIMIT)
        airflow_home.mark_migrated()

    def start(self) -> None:
        """Start Airflow and this service, and return when a group can be created."""
        console.print("Starting Airflow and this service, some 20 seconds")
        started = dt.datetime.now(dt.timezone.utc)
        self._components.start("api-server", "airflow", "api-server")
        self._components.start("scheduler", "airflow", "scheduler", "--skip-serve-logs")
        self._components.start("dag-processor", "airflow", "dag-processor")
        bind = self._url.removeprefix("http://")
        self._components.start("airflow-groups", "airflow-groups", "serve", "--backend", "airflow", "--bind", bind)
        airflow = AirflowHealth(self._airflow_url, started)
        self._wait(
            {
                "this service": self._service.is_ready,
                "Airflow's API server": airflow.is_up,
                "Airflow's scheduler": lambda: airflow.has("scheduler"),
                "Airflow's DAG processor": lambda: airflow.has("dag_processor"),
                f"the DAG {DAG_ID}": self._service.knows_the_dag,
            },
            READY_LIMIT,
        )

    def create_a_group(self) -> None:
        """Create one group through this service, and follow it until Airflow has executed it."""
        console.print(f"\nCreating a group of runs:\n\n  {self._service.curl()}\n", soft_wrap=True)
        answer = self._service.create()
        console.print(json.dumps(answer, indent=2) + "\n", soft_wrap=True)
        run_ids = answer["response"]["dag_run_ids"]
        if not run_ids:
            msg = f"Every date of {DAG_ID} has its run already. Remove the folder {airflow_home.HOME} to begin anew."
            raise Failed(msg)
        runs = self._follow(run_ids)
        console.print(_table(runs))
        if failed := [run["run_id"] for run in runs if run["state"] != "success"]:
            msg = f"Airflow could not execute {', '.join(failed)}. The logs of the tasks are in {airflow_home.LOGS}."
            raise Failed(msg)

    def serve(self) -> None:
        """Stay up until somebody wants it to end."""
        console.print(f"\nThis service  {self._url}/api/v1/dag_runs?prefix={PREFIX}_", soft_wrap=True)
        console.print(f"Airflow       {self._airflow_url}/dags/{DAG_ID}", soft_wrap=True)
        console.print(f"Try requests  {self._url}/api/v1/docs", soft_wrap=True)
        command = f"{_command()} list --dag-id {DAG_ID}{'' if self._url == DEFAULT_URL else f' --url {self._url}'}"
        console.print(f"Terminal      {command}", soft_wrap=True)
        console.print("\nBoth stay up until Ctrl-C. The page of groups, also in Airflow's navigation as Groups:")
        console.print(f"\n  {self._url}/api/v1/ui/", soft_wrap=True)
        self.serves = True
        while True:
            self._pause()

    def ask_to_stop(self, *_: object) -> None:
        """Make the next pause the last; that way no signal comes between the start of a process and the note of it."""
        self._asked_to_stop = True

    def stop(self) -> None:
        """End all that was started."""
        if self._components:
            console.print("\nStopping what was started.")
            self._components.stop()

    def _pause(self) -> None:
        if self._asked_to_stop:
            raise Stopped
        self._components.check()
        time.sleep(0.3)

    def _wait(self, conditions: dict[str, Callable[[], bool]], limit: float) -> None:
        """Return when every condition holds, and say when each first does."""
        begin = time.monotonic()
        waiting = dict(conditions)
        with console.status("", spinner="line") as status:
            while waiting:
                self._pause()
                passed = time.monotonic() - begin
                status.update(f"{passed:4.0f} s  waiting for {', '.join(waiting)}")
                for name in [name for name, holds in waiting.items() if holds()]:
                    console.print(f"{passed:4.0f} s  {name} is ready")
                    del waiting[name]
                if passed > limit:
                    msg = f"Not ready within {limit:.0f} seconds: {', '.join(waiting)}. The logs are in {airflow_home.LOGS}."
                    raise Failed(msg)

    def _follow(self, run_ids: Sequence[str]) -> list[Run]:
        """Show how far the group is until all of it is finished, and return its runs."""
        begin = time.monotonic()
        shown = ""
        with Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
        ) as progress:
            bar = progress.add_task("", total=len(run_ids), visible=console.is_terminal)
            while True:
                self._pause()
                runs = self._service.runs(run_ids)
                states = Counter(run["state"] for run in runs)
                text = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
                finished = states["success"] + states["failed"]
                progress.update(bar, description=text, completed=finished)
                if text != shown and not console.is_terminal:
                    console.print(f"{time.monotonic() - begin:4.0f} s  {text}")
                    shown = text
                if finished == len(run_ids):
                    return runs
                if time.monotonic() - begin > GROUP_LIMIT:
                    msg = f"Not executed within {GROUP_LIMIT:.0f} seconds: {text}. The logs are in {airflow_home.LOGS}."
                    raise Failed(msg)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=_port, default=8000, help="where this service listens")
    parser.add_argument("--airflow-port", type=_port, default=8080, help="where Airflow's API server listens")
    parser.add_argument("--once", action="store_true", help="stop when the group has succeeded")
    return parser.parse_args()


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _LAST_PORT:
        msg = f"a port is a number from 1 to {_LAST_PORT}, not {text!r}"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


def _command() -> str:
    """Return the path of our command as one types it in this folder."""
    path = Path(sys.executable).with_name("airflow-groups")
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _table(runs: Sequence[Run]) -> Table:
    table = Table(box=box.SIMPLE)
    for heading in ("run_id", "state", "started", "ended"):
        table.add_column(heading, no_wrap=True)
    for run in runs:
        table.add_row(run["run_id"], run["state"], run["start_date"][11:19], run["end_date"][11:19])
    return table


def _check_ports(ports: Mapping[str, int]) -> None:
    if len(set(ports.values())) < len(ports):
        msg = f"{' and '.join(ports)} must differ, both are {ports['PORT']}."
        raise Failed(msg)
    free = {name: port if _is_free(port) else _next_free(port, besides=ports.values()) for name, port in ports.items()}
    taken = [f"{name}={port}" for name, port in ports.items() if free[name] != port]
    if taken:
        choice = " ".join(f"{name}={port}" for name, port in free.items())
        msg = f"Something else listens on {' and '.join(taken)}. Choose free ports: make run {choice}"
        raise Failed(msg)


def _next_free(port: int, *, besides: Collection[int]) -> int:
    return next(other for other in range(port + 1, _LAST_PORT + 1) if other not in besides and _is_free(other))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


if __name__ == "__main__":
    sys.exit(main())
