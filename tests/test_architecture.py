"""The walls of the house: import contracts, sizes, what the engine may draw on, and what start-up may load."""

from __future__ import annotations

import ast
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

import dppix_engine
from dppix_engine.version import VERSION

CHECKOUT: Final = Path(__file__).resolve().parent.parent
PACKAGES: Final = ("dppix_engine", "dppix_gui")
LONGEST_MODULE: Final = 350
LONGEST_FUNCTION: Final = 70

FOLDERS: Final = {"dppix_engine", "dppix_gui", "resources", "tests", "packaging"}
FILES: Final = {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "SECURITY.md"}

NOT_FOR_NOISE: Final = ("random", "numpy.random", "pyopencl.clrandom", "uuid")
NOT_FOR_FILES: Final = ("pickle", "shelve", "marshal", "dill", "cloudpickle")
SYSTEM_RANDOMNESS: Final = ("secrets", "os.urandom", "os.getrandom")
DRAWS_KEYS: Final = {
    "dppix_engine.compute.key",  # the key of one frame's noise
    "dppix_engine.privacy.source_key",  # the key of the hash under which the ledger keeps a source
}
NETWORK: Final = (
    "socket",
    "socketserver",
    "ssl",
    "http",
    "urllib",
    "urllib3",
    "requests",
    "httpx",
    "aiohttp",
    "ftplib",
    "smtplib",
    "xmlrpc",
    "PySide6.QtNetwork",
    "PySide6.QtWebSockets",
)
HEAVY: Final = ("cv2", "pyopencl", "PySide6")


def modules(*packages: str) -> dict[str, Path]:
    """Every module by its dotted name."""
    found = {}
    for package in packages:
        for path in sorted((CHECKOUT / package).rglob("*.py")):
            parts = path.relative_to(CHECKOUT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def names_used(tree: ast.AST) -> Iterator[str]:
    """Dotted names that a module imports, by statement or by call, or reaches through what it imported."""
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                known[name.asname or name.name.partition(".")[0]] = (
                    name.name if name.asname else name.name.split(".")[0]
                )
                yield name.name
        elif isinstance(node, ast.ImportFrom):
            for name in node.names:
                known[name.asname or name.name] = f"{node.module}.{name.name}"
                yield f"{node.module}.{name.name}"
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in {"import_module", "__import__"}:
                yield str(node.args[0].value)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            first, _, rest = ast.unparse(node).partition(".")
            if first in known:
                yield f"{known[first]}.{rest}"


def uses(source: str, forbidden: tuple[str, ...]) -> set[str]:
    """Which of the forbidden names a module's source uses."""
    used = set(names_used(ast.parse(source)))
    return {name for name in forbidden for found in used if found == name or found.startswith(f"{name}.")}


def offenders(package: str, forbidden: tuple[str, ...]) -> dict[str, set[str]]:
    """The modules of a package that use a forbidden name."""
    found = {name: uses(path.read_text(encoding="utf-8"), forbidden) for name, path in modules(package).items()}
    return {name: used for name, used in found.items() if used}


def python(code: str) -> str:
    """What a fresh interpreter prints for `code`."""
    done = interpreted(code)
    assert done.returncode == 0, done.stderr
    return done.stdout


def interpreted(code: str) -> subprocess.CompletedProcess[str]:
    """A fresh interpreter's run of `code`."""
    return subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, cwd=CHECKOUT, timeout=120
    )


def test_no_module_is_longer_than_350_lines() -> None:
    lengths = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in modules(*PACKAGES).items()}
    assert {name: length for name, length in lengths.items() if length > LONGEST_MODULE} == {}


def test_no_function_is_longer_than_70_lines() -> None:
    long = {}
    for name, path in modules(*PACKAGES).items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > LONGEST_FUNCTION:
                    long[f"{name}.{node.name}"] = length
    assert long == {}


def test_every_modules_first_line_states_its_duty() -> None:
    silent = []
    for name, path in modules(*PACKAGES).items():
        text = path.read_text(encoding="utf-8")
        docstring = ast.get_docstring(ast.parse(text)) or ""
        if not text.startswith('"""') or not docstring.partition("\n")[0].strip():
            silent.append(name)
    assert silent == []


