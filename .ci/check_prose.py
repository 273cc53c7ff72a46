# ruff: noqa: INP001 - a script, and no module of a package
"""Checks the prose of documents, help texts, option descriptions and the OpenAPI description: proselint's rules, and a few of our own.

The latter hold for docstrings, comments and messages in the code, too.

The rules of this project are in ``HOUSE``: words that read like a translation, and sentences that begin with a clause in place of a subject.
"""

import json
import re
import subprocess
import sys
import tempfile
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from markdown_it import MarkdownIt

from airflow_run_groups.entrypoints.http.openapi.specification import describe
from airflow_run_groups.entrypoints.http.schemas.fields.formats import ValueFormat
from airflow_run_groups.entrypoints.settings import OPTIONS
from airflow_run_groups.entrypoints.terminal.command_line.main import main as commands

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "docs/**/*.md")
HOUSE = {
    r"(?:^|(?<=[.:;!] ))(?:Who|Whoever|What|Whatever)\b[^?.:;!]*[.:;!]": "begin with the subject, not with a clause",
    r"\b[Ww]hoever\b": "name the person: the caller, the creator, anyone who",
    r"\basked for\b": "write requested",
    r"\b(?:told|untold)\b": "write reported, or say what the text says",
    r"\b(?:held against|bears with|takes leave|the same as ever|for ever)\b": "say it plainly",
}
PROSELINT = {
    "typography": False,  # the documents have straight quotes, as code has
    "lexical_illusions": False,  # tables repeat numbers
    "spelling": False,  # names such as NO_COLOR keep their spelling
    "archaism": False,  # it takes "for every" for an old form of "forever"
    "misc.composition": False,  # a run that has "not succeeded" need not have "failed"
}


def main() -> int:
    """Print each violation with its place; return 1 when there are any."""
    texts = dict(_texts())
    found = [*_house({**texts, **dict(_code())}), *_proselint(texts)]
    for line in found:
        print(line)  # noqa: T201 - the report
    return 1 if found else 0


def _texts() -> Iterator[tuple[str, str]]:
    """Yield each piece of prose by its place, without code."""
    for glob in DOCUMENTS:
        for path in sorted(ROOT.glob(glob)):
            yield from _prose(path)
    for name, option in OPTIONS.items():
        yield f"option {name}", _plain(option.description.replace("``", "`"))
    for name, command in commands.commands.items():
        yield f"airflow-groups {name} --help", _plain(command.help or "")
        for param in command.params:
            if isinstance(param, click.Option):
                yield f"airflow-groups {name} {param.opts[0]}", _plain(param.help or "")
    description = describe(prefix="/api/v1", value_format=ValueFormat.TEXT, requires_token=True)
    yield from ((f"OpenAPI {place}", _plain(text)) for place, text in _descriptions(description, ""))


def _prose(path: Path) -> Iterator[tuple[str, str]]:
    """Yield paragraphs, items and cells of a Markdown document."""
    name = path.relative_to(ROOT).as_posix()
    for token in MarkdownIt("commonmark").enable("table").parse(path.read_text(encoding="utf-8")):
        if token.type == "inline" and token.map:
            parts = ["`x`" if one.type == "code_inline" else one.content or " " for one in token.children or ()]
            yield f"{name}:{token.map[0] + 1}: {token.content[:30]!r}", _plain("".join(parts))


def _descriptions(part: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(part, dict):
        for key, value in part.items():
            if key in {"description", "summary"} and isinstance(value, str):
                yield place, value
            elif key not in {"example", "examples", "default", "value"}:
                yield from _descriptions(value, f"{place}/{key}")


def _code() -> Iterator[tuple[str, str]]:
    """Yield each comment, docstring and message of the package's modules, by its place."""
    for path in sorted(ROOT.glob("src/**/*.py")):
        with path.open("rb") as file:
            tokens = list(tokenize.tokenize(file.readline))
        for token in tokens:
            text = token.string.removeprefix("#") if token.type == tokenize.COMMENT else token.string
            if token.type in _PROSE and " " in text.strip():
                name = path.relative_to(ROOT).as_posix()
                yield f"{name}:{token.start[0]}:{token.start[1]}", _plain(text.replace("``", "`").strip("\"'rf "))


_PROSE = {tokenize.COMMENT, tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}


def _plain(text: str) -> str:
    return " ".join(re.sub(r"`[^`]*`", "x", text).split())


def _house(texts: dict[str, str]) -> Iterator[str]:
    for place, text in texts.items():
        for pattern, advice in HOUSE.items():
            yield from (f"{place}: {match[0][:70]!r}: {advice}" for match in re.finditer(pattern, text))


def _proselint(texts: dict[str, str]) -> Iterator[str]:
    """Have proselint read all pieces as one file, a line each."""
    places = list(texts)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, ".proselintrc.json").write_text(json.dumps({"max_errors": 10_000, "checks": PROSELINT}))
        Path(folder, "prose.md").write_text("\n".join(texts.values()) + "\n", encoding="utf-8")
        command = [sys.executable, "-m", "proselint", "-o", "compact", "check", "prose.md"]
        done = subprocess.run(command, check=False, cwd=folder, capture_output=True, text=True)  # noqa: S603 - of this environment
    if done.returncode not in {0, 1}:
        raise SystemExit(done.stderr)
    for line in done.stdout.splitlines():
        if match := re.search(r"prose\.md:(\d+):\d+: (.+)", line):
            yield f"{places[int(match[1]) - 1]}: {match[2]}"


if __name__ == "__main__":
    sys.exit(main())
