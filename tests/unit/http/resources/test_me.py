"""``GET /api/v1/me``."""

import zoneinfo
from importlib.metadata import version

import pytest

from airflow_run_groups.entrypoints.http.security.authentication import NoAuthentication, TokenAuthentication
from airflow_run_groups.entrypoints.http.security.same_origin import SameOrigin
from airflow_run_groups.entrypoints.http.security.token_file import TokenFile
from airflow_run_groups.entrypoints.settings import Auth, Settings
from tests.unit.http.service import Service

ME = "/api/v1/me"


def test_a_caller_without_a_name_is_told_about_the_service():
    service = Service(authenticator=NoAuthentication(SameOrigin(())))
    assert service.ask(ME)["me"] == {
        "name": None,
        "auth": "none",
        "version": version("airflow-run-groups"),
        "default_timezone": "UTC",
        "max_limit": 500,
    }


def test_the_holder_of_a_token_is_told_its_name(tmp_path):
    file = tmp_path / "tokens"
    file.write_text("dashboard: board-0123456789abcdef read-only\n", encoding="utf-8")
    file.chmod(0o600)
    service = Service(
        authenticator=TokenAuthentication(file=TokenFile(file)), settings=Settings(backend="memory", auth=Auth.TOKEN)
    )
    me = service.ask(ME, headers={"Authorization": "Bearer board-0123456789abcdef"})["me"]
    assert (me["name"], me["auth"]) == ("dashboard", "token")
    assert service.get(ME).status_code == 401


def test_a_user_is_told_the_name_that_airflow_shows():
    class User:
        name, display_name = "7", "Erika"

    class Users:
        def identify(self, req):
            return User()

    assert Service(authenticator=Users()).ask(ME)["me"]["name"] == "Erika"


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
def test_the_time_zone_is_told_by_its_name(zone):
    assert Service(default_timezone=zoneinfo.ZoneInfo(zone)).ask(ME)["me"]["default_timezone"] == zone
