"""Tokens that are good for some DAGs, or for a part of what can be done: no other DAG is there for their holders."""

import pytest

from airflow_run_groups.adapters.memory import MemoryDagRepository, demo_backend
from airflow_run_groups.entrypoints.http.security.authentication import TokenAuthentication
from airflow_run_groups.entrypoints.http.security.token_file import TokenFile
from airflow_run_groups.entrypoints.http.security.tokens import ALL_RIGHTS, Right, TokenFileError, parse
from tests.unit.http.service import NOW, Service, error, reason

TOKEN = "0123456789abcdef"
SEEN, HIDDEN, NOWHERE = "example_daily", "example_hourly", "no_such_dag"
GROUP = "a_0000001_2024-12-01T00:00:00"


def parsed(limits):
    (token,) = parse("tokens", f"ci: {TOKEN} {limits}\n".encode())
    return token


class Holder:
    """A service and the holder of a token with these limits; each of two DAGs has a group."""

    def __init__(self, tmp_path, limits):
        path = tmp_path / "tokens"
        path.touch(mode=0o600)
        path.write_text(f"ci: {TOKEN} {limits}\n")
        backend = demo_backend(clock=lambda: NOW)
        dags = MemoryDagRepository(backend)
        authenticator = TokenAuthentication(file=TokenFile(str(path)), dag_ids=dags.ids)
        self.service = Service(authenticator=authenticator, backend=backend)
        for dag_id in (SEEN, HIDDEN):
            self.service.place(dag_id, GROUP, state="queued")
            self.service.place(dag_id, f"only_{dag_id}")

    def send(self, method, target, **more):
        return self.service.request(method, f"/api/v1{target}", headers={"Authorization": TOKEN}, **more)

    def get(self, target):
        return self.send("GET", target).json["response"]


@pytest.fixture
def holder(tmp_path):
    return lambda limits: Holder(tmp_path, limits)


@pytest.mark.parametrize(
    ("limits", "rights", "dags"),
    [
        ("", ALL_RIGHTS, None),
        ("read-only", set(), None),
        ("create", {Right.CREATE}, None),
        ("change", {Right.CHANGE}, None),
        ("change   create", ALL_RIGHTS, None),
        ("dags=a", ALL_RIGHTS, ("a",)),
        ("read-only dags=etl_*,b.c-?", set(), ("etl_*", "b.c-?")),
        ("create\tdags=dag_für_äpfel", {Right.CREATE}, ("dag_für_äpfel",)),
    ],
)
def test_limits_stand_behind_the_token(limits, rights, dags):
    token = parsed(limits)
    assert (token.rights, token.dags) == (rights, dags)


@pytest.mark.parametrize(
    "limits",
    [
        *("read-only create", "change read-only", "create create", "read-only read-only"),
        *("readonly", "CREATE", "delete", "create,change", "dags=a create", "dags=a dags=b", "dags a", "dags = a"),
        *("dags=", "dags=a,", "dags=,a", "dags=a,,b", "dags=a, b", "dags=[ab]", "dags=a/b", "dags=a|b", "DAGS=a"),
    ],
)
def test_limits_that_do_not_fit_are_refused_without_a_word_of_them(limits):
    with pytest.raises(TokenFileError, match="the file of tokens tokens has in line 1 ") as refused:
        parsed(limits)
    assert TOKEN not in str(refused.value)


@pytest.mark.parametrize(
    ("pattern", "dag_id", "fits"),
    [
        ("etl", "etl", True),
        ("etl", "etl_daily", False),
        ("etl", "ETL", False),
        ("etl_*", "etl_daily", True),
        ("etl_*", "etl_", True),
        ("etl_*", "my_etl_daily", False),
        ("etl_?", "etl_1", True),
        ("etl_?", "etl_12", False),
        ("*", "anything", True),
        ("a.b", "axb", False),
        ("a,b_*", "b_1", True),
        ("etl", "etl\n", False),
        ("*x*x*x*x*x*x*x*x*", "x" * 7 + "y" * 240, False),
    ],
)
def test_a_pattern_is_for_whole_ids(pattern, dag_id, fits):
    assert parsed(f"dags={pattern}").is_for(dag_id) is fits


@pytest.mark.parametrize("limits", ["dags=example_daily", "dags=none,example_d*", "read-only dags=example_dail?"])
def test_other_dags_are_in_no_list_and_no_count(holder, limits):
    ask = holder(limits).get
    assert [dag["dag_id"] for dag in ask("/dags")["dags"]] == [SEEN]
    assert [dag["dag_id"] for dag in ask("/dags?q=example")["dags"]] == [SEEN]
    assert ask("/dags?limit=1")["next_start"] is None
    assert [run["run_id"] for run in ask("/dag_runs")["dag_runs"]] == [GROUP, f"only_{SEEN}"]
    assert [run["run_id"] for run in ask("/dag_runs?prefix=only")["dag_runs"]] == [f"only_{SEEN}"]
    assert ask("/dag_runs?limit=2")["next_start"] is None
    assert ask(f"/dag_runs?dag_id={HIDDEN}")["dag_runs"] == []
    assert ask(f"/dag_runs?start={GROUP}")["dag_runs"][0]["run_id"] == f"only_{SEEN}"  # it would be ambiguous
    assert ask(f"/dag_runs/{GROUP}")["dag_run"]["dag_id"] == SEEN
    assert [group["prefix"] for group in ask(f"/groups?dag_id={SEEN}")["groups"]] == ["a"]
    for filters in ("", "?prefix=a", "?limit=1"):
        page = ask(f"/groups{filters}")
        assert ([(group["dag_id"], group["prefix"]) for group in page["groups"]], page["next_start"]) == (
            [(SEEN, "a")],
            None,
        )
    assert ask("/groups?state=failed") == ask("/groups?created_by=nobody") == {"groups": [], "next_start": None}
    assert ask(f"/groups/{SEEN}/a")["group"]["runs"] == 1


