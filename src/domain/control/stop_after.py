"""The rule by which a group holds its rest when too many of its runs fail."""

import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple

from airflow_run_groups.domain.errors import Refused

MAX_FAILED = 1_000_000
"""The most runs that a rule may count up to."""
MAX_PERCENT = 100


class EndedRuns(NamedTuple):
    """How many runs of a group have succeeded and failed, of those that the rule counts. Cancelled runs are none of them."""

    success: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StopAfter:
    """After how many failed runs the rest of the group is held.

    Either ``failed``: that many runs, 1 to 1,000,000; or ``failed_percent``: 1 to 100 percent of the runs that have ended,
    as soon as at least ``of_at_least`` have, 1 to 1,000,000.

    :raises Refused: when it is neither or both, or a number is out of its bounds.
    """

    failed: int | None = None
    failed_percent: int | None = None
    of_at_least: int | None = None

    def __post_init__(self) -> None:
        is_share = self.failed_percent is not None and self.of_at_least is not None
        is_number = self.failed_percent is None and self.of_at_least is None
        if is_share is (self.failed is not None) or not (is_share or is_number):
            msg = "stop_after has either failed, or failed_percent and of_at_least"
            raise Refused(msg)
        for name, most in (("failed", MAX_FAILED), ("failed_percent", MAX_PERCENT), ("of_at_least", MAX_FAILED)):
            value: int | None = getattr(self, name)
            if value is not None and not 1 <= value <= most:
                msg = f"{name} of stop_after must be 1 to {most}, not {value}"
                raise Refused(msg)

    def __str__(self) -> str:
        """Say it in words, such as ``5 failed runs``."""
        if self.failed is not None:
            return f"{self.failed} failed run{'' if self.failed == 1 else 's'}"
        return f"{self.failed_percent}% failed of at least {self.of_at_least} runs"

    @property
    def as_keys(self) -> dict[str, int]:
        """The numbers that are given, by their names."""
        return {name: value for name in KEYS if (value := getattr(self, name)) is not None}

    def is_reached(self, ended: EndedRuns) -> bool:
        """Tell whether so many have failed."""
        if self.failed is not None:
            return ended.failed >= self.failed
        return sum(ended) >= (self.of_at_least or 0) and self._share_is_reached(ended)

    def successes_to_count(self, failed: int) -> int:
        """Return beyond which number of successes it does not matter how many more there are, with so many failed runs.

        It is 0 where successes do not matter at all.
        """
        if not failed or self.failed_percent is None:
            return 0
        harmless = failed * (MAX_PERCENT - self.failed_percent) // self.failed_percent
        return max(harmless + 1, (self.of_at_least or 0) - failed)

    def _share_is_reached(self, ended: EndedRuns) -> bool:
        return ended.failed > 0 and MAX_PERCENT * ended.failed >= (self.failed_percent or 0) * sum(ended)


KEYS = ("failed", "failed_percent", "of_at_least")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """When a group has stopped by itself, and by which rule."""

    at: dt.datetime
    rule: StopAfter
