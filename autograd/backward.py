"""The chain rule, from an output back to the leaves: where the gradients of a graph are accumulated.

    sums = {output: 1.0}
    for node in the nodes below the output, the newest first:
        for operand, share in node._pull(sums[node]):
            sums[operand] += share

`_walk` is that, for nodes of every kind: from the newest to the oldest, so that everything that used a node has handed
its share back when the node is visited. The others are short ways, which leave to it what they do not know:
`walk_tree` and `walk_values` for formulas and graphs of Values, and `_hand_to_leaves` for compiled functions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from heapq import heappop, heappush, heapreplace
from operator import attrgetter
from sys import getrefcount
from typing import Any, Literal

import numpy as np

from autograd import modes
from autograd.nans import can_only_be_born, has_nan
from autograd.node import UNTOUCHED, Node
from autograd.ops import reduce
from autograd.ops.shape import astype, broadcast_to, data_of, sum_to, to_tensor
from autograd.plain import constant, kind_of
from autograd.quiet import born, hush, listen, unhush

_FEW = 100  # leaves, up to which it takes little time to tell whether one is among them
_by_number = attrgetter("number")
_op = attrgetter("op")


def backward(root: Node, gradient: Any, create_graph: bool, retain_grads: bool = False) -> None:
    """Set `grad` below a node; see `Value.backward` and `Tensor.backward`."""
    plain = root.priority == 1 and not create_graph and not (modes.active and modes.anomaly_is_on())
    if plain and walk_values(root, gradient):
        return
    is_compiled = getattr(root.op, "hands_back_new", False)
    if is_compiled and not (create_graph or retain_grads or modes.active) and _hand_to_leaves(root, gradient):
        return
    found = gradients([(root, gradient)], create_graph, keep="all" if retain_grads else "retained")
    if create_graph:  # for leaves nodes; for the others plain data, as a graph that leads back to its holder is a cycle
        found = {node: _as_node(node, new) if node.op is None else data_of(new) for node, new in found.items()}
    for node, new in found.items():
        if node.op is None and node.grad is not None:
            found[node] = _total(node, node.grad, new)
    for node, total in found.items():
        node.grad = total


def walk_tree(root: Any, gradient: float) -> bool:
    """The walk in one pass through a tree of Values: each but the leaves is used once, and no walk has reached it.
    False, and all as it was, for any other graph."""
    untouched = UNTOUCHED
    if root.grad is not untouched:
        return False
    nodes = [root]
    leaves: list[Any] = []
    kept: list[tuple[Any, float]] = []  # leaves that had a gradient, and that
    try:
        root.grad = gradient
        # it grows at the end, and a node stands behind the only one that uses it; hot, so x and y are written out
        for node in nodes:
            gradient = node.grad
            dx = node.dx
            if dx is not None:
                operand = node.x
                old = operand.grad
                if old is not untouched:
                    if operand.op is not None or type(old) is not float or len(leaves) > _FEW or operand in set(leaves):
                        break
                    kept.append((operand, old))
                if operand.op is None:
                    leaves.append(operand)
                else:
                    nodes.append(operand)
                operand.grad = old + (gradient * dx if gradient and dx else 0.0)
            dy = node.dy
            if dy is not None:
                operand = node.y
                old = operand.grad
                if old is not untouched:
                    if operand.op is not None or type(old) is not float or len(leaves) > _FEW or operand in set(leaves):
                        break
                    kept.append((operand, old))
                if operand.op is None:
                    leaves.append(operand)
                else:
                    nodes.append(operand)
                operand.grad = old + (gradient * dy if gradient and dy else 0.0)
        else:
            return True
        for node in nodes:  # as `_put_back` does, which would take longer
            node.grad = untouched
        for node in leaves:
            node.grad = untouched
        for node, old in kept:
            node.grad = old
    except BaseException as error:
        _put_back((*nodes, *leaves), False, kept)
        if not isinstance(error, AttributeError):  # of a leaf, or a node with a tuple of operands
            raise
    return False


def walk_values(root: Any, gradient: float) -> bool:
    """The walk over Values, in place, with the recorded partials; False if the graph holds anything else."""
    if root.op is None:
        root.grad = _total(root, root.grad, gradient)
        return True
    if type(root.dx) is tuple:
        return False
    untouched = UNTOUCHED
    zero = untouched + 0.0  # this walk's own: where gradients start, and by its identity the mark of the visited
    stack = [None, root]
    nodes: list[Any] = []
    # the leaves and the others that hold a gradient of earlier walks, and that gradient
    accumulated: list[tuple[Any, Any]] = []
    walked: list[tuple[Any, Any]] = [] if root.grad is untouched else [(root, root.grad)]
    needs_sorting = all_visited = False
    try:
        root.grad = zero
        while (node := stack.pop()) is not None:  # the hottest loop there is, so x and y are written out
            nodes.append(node)
            if node.dx is not None:
                operand = node.x
                old = operand.grad
                if old is not zero:
                    if operand.op is not None:
                        stack.append(operand)
                        if old is not untouched:
                            walked.append((operand, old))
                    elif old is not untouched:
                        accumulated.append((operand, old))
                    operand.grad = zero
                elif operand.op is not None:
                    needs_sorting = True
            if node.dy is not None:
                operand = node.y
                old = operand.grad
                if old is not zero:
                    if operand.op is not None:
                        stack.append(operand)
                        if old is not untouched:
                            walked.append((operand, old))
                    elif old is not untouched:
                        accumulated.append((operand, old))
                    operand.grad = zero
                elif operand.op is not None:
                    needs_sorting = True
        all_visited = True
        if needs_sorting:  # else the order in which they were found is a topological one
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
        if accumulated:
            totals: list[Any] = []
            for leaf, old in accumulated:  # Python 3.13 may not catch what a trace function raises in a comprehension
                totals.append(old + leaf.grad if type(old) is float else _total(leaf, old, leaf.grad))
            for (leaf, _), total in zip(accumulated, totals, strict=True):
                leaf.grad = total
    except BaseException as error:
        _put_back(nodes, all_visited, [*walked, *accumulated])
        if isinstance(error, AttributeError):  # a node with a tuple of operands
            return False
        raise
    return True


def _put_back(nodes: Collection[Any], with_leaves: bool, olds: Collection[tuple[Any, Any]]) -> None:
    """The gradients from before a walk, also if Ctrl-C comes in between: of some nodes, and the leaves that they use,
    none yet; of others what is given."""
    try:
        for node in nodes:
            node.grad = UNTOUCHED
        for operand in (operand for node in nodes for operand in node.inputs) if with_leaves else ():
            if isinstance(operand, Node) and operand.op is None:
                operand.grad = UNTOUCHED
        for node, old in olds:
            node.grad = old
    except KeyboardInterrupt:
        _put_back(nodes, with_leaves, olds)
        raise


def step(node: Node) -> None:
    """Add to the gradients of a node's inputs what its own hands back: one step of the walk, for those who walk."""
    gradient = 0.0 if node.grad is None else node.grad
    for operand, share in node._pull(gradient, False, False) if node.op is not None else ():
        operand.grad = _total(operand, operand.grad, share)


