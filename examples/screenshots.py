"""Write the pictures of the page of groups in docs/page, from the page itself on the in-memory backend (`make screenshots`).

It needs Chromium and its driver.
"""

from __future__ import annotations

import datetime as dt
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import falcon
import falcon.testing
import uvicorn
from a2wsgi import WSGIMiddleware
from dependency_injector.providers import Object
from selenium import webdriver
from selenium.webdriver.support.ui import WebDriverWait

from airflow_run_groups.adapters.memory import (
    MemoryAuditLog,
    MemoryDagRepository,
    MemoryDagRunRepository,
    MemoryGroupRepository,
)
from airflow_run_groups.adapters.memory.backend import MemoryBackend
from airflow_run_groups.adapters.memory.dag import MemoryDag
from airflow_run_groups.domain import DagRunState, GroupRunId
from airflow_run_groups.entrypoints.container import Backend, Container
from airflow_run_groups.entrypoints.settings import Auth, Settings

FOLDER = Path(__file__).parents[1] / "docs" / "page"
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--lang=en")
FIND = "const root = document.querySelector('airflow-run-groups').shadowRoot; "
UTC = dt.timezone.utc
START = dt.datetime(2020, 1, 1, tzinfo=UTC)
DAGS = (
    MemoryDag(dag_id="sales_daily", schedule="0 0 * * *", start_date=START),
    MemoryDag(dag_id="prices_hourly", schedule="0 * * * *", start_date=START),
    MemoryDag(dag_id="customers", schedule="0 6 * * 1-5", start_date=START),
    MemoryDag(dag_id="ledger", schedule=dt.timedelta(hours=6), start_date=START, is_paused=True),
)


class Service:
    """The service, whose time goes on by explicit calls alone, so that the pictures show groups under way."""

    def __init__(self) -> None:
        self.now = dt.datetime.now(UTC)
        self.store = MemoryBackend(lambda: self.now)
        for dag in DAGS:
            self.store.add(dag)
        backend = Backend(
            dags=MemoryDagRepository(self.store),
            runs=MemoryDagRunRepository(self.store),
            groups=MemoryGroupRepository(self.store),
            audit=MemoryAuditLog(),
            default_timezone=UTC,
            dispose_after_fork=lambda: None,
        )
        parts = {"settings": Settings(backend="memory", auth=Auth.NONE), "backend": backend, "clock": lambda: self.now}
        self.app: Any = Container(**{name: Object(part) for name, part in parts.items()}).app()

    def send(self, method: str, path: str, **body: Any) -> None:
        sent = falcon.testing.simulate_request(self.app, method, f"/api/v1/{path}", json=body, host="127.0.0.1")
        if sent.status != falcon.HTTP_OK:
            raise SystemExit(sent.text)

    def create(self, dag_id: str, prefix: str, start: str, end: str, **more: Any) -> None:
        self.send("POST", "dag_runs", dag_id=dag_id, prefix=prefix, start_date=start, end_date=end, **more)

    def fail(self, dag_id: str, prefix: str, *numbers: int) -> None:
        """Let runs of a group have failed by themselves."""
        self.store.advance()
        for stored in self.store.dags[dag_id].groups[prefix]:
            run_id = GroupRunId.parse(stored.run.run_id)
            if run_id is not None and run_id.number in numbers:
                stored.run = stored.run._replace(state=DagRunState.FAILED.value)

    def furnish(self) -> None:
        """Create the groups of the pictures."""
        self.create("customers", "address_fix", "2025-01-01", "2025-03-31")
        self.now += dt.timedelta(seconds=60)
        self.fail("customers", "address_fix", 17, 18, 41)
        self.create("ledger", "migrate", "2025-02-01", "2025-02-28", note="Waits for the new ledger")
        self.create("sales_daily", "vat", "2024-10-01", "2024-12-31")
        self.now += dt.timedelta(seconds=60)
        self.send("POST", "groups/sales_daily/vat/note", note="VAT of the last quarter")
        self.create("prices_hourly", "night", "2025-03-01", "2025-03-10T23:00", max_active_runs=8, paused=True)
        self.create("sales_daily", "redo", "2025-01-01", "2025-04-30", max_active_runs=6)
        self.send(
            "POST",
            "groups/sales_daily/redo/cancel",
            run_ids=[f"redo_{n:07}_2025-04-{n - 90:02}T00:00:00" for n in (101, 102)],
        )
        self.now += dt.timedelta(seconds=38)
        self.fail("sales_daily", "redo", 12, 13, 47)


