import pytest

from tests.unit.http.service import Service


@pytest.fixture
def service():
    return Service()
