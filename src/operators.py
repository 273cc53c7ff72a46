"""For DAGs: ``from airflow_run_groups.operators import CreateRunGroupOperator``. It needs Airflow."""

from airflow_run_groups.entrypoints.airflow.operators.create import (
    CreateRunGroupOperator as CreateRunGroupOperator,
)
from airflow_run_groups.entrypoints.airflow.operators.hook import (
    RunGroupHook as RunGroupHook,
    RunGroupWebhookHook as RunGroupWebhookHook,
)
from airflow_run_groups.entrypoints.airflow.operators.link import (
    RunGroupLink as RunGroupLink,
)
from airflow_run_groups.entrypoints.airflow.operators.sensor import (
    RunGroupSensor as RunGroupSensor,
)
from airflow_run_groups.entrypoints.airflow.operators.trigger import (
    RunGroupTrigger as RunGroupTrigger,
)
from airflow_run_groups.entrypoints.airflow.operators.waiting import (
    RunGroupFailed as RunGroupFailed,
)
