"""How the texts of options become values: each returns a function that raises a ValueError which completes the sentence "name …".

Every component of Airflow loads this module with the settings, so it imports the standard library only.
"""

import re
from collections.abc import Callable

ANY_HOST = "*"


def one_of(*allowed: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in allowed:
            msg = f"must be one of {', '.join(allowed)}, not {text!r}"
            raise ValueError(msg)
        return text

    return parse


def flag(text: str) -> bool:
    return one_of("true", "false")(text.lower()) == "true"


def between(least: float, most: float, unit: str, number: Callable[[str], float]) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            value = number(text)
        except ValueError:
            value = least - 1
        if not least <= value <= most:
            msg = f"must be {unit} from {least:g} to {most:g}, not {text!r}"
            raise ValueError(msg)
        return value

    return parse


def seconds(least: float) -> Callable[[str], float]:
    return between(least, 3600, "a number of seconds", float)


def path(text: str) -> str:
    if not text.startswith("/"):
        msg = f"must be a path that begins with a slash, not {text!r}"
        raise ValueError(msg)
    return text


def hosts(text: str) -> frozenset[str]:
    hosts = [host.strip().lower() for host in text.split(",")]
    if not all(host == ANY_HOST or re.fullmatch(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*", host) for host in hosts):
        msg = f"must be host names without scheme and port, with commas between them, or {ANY_HOST}, not {text!r}"
        raise ValueError(msg)
    return frozenset(hosts)


def rate(text: str) -> str:
    if not re.fullmatch("[1-9][0-9]{0,4}/(second|minute|hour|day)", text):
        msg = f"must be a number from 1 to 99999 and /second, /minute, /hour or /day, such as 60/minute, not {text!r}"
        raise ValueError(msg)
    return text
