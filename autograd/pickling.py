"""Copies of graphs, in memory and as pickles, without recursion: graphs may be a million nodes deep.

Inside one pickled object the leaves keep their identity, and so does everything below one and the same node. Two
nodes that are not leaves, pickled side by side, come back each with its own copy of what they share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from autograd.node import Node, tick

_UNSTORED = ("__weakref__", "number")


class _Link(NamedTuple):
    position: int


def copy_node(node: Node) -> Node:
    """A new node with the same data, inputs, gradient and label."""
    copied: Node = object.__new__(type(node))
    _fill(copied, _state(node))
    copied.number = tick()
    return copied


def deepcopy_node(node: Node, memo: dict[int, Any]) -> Node:
    """A copy of the whole graph below a node."""
    nodes = [each for each in _connected(node) if id(each) not in memo]
    for each in nodes:
        memo[id(each)] = object.__new__(type(each))
    for each in nodes:
        _fill(memo[id(each)], _mapped(_state(each), lambda link: memo[id(link)]))
        memo[id(each)].number = tick()
    copied: Node = memo[id(node)]
    return copied


def reduce_node(node: Node, protocol: Any) -> tuple[Any, ...]:
    """How pickle stores a node."""
    if node.op is None:
        state = _state(node)
        grad = state.pop("grad")
        return _leaf, (type(node), state), (None, {"grad": grad})  # the gradient may be a graph above this leaf
    nodes = _connected(node)
    index = {each: _Link(number) for number, each in enumerate(nodes)}
    flat = [each if each.op is None else (type(each), _mapped(_state(each), index.__getitem__)) for each in nodes]
    return _graph, (flat, index[node].position)


def _leaf(kind: type[Node], state: dict[str, Any]) -> Node:
    leaf: Node = object.__new__(kind)
    _fill(leaf, state)
    leaf.number = tick()
    return leaf


def _graph(flat: list[Any], index: int) -> Node:
    nodes = [each if isinstance(each, Node) else object.__new__(each[0]) for each in flat]
    for node, stored in zip(nodes, flat, strict=True):
        if node is not stored:
            _fill(node, _mapped(stored[1], lambda link: nodes[link.position]))
            node.number = tick()
    root: Node = nodes[index]
    return root


def _slots(kind: type) -> list[str]:
    return [slot for base in kind.__mro__ for slot in getattr(base, "__slots__", ()) if slot not in _UNSTORED]


def _state(node: Node) -> dict[str, Any]:
    return {slot: getattr(node, slot) for slot in _slots(type(node)) if hasattr(node, slot)}


def _fill(node: Node, state: dict[str, Any]) -> None:
    for slot, stored in state.items():
        setattr(node, slot, stored)


def _links(state: dict[str, Any]) -> Iterable[Node]:
    for stored in state.values():
        for each in stored if type(stored) is tuple else (stored,):
            if isinstance(each, Node):
                yield each


def _connected(root: Node) -> list[Node]:
    """Everything reachable from a node, gradients that are graphs included, in the order of creation."""
    stack, seen = [root], {root}
    while stack:
        for link in _links(_state(stack.pop())):
            if link not in seen:
                seen.add(link)
                stack.append(link)
    return sorted(seen, key=lambda node: node.number)


def _mapped(state: dict[str, Any], change: Callable[[Any], Any]) -> dict[str, Any]:
    def mapped(stored: Any) -> Any:
        if type(stored) is tuple:
            return tuple(map(mapped, stored))
        return change(stored) if isinstance(stored, (Node, _Link)) else stored

    return {slot: mapped(stored) for slot, stored in state.items()}
