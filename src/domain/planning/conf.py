"""Configurations of runs: how long one may be, and one for each run, from a list or a template."""

import datetime as dt
import json
import re
from collections.abc import Mapping
from typing import TypeAlias

from airflow_run_groups.domain.errors import InvalidConf
from airflow_run_groups.domain.model import Conf, in_utc
from airflow_run_groups.domain.timetable import DagRunInfo

MAX_CONF_BYTES = 64 * 1024
"""How long a configuration may be as UTF-8 JSON: it is stored with every run."""
FACTS = ("logical_date", "data_interval_start", "data_interval_end", "number", "run_id")
"""What a template may name, in braces."""

ConfPerRun: TypeAlias = "tuple[Conf, ...] | Conf"
"""A configuration for each date, or a template whose texts name facts of the run."""

_FACT = re.compile(r"\{(" + "|".join(FACTS) + r")\}")


def conf_size(conf: Conf) -> int:
    """Return how many bytes a configuration takes as UTF-8 JSON without white space."""
    return len(json.dumps(conf, ensure_ascii=False, separators=(",", ":")).encode())


def check_conf_size(conf: Conf, name: str) -> None:
    """Check that a configuration has at most ``MAX_CONF_BYTES``.

    :param name: how the error names the configuration.
    :raises InvalidConf: when it is longer.
    """
    if (size := conf_size(conf)) > MAX_CONF_BYTES:
        msg = f"{name} has {size} bytes, at most {MAX_CONF_BYTES} are allowed"
        raise InvalidConf(msg)


class Confs:
    """The configurations of a request's runs: those of each run, merged over that of all runs."""

    def __init__(self, conf: Conf, per_run: ConfPerRun, dates: tuple[dt.datetime, ...]) -> None:
        """Take a template, or a configuration for each of the dates."""
        self._conf = conf
        self._of_date: Mapping[dt.datetime, Conf] = {}
        self._template: Conf = {}
        if isinstance(per_run, tuple):
            self._of_date = dict(zip(dates, per_run, strict=True))
        else:
            self._template = per_run

    def of(self, info: DagRunInfo, *, number: int, run_id: str) -> Conf:
        """Return the configuration of one run.

        :raises InvalidConf: when it is longer than a configuration may be.
        """
        if self._of_date:
            own = self._of_date[info.logical_date]
        else:
            facts = {
                "logical_date": in_utc(info.logical_date),
                "data_interval_start": in_utc(info.data_interval.start),
                "data_interval_end": in_utc(info.data_interval.end),
                "number": str(number),
                "run_id": run_id,
            }
            own = {key: _filled(value, facts) for key, value in self._template.items()}
        conf = {**self._conf, **own}
        check_conf_size(conf, f"the conf of the run at {in_utc(info.logical_date)}")
        return conf


def _filled(value: object, facts: Mapping[str, str]) -> object:
    if isinstance(value, str):
        return _FACT.sub(lambda match: facts[match[1]], value)
    if isinstance(value, list):
        return [_filled(one, facts) for one in value]
    if isinstance(value, dict):
        return {key: _filled(one, facts) for key, one in value.items()}
    return value
