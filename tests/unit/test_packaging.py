"""What the package holds, and what it must not pull in."""

import ast
import hashlib
import json
import subprocess
import sys
import sysconfig
from importlib import metadata
from pathlib import Path
from runpy import run_path

import pytest

import airflow_run_groups
from tests.documents import PYPROJECT, ROOT

SOURCE = ROOT / "src"
FOLDERS = (".ci", "benchmarks", "compat", "deploy", "docs", "examples", "src", "tests")


def test_the_tests_import_the_package_of_their_own_checkout_or_the_installed_wheel():
    (distribution,) = metadata.distributions(name="airflow-run-groups", path=[sysconfig.get_path("purelib")])
    origin = json.loads(distribution.read_text("direct_url.json"))
    editable = origin.get("dir_info", {}).get("editable", False)
    expected = SOURCE if editable else Path(distribution.locate_file("airflow_run_groups"))
    assert Path(airflow_run_groups.__file__).parent == expected


def test_no_symbolic_link_stands_in_the_source():
    paths = [*ROOT.glob("[!.]*"), *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*"))]
    assert [path for path in paths if path.is_symlink()] == []


@pytest.mark.parametrize("module", sorted((SOURCE / "domain").glob("**/*.py")), ids=lambda path: path.name)
def test_the_domain_imports_the_standard_library_only(module):
    imported = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add(node.module)
    own = {name for name in imported if name == "airflow_run_groups" or name.startswith("airflow_run_groups.domain")}
    assert {name.partition(".")[0] for name in imported - own} <= sys.stdlib_module_names


def test_the_version_that_the_code_knows_is_that_of_the_distribution():
    assert airflow_run_groups.__version__ == PYPROJECT["project"]["version"] == metadata.version("airflow-run-groups")


def test_every_package_is_listed_where_the_distribution_is_described():
    folders = [init.parent.relative_to(SOURCE).parts for init in SOURCE.glob("**/__init__.py")]
    assert PYPROJECT["tool"]["setuptools"]["packages"] == sorted(
        ".".join(("airflow_run_groups", *parts)) for parts in folders
    )


def test_every_folder_with_modules_is_a_package():
    assert {path.parent for path in SOURCE.glob("**/*.py")} == {path.parent for path in SOURCE.glob("**/__init__.py")}


def test_the_domain_loads_nothing_that_has_to_be_installed():
    modules = loaded_by("import airflow_run_groups.domain")
    assert {name for name in modules if name not in sys.stdlib_module_names} <= {"airflow_run_groups", "__main__"}


def test_the_in_memory_backend_loads_nothing_of_airflow_and_no_cron_library_before_it_is_needed():
    modules = loaded_by(
        "import airflow_run_groups.domain\n"
        "from airflow_run_groups.adapters.memory import MemoryDagRepository, demo_backend\n"
        "assert MemoryDagRepository(demo_backend()).list(readable=None)"
    )
    assert modules.isdisjoint({"airflow", "sqlalchemy", "croniter", "falcon"})


def test_the_licences_of_all_that_is_shipped_come_with_it():
    distribution = metadata.distribution("airflow-run-groups")
    swagger_ui = "src/entrypoints/http/openapi/static/swagger-ui"
    assert set(distribution.metadata.get_all("License-File")) == {
        *("LICENSE", "NOTICE", f"{swagger_ui}/LICENSE", f"{swagger_ui}/NOTICE"),
        f"{swagger_ui}/swagger-ui-bundle.js.LICENSE.txt",
        *(f"src/entrypoints/http/ui/static/vendor/LICENSE-{name}" for name in ("htm", "preact")),
    }


def test_the_bill_of_materials_names_what_the_notice_and_the_licence_do():
    components = run_path(str(ROOT / ".ci" / "bill_of_materials.py"))["in_browsers"](
        (ROOT / "NOTICE").read_text(encoding="utf-8")
    )
    http = SOURCE / "entrypoints" / "http"
    shipped = {
        "swagger-ui-dist": http / "openapi" / "static" / "swagger-ui" / "swagger-ui-bundle.js",
        "preact": http / "ui" / "static" / "vendor" / "preact.js",
        "htm": http / "ui" / "static" / "vendor" / "htm.js",
    }
    assert {one["name"]: one["hashes"] for one in components} == {
        name: [{"alg": "SHA-256", "content": hashlib.sha256(file.read_bytes()).hexdigest()}]
        for name, file in shipped.items()
    }
    licences = {one["license"]["id"] for component in components for one in component["licenses"]}
    expression = metadata.metadata("airflow-run-groups")["License-Expression"]
    assert set(expression.split(" AND ")) == {"Apache-2.0", *licences}


def loaded_by(code):
    """Return the top-level modules that a fresh interpreter loads beyond those that it starts with."""
    script = f"import sys\nbefore = set(sys.modules)\n{code}\nprint(*{{n.partition('.')[0] for n in set(sys.modules) - before}})"
    completed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(completed.stdout.split())
