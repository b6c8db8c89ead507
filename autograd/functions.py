"""Every row of the table as a function of floats, arrays or nodes: `autograd.exp(2.0)`, `autograd.exp(value)`."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, Signature
from typing import Any

import numpy as np

from autograd.formula import Row
from autograd.node import Node
from autograd.readers import arrays, floats
from autograd.rows import ROWS


def call(row: Row, *operands: Any) -> Any:
    """What a row makes of its operands: a node where one of them is a node, a float of numbers, else an array."""
    kind = _kind(operands)
    if kind is not None:
        return kind._apply(row, operands)
    if all(isinstance(operand, (int, float)) for operand in operands):
        return floats.function(row)(*map(float, operands))
    with np.errstate(all="ignore"):
        # a plain number stays one, or it would raise float32 to float64
        return arrays.forward(row)(*(each if isinstance(each, (int, float)) else np.asarray(each) for each in operands))


def _kind(operands: tuple[Any, ...]) -> type[Node] | None:
    kind: type[Node] | None = None
    for operand in operands:
        if isinstance(operand, Node) and (kind is None or operand.priority > kind.priority):
            kind = type(operand)
    return kind


def _function(row: Row) -> Callable[..., Any]:
    names = row.names

    def unary(x: Any) -> Any:
        return getattr(x, row.name)() if isinstance(x, Node) else call(row, x)

    def general(*operands: Any, **named: Any) -> Any:
        if named or len(operands) != len(names):
            operands = bind(operands, named)
        return call(row, *operands)

    def bind(operands: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        try:
            bound = function.__signature__.bind(*operands, **named)  # type: ignore[attr-defined]
        except TypeError as error:
            raise TypeError(f"{row.name}(): {error}") from None
        bound.apply_defaults()
        return tuple(bound.args)

    function: Callable[..., Any] = unary if names == ("x",) else general
    function.__name__ = function.__qualname__ = row.name
    function.__signature__ = Signature(  # type: ignore[attr-defined]
        [
            Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, default=row.params.get(name, Parameter.empty))
            for name in names
        ]
    )
    function.__doc__ = row.doc
    return function


FUNCTIONS: dict[str, Callable[..., Any]] = {name: _function(row) for name, row in ROWS.items()}
