"""The service with its in-memory backend does what its description says, whatever it is asked."""

import json

from tests.contracts.fuzzing import FIRST_GROUP, TOKEN, fuzz
from tests.integration.http_memory.server import serving


def test_every_answer_is_as_described_and_what_is_refused_changes_nothing(tmp_path):
    headers = {"Authorization": TOKEN}
    with serving(tmp_path / "log", AIRFLOW__AIRFLOW_API_PLUGIN__AIRFLOW_API_AUTH=TOKEN) as server:
        _, _, first = server.request("POST", "/api/v1/dag_runs", json.dumps(FIRST_GROUP).encode(), headers)
        created = fuzz(f"http://127.0.0.1:{server.port}/api/v1", tmp_path)
        listed, start = [], 0
        while start is not None:
            _, _, page = server.get(f"/api/v1/dag_runs?limit=100&start={start}", headers=headers)
            listed += [run["run_id"] for run in page["response"]["dag_runs"]]
            start = page["response"]["next_start"]
        assert sorted(listed) == sorted(first["response"]["dag_run_ids"] + created)
        assert len(created) > 0
        log = server.log.read_text()
        assert "Traceback" not in log
        assert TOKEN not in log
