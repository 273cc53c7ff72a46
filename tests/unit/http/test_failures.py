"""A failure of the service: a 500 that tells nothing, and a traceback in the log without a value of the request."""

import io
import logging
from traceback import TracebackException

import pytest

from airflow_run_groups.adapters.tracebacks import without_locals
from airflow_run_groups.entrypoints.http.security.authentication import TokenAuthentication
from tests.unit.http.service import Service, reason


class WithLocals(logging.Formatter):
    """Shows local variables, as an operator's handler may, or Airflow's own in a development environment."""

    def formatException(self, ei):  # noqa: N802 - the base's name
        return "".join(TracebackException(*ei, capture_locals=True).format())


@pytest.fixture
def log():
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(WithLocals())
    logger = logging.getLogger("airflow_run_groups.entrypoints.http.errors")
    logger.addHandler(handler)
    yield stream
    logger.removeHandler(handler)


def test_failure_is_logged_without_conf_and_token_whatever_the_handler_shows(log):
    def clock():
        message = "the clock has stopped"
        raise RuntimeError(message)

    service = Service(clock, authenticator=TokenAuthentication("hunter2-hunter2"))
    body = {"dag_id": "example_daily", "start_date": "2024-12-01", "conf": {"password": "swordfish"}}
    headers = {"Authorization": "hunter2-hunter2"}
    answer = service.request("POST", "/api/v1/dag_runs", json=body, headers=headers)
    assert (answer.status_code, reason(answer)) == (500, "internal_error")
    assert "RuntimeError: the clock has stopped" in log.getvalue()
    assert "in on_post" in log.getvalue()
    assert "swordfish" not in log.getvalue()
    assert "hunter2" not in log.getvalue()


def test_errors_behind_an_error_have_no_local_variables_either():
    def fail(secret):
        try:
            int(f"broken {len(secret)}")
        except ValueError as error:
            message = "it failed"
            raise RuntimeError(message) from error

    with pytest.raises(RuntimeError) as caught:
        fail("swordfish")
    shown = "".join(TracebackException.from_exception(without_locals(caught.value), capture_locals=True).format())
    assert "ValueError" in shown
    assert "in fail" in shown
    assert "swordfish" not in shown
