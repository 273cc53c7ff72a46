"""Description and labels of a group as a whole, so that a month later one sees its purpose."""

from dataclasses import dataclass

from airflow_run_groups.domain.control import GroupChange, Keep

MAX_DESCRIPTION_LENGTH = 1000
"""Characters of a description."""
MAX_LABELS = 20
"""Labels of a group."""
MAX_LABEL_LENGTH = 64
"""Characters of a label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """A description of 1 to 1,000 characters, None without one, and at most 20 labels of 1 to 64 characters, none twice."""

    description: str | None = None
    labels: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Tell whether anything is said."""
        return self != NOTHING

    def with_more(self, description: str | None, labels: tuple[str, ...] | None) -> "About":
        """Return what is said once a creation has said this; None leaves a thing as it is."""
        return About(
            description=self.description if description is None else description,
            labels=self.labels if labels is None else labels,
        )

    def after(self, change: GroupChange) -> "About":
        """Return what is said after a change."""
        return About(
            description=self.description if isinstance(change.description, Keep) else change.description,
            labels=self.labels if isinstance(change.labels, Keep) else change.labels or (),
        )


NOTHING = About()
