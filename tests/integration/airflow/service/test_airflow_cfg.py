"""A mistake in airflow.cfg ends the service with a sentence, in which nothing of what the file says can be read."""

import os
import subprocess
import sys

import pytest

from tests.integration.airflow.conftest import DATABASE

PERCENT = "a % that stands for itself is written %%"
MISTAKES = {
    "a % in the token": ("[airflow_api_plugin]\nairflow_api_auth = s3cret%s3cret\n", "airflow_api_auth", PERCENT),
    "a % in the address of the database": (
        "[database]\nsql_alchemy_conn = postgresql://a:s3cret%40s3cret@localhost/airflow\n",
        "[database] sql_alchemy_conn in airflow.cfg",
        PERCENT,
    ),
    "a command that fails": (
        """[airflow_api_plugin]\nairflow_api_auth_cmd = sh -c "echo s3cret; echo s3cret >&2; exit 3"\n""",
        "airflow_api_auth: its command ends with the code 3",
        "`airflow config get-value airflow_api_plugin airflow_api_auth` shows it whole",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistake_in_airflow_cfg_is_told_without_a_secret(tmp_path, mistake):
    text, *sentences = MISTAKES[mistake]
    (tmp_path / "airflow.cfg").write_text(text)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW__")}
    if "database" not in mistake:
        environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = f"sqlite:///{tmp_path}/{DATABASE}.db"
    command = (
        sys.executable,
        "-c",
        "from airflow_run_groups.entrypoints.terminal.command_line.main import main; main()",
    )
    ended = subprocess.run(
        [*command, "serve", "--bind", "127.0.0.1:0"],
        env={**environment, "AIRFLOW_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    said = ended.stdout + ended.stderr
    assert ended.returncode == 2, said
    assert all(sentence in said for sentence in sentences), said
    assert "s3cret" not in said
    assert "Traceback" not in said
