"""A configuration of its own for each run: from a list, or from a template that names facts of the run."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping

from airflow_run_groups.domain.errors import Refused
from airflow_run_groups.domain.model import Conf, DagRunInfo, in_utc
from airflow_run_groups.domain.request import GroupRequest

MAX_CONF_BYTES = 64 * 1024
"""How long a configuration may be as UTF-8 JSON: it is stored with every run."""
FACTS = ("logical_date", "data_interval_start", "data_interval_end", "number", "run_id")
"""What a template may name, in braces."""

_FACT = re.compile(r"\{(" + "|".join(FACTS) + r")\}")


def conf_size(conf: Conf) -> int:
    """Return how many bytes a configuration takes as UTF-8 JSON without white space."""
    return len(json.dumps(conf, ensure_ascii=False, separators=(",", ":")).encode())


class Confs:
    """The configurations of a request's runs."""

    def __init__(self, request: GroupRequest) -> None:
        """Merge what is said for each run over what is said for all."""
        self._conf = request.conf or {}
        self._of_date: Mapping[dt.datetime, Conf] = {}
        self._template: Conf = {}
        if isinstance(request.conf_per_run, tuple):
            self._of_date = dict(zip(request.dates or (), request.conf_per_run, strict=True))
        else:
            self._template = request.conf_per_run or {}

    def of(self, info: DagRunInfo, *, number: int, run_id: str) -> Conf:
        """Return the configuration of one run.

        :raises Refused: when it is longer than a configuration may be.
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
        if (size := conf_size(conf)) > MAX_CONF_BYTES:
            msg = f"the conf of the run at {in_utc(info.logical_date)} has {size} bytes, at most {MAX_CONF_BYTES} are allowed"
            raise Refused(msg)
        return conf


def _filled(value: object, facts: Mapping[str, str]) -> object:
    if isinstance(value, str):
        return _FACT.sub(lambda match: facts[match[1]], value)
    if isinstance(value, list):
        return [_filled(one, facts) for one in value]
    if isinstance(value, dict):
        return {key: _filled(one, facts) for key, one in value.items()}
    return value