@contextmanager
def served(service: Service) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(WSGIMiddleware(service.app), lifespan="off", log_level="error"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/api/v1/ui/"
        finally:
            server.should_exit = True
            thread.join()


class Camera:
    """Chromium, and how it takes a picture of a view."""

    def __init__(self, driver: Any, url: str) -> None:
        self._driver, self._url = driver, url

    def take(
        self,
        name: str,
        query: str,
        there: str,
        *steps: Callable[[Camera], None],
        look: str = "",
        size: tuple[int, int] = (1280, 800),
    ) -> None:
        width, height = size
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        scheme = {"name": "prefers-color-scheme", "value": "dark" if look == "dark" else "light"}
        still = {"name": "prefers-reduced-motion", "value": "reduce"}
        self._driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        self._driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme, still]})
        self._driver.get(f"{self._url}{query}")
        self._driver.execute_script("document.documentElement.dir = arguments[0]", "rtl" if look == "rtl" else "")
        self.see(there)
        for step in steps:
            step(self)
        self._driver.execute_async_script("setTimeout(arguments[0], 1200)")  # nothing moves any more
        self._driver.save_screenshot(str(FOLDER / f"{name}.png"))

    def see(self, selector: str) -> Any:
        find = f"{FIND} return [...root.querySelectorAll(arguments[0])].find((one) => one.checkVisibility())"
        return WebDriverWait(self._driver, 20).until(
            lambda driver: self._has_page() and driver.execute_script(find, selector)
        )

    def _has_page(self) -> bool:
        return bool(
            self._driver.execute_script("return Boolean(document.querySelector('airflow-run-groups')?.shadowRoot)")
        )

    def click(self, selector: str) -> None:
        self.see(selector).click()

    def point(self, selector: str) -> None:
        webdriver.ActionChains(self._driver).move_to_element(self.see(selector)).perform()

    def drag(self, first: str, last: str) -> None:
        drag = webdriver.ActionChains(self._driver).click_and_hold(self.see(first))
        drag.move_to_element(self.see(last)).release().perform()


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    service = Service()
    service.furnish()
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in FLAGS:
        options.add_argument(flag)
    driver = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    try:
        still = f"Date.now = () => {int(service.now.timestamp() * 1000)}"  # the page's time is that of the service
        driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": still})
        with served(service) as url:
            take_all(Camera(driver, url))
    finally:
        driver.quit()


GROUP = "?dag=sales_daily&group=redo"
CELL = ".strip [data-n]"


def take_all(camera: Camera) -> None:
    new = "?view=new&dag=sales_daily&prefix=spring&from=2025-04-12&to=2025-06-15"
    coverage = "?view=coverage&dag=sales_daily&from=2024-09-20&to=2025-05-15"
    for look in ("", "dark"):
        mark = look and f"-{look}"
        camera.take(f"groups{mark}", "", "tbody tr", look=look, size=(1280, 560))
        camera.take(f"group{mark}", GROUP, CELL, lambda on: on.point("[data-n='46']"), look=look, size=(1280, 620))
        camera.take(f"new{mark}", new, CELL, look=look, size=(1280, 900))
        camera.take(f"coverage{mark}", coverage, CELL, look=look, size=(1280, 620))
    camera.take("chosen", GROUP, CELL, lambda on: on.drag("[data-n='70']", "[data-n='80']"), size=(1280, 700))
    camera.take("cancel", GROUP, CELL, lambda on: on.click(".does .danger"), size=(1280, 700))
    camera.take(
        "limits-dark", GROUP, CELL, lambda on: on.click(".does button:nth-of-type(2)"), look="dark", size=(1280, 760)
    )
    camera.take("retry", GROUP, CELL, lambda on: on.click(".does button:nth-of-type(3)"), size=(1280, 700))
    camera.take("describe", GROUP, CELL, lambda on: on.click(".does button:nth-of-type(5)"), size=(1280, 700))
    camera.take("group-rtl", GROUP, CELL, lambda on: on.point("[data-n='46']"), look="rtl", size=(1280, 620))
    camera.take("new-rtl", new, CELL, look="rtl", size=(1280, 900))
    camera.take("new-narrow", new, CELL, size=(420, 1400))
    camera.take("coverage-narrow", coverage, CELL, size=(420, 800))
    camera.take("groups-narrow", "", "tbody tr", size=(420, 800))
    camera.take("group-narrow", GROUP, CELL, size=(420, 900))


if __name__ == "__main__":
    main()
