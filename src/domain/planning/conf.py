"""Configurations of runs: how long one may be, and one for each run, from a list or a template."""

import datetime as dt
import json
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from airflow_run_groups.domain.errors import InvalidConf
from airflow_run_groups.domain.model import Conf, in_utc
from airflow_run_groups.domain.planning.plan_id import Digest
from airflow_run_groups.domain.timetable import DagRunInfo

MAX_CONF_BYTES = 64 * 1024
"""How long a configuration may be as UTF-8 JSON: it is stored with every run."""
MAX_CONFS_BYTES = 4 * 1024 * 1024
"""How long all configurations of one request may be together, where each run has its own: all of them are in memory at once."""
FACTS = ("logical_date", "data_interval_start", "data_interval_end", "number", "run_id")
"""The names that a template may have, in braces."""

ConfPerRun: TypeAlias = "tuple[Conf, ...] | Conf"
"""A configuration for each date, or a template whose texts name facts of the run."""

_FACT = re.compile(r"\{(" + "|".join(FACTS) + r")\}")


def conf_size(conf: Conf) -> int:
    """Return how many bytes a configuration takes as UTF-8 JSON without white space."""
    return len(json.dumps(conf, ensure_ascii=False, separators=(",", ":")).encode())


def check_conf_size(conf: Conf, name: str) -> int:
    """Check that a configuration has at most ``MAX_CONF_BYTES``, and return how many it has.

    :param name: how the error names the configuration.
    :raises InvalidConf: when it is longer.
    """
    if (size := conf_size(conf)) > MAX_CONF_BYTES:
        msg = f"{name} has {size} bytes, at most {MAX_CONF_BYTES} are allowed"
        raise InvalidConf(msg)
    return size


class Confs:
    """The configurations of a request's runs: those of each run, merged over that of all runs.

    A value that does not differ from run to run is one object for all of them.
    """

    def __init__(
        self,
        given: "tuple[Conf, ConfPerRun | None, tuple[dt.datetime, ...]]",
        *,
        check: Callable[[Sequence[Conf]], None],
        at_a_time: int | None,
    ) -> None:
        """Take that of all runs, which is checked already; a template, or one for each of the dates, None for no more; the dates.

        :param check: checks configurations against the DAG's params, and raises InvalidConf.
        :param at_a_time: how many runs one request creates, where the runs of several are planned: their configurations are
            checked, and not kept. None keeps them, for ``check``.
        """
        self._conf, per_run, dates = given
        self.digest = Digest(self._conf)
        self._is_one = per_run is None
        self._check = check
        self._at_a_time = at_a_time
        self._unchecked: list[Conf] = []
        self._bytes = 0
        self._of_date: Mapping[dt.datetime, Conf] = {}
        self._template: Conf = {}
        if isinstance(per_run, tuple):
            self._of_date = dict(zip(dates, per_run, strict=True))
        elif per_run is not None:
            self._template = per_run

    def of(self, info: DagRunInfo, *, number: int, run_id: str) -> Conf:
        """Return the configuration of one run; that of all runs where it is not kept.

        :raises InvalidConf: when it is longer than a configuration may be, or all of them are longer than they may be.
        """
        if self._is_one:
            return self._conf
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
        date = in_utc(info.logical_date)
        self._bytes += check_conf_size(conf, f"the conf of the run at {date}")
        if self._bytes > MAX_CONFS_BYTES:
            msg = (
                f"the confs of the runs up to the one at {date} have {self._bytes} bytes together, at most {MAX_CONFS_BYTES} are "
                "allowed in one request: shorten conf_per_run, or create fewer runs at a time, with limit and partial"
            )
            raise InvalidConf(msg)
        self._unchecked.append(conf)
        self.digest.add(run_id, own)
        if self._at_a_time is None:
            return conf
        if len(self._unchecked) == self._at_a_time:
            self.check()
        return self._conf

    def check(self) -> None:
        """Check those that are not checked, as those of one request, against the DAG's params.

        :raises InvalidConf: when one does not fit.
        """
        self._check(self._unchecked)
        self._unchecked = []
        self._bytes = 0


def _filled(value: object, facts: Mapping[str, str]) -> object:
    """Return the value with its facts filled in, and the value itself where there are none."""
    if isinstance(value, str):
        return _FACT.sub(lambda match: facts[match[1]], value) if "{" in value else value
    if isinstance(value, list):
        items = [_filled(one, facts) for one in value]
        return value if all(map(operator.is_, items, value)) else items
    if isinstance(value, dict):
        filled = {key: _filled(one, facts) for key, one in value.items()}
        return value if all(map(operator.is_, filled.values(), value.values())) else filled
    return value
