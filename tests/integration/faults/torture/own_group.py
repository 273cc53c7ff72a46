"""Groups that one client has for itself, and that it creates, changes, cancels, retries and runs again.

No scheduler runs and nobody else touches such a group, so its client knows after every response how it has to stand.
"""

import datetime as dt
import time
from dataclasses import dataclass, replace

from tests.integration.faults.client import LIMITS, SLACK

FIRST_DATE = dt.datetime(2020, 2, 1)
EVERY = dt.timedelta(minutes=5)
MOST = 60
"""Runs of such a group."""
CHANGES = (
    {"paused": True},
    {"paused": False},
    {"max_active_runs": 3},
    {"max_active_runs": None},
    {"pace": "20/PT10M"},
    {"pace": None, "order": "desc"},
    {"description": "tortured"},
    {"description": None, "paused": True, "max_active_runs": 7},
)


@dataclass(frozen=True)
class State:
    """How a group stands, as its responses tell."""

    queued: int = 0
    cancelled: int = 0
    paused: bool = False
    max_active_runs: int | None = None
    description: str | None = None

    @property
    def runs(self) -> int:
        return self.queued + self.cancelled


class OwnGroup:
    """One group, with what has to be true of it."""

    def __init__(self, number, dag_id, send, wrong) -> None:
        self.dag_id = dag_id
        self.prefix = f"own_{number}"
        self._address = f"/api/v1/groups/{dag_id}/{self.prefix}"
        self._start = FIRST_DATE + dt.timedelta(days=number)
        self._send = send
        self._wrong = wrong
        self.expected = State()

    def go_on(self, chance) -> None:
        """Do something to the group, and see that it is done, or is not, as the response says."""
        acts = [self._create] if self.expected.runs < MOST else []
        if self.expected.runs:
            acts += [self._change, self._change, self._cancel, self._retry, self._run_again, self._note]
        act = chance.choice(acts)
        before = self.expected
        status, after = act(chance)
        if status in (200, 503):
            self.expected = after if status == 200 else before
        else:  # nobody was told what became of it
            time.sleep(LIMITS["write_timeout"] + SLACK)  # until a transaction that lost its client has ended, too
            self.expected = self._believed(before)
        self.look(f"{act.__name__} {status}")

    def look(self, what="at the end") -> None:
        """Compare the group with what is expected of it."""
        if (found := self._found()) != self.expected:
            self._wrong.append(f"{self.prefix}, {what}: {found}, not {self.expected}")
        if found.runs:
            self._look_at_dates()

    def _believed(self, before) -> State:
        """Return how the group stands after a write that was done or not: one write adds runs, moves runs, or changes the rest."""
        found = self._found()
        is_moved = found.runs == before.runs and found.queued != before.queued
        is_added = found.runs > before.runs and found.cancelled == before.cancelled
        rest = replace(found, queued=before.queued, cancelled=before.cancelled)
        is_as_before = rest == before or (is_moved and not found.queued and replace(rest, paused=True) == before)
        is_one_change = rest in {before, *(replace(before, **_told(change)) for change in CHANGES)}
        counts_stay = (found.queued, found.cancelled) == (before.queued, before.cancelled)
        if not (is_one_change if counts_stay else is_as_before and (is_added or is_moved)):
            self._wrong.append(f"{self.prefix} is {found} after a write of unknown fate, and was {before}")
        return found

    def _found(self) -> State:
        group = self._read(self._address).get("group")
        if group is None:
            return State()
        if group["uncontrolled_runs"]:
            self._wrong.append(f"{self.prefix} has {group['uncontrolled_runs']} runs that its control does not hold")
        if group["states"]["failed"] != group["cancelled"]:
            self._wrong.append(f"{self.prefix} has runs that failed by themselves: {group}")
        control = group["control"] or {"paused": False, "max_active_runs_from": "dag"}
        is_own = control["max_active_runs_from"] == "group"
        return State(
            queued=group["states"]["queued"],
            cancelled=group["cancelled"],
            paused=control["paused"],
            max_active_runs=control["max_active_runs"] if is_own else None,
            description=group["description"],
        )

    def _look_at_dates(self) -> None:
        """Compare the coverage of the group's dates, and the list of its runs, with its states."""
        state = self.expected
        coverage = self._read(f"/api/v1/coverage?dag_id={self.dag_id}&{self._range('&')}")["coverage"]["counts"]
        if (coverage["queued"], coverage["failed"], coverage["missing"]) != (state.queued, state.cancelled, 0):
            self._wrong.append(f"coverage of {self.prefix} is {coverage}, of {state}")
        runs = self._read(f"{self._address}/runs?limit=500")["dag_runs"]
        if len(runs) != state.runs or sum(run["cancelled"] for run in runs) != state.cancelled:
            self._wrong.append(f"the runs of {self.prefix} are {runs}, of {state}")

    def _read(self, target):
        """Read until there is a response, as a page does; no fault lasts for long."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            status, answer = self._send("GET", target, expected=(200, 404))
            if status in (200, 404):
                return answer
            time.sleep(0.2)
        msg = f"{target} has had no good response for a minute"
        raise TimeoutError(msg)

    def _range(self, between, first=0, last=None) -> str:
        start, end = (self._start + EVERY * place for place in (first, (last or self.expected.runs) - 1))
        return f"start_date={start:%Y-%m-%dT%H:%M:%S}{between}end_date={end:%Y-%m-%dT%H:%M:%S}"

    def _dates(self, first, last) -> dict[str, str]:
        return dict(part.split("=") for part in self._range("&", first, last).split("&"))

    def _create(self, chance):
        runs, more = self.expected.runs, chance.choice((1, 5, 20))
        body = {"dag_id": self.dag_id, "prefix": self.prefix, **self._dates(runs, runs + more)}
        status, answer = self._send("POST", "/api/v1/dag_runs", body)
        if status == 200 and len(answer["dag_run_ids"]) + answer["existing"] != more:
            self._wrong.append(f"{body} was answered {answer}")
        return status, replace(self.expected, queued=self.expected.queued + len(answer.get("dag_run_ids", ())))

    def _change(self, chance):
        change = chance.choice(CHANGES)
        status, _ = self._send("PATCH", self._address, change)
        return status, replace(self.expected, **_told(change))

    def _cancel(self, chance):
        status, answer = self._send("POST", f"{self._address}/cancel", {"limit": chance.choice((5, 500))})
        done, state = len(answer.get("dag_run_ids", ())), self.expected
        queued = state.queued - done
        is_paused = state.paused and queued > 0  # a cancel that leaves no queued run ends the pause
        return status, replace(state, queued=queued, cancelled=state.cancelled + done, paused=is_paused)

    def _retry(self, chance):
        body = {"limit": chance.choice((5, 20)), **chance.choice(({}, {"which": "cancelled"}, {"pace": "2/PT1H"}))}
        status, answer = self._send("POST", f"{self._address}/retry", body)
        return status, self._again(len(answer.get("dag_run_ids", ())))

    def _run_again(self, chance):
        behavior = chance.choice(("none", "failed", "completed"))
        dates = self._dates(0, self.expected.runs)
        body = {"dag_id": self.dag_id, "prefix": self.prefix, **dates, "limit": 10, "partial": True}
        body["reprocess_behavior"] = behavior
        if behavior == "completed":
            status, plan = self._send("POST", "/api/v1/dag_runs", {**body, "dry_run": True})
            if status != 200:
                return 503, self.expected  # a plan writes nothing
            body["plan_id"] = plan["plan_id"]
        status, answer = self._send("POST", "/api/v1/dag_runs", body)
        if status == 200 and (answer["dag_run_ids"] or (behavior == "none" and answer["rerun_dag_run_ids"])):
            self._wrong.append(f"{body} was answered {answer}")
        return status, self._again(len(answer.get("rerun_dag_run_ids", ())))

    def _note(self, _):
        status, _ = self._send("POST", f"{self._address}/note", {"note": "tortured"})
        return status, self.expected

    def _again(self, runs) -> State:
        return replace(self.expected, queued=self.expected.queued + runs, cancelled=self.expected.cancelled - runs)


def _told(change) -> dict[str, object]:
    """Return the part of a change that a look at a group shows."""
    return {key: value for key, value in change.items() if key not in {"pace", "order"}}
