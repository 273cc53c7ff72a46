"""What `make run` sets up is for somebody who tries things."""

import configparser
from runpy import run_path

from tests.documents import ROOT


def test_new_dag_file_is_found_within_seconds(tmp_path):
    configure = run_path(str(ROOT / "examples" / "airflow_home.py"))["configure"]
    configure.__globals__["HOME"] = tmp_path
    configure(airflow_port=8080)
    config = configparser.ConfigParser(interpolation=None)
    config.read(tmp_path / "airflow.cfg")
    assert config.getint("dag_processor", "refresh_interval") <= 10
    assert config.getint("dag_processor", "min_file_process_interval") <= 10


def test_installing_is_quiet():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    installing = [line for line in makefile.splitlines() if "uv pip install" in line]
    assert [line for line in installing if " -q" not in line] == []
