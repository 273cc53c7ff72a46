"""The list of groups."""

import pytest


@pytest.fixture(scope="module", autouse=True)
def groups(alone):
    alone.service.create("example_daily", "redo", "2025-02-01", "2025-02-20")
    alone.service.send("POST", "groups/example_daily/redo/cancel", limit=5)
    alone.service.create("example_hourly", "night", "2025-03-01", "2025-03-01T09:00", paused=True)
    alone.service.clock.advance(60)


def test_groups_of_all_dags_show_their_dates_and_states(page):
    page.open()
    row = page.see("tbody tr", "redo")
    assert "example_daily" in row.text
    assert "2025-02-01 \u2013 2025-02-20" in row.text
    assert page.see(".bar").get_attribute("aria-label")
    labels = [bar.get_attribute("aria-label") for bar in page.all(".bar")]
    assert "20 runs: 15 success, 5 cancelled" in labels
    assert "10 runs: 10 queued" in labels


def test_filters_by_text_and_state_stand_in_the_address(page):
    page.open()
    page.see("tbody tr", "redo")
    page.write("input[type=search]", "nig")
    page.gone("tbody tr", "redo")
    page.see("tbody tr", "night")
    assert "q=nig" in page.driver.current_url

    page.open("?state=failed")
    page.see("tbody tr", "redo")
    page.gone("tbody tr", "night")
    page.click(".chip", "With failures")
    page.see("tbody tr", "night")
    page.write("input[type=search]", "no such group")
    page.see(".empty", "No group matches")


def test_a_group_opens_by_its_name_and_back_returns(page):
    page.open()
    page.click("tbody a", "night")
    page.see("h1", "night")
    assert "dag=example_hourly&group=night" in page.driver.current_url
    page.driver.back()
    page.see("h1", "Groups")


def test_what_is_done_to_a_group_is_in_the_menu_of_its_row(page):
    page.open()
    page.click("tbody tr [aria-haspopup=menu]")
    page.wait(lambda: page.script("return root.activeElement.role") == "menuitem", "the menu has the focus")
    assert [item.text for item in page.all("[role=menuitem]")][-2:] == ["Note…", "Cancel…"]
    page.press("")
    page.click("[role=menuitem]", "Note…")
    page.see("dialog h2", "Note on")
    page.click("dialog footer button", "Close")
    page.gone("dialog")


def test_older_groups_come_when_they_are_asked_for(page):
    for number in range(55):
        page.service.create(
            "example_six_hourly",
            f"many{number}",
            f"2024-01-{number % 28 + 1:02}T0{number // 28}:00",
            f"2024-01-{number % 28 + 1:02}T12:00",
        )
    page.open("?dag=example_six_hourly")
    page.see("tbody tr", "many54")
    assert len(page.all("tbody tr")) == 50
    page.click("button", "Older groups")
    page.see("tbody tr", "many0")
    page.gone("button", "Older groups")
