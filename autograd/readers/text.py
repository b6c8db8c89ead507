"""Reads the rows as text for people: the printed table of derivatives, kinks and edges included."""

from __future__ import annotations

import itertools
import linecache
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any

import numpy as np

from autograd.formula import Formula, Row
from autograd.readers import arrays, floats
from autograd.readers.generated import function_from, source_of
from autograd.readers.printer import Target, spell
from autograd.rows import ROWS

TEXT = Target(functions={}, where="where({0}, {1}, {2})", where_is_lazy=False, expand=False)

_HEADER = ("operation", "partial derivatives", "domain tested", "at kinks and edges")
_WIDTHS = (36, 38, 14, 28)
_NOTES = (
    "z is the result. where(c, a, b) is a where c holds, else b. A name with = is a constant parameter.\n"
    "What is printed at kinks and edges was computed by the rows, with every parameter at its default.\n"
)
_HEADING = "# ---- "  # how the table itself marks a group of rows
_TRIED = (1.0, 0.0, -1.0, 2.0, -2.0, 0.5)  # operands that between them lie on every kink of the table


def table() -> str:
    """The table of derivatives, grouped as it is written, no line longer than 120 columns."""
    lines = [*_cells(*([title] for title in _HEADER))]
    for heading, rows in itertools.groupby(ROWS.values(), _heading):
        lines += ["", heading, ""]
        for row in rows:
            lines += _cells([operation(row)], derivatives(row), [row.texts.get("domain", "")], special_points(row))
    return "\n".join([*lines, "", _NOTES])


def row_text(row: Row) -> str:
    """One row, a line for each thing that is known about it.

    >>> print(row_text(ROWS["sqrt"]))
    sqrt(x)
    dx = 0.5 / abs(z)
    tested where x > 0
    at x = 0: dx = inf
    <BLANKLINE>
    """
    domain = [f"tested where {row.texts['domain']}"] if row.domain else []
    lines = [operation(row), *derivatives(row), *domain, *(f"at {point}" for point in special_points(row))]
    return "".join(f"{line}\n" for line in lines)


def operation(row: Row) -> str:
    """The row's signature and formula.

    >>> operation(ROWS["leaky_relu"])
    'leaky_relu(x, slope=0.01) = where(x > 0, x, slope * x)'
    """
    signature = ", ".join((*row.args, *(f"{name}={value:g}" for name, value in row.params.items())))
    is_defined = row.definition[0] != row.name or row.name in TEXT.infix
    return f"{row.name}({signature})" + (f" = {row.texts['z']}" if is_defined else "")


def derivatives(row: Row) -> list[str]:
    """The partial derivatives, as they are written or, where nobody wrote them, as the chain rule gives them.

    >>> derivatives(ROWS["silu"])
    ['dx = sigmoid(x) + x * (sigmoid(x) * (1 - sigmoid(x)))']
    """
    return [f"{name} = {row.texts.get(name) or spell(partial, TEXT)}" for name, partial in row.named_partials.items()]


def special_points(row: Row) -> list[str]:
    """What the partial derivatives are at the row's kinks and edges, computed from the row.

    >>> special_points(ROWS["abs"])
    ['x = 0: dx = 0']
    """
    at_kinks = [_at_kink(row, kink) for kink in _alternatives(row.kink)] if row.kink else []
    at_edges = [f"{_equations(point)}: {_equations(_partials(row, point))}" for point in row.edges]
    return list(dict.fromkeys(at_kinks + at_edges))


def _at_kink(row: Row, kink: Formula) -> str:
    """The kink itself where the partials are the same all along it, else one point on it."""
    inside: Formula = ("and", kink, row.domain) if row.domain else kink
    points = _points_where(row, inside) or _points_where(row, kink)
    results = [_equations(_partials(row, point)) for point in points]
    is_same = len(set(results)) == 1
    place = spell(kink, TEXT).replace(" == ", " = ").replace(" and ", ", ") if is_same else _equations(points[0])
    return f"{place}: {results[0]}"


def _points_where(row: Row, condition: Formula) -> list[dict[str, float]]:
    points = (dict(zip(row.args, each, strict=True)) for each in itertools.product(_TRIED, repeat=len(row.args)))
    return [point for point in points if holds(condition, {**point, **row.params})]


def holds(condition: Formula, values: Mapping[str, float]) -> bool:
    """Whether a condition holds, in IEEE arithmetic, for the values of the names in it.

    >>> holds(ROWS["div"].domain, {"x": 1.0, "y": 0.0})
    False
    """
    with np.errstate(all="ignore"):
        return bool(_function(condition, tuple(values))(*map(np.float64, values.values())))


@cache
def _function(condition: Formula, names: tuple[str, ...]) -> Callable[..., Any]:
    source = source_of("holds", names, [f"return {spell(condition, arrays.ARRAY)}"])
    return function_from(source, "holds", arrays.NAMESPACE)


def _partials(row: Row, point: Mapping[str, float]) -> dict[str, float]:
    operands = {**row.params, **point}
    _, *partials = floats.evaluate(row)(*(operands[name] for name in row.names))
    return dict(zip(row.named_partials, partials, strict=True))


def _equations(values: Mapping[str, float]) -> str:
    return ", ".join(f"{name} = {value + 0.0:g}" for name, value in values.items())  # -0.0 + 0.0 is 0.0


def _alternatives(condition: Formula) -> Iterator[Formula]:
    if condition[0] == "or":
        for part in condition[1:]:
            yield from _alternatives(part)
    else:
        yield condition


def _heading(row: Row) -> str:
    file, number = row.place
    above = linecache.getlines(file)[:number]
    return next((line[len(_HEADING) :].strip() for line in reversed(above) if line.startswith(_HEADING)), "")


def _cells(*cells: Iterable[str]) -> Iterator[str]:
    """Lines that show cells side by side, each wrapped in its column."""
    columns = [
        [line for text in cell for line in _wrapped(text, width)] for cell, width in zip(cells, _WIDTHS, strict=True)
    ]
    for parts in itertools.zip_longest(*columns, fillvalue=""):
        yield " ".join(f"{part:<{width}}" for part, width in zip(parts, _WIDTHS, strict=True)).rstrip()


def _wrapped(text: str, width: int) -> list[str]:
    unbroken = re.sub(r" = (?=[-\w.]+[,:]?( |$))", "\xa0=\xa0", text)  # 'dx = 0' stays on one line
    lines = textwrap.wrap(unbroken, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
    return [line.replace("\xa0", " ") for line in lines]
