"""``--stop-after``: after how many failed runs a group is paused."""

import re
from typing import Any

import click


class Rule(dict[str, int]):
    """A rule as a request has it, and as text as the command line has it."""

    def __str__(self) -> str:
        return f"{self['failed']}" if "failed" in self else f"{self['failed_percent']}%/{self['of_at_least']}"


class StopAfterType(click.ParamType):  # type: ignore[type-arg]  # generic in newer versions of click only
    """``5`` for so many failed runs, or ``10%/50`` for so many percent of at least 50 that have ended; it is what a request has."""

    name = "stop-after"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        # imported here, since Airflow loads the commands in each of its components
        from airflow_run_groups.domain.control.stop_after import StopAfter  # noqa: PLC0415
        from airflow_run_groups.domain.errors import Refused  # noqa: PLC0415

        found = re.fullmatch(
            r"(?P<failed>[0-9]{1,7})|(?P<failed_percent>[0-9]{1,3})%/(?P<of_at_least>[0-9]{1,7})", value
        )
        if found is None:
            self.fail(
                f"it must be a number of failed runs, such as 5, or a share such as 10%/50, not {value!r}", param, ctx
            )
        numbers = Rule({name: int(text) for name, text in found.groupdict().items() if text is not None})
        try:
            StopAfter(**numbers)
        except Refused as error:
            self.fail(str(error), param, ctx)
        return numbers


STOP_AFTER = click.Option(
    ["--stop-after"],
    type=StopAfterType(),
    metavar="FAILED",
    help="Pause the group by itself after so many failed runs, such as 5, or 10%/50 for 10 percent of at least 50 that have ended. "
    "It needs the listener in Airflow's schedulers.",
)
STOP_FROM_OUTSIDE = click.Option(
    ["--stop-after"],
    type=StopAfterType(),
    metavar="FAILED",
    help="Pause the group after so many failed runs, such as 5 or 10%/50, and wait no longer. This command does it, and no listener.",
)
