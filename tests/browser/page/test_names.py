"""Ids as they may be: dotted, in any script, long, and with what an address, a query or HTML means something by."""

from urllib.parse import quote

import pytest

NAMES = ("sales.eu.daily", "Продажи-день", "売上_日次", "a" * 240, "sales+eu@daily.~v2")


@pytest.mark.parametrize("name", NAMES, ids=["dotted", "Cyrillic", "Japanese", "long", "signs"])
def test_a_group_of_such_a_dag_is_listed_opened_and_changed(page, name):
    dag_id = page.service.dag(name)
    prefix = "again.v2~" + "x" * 60
    page.service.create(dag_id, prefix, "2025-02-01", "2025-02-05", paused=True)
    page.open(f"?q={quote(dag_id)}")
    page.see("tbody tr", dag_id)
    assert page.script("return root.host.scrollWidth <= window.innerWidth")
    page.click("tbody a", prefix)
    page.see("h1", prefix)
    page.wait(lambda: page.kinds() == ["queued"] * 5, "cells")
    page.click(".does button", "Resume…")
    page.click("dialog footer .solid", "Resume 5 queued runs")
    page.gone("dialog")
    page.driver.refresh()
    page.see("h1", prefix)
    page.click(".does a", "Add dates")
    page.see("h1", "New group")
    assert page.see("[name=dag_id]").get_attribute("value") == dag_id
    assert page.see("[name=prefix]").get_attribute("value") == prefix
    page.open(f"?view=coverage&dag={quote(dag_id)}&from=2025-02-01&to=2025-02-05")
    page.see(".sum", "5 dates")
