"""Reads a row for Python floats: its value, and its value with all partials, as IEEE arithmetic has them.

`math` raises where IEEE has a value. So the fast expression is tried, and on an exception the row is evaluated once
more by the array reader; on the usual path that costs nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import numpy as np

from autograd.formula import CONDITIONS, Row, parts
from autograd.readers import arrays
from autograd.readers.generated import function_from, source_of
from autograd.readers.printer import Target, expanded, statements


def _signed(rounding: Callable[[float], int]) -> Callable[[float], float]:
    return lambda x: math.copysign(rounding(x), x)  # keeps the sign of zero, as NumPy does


_OWN: dict[str, Callable[..., float]] = {
    **{name: _signed(getattr(math, name)) for name in ("floor", "ceil", "trunc")},
    "round": _signed(round),
    # Python 3.10 has neither in math
    "exp2": getattr(math, "exp2", lambda x: math.pow(2.0, x)),
    "cbrt": getattr(math, "cbrt", lambda x: float(np.cbrt(x))),
}
FLOAT = Target(
    functions={
        **{name: f"math.{name}" for name in "exp expm1 log log2 log10 log1p sqrt sin cos tan hypot pow".split()},
        **{name: f"math.{name}" for name in "sinh cosh tanh erf erfc".split()},
        **{f"arc{name}": f"math.a{name}" for name in "sin cos tan tan2 sinh cosh tanh".split()},
        **{name: f"{name}_" for name in _OWN},
        "abs": "abs",
    },
    infix={"add": " + ", "sub": " - ", "mul": " * ", "div": " / ", "mod": " % ", "floordiv": " // "},
    number=repr,  # float arithmetic is faster without an int in it
)
NAMESPACE: dict[str, Any] = {
    "math": math, "pi": math.pi, "inf": math.inf, "nan": math.nan,
    **{f"{name}_": function for name, function in _OWN.items()},
}  # fmt: skip
_NEVER_RAISE = ("number", "constant", "name", "add", "sub", "mul", "neg", "abs", "where", *CONDITIONS)


def body(row: Row, wanted: tuple[str, ...], otherwise: str) -> list[str]:
    """Lines that compute ``z`` and the wanted partials from the row's names, and do otherwise where `math` raises."""
    formulas = {"z": FLOAT.own_formula(row), **{name: row.named_partials[name] for name in wanted}}
    lines = [f"{name} = {text}" for name, text in statements(formulas, FLOAT)]
    return tried(lines, otherwise) if _may_raise(row) else lines


def tried(lines: Iterable[str], otherwise: str) -> list[str]:
    """Lines of arithmetic on floats, and what is to be done where they raise."""
    return ["try:", *(f"    {line}" for line in lines), "except (ArithmeticError, ValueError):", f"    {otherwise}"]


def _may_raise(row: Row) -> bool:
    formulas = (FLOAT.own_formula(row), *row.named_partials.values())
    return any(part[0] not in _NEVER_RAISE for formula in formulas for part in parts(expanded(formula, FLOAT)))


def source(row: Row) -> str:
    """The source of a function of floats that returns the row's value and all its partials."""
    wanted = tuple(f"d{arg}" for arg in row.args)
    lines = body(row, wanted, f"return ieee({', '.join(row.names)})")
    return source_of(f"evaluate_{row.name}", row.names, [*lines, f"return {', '.join(('z', *wanted))}"])


@cache
def evaluate(row: Row) -> Callable[..., tuple[float, ...]]:
    """The row as a function of floats that returns its value and all its partials."""
    return function_from(source(row), f"evaluate_{row.name}", {**NAMESPACE, "ieee": ieee(row)})


@cache
def ieee(row: Row) -> Callable[..., tuple[float, ...]]:
    """The same by the array reader, which never raises: 1/0 is inf, log(-1) is nan."""
    by_arrays = arrays.evaluate(row)

    def evaluate(*operands: float) -> tuple[float, ...]:
        with np.errstate(all="ignore"):
            return tuple(float(result) for result in by_arrays(*map(np.float64, operands)))

    return evaluate


def function(row: Row) -> Callable[..., Any]:
    """The row as a function of floats that returns its value alone."""
    both = evaluate(row)
    return lambda *operands: both(*operands)[0]
