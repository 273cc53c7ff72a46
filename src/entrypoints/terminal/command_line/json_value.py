"""A value of an option that is JSON, on the command line or in a file."""

import json
from pathlib import Path
from typing import Any

import click

FILE = "@"
"""How a value begins that names a file, as curl has it."""


class Json(click.ParamType):  # type: ignore[type-arg]  # generic in newer versions of click only
    """A JSON value of these types, or ``@`` and the path of a file that holds one."""

    name = "json"

    def __init__(self, *kinds: type) -> None:
        self._kinds = kinds

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, self._kinds):
            return value
        try:
            text = Path(value[len(FILE) :]).read_text(encoding="utf-8") if value.startswith(FILE) else value
            parsed = json.loads(text)
            # Python reads more than JSON has, such as NaN
            json.dumps(parsed, ensure_ascii=False, allow_nan=False).encode()
        except OSError as error:
            self.fail(f"cannot read {value[len(FILE) :]}: {error.strerror}", param, ctx)
        except (ValueError, RecursionError) as error:
            self.fail(f"not valid JSON: {error}", param, ctx)
        if not isinstance(parsed, self._kinds):
            names = " or ".join("an object" if kind is dict else "a list" for kind in self._kinds)
            self.fail(f"must be {names}, got {value!r}", param, ctx)
        return parsed
