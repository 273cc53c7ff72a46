"""The site that `make docs` has built: complete, without a request to another host, and each page as Markdown, too."""

import re
from html.parser import HTMLParser

import click
import pytest

from airflow_run_groups.adapters import client
from airflow_run_groups.entrypoints.http.openapi.specification import describe
from airflow_run_groups.entrypoints.http.schemas.fields.formats import ValueFormat
from airflow_run_groups.entrypoints.settings import OPTIONS
from airflow_run_groups.entrypoints.terminal.command_line.main import main
from tests.documents import ROOT, Document

SITE = ROOT / "build" / "site" / "html"
PAGES = sorted(SITE.rglob("*.html"))
REFERENCE = SITE / "reference"


class Requests(HTMLParser):
    """What a browser loads by itself when it shows a page."""

    LOADING = frozenset({"script", "img", "iframe", "source", "video", "embed", "object"})

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if tag in self.LOADING or (tag == "link" and values.get("rel") not in {"canonical", "alternate"}):
            self.found += [value for name in ("src", "href", "data", "srcset") if (value := values.get(name))]


def test_there_are_pages_of_each_section():
    names = {page.relative_to(SITE).as_posix() for page in PAGES}
    assert {"index.html", "start.html", "how-to/pause.html", "reference/http.html", "operations.html"} <= names


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(SITE).as_posix())
def test_page_loads_nothing_from_another_host(page):
    parser = Requests()
    parser.feed(page.read_text(encoding="utf-8"))
    assert [url for url in parser.found if re.match(r"(https?:)?//", url)] == []


def test_styles_load_nothing_from_another_host():
    for style in SITE.rglob("*.css"):
        assert re.findall(r"(?:url\(|@import\s)[\"']?(?:https?:)?//", style.read_text(encoding="utf-8")) == []


def test_every_page_is_there_as_markdown():
    own = [page for page in PAGES if page.name not in {"genindex.html", "search.html", "py-modindex.html"}]
    for page in own:
        markdown = page.with_suffix(".md")
        assert markdown.exists(), page
        assert f'href="{markdown.name}"' in page.read_text(encoding="utf-8")


def test_llms_txt_lists_every_page():
    text = (SITE / "llms.txt").read_text(encoding="utf-8")
    listed = re.findall(r"^- \[[^]]+\]\(([^)]+)\): .+", text, re.MULTILINE)
    assert text.startswith("# Airflow Run Groups\n\n> ")
    assert {*listed, "index.md"} == {page.relative_to(SITE).as_posix() for page in SITE.rglob("*.md")}


def markdown(name):
    return (REFERENCE / f"{name}.md").read_text(encoding="utf-8")


def test_reference_has_every_operation_and_schema():
    description = describe(prefix="/api/v1", value_format=ValueFormat.TEXT, requires_token=True)
    text = markdown("http")
    for path, operations in description["paths"].items():
        for method in set(operations) - {"servers"}:
            assert f"`{method.upper()} /api/v1{path}`" in text
    for name, schema in description["components"]["schemas"].items():
        assert f"### {name}\n" in text
        assert [key for key in schema.get("properties", ()) if f"| `{key}`" not in text] == []


def test_reference_has_every_command_and_option():
    text = markdown("terminal")
    for name, command in main.commands.items():
        assert f"## `{name}`" in text
        options = [option for option in command.params if isinstance(option, click.Option)]
        assert [option.opts[-1] for option in options if option.opts[-1] not in text] == []


def test_reference_has_every_option_of_the_configuration():
    assert [name for name in OPTIONS if f"## `{name}`" not in markdown("configuration")] == []


def test_reference_has_every_reason_with_a_text():
    text = markdown("errors")
    for reason, status, _ in Document("docs/operations.md").tables("reason", "status", "what was wrong")[0]:
        section = text.partition(f"### {reason}\n")[2].partition("\n#")[0]
        assert section, reason
        assert f"## {status} " in text
    texts = re.findall(r"^- `.+`$", text, re.MULTILINE)
    assert "- `Dag id {dag_id} not found`" in texts
    assert len(texts) > 100


def test_reference_has_the_docstrings_of_the_client():
    text = " ".join(markdown("client").split())
    assert " ".join(client.Client.create.__doc__.split())[:60] in text
