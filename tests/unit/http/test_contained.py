"""What a request raises ends neither the thread of a server nor the server."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from falcon import testing

from airflow_run_groups.adapters.memory import MemoryAuditLog
from airflow_run_groups.entrypoints.http.app import create_app
from airflow_run_groups.entrypoints.http.security.denials import Denials
from tests.envelope import error_of

ENDS = [SystemExit, KeyboardInterrupt, GeneratorExit]


class Ending:
    def __init__(self, error):
        self.error = error

    def on_get(self, req, resp):
        raise self.error


def client(error):
    app = create_app({"/end": Ending(error)}, [], prefix="", denials=Denials(MemoryAuditLog()))
    return testing.TestClient(app)


@pytest.mark.parametrize("error", ENDS)
def test_what_would_end_a_thread_is_a_500_in_our_envelope(error):
    with ThreadPoolExecutor(1) as threads:
        result = threads.submit(client(error).simulate_get, "/end").result()
    assert result.status_code == 500
    assert error_of(result.json)["reason"] == "internal_error"
    assert error.__name__ in result.json["response"]["error"]
    assert result.headers["X-Content-Type-Options"] == "nosniff"


def test_the_main_thread_can_be_ended():
    with pytest.raises(KeyboardInterrupt):
        client(KeyboardInterrupt).simulate_get("/end")
