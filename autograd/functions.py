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
        return arrays.forward(row)(*map(np.asarray, operands))


def _kind(operands: tuple[Any, ...]) -> type[Node] | None:
    kinds = [type(operand) for operand in operands if isinstance(operand, Node)]
    return max(kinds, key=lambda kind: kind.priority) if kinds else None


def _function(row: Row) -> Callable[..., Any]:
    names, params = row.names, tuple(row.params.values())

    def function(*operands: Any, **named: Any) -> Any:
        if named or len(operands) < len(names):
            operands = bind(operands, named)
        return call(row, *operands)

    def bind(operands: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        bound = function.__signature__.bind(*operands, **named)  # type: ignore[attr-defined]
        bound.apply_defaults()
        return tuple(bound.args)

    function.__name__ = function.__qualname__ = row.name
    function.__signature__ = Signature(  # type: ignore[attr-defined]
        [Parameter(name, Parameter.POSITIONAL_OR_KEYWORD) for name in row.args]
        + [
            Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, default=value)
            for name, value in zip(row.params, params, strict=True)
        ]
    )
    function.__doc__ = row.doc
    return function


FUNCTIONS: dict[str, Callable[..., Any]] = {name: _function(row) for name, row in ROWS.items()}
