"""What an audit log promises."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from airflow_run_groups.domain import Denial, Unavailable
from tests.contracts.hostile import HOSTILE
from tests.contracts.world import World, created_runs, date, new_run


def denial(**facts) -> Denial:
    return Denial(**{"caller": "ada", "dag_id": "a", "request": "POST /dag_runs", "reason": "you may not", **facts})


class AuditLogContract:
    def test_a_denial_is_written_down_by_itself(self, world: World):
        world.audit.denied(denial())
        assert world.denials() == [denial()]
        assert world.count_runs() == 0

    def test_denials_keep_their_order_also_when_they_are_alike(self, world: World):
        for caller in ("ada", "bob", "ada"):
            world.audit.denied(denial(caller=caller))
        assert [found.caller for found in world.denials()] == ["ada", "bob", "ada"]

    def test_neither_a_name_nor_a_dag_is_needed_and_the_dag_need_not_exist(self, world: World):
        world.audit.denied(denial(caller=None, dag_id=None))
        world.audit.denied(denial(dag_id="no_such_dag"))
        assert world.denials() == [denial(caller=None, dag_id=None), denial(dag_id="no_such_dag")]

    @pytest.mark.parametrize("text", [text for text in HOSTILE if "\0" not in text])
    def test_texts_mean_nothing_but_themselves(self, world: World, text: str):
        odd = denial(caller=text, request=f"POST /{text}", reason=text)
        world.audit.denied(odd)
        assert world.denials() == [odd]

    @pytest.mark.parametrize("name", ["dag_id", "caller"])
    def test_a_name_of_any_length_loses_no_entry(self, world: World, name: str):
        world.audit.denied(denial(**{name: "n" * 3_000}))
        (found,) = world.denials()
        assert set(getattr(found, name)) == {"n"}
        assert found.reason == "you may not"

    def test_runs_that_are_being_created_are_not_waited_for_for_long(self, world: World):
        world.dag("a")

        def create(dag):
            with suppress(Unavailable), ThreadPoolExecutor() as pool:
                pool.submit(world.audit.denied, denial()).result(timeout=10)
            dag.add(created_runs("a", [new_run("r", date(1))]))

        world.runs.transaction("a", create)
        assert world.count_runs() == 1
