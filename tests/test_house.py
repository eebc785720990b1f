"""The house: who may import whom, how long a file and a function may be, what an import loads.

The source is read with `ast`; nothing is imported here.
"""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

SRC = Path(__file__).parents[1] / "src"
MODULES = {
    ".".join(path.relative_to(SRC).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(SRC.rglob("*.py"))
}

# Each part may import what stands above it, but not what stands beside it.
FLOORS = [
    {"errors", "version"},
    {"checks", "digits", "display", "on_first_use"},
    {"network"},
    {"files"},
    {"metrics"},
    {"training"},
    {"pictures"},
    {"data"},
    {"pictures.augment", "pictures.backbone", "pictures.check", "pictures.patches", "tables"},
    {"models"},
    {"tuning"},
    {"export", "reports", "demo", "web"},
    {"lessons"},
    {"lab", "plots", "serving"},
    {"cli", "sklearn"},
    {"", "__main__"},  # the table of contents
]
FLOOR = {part: floor for floor, parts in enumerate(FLOORS) for part in parts}

KINDS_OF_MODELS = {
    *("Classifier", "Regressor", "Model", "TrainableModel", "Answers", "Classes", "Quantity"),
    *("Several", "Quantities", "Multilabel"),
    *("Inputs", "PictureInputs", "VectorInputs", "ExtractedInputs", "BackboneInputs"),
    *("TableInputs", "Extractor", "ReadingExtractor", "PictureExtractor", "Backbone"),
    "TableEncoder",
}

LIMITS = re.findall(
    r"Files of at most (\d+) lines, functions of at most (\d+)",
    (SRC.parent / "CONTRIBUTING.md").read_text("utf-8"),
)
LONGEST_FILE, LONGEST_FUNCTION = map(int, LIMITS[0])  # a function without its docstring


def part_of(module: str) -> str:
    """`network` of `plainnet.network.layers`; "" of `plainnet` itself; rooms inside of one."""
    _, room, inner = [*module.split("."), "", ""][:3]
    return f"{room}.{inner}" if f"{room}.{inner}" in FLOOR else room


@cache
def tree_of(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text("utf-8"))


def imports_of(module: str) -> Iterator[str]:
    """What a module imports: full names, of plainnet down to the module."""
    path = MODULES[module]
    package = module.split(".") if path.stem == "__init__" else module.split(".")[:-1]
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                name = f"{source}.{alias.name}"
                yield name if name in MODULES else source


def of_plainnet(module: str) -> list[str]:
    return [name for name in imports_of(module) if name.partition(".")[0] == "plainnet"]


def foreign(module: str) -> set[str]:
    """The packages of others that a module imports."""
    tops = {name.partition(".")[0] for name in imports_of(module)}
    return tops - {"plainnet", *sys.stdlib_module_names}


@pytest.mark.parametrize("module", MODULES)
def test_every_module_has_its_floor(module: str) -> None:
    assert part_of(module) in FLOOR, f"{module}: give it a place in FLOORS, above"


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_downwards_only(module: str) -> None:
    here = part_of(module)
    for name in of_plainnet(module):
        there = part_of(name)
        assert there == here or FLOOR[there] < FLOOR[here], f"{module} imports {name}"


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Also not for types only, or inside of a function."""
    TopologicalSorter({name: {*of_plainnet(name)} - {name} for name in MODULES}).prepare()


@pytest.mark.parametrize("module", MODULES)
def test_nobody_asks_for_the_kind_of_a_model(module: str) -> None:
    """What differs is a method of its answers or inputs, or a row of a table."""
    calls = [node for node in ast.walk(tree_of(module)) if isinstance(node, ast.Call)]
    asked = [node for node in calls if ast.unparse(node.func) == "isinstance"]
    assert not [
        f"line {node.lineno}: {kind}"
        for node in asked
        for kind in re.findall(r"\w+", ast.unparse(node.args[1]))
        if kind in KINDS_OF_MODELS
    ]


@pytest.mark.parametrize("module", [name for name in MODULES if part_of(name) == "network"])
def test_the_mathematics_needs_nothing_but_numpy(module: str) -> None:
    assert foreign(module) <= {"numpy"}
    below = {"network", "errors", "checks", "display"}
    assert {part_of(name) for name in of_plainnet(module)} <= below


def test_optimizers_and_schedules_know_neither_layers_nor_network() -> None:
    modules = ("optimizer", "optimizers", "schedules")
    own = {f"plainnet.training.{name}" for name in modules}
    known = {name for module in own for name in of_plainnet(module)} - own
    assert known <= {"plainnet.checks", "plainnet.errors", "plainnet.network.arrays"}


CORE = ("network.layer", "network.layers", "network.network", "training.step", "training.loop")
LARGEST_CORE = 1000


def imported_at_once(module: str) -> set[str]:
    """What a module of plainnet imports when it is imported itself, not within its functions."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
    nodes: list[ast.AST] = [*tree_of(module).body]
    found: set[str] = set()
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("plainnet"):
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (names & {*MODULES}) or {str(node.module)}
        elif not isinstance(node, functions):
            nodes.extend(ast.iter_child_nodes(node))
    return found


def test_the_core_reads_by_itself() -> None:
    """layers → network → step → loop, and all that they import of network/ and training/."""
    todo, core = [f"plainnet.{name}" for name in CORE], set[str]()
    while todo:
        module = todo.pop()
        if module not in core and part_of(module) in ("network", "training"):
            core.add(module)
            todo.extend(imported_at_once(module))
    lines = {name: len(MODULES[name].read_text("utf-8").splitlines()) for name in core}
    assert {f"plainnet.{name}" for name in CORE} < core
    assert sum(lines.values()) <= LARGEST_CORE, lines


def test_errors_and_checks_stand_on_python_alone() -> None:
    assert foreign("plainnet.errors") == foreign("plainnet.checks") == set()
    assert of_plainnet("plainnet.errors") == []


@pytest.mark.parametrize("module", MODULES)
def test_nothing_is_pickled_and_nothing_asserted(module: str) -> None:
    tops = {name.partition(".")[0] for name in imports_of(module)}
    if module == "plainnet.training.processes":  # its processes get pickles, and no file holds any
        tops -= {"joblib"}
    assert not tops & {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
    assert not [node.lineno for node in ast.walk(tree_of(module)) if isinstance(node, ast.Assert)]


@pytest.mark.parametrize("module", MODULES)
def test_files_and_functions_are_short(module: str) -> None:
    assert len(MODULES[module].read_text("utf-8").splitlines()) <= LONGEST_FILE
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            first = node.body[0]
            if ast.get_docstring(node) is not None and first.end_lineno is not None:
                lines -= first.end_lineno - first.lineno + 1
            assert lines <= LONGEST_FUNCTION, f"{node.name}: {lines} lines"


def test_a_missing_package_is_named_with_the_extra_that_brings_it() -> None:
    root = SRC.parent
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    extras, seen = project["optional-dependencies"], set()
    for module in MODULES:
        for node in ast.walk(tree_of(module)):
            if not isinstance(node, ast.Call) or "MissingExtraError" not in ast.unparse(node.func):
                continue
            assert ast.unparse(node.func) == "MissingExtraError.of", f"{module}: use of(…)"
            packages = {ast.literal_eval(name) for name in node.args[1:]}
            [extra] = (ast.literal_eval(given.value) for given in node.keywords)
            assert packages <= {re.split("[>=]", need)[0] for need in extras[extra]}
            seen |= packages
    assert len(seen) > 6
    texts = [*MODULES.values(), *root.glob("*.md"), *(root / "docs").glob("*.md")]
    assert not [
        path
        for path in texts
        if "install" in (text := path.read_text("utf-8"))
        and re.search(r"pip install .?plainnet", text)
    ]  # it is on no index


@pytest.mark.parametrize("module", MODULES)
def test_a_file_opens_with_what_it_is(module: str) -> None:
    assert ast.get_docstring(tree_of(module))


def loaded_by(code: str) -> set[str]:
    """The top-level packages in memory after running `code` in a new Python."""
    program = f"{code}\nimport sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=300
    )
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_import_plainnet_loads_no_package_that_it_may_not_need() -> None:
    heavy = {"PIL", "rich", "h5py", "click", "matplotlib", "sklearn", "onnx", "scipy", "torch"}
    heavy |= {"starlette", "uvicorn", "anyio", "optuna", "joblib"}
    assert not loaded_by("import plainnet") & {*heavy, "numpy"}
    loaded = loaded_by("from plainnet import Adam, Network, fit, train")
    assert "numpy" in loaded
    assert not loaded & heavy


def test_the_list_of_commands_loads_neither_pictures_nor_tables() -> None:
    assert not loaded_by("import plainnet.cli.command_line") & {"PIL", "safetensors", "rich"}


def test_the_mathematics_and_the_training_load_nothing_but_numpy() -> None:
    code = "import plainnet.network, plainnet.training"
    beside = loaded_by(code) - loaded_by("import numpy.random, numpy")
    assert not {name for name in beside if name not in sys.stdlib_module_names} - {"plainnet"}
