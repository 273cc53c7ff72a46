"""JSON with nothing in it that a database, or another reader of the same text, would take differently."""

import json
import math
from typing import NoReturn

MAX_DEPTH = 64
"""How deep objects and lists may be nested."""
MAX_ITEMS = 100_000
"""How many items, lists and objects it may hold: an empty object takes 2 bytes of text, and 70 of memory."""
MAX_DIGITS = 1000
"""How many digits a number may have."""


def parse(text: str) -> object:
    """Read one JSON value.

    :raises ValueError: saying what is wrong. Beside broken JSON these are a key that an object has twice, NaN, Infinity
        and numbers beyond a double, NUL characters, lone surrogates, and what has too many items or is nested too deeply.
    """
    if _items(text) > MAX_ITEMS and _items(_without_texts(text)) > MAX_ITEMS:
        msg = f"it holds more than {MAX_ITEMS} items, lists and objects"
        raise ValueError(msg)
    try:
        value = json.loads(
            text, object_pairs_hook=_object, parse_int=_integer, parse_float=_number, parse_constant=_constant
        )
    except RecursionError:
        raise _too_deep() from None
    _check(value)
    return value


def _items(text: str) -> int:
    """Return how many items, lists and objects a JSON text has, or somewhat more. Those that do not end are nested too deeply."""
    return text.count(",") + text.count("]") + text.count("}")


def _without_texts(text: str) -> str:
    """Return what is outside the quotes of a JSON text."""
    return "".join(text.replace("\\\\", "").replace('\\"', "").split('"')[::2])


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value: dict[str, object] = {}
    for key, item in pairs:
        if key in value:
            msg = f"the key {key[:100]!r} is there twice"
            raise ValueError(msg)
        value[key] = item
    return value


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        msg = f"a number has more than {MAX_DIGITS} digits"
        raise ValueError(msg)
    return int(text)


def _number(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        msg = f"the number {text[:100]} is beyond what a double holds"
        raise ValueError(msg)
    return number


def _constant(text: str) -> NoReturn:
    msg = f"{text} is not a JSON number"
    raise ValueError(msg)


def _check(value: object) -> None:
    """Walk the whole value, level by level."""
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        inner: list[object] = []
        for item in level:
            if isinstance(item, str):
                _check_text(item)
            elif isinstance(item, list):
                inner.extend(item)
            elif isinstance(item, dict):
                for key in item:
                    _check_text(key)
                inner.extend(item.values())
        if not inner:
            return
        level = inner
    raise _too_deep()


def _check_text(text: str) -> None:
    if "\0" in text:
        msg = "it holds a NUL character"
        raise ValueError(msg)
    try:
        text.encode()
    except UnicodeEncodeError:
        msg = "it holds half of a surrogate pair, which is no character"
        raise ValueError(msg) from None


def _too_deep() -> ValueError:
    return ValueError(f"it is nested more than {MAX_DEPTH} levels deep")
