"""Every error: its reason and status, what it means, and each text that the source gives it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

from airflow_run_groups.entrypoints.http import errors
from reference.markdown import code

ROOT = Path(__file__).parents[3]
SOURCE = ROOT / "src"
OPERATIONS = ROOT / "docs" / "operations.md"
VALIDATION = {"ValidationError", "ValueError"}
"""What the schemas of requests raise; the service responds with the family ``Refused``."""
WITH_VALIDATION = ("entrypoints/http/schemas", "domain")
Texts = dict[str, set[str]]


def page() -> str:
    """List the reasons by their status."""
    meanings = dict(_meanings())
    texts = _texts()
    parts = [
        "# Errors by reason",
        (
            'A response that is not 200 is `{"response": {"error": "…", "reason": "…"}}`. `reason` is stable: programs compare it. `error` is a sentence '
            "for readers, and may change in any release. In the texts below `{…}` stands for a value of the request or of Airflow."
        ),
    ]
    for status in sorted({status for status, _ in meanings.values()}):
        parts.append(f"## {status} {HTTPStatus(int(status)).phrase}")
        for reason, (its_status, meaning) in meanings.items():
            if its_status == status:
                parts += [f"### `{reason}`", meaning[0].upper() + meaning[1:].rstrip(".") + "."]
                parts.append("\n".join(f"- {code(text)}" for text in sorted(texts.get(reason, ()))))
    return "\n\n".join(part for part in parts if part) + "\n"


def _meanings() -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield each reason with its status and its meaning, from the table that a test compares with the code."""
    text = OPERATIONS.read_text(encoding="utf-8").partition("| reason | status |")[2].partition("\n\n")[0]
    for row in text.splitlines()[2:]:
        name, status, meaning = (cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1])
        yield name.strip("`"), (status, re.sub(r"\]\((?!https?:|#)", "](../", meaning))


def _texts() -> Texts:
    """Return the texts of each reason, as the source composes them."""
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(SOURCE.rglob("*.py"))}
    reasons = _reasons(trees.values())
    found: Texts = {reason: set() for reason in reasons.values()}
    for path, tree in trees.items():
        validates = path.relative_to(SOURCE).as_posix().startswith(WITH_VALIDATION)
        for scope in ast.walk(tree):
            if isinstance(scope, ast.ClassDef) and scope.name in reasons:
                found[reasons[scope.name]] |= set(_own_texts(scope))
            if isinstance(scope, (ast.FunctionDef, ast.AsyncFunctionDef)):
                for name, text in _raised(scope):
                    if name in reasons:
                        found[reasons[name]].add(text)
                    elif validates and name in VALIDATION:
                        found["invalid_request"].add(text)
    for reason, text in errors.SERVER_ERRORS.values():
        found.setdefault(reason, set()).add(text.replace(":g}", "}"))
    return found


def _reasons(trees: object) -> dict[str, str]:
    found = {}
    for tree in trees:  # type: ignore[attr-defined]
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                for statement in node.body:
                    match statement:
                        case ast.Assign(targets=[ast.Name("reason")], value=ast.Constant(str(reason))):
                            found[node.name] = reason
    return found


def _own_texts(scope: ast.ClassDef) -> Iterator[str]:
    """Yield the texts that the constructor of an error composes."""
    for function in scope.body:
        if isinstance(function, ast.FunctionDef) and function.name == "__init__":
            for node in ast.walk(function):
                match node:
                    case ast.Call(func=ast.Attribute(attr="__init__"), args=[text, *_]):
                        yield from _text(text, function)


def _raised(scope: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[tuple[str, str]]:
    """Yield the name and the texts of each error that a function constructs from one sentence."""
    for node in ast.walk(scope):
        match node:
            case ast.Call(func=ast.Name(name), args=[text, *_]) if name[0].isupper() or name[0] == "_":
                yield from ((name, one) for one in _text(text, scope))


def _text(node: ast.expr, scope: ast.AST) -> Iterator[str]:
    """Yield the text of an expression with its values left open; each of them where there are several."""
    match node:
        case ast.Constant(str(text)):
            yield text
        case ast.JoinedStr(parts):
            yield "".join(_part(part) for part in parts)
        case ast.BinOp(left, ast.Add(), right):
            yield from (first + second for first in _text(left, scope) for second in _text(right, scope))
        case ast.IfExp(_, first, second):
            yield from _text(first, scope)
            yield from _text(second, scope)
        case ast.Name(name):
            for statement in ast.walk(scope):
                match statement:
                    case ast.Assign(targets=[ast.Name(target)], value=value) if target == name:
                        yield from _text(value, scope)


def _part(part: ast.expr) -> str:
    match part:
        case ast.Constant(text):
            return str(text)
        case ast.FormattedValue(value=ast.Name(name) | ast.Attribute(attr=name)):
            return f"{{{name.strip('_').lower()}}}"
    return "{…}"
