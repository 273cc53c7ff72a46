"""The module that every component of Airflow imports, and the app that it mounts, without an Airflow."""

import asyncio
import importlib
import subprocess
import sys
import threading
from types import ModuleType
from urllib.parse import urljoin

import httpx
import pytest

import airflow_run_groups
from airflow_run_groups.entrypoints.http.security.headers import SECURITY_HEADERS
from tests.unit.http.service import Service

STAND_IN = """
import sys
from types import ModuleType
manager = ModuleType("airflow.plugins_manager")
manager.AirflowPlugin = type("AirflowPlugin", (), {})
configuration = ModuleType("airflow.configuration")
configuration.conf = type("Conf", (), {"get": staticmethod(lambda section, name, fallback: fallback)})
sys.modules.update(
    {"airflow": ModuleType("airflow"), "airflow.configuration": configuration, "airflow.plugins_manager": manager}
)
"""
"""What the module needs of Airflow. The real one is beside it in the tests that start Airflow's components."""
MOUNTED = "airflow_run_groups.entrypoints.airflow.mount"


def test_importing_the_plugin_loads_no_other_module_of_ours_and_nothing_that_had_to_be_installed():
    code = (
        f"{STAND_IN}\nbefore = set(sys.modules)\n"
        "import airflow_run_groups.entrypoints.airflow.plugin\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    foreign = [name for name in modules if name.partition(".")[0] not in sys.stdlib_module_names]
    assert foreign == [
        "airflow_run_groups",
        "airflow_run_groups.entrypoints",
        "airflow_run_groups.entrypoints.airflow",
        "airflow_run_groups.entrypoints.airflow.plugin",
    ]


class Conf(dict):
    """Airflow's configuration: what is set of our section, and of ``[api]`` the ``base_url``."""

    def get(self, section, name, *, fallback):
        assert section == ("api" if name == "base_url" else "airflow_api_plugin")
        return super().get(name, fallback)


@pytest.fixture
def conf():
    return Conf()


@pytest.fixture
def knows_pages():
    """Return whether Airflow's UI shows pages of plugins, as from 3.1 on."""
    return True


@pytest.fixture
def plugin(monkeypatch, conf, knows_pages):
    monkeypatch.setitem(sys.modules, "airflow", ModuleType("airflow"))
    manager = ModuleType("airflow.plugins_manager")
    manager.AirflowPlugin = type("AirflowPlugin", (), {"react_apps": []} if knows_pages else {})
    monkeypatch.setitem(sys.modules, "airflow.plugins_manager", manager)
    configuration = ModuleType("airflow.configuration")
    configuration.conf = conf
    monkeypatch.setitem(sys.modules, "airflow.configuration", configuration)
    monkeypatch.delitem(sys.modules, "airflow_run_groups.entrypoints.airflow.plugin", raising=False)
    yield importlib.import_module("airflow_run_groups.entrypoints.airflow.plugin")
    del sys.modules["airflow_run_groups.entrypoints.airflow.plugin"]


class Building:
    """What stands for the building of the service: it fails until it is told not to."""

    def __init__(self, monkeypatch):
        module = ModuleType(MOUNTED)
        module.mounted = self
        monkeypatch.setitem(sys.modules, MOUNTED, module)
        self.error = None
        self.threads = []

    def __call__(self, mount):
        self.threads.append(threading.current_thread())
        if self.error is not None:
            raise self.error

        async def app(scope, receive, send):
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": mount.encode()})

        return app


@pytest.fixture
def building(monkeypatch):
    return Building(monkeypatch)


def get(app, times=1):
    async def main():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            return await asyncio.gather(*(client.get("/dags") for _ in range(times)))

    return asyncio.run(main())


def test_the_service_is_built_once_by_the_first_requests_and_beside_the_event_loop(plugin, building):
    (mount,) = plugin.RunGroupsPlugin.fastapi_apps
    app = plugin.LazyApp()
    assert building.threads == []
    assert [answer.text for answer in get(app, times=8)] == ["/api/v1"] * 8
    assert mount["url_prefix"] == "/api/v1"
    assert len(building.threads) == 1
    assert building.threads != [threading.main_thread()]


def test_a_service_that_cannot_be_built_is_a_503_in_our_form_and_a_line_in_the_log(plugin, building, caplog):
    building.error = ValueError("[airflow_api_plugin] has no option 'x'")
    (answer,) = get(plugin.LazyApp())
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "30"
    assert {name: answer.headers[name] for name, _ in SECURITY_HEADERS} == dict(SECURITY_HEADERS)
    assert answer.json() == {
        "response": {
            "error": "the service cannot start with its present configuration; the log of Airflow's API server says why",
            "reason": "cannot_start",
        }
    }
    (record,) = caplog.records
    assert record.levelname == "ERROR"
    assert record.getMessage() == (
        "The plugin airflow_run_groups answers 503 at /api/v1, as it cannot start: [airflow_api_plugin] has no option 'x'"
    )


def test_it_is_tried_again_after_a_while_and_not_at_each_request(plugin, building, monkeypatch):
    now = 1000.0
    monkeypatch.setattr(plugin.time, "monotonic", lambda: now)
    app = plugin.LazyApp()
    building.error = ValueError("no secret")
    assert [answer.status_code for answer in get(app, times=5)] == [503] * 5
    building.error = None
    assert [answer.status_code for answer in get(app, times=5)] == [503] * 5
    assert len(building.threads) == 1
    now += 31
    assert [answer.status_code for answer in get(app, times=5)] == [200] * 5
    assert len(building.threads) == 2


@pytest.mark.parametrize(
    "conf", [Conf(), *(Conf(mount_in_airflow=text) for text in ("true", "True", "no", ""))], ids=str
)
def test_the_service_is_mounted_unless_it_is_left_out(plugin):
    (app,) = plugin.RunGroupsPlugin.fastapi_apps
    assert (app["url_prefix"], app["name"]) == ("/api/v1", "airflow-run-groups")


@pytest.mark.parametrize("conf", [Conf(mount_in_airflow=text) for text in ("false", "False", " false ")], ids=str)
def test_the_service_can_be_left_out_of_the_api_server(plugin):
    assert plugin.RunGroupsPlugin.fastapi_apps == []
    assert plugin.RunGroupsPlugin.react_apps == []


@pytest.mark.parametrize(
    ("conf", "below"),
    [
        (Conf(), ""),
        (Conf(base_url=None), ""),
        (Conf(base_url="http://127.0.0.1:8080"), ""),
        (Conf(base_url="https://airflow.example.com/"), ""),
        (Conf(base_url="https://airflow.example.com/data/airflow"), "/data/airflow"),
        (Conf(base_url="https://airflow.example.com/data/airflow/"), "/data/airflow"),
        (Conf(ui="true"), ""),
        (Conf(ui="no"), ""),  # which the service refuses, and says so
    ],
    ids=str,
)
def test_airflows_navigation_and_each_dag_have_the_page(plugin, below):
    files = f"{below}/api/v1/ui/{airflow_run_groups.__version__}"
    in_navigation, of_dag = plugin.RunGroupsPlugin.react_apps
    assert in_navigation == {
        "name": "Groups",
        "destination": "nav",
        "url_route": "run-groups",
        "bundle_url": f"{files}/groups.js",
        "icon": f"{files}/icon.svg",
        "icon_dark_mode": f"{files}/icon-dark.svg",
        "nav_top_level": True,
    }
    assert of_dag == {**in_navigation, "destination": "dag", "url_route": "dag-run-groups"}
    (app,) = plugin.RunGroupsPlugin.fastapi_apps
    assert app["url_prefix"] == "/api/v1"


@pytest.mark.parametrize("conf", [Conf(ui=text) for text in ("false", "False", " false ")], ids=str)
def test_the_page_can_be_left_out_of_airflow_and_the_service_stays(plugin):
    assert plugin.RunGroupsPlugin.react_apps == []
    assert len(plugin.RunGroupsPlugin.fastapi_apps) == 1


@pytest.mark.parametrize("knows_pages", [False])
def test_airflow_3_0_which_shows_no_pages_of_plugins_is_given_none(plugin):
    assert plugin.RunGroupsPlugin.react_apps == []
    assert len(plugin.RunGroupsPlugin.fastapi_apps) == 1


def test_page_has_the_name_that_its_bundle_defines_and_its_files_are_served(plugin):
    (name,) = {page["name"] for page in plugin.RunGroupsPlugin.react_apps}
    service = Service()
    for page in plugin.RunGroupsPlugin.react_apps:
        for key in ("bundle_url", "icon", "icon_dark_mode"):
            sent_on = service.get(page[key])
            file = service.get(urljoin(page[key], sent_on.headers["location"]))
            assert (sent_on.status_code, file.status_code) == (307, 200)
            if key == "bundle_url":
                assert f'globalThis["{name}"]' in file.text
