"""`make docs`: the documentation as a site that can be read without a network.

The pages are staged into one folder: those of docs/, the documents at the root of the repository, and the reference pages, which are
generated from the code on every build, so that none can be stale. Sphinx then builds them, and any warning is an error: a link to a
page, a heading or a file that does not exist, a page that no table of contents has, a name that no docstring explains.

docs/index.md is a plain list of pages, which reads well on its own; its sections become the tables of contents.
"""

from __future__ import annotations

import posixpath
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from sphinx.cmd.build import build_main

sys.path.insert(0, str(Path(__file__).parent))
from reference import code_pages, pages as generated_pages

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build" / "site"
SOURCE, HTML, TEXT, DOCTREES = (BUILD / name for name in ("source", "html", "text", "doctrees"))
ROOT_DOCUMENTS = (
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "benchmarks/results/full.md",
    "benchmarks/results/quick.md",
)
REFERENCE = "Reference"
LINK = re.compile(r"\[(?P<text>[^\]]*)\]\((?!https?://|#)(?P<path>[^)#\s]+)(?P<heading>#[^)\s]*)?\)")
SECTION = re.compile(r"^## (?P<title>.+)\n(?P<text>(?:(?!^## ).*\n)*)", re.MULTILINE)
ITEM = re.compile(r"^- \[(?P<title>[^\]]+)\]\((?P<path>[^)]+)\)", re.MULTILINE)


def main() -> int:
    """Stage and build everything; return Sphinx's exit status."""
    for folder in (SOURCE, HTML, TEXT):
        shutil.rmtree(folder, ignore_errors=True)
    pages = stage()
    options = ["-q", "-W", "--keep-going", "-n", "-c", str(Path(__file__).parent), "-d", str(DOCTREES)]
    status = build_main([*options, "-b", "html", str(SOURCE), str(HTML)])
    if status == 0:  # autodoc's pages have directives in place of text, so their Markdown is what Sphinx makes of them
        of_code = [str(SOURCE / name) for name in code_pages()]
        status = build_main([*options, "-b", "text", str(SOURCE), str(TEXT), *of_code])
    if status == 0:
        publish_markdown(pages)
    return status


def stage() -> dict[str, str]:
    """Write all pages below ``SOURCE``; return the text of each by its path."""
    paths = [path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "docs").rglob("*.md"))]
    pages = {staged(name): (name, (ROOT / name).read_text(encoding="utf-8")) for name in [*paths, *ROOT_DOCUMENTS]}
    texts = {target: relinked(name, text) for target, (name, text) in pages.items()}
    texts |= {f"reference/{name}": text for name, text in generated_pages().items()}
    texts["index.md"] = with_contents(texts["index.md"], texts)
    for name, text in texts.items():
        target = SOURCE / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return texts


def staged(name: str) -> str:
    """Return where a file of the repository lies in the site."""
    return name.removeprefix("docs/")


def relinked(name: str, text: str) -> str:
    """Lead the links of a page to where the site has their targets, and copy those that are no pages."""
    here = posixpath.dirname(staged(name))

    def lead(link: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(name), link["path"]))
        if target.startswith(".."):  # a page of the repository's host, such as its form for vulnerabilities
            return link["text"]
        if not target.endswith(".md") and (ROOT / target).is_file():
            copy = SOURCE / staged(target)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / target, copy)
        return f"[{link['text']}]({posixpath.relpath(staged(target), here or '.')}{link['heading'] or ''})"

    return LINK.sub(lead, text)


def with_contents(index: str, pages: dict[str, str]) -> str:
    """Give the index a table of contents for each of its sections, and the generated pages to that of the reference."""

    def contents(section: re.Match[str]) -> str:
        entries = [item["path"] for item in ITEM.finditer(section["text"])]
        text = section["text"].rstrip() + "\n"
        if section["title"] == REFERENCE:
            generated = [name for name in pages if name.startswith("reference/")]
            text += "".join(f"- [{title_of(pages[name])}]({name})\n" for name in generated)
            entries = [*generated, *entries]
        if not entries:
            return section[0]
        lines = "\n".join(name.removesuffix(".md") for name in entries)
        return (
            f"## {section['title']}\n{text}\n```{{toctree}}\n:hidden:\n:caption: {section['title']}\n\n{lines}\n```\n\n"
        )

    return SECTION.sub(contents, index)


def title_of(text: str) -> str:
    """Return the first heading of a page."""
    (title,) = re.findall(r"\A(?:<!--.*?-->\n)*# (.+)", text)
    return title.replace("`", "")


def publish_markdown(pages: dict[str, str]) -> None:
    """Put each page beside its HTML as Markdown, and llms.txt, a list of them, at the root."""
    for name, text in pages.items():
        rendered = TEXT / name.replace(".md", ".txt")
        content = (
            rendered.read_text(encoding="utf-8")
            if rendered.exists()
            else re.sub(r"```\{toctree\}.*?```\n", "", text, flags=re.DOTALL)
        )
        target = HTML / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content, encoding="utf-8")
    (HTML / "llms.txt").write_text("\n".join(listed(pages)), encoding="utf-8")


def listed(pages: dict[str, str]) -> Iterator[str]:
    """List the pages by section, in the form of llmstxt.org."""
    index = pages["index.md"]
    yield f"# {title_of(index)}\n"
    yield f"> {first_paragraph(index)}\n"
    for section in SECTION.finditer(index):
        items = list(ITEM.finditer(section["text"]))
        if items:
            yield f"## {section['title']}\n"
            yield from (
                f"- [{item['title']}]({item['path']}): {first_paragraph(pages[item['path']])}" for item in items
            )
            yield ""


def first_paragraph(text: str) -> str:
    """Return the first paragraph of a page, on one line."""
    paragraphs = [
        part
        for part in text.split("\n\n")
        if part.strip() and not part.lstrip().startswith(("#", "<!--", "!", "-", "|", "```"))
    ]
    return " ".join(paragraphs[0].split())


if __name__ == "__main__":
    sys.exit(main())
