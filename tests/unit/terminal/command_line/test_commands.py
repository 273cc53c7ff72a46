"""The declarations of the commands agree with the functions that they name, and with the domain."""

import inspect
import shlex
import sys
from dataclasses import fields

import click
import pytest

from airflow_run_groups.adapters.client import GroupRequest
from airflow_run_groups.adapters.client.client import STEP
from airflow_run_groups.domain import DEFAULT_PREFIX, MAX_LIMIT, DagRunState, GroupState, Order, Which
from airflow_run_groups.domain.planning.bounds import LARGEST_LIMIT
from airflow_run_groups.entrypoints.terminal.command_line.commands import COMMANDS
from airflow_run_groups.entrypoints.terminal.command_line.service_command import (
    CONNECTION,
    OUTPUT,
    CommandLine,
    resolve,
)
from tests.unit.test_packaging import loaded_by

BY_NAME = {command.name: command for command in COMMANDS}
SHARED = {option.name for option in (*CONNECTION, OUTPUT)}


def options(name):
    return {option.name: option for option in BY_NAME[name].params if option.name not in SHARED}


@pytest.mark.parametrize("name", BY_NAME)
def test_target_takes_the_options_of_its_command(name):
    signature = inspect.signature(resolve(BY_NAME[name].target))
    signature.bind("a session", **options(name))


def test_options_of_plan_are_the_keys_of_a_request():
    assert set(options("plan")) - {"limit", "step", "all_dates"} == {field.name for field in fields(GroupRequest)} - {
        "plan_id"
    }


def test_options_of_create_are_those_of_plan():
    assert set(options("create")) == set(options("plan")) | {"dry_run", "watch"}


def test_defaults_of_plan_are_those_of_a_request():
    params = BY_NAME["plan"].make_context("plan", ["--dag-id", "a"]).params
    request = {name: params[name] for name in options("plan") if name not in {"limit", "step", "all_dates"}}
    assert GroupRequest(**request) == GroupRequest(dag_id="a", prefix=DEFAULT_PREFIX, order=Order.ASC.value)


def test_choices_and_bounds_are_those_of_the_domain():
    states = {*(state.value for state in DagRunState), *(state.value for state in GroupState)}
    assert set(options("list")["state"].type.choices) == states
    assert list(options("retry")["which"].type.choices) == [which.value for which in Which]
    for name in ("plan", "create", "fill"):
        step = options(name)["step"]
        assert (step.type.min, step.type.max, step.default) == (1, LARGEST_LIMIT, MAX_LIMIT)
    for name in ("cancel", "retry", "note"):
        step = options(name)["step"]
        assert (step.type.min, step.type.max, step.default) == (1, MAX_LIMIT, STEP)


@pytest.mark.parametrize("words", [["--help"], ["create", "--help"]])
def test_help_loads_click_alone(words):
    modules = loaded_by(
        "import contextlib, io\n"
        "from airflow_run_groups.entrypoints.terminal.command_line.main import main\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
        f"    main({words})"
    )
    assert {name for name in modules if name not in sys.stdlib_module_names} == {"airflow_run_groups", "click"}


def typed(*words):
    group = click.Group("airflow-groups", commands=list(COMMANDS))
    parent = click.Context(group, info_name="airflow-groups")
    return CommandLine(BY_NAME[words[0]].make_context(words[0], list(words[1:]), parent=parent))


CREATE = ("create", "--dag-id", "a", "--run-backwards", "--note", "it's mine", "--dag-run-conf", '{"b": 1}')


def test_command_line_is_written_as_it_was_typed():
    assert shlex.split(typed(*CREATE).changed()) == ["airflow-groups", *CREATE]


def test_command_line_knows_which_options_were_typed():
    assert typed("dags", "--retry-for", "60").has("retry_for")
    assert not typed("dags").has("retry_for")


def test_command_line_has_changed_values():
    changed = typed(*CREATE).changed(dates=("2020-01-01", "2020-01-02"), note=None, limit=None, conf_per_run=[{"c": 2}])
    expected = [word for word in CREATE if word not in {"--note", "it's mine"}]
    expected += ["--date", "2020-01-01", "--date", "2020-01-02", "--conf-per-run", '[{"c": 2}]']
    assert shlex.split(changed) == ["airflow-groups", *expected]


def test_other_command_line_keeps_the_connection():
    other = typed(*CREATE, "--url", "http://h", "--local").other("wait", dag_id="a", prefix="p")
    assert other == "airflow-groups wait --dag-id a --prefix p --url http://h --local"
