"""Where a token is set: it is asked for, kept for the tab, and asked for again over what was typed."""

import pytest

from airflow_run_groups.entrypoints.http.security.authentication import TokenAuthentication
from tests.browser.page.conftest import Service, serving

TOKEN = "s3cret-token"


@pytest.fixture(scope="module")
def service():
    return Service(authenticator=TokenAuthentication(TOKEN))


@pytest.fixture(scope="module")
def root(service):
    with serving(service) as root:
        yield root


def test_a_token_is_asked_for_and_kept_for_the_tab(page):
    page.forgive("401")
    page.open()
    page.write("dialog input[type=password]", "wrong")
    page.click("dialog button", "Sign in")
    page.see("dialog .note.error", "not valid")
    page.write("dialog input[type=password]", TOKEN)
    page.click("dialog button", "Sign in")
    page.gone("dialog")
    page.see(".empty", "No groups yet")
    page.driver.refresh()
    page.see(".empty", "No groups yet")
    assert page.all("dialog") == []
    assert page.script("return Object.keys(localStorage)") == []


def test_a_session_that_ends_loses_nothing_that_was_typed(page):
    page.forgive("401")
    page.open("?view=new&dag=example_daily")
    page.write("dialog input[type=password]", TOKEN)
    page.click("dialog button", "Sign in")
    page.gone("dialog")
    page.write("[name=note]", "half a note")
    page.script("sessionStorage.setItem('airflow-run-groups.token', 'revoked')")
    page.choose("#from", "2025-02-01")
    page.write("dialog input[type=password]", TOKEN)
    page.click("dialog button", "Sign in")
    page.gone("dialog")
    assert page.see("[name=note]").get_attribute("value") == "half a note"
    page.choose("#to", "2025-02-03")
    page.see(".sum", "3 new")
