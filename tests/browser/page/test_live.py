"""The page stays up to date, and burdens nobody for it."""

import datetime as dt

import pytest

HIDE = """
Object.defineProperty(document, 'hidden', {configurable: true, get: () => HIDDEN});
document.dispatchEvent(new Event('visibilitychange'));
"""


@pytest.fixture(scope="module")
def dag(service):
    """A DAG with the group `night` of 1,704 runs, of which two at a time run: they take 40 minutes."""
    dag_id = service.dag("hourly", dt.timedelta(hours=1))
    for _ in range(4):
        service.create(
            dag_id, "night", "2025-01-01", "2025-03-12T23:00", partial=True, max_active_runs=2, new_group=False
        )
    service.clock.advance(2)
    return dag_id


@pytest.fixture
def group(page, dag):
    """The path of the group, which is shown."""
    page.open(f"?dag={dag}&group=night")
    page.wait(lambda: "1,704" in page.see("[role=listbox]").get_attribute("aria-label"), "all runs")
    return f"groups/{dag}/night"


def test_what_happens_is_shown_without_a_look_at_runs_that_have_ended(page, group):
    before = page.see(".bar.big").get_attribute("aria-label")
    page.requests()
    page.service.clock.advance(30)
    page.wait(lambda: page.see(".bar.big").get_attribute("aria-label") != before, "runs that have ended")
    asked = [path for _, path in page.requests()]
    of_runs = [path for path in asked if "/runs" in path]
    assert 1 <= len(of_runs) <= asked.count(group)  # one page of four moves
    assert set(of_runs) == {f"{group}/runs?limit=500"}


def test_nothing_is_asked_twice_while_nothing_happens_but_the_group(page, group):
    page.looks(2)
    page.requests()
    page.script("window.delays.length = 0")
    page.looks(3)
    asked = page.requests()
    assert {path for _, path in asked} == {group}
    assert set(page.script("return window.delays")) == {3000}


def test_a_group_that_has_ended_is_looked_at_slowly(page):
    dag_id = page.service.dag()
    page.service.create(dag_id, "done", "2025-01-01", "2025-01-02")
    page.service.clock.advance(60)
    page.open(f"?dag={dag_id}&group=done")
    page.see(".bar.big")
    page.wait(lambda: page.script("return window.delays.length") >= 1, "a look")
    assert page.script("return window.delays")[-1] == 30000


def test_a_hidden_page_asks_nothing_and_looks_at_once_when_it_is_seen(page, group):
    page.looks(1)
    page.driver.execute_script(HIDE.replace("HIDDEN", "true"))
    page.rests()
    page.requests()
    page.driver.execute_script("document.dispatchEvent(new Event('visibilitychange'))")
    page.rests()
    assert page.requests() == []
    page.driver.execute_script(HIDE.replace("HIDDEN", "false"))
    page.wait(page.requests, "a look at once")


def test_a_page_without_input_for_half_an_hour_rests_until_there_is_some(page, group):
    page.looks(1)
    page.script("const now = Date.now; Date.now = () => now() + 31 * 60 * 1000")
    page.rests()
    page.requests()
    page.script("window.dispatchEvent(new Event('focus'))")
    page.rests()
    assert page.requests() == []
    page.script("window.dispatchEvent(new Event('pointermove'))")
    page.wait(page.requests, "a look at once")


def test_errors_are_shown_make_it_wait_longer_and_go_away(page, group):
    page.forgive("ERR_", "Failed to load")
    page.looks(1)
    page.script(
        "window.fetched = window.fetch; window.fetch = () => Promise.reject(new TypeError('no network')); window.delays.length = 0"
    )
    page.see(".note.error", "cannot be reached")
    page.wait(lambda: len(page.script("return window.delays")) >= 4, "four looks")
    delays = page.script("return window.delays")
    assert delays[:4] == sorted(delays[:4])
    assert delays[3] > delays[0]
    page.script("window.fetch = window.fetched; window.dispatchEvent(new Event('focus'))")
    page.gone(".note.error")
