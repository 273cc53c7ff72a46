"""Clients of every kind at once, good and bad ones, who remember what they asked for and what they were told."""

import datetime as dt
import json
import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count

from tests.envelope import is_error
from tests.integration.faults.client import CONF, LIMITS, SLACK, send
from tests.integration.faults.torture.misbehaving import MESSAGES, say
from tests.integration.faults.torture.own_group import OwnGroup

DAG_IDS = ("first", "second", "third")
PREFIXES = ("a", "b", "a_b", "B")
LONGEST = LIMITS["write_timeout"] + SLACK + 10
"""Seconds that no answer may take, with all that a machine may be busy with while faults are injected."""
FIRST_DATE = dt.datetime(2023, 1, 1)


class Load:
    """Sends requests from several threads."""

    def __init__(self, server, seed: str) -> None:
        self._server = server
        self._seed = seed
        self._numbers = count(1)
        self.statuses = Counter()
        self.created: dict[int, set[tuple[str, str]]] = {}
        """What answers said was created, as DAG id and run id, by the number that a batch has in its conf."""
        self.unknown: set[int] = set()
        """The batches of which nobody was told what became of them."""
        self.wrong: list[str] = []
        self.own: list[OwnGroup] = []
        """The groups that one client each has for itself."""
        self._etags: dict[str, str] = {}

    @contextmanager
    def going_on(self, threads: int = 8):
        """Keep sending within the block."""
        stop = threading.Event()

        def go_on(number):
            chance = random.Random(f"{self._seed}, client {number}")
            own = self.own[number].go_on
            kinds = (self._list, self._get, self._dags, self._create, self._create, self._refused, self._be_rude)
            while not stop.is_set():
                kind = chance.choice((*kinds, self._groups, own, own))
                try:
                    kind(chance)
                except Exception as error:  # noqa: BLE001 - whatever it is, it is reported
                    self.wrong.append(f"{kind.__name__}: {error!r}")

        self.own = [OwnGroup(number, DAG_IDS[number % 3], self._send, self.wrong) for number in range(threads)]
        with ThreadPoolExecutor(threads) as pool:
            senders = [pool.submit(go_on, number) for number in range(threads)]
            try:
                yield
            finally:
                stop.set()
        for sender in senders:
            sender.result()

    def _send(self, method, target, body=None, *, expected=(200,), etag=None):
        began = time.monotonic()
        status, answer = send(self._server, method, target, body, etag)
        self._check_time(began, f"{method} {target}")
        self.statuses[status] += 1
        if isinstance(status, int) and status not in (*expected, 503, 504):
            self.wrong.append(f"{method} {target} {body} was a {status}: {answer}")
        return status, answer

    def _check_time(self, began, what):
        if (seconds := time.monotonic() - began) > LONGEST:
            self.wrong.append(f"{what} took {seconds:.0f} seconds")

    def _list(self, chance):
        query = chance.choice(("", "?limit=100", "?prefix=a_", "?dag_id=first&state=queued", "?external_trigger=true"))
        status, answer = self._send("GET", f"/api/v1/dag_runs{query}")
        if status == 200:
            ids = [run["id"] for run in answer["dag_runs"]]
            if len(set(ids)) < len(ids):
                self.wrong.append(f"a list named a run twice: {ids}")

    def _get(self, chance):
        known = next((runs for runs in reversed(list(self.created.values())) if runs), {("first", "unknown")})
        dag_id, run_id = chance.choice(sorted(known))
        status, answer = self._send("GET", f"/api/v1/dag_runs/{run_id}?dag_id={dag_id}", expected=(200, 404))
        if status == 404 and run_id != "unknown":
            self.wrong.append(f"{dag_id}/{run_id} is lost")
        if status == 200 and answer["dag_run"]["run_id"] != run_id:
            self.wrong.append(f"asked for {run_id}, got {answer}")

    def _dags(self, _):
        status, answer = self._send("GET", "/api/v1/dags")
        if status == 200 and not {*DAG_IDS} <= {dag["dag_id"] for dag in answer["dags"]}:
            self.wrong.append(f"DAGs are missing: {answer}")

    def _groups(self, chance):
        """Poll what a page shows: lists of groups, a group, and its runs, where they have changed."""
        dag_id, prefix = chance.choice(DAG_IDS), chance.choice(PREFIXES)
        group = f"/api/v1/groups/{dag_id}/{prefix}"
        lists = ("?limit=5", "?state=active", "?state=failed", f"?dag_id={dag_id}", "?control=paused")
        target = chance.choice((*(f"/api/v1/groups{query}" for query in lists), group, f"{group}/runs"))
        status, answer = self._send("GET", target, expected=(200, 304, 404), etag=self._etags.get(target))
        if status == 200 and answer["etag"]:
            self._etags[target] = answer["etag"]

    def _create(self, chance):
        start = FIRST_DATE + dt.timedelta(hours=chance.randrange(10_000))
        end = start + dt.timedelta(minutes=5 * chance.choice((1, 5, 20, 100)))
        dag_id, number = chance.choice(DAG_IDS), next(self._numbers)
        dates = {"start_date": f"{start}", "end_date": f"{end}"}
        body = {"dag_id": dag_id, "prefix": chance.choice(PREFIXES), **dates, "conf": {**CONF, "batch": number}}
        status, answer = self._send("POST", "/api/v1/dag_runs", body)
        if status == 200:
            self.created[number] = {(dag_id, run_id) for run_id in answer["dag_run_ids"]}
        elif status != 503:
            self.unknown.add(number)

    def _refused(self, chance):
        body = chance.choice(
            ({"dag_id": 1}, {"dag_id": "first", "limit": 0}, {"prefix": "a"}, {"dag_id": "first", "x": 1})
        )
        self._send("POST", "/api/v1/dag_runs", body, expected=(400,))

    def _be_rude(self, chance):
        began = time.monotonic()
        answer = say(self._server, chance.choice(MESSAGES), listen=chance.random() < 0.5)
        self._check_time(began, "nonsense")
        if answer and not 400 <= (status := int(answer.split()[1])) < 500:
            self.wrong.append(f"nonsense was a {status}")
        if answer and not is_error(json.loads(answer.partition(b"\r\n\r\n")[2])):
            self.wrong.append(f"nonsense was answered {answer}")
