# ruff: noqa: INP001 - a script, and no module of a package
"""Writes the bill of materials of an environment that has the built wheel, and of what else the wheel holds, to standard output.

The environment's interpreter is the argument. Swagger UI is no Python package: NOTICE says which one it is.
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
    swagger = swagger_ui((ROOT / "NOTICE").read_text(encoding="utf-8"))
    bill["components"].append(swagger)
    root = bill["metadata"]["component"]["bom-ref"]
    for dependency in bill["dependencies"]:
        if dependency["ref"] == root:
            dependency["dependsOn"] = sorted([*dependency.get("dependsOn", []), swagger["bom-ref"]])
    bill["dependencies"].append({"ref": swagger["bom-ref"]})
    json.dump(bill, sys.stdout, indent=2)


def swagger_ui(notice: str) -> dict[str, object]:
    """Return the component that the notice tells of."""
    found = re.search(r"npm package (?P<name>\S+) (?P<version>[0-9.]+),", notice)
    digest = re.search(r"^  ([0-9a-f]{64})  swagger-ui-bundle\.js$", notice, re.MULTILINE)
    if found is None or digest is None:
        msg = "NOTICE does not say which Swagger UI it is"
        raise SystemExit(msg)
    purl = f"pkg:npm/{found['name']}@{found['version']}"
    licences = ("Apache-2.0", "BSD-3-Clause", "MIT")
    return {
        "type": "library",
        "bom-ref": purl,
        "name": found["name"],
        "version": found["version"],
        "purl": purl,
        "hashes": [{"alg": "SHA-256", "content": digest[1]}],
        "licenses": [{"license": {"id": licence}} for licence in licences],
    }


if __name__ == "__main__":
    main()
