"""A plan in short: stretches of dates about which a creation would do the same, however many dates the range holds."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum

from airflow_run_groups.domain.planning.dates import dates_of
from airflow_run_groups.domain.planning.draft import Draft
from airflow_run_groups.domain.planning.facts import PlanningFacts
from airflow_run_groups.domain.planning.request import GroupRequest
from airflow_run_groups.domain.planning.runs import Action, Plan
from airflow_run_groups.domain.stretches import stretches_of

MAX_DATES = 20_000
"""The most dates that one summary looks at."""
MAX_TIME = dt.timedelta(seconds=3)
"""For how long it looks at them: a timetable takes up to a millisecond for each, and reads have a deadline."""


class Detail(str, Enum):
    """How a plan is shown."""

    DATES = "dates"
    STRETCHES = "stretches"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Consecutive dates with one action, in the order of the runs: the first, the last, and how many, at least 1."""

    action: Action
    first: dt.datetime
    last: dt.datetime
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSummary:
    """The runs that a request would create, in as many requests as that takes.

    ``plan``: its runs, warnings and estimate, without its dates. Its ``next_start_date`` is where the next summary begins,
    or, where the request has a limit, the first date beyond it.
    """

    plan: Plan
    stretches: tuple[Stretch, ...]

    @property
    def counts(self) -> Mapping[str, int]:
        """How many dates there are with each action, by its value."""
        counts = Counter({action.value: 0 for action in Action})
        for stretch in self.stretches:
            counts[stretch.action.value] += stretch.total
        return counts

    @property
    def first_run_id(self) -> str | None:
        """The id of the first run that would be created, None when none would."""
        return self.plan.runs[0].run_id if self.plan.runs else None

    @property
    def last_run_id(self) -> str | None:
        return self.plan.runs[-1].run_id if self.plan.runs else None


def summarise(  # noqa: PLR0913 - a request, its facts, and what bounds the answer
    request: GroupRequest,
    facts: PlanningFacts,
    *,
    now: dt.datetime,
    limited: bool,
    planned: int,
    is_enough: Callable[[int], bool],
) -> PlanSummary:
    """Decide the same as ``plan_group``, and show stretches in place of dates.

    :param limited: whether the request's limit holds; else all dates of the range are planned.
    :param planned: how many runs earlier summaries of the same group would create; numbers and warnings count them.
    :param is_enough: tells whether to end before the next date, given how many dates there are.
    :raises Refused: as ``runs_to_create``.
    """
    draft = Draft(request, facts, now, limit=request.limit if limited else MAX_DATES, before=planned)
    decided: list[tuple[Action, dt.datetime]] = []
    is_whole = True
    for seen, (info, run) in enumerate(dates_of(request, facts, now=now, not_yet=MAX_DATES)):
        if seen == MAX_DATES or (seen and is_enough(seen)):
            is_whole = draft.next_start_date is not None
            if info.run_after <= now:
                draft.next_start_date = draft.next_start_date or info.logical_date
            break
        decided.append((draft.decide(info, run), info.logical_date))
    stretches = (
        Stretch(action=action, first=first, last=last, total=total)
        for action, first, last, total in stretches_of(decided)
    )
    plan = Plan(**draft.finish(), dates=())
    return PlanSummary(plan=plan if is_whole else replace(plan, plan_id=None), stretches=tuple(stretches))
