"""Loops over things that stay the same, as functions with a line for each: that takes a third of the time."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter, is_, itemgetter
from typing import Any

from autograd.node import Node
from autograd.readers.generated import function_from, source_of

MOST = 5000  # things for which it is worth the while to print and compile lines


def reader(nodes: Sequence[Node], slot: str) -> Callable[[], list[Any]]:
    """A function that returns what is in a slot of the nodes."""
    if len(nodes) > MOST:
        get = attrgetter(slot)
        return lambda: [*map(get, nodes)]
    return _function("read", (), {"n": nodes}, [f"return [{_each(f'n{{}}.{slot}, ', nodes)}]"])


def writer(nodes: Sequence[Node], slot: str) -> Callable[[Sequence[Any]], None]:
    """A function that sets a slot of the nodes."""
    if len(nodes) > MOST:

        def write(things: Sequence[Any]) -> None:
            for node, thing in zip(nodes, things, strict=True):
                setattr(node, slot, thing)

        return write
    return _function("write", ("things",), {"n": nodes}, [f"{_each(f'n{{}}.{slot}, ', nodes)}= things"])


def untouched(leaves: Sequence[Node]) -> Callable[[], bool]:
    """A function that tells whether leaves have the gradients of new ones: None of Tensors, 0.0 of Values. Of both
    together, and of very many Tensors, it says no."""
    if {leaf.priority for leaf in leaves} == {2} and len(leaves) <= MOST:
        return _function("are_none", (), {"n": leaves}, [f"return {_each('n{}.grad is ', leaves)}None"])
    read, pack, zeros = reader(leaves, "grad"), struct.Struct(f"{len(leaves)}d").pack, bytes(8 * len(leaves))

    def are_zero() -> bool:
        try:  # the quickest question whether many things are 0.0, which also finds what is no number
            return pack(*read()) == zeros
        except (TypeError, struct.error):
            return False

    return are_zero


def are_alike(places: Sequence[int], arrays: Sequence[Any]) -> Callable[[Sequence[Any]], bool]:
    """A function that tells whether at these places of a list there are arrays of the shapes and dtypes of the given
    ones."""
    kinds = [(each.shape, each.dtype) for each in arrays]
    if len(places) > MOST:
        return lambda things: [(things[i].shape, things[i].dtype) for i in places] == kinds
    tests = [
        f"things[{place}].shape == s{i} and (things[{place}].dtype is d{i} or things[{place}].dtype == d{i})"
        for i, place in enumerate(places)
    ]
    things: dict[str, Sequence[Any]] = {"s": [shape for shape, _ in kinds], "d": [dtype for _, dtype in kinds]}
    return _function(
        "are_alike", ("things",), things, [*(f"if not ({test}): return False" for test in tests), "return True"]
    )


def sameness(
    lists: Sequence[Any], spaces: Sequence[dict[str, Any]], getters: Sequence[tuple[Any, Any, Sequence[str]]]
) -> Callable[[], bool]:
    """A function that tells whether in iterables, in dicts, and behind the given names of things, is what is there now.

    A getter returns the things behind the names; where it is an itemgetter they are keys.
    """
    holders: list[Any] = []
    kept: list[Any] = []
    tests: list[str] = []
    own = set(map(id, spaces))

    def add(holder: Any, accesses: Iterable[str], things: Iterable[Any]) -> None:
        for access, thing in zip(accesses, things, strict=False):
            tests.append(f"t{len(holders)}{access} is k{len(kept)}")
            kept.append(thing)
        holders.append(holder)

    for each in (*lists, *spaces):
        tests.append(f"len(t{len(holders)}) == {len(each)}")
        if type(each) is list:
            add(each, map("[{}]".format, range(len(each))), each)
        elif id(each) in own and all(type(name) is str for name in each):
            add(each, map("[{!r}]".format, each), each.values())
        else:
            tests.append(f"all(map(is_, t{len(holders)}, k{len(kept)}))")
            kept.append([*each])
            holders.append(each)
    for get, thing, names in getters:
        add(thing, map(("[{!r}]" if isinstance(get, itemgetter) else ".{}").format, names), get(thing))
    lines = [*(f"if not {test}: return False" for test in tests), "return True"]
    return _function("is_same", (), {"t": holders, "k": kept}, lines)


def _each(text: str, things: Sequence[Any]) -> str:
    return "".join(text.format(i) for i in range(len(things)))


def _function(
    name: str, parameters: Sequence[str], things: dict[str, Sequence[Any]], lines: Sequence[str]
) -> Callable[..., Any]:
    """A function of these lines; the things are at hand in it as ``letter0``, ``letter1`` and so on."""
    namespace = {f"{letter}{i}": thing for letter, several in things.items() for i, thing in enumerate(several)}
    known = [f"{each}={each}" for each in namespace]  # as local variables, the quickest to be read
    return function_from(source_of(name, [*parameters, *known], lines), name, namespace | {"is_": is_})
