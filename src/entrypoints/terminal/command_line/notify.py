"""``--notify``: where ``wait`` says that a group has ended, and where Airflow's schedulers do."""

import re
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


NOTIFIER = "notifier="
"""It stands before the name of a notifier, which could be that of a connection as well."""


class Subscription(dict[str, Any]):
    """``notify`` of a request; as text it is the option of the command line."""

    def __str__(self) -> str:
        target = self["connection_id"] if "connection_id" in self else f"{NOTIFIER}{self['notifier']}"
        return ":".join(filter(None, (target, ",".join(self.get("on", ())))))


class NotifyConnection(click.ParamType):  # type: ignore[type-arg]  # generic in newer versions of click only
    """``data_team`` for a connection, ``notifier=slack`` for a notifier, ``data_team:end,stop`` for some events."""

    name = "notify"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        # imported here, since Airflow loads the commands in each of its components
        from airflow_run_groups.domain.control.notification import NAME, GroupEvent  # noqa: PLC0415

        known = [event.value for event in GroupEvent]
        found = re.fullmatch(rf"(?P<notifier>{NOTIFIER})?(?P<name>{NAME})(?P<on>:.*)?", value)
        events = [] if found is None or found["on"] is None else found["on"][1:].split(",")
        if found is None or not set(events) <= set(known) or len(set(events)) < len(events):
            self.fail(
                f"it must be the id of an Airflow connection, or {NOTIFIER} and a name, of letters, digits, _, . and -, and behind a colon some "
                f"of {', '.join(known)}, none twice, such as data_team:end,stop, not {value!r}",
                param,
                ctx,
            )
        target = {"notifier" if found["notifier"] else "connection_id": found["name"]}
        return Subscription(**target, **({"on": events} if events else {}))


NOTIFY_CONNECTION = click.Option(
    ["--notify"],
    type=NotifyConnection(),
    metavar="CONNECTION[:EVENT,…]",
    help="Airflow's schedulers POST the group's state to this Airflow connection, or call this notifier=NAME, when it has ended, has stopped by itself, or has its "
    "first failure: end, stop, first_failure; all unless given. It needs the listener in Airflow's schedulers.",
)
NO_NOTIFY = click.Option(["--no-notify"], is_flag=True, help="Notify nobody of the group.")
