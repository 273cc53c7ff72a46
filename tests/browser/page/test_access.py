"""Everybody can use the page: axe finds nothing serious in any view, in light and dark, wide and narrow."""

import base64
import hashlib
import shutil
import subprocess
import tarfile

import pytest

VERSION = "4.14.1"
INTEGRITY = "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
"""Of the npm registry's package axe-core, which is for these tests alone and comes with nothing that is shipped."""
RUN = """
const done = arguments[arguments.length - 1];
axe.run(document, {resultTypes: ["violations"]}).then(
  ({violations}) => done(violations.map(({id, impact, nodes}) => [impact, id, nodes.map(({target}) => target.flat().join(" "))])),
  (error) => done([["critical", String(error), []]]));
"""


@pytest.fixture(scope="session")
def axe(tmp_path_factory):
    folder = tmp_path_factory.mktemp("axe")
    npm = shutil.which("npm")
    assert npm, "npm was not found: on Debian, apt-get install npm"
    subprocess.run([npm, "pack", "--silent", f"axe-core@{VERSION}"], cwd=folder, check=True, timeout=120)
    packed = folder / f"axe-core-{VERSION}.tgz"
    assert base64.b64encode(hashlib.sha512(packed.read_bytes()).digest()).decode() == INTEGRITY
    with tarfile.open(packed) as package:
        return package.extractfile("package/axe.min.js").read().decode()


@pytest.fixture(scope="module", autouse=True)
def groups(alone):
    alone.service.create("example_daily", "redo", "2025-02-01", "2025-03-20", note="a note")
    alone.service.send("POST", "groups/example_daily/redo/cancel", limit=5)
    alone.service.create("example_hourly", "night", "2025-03-01", "2025-03-02", paused=True)
    alone.service.clock.advance(4)


def press(selector, text=""):
    return lambda page: page.click(selector, text)


VIEWS = {
    "list": ("", "tbody tr", (press("tbody [aria-haspopup]"),)),
    "group": ("?dag=example_daily&group=redo", ".strip [data-n]", ()),
    "paused group": ("?dag=example_hourly&group=night", ".note", (press("summary", "As a request"),)),
    "cancel": ("?dag=example_daily&group=redo", ".strip [data-n]", (press(".does button", "Cancel…"),)),
    "retry": (
        "?dag=example_daily&group=redo",
        ".strip [data-n]",
        (press(".does button", "Retry…"), press("dialog summary", "More")),
    ),
    "limits": (
        "?dag=example_daily&group=redo",
        ".strip [data-n]",
        (press(".does button", "Cap and pace…"), press("dialog label", "Set anew")),
    ),
    "new group": (
        "?view=new&dag=example_daily&from=2025-02-25&to=2025-04-10",
        ".strip [data-n]",
        (press(".more summary"), press(".plan summary")),
    ),
    "coverage": ("?view=coverage&dag=example_daily&from=2025-01-25&to=2025-04-10", ".strip [data-n]", ()),
}


@pytest.mark.parametrize("view", VIEWS)
def test_axe_finds_nothing_serious_and_nothing_is_wider_than_the_page(page, axe, view):
    query, there, steps = VIEWS[view]
    page.open(query)
    page.see(there)
    for step in steps:
        step(page)
    page.driver.execute_script(axe)
    try:
        for scheme in ("light", "dark"):
            wanted = [
                {"name": "prefers-color-scheme", "value": scheme},
                {"name": "prefers-reduced-motion", "value": "reduce"},
            ]
            page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": wanted})
            found = page.driver.execute_async_script(RUN)
            assert [one for one in found if one[0] in {"serious", "critical"}] == [], scheme
        narrow = {"width": 420, "height": 1600, "deviceScaleFactor": 1, "mobile": False}
        page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", narrow)
        assert page.script("return document.scrollingElement.scrollWidth") <= 420
        assert page.script("return root.host.scrollWidth") <= 420
    finally:
        page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
        page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
