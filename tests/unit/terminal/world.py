"""A service whose clock goes on while a command sleeps, and commands that use it."""

import datetime as dt

import click
import httpx

from airflow_run_groups.adapters.client import Client
from airflow_run_groups.adapters.memory import MemoryBackend, MemoryDag
from airflow_run_groups.entrypoints.terminal.command_line.commands import COMMANDS
from airflow_run_groups.entrypoints.terminal.command_line.service_command import CommandLine
from airflow_run_groups.entrypoints.terminal.command_line.stop_after import StopAfterType
from airflow_run_groups.entrypoints.terminal.output import Output
from airflow_run_groups.entrypoints.terminal.session import Session
from airflow_run_groups.entrypoints.terminal.work import wait
from tests.demo import demo_app

START = dt.datetime(2025, 1, 1, tzinfo=dt.timezone.utc)


class World:
    """The DAG ``a`` has a run each day. ``on_sleep`` is called whenever a command sleeps."""

    def __init__(self, *, fails):
        self.now = START
        self.on_sleep = lambda: None
        backend = MemoryBackend(lambda: self.now)
        backend.add(MemoryDag(dag_id="a", schedule="0 0 * * *", start_date=START - dt.timedelta(days=99), fails=fails))
        app = demo_app(lambda: self.now, backend=backend)
        self.client = Client("http://localhost", transport=httpx.WSGITransport(app=app))

    @property
    def has_ended(self):
        return self.client.group("a", "g")["done"] == 1

    def sleep(self, seconds):
        self.now += dt.timedelta(seconds=seconds)
        self.on_sleep()

    def wait(self, *options, notify=None, timeout=None, retry_for=60.0):
        """Wait for the group ``g`` with these options, as words, and return the exit status."""
        words = [*options, *(("--notify", notify) if notify else ())]
        session = Session(
            client=self.client, output=Output("table"), command_line=command_line("wait", *words), retry_for=retry_for
        )
        rule = StopAfterType().convert(options[1], None, None) if options else None
        return wait.wait(session, dag_id="a", prefix="g", timeout=timeout, stop_after=rule, notify=notify)


def command_line(name, *words):
    command = next(one for one in COMMANDS if one.name == name)
    group = () if "--dag-id" in words else ("--dag-id", "a", "--prefix", "g")
    parent = click.Context(click.Group("airflow-groups"), info_name="airflow-groups")
    return CommandLine(command.make_context(name, [*group, *words], parent=parent))