def _hand_to_leaves(root: Any, gradient: Any) -> bool:
    """The whole walk where it is one step: from a compiled function straight to leaves; False for anything else.

    Such a function hands back numbers and arrays of its own making, of the leaves' shapes and dtypes.
    """
    leaves = root.op.leaves
    is_value = root.priority == 1
    operands = root.x if is_value else root.links
    if leaves and operands is (leaves.nodes if is_value else leaves.links):  # not so in a copy
        operands = leaves.nodes
    else:
        leaves, operands = None, operands if is_value else [node for node, _ in operands]
        if any(map(_op, operands)) or len(set(map(id, operands))) < len(operands):
            return False
    given, params = (root.y, {}) if is_value else ((), root.params)
    shares = root.op.joint_rule(gradient, root, given, False, **params)
    if leaves and (is_value or float not in map(type, shares)) and leaves.are_untouched():
        leaves.put(shares)
    else:
        _add_to_leaves(zip(operands, shares, strict=True))
    if root.retains:
        root.grad = gradient
    return True


def _add_to_leaves(pulled: Iterable[tuple[Any, Any]]) -> None:
    # a number for a Tensor says that it was not used
    pulled = [(leaf, share) for leaf, share in pulled if type(share) is not float or leaf.priority == 1]
    totals = [
        share if leaf.grad is None else leaf.grad + share if type(share) is type(leaf.grad) is float
        else _total(leaf, leaf.grad, share)
        for leaf, share in pulled
    ]  # fmt: skip
    for (leaf, _), total in zip(pulled, totals, strict=True):
        leaf.grad = total


