"""The in-memory backend keeps what the ports promise."""

import pytest

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
from tests.contracts.max_limit import MaxLimitContract
from tests.contracts.names import GroupNamesContract
from tests.contracts.notify import NotifyContract
from tests.contracts.plan_ids import PlanIdContract
from tests.contracts.planning import CreatedRunsContract, SnapshotContract, SnapshotDetailsContract
from tests.contracts.plans import ExistingGroupContract, PlanContract, WithoutTasksContract
from tests.contracts.rerun import RerunContract, RerunGroupsContract
from tests.contracts.stops import StopsContract
from tests.contracts.timetables import TimetableContract
from tests.contracts.unfinished import UnfinishedRunsContract, UnfinishedRunsOfCallersContract
from tests.unit.memory.world import MemoryWorld


@pytest.fixture
def world():
    return MemoryWorld()


class TestMemoryDagRepository(DagRepositoryContract):
    pass


class TestMemoryDagRunList(DagRunListContract):
    pass


class TestMemoryDagRunGet(DagRunGetContract):
    pass


class TestMemoryGroupList(GroupListContract):
    pass


class TestMemoryCoveragePages(CoveragePagesContract):
    pass


class TestMemoryAbout(AboutContract):
    pass


class TestMemoryNotify(NotifyContract):
    pass


class TestMemoryChosenRuns(ChosenRunsContract):
    pass


class TestMemoryGroupSearch(GroupSearchContract):
    pass


class TestMemoryCoverage(CoverageContract):
    pass


class TestMemoryGroupRuns(GroupRunsContract):
    pass


class TestMemoryGroupGet(GroupGetContract):
    pass


class TestMemoryGroupActions(GroupActionContract):
    pass


class TestMemoryControl(ControlContract):
    pass


class TestMemoryStops(StopsContract):
    pass


class TestMemoryTransaction(TransactionContract):
    pass


class TestMemoryRerun(RerunContract):
    pass


class TestMemoryRerunGroups(RerunGroupsContract):
    pass


class TestMemoryPlanIds(PlanIdContract):
    pass


class TestMemoryPlanningFacts(PlanningFactsContract):
    pass


class TestMemoryTimetable(TimetableContract):
    pass


class TestMemorySnapshot(SnapshotContract):
    pass


class TestMemoryCreatedRuns(CreatedRunsContract):
    pass


class TestMemorySnapshotDetails(SnapshotDetailsContract):
    pass


class TestMemoryAuditLog(AuditLogContract):
    pass


class TestMemoryNames(GroupNamesContract):
    pass


class TestMemoryPlans(PlanContract):
    pass


class TestMemoryWithoutTasks(WithoutTasksContract):
    pass


class TestMemoryExistingGroup(ExistingGroupContract):
    pass


class TestMemoryUnfinishedRuns(UnfinishedRunsContract):
    pass


class TestMemoryUnfinishedRunsOfCallers(UnfinishedRunsOfCallersContract):
    pass


class TestMemoryMaxLimit(MaxLimitContract):
    pass
