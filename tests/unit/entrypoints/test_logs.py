"""The log as somebody reads it, or a machine."""

import io
import json
import logging

import pytest
import structlog

from airflow_run_groups.entrypoints import logs


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def configured(monkeypatch):
    """Have the log of this process written to a stream, and all as it was when the test is over."""
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", list(root.handlers))
    monkeypatch.setattr(root, "level", root.level)
    monkeypatch.setattr(logs, "_lines", None)

    def configure(stream=None, level=logging.INFO):
        stream = stream or io.StringIO()
        logs.configure(stream, level)
        return stream

    yield configure
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    logging.getLogger().manager._clear_cache()  # noqa: SLF001 - the level is put back past it


def lines(stream):
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_where_there_is_no_terminal_a_line_is_a_json_object(configured):
    stream = configured()
    logging.getLogger("gunicorn.error").getChild("x").info("Booting %s", "worker")
    logs.log_request({"method": "GET", "status": 200})
    booting, request = lines(stream)
    assert booting.pop("timestamp").endswith("Z")
    assert booting == {"event": "Booting worker", "level": "info", "logger": "gunicorn.error.x"}
    assert request.pop("timestamp").endswith("Z")
    assert request == {
        "event": "request",
        "level": "info",
        "logger": "airflow_run_groups.access",
        "method": "GET",
        "status": 200,
    }


def test_what_else_a_line_knows_is_a_key_of_its_own(configured):
    stream = configured()
    logging.getLogger("elsewhere").warning("slow", extra={"seconds": 1.5})
    (line,) = lines(stream)
    assert line["seconds"] == 1.5


def test_airflows_own_lines_have_the_same_form(configured):
    stream = configured()
    structlog.get_logger("airflow.models").warning("DAG %s is odd", "a", dag_id="a")
    (line,) = lines(stream)
    assert {key: line[key] for key in ("event", "level", "logger", "dag_id")} == {
        "event": "DAG a is odd",
        "level": "warning",
        "logger": "airflow.models",
        "dag_id": "a",
    }


def test_a_traceback_is_within_the_line_and_the_request_it_belongs_to_is_named(configured):
    stream = configured()
    structlog.contextvars.bind_contextvars(request_id="abc")
    try:
        int("broken")
    except ValueError:
        logging.getLogger("somewhere").exception("it failed")
    (line,) = lines(stream)
    assert line["request_id"] == "abc"
    assert "ValueError: invalid literal" in line["exception"]


def test_a_value_that_is_no_json_does_not_lose_the_line(configured):
    stream = configured()
    logging.getLogger("somewhere").warning("odd", extra={"thing": {1: object, "text": "\udc80"}})
    (line,) = lines(stream)
    assert line["event"] == "odd"


def test_on_a_terminal_a_line_is_for_reading_and_has_no_control_characters_of_a_client(configured):
    stream = configured(Terminal())
    logs.log_request({"method": "GET", "dag_id": "a\x1b[2J\nb"})
    logging.getLogger("somewhere").warning("bad %s", "\x1b[2Jname")
    said = stream.getvalue()
    assert len(said.splitlines()) == 2
    assert "request" in said
    assert "\x1b[2J" not in said
    assert r"a\x1b[2J\nb" in said


def test_on_a_terminal_a_traceback_has_no_local_variables(configured):
    stream = configured(Terminal())
    try:
        password = "hunter2"
        int(f"broken {len(password)}")
    except ValueError:
        logging.getLogger("somewhere").exception("it failed")
    assert "ValueError: invalid literal" in stream.getvalue()
    assert "hunter2" not in stream.getvalue().replace('password = "hunter2"', "")  # but for the line of the code


@pytest.mark.parametrize(("level", "count"), [(logging.INFO, 2), (logging.WARNING, 1)])
def test_the_level_holds_for_all_of_it(configured, level, count):
    stream = configured(level=level)
    logs.log_request({})
    logging.getLogger("x").warning("so")
    assert len(lines(stream)) == count


def test_the_level_holds_for_loggers_that_have_a_lower_one(configured, monkeypatch):
    monkeypatch.setattr(logging.getLogger("airflow"), "level", logging.INFO)
    logging.getLogger().manager._clear_cache()  # noqa: SLF001 - the level is set past it
    stream = configured(level=logging.WARNING)
    logging.getLogger("airflow.models").info("a detail")
    logging.getLogger("airflow.models").warning("so")
    assert [line["event"] for line in lines(stream)] == ["so"]


def test_a_filter_that_masks_secrets_stays(configured):
    def mask(record):
        record.msg = record.msg.replace("secret", "***")
        return True

    logging.getLogger().handlers[0].addFilter(mask)
    try:
        stream = configured()
        logging.getLogger("x").warning("a secret")
    finally:
        for handler in logging.getLogger().handlers:
            handler.removeFilter(mask)
    assert lines(stream)[0]["event"] == "a ***"


def test_a_line_that_another_handler_would_write_too_is_written_once(configured, capsys):
    logger = logging.getLogger("gunicorn.test")
    logger.addHandler(logging.StreamHandler())
    logger.propagate = False
    stream = configured()
    logger.warning("so")
    assert [line["event"] for line in lines(stream)] == ["so"]
    assert capsys.readouterr().err == ""


def test_where_the_log_is_somebody_elses_a_request_is_a_plain_line_of_it(caplog, monkeypatch):
    monkeypatch.setattr(logs, "_lines", None)
    with caplog.at_level(logging.INFO, logger="airflow_run_groups.access"):
        logs.log_request({"method": "GET", "dag_id": "a\nb"})
    assert caplog.messages == [r"request method='GET' dag_id='a\nb'"]
