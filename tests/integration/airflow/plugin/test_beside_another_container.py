"""dependency-injector is shared by all plugins of one API server: with ours loaded, another one can use all of it."""

import subprocess
import sys
from importlib.util import find_spec

import pytest

OURS = """
from airflow_run_groups.entrypoints.container import Container

Container().app()
"""
YAML = """
import tempfile

from dependency_injector import containers, providers


class YamlContainer(containers.DeclarativeContainer):
    config = providers.Configuration()


with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
    file.write("answer: 42")
    file.flush()
    container = YamlContainer()
    container.config.from_yaml(file.name)
    assert container.config.answer() == 42
"""
FASTAPI = """
import asyncio
import sys
from typing import Annotated

import httpx
from dependency_injector import containers, providers
from dependency_injector.wiring import Provide, inject
from fastapi import Depends, FastAPI


class WiredContainer(containers.DeclarativeContainer):
    greeting = providers.Factory(str, "hello")


app = FastAPI()


@app.get("/greeting")
@inject
async def greet(greeting: Annotated[str, Depends(Provide[WiredContainer.greeting])]) -> str:
    return greeting


async def ask():
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        return (await client.get("/greeting")).json()


container = WiredContainer()
container.wire(modules=[sys.modules[__name__]])
assert asyncio.run(ask()) == "hello"
"""
PYDANTIC = """
from dependency_injector import containers, providers
from pydantic_settings import BaseSettings


class TheirSettings(BaseSettings):
    answer: int = 42


class PydanticContainer(containers.DeclarativeContainer):
    config = providers.Configuration()


container = PydanticContainer()
container.config.from_pydantic(TheirSettings())
assert container.config.answer() == 42
"""
NEIGHBOURS = {
    "from_yaml": YAML,
    "Depends": FASTAPI,
    **({"from_pydantic": PYDANTIC} if find_spec("pydantic_settings") else {}),
}


@pytest.mark.parametrize("neighbour", NEIGHBOURS.values(), ids=NEIGHBOURS)
@pytest.mark.parametrize("order", ["ours first", "theirs first"])
def test_another_plugin_uses_all_of_dependency_injector(neighbour, order):
    parts = [OURS, neighbour] if order == "ours first" else [neighbour, OURS]
    ended = subprocess.run(
        [sys.executable, "-c", "\n".join(parts)],
        env={"AIRFLOW__AIRFLOW_API_PLUGIN__BACKEND": "memory"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
