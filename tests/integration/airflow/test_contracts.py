"""The Airflow backend keeps what the ports promise, on the database that this run of the tests is about."""

from tests.contracts.audit import AuditLogContract
from tests.contracts.dag_runs import DagRunGetContract, DagRunListContract
from tests.contracts.dags import DagRepositoryContract
from tests.contracts.groups import GroupActionContract, GroupGetContract, GroupListContract
from tests.contracts.planning import PlanContextContract, PlannedRunsContract, PreviewContract
from tests.contracts.recording import DagContextContract, RecordContract
from tests.contracts.timetables import TimetableContract


class TestAirflowDagRepository(DagRepositoryContract):
    pass


class TestAirflowDagRunList(DagRunListContract):
    pass


class TestAirflowDagRunGet(DagRunGetContract):
    pass


class TestAirflowGroupList(GroupListContract):
    pass


class TestAirflowGroupGet(GroupGetContract):
    pass


class TestAirflowGroupActions(GroupActionContract):
    pass


class TestAirflowRecord(RecordContract):
    pass


class TestAirflowDagContext(DagContextContract):
    pass


class TestAirflowTimetable(TimetableContract):
    pass


class TestAirflowPreview(PreviewContract):
    pass


class TestAirflowPlannedRuns(PlannedRunsContract):
    pass


class TestAirflowPlanContext(PlanContextContract):
    pass


class TestAirflowAuditLog(AuditLogContract):
    pass
