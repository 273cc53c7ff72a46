"""What a database sees of runs under control: at each start, how many of the group were running then, and its cap."""

from contextlib import contextmanager

from sqlalchemy import text

from tests.integration.airflow.conftest import DATABASE

RUNNING = "SELECT count(*) FROM dag_run WHERE state = 'running' AND backfill_id = NEW.backfill_id"
CAP = "SELECT max_active_runs FROM backfill WHERE id = NEW.backfill_id"
INSERT = f"INSERT INTO seen VALUES (NEW.run_id, ({RUNNING}), ({CAP}))"
CHANGE = "AFTER UPDATE OF state ON dag_run FOR EACH ROW WHEN (NEW.state = 'running' AND NEW.backfill_id IS NOT NULL)"
TRIGGER = {
    "sqlite": [f"CREATE TRIGGER see_start {CHANGE} BEGIN {INSERT}; END"],
    "postgresql": [
        f"CREATE FUNCTION see_start() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {INSERT}; RETURN NEW; END $$",
        f"CREATE TRIGGER see_start {CHANGE} EXECUTE FUNCTION see_start()",
    ],
}
DROP = {
    "sqlite": ["DROP TRIGGER see_start", "DROP TABLE seen"],
    "postgresql": ["DROP TRIGGER see_start ON dag_run", "DROP FUNCTION see_start", "DROP TABLE seen"],
}


@contextmanager
def seeing_starts(world):
    """Yield a function that returns, of each start under control, how many runs of the group were running, and its cap."""
    _execute(world, "CREATE TABLE seen (run_id text, running integer, cap integer)", *TRIGGER[DATABASE])

    def starts():
        with world.sessions() as session:
            return [tuple(row) for row in session.execute(text("SELECT running, cap FROM seen")).all()]

    yield starts
    _execute(world, *DROP[DATABASE])


def _execute(world, *statements):
    with world.sessions.begin() as session:
        for statement in statements:
            session.execute(text(statement))
