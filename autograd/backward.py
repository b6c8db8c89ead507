"""The chain rule, from an output back to the leaves: the only place where gradients are accumulated.

Both walks here visit nodes in the reverse order of their creation, which is a reverse topological order: when a node
is visited, everything that used it has handed its share back already.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import modes
from autograd.node import Node
from autograd.plain import constant, kind_of

if TYPE_CHECKING:
    from autograd.value import Value

_by_number = attrgetter("number")


def backward(root: Value, gradient: Any, create_graph: bool) -> None:
    """Set `grad` below a Value; see `Value.backward`."""
    if not (create_graph and isinstance(gradient, Node)):
        number = constant(gradient)
        if number is None:
            given = kind_of(gradient)
            raise TypeError(f"backward() of a Value takes the upstream gradient as a real number, not {given}")
        gradient = number
    if create_graph or modes.anomaly_is_on() or not _walk_values(root, gradient):
        _walk_and_store(root, gradient, create_graph)


def _walk_values(root: Value, gradient: float) -> bool:
    """The walk over Values, in place, with the recorded partials; False if the graph holds anything else."""
    zero = float("0")  # this walk's own zero: where every gradient starts, and by its identity the mark of the visited
    nodes: list[Any] = []
    leaves: list[tuple[Any, Any]] = []
    try:
        stack: list[Any] = [root]
        if root.op is None:
            leaves.append((root, root.grad))
        root.grad = zero
        while stack:
            node = stack.pop()
            nodes.append(node)
            if node.dx is not None:
                operand = node.x
                if operand.grad is not zero:
                    if operand.op is None:
                        leaves.append((operand, operand.grad))
                    else:
                        stack.append(operand)
                    operand.grad = zero
            if node.dy is not None:
                operand = node.y
                if operand.grad is not zero:
                    if operand.op is None:
                        leaves.append((operand, operand.grad))
                    else:
                        stack.append(operand)
                    operand.grad = zero
        nodes.sort(key=_by_number, reverse=True)
        root.grad = gradient
        for node in nodes:
            gradient = node.grad
            if gradient:  # a path with a zero on it contributes nothing, not even against inf or nan
                dx = node.dx
                if dx:
                    node.x.grad += gradient * dx
                dy = node.dy
                if dy:
                    node.y.grad += gradient * dy
        totals = [(leaf, _total(leaf, old, leaf.grad)) for leaf, old in leaves]
    except BaseException as error:
        for leaf, old in leaves:
            leaf.grad = old
        if isinstance(error, AttributeError):  # a node with a tuple of operands
            return False
        raise
    for leaf, total in totals:
        leaf.grad = total
    return True


def _walk_and_store(root: Node, gradient: Any, create_graph: bool) -> None:
    found = gradients([(root, gradient)], create_graph, keep=True)
    totals = {node: _total(node, node.grad, new) if node.op is None else new for node, new in found.items()}
    for node, total in totals.items():
        node.grad = total


def gradients(outputs: Iterable[tuple[Node, Any]], as_graph: bool = False, keep: bool = False) -> dict[Node, Any]:
    """The gradients of the leaves below some outputs, for an upstream gradient each; nothing is written to the nodes.

    With `as_graph` they are nodes themselves; with `keep` the other nodes' gradients are returned too.
    """
    outputs = list(outputs)
    sums: dict[Node, Any] = {}
    for node, gradient in outputs:
        sums[node] = sums[node] + gradient if node in sums else gradient
    recording = modes.enable_grad() if as_graph else modes.no_grad()
    with recording, np.errstate(all="ignore"):
        for node in reachable(node for node, _ in outputs):
            if node.op is None:
                continue
            gradient = sums[node] if keep else sums.pop(node)
            pulled = node._pull(gradient, as_graph)
            if modes.anomaly_is_on():
                _check_anomaly(node, gradient, pulled)
            for operand, contribution in pulled:
                sums[operand] = sums[operand] + contribution if operand in sums else contribution
    return sums


def reachable(roots: Iterable[Node]) -> list[Node]:
    """The roots and all nodes they were computed from, the newest first."""
    stack = list(dict.fromkeys(roots))
    seen = set(stack)
    nodes = []
    while stack:
        node = stack.pop()
        nodes.append(node)
        for operand in node.inputs:
            if isinstance(operand, Node) and operand not in seen:
                seen.add(operand)
                stack.append(operand)
    nodes.sort(key=_by_number, reverse=True)
    return nodes


def _total(node: Node, old: Any, new: Any) -> Any:
    """A leaf's gradient after this walk; None and 0 count as none yet."""
    if old is None or isinstance(old, (int, float)):
        return new + old if old else new
    if isinstance(old, (Node, np.ndarray, np.generic)):
        return old + new
    raise TypeError(
        f"the gradient of {node.label or 'a leaf'} was set to {kind_of(old)}; set it to 0.0 or None to clear it"
    )


def _check_anomaly(node: Node, gradient: Any, pulled: list[tuple[Node, Any]]) -> None:
    finite = [bool(np.all(np.isfinite(getattr(each, "data", each)))) for each in (gradient, *(g for _, g in pulled))]
    if finite[0] and not all(finite):
        operand, bad = pulled[finite.index(False) - 1]
        raise modes.AnomalyError(
            f"the gradient that {modes.describe(node)} hands back to {operand.label or 'its operand'} is "
            f"{getattr(bad, 'data', bad)}; the operation is at {modes.origin(node)}"
        )
