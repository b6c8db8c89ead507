"""Operations of your own, as in HIPS autograd: a function of plain arrays, and a rule for every argument."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from autograd.node import Node
from autograd.ops.primitive import Primitive
from autograd.value import Value


def primitive(f: Callable[..., Any]) -> Callable[..., Any]:
    """Make f one operation of the graph: it is called with plain floats and arrays, whatever nodes it is given.

    Positional arguments are operands, keywords constants. Give it its rules with `defvjp`.

    >>> from autograd import grad
    >>> @primitive
    ... def cube(x):
    ...     return x**3
    >>> defvjp(cube, lambda ans, x: lambda g: g * 3 * x**2)
    >>> grad(cube)(2.0), grad(grad(cube))(2.0)
    (12.0, 12.0)
    """
    op = Primitive(getattr(f, "__name__", "f"), f, [])

    @wraps(f)
    def operation(*operands: Any, **params: Any) -> Any:
        nodes = [each for each in operands if isinstance(each, Node)]
        if not nodes:
            return f(*operands, **params)
        if len(op.rules) < len(operands):
            raise TypeError(
                f"{op.name}() has no rule for {len(operands)} arguments; give them with defvjp({op.name}, …)"
            )
        result = Node.array_kind._apply(op, operands, params)
        scalar = all(isinstance(each, Value) for each in nodes) and np.ndim(result.data) == 0
        return result.to_value() if scalar else result  # type: ignore[attr-defined]

    operation.op = op  # type: ignore[attr-defined]
    return operation


def defvjp(operation: Callable[..., Any], *makers: Callable[..., Any] | None) -> None:
    """Give a `primitive` its rules, one for each argument: ``lambda ans, x, y: lambda g: …`` returns what the upstream
    gradient g becomes for that argument. None stands for an argument without a gradient.

    Written with NumPy's functions, rules differentiate to any order. Raises TypeError for what is not a primitive.
    """
    op = getattr(operation, "op", None)
    if not isinstance(op, Primitive):
        raise TypeError(f"defvjp() takes a function decorated with autograd.extend.primitive, not {operation!r}")
    op.rules = [maker and _rule(maker) for maker in makers]


def _rule(maker: Callable[..., Any]) -> Callable[..., Any]:
    return lambda g, z, *operands, **params: maker(z, *operands, **params)(g)
