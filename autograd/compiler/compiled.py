"""`jit`: which compiled program answers which call."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, TypeVar

import numpy as np

from autograd import modes
from autograd.compiler.entry import MISS, Entry
from autograd.compiler.tracing import JitError, JitWarning, Untraceable, is_tracing
from autograd.memory import collector_waits
from autograd.node import Node
from autograd.ops.shape import data_of
from autograd.tensor import Tensor
from autograd.tree import flatten
from autograd.value import Value

_F = TypeVar("_F", bound=Callable[..., Any])

MOST_BRANCHES = 8  # recorded runs of one kind of call that differ in the answers of comparisons
MOST_KINDS = 32  # kinds of calls
MOST_CHANGES = 16  # of what one kind of call reads from outside
_FLAT = {float, np.ndarray, Tensor, Value}  # kinds of arguments that have no structure
_WRONG: Any = object()  # instead of a result that is not that of the function itself
_disabled: ContextVar[bool] = ContextVar("disabled", default=False)


def disabled() -> modes.Mode:
    """Jitted functions run as they are written, to be debugged or compared: ``with autograd.jit.disabled():``.

    >>> from autograd import jit
    >>> with jit.disabled():
    ...     jit(lambda x: 2 * x)(3.0)
    6.0
    """
    return modes.Mode("disabled", _disabled, lambda: True)


def jit(f: _F) -> _F:
    """The same function, compiled: run once to record what it computes, then replayed. Also a decorator.

    Numbers, arrays and nodes among the arguments, also inside lists, tuples and dicts, are inputs. Nodes that the
    function reaches from outside, such as the parameters of a model, are read at every call. Everything else is
    constant. Where other ints, strings or objects are passed, where a comparison of Values turns out differently, or
    where a name, an attribute, or what is in a list, dict or array that the function reads from outside is no longer
    what it was, it is recorded anew. A change is not looked for inside a list or dict of more than 32 plain numbers
    or rows of them, an array of more than 64 KiB that no layer holds, and libraries (`nn` is one), nor where an
    attribute is read by a name that is computed, or a class, a method, or the code or defaults of a function are
    exchanged for others.

    The result of a call is one node, whose gradients flow to all nodes that went in. Several results are parts of one
    operation: gradients do not reach one of them through another. Gradients of gradients run the function once more,
    with the arguments of the call, but with everything else as it is then. Dropout is drawn anew at every call, and the
    running averages of BatchNorm1d follow. Clocks, files and the environment are read when the function is recorded,
    and not again; numbers among the arguments follow IEEE as nodes do, so that ``1 / 0.0`` is inf.

    What cannot be replayed runs as it is, with a `JitWarning` that tells why. ``explain()`` of the jitted function
    says what happened so far; ``with autograd.jit.disabled():`` everything runs as it is.

    >>> from autograd import Value
    >>> weight = Value(3.0)
    >>> @jit
    ... def loss(x):
    ...     return (weight * x - 1.0) ** 2
    >>> loss(2.0).backward()
    >>> weight.grad
    20.0

    Raises JitError where the function reads a number out of the graph (`.data`, `item()`, `all()`, `argmax()`,
    printing, copying), calls `backward()`, touches `.grad`, or changes what it reaches from outside: a replay would not
    do it again.
    """
    if not callable(f):
        raise TypeError(f"jit() takes a function, not {f!r}")
    calls = _Calls(f)
    fast, active = calls.fast, modes.active

    def run(*args: Any, **kwargs: Any) -> Any:
        if not active and not kwargs and (quick := fast.get(len(args))) and (result := quick(*args)) is not None:
            return result
        if active and (_disabled.get() or is_tracing() or modes.anomaly_is_on()):
            return f(*args, **kwargs)
        return calls.answer(args, kwargs)

    if hasattr(f, "__name__"):
        run = wraps(f)(run)
    vars(run).update(explain=calls.explain, calls=calls, __wrapped__=f)
    return run  # type: ignore[return-value]  # called as f is


@dataclass
class _Kind:
    """Calls whose arguments have the same structure and types, and are the same where they are constant."""

    key: Any
    text: str
    entries: list[Entry] = field(default_factory=list)
    changes: int = 0  # how often it was recorded because something outside had changed
    eager: bool = False


class _Calls:
    """All that is known of the calls of one function."""

    def __init__(self, f: Callable[..., Any]) -> None:
        self.f, self.name = f, getattr(f, "__name__", type(f).__name__)
        self.kinds: dict[Any, _Kind] = {}
        self.fast: dict[int, Callable[..., Any]] = {}  # by the number of arguments: what answers calls of floats alone
        self.freezing: set[Any] = set()  # kinds of calls in which arrays of integers and booleans are constants
        self.runs = 0
        self.notes: list[str] = []

    def answer(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What f returns."""
        given: list[Any] = []
        key: Any = None
        structure: Any
        try:
            if args or kwargs:
                if kwargs or not _FLAT.issuperset(map(type, args)):
                    given, structure = flatten((args, kwargs))[0], _structure((args, kwargs))
                else:
                    given, structure = [*args], len(args)
                key = structure, (*map(_type_of, given), *_twins(given))
                if key in self.freezing:
                    key = (*key, tuple([each.tobytes() for each in given if _is_discrete(each)]))
            kind = self.kinds.get(key)
        except TypeError:
            self._say("an argument is neither an input nor, as it cannot be hashed, a constant")
            return self.f(*args, **kwargs)
        if kind is None:
            if len(self.kinds) >= MOST_KINDS:
                self._say(
                    f"it was called in more than {MOST_KINDS} different ways, where every other int, string or object "
                    "among the arguments counts; pass as a float what changes"
                )
                return self.f(*args, **kwargs)
            kind = self.kinds[key] = _Kind(key, f"({', '.join(_named(each) for each in given)})")
        if kind.eager:
            return self.f(*args, **kwargs)
        for entry in kind.entries:
            result = self._compared(entry, given, args, kwargs) if entry.doubts else entry.call(given, args, kwargs)
            if result is _WRONG:
                return self._give_up(kind, _differs(entry), args, kwargs)
            if result is not MISS:
                if entry is not kind.entries[0]:  # the last branch taken is the likeliest
                    kind.entries = [entry, *(other for other in kind.entries if other is not entry)]
                return result
        return self._record(kind, given, args, kwargs)

    def _record(self, kind: _Kind, given: list[Any], args: Any, kwargs: Any) -> Any:
        if kind.entries and kind.entries[0].is_stale():
            kind.changes += 1
            self.notes.append("recorded anew, because something that it reads from outside was changed")
        elif kind.entries:
            self.notes.append("recorded anew, because a comparison had another answer")
        if kind.changes > MOST_CHANGES:
            return self._give_up(
                kind, f"what it reads from outside was changed more than {MOST_CHANGES} times; pass as an argument "
                "what changes", args, kwargs,
            )  # fmt: skip
        if len(kind.entries) >= MOST_BRANCHES:  # what is stale may be up to date again later, but it makes room
            kind.entries = [entry for entry in kind.entries if not entry.is_stale()]
        if len(kind.entries) >= MOST_BRANCHES:
            return self._give_up(
                kind, f"its comparisons had answers of more than {MOST_BRANCHES} kinds; relu, maximum and where "
                "choose without a comparison", args, kwargs,
            )  # fmt: skip
        has_choice = kind.key not in self.freezing and any(map(_is_discrete, given)) and len(kind.key) == 2
        try:
            with collector_waits():
                entry = Entry(self.f, self.name, given, flatten((args, kwargs))[1], not has_choice)
        except (JitError, Untraceable, TypeError, AttributeError, ValueError, LookupError) as reason:
            if has_choice:
                return self._freeze(kind, args, kwargs)
            if not isinstance(reason, Untraceable):
                raise
            if kind.key and len(kind.key) == 3:  # integers were taken for constants; with others it would be the same
                key = kind.key[:2]
                self.freezing.discard(key)
                kind = self.kinds[key] = _Kind(key, kind.text)
            return self._give_up(kind, str(reason), args, kwargs)
        self.runs += 1
        kind.entries = [entry, *kind.entries]
        result = self._compared(entry, given, args, kwargs) if entry.doubts else entry.call(given, args, kwargs)
        if result is _WRONG:
            return (
                self._freeze(kind, args, kwargs) if has_choice else self._give_up(kind, _differs(entry), args, kwargs)
            )
        if not kwargs and len(args) == len(given) and all(type(each) is float for each in args):
            quick = entry.fast()
            if quick is not None:
                self.fast[len(args)] = quick
        # a comparison of numbers that differ in their last bits may come out otherwise when it is replayed
        return self.f(*args, **kwargs) if result is MISS else result

    def _compared(self, entry: Entry, given: list[Any], args: Any, kwargs: Any) -> Any:
        """The result of a replay, or `_WRONG`, with all as it was, if that of the function itself is another one."""
        before = entry.state()
        result = entry.call(given, args, kwargs)
        if result is MISS:
            return MISS
        entry.doubts -= 1
        after = entry.state()
        entry.restore([np.full_like(each, np.nan) for each in before.averages], before.randoms)  # what f must not read
        try:
            agrees = _agree(result, self.f(*args, **kwargs))
        except Exception:
            agrees = False
        entry.restore(*(after if agrees else before))
        return result if agrees else _WRONG

    def _freeze(self, kind: _Kind, args: Any, kwargs: Any) -> Any:
        """From here on arrays of integers and booleans are constants: other ones, another kind of call."""
        self.freezing.add(kind.key)
        del self.kinds[kind.key]
        return self.answer(args, kwargs)

    def _give_up(self, kind: _Kind, reason: str, args: Any, kwargs: Any) -> Any:
        result = self.f(*args, **kwargs)  # an error of its own is all there is to say
        kind.eager = True
        kind.entries = []
        self.fast.pop(len(args), None)
        self._say(reason)
        return result

    def _say(self, reason: str) -> None:
        note = f"runs as it is: {reason}"
        if note not in self.notes:
            self.notes.append(note)
            warnings.warn(f"the jitted function {self.name}() {note}", JitWarning, stacklevel=5)

    def explain(self) -> str:
        """What was recorded, how often, and why anew."""
        times = {0: "not recorded", 1: "recorded once"}.get(self.runs, f"recorded {self.runs} times")
        lines = [f"{self.name}: {times}"]
        lines += [f"  {kind.text}: {entry.describe()}" for kind in self.kinds.values() for entry in kind.entries]
        return "\n".join([*lines, *(f"  {note}" for note in dict.fromkeys(self.notes))])


