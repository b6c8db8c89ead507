"""One run of a function, recorded: the nodes it made and the comparisons it asked about.

While a run is recorded, the ways out of the graph (`.data`, `item()`, printing …) are closed, because what leaves the
graph would be frozen; a comparison of Values is answered, and noted as a guard that later calls check.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from types import FrameType
from typing import Any, NamedTuple

import numpy as np

from autograd import modes, protocols, tensor
from autograd.node import Node, tick
from autograd.ops import network
from autograd.tensor import Mask, Tensor
from autograd.value import Value


class JitError(RuntimeError):
    """A function cannot be compiled as it stands; the message says what to write instead."""


class JitWarning(UserWarning):
    """A function that was to be compiled runs as it is instead, or could be faster."""


class Untraceable(Exception):
    """A run cannot be recorded; the function runs as it is instead."""


class Guard(NamedTuple):
    """A comparison of scalars that the run asked about, and the answer."""

    name: str  # 'lt', 'le' …
    left: Any  # a Value or a float
    right: Any
    answer: bool


class Effect(NamedTuple):
    """A change of an array outside of the graph, to be made at every replay."""

    target: Any
    node: Any  # what it depends on
    change: Callable[[Any], None]  # given the data of the node


class Trace:
    """What one run made and asked, in order."""

    def __init__(self) -> None:
        self.start = tick()
        self.nodes: list[Any] = []  # nodes, and Questions about arrays
        self.guards: list[Guard] = []
        self.masks: dict[int, Mask] = {}  # by the identity of their arrays
        # generators from which replays draw too, with their states before the first draw and after the last
        self.generators: dict[int, tuple[Any, Any, Any]] = {}
        self.plain: dict[int, Node] = {}  # by their identity: the arguments that stand for plain numbers and arrays
        self.effects: list[Effect] = []
        self.refusal: Exception | None = None  # also where the function caught it

    def made(self, node: Node) -> bool:
        """Whether a node is the result of an operation of this run."""
        return node.op is not None and node.number > self.start

    def is_plain(self, node: Node) -> bool:
        """Whether a node stands for what is a plain number or array without jit: it was made of plain arguments alone.
        Any Mask counts as plain once there are booleans or integers among the arguments, as nobody follows them."""
        if isinstance(node, Mask):
            return any(isinstance(each, Mask) for each in self.plain.values())
        stack, seen = [node], {node.number}
        while stack:
            node = stack.pop()
            if node.op is None and id(node) not in self.plain:
                return False
            for operand in node.inputs:
                if isinstance(operand, Node) and operand.number not in seen:
                    seen.add(operand.number)
                    stack.append(operand)
        return True

    def refused(self, error: Exception) -> Exception:
        """The error, which the function may catch, but which stands."""
        self.refusal = self.refusal or error
        return error

    def forget(self) -> None:
        """Let go of all nodes."""
        self.nodes.clear()
        self.guards.clear()
        self.masks.clear()
        self.effects.clear()

    def answered(self, function: Callable[..., Any], operands: tuple[Any, ...], answer: Any) -> Mask:
        """The answer to a question about arrays, noted to be asked again."""
        mask = self.masked(Mask(answer))
        self.nodes.append(Question(function, operands, mask._primal))
        return mask

    def masked(self, mask: Mask) -> Mask:
        """The mask, by whose array it will be known as something that differs from replay to replay."""
        self.masks[id(mask._primal)] = mask
        return mask

    def drawn(self, generator: Any, draw: Callable[[], Any]) -> Mask:
        """An array of random booleans, to be drawn again at every replay."""
        now = generator.bit_generator.state
        _, first, last = self.generators.get(id(generator), (generator, now, now))
        if last != now:
            raise Untraceable("it draws random numbers, which would be the same at every replay")
        mask = self.answered(draw, (), draw())
        self.generators[id(generator)] = generator, first, generator.bit_generator.state
        return mask

    def note(self, node: Node) -> None:
        """Called for every new node."""
        self.nodes.append(node)
        if not modes.is_recording():
            raise Untraceable("it computes something under no_grad()")


class Question:
    """A comparison of arrays, or what is made of comparisons: an array of booleans without a gradient."""

    def __init__(self, call: Callable[..., Any], inputs: tuple[Any, ...], answer: Any) -> None:
        self.call, self.inputs, self.answer = call, inputs, answer


_trace: ContextVar[Trace | None] = ContextVar("trace", default=None)


def is_tracing() -> bool:
    """Whether a run is recorded here and now."""
    return bool(modes.active) and _trace.get() is not None


@contextmanager
def recorded(touches_gradients: bool) -> Iterator[Trace]:
    """Record everything inside; whether `.grad` has to be guarded too, which makes every new node slower, is told."""
    trace = Trace()
    token = _trace.set(trace)
    _close_ways_out(touches_gradients)
    try:
        with modes.enable_grad(), modes.watched(trace.note):
            yield trace
    finally:
        _open_ways_out()
        _trace.reset(token)


def _refuse(what: str, way_out: str) -> None:
    """Raise, if a run is recorded here: the caller's caller did what would be frozen."""
    trace = _trace.get()
    if trace is None:
        return
    frame = sys._getframe(2)
    while frame.f_globals.get("__name__") == "copy" and frame.f_back is not None:  # who called deepcopy()?
        frame = frame.f_back
    if not _is_foreign(frame):
        asking = ""
        while not _is_foreign(frame) and frame.f_back is not None:
            name = frame.f_code.co_name
            asking = asking or ("" if name == "data_of" or name[0] == "<" else name.strip("_"))
            frame = frame.f_back
        code = frame.f_code
        by_way = f", by way of autograd's {asking}()" if asking else ""
        place = f"{code.co_filename}, line {frame.f_lineno}"
        raise trace.refused(Untraceable(f"{place}, takes the data of a node in {code.co_name}(){by_way}"))
    place = f"{frame.f_code.co_filename}, line {frame.f_lineno}"
    raise trace.refused(
        JitError(
            f"{what} inside a jitted function, at {place}: the number of this one run would be frozen into the "
            f"compiled program; {way_out}"
        )
    )


