"""Notifier classes of Airflow's providers that an installation names for its callers, as the configuration has them."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_FORM = 'must be a JSON object such as {"slack": {"class": "package.module.Class", "arguments": {"text": "…"}}}'

_PATH = r"[^\W\d]\w*(\.[^\W\d]\w*)+"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifierClass:
    """A class by its path, ``package.module.Class``, and the arguments of its constructor."""

    path: str
    arguments: Mapping[str, Any] = field(repr=False)


def notifier_classes(text: str) -> Mapping[str, NotifierClass]:
    """Return the classes by the names that callers use.

    :raises ValueError: when the text is not of the form; the message completes the sentence "notifiers …".
    """
    try:
        named = json.loads(text)
    except json.JSONDecodeError as error:
        msg = f"{_FORM}, and is no JSON: {error}"
        raise ValueError(msg) from None
    if not isinstance(named, dict):
        raise ValueError(_FORM)  # noqa: TRY004 - as of each option
    return {name: _class(name, facts) for name, facts in named.items()}


def _class(name: str, facts: Any) -> NotifierClass:
    from airflow_run_groups.domain.control.notification import NAME  # noqa: PLC0415 - all of Airflow's components load this module

    if not re.fullmatch(NAME, name):
        msg = f"{_FORM}; a name has 1 to 250 letters, digits, _, . and -, which {name!r} has not"
        raise ValueError(msg)
    path = facts.get("class") if isinstance(facts, dict) else None
    arguments = facts.get("arguments", {}) if isinstance(facts, dict) else None
    is_path = isinstance(path, str) and re.fullmatch(_PATH, path)
    if not is_path or not isinstance(arguments, dict) or not facts.keys() <= {"class", "arguments"}:
        msg = f"{_FORM}, which {name!r} is not"
        raise ValueError(msg)
    return NotifierClass(path=str(path), arguments=arguments)