def _differs(entry: Entry) -> str:
    what = "it treats plain numbers and nodes differently"
    return f"it reads the running averages that it changes, or {what}" if entry.effects else what


def _agree(result: Any, expected: Any) -> bool:
    """Whether two results have the same structure and, but for rounding, the same numbers."""
    ours, theirs = flatten(result)[0], flatten(expected)[0]
    return len(ours) == len(theirs) and all(
        np.shape(mine) == np.shape(its) and np.allclose(mine, its, rtol=1e-6, atol=0.0, equal_nan=True)
        if isinstance(mine, (float, np.ndarray, np.generic)) and isinstance(its, (float, int, np.ndarray, np.generic))
        else bool(mine == its)
        for mine, its in zip(map(data_of, ours), map(data_of, theirs), strict=True)
    )


def _structure(tree: Any) -> Any:
    """Lists, tuples and dicts with nothing in them, to be compared."""
    if isinstance(tree, dict):
        return type(tree), tuple(tree), tuple([_structure(each) for each in tree.values()])
    if isinstance(tree, (list, tuple)):
        return type(tree), tuple([_structure(each) for each in tree])
    return None


def _type_of(each: Any) -> Any:
    """What has to be the same of an argument for a recorded run to answer a call."""
    kind = type(each)
    if kind is Tensor:
        return kind, each._primal.shape, each._primal.dtype
    if kind is np.ndarray and each.dtype.kind in "fiub":
        return each.shape, each.dtype
    if isinstance(each, np.floating):
        return kind
    if isinstance(each, float):
        return float
    if isinstance(each, Node):
        return kind, each.shape, each.dtype
    if isinstance(each, np.ndarray):
        return type(each), each.shape, each.dtype, each.tobytes() if each.dtype.kind not in "fiub" else None
    return type(each), each


def _twins(given: list[Any]) -> list[int]:
    """Where a node occurs more than once among the arguments: for each node, which one it is."""
    if len({*map(id, given)}) == len(given):
        return []
    ids = [id(each) for each in given if isinstance(each, Node)]
    return [*map(ids.index, ids)] if len({*ids}) < len(ids) else []


def _is_discrete(each: Any) -> bool:
    return isinstance(each, np.ndarray) and each.dtype.kind in "iub"


def _named(each: Any) -> str:
    shape = "×".join(map(str, getattr(each, "shape", ())))
    name = type(each).__name__
    return f"{name} {shape}" if shape else name if isinstance(each, (float, Value)) else f"{name} {each!r:.20}"