def _is_foreign(frame: FrameType) -> bool:
    """Whether the code is not of this package; generated code has no module name."""
    return not str(frame.f_globals.get("__name__", "autograd.")).startswith("autograd.")


def _refused(original: Callable[..., Any], what: str, way_out: str) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        _refuse(what, way_out)
        return original(self, *args, **kwargs)

    return method


def _refused_for_plain(original: Callable[..., Any], what: str) -> Callable[..., Any]:
    """A method that does something else for nodes than for the plain numbers and arrays for which they stand."""

    def method(self: Any, *args: Any) -> Any:
        trace, frame = _trace.get(), sys._getframe(1)
        if trace is not None and _is_foreign(frame) and trace.is_plain(self):
            place = f"{frame.f_code.co_filename}, line {frame.f_lineno}"
            raise trace.refused(Untraceable(f"{what} an argument, or what is made of arguments alone, at {place}"))
        return original(self, *args)

    return method


def _rebinds(*_: Any) -> Any:
    return NotImplemented


def _guarded(original: Callable[..., Any], name: str) -> Callable[..., Any]:
    def method(self: Value, other: Any) -> Any:
        answer = original(self, other)
        trace = _trace.get()
        if trace is not None and answer is not NotImplemented:
            trace.guards.append(Guard(name, self, other if isinstance(other, Value) else float(other), answer))
        return answer

    return method


def _guarded_truth(original: Callable[[Any], bool]) -> Callable[[Any], bool]:
    def method(self: Any) -> bool:
        answer = original(self)
        trace = _trace.get()
        if trace is not None:
            trace.guards.append(Guard("ne", self._primal if isinstance(self, Mask) else self, 0.0, answer))
        return answer

    return method


