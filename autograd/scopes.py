"""Which part of a model made which nodes, so that a drawing can show a module as one box.

Nodes are numbered in the order of their creation. The call of a module notes the numbers before and after, and what is
between them belongs to the module. The notes of a call, and of the calls inside it, live exactly as long as the nodes
it returned; they hold numbers and names, never a module or another node.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from inspect import signature
from typing import Any, NamedTuple

from autograd.node import Node, numbers
from autograd.tree import flatten


@dataclass(eq=False)
class Scope:
    """What is remembered of a module: its class and its path in the model that was called, such as 'layers.0'.

    The path is '' for the model itself, None for a module that is stored nowhere in the model. A module keeps its
    Scope, so two modules are told apart by identity.
    """

    kind: str
    path: str | None = None
    sought: int = 0  # how often its path was missed


class Call(NamedTuple):
    """The numbers just before the first and just after the last node that one call of a module made."""

    first: float
    last: float
    scope: Scope


# What a copy of a graph is told: the places of the nodes that a call returned, and for each call inside it the places
# between which its nodes lie. Places are those among all nodes of the graph with an operation, in order of creation.
Kept = list[tuple[list[int], list[tuple[int, int, Scope]]]]

_Parts = Callable[[Any], Iterable[tuple[str, Any]]]
# One call after the other: the numbers before and after, and the scope. All in one list, because the garbage collector
# would look at tuples again and again.
_Notes = list[Any]

_open: ContextVar[_Notes | None] = ContextVar("open", default=None)

# How often modules without a path were called: if a call changes this, there may be something to name.
_nameless = [0]


def noted(call: Callable[..., Any], parts: _Parts) -> Callable[..., Any]:
    """A module's ``__call__`` that takes notes. `parts` lists the modules and parameters in a model by their paths."""

    @wraps(call)
    def with_any(self: Any, *args: Any, **kwargs: Any) -> Any:
        notes = _open.get()
        if notes is None:
            return _outermost(call, parts, self, args, kwargs)
        first = next(numbers)
        result = call(self, *args, **kwargs)
        scope = self._scope
        notes += first, next(numbers), _scope_of(self) if scope is None or scope.path is None else scope
        return result

    @wraps(call)
    def with_x(self: Any, x: Any) -> Any:  # the same for nearly all modules, in half the time
        notes = _open.get()
        if notes is not None:
            first = next(numbers)
            result = call(self, x)
            scope = self._scope
            notes += first, next(numbers), _scope_of(self) if scope is None or scope.path is None else scope
            return result
        before = _nameless[0]
        token = _open.set(notes := [])
        try:
            first = next(numbers)
            result = call(self, x)
            scope = self._scope
            notes += first, next(numbers), _scope_of(self) if scope is None or scope.path is None else scope
        finally:
            _open.reset(token)
        is_named = _nameless[0] == before
        if is_named and type(result) is Node.array_kind and result._about is None and result.op is not None:
            result._about = {"calls": [notes]}  # as `_keep` would do, after asking whether there is such a slot
        else:
            _keep(notes, self, parts, result, is_named)
        return result

    return with_x if [*signature(call).parameters] == ["self", "x"] else with_any


def calls(nodes: Iterable[Node]) -> list[Call]:
    """The calls that returned one of these nodes and the calls inside them, an outer one before those inside it."""
    found = {id(notes): notes for node in nodes for notes in node._recall("calls", ())}
    return sorted((call for notes in found.values() for call in _calls(notes)), key=lambda call: (call[0], -call[1]))


def parameter_name(node: Node) -> str:
    """The path of a parameter in its model, such as 'layers.0.neurons.3.w.1'; '' for any other node."""
    name: str = node._recall("path", "")
    return name


def name_parameter(node: Node, path: str) -> None:
    """Call a node what its model calls it; '' is no name."""
    if path:
        node._remember("path", path)


def kept(nodes: Sequence[Node]) -> Kept:
    """The notes on the nodes of a graph, for a copy of it."""
    made = [node for node in nodes if node.op is not None]
    order = [node.number for node in made]
    found: dict[int, tuple[list[int], _Notes]] = {}
    for place, node in enumerate(made):
        for notes in node._recall("calls", ()):
            found.setdefault(id(notes), ([], notes))[0].append(place)
    return [
        (places, [(bisect(order, first), bisect(order, last), scope) for first, last, scope in _calls(notes)])
        for places, notes in found.values()
    ]


def note_again(nodes: Sequence[Node], kept: Kept) -> None:
    """Take the notes on a graph for a copy of it."""
    made = [node for node in nodes if node.op is not None] if kept else []
    for places, spans in kept:
        notes: _Notes = []
        for inner, (start, stop, scope) in enumerate(spans, 1):  # a call ends after those inside it
            if start < stop:
                edge = 0.2 * inner / len(spans)  # less than what lies between two numbers, and more for an outer call
                notes += made[start].number - edge, made[stop - 1].number + edge, scope
        for place in places:
            _add(notes, made[place])


def _outermost(call: Callable[..., Any], parts: _Parts, model: Any, args: Any, kwargs: Any) -> Any:
    before = _nameless[0]
    notes: _Notes = []
    token = _open.set(notes)
    try:
        first = next(numbers)
        result = call(model, *args, **kwargs)
        notes += first, next(numbers), _scope_of(model)
    finally:
        _open.reset(token)
    _keep(notes, model, parts, result, _nameless[0] == before)
    return result


def _keep(notes: _Notes, model: Any, parts: _Parts, result: Any, is_named: bool) -> None:
    """Keep the notes of a call for as long as the nodes live that it returned."""
    if model._scope.path is None:
        _name_parts(model, parts)
        is_named = True
    for node in (result,) if isinstance(result, Node) else flatten(result)[0]:
        if isinstance(node, Node) and node.op is not None:
            if not is_named and any([*map(_is_to_be_named, notes[2::3])]):  # here, and not in another thread
                _name_parts(model, parts)
            is_named = True
            _add(notes, node)


def _calls(notes: _Notes) -> Iterable[Call]:
    return map(Call, notes[::3], notes[1::3], notes[2::3])


def _add(notes: _Notes, node: Node) -> None:
    about = getattr(node, "_about", None)
    if about is None:  # of nearly all, so this does by itself what `_remember` would
        node._about = {"calls": [notes]}
    else:
        about.setdefault("calls", []).append(notes)


def _scope_of(module: Any) -> Scope:
    if module._scope is None:
        module._scope = Scope(type(module).__name__)
    scope: Scope = module._scope
    if scope.path is None:
        _nameless[0] += 1
    return scope


def _is_to_be_named(scope: Scope) -> bool:
    """Whether to look for a module that has no path: ever more rarely if it is stored nowhere, as that takes long."""
    if scope.path is not None:
        return False
    scope.sought += 1
    return scope.sought & (scope.sought - 1) == 0  # the first, second, fourth, eighth … time


def _name_parts(model: Any, parts: _Parts) -> None:
    """Give every module and every parameter in the model its path, unless a larger model that holds it did."""
    for path, part in parts(model):
        if isinstance(part, Node):
            part._remember("path", path)
        else:
            _scope_of(part).path = path