def gradients(
    outputs: Iterable[tuple[Node, Any]],
    as_graph: bool = False,
    keep: Literal["leaves", "retained", "all"] = "leaves",
    stop: Collection[Node] = (),
) -> dict[Node, Any]:
    """The gradients of the leaves below some outputs, for an upstream gradient each; nothing is written to the nodes.

    With `as_graph` they are nodes themselves. `keep` tells whose gradients are returned besides the leaves': those
    that retain theirs (Values, and Tensors on request), or all. The walk goes no further than the nodes in `stop`: it
    takes them for leaves.
    """
    outputs = list(outputs)
    if as_graph and not modes.is_recording():
        with modes.enable_grad():
            return gradients(outputs, as_graph, keep, stop)
    anomaly = modes.active and modes.anomaly_is_on()
    is_safe = not (as_graph or anomaly) and len(outputs) == 1 and can_only_be_born(*outputs[0])
    token = listen() if is_safe else hush()
    before = born[0]
    try:
        found, is_safe = _walk(outputs, as_graph, False, keep, stop, is_safe)
        is_safe = (is_safe and born[0] is before) or (as_graph and modes.is_watched())
        if not is_safe and has_nan(found.values()):
            # A zero and an inf may have met on a path. The walk that minds them is slower, so it comes second.
            found, _ = _walk(outputs, as_graph, True, keep, stop, False)
    finally:
        unhush(token)
    return found


def _walk(
    outputs: list[tuple[Node, Any]],
    as_graph: bool,
    careful: bool,
    keep: str,
    stop: Collection[Node],
    is_safe: bool,
) -> tuple[dict[Node, Any], bool]:
    """The gradients, and whether it is still true that a nan can only be among them if one was born here."""
    anomaly = modes.active and modes.anomaly_is_on()
    plain = not (as_graph or careful or anomaly)
    keeps_all, keeps_some = keep == "all", keep != "leaves"
    array = np.ndarray
    sums: dict[Any, Any] = {}
    waiting: list[tuple[float, Node]] = []  # a heap of the nodes with a gradient: the newest comes first
    pulled: Iterable[tuple[Any, Any]] = outputs
    gradient = None
    rules: Sequence[Any] = ()  # of the node that is visited, where they can be called right here; else ()
    z: Any = None
    recorded: Any = ()
    count = 0  # of operands; -1 where the rules need parameters
    params: Any = None
    while True:
        newest: Any = None  # of the operands: mostly the next to be visited, so it does not go through the heap
        for operand, share in pulled:
            if rules:  # by far the most nodes, and the shortest way there is for them: what was pulled is a position
                rule = rules[share]
                if count == 2:  # a call without a star takes half the time
                    share = rule(gradient, z, recorded[0], recorded[1])
                elif count == 1:
                    share = rule(gradient, z, recorded[0])
                else:
                    share = rule(gradient, z, *recorded, **params)
            data = operand._primal
            if (
                type(share) is not array
                or type(data) is not array
                or share.shape != data.shape
                or share.dtype is not data.dtype
            ):
                if rules and not getattr(share, "size", 0):
                    is_safe = False  # a broadcast to no element leaves out a nan, whose share may be Python's 0.0
                share = fitted(operand, share)
            if operand in sums:
                total = sums[operand]
                if anomaly:
                    _check_sum(operand, total, share)
                if type(total) is type(share) is array and total.base is None and getrefcount(total) == _ALONE:
                    np.add(total, share, out=total)
                else:
                    sums[operand] = total + share
                    is_safe = False  # of a sum of Python's own numbers nothing is told
                continue
            sums[operand] = share
            if operand.op is not None and operand not in stop:
                if newest is None:
                    newest = operand
                    continue
                if newest.number < operand.number:
                    newest, operand = operand, newest
                heappush(waiting, (-operand.number, operand))
        node: Any = newest
        if waiting and (node is None or -waiting[0][0] > node.number):
            node = heappop(waiting)[1] if node is None else heapreplace(waiting, (-node.number, node))[1]
        elif node is None:
            break
        gradient = sums[node] if keeps_some and (keeps_all or node.retains) else sums.pop(node)
        op = node.op
        if plain and node.priority == 2 and not op.rules_for_all:
            rules, pulled, recorded, params = op.rules, node.links, node.recorded, node.params
            count = -1 if params and (params is not op.params or not op.rules_know_defaults) else len(recorded)
            z = node._primal
            if type(node.number) is not int:  # data was set, and may not show what the operation made
                z, is_safe = node._result, False
            if is_safe and not op.passes_on_nan:
                is_safe = False
                hush()  # what the rule does itself is nobody's affair
            if op.row is None and gradient.base is not None and 0 in gradient.strides:
                gradient = gradient.copy()  # one number spread out: good for elementwise rules, slow in a product
            continue
        rules = ()
        if is_safe:
            is_safe = False
            hush()
        if anomaly:
            modes.check_in_place(node)
        pulled = node._pull(gradient, as_graph, careful)
        if anomaly:
            _check_anomaly(node, gradient, pulled)
    share = data = gradient = z = None  # nobody is to hold a gradient now but who keeps it
    pulled = recorded = ()
    for node in sums:
        total = sums[node]
        if type(total) is array:
            if total.base is not None or getrefcount(total) > _ALONE:
                sums[node] = total.copy()  # gradients share memory neither with each other nor with anything else
        elif node.priority == 2 and not isinstance(total, Node):
            sums[node] = np.asarray(total)
    return sums, is_safe


