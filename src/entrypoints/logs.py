"""The log of the service on its own: every line of the process, gunicorn's and Airflow's too, as JSON or for a terminal.

Where nobody calls ``configure``, as inside Airflow's API server, the log is whatever that process has made of it.
"""

import json
import logging
from collections.abc import Mapping
from typing import Any, TextIO

import orjson
import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, Processor

ACCESS = "airflow_run_groups.access"
"""The logger of the lines about requests."""

_log = logging.getLogger(ACCESS)
_lines: Any = None


def log_request(facts: Mapping[str, object]) -> None:
    """Write the line about one request. Every request has one, so it bypasses the standard library: a quarter of the time."""
    if _lines is not None:
        _lines.info("request", **facts)
    elif _log.isEnabledFor(logging.INFO):
        _log.info("request %s", " ".join(f"{key}={value!r}" for key, value in facts.items()))


def configure(stream: TextIO, level: int) -> None:
    """Write what this process logs from now on to this stream, each line once, even if its log has been set up before.

    Lines that go to files still do. Filters of handlers that go are kept: Airflow 3.0 has one there that masks secrets.
    """
    global _lines  # noqa: PLW0603 - a process has one log
    stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
    facts: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        stamp,
    ]
    renderers: list[Processor] = (
        [_escape, structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if stream.isatty()
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(_json)]
    )
    handler = logging.StreamHandler(stream)
    handler.setLevel(level)  # loggers may have a level of their own, as Airflow's has, and pass what the root would not
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *facts],
            processors=[ProcessorFormatter.remove_processors_meta, *renderers],
        )
    )
    root = logging.getLogger()
    for replaced in root.handlers:
        for kept in replaced.filters:
            handler.addFilter(kept)
    root.handlers = [handler]
    root.setLevel(level)
    for logger in logging.Logger.manager.loggerDict.values():
        if isinstance(logger, logging.Logger) and any(map(_is_for_a_stream, logger.handlers)):
            logger.handlers = [one for one in logger.handlers if not _is_for_a_stream(one)]
            logger.propagate = True
    # Airflow, from 3.1 on, logs with structlog as well.
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *facts,
            ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    _lines = structlog.wrap_logger(
        structlog.WriteLogger(stream),
        processors=[structlog.processors.add_log_level, stamp, *renderers],
        wrapper_class=structlog.make_filtering_bound_logger(level),
    ).bind(logger=ACCESS)


def _is_for_a_stream(handler: logging.Handler) -> bool:
    return isinstance(handler, logging.StreamHandler) and not isinstance(handler, logging.FileHandler)


def _json(event: EventDict, **_: object) -> str:
    try:
        return orjson.dumps(event, default=repr, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:  # a lone surrogate, which is no text
        return json.dumps(event, default=repr)


def _escape(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Show control characters, which a client may have sent, and to which a terminal would listen."""
    for key, value in event.items():
        if isinstance(value, str) and not value.isprintable():
            event[key] = value.encode("unicode_escape").decode()
    return event
