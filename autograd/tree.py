"""Nested dicts, lists and tuples, as a flat list and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import copy
from typing import Any


def flatten(tree: Any) -> tuple[list[Any], Callable[[Iterable[Any]], Any]]:
    """The leaves of a nested structure in order, and a function that builds the same structure of others.

    >>> leaves, rebuild = flatten({"w": [1.0, 2.0], "b": 3.0})
    >>> leaves, rebuild(leaf * 10 for leaf in leaves)
    ([1.0, 2.0, 3.0], {'w': [10.0, 20.0], 'b': 30.0})
    """
    leaves: list[Any] = []
    _collect(tree, leaves)

    def rebuild(others: Iterable[Any]) -> Any:
        return _rebuild(tree, iter(others))

    return leaves, rebuild


def matched(tree: Any, model: Any) -> list[Any]:
    """What stands in a structure where another one has its leaves, in the order of those; dicts match by key.

    >>> matched({"b": 3.0, "w": [1.0, 2.0]}, {"w": [0.0, 0.0], "b": 0.0})
    [1.0, 2.0, 3.0]

    Raises ValueError where the structures differ.
    """
    if isinstance(model, dict) and isinstance(tree, dict) and tree.keys() == model.keys():
        pairs = [(tree[key], each) for key, each in model.items()]
    elif isinstance(model, (list, tuple)) and isinstance(tree, (list, tuple)) and len(tree) == len(model):
        pairs = list(zip(tree, model, strict=True))
    elif isinstance(model, (dict, list, tuple)):
        keys = f"a dict with the keys {list(model)}" if isinstance(model, dict) else f"a sequence of {len(model)}"
        raise ValueError(f"where the argument has {keys}, the vector has {tree!r}; it needs the same structure")
    else:
        return [tree]
    return [leaf for part, each in pairs for leaf in matched(part, each)]


def _collect(tree: Any, leaves: list[Any]) -> None:
    if isinstance(tree, dict):
        tree = tree.values()
    elif not isinstance(tree, (list, tuple)):
        leaves.append(tree)
        return
    for each in tree:
        _collect(each, leaves)


def _rebuild(tree: Any, leaves: Any) -> Any:
    if isinstance(tree, dict):
        changed = copy(tree)  # its class may hold more than the items
        for key, each in tree.items():
            changed[key] = _rebuild(each, leaves)
        return changed
    if isinstance(tree, (list, tuple)):
        built = [_rebuild(each, leaves) for each in tree]
        return type(tree)(*built) if hasattr(tree, "_fields") else type(tree)(built)
    return next(leaves)
