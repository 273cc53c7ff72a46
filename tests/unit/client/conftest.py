import pytest

from tests.unit.client.network import Network


@pytest.fixture
def network():
    return Network()