@pytest.mark.parametrize(
    ("limits", "may"),
    [
        ("read-only", {"create": False, "change": False}),
        ("create dags=example_*", {"create": True, "change": False}),
        ("change", {"create": False, "change": True}),
        ("dags=example_daily", {"create": True, "change": True}),
    ],
)
def test_what_a_token_may_do_is_told_with_groups_and_dags(holder, limits, may):
    ask = holder(limits).get
    assert ask(f"/groups/{SEEN}/a")["group"]["may"] == may
    assert [dag["may"] for dag in ask(f"/dags?q={SEEN}")["dags"]] == [may]


REQUESTS = [
    ("GET", "/dag_runs?dag_id={}", None),
    ("GET", "/dag_runs?dag_id={}&start=" + f"only_{HIDDEN}", None),
    ("GET", f"/dag_runs?start=only_{HIDDEN}", None),
    ("GET", f"/dag_runs/only_{HIDDEN}", None),
    ("GET", f"/dag_runs/only_{HIDDEN}?dag_id={{}}", None),
    ("GET", "/groups?dag_id={}", None),
    ("GET", "/groups?dag_id={}&state=active", None),
    ("GET", f"/coverage?dag_id={SEEN}&dag_id={{}}&start_date=2024-12-01", None),
    ("GET", "/groups/{}/a", None),
    ("GET", "/groups/{}/a_", None),
    ("POST", "/groups/{}/a/cancel", {}),
    ("POST", "/groups/{}/a/retry", {"dry_run": True}),
    ("POST", "/groups/{}/a/note", {"note": "mine"}),
    ("POST", "/dag_runs", {"dag_id": "{}"}),
    ("POST", "/dag_runs", {"dag_id": "{}", "dry_run": True, "start_date": "2024-12-01", "conf": {"a": 1}}),
    ("POST", "/dag_runs", {"dag_id": "{}", "dry_run": True, "detail": "stretches", "start_date": "2024-12-01"}),
    ("POST", "/dag_runs", {"dag_id": "{}", "start_date": "2024-12-01", "new_group": True, "prefix": "a_"}),
]


@pytest.mark.parametrize(("method", "target", "body"), REQUESTS, ids=str)
@pytest.mark.parametrize("limits", ["dags=example_daily", "create dags=example_daily", "change dags=example_daily"])
def test_another_dag_answers_as_one_that_does_not_exist(holder, limits, method, target, body):
    client = holder(limits)
    before = [stored.run for stored in client.service.backend.runs]

    def answer(dag_id):
        named = body and {key: dag_id if value == "{}" else value for key, value in body.items()}
        response = client.send(method, target.format(dag_id), **({} if body is None else {"json": named}))
        return response.status_code, response.text.replace(dag_id, "…")

    assert answer(HIDDEN) == answer(NOWHERE)
    assert [stored.run for stored in client.service.backend.runs] == before
    assert list(client.service.audit.denials) == []


RANGE = {"dag_id": SEEN, "start_date": "2024-12-10", "end_date": "2024-12-10"}


def test_a_token_that_creates_changes_nothing(holder):
    client = holder("create")
    assert client.send("POST", "/dag_runs", json=RANGE).status_code == 200
    for action, body in (("cancel", {}), ("retry", {}), ("note", {"note": "mine"}), ("cancel", {"dry_run": True})):
        answer = client.send("POST", f"/groups/{SEEN}/a/{action}", json=body)
        assert (answer.status_code, reason(answer)) == (403, "may_not_change_runs")
    assert client.send("GET", f"/groups/{SEEN}/a").status_code == 200
    assert client.service.audit.denials[0].caller == "ci"


def test_a_token_that_changes_creates_nothing(holder):
    client = holder("change")
    for body in (RANGE, {**RANGE, "dry_run": True}):
        answer = client.send("POST", "/dag_runs", json=body)
        assert (answer.status_code, reason(answer)) == (403, "may_not_create_runs")
        assert error(answer) == f"you may not create runs of DAG {SEEN!r}"
    assert client.send("POST", f"/groups/{SEEN}/a/cancel").status_code == 200
    assert client.send("GET", "/dag_runs").status_code == 200


def test_what_is_created_bears_the_name_of_the_token(holder):
    client = holder("create dags=example_*")
    assert client.send("POST", "/dag_runs", json=RANGE).status_code == 200
    assert client.service.backend.runs[-1].created_by == "ci"


def test_a_change_of_the_limits_counts_without_a_restart(tmp_path):
    path = tmp_path / "tokens"
    path.touch(mode=0o600)
    path.write_text(f"ci: {TOKEN}\n")
    now = [0.0]
    backend = demo_backend(clock=lambda: NOW)
    file = TokenFile(str(path), clock=lambda: now[0])
    authenticator = TokenAuthentication(file=file, dag_ids=MemoryDagRepository(backend).ids)
    service = Service(authenticator=authenticator, backend=backend)

    def listed():
        dags = service.ask("/api/v1/dags", headers={"Authorization": TOKEN})["dags"]
        return {dag["dag_id"] for dag in dags}

    assert listed() > {SEEN, HIDDEN}
    path.write_text(f"ci: {TOKEN} dags={SEEN}\n")
    now[0] = 1.0
    assert listed() == {SEEN}
