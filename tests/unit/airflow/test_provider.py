"""What Airflow is told about the options."""

import sys
from importlib import import_module

from airflow_run_groups.entrypoints.airflow.provider import get_provider_info
from airflow_run_groups.entrypoints.settings import OPTIONS, read_settings
from tests.unit.test_packaging import loaded_by


def _options():
    return get_provider_info()["config"]["airflow_api_plugin"]["options"]


def test_every_option_is_described_with_its_default():
    assert list(_options()) == list(OPTIONS)
    assert all(option["description"].strip() for option in _options().values())


def test_the_defaults_can_be_written_down_as_they_are():
    prefix = "AIRFLOW__AIRFLOW_API_PLUGIN__"
    environ = {f"{prefix}{name.upper()}": option["default"] for name, option in _options().items() if option["default"]}
    memory = {f"{prefix}BACKEND": "memory"}
    assert read_settings({**environ, **memory}) == read_settings(memory)


def test_the_token_alone_is_sensitive():
    assert [name for name, option in _options().items() if option["sensitive"]] == ["airflow_api_auth"]


def test_the_plugin_is_declared_as_an_entry_point_and_not_here_as_well():
    assert "plugins" not in get_provider_info()


def test_the_commands_are_where_it_says():
    (path,) = get_provider_info()["cli"]
    module, _, name = path.rpartition(".")
    assert callable(getattr(import_module(module), name))


def test_looking_at_the_commands_loads_what_describes_them_and_no_more():
    modules = loaded_by("import airflow_run_groups.entrypoints.airflow.commands")
    assert {name for name in modules if name not in sys.stdlib_module_names} <= {"airflow_run_groups", "click"}


def test_telling_it_loads_nothing_that_has_to_be_installed():
    modules = loaded_by("from airflow_run_groups.entrypoints.airflow.provider import *; get_provider_info()")
    assert {name for name in modules if name not in sys.stdlib_module_names} <= {"airflow_run_groups"}