def test_the_import_contracts_hold() -> None:
    done = interpreted(
        "import sys; from importlinter.cli import lint_imports_command; "
        "sys.argv[1:] = ['--no-cache']; lint_imports_command()"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_the_engine_imports_where_there_is_no_qt() -> None:
    names = [module.name for module in pkgutil.walk_packages(dppix_engine.__path__, "dppix_engine.")]
    names = [name for name in names if not name.endswith("__main__")]
    printed = python(f"""
import importlib, sys

class NoQt:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {{"PySide6", "shiboken6", "pyqtgraph", "dppix_gui"}}:
            raise ModuleNotFoundError(f"no {{name}} here")

sys.meta_path.insert(0, NoQt())
try:
    importlib.import_module("PySide6.QtCore")
except ModuleNotFoundError:
    print("Qt is hidden")
for name in {names!r}:
    importlib.import_module(name)
print("imported")
""")
    assert printed.split("\n")[:2] == ["Qt is hidden", "imported"]


def test_no_other_randomness_than_the_systems_enters_the_engine() -> None:
    assert offenders("dppix_engine", NOT_FOR_NOISE) == {}


def test_only_the_modules_that_draw_keys_ask_the_system_for_random_bytes() -> None:
    found = offenders("dppix_engine", SYSTEM_RANDOMNESS) | offenders("dppix_gui", SYSTEM_RANDOMNESS)
    assert set(found) <= DRAWS_KEYS
    assert "dppix_engine.compute.key" in found


def test_the_engine_unpickles_nothing() -> None:
    assert offenders("dppix_engine", NOT_FOR_FILES) == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_nothing_opens_a_connection(package: str) -> None:
    assert offenders(package, NETWORK) == {}


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("import random", "random"),
        ("from random import Random", "random"),
        ("import numpy as np\nx = np.random.default_rng()", "numpy.random"),
        ("from numpy import random as dice", "numpy.random"),
        ("from numpy.random import default_rng", "numpy.random"),
        ("import pyopencl.clrandom", "pyopencl.clrandom"),
        ("import os as system\nkey = system.urandom(32)", "os.urandom"),
        ("from os import urandom", "os.urandom"),
        ("def late():\n    import pickle", "pickle"),
        ("import importlib\nimportlib.import_module('socket')", "socket"),
        ("import urllib.request", "urllib"),
    ],
)
def test_a_planted_use_of_a_forbidden_name_is_found(source: str, name: str) -> None:
    assert uses(source, (name,)) == {name}


def test_names_that_only_look_alike_are_not_taken_for_forbidden_ones() -> None:
    assert (
        uses("import os\nrandomness = os.path\nfrom dppix_engine import random_bytes", ("random", "os.urandom"))
        == set()
    )


def test_the_top_level_is_the_one_that_was_agreed() -> None:
    assert {name for name in FOLDERS if not (CHECKOUT / name).is_dir()} == set()
    assert {name for name in FILES if not (CHECKOUT / name).is_file()} == set()
    assert {name for name in tracked_folders() if not name.startswith(".")} <= FOLDERS


def tracked_folders() -> set[str]:
    """Top-level folders of the files that git keeps; none known where there is no git or no history."""
    try:
        listed = subprocess.run(["git", "ls-files"], capture_output=True, text=True, cwd=CHECKOUT, check=True)  # noqa: S607
    except (OSError, subprocess.CalledProcessError):
        return set()
    return {line.partition("/")[0] for line in listed.stdout.splitlines() if "/" in line}


def test_the_packaging_folder_is_no_python_package_for_that_would_hide_the_library_of_its_name() -> None:
    assert list((CHECKOUT / "packaging").rglob("*.py")) == []


def test_importing_the_engine_loads_no_heavy_library() -> None:
    assert python(f"import sys, dppix_engine; print([name for name in {HEAVY!r} if name in sys.modules])") == "[]\n"


def test_telling_the_version_loads_no_heavy_library() -> None:
    printed = python(f"""
import sys
from dppix_engine.cli import main
try:
    code = main(["--version"])
except SystemExit as end:
    code = end.code
print(code or 0, [name for name in {HEAVY!r} if name in sys.modules])
""")
    assert printed.splitlines()[-1] == "0 []"
    assert VERSION in printed.splitlines()[0]
