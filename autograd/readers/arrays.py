"""Reads a row for NumPy: its value on arrays, and what it hands back to each argument."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from autograd import special
from autograd.formula import Formula, Row
from autograd.readers.generated import function_from
from autograd.readers.printer import Target, statements

# rows whose NumPy function bears another name
_RENAMED = {
    "sub": "subtract", "mul": "multiply", "div": "divide", "pow": "power", "neg": "negative", "pos": "positive",
    "floordiv": "floor_divide", "round": "rint",
}  # fmt: skip
_SAME_NAME = (
    "add mod abs sign square reciprocal exp exp2 expm1 log log2 log10 log1p logaddexp sqrt cbrt sin cos tan arcsin "
    "arccos arctan arctan2 hypot sinh cosh tanh arcsinh arccosh arctanh maximum minimum fmax fmin clip floor ceil trunc"
).split()

NUMPY_NAMES = {**{name: name for name in _SAME_NAME}, **_RENAMED}

ARRAY = Target(
    functions={
        **{row: f"np.{name}" for row, name in NUMPY_NAMES.items() if row != "neg"},
        "erf": "special.erf",
        "erfc": "special.erfc",
    },
    infix={"add": " + ", "sub": " - ", "mul": " * ", "div": " / "},
    conditions={"and": "&", "or": "|", "not": "np.logical_not"},
    where="np.where({0}, {1}, {2})",
    where_is_lazy=False,
)
NAMESPACE = {"np": np, "special": special, "pi": np.pi, "inf": np.inf, "nan": np.nan}


def forward_source(row: Row) -> str:
    """The source of a function of arrays that computes the row."""
    return _source(row, f"forward_{row.name}", {"z": _own_formula(row)}, "z")


def evaluate_source(row: Row) -> str:
    """The source of a function of arrays that computes the row and all its partials."""
    results = {"z": _own_formula(row), **row.named_partials}
    return _source(row, f"evaluate_{row.name}", results, ", ".join(results))


@cache
def forward(row: Row) -> Callable[..., Any]:
    """The row as a function of arrays: NumPy's own where it has one."""
    if row.name in NUMPY_NAMES:
        function: Callable[..., Any] = getattr(np, NUMPY_NAMES[row.name])
        return function
    return function_from(forward_source(row), f"forward_{row.name}", NAMESPACE)


@cache
def evaluate(row: Row) -> Callable[..., Any]:
    """The row and all its partials as a function of arrays."""
    return function_from(evaluate_source(row), f"evaluate_{row.name}", NAMESPACE)


def _own_formula(row: Row) -> Formula:
    return (row.name, *(("name", name) for name in row.names)) if ARRAY.knows(row.name) else row.compute


def _source(row: Row, name: str, results: dict[str, Formula], returned: str) -> str:
    body = "".join(f"    {target} = {text}\n" for target, text in statements(results, ARRAY))
    return f"def {name}({', '.join(row.names)}):\n{body}    return {returned}\n"
