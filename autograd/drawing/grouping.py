"""Which module every item of a snapshot belongs to.

The calls of one module become one group, so that a hundred samples are one box; but where such a box would have to come
before itself, as with two recurrent cells in turn, each call is a group of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from autograd.scopes import Call, Scope


@dataclass(slots=True)
class Group:
    """A module, with all its calls that are drawn as one."""

    path: str  # in its model, such as 'layers.0'; '' for the model itself
    kind: str  # the module's class
    parent: int
    depth: int
    call: int = 0  # which call it is, where the calls of the module stay apart
    calls: int = 0
    members: int = 0  # how many values are inside, at any depth


class _Item(Protocol):
    kind: Any
    inputs: tuple[int, ...]
    group: int


def group(items: Sequence[_Item], numbers: Sequence[float | None], calls: Sequence[Call]) -> list[Group]:
    """Set `group` of every item and return the groups; group 0 is the whole drawing.

    `numbers` tell when each item was made, None for a constant; `calls` are sorted, an outer one before those inside.
    """
    outer, inner = _nesting(calls, numbers)
    apart: set[Scope] = set()  # whose calls stay apart
    ignored: set[Scope] = set()
    while True:
        groups, scopes = _assign(items, calls, outer, inner, apart, ignored)
        circular = {scopes[each] for each in _circular(items, groups)}
        if not circular:
            break
        ignored |= circular & apart  # calls that overlap in time, as in threads that share a graph
        apart |= circular
    for item in items:
        groups[item.group].members += item.kind != "constant"
    for each in reversed(groups[1:]):
        groups[each.parent].members += each.members
    return groups


def crossing(groups: Sequence[Group], left: int, right: int) -> tuple[int, int, int]:
    """The inmost group around two groups; and, in it, the group around each of them (0 for that group itself)."""
    below_left = below_right = 0
    while left != right:
        if groups[left].depth >= groups[right].depth:
            below_left, left = left, groups[left].parent
        else:
            below_right, right = right, groups[right].parent
    return left, below_left, below_right


def _nesting(calls: Sequence[Call], numbers: Sequence[float | None]) -> tuple[list[int], list[int]]:
    """The call around each call, and the inmost call around each item; -1 for none."""
    outer: list[int] = []
    stack: list[int] = []
    for call in calls:
        while stack and calls[stack[-1]].last < call.last:
            stack.pop()
        outer.append(stack[-1] if stack else -1)
        stack.append(len(outer) - 1)
    inner = [-1] * len(numbers)
    when: Any = numbers
    stack, following = [], 0
    for item in sorted((item for item, number in enumerate(numbers) if number is not None), key=when.__getitem__):
        number = when[item]
        while following < len(calls) and calls[following].first < number:
            stack.append(following)
            following += 1
        while stack and calls[stack[-1]].last < number:
            stack.pop()
        if stack:
            inner[item] = stack[-1]
    return outer, inner


def _assign(
    items: Sequence[_Item],
    calls: Sequence[Call],
    outer: Sequence[int],
    inner: Sequence[int],
    apart: set[Scope],
    ignored: set[Scope],
) -> tuple[list[Group], list[Any]]:
    """The groups and their scopes."""
    groups = [Group("", "", 0, 0)]
    scopes: list[Any] = [None]
    group_of: dict[int, int] = {-1: 0}  # of the calls that made something in the graph
    known: dict[tuple[int, Any], int] = {}

    def of_call(inmost: int) -> None:
        waiting = []
        while inmost not in group_of:
            waiting.append(inmost)
            inmost = outer[inmost]
        for call in reversed(waiting):
            around, scope = group_of[outer[call]], calls[call].scope
            if scope in ignored or scope is scopes[around]:  # a call of super() is no call of its own
                group_of[call] = around
                continue
            key = (around, (scope, call) if scope in apart else scope)
            if key not in known:
                known[key] = len(groups)
                path = scope.kind if scope.path is None else scope.path
                order = scopes.count(scope) + 1 if scope in apart else 0
                groups.append(Group(path, scope.kind, around, groups[around].depth + 1, order))
                scopes.append(scope)
            group_of[call] = known[key]
            groups[known[key]].calls += 1

    for call in dict.fromkeys(inner):
        of_call(call)
    for item, call in zip(items, inner, strict=True):
        item.group = group_of[call]
    _place_parameters(items, groups)
    return groups, scopes


def _place_parameters(items: Sequence[_Item], groups: Sequence[Group]) -> None:
    """A parameter belongs to the inmost group that holds all its uses, a constant to its only use."""
    placed: set[int] = set()
    for item in reversed(items):
        for index in item.inputs:
            operand = items[index]
            if operand.kind in ("parameter", "constant"):
                if index in placed:
                    operand.group = crossing(groups, operand.group, item.group)[0]
                else:
                    operand.group = item.group
                    placed.add(index)


def _circular(items: Sequence[_Item], groups: Sequence[Group]) -> set[int]:
    """The groups that lie on a circle of groups and items side by side."""
    has_groups = {each.parent for each in groups[1:]}
    sides: dict[tuple[int, int], tuple[int, int, int]] = {}
    edges: dict[int, set[tuple[int, int]]] = {}  # in a group, between the things in it: items, and groups as -g
    for index, item in enumerate(items):
        for source in item.inputs:
            pair = (items[source].group, item.group)
            if pair[0] == pair[1] and pair[0] not in has_groups:
                continue
            if pair not in sides:
                sides[pair] = crossing(groups, *pair)
            around, left, right = sides[pair]
            edges.setdefault(around, set()).add((-left or source, -right or index))
    return {-thing for each in edges.values() for thing in _on_circles(each) if thing < 0}


def _on_circles(edges: Iterable[tuple[int, int]]) -> set[int]:
    """What is left when everything without a predecessor, and everything without a successor, is taken away."""
    left = set(edges)
    for end in (0, 1):
        degree: dict[int, int] = {}
        neighbours: dict[int, list[int]] = {}
        for edge in left:
            degree[edge[0]] = degree.get(edge[0], 0)
            degree[edge[1]] = degree.get(edge[1], 0)
            degree[edge[end]] += 1
            neighbours.setdefault(edge[1 - end], []).append(edge[end])
        free = [thing for thing, count in degree.items() if not count]
        gone = set(free)
        while free:
            for neighbour in neighbours.get(free.pop(), ()):
                degree[neighbour] -= 1
                if not degree[neighbour]:
                    gone.add(neighbour)
                    free.append(neighbour)
        left = {edge for edge in left if edge[0] not in gone and edge[1] not in gone}
    return {thing for edge in left for thing in edge}
