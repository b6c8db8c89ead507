"""Reads a row for NumPy: its value on arrays, and what it hands back to each argument."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from autograd import special
from autograd.formula import ONE, ZERO, Formula, Row
from autograd.readers.generated import function_from, source_of
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
    number=repr,  # an int to the power of an int would be one, of 64 bits
)
NAMESPACE = {"np": np, "special": special, "pi": np.pi, "inf": np.inf, "nan": np.nan}


def forward_source(row: Row) -> str:
    """The source of a function of arrays that computes the row."""
    return _source(row, f"forward_{row.name}", {"z": ARRAY.own_formula(row)}, "z")


def evaluate_source(row: Row) -> str:
    """The source of a function of arrays that computes the row and all its partials."""
    results = {"z": ARRAY.own_formula(row), **row.named_partials}
    return _source(row, f"evaluate_{row.name}", results, ", ".join(results))


def vjp_source(row: Row, index: int) -> str:
    """The source of a function that hands the upstream gradient ``g`` back to one argument."""
    partial = row.named_partials[f"d{row.args[index]}"]
    name, names = f"vjp_{row.name}_{row.args[index]}", ("g", "z", *row.names)
    if len(row.names) == 1 and partial[0] == "where" and partial[2:] == (ONE, ZERO):
        # a third faster than a product with a mask
        return _source(row, name, {"v": _mask(partial[1])}, "v", names, ["v = v.astype(g.dtype)", "v *= g"])
    return _source(row, name, {"v": _carried(partial)}, "v", names)


def partial_source(row: Row, index: int) -> str:
    """The source of a function of arrays: the partial derivative with respect to one argument."""
    name = f"d{row.args[index]}"
    return _source(row, f"{row.name}_{name}", {name: row.named_partials[name]}, name, ("z", *row.names))


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


@cache
def vjp(row: Row, index: int) -> Callable[..., Any]:
    """What a row hands back to one argument: a function of ``g``, ``z`` and the operands."""
    return function_from(vjp_source(row, index), f"vjp_{row.name}_{row.args[index]}", NAMESPACE)


@cache
def partial(row: Row, index: int) -> Callable[..., Any]:
    """The partial derivative of a row with respect to one argument: a function of ``z`` and the operands."""
    return function_from(partial_source(row, index), f"{row.name}_d{row.args[index]}", NAMESPACE)


def _carried(partial: Formula) -> Formula:
    """The upstream gradient times a partial. It is carried inside `where`, where a product with a mask costs least
    and keeps the dtype."""
    upstream: Formula = ("name", "g")
    match partial:
        case ("number", 0.0):
            return partial
        case ("number", 1.0):
            return upstream
        case ("number", -1.0):
            return ("neg", upstream)
        case ("neg", inner):
            return ("neg", _carried(inner))
        case ("div", over, under):
            return ("div", _carried(over), under)
        case ("where", test, ("number", 1.0), ("number", 0.0)):
            return ("mul", upstream, _mask(test))
        case ("where", test, ("number", 0.0), ("number", 1.0)):
            return ("mul", upstream, _mask(("not", test)))
        case ("where", test, yes, no):
            return ("where", test, _carried(yes), _carried(no))
    return ("mul", upstream, partial)


def _mask(test: Formula) -> Formula:
    return ("!=", test, ZERO) if test[0] == "name" else test


def _source(
    row: Row, name: str, results: dict[str, Formula], returned: str, names: tuple[str, ...] | None = None,
    then: Sequence[str] = (),
) -> str:  # fmt: skip
    lines = [*(f"{target} = {text}" for target, text in statements(results, ARRAY)), *then, f"return {returned}"]
    return source_of(name, names or row.names, lines)
