"""The operator takes every key of a request. Airflow is not needed to see it: the signature is read from the source."""

import ast
from importlib.util import find_spec
from pathlib import Path

from airflow_run_groups.entrypoints.airflow.operators.arguments import ARGUMENTS, NO_ARGUMENTS
from airflow_run_groups.entrypoints.http.schemas.requests.creation import GroupRequestSchema

OWN = {"conn_id", "wait", "allowed_states", "failed_states", "fail_fast", "poke_interval", "deferrable"}


def test_every_key_of_a_request_is_an_argument_or_is_left_out_on_purpose():
    keys = {field.data_key or name for name, field in GroupRequestSchema().fields.items()}
    assert keys - NO_ARGUMENTS == set(ARGUMENTS)


def test_the_operator_has_every_argument():
    source = Path(find_spec("airflow_run_groups.entrypoints.airflow.operators.arguments").origin)
    tree = ast.parse(source.with_name("create.py").read_text(encoding="utf-8"))
    (operator,) = [
        one for one in ast.walk(tree) if isinstance(one, ast.ClassDef) and one.name == "CreateRunGroupOperator"
    ]
    (init,) = [one for one in operator.body if isinstance(one, ast.FunctionDef) and one.name == "__init__"]
    assert {argument.arg for argument in init.args.kwonlyargs} == set(ARGUMENTS.values()) | OWN
