"""Options that several commands have."""

from collections.abc import Sequence

import click


def many(names: Sequence[str], *, metavar: str, text: str) -> click.Option:
    """Return an option that can be given many times; without it the parameter is None."""
    return click.Option(
        names,
        multiple=True,
        callback=lambda _ctx, _option, values: values or None,
        metavar=metavar,
        help=f"{text} Can be given many times.",
    )


ABOUT = (
    click.Option(["--description"], help="The purpose of the group, 1 to 1,000 characters."),
    many(["--label", "labels"], metavar="TEXT", text="A label of the group, 1 to 64 characters."),
)
NOTHING_SAID = (
    click.Option(["--no-description"], is_flag=True, help="Take the description away."),
    click.Option(["--no-labels"], is_flag=True, help="Take all labels away."),
)
