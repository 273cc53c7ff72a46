"""The Markdown documents of this project, as tests read them: fenced blocks, tables, links, headings.

A comment, `<!-- name -->`, in the line before a fenced block or a table marks the one that a test reads by this name.
"""

import re
import sys
from functools import cached_property
from pathlib import Path

from markdown_it import MarkdownIt

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
MARKDOWN = MarkdownIt("commonmark").enable("table")


class Document:
    """A Markdown document, by its path from the root of the repository."""

    def __init__(self, name):
        self.name = name
        self.path = ROOT / name
        self.text = self.path.read_text(encoding="utf-8")

    @cached_property
    def _tokens(self):
        return MARKDOWN.parse(self.text)

    def blocks(self, language):
        """Return the content of every fenced block in this language."""
        return [token.content for token in self._tokens if token.type == "fence" and token.info == language]

    def block(self, mark):
        """Return the content of the fenced block with this mark."""
        token = self._tokens[self._marked(mark)]
        assert token.type == "fence", f"{self.name}: no fenced block after {mark}"
        return token.content

    def table(self, mark):
        """Return the rows of the table with this mark, each as its cells, without the head."""
        table = self._table(self._marked(mark))
        assert table, f"{self.name}: no table after {mark}"
        return table[1:]

    def tables(self, *head):
        """Return the rows, without the head, of each table that has this head."""
        found = [self._table(index) for index, token in enumerate(self._tokens) if token.type == "table_open"]
        return [rows for first, *rows in found if first == list(head)]

    def console(self):
        """Return each command of the console blocks, without its `$`, with the lines that follow it."""
        commands = []
        for block in self.blocks("console"):
            for line in block.splitlines(keepends=True):
                if line.startswith("$ "):
                    commands.append((line[2:].rstrip("\n"), ""))
                else:
                    command, output = commands.pop()
                    commands.append((command, output + line))
        return commands

    def code(self):
        """Return every piece of code within the text, in sentences and cells."""
        return [token.content for token in self._inline() if token.type == "code_inline"]

    def links(self):
        """Return the targets of all links and images."""
        return [
            target for token in self._inline() if (target := token.attrGet("href") or token.attrGet("src")) is not None
        ]

    def anchors(self):
        """Return the fragments by which links reach the headings, made as GitHub makes them."""
        titles = [
            self._tokens[index + 1].content for index, token in enumerate(self._tokens) if token.type == "heading_open"
        ]
        return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}

    def _inline(self):
        return [child for token in self._tokens if token.type == "inline" for child in token.children]

    def _marked(self, mark):
        """Return the index of the first token after the mark."""
        comment = f"<!-- {mark} -->"
        (index,) = [i for i, token in enumerate(self._tokens) if token.content.strip() == comment]
        return index + 1

    def _table(self, index):
        """Return the cells of the table that begins at this token; nothing if none does."""
        rows = []
        if self._tokens[index].type == "table_open":
            for token in self._tokens[index:]:
                if token.type == "tr_open":
                    rows.append([])
                elif token.type == "inline":
                    rows[-1].append(token.content)
                elif token.type == "table_close":
                    break
        return rows


def code(text):
    """Return the pieces of code in a cell."""
    return [token.content for token in MARKDOWN.parseInline(text)[0].children if token.type == "code_inline"]


def documents():
    """Return every Markdown document of the project."""
    globs = ("*.md", "docs/**/*.md", "benchmarks/results/*.md")
    return [Document(path.relative_to(ROOT).as_posix()) for glob in globs for path in sorted(ROOT.glob(glob))]
