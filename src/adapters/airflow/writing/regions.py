"""Regions of copied runs: where, since Airflow 3.4, the instances of mapped tasks and of loops lie."""

from collections.abc import Sequence

from airflow.models.taskinstance import uuid7
from sqlalchemy import select
from sqlalchemy.orm import Session

from airflow_run_groups.adapters.airflow.compat import DynamicRegion
from airflow_run_groups.domain.planning.runs import NewDagRun


def copy_regions(template: NewDagRun, others: Sequence[NewDagRun], dag_id: str, session: Session) -> bool:
    """Give the other runs, which are in the database already, the regions that the template has; tell whether it has any.

    Airflow's own model works out what follows from a region's place (airflow.models.dynamic_region, 3.4).
    """
    if DynamicRegion is None:
        return False
    query = select(DynamicRegion).where(DynamicRegion.dag_id == dag_id, DynamicRegion.run_id == template.run_id)
    regions = sorted(session.scalars(query), key=lambda region: len(region.path))  # a loop before what lies in it
    for run in others:
        ids = {region.id: uuid7() for region in regions}
        session.add_all(
            DynamicRegion(
                id=ids[region.id],
                dag_id=dag_id,
                run_id=run.run_id,
                node_id=region.node_id,
                parent_region_id=region.parent_region_id and ids[region.parent_region_id],
                parent_region_index=region.parent_region_index,
            )
            for region in regions
        )
    session.flush()
    return bool(regions)
