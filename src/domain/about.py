"""Description and labels of a group as a whole, and where its notifications go: nothing of it controls the group."""

import datetime as dt
from dataclasses import dataclass

from airflow_run_groups.domain.control.change import GroupChange, Keep
from airflow_run_groups.domain.control.notification import Subscription, subscription_to
from airflow_run_groups.domain.planning.runs import CreatedRuns

MAX_DESCRIPTION_LENGTH = 1000
"""Characters of a description."""
MAX_LABELS = 20
"""Labels of a group."""
MAX_LABEL_LENGTH = 64
"""Characters of a label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """A description of 1 to 1,000 characters, None without one, and at most 20 labels of 1 to 64 characters, none twice.

    ``subscription``: where notifications of the group go, None for nowhere.
    """

    description: str | None = None
    labels: tuple[str, ...] = ()
    subscription: Subscription | None = None

    def __bool__(self) -> bool:
        """Tell whether anything is said."""
        return self != NOTHING

    def with_more(self, created: CreatedRuns, *, now: dt.datetime) -> "About":
        """Return what is said once a creation has said more; what it leaves out stays as it is."""
        former = self.subscription
        return About(
            description=self.description if created.description is None else created.description,
            labels=self.labels if created.labels is None else created.labels,
            subscription=former if created.notify is None else subscription_to(created.notify, former, now=now),
        )

    def after(self, change: GroupChange, *, now: dt.datetime) -> "About":
        """Return what is said after a change."""
        return About(
            description=self.description if isinstance(change.description, Keep) else change.description,
            labels=self.labels if isinstance(change.labels, Keep) else change.labels or (),
            subscription=self.subscription
            if isinstance(change.notify, Keep)
            else subscription_to(change.notify, self.subscription, now=now),
        )


NOTHING = About()
