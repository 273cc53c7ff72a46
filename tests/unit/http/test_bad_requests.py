"""Whatever is wrong with a request gets an answer that says what, and changes nothing."""

import pytest

from airflow_run_groups.entrypoints.http.security.authentication import TokenAuthentication
from tests.contracts.bad_requests import BAD_REQUESTS, BAD_TOKENS
from tests.unit.http.service import Service, error


@pytest.mark.filterwarnings("ignore:Unknown REQUEST_METHOD")
def test_a_bad_request_is_answered_with_its_reason_and_changes_nothing():
    service = Service()
    service.create(start_date="2020-01-01", end_date="2020-01-03")
    before = service.ask("/api/v1/dag_runs")
    wrong = []
    for row in BAD_REQUESTS:
        result = service.request(row.method, row.target, body=row.body, headers=row.headers)
        text = error(result)
        if result.status_code != row.status or not all(part in text for part in row.says):
            wrong.append((str(row), result.status, text[:300]))
    assert wrong == []
    assert service.ask("/api/v1/dag_runs") == before


@pytest.mark.parametrize("headers", BAD_TOKENS, ids=str)
@pytest.mark.parametrize("target", ["/api/v1/dags", "/api/v1/dag_runs", "/api/v1/dag_runs/x"])
def test_whoever_does_not_know_the_token_gets_nowhere(headers, target):
    service = Service(authenticator=TokenAuthentication("s3cret-token"))
    for method in ("GET", "POST", "OPTIONS"):
        result = service.request(method, target, headers=headers)
        assert result.status_code == 401
        assert result.headers["www-authenticate"] == "Bearer"
        assert "token" in error(result)
        assert "s3cret-token" not in result.text
