import re

from airflow_run_groups.domain.errors import DomainError


def kinds(family=DomainError):
    for kind in family.__subclasses__():
        if kind.__module__.startswith("airflow_run_groups.domain"):
            yield kind
            yield from kinds(kind)


def test_each_error_has_a_reason_of_its_own():
    reasons = [vars(kind).get("reason") for kind in kinds()]
    assert len(set(reasons)) == len(reasons) == 25
    for reason in reasons:
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", reason)
