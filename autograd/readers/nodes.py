"""Reads a row on nodes: the same partials evaluated with nodes, so that gradients are graphs themselves."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache, wraps
from typing import Any

import numpy as np

from autograd import modes
from autograd.formula import Row
from autograd.functions import FUNCTIONS, call
from autograd.node import Node
from autograd.readers.generated import function_from, source_of
from autograd.readers.printer import Target, statements
from autograd.rows import share_row

NODE = Target(
    functions={},
    conditions={"and": "&", "or": "|", "not": "np.logical_not"},
    where="where({0}, {1}, {2})",
    where_is_lazy=False,
    number=repr,  # a gradient is a float, never an int
    expand=False,
)


def source(row: Row, index: int) -> str:
    """The source of a function of nodes: the partial derivative with respect to one argument."""
    name = f"d{row.args[index]}"
    lines = [f"{target} = {text}" for target, text in statements({name: row.named_partials[name]}, NODE)]
    return source_of(f"{row.name}_{name}", ("z", *row.names), [*lines, f"return {name}"])


@cache
def partial(row: Row, index: int) -> Callable[..., Any]:
    """The partial derivative of a row with respect to one argument, as a function of ``z`` and the operands."""
    by_nodes = function_from(source(row, index), f"{row.name}_d{row.args[index]}", _NAMESPACE)

    @wraps(by_nodes)
    def partial(z: Any, *operands: Any) -> Any:
        try:
            return by_nodes(z, *operands)
        except ZeroDivisionError:  # of a constant; NumPy's 1 / 0 has a value
            return by_nodes(z, *(each if isinstance(each, Node) else np.float64(each) for each in operands))

    return partial


def pull(node: Any, gradient: Any) -> list[tuple[Node, Any]]:
    """What a Value hands back to its inputs, as nodes: the upstream gradient times the partials, evaluated on nodes.

    Raises RuntimeError if a node's data was set to something else after the node was used.
    """
    inputs = node.inputs
    share = share_in_one if modes.is_watched() else _share
    pulled = []
    for index, operand in enumerate(inputs):
        if isinstance(operand, Node):
            check_unchanged(node, operand)
            pulled.append((operand, share(node, gradient, index)))
    return pulled


def _share(node: Any, gradient: Any, index: int) -> Any:
    return chain(gradient, partial(node.op, index)(node, *node.inputs))


def share_in_one(node: Any, gradient: Any, index: int) -> Any:
    """The same in one node, whose row looks at no data: a recorded run must be right for all data."""
    local = node.op.named_partials[f"d{node.op.args[index]}"]
    has_upstream = isinstance(gradient, Node) or gradient != 1
    if local[0] == "number":
        return gradient if local[1] == 1 else -gradient if local[1] == -1 else gradient * local[1] if local[1] else 0.0
    row = share_row(node.op, index, has_upstream)
    if not row.names:
        return partial(node.op, index)(node, *node.inputs)
    given = dict(zip(node.op.names, node.inputs, strict=True))
    operands = [given[name] if name in given else node if name.startswith("r") else gradient for name in row.names]
    return call(row, *operands)


def chain(gradient: Any, local: Any) -> Any:
    """The product of the chain rule on scalars, in which a zero wins even against inf and nan."""
    for one, other in ((gradient, local), (local, gradient)):
        if not isinstance(one, Node):
            if one == 0:
                return 0.0
            if one == 1:
                return other
    product = gradient * local
    if math.isnan(product.data if isinstance(product, Node) else product):
        return FUNCTIONS["chain_product"](gradient, local)
    return product


def _select(condition: Any, x: Any, y: Any) -> Any:
    return FUNCTIONS["where"](condition, x, y) if not isinstance(condition, (bool, np.bool_)) else x if condition else y


def check_unchanged(node: Node, operand: Node) -> None:
    """Raise RuntimeError if the data of a node or its operand was set since it was used."""
    for changed in (node, operand):
        if changed.number != int(changed.number) or changed.number > node.number:
            raise RuntimeError(
                f"a graph of gradients needs the data that was used, but .data of {changed!r} was set since; "
                "compute the output anew before asking for create_graph=True"
            )


_NAMESPACE = {**FUNCTIONS, "where": _select, "np": np, "pi": math.pi, "inf": math.inf, "nan": math.nan}
