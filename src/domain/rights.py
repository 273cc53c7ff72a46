"""The permissions of a caller for the runs of a DAG that they may see."""

from typing import NamedTuple


class Rights(NamedTuple):
    """``create``: more runs of the DAG. ``change``: its runs, as by pausing, cancelling, retrying or a note."""

    create: bool
    change: bool
