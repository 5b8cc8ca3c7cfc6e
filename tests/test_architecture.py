"""The shape of the program, read from its own text: who imports whom, how large files are, what is documented."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import networkx as nx
import pytest

PACKAGE = Path(__file__).parent.parent / "modelcheck"

# Imports run from later layers to earlier ones, or within a folder.
LAYERS = (
    ("errors",),
    ("expressions",),
    ("families",),
    ("designs",),
    ("petri",),
    ("distributions",),
    ("durations",),
    ("model",),
    ("datatypes",),
    ("source", "library", "spread"),
    ("catalogue",),
    ("load",),
    ("formats",),
    ("reference",),
    ("expand",),
    ("graph",),
    ("system",),
    ("trace",),
    ("names",),
    ("declare", "assign"),
    ("orchestration", "choreography", "guarded", "net"),
    ("compile",),
    ("engine",),
    ("results",),
    ("simulate",),
    ("timed",),
    ("check",),
    ("complexity",),
    ("compare",),
    ("sweep",),
    ("calibrate",),
    ("drawing",),
    ("report",),
    ("plot",),
    ("explore",),
    ("api",),
    ("verbs",),
    ("arguments",),
    ("cli",),
    ("__main__",),
)
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}

# Results show themselves: these import upwards, inside functions only.
SHOWING = {
    (result, shown)
    for result in ("errors", "designs", "trace", "results", "check", "simulate", "compare", "sweep", "calibrate")
    for shown in ("report", "plot")
}

LONGEST_FILE = 400
LONGER: dict[str, int] = {}


@cache
def modules() -> dict[str, Path]:
    """All modules of the package by their name without `modelcheck.`; packages by the name of their folder."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def imports(module: str) -> frozenset[tuple[str, bool]]:
    """The modules of the package that a module imports, and whether it does so at once (not in a function)."""
    return frozenset(_imports(module, ast.parse(modules()[module].read_text()), True))


def _imports(module: str, node: ast.AST, at_once: bool) -> Iterator[tuple[str, bool]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ImportFrom) and child.level:
            for alias in child.names:
                yield _target(module, child, alias.name), at_once
        elif isinstance(child, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in child.names] if isinstance(child, ast.Import) else [child.module or ""]
            assert not any(name.split(".")[0] == "modelcheck" for name in names), f"{module}: write relative imports"
        else:
            later = isinstance(child, ast.FunctionDef) or "TYPE_CHECKING" in ast.unparse(
                getattr(child, "test", ast.Pass())
            )
            yield from _imports(module, child, at_once and not later)


def _target(module: str, node: ast.ImportFrom, name: str) -> str:
    package = module.split(".") if modules()[module].name == "__init__.py" else module.split(".")[:-1]
    up = node.level - 1
    base = [*package[: len(package) - up], *(node.module.split(".") if node.module else ())]
    inner = ".".join(part for part in [*base, name] if part)
    return inner if inner in modules() else ".".join(part for part in base if part)


def layer_of(module: str) -> str:
    return module.split(".")[0]


def test_every_module_has_a_layer() -> None:
    assert {layer_of(module) for module in modules()} - {""} <= set(RANK)


@pytest.mark.parametrize("module", [m for m in modules() if m])
def test_imports_run_one_way(module: str) -> None:
    for target, at_once in imports(module):
        here, there = layer_of(module), layer_of(target)
        if here == there or there == "":
            continue
        upwards = RANK[there] >= RANK[here]
        assert not upwards or (not at_once and (here, there) in SHOWING), f"{module} must not import {target}"


def test_no_cycles() -> None:
    graph = nx.DiGraph(
        (module, target) for module in modules() for target, at_once in imports(module) if at_once and target != module
    )
    cycles = [part for part in nx.strongly_connected_components(graph) if len(part) > 1]
    # A package may import its parts, which import their siblings: that is no cycle of files.
    parts = [part for part in cycles if len({m for m in part if modules()[m].name != "__init__.py"}) > 1]
    assert parts == []


@pytest.mark.parametrize("module", modules())
def test_files_are_small(module: str) -> None:
    lines = len(modules()[module].read_text().splitlines())
    assert lines <= LONGER.get(module, LONGEST_FILE)


def public_definitions(module: str) -> Iterator[ast.FunctionDef | ast.ClassDef]:
    for node in ast.parse(modules()[module].read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node


@pytest.mark.parametrize("module", [m for m in modules() if m])
def test_what_is_public_is_documented(module: str) -> None:
    assert ast.get_docstring(ast.parse(modules()[module].read_text())), f"{module} has no docstring"
    silent = [node.name for node in public_definitions(module) if not ast.get_docstring(node)]
    assert silent == []


HEAVY = ("z3", "numpy", "scipy", "matplotlib", "networkx", "yaml", "rich")


@pytest.mark.parametrize("command", [["--help"], ["check", "--help"], ["explain", "--help"], ["--version"]])
def test_help_comes_at_once(command: list[str]) -> None:
    program = (
        "import sys\nfrom modelcheck.cli import main\n"
        f"try:\n    main({command!r})\nexcept SystemExit:\n    pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr.strip() == "[]"


def test_importing_the_package_is_light() -> None:
    program = f"import sys, modelcheck\nprint([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("module", [m for m in modules() if m])
def test_no_global_state_of_matplotlib(module: str) -> None:
    """No picture pops up and nobody's settings change: the interface for that is not even imported."""
    text = modules()[module].read_text()
    assert "pyplot" not in text
    assert "rcParams" not in text
