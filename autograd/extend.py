"""Operations of your own, as in HIPS autograd: a function of plain arrays, and a rule for every argument."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from autograd.node import Node
from autograd.ops.primitive import Primitive
from autograd.ops.shape import shape_of
from autograd.plain import constant, kind_of
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
    name = getattr(f, "__name__", "f")

    def forward(*operands: Any, **params: Any) -> Any:
        made = np.asarray(f(*operands, **params))
        if made.dtype.kind not in "fiub":
            raise TypeError(f"{name}() returned {made.dtype} data; an operation of the graph returns real numbers")
        return made if made.dtype.kind == "f" else made.astype(float)  # its rules say what gradient a step has

    op = Primitive(name, forward, [])

    @wraps(f)
    def operation(*operands: Any, **params: Any) -> Any:
        nodes = [each for each in operands if isinstance(each, Node)]
        if not nodes:
            return f(*operands, **params)
        for position, each in enumerate(operands):
            if (
                not isinstance(each, (Node, np.ndarray, list, tuple))
                and constant(each) is None
                and np.asarray(each).dtype.kind not in "fiub"  # ranges and other things that NumPy takes for arrays
            ):
                raise TypeError(
                    f"argument {position} of {op.name}() is {kind_of(each)}, and its operands are nodes, numbers and "
                    "arrays; pass anything else by its name, as in f(x, k=k)"
                )
            if isinstance(each, Node) and position >= len(op.rules):
                raise TypeError(
                    f"{op.name}() has no rule for argument {position}, which is a node; give it one with "
                    f"defvjp({op.name}, …), or None if it has no gradient"
                )
        result = Node.array_kind._apply(op, operands, params)
        scalar = all(isinstance(each, Value) for each in nodes) and np.ndim(result.data) == 0
        return result.to_value() if scalar else result

    operation.op = op  # type: ignore[attr-defined]
    return operation


def defvjp(
    operation: Callable[..., Any], *makers: Callable[..., Any] | None, argnums: Sequence[int] | None = None
) -> None:
    """Give a `primitive` its rules, one for each argument: ``lambda ans, x, y: lambda g: …`` returns what the upstream
    gradient g becomes for that argument. None stands for an argument without a gradient.
    `argnums` are the arguments that the rules are for, the first ones unless given.

    Written with NumPy's functions, rules differentiate to any order. Raises TypeError for what is not a primitive or
    no rule; a rule that returns another shape than its argument's raises ValueError when it is used. A single number
    stands for as many as the argument has.
    """
    op = getattr(operation, "op", None)
    if not isinstance(op, Primitive):
        raise TypeError(f"defvjp() takes a function decorated with autograd.extend.primitive, not {operation!r}")
    places = range(len(makers)) if argnums is None else argnums
    if len(places) != len(makers):
        raise ValueError(f"defvjp({op.name}, …) was given {len(makers)} rules for {len(places)} argnums")
    for maker in makers:
        if maker is not None and not callable(maker):
            raise TypeError(f"a rule of {op.name}() is a function, as in lambda ans, x: lambda g: …, not {maker!r}")
    given = dict(zip(places, makers, strict=True))
    op.rules = [
        (maker := given.get(position, _no_rule)) and _rule(op.name, position, maker)
        for position in range(max(given, default=-1) + 1)
    ]
    op.passes_on_nan = False
    op.__post_init__()


def _no_rule(*operands: Any, **params: Any) -> Any:
    raise TypeError("defvjp() was given no rule for an argument that is a node; its argnums tell which have one")


def _rule(name: str, position: int, maker: Callable[..., Any]) -> Callable[..., Any]:
    def rule(g: Any, z: Any, *operands: Any, **params: Any) -> Any:
        share = maker(z, *operands, **params)(g)
        if not isinstance(share, Node) and np.asarray(share).dtype.kind not in "fiub":
            raise TypeError(f"the rule of {name}() for argument {position} returned {kind_of(share)}, not real numbers")
        shape, wanted = shape_of(share), shape_of(operands[position])
        was_broadcast = shape == shape_of(z) and len(wanted) <= len(shape)
        was_broadcast &= all(n in (1, m) for n, m in zip(wanted[::-1], shape[::-1], strict=False))
        if shape not in ((), wanted) and not was_broadcast:
            raise ValueError(
                f"the rule of {name}() for argument {position} returned shape {shape}, "
                f"but the argument has shape {wanted}, and that is the shape of its gradient"
            )
        return share

    return rule