def fitted(operand: Any, share: Any) -> Any:
    """A share of the gradient in the shape and dtype of the operand: what broadcasting added is summed."""
    if operand.priority == 1:
        if type(share) is float:
            return share
        if not isinstance(share, Node):
            return float(np.sum(share))
        return share if share.priority == 1 else reduce.sum(share).to_value()
    if not isinstance(share, Node):
        share = np.asarray(share)
    elif share.priority == 1:
        share = to_tensor(share)
    shape = operand.shape
    if share.ndim > len(shape) or any(n == 1 != m for m, n in zip(share.shape[::-1], shape[::-1], strict=False)):
        share = sum_to(share, shape)
    if share.shape != operand.shape:
        share = broadcast_to(share, operand.shape)
    return share if share.dtype == operand.dtype else astype(share, operand.dtype)


def _references() -> int:
    sums = {0: np.empty(0)}
    total = sums[0]
    return getrefcount(total)


_ALONE = _references()  # what `getrefcount` says of an array that one dict and one variable hold


def reachable(roots: Iterable[Node], stop: Collection[Node] = ()) -> list[Node]:
    """The roots and all nodes they were computed from, the newest first, and then the leaves: one whose data was set
    has a later number than what was computed from it. Nothing below the nodes in `stop`."""
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
    return [node for node in nodes if node.op is not None] + [node for node in nodes if node.op is None]


def _as_node(node: Any, gradient: Any) -> Node:
    return gradient if isinstance(gradient, Node) else type(node)(gradient)


def _total(node: Node, old: Any, new: Any) -> Any:
    """A leaf's gradient after this walk; None and 0 count as none yet."""
    number = constant(old)
    if old is None or number == 0:
        return new
    if number is not None or (isinstance(old, (Node, np.ndarray)) and old.shape == node.shape):
        token = hush()
        try:
            total = old + new if number is None else number + new
        finally:
            unhush(token)
        # NumPy makes numbers of arrays without axes
        return np.asarray(total) if type(new) is np.ndarray and not isinstance(total, Node) else total
    raise TypeError(
        f"the gradient of {node.label or 'a leaf'} was set to {kind_of(old)}; set it to 0.0 or None to clear it"
    )


def _check_sum(operand: Node, total: Any, share: Any) -> None:
    parts = [modes.strangeness(data_of(each)) for each in (total, share)]
    both = data_of(total) + data_of(share)
    if modes.strangeness(both) > max(parts):
        what = operand.label or (modes.describe(operand) if operand.op is not None else "a leaf")
        raise modes.AnomalyError(
            f"the gradients that reach {what} add up to {both}: {data_of(total)} and {data_of(share)}"
        )


def _check_anomaly(node: Node, gradient: Any, pulled: Iterable[tuple[Node, Any]]) -> None:
    before = modes.strangeness(data_of(gradient))
    born = [(operand, share) for operand, share in pulled if modes.strangeness(data_of(share)) > before]
    if born:
        operand, bad = born[0]
        raise modes.AnomalyError(
            f"the gradient that {modes.describe(node)} hands back to {operand.label or 'its operand'} is "
            f"{data_of(bad)}; the operation is at {modes.origin(node)}"
        )
