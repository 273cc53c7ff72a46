"""The link from a task to the page of its group."""

from __future__ import annotations

from typing import Any

from airflow_run_groups.entrypoints.airflow.operators.sdk import BaseOperator, BaseOperatorLink


class RunGroupLink(BaseOperatorLink):
    """Leads to the group's page. The task that knows the group keeps it as ``group_url``, and Airflow as an XCom."""

    name = "Run group"

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:
        """Return the address, or nothing while it is not known; Airflow 3.0 expects no error."""
        return getattr(operator, "group_url", None) or ""
