"""What a function reaches from outside: its closure, its globals, the object it is a method of, and what those hold.

It is looked at before and after a run is recorded: the run must not change it. What the program stands on is looked at
before every call: names and attributes that the code mentions, and everything on the way to a node.
"""

from __future__ import annotations

import functools
import random
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from operator import attrgetter, is_, itemgetter
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from autograd.compiler.tracing import JitError, Untraceable
from autograd.node import Node

_MOST = 100_000  # things looked at; beyond that nothing more is watched
_NUMBERS = (int, float, complex, str, bytes, bool, type(None), np.generic)
_PLAIN = (*_NUMBERS, BuiltinFunctionType, Node)
_END = (object(),)  # behind all that is watched: more or fewer things are other things at its place
_NAMESPACES = (FunctionType, ModuleType, type)
_LISTS = (list, set, deque)
_OURS = ("autograd.", "numpy.")
_ASKS_FOR_TYPES = {"isinstance", "type", "hasattr", "getattr", "__class__"}


class Surroundings:
    """What a function reached when it was looked at.

    Raises Untraceable if it reaches an iterator, which would not go on at a replay.
    """

    def __init__(self, function: Callable[..., Any], arguments: Iterable[Any] = ()) -> None:
        self.places: list[tuple[Any, str, list[Any]]] = []  # what may be changed, what it is, and what was in it
        self.arrays: list[tuple[Any, str, int]] = []  # arrays with their checksums
        self.randoms: list[tuple[Any, Any]] = [(random, random.getstate()), (np.random, _state(np.random))]
        self.states: list[tuple[Any, Any]] = []  # of NumPy's generators, to set them back
        self.names: set[str] = {"_scope"}  # that code mentions; drawings keep their scopes on modules
        found: list[tuple[Any, str]] = []
        methods: dict[str, list[FunctionType]] = {}
        seen: set[int] = set()
        stack = [(function, "it"), *((each, "an argument") for each in arguments)]
        while stack and len(seen) < _MOST:
            thing, name = stack.pop()
            if not isinstance(thing, _PLAIN) and id(thing) not in seen:
                seen.add(id(thing))
                found.append((thing, name))
                stack += self._parts(thing, name, methods)
            if not stack:
                stack = [(each, "a method") for known in self.names & methods.keys() for each in methods.pop(known)]
        for thing, name in found:
            contents = _contents(thing, self.names)
            if _has_state(thing):  # what its class holds may be hidden by an attribute set later
                found += [(kind, name) for kind in type(thing).__mro__ if id(kind) not in seen]
                seen.update(map(id, type(thing).__mro__))
            if contents is not None:
                self.places.append((thing, name, contents))

    def _parts(self, thing: Any, name: str, methods: dict[str, list[FunctionType]]) -> Iterable[tuple[Any, str]]:
        """Note what is special about a thing; return its parts."""
        if isinstance(thing, (np.random.Generator, np.random.RandomState, random.Random)):
            self.randoms.append((thing, _state(thing)))
            if isinstance(thing, np.random.Generator):
                self.states.append((thing, thing.bit_generator.state))
        elif isinstance(thing, np.ndarray):
            self.arrays.append((thing, name, _checksum(thing)))
        elif hasattr(thing, "__next__") and not isinstance(thing, type):
            raise Untraceable(f"it reaches an iterator ({name}), which would not go on at a replay")
        elif isinstance(thing, (ModuleType, type)):
            return [(each, name) for each in _contents(thing, self.names) or ()]
        else:
            if isinstance(thing, FunctionType) and not _is_ours(thing):
                self.names |= _names(thing.__code__)
            for kind in type(thing).__mro__ if _has_state(thing) else ():
                for key, method in vars(kind).items() if not _is_ours(kind) else ():
                    method = method.fget if isinstance(method, property) else method
                    if isinstance(method, FunctionType):
                        methods.setdefault(key, []).append(method)
            return [*((part, name) for part in _contents(thing, self.names) or ()), *_named_parts(thing, name)]
        return ()

    def asks_for_types(self) -> bool:
        """Whether the code may treat a number otherwise than a node that stands for it."""
        return not self.names.isdisjoint(_ASKS_FOR_TYPES)

    def check(self, name: str, generators: dict[int, tuple[Any, Any]]) -> None:
        """Raise if the function changed something, or drew random numbers. The `generators` that replays draw from are
        set back to where they were, for the first replay."""
        for source, state in self.randoms:
            generator, after = generators.get(id(source), (None, None))
            if _state(source) != (state if generator is None else repr(after)):
                raise Untraceable("it draws random numbers, which would be the same at every replay")
        for generator, _ in generators.values():
            known = next((state for source, state in self.states if source is generator), None)
            if known is None:
                raise Untraceable("it draws random numbers from a generator that it makes itself")
            generator.bit_generator.state = known
        changed = self.changed()
        if changed is not None:
            raise JitError(
                f"{name}() changes something that it reaches from outside ({changed}); a compiled call would not do "
                "that again. Return what is to be kept, or call the function under jit.disabled()"
            )

    def changed(self) -> str | None:
        """The name of something whose contents are no longer what they were, or None."""
        for array, name, checksum in self.arrays:
            if _checksum(array) != checksum:
                return name
        for thing, name, contents in self.places:
            now = _contents(thing, self.names)
            if now is None or len(now) != len(contents) or not all(map(is_, now, contents)):
                return name
        return None

    def around(self, nodes: Iterable[Node]) -> Watch:
        """A watch over all names that the code mentions, and over all that leads to these nodes."""
        wanted = {id(node) for node in nodes}
        watch = Watch()
        for thing, _, contents in reversed(self.places):  # what is found later is inside of what was found before
            leads = any(id(each) in wanted for each in contents)
            if leads:
                wanted.add(id(thing))
            watch.add(thing, wanted, self.names, leads)
        watch.kept = [contents for _, _, contents in self.places]
        watch.start()
        return watch


