"""Every row of the table of derivatives, on floats: its value, its partials, second order, kinks, edges, both readers.

The rows test themselves: the points are drawn from a row's own `domain`, away from its own `kink`, so that a row
that is added to the table is tested without a line here.
"""

import itertools
import math
import operator
from collections.abc import Callable

import mpmath
import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

import autograd
from autograd import Value
from autograd.formula import Formula, FormulaError, Row, declared_rows, parts, row
from autograd.numerical import numerical_grad
from autograd.readers import arrays, floats
from autograd.rows import ROWS, finish

MARGIN = 1e-3  # from kinks and from the edges of a domain
EXTREMES = (0.0, -0.0, 1.0, -1.0, 2.0, -3.0, 0.5, 1e-8, 1e17, 709.9, -745.2, 1e3, -1e3, 1e308, -1e308, 5e-324, -5e-324,
            math.inf, -math.inf, math.nan)  # fmt: skip
EVERY_ROW = pytest.mark.parametrize("row", ROWS.values(), ids=str)

Point = tuple[float, ...]


def holds(condition: Formula, names: dict[str, float], margin: float = 0.0) -> bool:
    """Whether a condition of the table holds; with a margin, whether it nearly does."""
    head, *sides = condition
    if head in ("and", "or"):
        return {"and": all, "or": any}[head](holds(side, names, margin) for side in sides)
    left, right = (evaluated(side, names) for side in sides)
    nearly = {"==": abs(left - right) <= margin, "<=": left <= right + margin, ">=": left >= right - margin}
    exactly = {"<": left < right, ">": left > right, "!=": left != right}
    return {**exactly, **nearly}[head]


def evaluated(formula: Formula, names: dict[str, float]) -> float:
    """The formula on floats, by the functions of this package."""
    head, *args = formula
    if head == "name":
        return names[args[0]]
    return args[0] if head == "number" else ROW_FUNCTIONS[head](*(evaluated(arg, names) for arg in args))


def is_tested(row: Row, point: Point) -> bool:
    """Whether a point is in the row's domain and far enough from its edges and from its kinks."""
    names = dict(zip(row.names, point, strict=True))
    nudged = itertools.product(*((x - MARGIN, x + MARGIN) for x in point))
    inside = row.domain is None or all(holds(row.domain, dict(zip(row.names, near, strict=True))) for near in nudged)
    return inside and not (row.kink and holds(row.kink, names, MARGIN))


def bounds(row: Row, arg: str) -> tuple[float, float]:
    """Between which numbers an argument is drawn: what the domain says about it alone, else (-6, 6)."""
    low, high = -6.0, 6.0
    for head, *sides in parts(row.domain) if row.domain and len(row.args) == 1 else ():
        match head, sides:
            case ("<", [("name", name), ("number", number)]) | (">", [("number", number), ("name", name)]):
                high = number if name == arg else high
            case (">", [("name", name), ("number", number)]) | ("<", [("number", number), ("name", name)]):
                low = number if name == arg else low
    return min(low, high - 12.0) if low == -6.0 else low, max(high, low + 6.0) if high == 6.0 else high


@st.composite
def points(draw: st.DrawFn, row: Row) -> Point:
    """Operands at which a row is defined and smooth: the arguments, and the parameters at or off their defaults."""
    args = [draw(st.floats(*bounds(row, arg))) for arg in row.args]
    params = [draw(st.sampled_from([default, 0.25, 0.75])) for default in row.params.values()]
    point = (*args, *params)
    assume(is_tested(row, point))
    return point


def close(actual: float, expected: float, tolerance: float) -> bool:
    """Equal but for an error relative to the expected number's own size."""
    return actual == expected or abs(actual - expected) <= tolerance * abs(expected)
