"""What the user's commands need: `make secrets` and `make deploy` work without anything for development."""

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

from local import ROOT

SCRIPTS = ROOT / "scripts"


def imports(file: Path) -> Iterator[tuple[str, int]]:
    """Every absolute import of a file, also inside functions: its top-level package, and its line."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield name.name.partition(".")[0], node.lineno
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module.partition(".")[0], node.lineno


def requirements(name: str) -> set[str]:
    """The normalized names of the distributions in a file of requirements."""
    lines = (ROOT / name).read_text().splitlines()
    names = (re.split(r"[=\s]", line)[0] for line in lines if not line.startswith("#"))
    return {re.sub("[-_.]+", "-", it).lower() for it in names}


def test_scripts_import_nothing_of_development():
    """Each import is of scripts/ itself, the standard library, or a package in scripts/requirements.txt."""
    files = sorted(SCRIPTS.rglob("*.py"))
    assert files
    installed, required = packages_distributions(), requirements("scripts/requirements.txt")
    own = {path.stem for path in SCRIPTS.iterdir()}

    def is_allowed(package: str) -> bool:
        distributions = {re.sub("[-_.]+", "-", it).lower() for it in installed.get(package, [])}
        return package in own or package in sys.stdlib_module_names or bool(distributions & required)

    wrong = [
        f"{file.relative_to(ROOT)}:{line}: {package}"
        for file in files
        for package, line in imports(file)
        if not is_allowed(package)
    ]
    assert wrong == []
