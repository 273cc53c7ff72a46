"""``--notify``: where ``wait`` says that a group has ended. As ``commands``, this loads click alone."""

from typing import Any
from urllib.parse import urlsplit

import click


class NotifyUrl(click.ParamType):  # type: ignore[type-arg]  # generic in newer versions of click only
    name = "url"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            parts = urlsplit(value)
            _ = parts.port
        except ValueError as error:
            self.fail(f"it is no URL: {error}", param, ctx)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            self.fail("it must begin with http:// or https://, and a host", param, ctx)
        return value


NOTIFY = click.Option(
    ["--notify"],
    type=NotifyUrl(),
    metavar="URL",
    help="POST the group's state there when it has ended, or is paused by --stop-after; at least once, each time with the same key. The "
    "exit status is 4 when nobody has taken it.",
)
