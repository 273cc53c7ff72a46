"""Everybody can use the page: axe finds nothing serious in any view, in light and dark, wide and narrow."""

import base64
import hashlib
import shutil
import subprocess
import tarfile

import pytest
from selenium.webdriver.common.keys import Keys

VERSION = "4.14.1"
INTEGRITY = "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
"""Of the npm registry's package axe-core, which is for these tests alone and comes with nothing that is shipped."""
RUN = """
const [rules, done] = arguments;
axe.run(document, {resultTypes: ["violations"], ...(rules && {runOnly: rules})}).then(
  ({violations}) => done(violations.map(({id, impact, nodes}) => [impact, id, nodes.map(({target}) => target.flat().join(" "))])),
  (error) => done([["critical", String(error), []]]));
"""
OF_COLOURS = ["color-contrast"]
"""The rules that dark colours can break where light ones do not."""


@pytest.fixture(scope="session")
def axe(pytestconfig):
    folder = pytestconfig.cache.mkdir("axe-core")
    packed = folder / f"axe-core-{VERSION}.tgz"
    if not packed.exists():
        npm = shutil.which("npm")
        assert npm, "npm was not found: on Debian, apt-get install npm"
        subprocess.run([npm, "pack", "--silent", f"axe-core@{VERSION}"], cwd=folder, check=True, timeout=120)
    assert base64.b64encode(hashlib.sha512(packed.read_bytes()).digest()).decode() == INTEGRITY
    with tarfile.open(packed) as package:
        return package.extractfile("package/axe.min.js").read().decode()


@pytest.fixture(scope="module")
def dags(service):
    """DAGs whose groups are looked at and not changed."""
    daily, hourly = service.dag(), service.dag("hourly", "0 * * * *")
    service.create(daily, "redo", "2025-02-01", "2025-03-20", note="a note")
    service.send("POST", f"groups/{daily}/redo/cancel", limit=5)
    service.create(hourly, "night", "2025-03-01", "2025-03-02", paused=True)
    service.clock.advance(4)
    return {"daily": daily, "hourly": hourly}


def press(selector, text=""):
    return lambda page: page.click(selector, text)


GROUP = "?dag={daily}&group=redo"
CELLS = ".strip [data-n]"
VIEWS = {
    "list": ("", "tbody tr", press("tbody [aria-haspopup]")),
    "group": (GROUP, CELLS),
    "paused group": ("?dag={hourly}&group=night", ".note", press("summary", "As a request")),
    "cancel": (GROUP, CELLS, press(".does button", "Cancel…")),
    "retry": (GROUP, CELLS, press(".does button", "Retry…"), press("dialog summary", "More")),
    "limits": (GROUP, CELLS, press(".does button", "Cap and pace…"), press("dialog label", "Set anew")),
    "new group": (
        "?view=new&dag={daily}&from=2025-02-25&to=2025-04-10",
        CELLS,
        press(".more summary"),
        press(".plan summary"),
    ),
    "coverage": ("?view=coverage&dag={daily}&from=2025-01-25&to=2025-04-10", CELLS),
}


@pytest.mark.parametrize("view", VIEWS)
def test_axe_finds_nothing_serious_and_nothing_is_wider_than_the_page(page, dags, axe, view):
    query, there, *steps = VIEWS[view]
    page.open(query.format(**dags))
    page.see(there)
    for step in steps:
        step(page)
    page.driver.execute_script(axe)
    try:
        for scheme, rules in (("light", None), ("dark", OF_COLOURS)):
            wanted = [
                {"name": "prefers-color-scheme", "value": scheme},
                {"name": "prefers-reduced-motion", "value": "reduce"},
            ]
            page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": wanted})
            found = page.driver.execute_async_script(RUN, rules)
            assert [one for one in found if one[0] in {"serious", "critical"}] == [], scheme
        narrow = {"width": 420, "height": 1600, "deviceScaleFactor": 1, "mobile": False}
        page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", narrow)
        widths = "return Math.max(document.scrollingElement.scrollWidth, root.host.scrollWidth)"
        page.wait(lambda: page.script(widths) <= 420, "a page as narrow as its window")
    finally:
        page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
        page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


OVERLAPS = """
const boxes = [...root.querySelectorAll(arguments[0])].filter((one) => one.checkVisibility()).map((one) => [one, one.getBoundingClientRect()]);
return boxes.flatMap(([one, box], n) => boxes.slice(n + 1).filter(([other, its]) =>
  !one.contains(other) && !other.contains(one) && Math.min(box.right, its.right) - Math.max(box.left, its.left) > 1
  && Math.min(box.bottom, its.bottom) - Math.max(box.top, its.top) > 1).map(([other]) => `${one.outerHTML.slice(0, 80)} lies over ${other.outerHTML.slice(0, 80)}`));
"""
CONTROLS = (
    "h1",
    "h2",
    "button",
    "a",
    "input",
    "select",
    "textarea",
    "dt",
    "dd",
    ".bar",
    ".field",
    ".note",
    "th",
    "label > span",
)


@pytest.mark.parametrize("view", VIEWS)
def test_right_to_left_nothing_overlaps_and_nothing_is_wider_than_the_page(page, dags, view):
    query, there, *steps = VIEWS[view]
    page.open(query.format(**dags))
    page.driver.execute_script("document.documentElement.dir = 'rtl'")
    page.see(there)
    for step in steps:
        step(page)
    where = "[role=menu]" if page.all("[role=menu]") else "dialog" if page.all("dialog") else "main"
    controls = ", ".join(f"{where} {one}" for one in CONTROLS)
    try:
        for width in (1200, 420):
            size = {"width": width, "height": 1600, "deviceScaleFactor": 1, "mobile": False}
            page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
            page.wait(
                lambda: page.script("return root.host.scrollWidth <= window.innerWidth"), "no more than its width"
            )
            page.wait(lambda: page.script(OVERLAPS, controls) == [], "nothing overlaps")
    finally:
        page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_right_to_left_bar_and_strip_are_mirrored(page, dags):
    page.open(GROUP.format(**dags))
    page.driver.execute_script("document.documentElement.dir = 'rtl'")
    page.see(CELLS)
    lefts = "return [...root.querySelectorAll(arguments[0])].map((one) => one.getBoundingClientRect().left)"
    first, second, *_ = page.script(lefts, CELLS)
    assert first > second
    parts = page.script(lefts, ".bar.big i")
    assert len(parts) > 1
    assert parts == sorted(parts, reverse=True)
    label, cells = (page.script(lefts, f".strip .field .row > {one}")[0] for one in ("span", ".cells"))
    assert label > cells
    page.script("root.querySelector('.field').focus()")
    before = page.see(".field").get_attribute("aria-activedescendant")
    page.press(Keys.ARROW_LEFT)  # on to the next date, which lies at the left
    after = page.see(".field").get_attribute("aria-activedescendant")
    assert int(after.rpartition("-")[2]) == int(before.rpartition("-")[2]) + 1
