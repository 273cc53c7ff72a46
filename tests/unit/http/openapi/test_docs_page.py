"""The page on which to try requests, as far as it can be seen without a browser; tests/browser opens it in one."""

import gzip
import re
from hashlib import sha256
from pathlib import Path
from urllib.parse import urljoin

import pytest

from airflow_run_groups.entrypoints.http.openapi import docs_page
from airflow_run_groups.entrypoints.http.security.authentication import TokenAuthentication
from tests.unit.http.service import Service

ROOT = Path(__file__).parents[4]
STATIC = Path(docs_page.__file__).with_name("static")


@pytest.fixture(params=["/api/v1", ""])
def prefix(request):
    return request.param


def test_all_that_the_page_loads_lies_below_it_and_needs_no_token(prefix):
    service = Service(prefix=prefix, authenticator=TokenAuthentication("s3cret"))
    page = service.get(f"{prefix}/docs")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    links = set(re.findall(r'(?:href|src)="([^"]+)"', page.text)) - {"data:,"}
    assert len(links) == 5
    for link in links:
        assert not link.startswith(("/", "http"))
        answer = service.get(urljoin(f"{prefix}/docs", link))
        assert answer.status_code == 200
        assert service.request("HEAD", urljoin(f"{prefix}/docs", link)).content == b""


def test_the_page_runs_no_script_but_those_of_its_own_files(prefix):
    page = Service(prefix=prefix).get(f"{prefix}/docs")
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    assert re.findall(r"<script(?! src=)|<style| style=| on[a-z]+=", page.text) == []
    assert page.headers["referrer-policy"] == "no-referrer"


def test_a_slash_at_its_end_leads_to_the_page_from_where_its_links_work(prefix):
    answer = Service(prefix=prefix).get(f"{prefix}/docs/")
    assert answer.status_code == 308
    assert urljoin(f"http://host/below{prefix}/docs/", answer.headers["location"]) == f"http://host/below{prefix}/docs"


def test_files_are_sent_packed_to_those_who_can_unpack_them():
    service = Service()
    target = "/api/v1/docs/swagger-ui-bundle.js"
    plain = service.get(target)
    packed = service.get(target, headers={"Accept-Encoding": "gzip, br"})
    assert plain.content == gzip.decompress(packed.content) == (STATIC / "swagger-ui/swagger-ui-bundle.js").read_bytes()
    assert len(packed.content) < len(plain.content) / 3
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    for answer in (plain, packed):
        assert answer.headers["vary"] == "Accept-Encoding"
        assert answer.headers["content-type"] == "text/javascript"
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("accepted", "is_packed"),
    [
        ("gzip", True),
        ("GZIP;q=1.0", True),
        ("br;q=1, gzip ; q=0.001", True),
        ("x-gzip", True),
        ("gzip;q=0", False),
        ("gzip; Q=0.000, br", False),
        ("identity", False),
        ("not-gzip", False),
        ("", False),
    ],
)
def test_files_are_sent_packed_unless_gzip_has_no_weight(accepted, is_packed):
    answer = Service().get("/api/v1/docs/docs.css", headers={"Accept-Encoding": accepted})
    assert ("content-encoding" in answer.headers) is is_packed


@pytest.mark.parametrize(
    "target", ["docs/docs.html", "docs/NOTICE", "docs/..%2fapp.py", "docs/%2e%2e/app.py", "docs/x"]
)
def test_nothing_else_of_ours_is_shown(target):
    assert Service().get(f"/api/v1/{target}").status_code == 404


def test_the_files_of_others_are_unchanged_and_named_with_their_licences():
    sums = dict(
        re.findall(r"^  ([0-9a-f]{64})  ([^/\s]+)$", (ROOT / "NOTICE").read_text(encoding="utf-8"), re.MULTILINE)
    )
    files = {sha256(path.read_bytes()).hexdigest(): path.name for path in (STATIC / "swagger-ui").iterdir()}
    assert sums == files
    assert {"LICENSE", "NOTICE", "swagger-ui-bundle.js.LICENSE.txt"} < set(files.values())
