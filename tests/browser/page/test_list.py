"""The list of groups."""

import pytest


@pytest.fixture
def daily(page):
    """A DAG with a group `redo` that has ended, with failures."""
    dag_id = page.service.dag()
    page.service.create(dag_id, "redo", "2025-02-01", "2025-02-20")
    page.service.send("POST", f"groups/{dag_id}/redo/cancel", limit=5)
    page.service.clock.advance(60)
    return dag_id


@pytest.fixture
def hourly(page):
    """A DAG with a paused group `night`."""
    dag_id = page.service.dag("hourly", "0 * * * *")
    page.service.create(dag_id, "night", "2025-03-01", "2025-03-01T09:00", paused=True)
    return dag_id


def test_groups_of_all_dags_show_their_dates_and_states(page, daily, hourly):
    page.open()
    row = page.see("tbody tr", daily)
    assert "2025-02-01 \u2013 2025-02-20" in row.text
    assert label(page, daily) == "20 runs: 15 success, 5 cancelled"
    assert label(page, hourly) == "10 runs: 10 queued"


def label(page, dag_id):
    find = "return [...root.querySelectorAll('tbody tr')].find((row) => row.innerText.includes(arguments[0])).querySelector('.bar').ariaLabel"
    return page.script(find, dag_id)


def test_filters_by_text_and_state_stand_in_the_address(page, daily, hourly):
    page.open()
    page.see("tbody tr", daily)
    page.write("input[type=search]", hourly)
    page.gone("tbody tr", daily)
    page.see("tbody tr", "night")
    assert f"q={hourly}" in page.driver.current_url

    page.open("?state=failed")
    page.see("tbody tr", daily)
    page.gone("tbody tr", hourly)
    page.click(".chip", "With failures")
    page.see("tbody tr", hourly)
    page.write("input[type=search]", "no such group")
    page.see(".empty", "No group matches")


def test_a_group_opens_by_its_name_and_back_returns(page, hourly):
    page.open(f"?q={hourly}")
    page.click("tbody a", "night")
    page.see("h1", "night")
    assert f"dag={hourly}&group=night" in page.driver.current_url
    page.driver.back()
    page.see("h1", "Groups")


def test_what_is_done_to_a_group_is_in_the_menu_of_its_row(page, hourly):
    page.open(f"?dag={hourly}")
    page.click("tbody tr [aria-haspopup=menu]")
    page.wait(lambda: page.script("return root.activeElement.role") == "menuitem", "the focus in the menu")
    assert [item.text for item in page.all("[role=menuitem]")][-3:] == ["Note…", "Describe…", "Cancel…"]
    page.click("[role=menuitem]", "Note…")
    page.see("dialog h2", "Note on")
    page.click("dialog footer button", "Close")
    page.gone("dialog")


def test_each_group_shows_that_it_is_paused_however_many_there_are(page):
    dag_id = page.service.dag()
    for number in range(12):
        day = f"2024-01-{number + 1:02}"
        page.service.create(dag_id, f"held{number}", day, day, paused=True)
    page.open(f"?dag={dag_id}")
    page.see("tbody tr", "held0")
    assert [badge.text for badge in page.all("tbody .badge")] == ["paused"] * 12


def test_older_groups_come_when_they_are_asked_for(page):
    dag_id = page.service.dag("many", "0 */6 * * *")
    for number in range(55):
        day = f"2024-{number // 28 + 1:02}-{number % 28 + 1:02}"
        page.service.create(dag_id, f"many{number}", day, day)
    page.open(f"?dag={dag_id}")
    page.see("tbody tr", "many54")
    assert len(page.all("tbody tr")) == 50
    page.click("button", "Older groups")
    page.see("tbody tr", "many0")
    page.gone("button", "Older groups")
