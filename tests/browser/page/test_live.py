"""The page stays up to date, and burdens nobody for it."""

import pytest

HIDE = """
Object.defineProperty(document, 'hidden', {configurable: true, get: () => HIDDEN});
document.dispatchEvent(new Event('visibilitychange'));
"""
GROUP = "?dag=example_hourly&group=night"


@pytest.fixture(scope="module", autouse=True)
def groups(alone):
    alone.service.create("example_hourly", "night", "2025-01-01", "2025-03-12T23:00", partial=True, max_active_runs=2)
    for _ in range(3):
        alone.service.create("example_hourly", "night", "2025-01-01", "2025-03-12T23:00", partial=True, new_group=False)
    alone.service.clock.advance(2)


def test_what_happens_is_shown_without_a_look_at_runs_that_have_ended(page):
    page.open(GROUP)
    page.see(".bar.big")
    page.wait(lambda: "1,704" in page.see("[role=listbox]").get_attribute("aria-label"), "all runs")
    page.requests()
    page.service.clock.advance(30)
    page.wait(lambda: "success" in page.see(".bar.big").get_attribute("aria-label"), "runs that have ended")
    asked = [path for method, path in page.requests() if method == "GET"]
    of_runs = [path for path in asked if "/runs" in path]
    assert 1 <= len(of_runs) <= len([path for path in asked if path.endswith("/night")])  # one page of four moves
    assert {path.split("?")[1] for path in of_runs} == {"limit=500"}


def test_nothing_is_asked_twice_while_nothing_happens_but_the_group(page):
    page.open(GROUP)
    page.see(".bar.big")
    page.wait(lambda: page.script("return window.delays.length") >= 2, "two looks")
    page.requests()
    page.script("window.delays.length = 0")
    page.wait(lambda: page.script("return window.delays.length") >= 3, "three looks")
    asked = page.requests()
    assert {path for _, path in asked} == {"groups/example_hourly/night"}
    assert set(page.script("return window.delays")) == {3000}


def test_a_group_that_has_ended_is_looked_at_slowly(page):
    page.service.create("example_daily", "done", "2025-01-01", "2025-01-02")
    page.service.clock.advance(60)
    page.open("?dag=example_daily&group=done")
    page.see(".bar.big")
    page.wait(lambda: page.script("return window.delays.length") >= 1, "a look")
    assert page.script("return window.delays")[-1] == 30000


def test_a_hidden_page_asks_nothing_and_looks_at_once_when_it_is_seen(page):
    page.open(GROUP)
    page.see(".bar.big")
    page.wait(lambda: page.script("return window.delays.length") >= 1, "a look")
    page.driver.execute_script(HIDE.replace("HIDDEN", "true"))
    page.script("return new Promise((good) => setTimeout(good, 600))")
    page.requests()
    page.script("return new Promise((good) => setTimeout(good, 900))")
    assert page.requests() == []
    page.driver.execute_script(HIDE.replace("HIDDEN", "false"))
    page.wait(page.requests, "a look at once")


def test_a_page_without_input_for_half_an_hour_rests_until_there_is_some(page):
    page.open(GROUP)
    page.see(".bar.big")
    page.script(
        "const now = Date.now; window.later = 0; Date.now = () => now() + window.later; window.later = 31 * 60 * 1000"
    )
    page.script("return new Promise((good) => setTimeout(good, 600))")
    page.requests()
    page.script("return new Promise((good) => setTimeout(good, 900))")
    assert page.requests() == []
    page.script("window.dispatchEvent(new Event('pointermove'))")
    page.wait(page.requests, "a look at once")


def test_errors_are_shown_make_it_wait_longer_and_go_away(page):
    page.forgive("ERR_", "Failed to load")
    page.open(GROUP)
    page.see(".bar.big")
    page.script(
        "window.fetched = window.fetch; window.fetch = () => Promise.reject(new TypeError('no network')); window.delays.length = 0"
    )
    page.see(".note.error", "cannot be reached")
    page.wait(lambda: len(page.script("return window.delays")) >= 4, "four looks")
    delays = page.script("return window.delays.filter((delay) => delay !== 1500)")
    assert delays[:4] == sorted(delays[:4])
    assert delays[3] > delays[0]
    page.script("window.fetch = window.fetched; window.dispatchEvent(new Event('focus'))")
    page.gone(".note.error")
