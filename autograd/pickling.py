"""Copies of graphs, in memory and as pickles, without recursion: graphs may be a million nodes deep.

Inside one pickled object the leaves keep their identity, and so does everything below one and the same node. Two
nodes that are not leaves, pickled side by side, come back each with its own copy of what they share. A gradient that
is itself a graph is pickled as a number or an array. Which module made what is not forgotten.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from autograd import scopes
from autograd.node import UNTOUCHED, Node, tick

_UNSTORED = ("__weakref__", "number", "_about")


class _Link(NamedTuple):
    position: int


def copy_node(node: Node) -> Node:
    """A new node with the same data, inputs, gradient and label."""
    copied: Node = object.__new__(type(node))
    _fill(copied, _state(node), _is_stale(node))
    return copied


def deepcopy_node(node: Node, memo: dict[int, Any]) -> Node:
    """A copy of the whole graph below a node."""
    nodes = [each for each in _connected(node, _state) if id(each) not in memo]
    for each in nodes:
        memo[id(each)] = object.__new__(type(each))
    for each in nodes:
        state = _mapped(_state(each), (Node, np.ndarray), lambda part: copy.deepcopy(part, memo))
        _fill(memo[id(each)], state, _is_stale(each))
        scopes.name_parameter(memo[id(each)], scopes.parameter_name(each))
    scopes.note_again([memo[id(each)] for each in nodes], scopes.kept(nodes))
    copied: Node = memo[id(node)]
    return copied


def reduce_node(node: Node, protocol: Any) -> tuple[Any, ...]:
    """How pickle stores a node."""
    if node.op is None:
        return _leaf, (type(node), _storable(node), scopes.parameter_name(node))
    nodes = _connected(node, _storable)
    index = {each: _Link(number) for number, each in enumerate(nodes)}
    flat = [
        each if each.op is None else (type(each), _mapped(_storable(each), Node, index.__getitem__), _is_stale(each))
        for each in nodes
    ]
    return _graph, (flat, index[node].position, scopes.kept(nodes))


def _leaf(kind: type[Node], state: dict[str, Any], path: str) -> Node:
    leaf: Node = object.__new__(kind)
    _fill(leaf, state, False)
    scopes.name_parameter(leaf, path)
    return leaf


def _graph(flat: list[Any], index: int, kept: scopes.Kept) -> Node:
    nodes = [each if isinstance(each, Node) else object.__new__(each[0]) for each in flat]
    for node, stored in zip(nodes, flat, strict=True):
        if node is not stored:
            _fill(node, _mapped(stored[1], _Link, lambda link: nodes[link.position]), stored[2])
    scopes.note_again(nodes, kept)
    root: Node = nodes[index]
    return root


def _slots(kind: type) -> list[str]:
    return [slot for base in kind.__mro__ for slot in getattr(base, "__slots__", ()) if slot not in _UNSTORED]


def _state(node: Node) -> dict[str, Any]:
    slots = {slot: getattr(node, slot) for slot in _slots(type(node)) if hasattr(node, slot)}
    label = {"label": node.label} if node.label else {}
    return slots | label | getattr(node, "__dict__", {})  # as instances of a subclass may have


def _storable(node: Node) -> dict[str, Any]:
    state = _state(node)
    if isinstance(state["grad"], Node):
        state["grad"] = state["grad"].data
    elif state["grad"] is UNTOUCHED:  # known by its identity, which would be lost
        del state["grad"]
    return state


def _is_stale(node: Node) -> bool:
    """Whether data was set after it was used here, so that a graph of gradients must refuse the node."""
    return node.number % 1 != 0 or any(isinstance(each, Node) and each.number > node.number for each in node.inputs)


def _fill(node: Node, state: dict[str, Any], is_stale: bool) -> None:
    node.grad, node._about = UNTOUCHED, None
    for slot, stored in state.items():
        setattr(node, slot, stored)
    node.number = tick() + 0.5 if is_stale else tick()


def _links(state: dict[str, Any]) -> Iterable[Node]:
    found = list(state.values())
    while found:
        stored = found.pop()
        if isinstance(stored, Node):
            yield stored
        elif type(stored) is tuple:
            found.extend(stored)


def _connected(root: Node, state: Callable[[Node], dict[str, Any]]) -> list[Node]:
    """Everything that the states of nodes lead to from one of them, in the order of creation."""
    stack, seen = [root], {root}
    while stack:
        for link in _links(state(stack.pop())):
            if link not in seen:
                seen.add(link)
                stack.append(link)
    return sorted(seen, key=lambda node: node.number)


def _mapped(state: dict[str, Any], kinds: Any, change: Callable[[Any], Any]) -> dict[str, Any]:
    return {slot: _changed(stored, kinds, change) for slot, stored in state.items()}


def _changed(stored: Any, kinds: Any, change: Callable[[Any], Any]) -> Any:
    if type(stored) is tuple:
        return tuple(_changed(each, kinds, change) for each in stored)
    return change(stored) if isinstance(stored, kinds) else stored