class Watch:
    """A look at things, quick enough to be had at every call."""

    def __init__(self) -> None:
        self.nodes: list[list[Any]] = []  # lists of nothing but nodes
        self.lists: list[Iterable[Any]] = []
        self.getters: list[tuple[Callable[[Any], tuple[Any, ...]], Any]] = []
        self.kept: list[Any] = []  # so that no other thing gets the identity of one that was seen

    def add(self, thing: Any, wanted: set[int], names: set[str], leads: bool) -> None:
        """Watch those parts of a thing that are wanted or mentioned."""
        if isinstance(thing, _LISTS):
            if leads:
                if isinstance(thing, list) and all(isinstance(each, Node) for each in thing):
                    self.nodes.append(thing)
                else:
                    self.lists.append(thing)
            return
        if isinstance(thing, CellType):
            self.getters.append((attrgetter("cell_contents", "cell_contents"), thing))
            return
        get: Any = itemgetter
        if isinstance(thing, _Globals):
            items, names = thing.function.__globals__, {*thing.names}
        elif isinstance(thing, dict):
            items, names = thing, set()
        elif not isinstance(thing, _NAMESPACES) and names.issuperset(getattr(thing, "__dict__", "-")):
            self.lists.append(vars(thing).values())  # all of them, also one that is set later
            return
        else:
            get, items = attrgetter, _attributes(thing, names)
        keys = [
            key for key, value in items.items()
            if (key in names and not isinstance(value, ModuleType)) or (leads and id(value) in wanted)
        ]  # fmt: skip
        if keys:
            self.getters.append((get(*keys, keys[0]), items if get is itemgetter else thing))

    @property
    def is_empty(self) -> bool:
        """Whether nothing is watched."""
        return not (self.nodes or self.lists or self.getters)

    def start(self) -> None:
        """From now on everything is to stay as it is."""
        self.things = [*self._look()]
        self.hash = self._hash()

    def changed(self) -> bool:
        """Whether something is another thing than it was; a number may be an equal one."""
        try:
            if self._hash() != self.hash:
                return True
            if all(map(is_, self._look(), self.things)):
                return False
            if not all(map(_same, self._look(), self.things)):
                return True
        except (LookupError, ValueError, AttributeError):
            return True
        self.start()
        return False

    def _look(self) -> Iterator[Any]:
        return chain.from_iterable([*self.lists, *[get(thing) for get, thing in self.getters], _END])

    def _hash(self) -> int:
        """Nodes are hashed by identity, and asking for a hash is the quickest way to look at many."""
        return hash(tuple(chain.from_iterable(self.nodes)))


def _same(now: Any, before: Any) -> bool:
    return now is before or (type(now) is type(before) and isinstance(now, _NUMBERS) and bool(now == before))


def _contents(thing: Any, names: set[str]) -> list[Any] | None:
    """What a mutable thing holds."""
    if isinstance(thing, _LISTS):
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
    if isinstance(thing, _NAMESPACES) or _has_state(thing):
        return list(_attributes(thing, names).values())
    return None


def _attributes(thing: Any, names: set[str]) -> dict[str, Any]:
    """The attributes of a thing: its own, and those of its class and of modules that code mentions."""
    if isinstance(thing, _NAMESPACES):
        if _is_ours(thing):
            return {}
        return {key: value for key, value in vars(thing).items() if key in names and _is_data(value)}
    own = {key: value for key, value in getattr(thing, "__dict__", {}).items() if key != "_scope"}
    for kind in type(thing).__mro__:
        for key, value in vars(kind).items():
            if type(value).__name__ == "member_descriptor" and hasattr(thing, key):
                own.setdefault(key, getattr(thing, key))
            elif key in names and _is_data(value):
                own.setdefault(key, value)
    return own


def _is_data(value: Any) -> bool:
    return not hasattr(value, "__get__") and not isinstance(value, (ModuleType, type, BuiltinFunctionType, np.ufunc))


def _has_state(thing: Any) -> bool:
    if isinstance(thing, (*_NAMESPACES, MethodType, functools.partial, np.ndarray, _Globals, *_LISTS)):
        return False
    return hasattr(thing, "__dict__") or any("__slots__" in vars(kind) for kind in type(thing).__mro__[:-1])


def _is_ours(thing: Any) -> bool:
    if isinstance(thing, FunctionType):
        name = thing.__globals__.get("__name__")  # a decorator may have copied another __module__
    else:
        name = thing.__name__ if isinstance(thing, ModuleType) else getattr(thing, "__module__", None)
    return f"{name}.".startswith((*_OURS, "builtins."))


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
        cells = zip(thing.__closure__ or (), thing.__code__.co_freevars, strict=True)
        # nobody binds the names inside of a library's functions to something else
        yield from ((each.cell_contents, name) for each, name in cells) if _is_ours(thing) else cells
        yield from ((each, f"a default of {thing.__name__}") for each in thing.__defaults__ or ())
        if not _is_ours(thing):
            yield _Globals(thing), f"a global of {thing.__module__}"
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


def _checksum(array: Any) -> int:
    return 0 if array.dtype.hasobject else zlib.crc32(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)


def _state(source: Any) -> Any:
    if isinstance(source, np.random.Generator):
        return repr(source.bit_generator.state)
    if isinstance(source, random.Random):
        return source.getstate()
    if source is random:
        return random.getstate()
    state = source.get_state(legacy=False)
    return repr(state["state"]["pos"]), state["state"]["key"].tobytes()
