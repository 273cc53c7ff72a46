"""Description and labels of a group: the fields of a creation, and of a change."""

from typing import Any

from airflow_run_groups.domain import MAX_DESCRIPTION_LENGTH, MAX_LABEL_LENGTH, MAX_LABELS
from airflow_run_groups.entrypoints.http.schemas.fields.request_fields import Names, Text

_EXAMPLE = "Prices of February anew, as the source was wrong"


def description_field(text: str, **more: Any) -> Text:
    """Return the field of a description, of which ``text`` says more."""
    about = f"The purpose of the group, 1 to {MAX_DESCRIPTION_LENGTH} characters. {text}"
    return Text(max_length=MAX_DESCRIPTION_LENGTH, metadata={"description": about, "examples": [_EXAMPLE]}, **more)


def labels_field(text: str, **more: Any) -> Names:
    """Return the field of labels, of which ``text`` says more."""
    about = f"Words by which to tell groups apart, at most {MAX_LABELS} of 1 to {MAX_LABEL_LENGTH} characters. {text}"
    metadata = {"description": about, "examples": [["prices", "ticket-123"]]}
    of = f"labels of 1 to {MAX_LABEL_LENGTH} characters"
    return Names(of, most=MAX_LABELS, longest=MAX_LABEL_LENGTH, metadata=metadata, **more)