def _asked(original: Callable[..., Any]) -> Callable[..., Any]:
    def ufunc(self: Any, function: Any, method: str, *inputs: Any, **options: Any) -> Any:
        trace = _trace.get()
        if trace is None or function not in protocols.PREDICATES or method != "__call__" or options:
            return original(self, function, method, *inputs, **options)
        operands = tuple(each._primal if isinstance(each, Mask) else each for each in inputs)
        answer = function(*(each._primal if isinstance(each, Node) else each for each in operands))
        if not any(isinstance(each, Tensor) for each in inputs):
            raise Untraceable(f"it asks np.{function.__name__} about a Value")
        return trace.answered(function, operands, answer)

    return ufunc


def _answering(original: Callable[..., Any]) -> Callable[..., Any]:
    """Operations on comparisons whose results have no gradient either."""

    def record(op: Any, recorded: tuple[Any, ...], links: Any, params: dict[str, Any]) -> Tensor:
        made: Tensor = original(op, recorded, links, params)
        trace = _trace.get()
        if trace is None or type(made) is not Mask:
            return made
        forward = partial(op.forward, **params)
        call = (lambda *operands: forward(operands)) if op.takes_sequence else forward
        return trace.answered(call, recorded, made._primal)

    return record


def _masked_inputs(original: Any) -> property:
    """Rules for graphs of gradients get comparisons as what they are: of plain arrays they would make constants."""

    def inputs(self: Tensor) -> tuple[Any, ...]:
        given: tuple[Any, ...] = original.fget(self)
        trace = _trace.get()
        return given if trace is None else tuple([trace.masks.get(id(each), each) for each in given])

    return property(inputs)


def _without_live_parameters(original: Callable[..., Any]) -> Callable[..., Any]:
    def pull(node: Any, links: Any, recorded: Any, params: dict[str, Any], *others: Any) -> Any:
        trace = _trace.get()
        if trace is not None and any(id(each) in trace.masks for each in arrays_in(params.values())):
            raise Untraceable(f"it differentiates {node.op.name}() at an array that depends on the data")
        return original(node, links, recorded, params, *others)

    return pull


def arrays_in(params: Iterable[Any]) -> Iterator[Any]:
    """The arrays among parameters, also inside tuples."""
    for each in params:
        if isinstance(each, tuple):
            yield from arrays_in(each)
        elif isinstance(each, np.ndarray):
            yield each


def _replayed_draw(original: Callable[..., Any]) -> Callable[..., Any]:
    def kept(generator: Any, shape: Any, p: float) -> Any:
        trace = _trace.get()
        draw = partial(original, generator, shape, p)
        return draw() if trace is None else trace.drawn(generator, draw)

    return kept


def _replayed_change(original: Callable[..., None]) -> Callable[..., None]:
    def follow(average: Any, new: Any, momentum: float) -> None:
        trace = _trace.get()
        if trace is None:
            return original(average, new, momentum)
        if not isinstance(new, Node) or not trace.made(new):
            raise Untraceable("it changes an average by what is the same at every replay")
        trace.effects.append(Effect(average, new, lambda data: original(average, data, momentum)))
        return None

    return follow


def _combined(original: Callable[..., Any], function: Any) -> Callable[..., Any]:
    def method(self: Mask, *others: Any) -> Any:
        trace = _trace.get()
        if trace is None:
            return original(self, *others)
        operands = tuple(each._primal if isinstance(each, Mask) else np.asarray(each) for each in (self, *others))
        return trace.answered(function, operands, function(*operands))

    return method


def _guarded_data(original: Any) -> property:
    def read(self: Any) -> Any:
        _refuse(f"reading .data of a {type(self).__name__}", _COMPUTE_OUTSIDE)
        return original.fget(self)

    def write(self: Any, data: Any) -> None:
        _refuse(f"setting .data of a {type(self).__name__}", "set it after the call")
        original.fset(self, data)

    return property(read, write)


def _guarded_grad(slot: Any) -> property:
    def read(self: Node) -> Any:
        _refuse(f"reading .grad of a {type(self).__name__}", "pass it as an argument")
        return slot.__get__(self)

    def write(self: Node, grad: Any) -> None:
        if _trace.get() is not None and _is_foreign(sys._getframe(1)):
            _refuse(f"setting .grad of a {type(self).__name__}", "set it outside")
        slot.__set__(self, grad)

    return property(read, write)


