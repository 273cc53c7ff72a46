# ruff: noqa: INP001 - a script, and no module of a package
"""Writes the bill of materials of an environment that has the built wheel, and of what else the wheel holds, to standard output.

The environment's interpreter is the argument. What browsers load is no Python package: NOTICE names it.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Write it."""
    command = ["environment", "--pyproject", str(ROOT / "pyproject.toml"), "--mc-type", "application"]
    form = ["--output-reproducible", "--of", "JSON", "--sv", "1.6"]
    made = subprocess.run(  # noqa: S603 - a program of our own environment
        [sys.executable, "-m", "cyclonedx_py", *command, *form, sys.argv[1]], stdout=subprocess.PIPE, check=True
    )
    bill = json.loads(made.stdout)
    added = in_browsers((ROOT / "NOTICE").read_text(encoding="utf-8"))
    bill["components"] += added
    root = bill["metadata"]["component"]["bom-ref"]
    for dependency in bill["dependencies"]:
        if dependency["ref"] == root:
            dependency["dependsOn"] = sorted([*dependency.get("dependsOn", []), *(one["bom-ref"] for one in added)])
    bill["dependencies"] += [{"ref": one["bom-ref"]} for one in added]
    json.dump(bill, sys.stdout, indent=2)


def in_browsers(notice: str) -> list[dict[str, object]]:
    """Return the components of the two pages, of which the notice tells."""
    return [
        _component(notice, "swagger-ui-dist", "swagger-ui-bundle.js", "Apache-2.0", "BSD-3-Clause", "MIT"),
        _component(notice, "preact", "vendor/preact.js", "MIT"),
        _component(notice, "htm", "vendor/htm.js", "Apache-2.0"),
    ]


def _component(notice: str, name: str, file: str, *licences: str) -> dict[str, object]:
    found = re.search(rf"npm\s+package {name} ([0-9.]+[0-9])", notice)
    digest = re.search(rf"^  ([0-9a-f]{{64}})  {re.escape(file)}$", notice, re.MULTILINE)
    if found is None or digest is None:
        msg = f"NOTICE does not say which {name} it is"
        raise SystemExit(msg)
    purl = f"pkg:npm/{name}@{found[1]}"
    return {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": found[1],
        "purl": purl,
        "hashes": [{"alg": "SHA-256", "content": digest[1]}],
        "licenses": [{"license": {"id": licence}} for licence in licences],
    }


if __name__ == "__main__":
    main()
