"""The service's words at a terminal: an option in place of a key of the request, and what the reader can do next."""

import re
from collections.abc import Mapping

_PARTS = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|\w+")
"""Quoted values, which stay as they are, and words."""
_OF_A_REQUEST = re.compile(r"\blimit(?= must be | to at most )")
"""The ``limit`` of a request, which is the size of a step; ``--limit`` is that of all steps."""
_OF_THE_GROUP = re.compile(
    r"\b(?:max_active_runs|pace|new_group)(?= in the request| sets another| lets fewer| says whether)"
)
"""Keys of a request in the warnings of a creation."""
_DATES = re.compile(r"^dates(?= cannot | has | must )")
_HOW_TO_SEND = re.compile(r": send it in the header .*")
"""The part of an error that tells programs how to send a token."""
_AMBIGUOUS = {"max_active_runs"}
"""Keys of a request that are also the names of a DAG's own attributes."""
NO_CONNECTION = (
    "To use another service: --url URL, or AIRFLOW_GROUPS_URL. On Airflow's machine, without a service: --local."
)
NO_TOKEN = (
    "To send a token: --token-file FILE or AIRFLOW_GROUPS_TOKEN; --ask-token prompts for one. "  # noqa: S105 - a sentence
    "To sign in as a user of Airflow: --user NAME."
)


def without_headers(text: str) -> str:
    """Leave out of an error how a program sends a token."""
    return _HOW_TO_SEND.sub("", text)


def as_options(text: str, flags: Mapping[str, str]) -> str:
    """Name the options of a command in a text of the service, which names keys of a request.

    :param flags: the flag of each option by the key that it fills, such as ``--from-date`` by ``start_date``.
    """
    keys = {key: flag for key, flag in flags.items() if ("_" in key or key == "conf") and key not in _AMBIGUOUS}
    if "step" in flags:
        text = _OF_A_REQUEST.sub(flags["step"], text)
    for sentence in (_OF_THE_GROUP, _DATES):
        text = sentence.sub(lambda found: flags.get(found[0], found[0]), text)
    return _PARTS.sub(lambda part: keys.get(part[0], part[0]), text)
