"""What an operation on arrays is made of, and how its rules are applied."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, wraps
from typing import Any, TypeVar

import numpy as np

from autograd.formula import Row
from autograd.functions import FUNCTIONS
from autograd.node import Node
from autograd.readers import arrays, nodes

_F = TypeVar("_F", bound=Callable[..., Any])


@dataclass(eq=False)
class Primitive:
    """An operation on arrays: its forward, and for each operand a rule ``g, z, *operands, **params`` → share of ``g``.

    A rule gets arrays, or nodes where a graph of gradients is asked for. An operation on a sequence of operands has
    one rule for all of them, which gets the position first.
    """

    name: str
    forward: Callable[..., Any]
    rules: Sequence[Callable[..., Any] | None]
    takes_sequence: bool = False
    symbol: str = ""
    row: Row | None = None
    params: dict[str, Any] = field(default_factory=dict)  # names and defaults
    joint_rule: Callable[..., Any] | None = None  # one rule that returns the shares of all operands

    def __post_init__(self) -> None:
        self.symbol = self.symbol or self.name

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"


PRIMITIVES: dict[str, Primitive] = {}
OPERATIONS: dict[str, Callable[..., Any]] = {}  # by name, as functions of arrays or nodes
BY_NUMPY: dict[Any, Callable[..., Any]] = {}  # the same by the NumPy function that they stand for


def primitive(
    *numpy: Any, takes_sequence: bool = False, symbol: str = "", internal: bool = False, **rules: Any
) -> Callable[[Callable[..., Any]], Any]:
    """Make an operation of a forward on arrays: ``@primitive(np.trace, dx=lambda g, z, x: …)``.

    The rules are named after the forward's first parameters, its operands; the others are constants. `numpy` are the
    NumPy functions that call it when they meet a node. What is `internal` is no public function.
    """

    def make(forward: Callable[..., Any]) -> Any:
        name = forward.__name__.strip("_")
        parameters = inspect.signature(forward).parameters
        count = len(rules)
        assert [f"d{each}" for each in parameters][:count] == list(rules), f"rules of {name}: {list(rules)}"
        params = {each: p.default for each, p in list(parameters.items())[count:]}
        op = Primitive(name, forward, tuple(rules.values()), takes_sequence, symbol, None, params)
        operation = _operation(op)
        PRIMITIVES[name] = op
        if not internal:
            OPERATIONS[name] = operation
        BY_NUMPY.update(dict.fromkeys(numpy, operation))
        return operation

    return make


def function(*numpy: Any) -> Callable[[_F], _F]:
    """Register a function that is composed of operations, rather than one itself."""

    def make(composed: _F) -> _F:
        OPERATIONS[composed.__name__.strip("_")] = composed
        BY_NUMPY.update(dict.fromkeys(numpy, composed))
        return composed

    return make


def _operation(op: Primitive) -> Callable[..., Any]:
    count, names = len(op.rules), tuple(op.params)

    @wraps(op.forward)
    def operation(*args: Any, **kwargs: Any) -> Any:
        for operand in args[0] if op.takes_sequence and args else args[:count]:
            if isinstance(operand, Node):
                break
        else:
            return op.forward(*args, **kwargs)
        operands = tuple(args[0]) if op.takes_sequence else args[:count]
        if len(operands) < count or len(args) > count + len(names) or not op.params.keys() >= kwargs.keys():
            try:
                inspect.signature(op.forward).bind(*args, **kwargs)
            except TypeError as error:
                raise TypeError(f"{op.name}() {error}") from None
            operands = tuple(kwargs.pop(name) if name in kwargs else args[i] for i, name in enumerate(_operands(op)))
        params = {**op.params, **dict(zip(names, args[count:], strict=False)), **kwargs}
        return Node.array_kind._apply(op, operands, params)

    operation.__qualname__ = operation.__name__ = op.name
    operation.op = op  # type: ignore[attr-defined]
    return operation


def _operands(op: Primitive) -> list[str]:
    return list(inspect.signature(op.forward).parameters)[: len(op.rules)]


@cache
def elementwise(row: Row) -> Primitive:
    """A row of the table as an operation on arrays."""
    return Primitive(
        name=row.name,
        forward=arrays.forward(row),
        rules=[arrays.vjp(row, index) for index in range(len(row.args))],
        symbol=row.symbol,
        row=row,
    )


def pull(
    node: Node, op: Primitive, operands: Sequence[Any], recorded: Sequence[Any], params: dict[str, Any],
    gradient: Any, as_graph: bool, careful: bool,
) -> list[tuple[Node, Any]]:  # fmt: skip
    """What a node hands back to its operands that are nodes, for an upstream gradient.

    `careful` takes the product of the chain rule so that a zero wins even against inf and nan.
    """
    z, given = (node, operands) if as_graph else (node.data, recorded)
    if op.joint_rule is not None:
        shares = op.joint_rule(gradient, z, given, as_graph=as_graph, **params)
        return [(each, share) for each, share in zip(operands, shares, strict=True) if isinstance(each, Node)]
    pulled = []
    for index, operand in enumerate(operands):
        if not isinstance(operand, Node):
            continue
        if as_graph:
            nodes.check_unchanged(node, operand)
        if op.row is not None and index < len(op.row.args) and (as_graph or careful):
            local = (nodes if as_graph else arrays).partial(op.row, index)(z, *given)
            share = FUNCTIONS["chain_product"](gradient, local) if careful else _times(gradient, local)
        elif op.takes_sequence:
            share = op.rules[0](index, gradient, z, given, **params)  # type: ignore[misc]
        else:
            rule = op.rules[index]
            if rule is None:
                continue
            share = rule(gradient, z, *given, **params)
        pulled.append((operand, share))
    return pulled


def _times(gradient: Any, local: Any) -> Any:
    if not isinstance(local, Node) and np.ndim(local) == 0:
        if local == 0:
            return 0.0
        if local == 1:
            return gradient
    return gradient * local
