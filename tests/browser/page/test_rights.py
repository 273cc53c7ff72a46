"""A caller who may see DAGs and change none: a button of what would be refused says why, and does nothing."""

import pytest

from airflow_run_groups.domain.rights import Rights
from airflow_run_groups.entrypoints.http.security.authentication import FullAccess
from tests.browser.page.conftest import Service, serving

MAY_NOT_CREATE, MAY_NOT_CHANGE = (f"You may not {verb} runs of this DAG." for verb in ("create", "change"))


class Reader(FullAccess):
    def rights(self, dag_ids):
        return dict.fromkeys(dag_ids, Rights(create=False, change=False))

    def may_create_runs(self, dag_id):
        return False

    may_change_runs = may_create_runs


class Identification:
    """Browsers are readers; the requests of the tests themselves come from a writer."""

    def identify(self, req):
        return Reader() if "Mozilla" in req.user_agent else FullAccess()


@pytest.fixture(scope="module")
def service():
    return Service(authenticator=Identification())


@pytest.fixture(scope="module")
def root(service):
    with serving(service) as root:
        yield root


@pytest.fixture
def dag(page):
    dag_id = page.service.dag()
    page.service.create(dag_id, "redo", "2025-02-01", "2025-02-05", paused=True)
    return dag_id


def reasons(page, selector):
    """The titles of buttons, by their texts; None of those that can be pressed."""
    page.wait(lambda: all(one.get_attribute("disabled") for one in page.all(selector)), f"{selector} are disabled")
    return {one.text: one.get_attribute("title") for one in page.all(selector)}


def test_buttons_of_a_group_say_why_they_do_nothing(page, dag):
    page.open(f"?dag={dag}&group=redo")
    page.see(".does button", "Resume…")
    assert reasons(page, ".does button") == {
        **dict.fromkeys(("Resume…", "Cap and pace…", "Retry…", "Note…", "Describe…", "Cancel…"), MAY_NOT_CHANGE),
        "Add dates": MAY_NOT_CREATE,
    }


def test_the_list_of_a_dag_says_why_nothing_can_be_made_or_changed(page, dag):
    page.open(f"?dag={dag}")
    page.wait(lambda: page.all(".does button:disabled", "New group"), "no new group")
    assert reasons(page, ".does button") == {"New group": MAY_NOT_CREATE}
    page.click("tbody [aria-haspopup=menu]")
    assert set(reasons(page, "[role=menuitem]").values()) == {MAY_NOT_CHANGE}


def test_a_gap_cannot_be_filled(page, dag):
    page.open(f"?view=coverage&dag={dag}&from=2025-02-01&to=2025-02-12")
    page.wait(lambda: page.all(".over button:disabled", "Fill the gaps"), "no filling")
    assert reasons(page, ".over button.solid") == {"Fill the gaps": MAY_NOT_CREATE}


def test_the_form_says_at_once_that_it_is_in_vain(page, dag):
    page.forgive("403")
    page.open(f"?view=new&dag={dag}")
    page.see(".field-of small", MAY_NOT_CREATE)
