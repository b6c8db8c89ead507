"""What a function reaches from outside: its closure, its globals, the object it is a method of, and what those hold."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from operator import attrgetter, is_, itemgetter
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from autograd.compiler.tracing import JitError, Untraceable
from autograd.node import Node

_MOST = 100_000  # things looked at; beyond that nothing more is watched
_PLAIN = (int, float, complex, str, bytes, bool, type(None), np.generic, ModuleType, type, BuiltinFunctionType, Node)


class Surroundings:
    """What a function reached when it was looked at."""

    def __init__(self, function: Callable[..., Any], arguments: Iterable[Any] = ()) -> None:
        self.places: list[tuple[Any, str, list[Any]]] = []  # what may be changed, what it is, and what was in it
        self.randoms: list[tuple[Any, Any]] = [(random, random.getstate()), (np.random, _state(np.random))]
        seen: set[int] = set()
        stack = [(function, "it"), *((each, "an argument") for each in arguments)]
        while stack and len(seen) < _MOST:
            thing, name = stack.pop()
            if isinstance(thing, _PLAIN) or id(thing) in seen:
                continue
            seen.add(id(thing))
            if isinstance(thing, (np.random.Generator, np.random.RandomState, random.Random)):
                self.randoms.append((thing, _state(thing)))
                continue
            contents = _contents(thing)
            if contents is not None:
                self.places.append((thing, name, contents))
            stack += [(part, name) for part in contents or () if not isinstance(part, _PLAIN)]
            stack += _named_parts(thing, name)

    def check(self, name: str) -> None:
        """Raise if the function changed something, or drew random numbers."""
        if any(_state(source) != state for source, state in self.randoms):
            raise Untraceable("it draws random numbers, which would be the same at every replay")
        changed = self.changed()
        if changed is not None:
            raise JitError(
                f"{name}() changes something that it reaches from outside ({changed}); a compiled call would not do "
                "that again. Return what is to be kept, or call the function under jit.disabled()"
            )

    def around(self, nodes: Iterable[Node]) -> Watch:
        """A watch over all that leads to these nodes."""
        wanted = {id(node) for node in nodes}
        watch = Watch()
        for thing, _, contents in reversed(self.places):  # what is found later is inside of what was found before
            if any(id(each) in wanted for each in contents):
                wanted.add(id(thing))
                watch.add(thing, wanted)
        watch.seen = watch.look()
        watch.kept = [list(contents) for _, _, contents in self.places]
        return watch

    def changed(self) -> str | None:
        """The name of something whose contents are no longer what they were, or None."""
        for thing, name, contents in self.places:
            now = _contents(thing)
            if now is None or len(now) != len(contents) or not all(map(is_, now, contents)):
                return name
        return None


class Watch:
    """A look at things that lead to nodes, quick enough to be had at every call."""

    def __init__(self) -> None:
        self.lists: list[Iterable[Any]] = []
        self.getters: list[tuple[Callable[[Any], tuple[Any, ...]], Any]] = []
        self.seen: list[int] = []
        self.kept: list[Any] = []  # so that no other thing gets the identity of one that was seen

    def add(self, thing: Any, wanted: set[int]) -> None:
        """Watch those parts of a thing that are wanted."""
        if isinstance(thing, (list, set)):
            self.lists.append(thing)
        elif isinstance(thing, CellType):
            self.getters.append((attrgetter("cell_contents", "cell_contents"), thing))
        else:
            scope = thing.function.__globals__ if isinstance(thing, _Globals) else thing
            items = scope if isinstance(scope, dict) else vars(scope)
            keys = [key for key, value in items.items() if id(value) in wanted]
            if isinstance(thing, _Globals):
                keys = [key for key in keys if key in thing.names]
            self.getters.append((itemgetter(*keys, keys[0]), items))

    def look(self) -> list[int]:
        """The identities of all that is watched."""
        return list(map(id, chain.from_iterable([*self.lists, *[get(thing) for get, thing in self.getters]])))

    def changed(self) -> bool:
        """Whether something is another thing than it was."""
        try:
            return self.look() != self.seen
        except (LookupError, ValueError):
            return True


def _contents(thing: Any) -> list[Any] | None:
    """What a mutable thing holds."""
    if isinstance(thing, (list, set)):
        return list(thing)
    if isinstance(thing, dict):
        return list(thing.values())
    if isinstance(thing, CellType):
        try:
            return [thing.cell_contents]
        except ValueError:
            return []
    if isinstance(thing, _Globals):
        return [thing.function.__globals__.get(name) for name in thing.names]
    if hasattr(thing, "__dict__") and not isinstance(thing, (FunctionType, functools.partial)):
        return [value for name, value in vars(thing).items() if name != "_scope"]  # which drawings keep
    return None


class _Globals:
    """The globals that a function's code names."""

    def __init__(self, function: FunctionType) -> None:
        self.function = function
        self.names = sorted(_names(function.__code__) & function.__globals__.keys())


def _names(code: CodeType) -> set[str]:
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= _names(constant)
    return names


def _named_parts(thing: Any, name: str) -> Iterator[tuple[Any, str]]:
    """Parts of what cannot itself be changed, with names for messages."""
    if isinstance(thing, FunctionType):
        yield from zip(thing.__closure__ or (), thing.__code__.co_freevars, strict=True)
        yield from ((each, f"a default of {thing.__name__}") for each in thing.__defaults__ or ())
        if not thing.__module__.startswith(("autograd.", "numpy.")):
            scope = _Globals(thing)
            yield scope, f"a global of {thing.__module__}"
        yield getattr(thing, "__wrapped__", None), name
    elif isinstance(thing, MethodType):
        yield thing.__self__, "self"
        yield thing.__func__, name
    elif isinstance(thing, functools.partial):
        yield from ((each, name) for each in (thing.func, *thing.args, *thing.keywords.values()))
    elif isinstance(thing, tuple):
        yield from ((each, name) for each in thing)
    elif hasattr(thing, "__dict__"):
        call = next((vars(kind)["__call__"] for kind in type(thing).__mro__ if "__call__" in vars(kind)), None)
        if isinstance(call, FunctionType):
            yield call, name


def _state(source: Any) -> Any:
    if isinstance(source, np.random.Generator):
        return repr(source.bit_generator.state)
    if isinstance(source, random.Random):
        return source.getstate()
    if source is random:
        return random.getstate()
    state = source.get_state(legacy=False)
    return repr(state["state"]["pos"]), state["state"]["key"].tobytes()
