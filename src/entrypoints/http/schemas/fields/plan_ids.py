"""The id of a plan, in requests and responses."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from marshmallow import fields

from airflow_run_groups.domain import PlanId, Refused
from airflow_run_groups.domain.planning.plan_id import FORM
from airflow_run_groups.entrypoints.http.schemas.fields.request_fields import NotAllowed, Strict

PLAN_ID = str(
    PlanId(
        time=dt.datetime(2025, 2, 1, 12, tzinfo=dt.timezone.utc),
        last_number=0,
        creates=2,
        reruns=1,
        dates="0f" * 16,
        conf="1e" * 16,
        dag_version="2d" * 16,
        control="3c" * 16,
    )
)
"""An example."""
DESCRIPTION = (
    "The identity of this plan: a creation with it does exactly this plan, or is a 409. It holds for 15 minutes. Null "
    "where one creation cannot do the plan, as it takes several."
)


class PlanIdField(Strict, fields.String):
    """The id of a plan in a request."""

    allowed = "the plan_id of a response to dry_run"

    def __init__(self, *, metadata: Mapping[str, Any]) -> None:
        super().__init__(metadata={**metadata, "pattern": f"^{FORM}$"})

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            return PlanId.parse(str(text))
        except Refused:
            raise NotAllowed from None


class ShownPlanId(fields.String):
    """The id of a plan in a response."""

    def __init__(self, **more: Any) -> None:
        super().__init__(allow_none=True, metadata={"description": DESCRIPTION}, **more)
