import pytest

from tests.unit.client.line import Line


@pytest.fixture
def line():
    return Line()
