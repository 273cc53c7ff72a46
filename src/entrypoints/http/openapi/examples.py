"""Requests and their responses, as the description of the API shows them. ``examples.json`` has them.

The file holds stories: sent one after the other to the in-memory backend with its example DAGs, at the moments ``at``, the
requests get these responses. One story is for this description, the others for the pages after which they are named.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airflow_run_groups.entrypoints.http.schemas.fields.formats import ValueFormat

EXAMPLES = Path(__file__).with_name("examples.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A request to an operation, and its response; ``response`` is what stands under this key."""

    operation: str
    name: str
    summary: str
    body: dict[str, Any] | None
    status: int
    response: dict[str, Any]


def read_examples(value_format: ValueFormat) -> list[Example]:
    """Return them in the order of the story, with dates and booleans in this format."""
    steps = json.loads(EXAMPLES.read_text(encoding="utf-8"))["openapi"]
    return [
        Example(
            operation=step["operation"],
            name=step["name"],
            summary=step["summary"],
            body=step.get("body"),
            status=step["status"],
            response=step.get(f"response_{value_format.value}", step["response"]),
        )
        for step in steps
    ]
