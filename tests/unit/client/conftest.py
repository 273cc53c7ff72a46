import pytest

from tests.unit.client.between import Line


@pytest.fixture
def line():
    return Line()
