"""The page of groups, as far as it can be seen without a browser: what is served, how, and to whom."""

import re
import shutil
from urllib.parse import urljoin

import pytest

from airflow_run_groups import __version__
from airflow_run_groups.entrypoints.http.security.authentication import TokenAuthentication
from airflow_run_groups.entrypoints.http.static_files import TYPES
from airflow_run_groups.entrypoints.http.ui import page
from airflow_run_groups.entrypoints.settings import Auth, Settings
from tests.unit.http.service import Service, reason

STATIC = page._STATIC  # noqa: SLF001 - the folder of what is served
FILES = sorted(
    path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*") if path.suffix in TYPES and path.name != page.PAGE
)
IMPORT = re.compile(r"""(?:^import\b[^;"']*|\bimport\s*\(\s*)["']([^"']+)["']""", re.MULTILINE)


@pytest.fixture(params=["/api/v1", ""])
def prefix(request):
    return request.param


@pytest.fixture
def service(prefix):
    return Service(prefix=prefix, authenticator=TokenAuthentication("s3cret"))


def folder(service, prefix):
    """Return the path of the folder from which the page loads its files."""
    (build,) = set(re.findall(r'(?:href|src)="([^/"]+)/', service.get(f"{prefix}/ui/").text))
    return f"{prefix}/ui/{build}"


def test_page_and_all_that_it_loads_need_no_token(service, prefix):
    shown = service.get(f"{prefix}/ui/")
    assert (shown.status_code, shown.headers["content-type"]) == (200, "text/html; charset=utf-8")
    links = re.findall(r'(?:href|src)="([^"]+)"', shown.text)
    assert {link.partition("/")[2] for link in links} >= {"groups.js", "icon.svg"}
    for link in links:
        assert not link.startswith(("/", "http"))
        target = urljoin(f"{prefix}/ui/", link)
        assert service.get(target).status_code == 200
        assert service.request("HEAD", target).content == b""
    assert service.get(f"{prefix}/dags").status_code == 401


def test_page_runs_no_script_but_those_of_its_own_files(service, prefix):
    shown = service.get(f"{prefix}/ui/")
    policy = shown.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert re.findall(r"<script(?![^>]* src=)|<style| style=| on[a-z]+=", shown.text) == []
    assert shown.headers["cache-control"] == "no-cache"


def test_page_without_its_slash_leads_to_it(service, prefix):
    sent_on = service.get(f"{prefix}/ui")
    assert sent_on.status_code == 308
    target = urljoin(f"http://host/below{prefix}/ui", sent_on.headers["location"])
    assert target == f"http://host/below{prefix}/ui/"
    assert service.get(f"{prefix}/ui//").status_code == 404


@pytest.mark.parametrize("file", FILES)
def test_files_may_be_kept_for_ever(service, prefix, file):
    answer = service.get(f"{folder(service, prefix)}/{file}")
    assert answer.status_code == 200
    assert answer.content == (STATIC / file).read_bytes()
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"].partition(";")[0] in {"text/javascript", "image/svg+xml", "text/css"}
    assert answer.headers["x-content-type-options"] == "nosniff"
    packed = service.get(f"{folder(service, prefix)}/{file}", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"


@pytest.mark.parametrize("file", FILES)
def test_version_alone_leads_to_the_folder_of_the_build(service, prefix, file):
    path = f"{prefix}/ui/{__version__}/{file}"
    sent_on = service.get(path)
    assert (sent_on.status_code, sent_on.headers["cache-control"]) == (307, "no-store")
    assert urljoin(path, sent_on.headers["location"]) == f"{folder(service, prefix)}/{file}"


def test_folder_of_the_build_changes_with_each_file(monkeypatch, tmp_path):
    copy = tmp_path / "static"
    shutil.copytree(STATIC, copy)
    monkeypatch.setattr(page, "_STATIC", copy)
    builds = {page._build.__wrapped__()}  # noqa: SLF001 - without its cache
    for file in (page.PAGE, *FILES):
        with (copy / file).open("ab") as changed:
            changed.write(b"\n")
        builds.add(page._build.__wrapped__())  # noqa: SLF001 - as above
    assert len(builds) == len(FILES) + 2
    assert {build.partition("-")[0] for build in builds} == {__version__}


@pytest.mark.parametrize("file", [file for file in FILES if file.endswith(".js")])
def test_modules_load_modules_of_ours_and_nothing_from_elsewhere(file):
    module = STATIC / file
    for name in IMPORT.findall(module.read_text(encoding="utf-8")):
        assert name.startswith("."), name
        assert (module.parent / name).resolve().relative_to(STATIC).as_posix() in FILES


@pytest.mark.parametrize(
    "name",
    ["index.html", "x.js", "", "../page.py", "..%2fpage.py", "%2e%2e/page.py", "vendor/", "vendor/../groups.js"],
)
def test_nothing_else_of_ours_is_served(service, prefix, name):
    assert service.get(f"{folder(service, prefix)}/{name}").status_code == 404


def test_another_version_is_not_found(service, prefix):
    assert service.get(f"{prefix}/ui/0.0.1/groups.js").status_code == 404


def test_without_the_page_nothing_of_it_is_there(prefix):
    service = Service(prefix=prefix, settings=Settings(backend="memory", auth=Auth.NONE, ui=False))
    for path in ("ui/", "ui", f"ui/{__version__}/groups.js", f"ui/{page._build()}/groups.js"):  # noqa: SLF001 - its path
        assert reason(service.get(f"{prefix}/{path}")) == "route_not_found"
    assert "/ui" not in service.get(f"{prefix}/openapi.json").json["paths"]
    assert list(service.ask("/")) == ["docs", "openapi", "api"]
    assert service.get("/", headers={"Accept": "text/html"}).headers["location"].endswith("docs")


@pytest.mark.parametrize("below", [True, False])
def test_addresses_of_the_server_and_of_the_api_say_where_to_go(service, prefix, below):
    path = f"{prefix}/" if below else "/"
    addresses = service.ask(path)
    assert list(addresses) == ["page", "docs", "openapi", "api"]
    found = {name: urljoin(f"/below{path}", address) for name, address in addresses.items()}
    assert found == {
        "page": f"/below{prefix}/ui/",
        "docs": f"/below{prefix}/docs",
        "openapi": f"/below{prefix}/openapi.json",
        "api": f"/below{prefix}/",
    }


def test_address_of_the_api_without_its_slash_leads_to_it():
    sent_on = Service().get("/api/v1")
    assert (sent_on.status_code, sent_on.headers["location"]) == (308, "v1/")


def test_browser_is_sent_on_to_the_page(service, prefix):
    sent_on = service.get("/", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert (sent_on.status_code, urljoin("/", sent_on.headers["location"])) == (303, f"{prefix}/ui/")
    assert sent_on.headers["vary"] == "Accept"


def element(service):
    (found,) = re.findall(r"<airflow-run-groups([^>]*)></airflow-run-groups>", service.get("/api/v1/ui/").text)
    return found


def test_page_is_told_where_airflows_own_pages_are():
    assert element(Service()) == ""
    assert element(Service(airflow_address="../../../")) == ' airflow="../../../"'
    assert (
        element(Service(airflow_address='https://a.example/"><b>'))
        == ' airflow="https://a.example/&quot;&gt;&lt;b&gt;"'
    )
