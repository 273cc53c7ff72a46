"""Airflow's task SDK. Names that moved into it after Airflow 3.0 are taken from where 3.0 has them."""

from airflow.sdk import BaseOperator as BaseOperator, BaseOperatorLink as BaseOperatorLink, Context as Context
from airflow.sdk.bases.sensor import BaseSensorOperator as BaseSensorOperator
from airflow.triggers.base import BaseTrigger as BaseTrigger, TriggerEvent as TriggerEvent

try:  # from Airflow 3.1 on
    from airflow.sdk import BaseHook as BaseHook
except ImportError:
    from airflow.hooks.base import BaseHook as BaseHook  # type: ignore[attr-defined, no-redef]

try:  # from Airflow 3.2 on
    from airflow.sdk.configuration import conf as conf
    from airflow.sdk.exceptions import (
        AirflowException as AirflowException,
        AirflowSkipException as AirflowSkipException,
    )
except ImportError:
    from airflow.configuration import conf as conf
    from airflow.exceptions import (  # type: ignore[attr-defined, no-redef]
        AirflowException as AirflowException,
        AirflowSkipException as AirflowSkipException,
    )
