"""The Airflow backend keeps what the ports promise, on the database that this run of the tests is about."""

import pytest

from airflow_run_groups.adapters.scheduler_mark import MARK
from tests.contracts.about import AboutContract
from tests.contracts.audit import AuditLogContract
from tests.contracts.chosen_runs import ChosenRunsContract
from tests.contracts.control import ControlContract
from tests.contracts.coverage import CoverageContract
from tests.contracts.coverage_pages import CoveragePagesContract
from tests.contracts.creation import PlanningFactsContract, TransactionContract
from tests.contracts.dag_runs import DagRunGetContract, DagRunListContract
from tests.contracts.dags import DagRepositoryContract
from tests.contracts.group_search import GroupSearchContract
from tests.contracts.groups import GroupActionContract, GroupGetContract, GroupListContract, GroupRunsContract
from tests.contracts.names import GroupNamesContract
from tests.contracts.notify import NotifyContract
from tests.contracts.plan_ids import PlanIdContract
from tests.contracts.planning import CreatedRunsContract, SnapshotContract, SnapshotDetailsContract
from tests.contracts.plans import ExistingGroupContract, PlanContract, WithoutTasksContract
from tests.contracts.rerun import RerunContract, RerunGroupsContract
from tests.contracts.stops import StopsContract
from tests.contracts.timetables import TimetableContract
from tests.contracts.unfinished import UnfinishedRunsContract, UnfinishedRunsOfCallersContract
from tests.integration.airflow import versions


class TestAirflowDagRepository(DagRepositoryContract):
    pass


class TestAirflowDagRunList(DagRunListContract):
    pass


class TestAirflowDagRunGet(DagRunGetContract):
    pass


class TestAirflowGroupList(GroupListContract):
    pass


class TestAirflowCoveragePages(CoveragePagesContract):
    pass


class TestAirflowAbout(AboutContract):
    pass


class TestAirflowNotify(NotifyContract):
    @pytest.fixture(autouse=True)
    def listener(self, world):
        with world.scheduler(MARK):
            yield


class TestAirflowChosenRuns(ChosenRunsContract):
    pass


class TestAirflowGroupSearch(GroupSearchContract):
    pass


class TestAirflowCoverage(CoverageContract):
    pass


class TestAirflowGroupRuns(GroupRunsContract):
    pass


class TestAirflowGroupGet(GroupGetContract):
    pass


class TestAirflowGroupActions(GroupActionContract):
    pass


class TestAirflowControl(ControlContract):
    pass


class TestAirflowStops(StopsContract):
    @pytest.fixture(autouse=True)
    def listener(self, world):
        with world.scheduler(MARK):
            yield


class TestAirflowTransaction(TransactionContract):
    pass


class TestAirflowRerun(RerunContract):
    pass


class TestAirflowRerunGroups(RerunGroupsContract):
    pass


class TestAirflowPlanIds(PlanIdContract):
    pass


class TestAirflowPlanningFacts(PlanningFactsContract):
    pass


class TestAirflowTimetable(TimetableContract):
    pass


class TestAirflowSnapshot(SnapshotContract):
    pass


class TestAirflowCreatedRuns(CreatedRunsContract):
    pass


class TestAirflowSnapshotDetails(SnapshotDetailsContract):
    pass


class TestAirflowAuditLog(AuditLogContract):
    pass


class TestAirflowNames(GroupNamesContract):
    examples = 20  # each is a DAG in a database


class TestAirflowPlans(PlanContract):
    examples = 20  # each is a DAG in a database


class TestAirflowWithoutTasks(WithoutTasksContract):
    pass


class TestAirflowExistingGroup(ExistingGroupContract):
    pass


class TestAirflowUnfinishedRuns(UnfinishedRunsContract):
    pass


if versions.USER_OF_THE_TRIGGER:

    class TestAirflowUnfinishedRunsOfCallers(UnfinishedRunsOfCallersContract):
        pass
