"""The chain rule, from an output back to the leaves: the only place where gradients are accumulated.

Both walks here visit nodes in the reverse order of their creation, which is a reverse topological order: when a node
is visited, everything that used it has handed its share back already.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from operator import attrgetter
from typing import Any

import numpy as np

from autograd import modes
from autograd.node import Node
from autograd.ops import reduce
from autograd.ops.shape import astype, broadcast_to, sum_to, to_tensor
from autograd.plain import constant, kind_of

_by_number = attrgetter("number")


def backward(root: Node, gradient: Any, create_graph: bool, retain_grads: bool = False) -> None:
    """Set `grad` below a node; see `Value.backward` and `Tensor.backward`."""
    plain = not (create_graph or modes.anomaly_is_on()) and root.priority == 1
    if plain and _walk_values(root, gradient):
        return
    found = gradients([(root, gradient)], create_graph, keep=lambda node: _keeps(node, retain_grads))
    totals = {node: _total(node, node.grad, new) if node.op is None else new for node, new in found.items()}
    for node, total in totals.items():
        node.grad = total


def _walk_values(root: Any, gradient: float) -> bool:
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


def gradients(
    outputs: Iterable[tuple[Node, Any]],
    as_graph: bool = False,
    keep: Callable[[Node], bool] = lambda node: False,
    stop: Collection[Node] = (),
) -> dict[Node, Any]:
    """The gradients of the leaves below some outputs, for an upstream gradient each; nothing is written to the nodes.

    With `as_graph` they are nodes themselves. Nodes that are not leaves are left out unless `keep` says otherwise.
    The walk goes no further than the nodes in `stop`: it takes them for leaves.
    """
    outputs = list(outputs)
    nodes = [node for node in reachable((node for node, _ in outputs), stop) if node not in stop]
    recording = modes.enable_grad() if as_graph else modes.no_grad()
    with recording, np.errstate(all="ignore"):
        found = _walk(nodes, outputs, as_graph, False, keep)
        if any(map(_has_nan, found.values())):
            # A zero and an inf may have met on a path. The walk that takes care of them is slower, so it comes second.
            found = _walk(nodes, outputs, as_graph, True, keep)
    return found


def _walk(
    nodes: list[Node], outputs: list[tuple[Node, Any]], as_graph: bool, careful: bool, keep: Callable[[Node], bool]
) -> dict[Node, Any]:
    sums: dict[Node, Any] = {}
    owned: set[Node] = set()  # whose sum is an array of this walk's own making, so that it can be added to in place
    for node, gradient in outputs:
        sums[node] = sums[node] + gradient if node in sums else gradient
    anomaly = modes.anomaly_is_on()
    for node in nodes:
        if node.op is None or node not in sums:
            continue
        gradient = sums[node] if keep(node) else sums.pop(node)
        pulled = node._pull(gradient, as_graph, careful)
        if anomaly:
            _check_anomaly(node, gradient, pulled)
        for operand, share in pulled:
            fresh = share is not gradient
            if type(share) is not np.ndarray or share.shape != operand.shape or share.dtype != operand._data.dtype:  # type: ignore[attr-defined]
                share = _fitted(operand, share)
            if operand not in sums:
                sums[operand] = share
                if fresh and type(share) is np.ndarray and share.base is None:
                    owned.add(operand)
            elif operand in owned:
                np.add(sums[operand], share, out=sums[operand])
            else:
                sums[operand] = sums[operand] + share
    for leaf in sums.keys() - owned:
        if type(sums[leaf]) is not np.ndarray and leaf.priority == 2 and not isinstance(sums[leaf], Node):
            sums[leaf] = np.asarray(sums[leaf])
        elif type(sums[leaf]) is np.ndarray:
            sums[leaf] = sums[leaf].copy()  # gradients never share memory
    return sums


def _fitted(operand: Any, share: Any) -> Any:
    """A share of the gradient in the shape and dtype of the operand: what broadcasting added is summed."""
    if operand.priority == 1:
        if not isinstance(share, Node):
            return float(np.sum(share))
        return share if share.priority == 1 else reduce.sum(share).to_value()
    if not isinstance(share, Node):
        share = np.asarray(share)
    elif share.priority == 1:
        share = to_tensor(share)
    if share.ndim > len(operand.shape) or share.size > operand.size:
        share = sum_to(share, operand.shape)
    if share.shape != operand.shape:
        share = broadcast_to(share, operand.shape)
    return share if share.dtype == operand.dtype else astype(share, operand.dtype)


def _has_nan(gradient: Any) -> bool:
    if type(gradient) is np.ndarray and gradient.flags.c_contiguous:
        gradient = np.dot(
            gradient.reshape(-1), gradient.reshape(-1)
        )  # nan if any element is, and the fastest to say so
    return bool(np.isnan(getattr(gradient, "data", gradient)).any())


def _keeps(node: Node, retain_grads: bool) -> bool:
    return node.op is not None and (node.priority == 1 or retain_grads or getattr(node, "_retains", False))


def reachable(roots: Iterable[Node], stop: Collection[Node] = ()) -> list[Node]:
    """The roots and all nodes they were computed from, the newest first; nothing below the nodes in `stop`."""
    stack = list(dict.fromkeys(roots))
    seen = set(stack)
    nodes = []
    while stack:
        node = stack.pop()
        nodes.append(node)
        if node in stop:
            continue
        for operand in node.inputs:
            if isinstance(operand, Node) and operand not in seen:
                seen.add(operand)
                stack.append(operand)
    nodes.sort(key=_by_number, reverse=True)
    return nodes


def _total(node: Node, old: Any, new: Any) -> Any:
    """A leaf's gradient after this walk; None and 0 count as none yet."""
    number = 0.0 if old is None else constant(old)
    if number is not None:
        return new + number if number else new
    if isinstance(old, Node) or (isinstance(old, np.ndarray) and old.shape == np.shape(new)):
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
