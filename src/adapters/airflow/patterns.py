"""The regular expressions of a DAG's params, tried in a process of their own before Airflow tries them in this one.

Python's ``re`` can take years, as ``^(a+)+$`` does for thirty letters, and no other thread runs meanwhile.
"""

import json
import subprocess
import sys
from collections.abc import Collection, Iterator
from typing import Any

from airflow_run_groups.domain.model import Conf

CPU_SECONDS = 1.0
"""Processor time for all of a request's texts; those that are meant take milliseconds."""
TIMEOUT = 10
"""Seconds by the clock, on a machine that is busy with other things."""

_TRY = """
import json, re, signal, sys
pairs = json.load(sys.stdin)
signal.setitimer(signal.ITIMER_PROF, float(sys.argv[1]))
for pattern, texts in pairs:
    try:
        for text in texts:
            re.search(pattern, text)
    except re.error:
        pass
"""


class PatternTooSlow(Exception):
    def __init__(self, names: Collection[str]) -> None:
        listed = ", ".join(map(repr, names))
        super().__init__(
            f"the regular expressions of {listed} take longer than {CPU_SECONDS:g} seconds for these texts: shorten the texts, "
            "or have the DAG's author write the expressions without nested repetition"
        )


def check_patterns(params: Any, confs: Collection[Conf]) -> None:
    """Try the regular expressions of each param on all texts that the configurations give it.

    :param params: those of a DAG as Airflow reads it (ParamsDict, from 3.2 on SerializedParamsDict).
    :raises PatternTooSlow: naming the params, when that takes too long.
    """
    texts: dict[str, set[str]] = {}
    names = []
    for name in params:
        patterns = set(_patterns(params.get_param(name).schema))
        given = {text for conf in confs if name in conf for text in _texts(conf[name])} if patterns else set()
        if given:
            names.append(name)
            for pattern in patterns:
                texts.setdefault(pattern, set()).update(given)
    if not texts:
        return
    pairs = json.dumps([[pattern, sorted(given)] for pattern, given in texts.items()])
    command = [sys.executable, "-I", "-S", "-c", _TRY, str(CPU_SECONDS)]
    try:
        done = subprocess.run(  # noqa: S603 - our own code, which reads patterns and texts
            command, input=pairs.encode(), check=False, capture_output=True, timeout=TIMEOUT
        )
    except subprocess.TimeoutExpired as error:
        raise PatternTooSlow(names) from error
    if done.returncode:
        raise PatternTooSlow(names)


def _patterns(schema: object) -> Iterator[str]:
    left = [schema]
    while left:
        part = left.pop()
        if isinstance(part, dict):
            if isinstance(part.get("pattern"), str):
                yield part["pattern"]
            properties = part.get("patternProperties")
            if isinstance(properties, dict):
                yield from properties
            left.extend(part.values())
        elif isinstance(part, list):
            left.extend(part)


def _texts(value: object) -> Iterator[str]:
    """Yield all texts in a value, keys among them: ``patternProperties`` are about those."""
    left = [value]
    while left:
        part = left.pop()
        if isinstance(part, str):
            yield part
        elif isinstance(part, dict):
            left.extend(part)
            left.extend(part.values())
        elif isinstance(part, list):
            left.extend(part)
