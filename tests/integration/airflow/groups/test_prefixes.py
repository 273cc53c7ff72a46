"""How run ids are found by their prefix: where they lie in an index, and in which databases that can be relied on."""

import random
import re
import string

import pytest
from airflow.models.dagrun import DagRun
from sqlalchemy import event, insert, text

from airflow_run_groups.adapters.airflow.queries.groups.progress import one_group
from airflow_run_groups.adapters.airflow.queries.prefixes import bounds, bounds_of_numbered, orders_by_letters
from tests.integration.airflow.world import START


@pytest.mark.parametrize(
    ("prefix", "between"),
    [
        ("redo_", ("redo", "redp")),
        ("redo", ("redo", "redp")),
        ("a_b_", ("a_b", "a_c")),
        ("v19__", ("v19", "v2")),
        ("azZ9_", ("azZ9", "b")),
        ("a_z", ("a_z", "b")),
        ("\N{LATIN SMALL LETTER E WITH ACUTE}_a", None),
        ("\N{LATIN SMALL LETTER E WITH ACUTE}", None),
        ("", None),
        ("_", None),
        ("zZ9", None),
    ],
)
def test_a_prefix_lies_between_its_letters_and_what_comes_next(prefix, between):
    assert bounds(prefix) == between


@pytest.mark.parametrize(
    ("database", "ordered"),
    [
        ({"datcollate": "C"}, True),
        ({"datcollate": "POSIX", "datlocprovider": "c"}, True),
        ({"datcollate": "C.UTF-8", "datlocprovider": "c", "datlocale": None}, True),
        ({"datcollate": "en_US.UTF-8", "datlocprovider": "c"}, True),
        ({"datcollate": "en_GB.utf8", "datlocprovider": "c", "datname": "airflow"}, True),
        ({"datcollate": "cs_CZ.UTF-8", "datlocprovider": "c"}, False),
        ({"datcollate": "da_DK.UTF-8"}, False),
        ({"datcollate": "en_US.UTF-8@special"}, False),
        ({"datcollate": "cs_CZ.UTF-8", "datlocprovider": "b", "datlocale": "C.UTF-8"}, True),
        ({"datcollate": "C", "datlocprovider": "i", "datlocale": "en-US-u-kn-true"}, False),
    ],
)
def test_databases_are_trusted_that_order_by_letters(database, ordered):
    assert orders_by_letters(**database) is ordered


COLLATIONS = """
    SELECT collname FROM pg_collation WHERE collencoding IN (-1, pg_char_to_encoding(getdatabaseencoding()))
    AND (collprovider = 'b' OR collname ~ '^(C|POSIX|en_US|en_GB)([.]utf8)?$')
"""
"""Those of the databases that are trusted, as far as a server has them."""


def probes():
    """Prefixes with ids that begin with them: letters, digits and punctuation, and what some languages sort as one letter."""
    chance = random.Random(2026)
    pieces = [
        *string.ascii_letters,
        *string.digits,
        *"_.~:+- /@",
        "ch",
        "aa",
        "dzs",
        "ll",
        "\N{LATIN SMALL LETTER E WITH ACUTE}",
    ]
    pieces += ["a\N{COMBINING RING ABOVE}", "\N{ZERO WIDTH JOINER}"]
    for _ in range(8000):
        words = chance.choices(pieces, k=chance.randint(2, 9))
        cut = chance.randint(1, len(words) - 1)
        yield "".join(words[:cut]), "".join(words)


def test_no_id_lies_outside_the_bounds_of_its_prefix_in_those_databases(world):
    ranges = [(*between, run_id) for prefix, run_id in probes() if (between := bounds(prefix))]
    ranges += [
        (*bounds_of_numbered(prefix), f"{prefix}{number % 10}{run_id}")
        for number, (prefix, run_id) in enumerate(probes())
    ]
    assert len(ranges) > 5000
    with world.sessions() as session:
        is_sqlite = session.get_bind().dialect.name == "sqlite"
        collations = ["BINARY"] if is_sqlite else session.scalars(text(COLLATIONS)).all()
        assert is_sqlite or len(collations) > 2
        session.execute(text("CREATE TEMPORARY TABLE probes (low TEXT, high TEXT, run_id TEXT)"))
        rows = [dict(zip(("low", "high", "run_id"), row, strict=True)) for row in ranges]
        session.execute(text("INSERT INTO probes VALUES (:low, :high, :run_id)"), rows)
        for collation in collations:
            outside = f'NOT (run_id COLLATE "{collation}" >= low AND run_id COLLATE "{collation}" < high)'
            assert session.execute(text(f"SELECT * FROM probes WHERE {outside}")).all() == [], collation


def test_a_group_is_looked_up_in_the_index(world):
    world.dag("a_dag")
    others = [{"run_id": f"{prefix}_{number:07}_2024-01-01T00:00:00"} for prefix in "qs" for number in range(1000)]
    with world.sessions.begin() as session:
        run = insert(DagRun.__table__).values(dag_id="a_dag", run_type="manual", state="queued", run_after=START)
        session.execute(run, others)
    with world.backend.database.reading() as connection:
        sent = []
        event.listen(
            connection, "before_cursor_execute", lambda _connection, _cursor, *arguments: sent.append(arguments)
        )
        connection.execute(*one_group("a_dag", "redo", since=START, number=None, connection=connection))
        statement, parameters, *_ = sent[0]
        if connection.dialect.name == "sqlite":
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
        else:
            connection.exec_driver_sql("ANALYZE dag_run")  # so that the plan hangs on no statistics of earlier tests
            plan = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).all()
    assert re.search(
        r"INDEX .*dag_id=\? AND run_id>\? AND run_id<\?|Index Cond: .*run_id.* >= .*redo_0.*redo_A", str(plan)
    ), plan