_COMPUTE_OUTSIDE = "return the node and read its .data outside, or compare the nodes themselves"
_CALL_OUTSIDE = "return the node and call this outside"
_READS = "item tolist numpy all any argmax argmin argsort __contains__ __format__ __repr__ detach".split()
_COMBINED = {
    **{f"__{r}{name}__": getattr(np, f"bitwise_{name}") for name in ("and", "or", "xor") for r in ("", "r")},
    "__invert__": np.invert,
}
_lock = threading.Lock()
_open_runs = 0
_originals: list[tuple[Any, str, Any]] = []


def _replacements() -> Iterator[tuple[Any, str, Any]]:
    for kind in (Value, Tensor):
        yield kind, "data", _guarded_data(vars(kind)["data"])
        backward = vars(kind)["backward"]
        yield kind, "backward", _refused(backward, "calling backward()", "call it on what the function returns")
        yield kind, "__hash__", _refused_for_plain(vars(kind)["__hash__"], "it looks up")
        for name in ("__float__", "__int__", "__index__"):
            yield kind, name, _refused_for_plain(vars(kind)[name], f"it calls {name}() of")
        for name in ("__copy__", "__deepcopy__", "__reduce_ex__"):
            copies = _refused(vars(kind)[name], f"copying or pickling a {kind.__name__}", "copy it outside")
            yield kind, name, copies
    for name in ("item", "__format__", "__repr__", "detach"):
        yield Value, name, _refused(vars(Value)[name], f"{name}() of a Value", _COMPUTE_OUTSIDE)
    for kind in (Value, Tensor):
        yield kind, "__bool__", _guarded_truth(vars(kind)["__bool__"])
        yield kind, "__array_ufunc__", _asked(protocols.array_ufunc)
    yield protocols, "array_ufunc", _asked(protocols.array_ufunc)
    yield tensor, "_record", _answering(tensor._record)
    yield tensor, "pull", _without_live_parameters(vars(tensor)["pull"])
    yield Tensor, "inputs", _masked_inputs(vars(Tensor)["inputs"])
    yield network, "kept", _replayed_draw(network.kept)
    yield network, "follow", _replayed_change(network.follow)
    for name, function in _COMBINED.items():
        yield Mask, name, _combined(vars(Mask)[name], function)
    for name in ("lt", "le", "gt", "ge", "eq", "ne"):
        yield Value, f"__{name}__", _guarded(vars(Value)[f"__{name}__"], name)
    for name in "add sub mul truediv floordiv mod pow matmul and or xor".split():
        yield Tensor, f"__i{name}__", _refused_for_plain(_rebinds, "it changes in place")
    for name in _READS:
        yield Tensor, name, _refused(vars(Tensor)[name], f"{name}() of a Tensor", _CALL_OUTSIDE)
    for name in ("sum", "mean", "nonzero", "astype", "copy", "__float__", "__int__", "__index__", "__array__"):
        yield Mask, name, _refused(vars(Mask)[name], f"{name}() of a comparison", _CALL_OUTSIDE)
    default_rng = np.random.default_rng
    yield np.random, "default_rng", lambda seed=None: _unseeded() if seed is None else default_rng(seed)


def _unseeded() -> Any:
    if _trace.get() is not None:
        raise Untraceable("it draws random numbers, which would be the same at every replay")
    return np.random.default_rng(np.random.SeedSequence())


def _close_ways_out(touches_gradients: bool) -> None:
    global _open_runs
    with _lock:
        _open_runs += 1
        replacements = list(_replacements()) if _open_runs == 1 else []
        if touches_gradients and not any(name == "grad" for _, name, _ in _originals):
            replacements.append((Node, "grad", _guarded_grad(vars(Node)["grad"])))
        for kind, name, replacement in replacements:
            _originals.append((kind, name, vars(kind).get(name)))
            setattr(kind, name, replacement)


def _open_ways_out() -> None:
    global _open_runs
    with _lock:
        _open_runs -= 1
        if not _open_runs:
            for kind, name, original in _originals:
                if original is None:  # there was none
                    delattr(kind, name)
                else:
                    setattr(kind, name, original)
            _originals.clear()
