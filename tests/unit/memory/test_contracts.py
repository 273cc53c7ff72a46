"""The in-memory backend keeps what the ports promise."""

import pytest

from tests.contracts.audit import AuditLogContract
from tests.contracts.dag_runs import DagRunGetContract, DagRunListContract
from tests.contracts.dags import DagRepositoryContract
from tests.contracts.groups import GroupActionContract, GroupGetContract, GroupListContract
from tests.contracts.planning import PlanContextContract, PlannedRunsContract, PreviewContract
from tests.contracts.recording import DagContextContract, RecordContract
from tests.contracts.timetables import TimetableContract
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


class TestMemoryGroupGet(GroupGetContract):
    pass


class TestMemoryGroupActions(GroupActionContract):
    pass


class TestMemoryRecord(RecordContract):
    pass


class TestMemoryDagContext(DagContextContract):
    pass


class TestMemoryTimetable(TimetableContract):
    pass


class TestMemoryPreview(PreviewContract):
    pass


class TestMemoryPlannedRuns(PlannedRunsContract):
    pass


class TestMemoryPlanContext(PlanContextContract):
    pass


class TestMemoryAuditLog(AuditLogContract):
    pass
