"""The rules of the house that the import linter does not check: docstrings, public names, optional dependencies."""

import ast
import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import autograd
import autograd.compiler
import autograd.drawing
import nn

ROOT = Path(autograd.__file__).parent.parent
PACKAGES = (autograd, nn)
MODULES = [
    name
    for package in PACKAGES
    for name in (
        package.__name__,
        *(module.name for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")),
    )
]
REQUIRED = {"numpy", "tqdm", "graphviz"}


def tree(module):
    path = Path(importlib.util.find_spec(module).origin)
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(nodes):
    """The top-level names of what is imported by some syntax nodes."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module.partition(".")[0]


def foreign(nodes):
    """What is imported from outside, required packages left out."""
    ours = {"autograd", "nn", *REQUIRED, *sys.stdlib_module_names}
    return {name for name in imported(nodes) if name not in ours}


def at_module_level(module):
    """Syntax nodes that run on import: all but those in functions and under TYPE_CHECKING."""
    stack = list(tree(module).body)
    while stack:
        node = stack.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            stack += node.orelse
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            yield node
            stack += ast.iter_child_nodes(node)


@pytest.mark.parametrize("module", MODULES)
def test_every_module_says_what_it_is_about(module):
    assert ast.get_docstring(tree(module))


MAPPED = (autograd, autograd.compiler, autograd.drawing, nn)


@pytest.mark.parametrize("package", MAPPED, ids=lambda package: package.__name__)
def test_the_docstring_of_a_package_tells_where_everything_is(package):
    modules = {module.name for module in pkgutil.iter_modules(package.__path__) if not module.name.startswith("_")}
    assert modules <= set(re.findall(r"\w+", package.__doc__))
    assert set(re.findall(r"`(\w+)`", package.__doc__)) <= {*modules, "autograd", *autograd.__all__}


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_public_names_are_listed_and_there(package):
    names = package.__all__
    assert len(names) == len(set(names))
    made_here = {
        name
        for name, thing in vars(package).items()
        if not name.startswith("_") and getattr(thing, "__module__", "").partition(".")[0] in ("autograd", "nn")
    }
    assert made_here <= set(names)
    for name in names:
        assert getattr(package, name).__doc__, name


@pytest.mark.parametrize("module", MODULES)
def test_no_module_bears_the_name_of_a_public_thing(module):
    assert module.rpartition(".")[2] not in {*autograd.__all__, *nn.__all__}


LOADED_ON_USE = {"nn.estimators"}  # classes of scikit-learn's: the whole file needs it


@pytest.mark.parametrize("module", [module for module in MODULES if module not in LOADED_ON_USE])
def test_nothing_optional_is_imported_with_a_module(module):
    assert not foreign(at_module_level(module))


def test_each_optional_dependency_is_imported_in_one_file():
    users = {}
    for module in MODULES:
        for name in foreign(ast.walk(tree(module))):
            users.setdefault(name, []).append(module)
    assert {name: modules for name, modules in users.items() if len(modules) > 1} == {}


def test_importing_the_package_imports_nothing_optional():
    program = (
        "import sys, autograd, nn; "
        "print(*sorted({name.partition('.')[0] for name in sys.modules} - set(sys.stdlib_module_names)))"
    )
    run = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = {name for name in run.stdout.split() if not name.startswith("_")}
    assert loaded.isdisjoint({"sympy", "mpmath", "matplotlib", "sklearn", "scipy", "graphviz", "pandas", "micrograd"})


def test_the_table_of_derivatives_imports_row_and_nothing_else():
    imports = [
        node for node in ast.walk(tree("autograd.derivatives")) if isinstance(node, (ast.Import, ast.ImportFrom))
    ]
    assert [ast.unparse(node) for node in imports] == ["from autograd.formula import row"]


@pytest.mark.parametrize("module", [module for module in MODULES if module != "autograd.backward"])
def test_only_the_backward_walk_accumulates_gradients(module):
    added = [node for node in ast.walk(tree(module)) if isinstance(node, ast.AugAssign)]
    assert not [ast.unparse(node) for node in added if getattr(node.target, "attr", None) == "grad"]


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_types_are_shipped(package):
    assert (Path(package.__file__).parent / "py.typed").exists()


def test_what_is_loaded_on_use_is_listed_for_completion():
    assert {*autograd.__all__} <= {*dir(autograd)}
    assert {*nn.__all__, "MLPClassifier", "MLPRegressor"} <= {*dir(nn)}
