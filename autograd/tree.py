"""Nested dicts, lists and tuples of parameters, as a flat list and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
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
        return type(tree)((key, _rebuild(each, leaves)) for key, each in tree.items())
    if isinstance(tree, (list, tuple)):
        built = [_rebuild(each, leaves) for each in tree]
        return type(tree)(*built) if hasattr(tree, "_fields") else type(tree)(built)
    return next(leaves)
