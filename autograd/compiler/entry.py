"""One recorded run: its program, and the node that a call makes of it."""

from __future__ import annotations

import gc
import math
import weakref
from collections.abc import Callable, Sequence
from functools import cache
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

import numpy as np

from autograd import backward, modes
from autograd.compiler import written_out
from autograd.compiler.blocks import TooNarrow
from autograd.compiler.captured import Surroundings
from autograd.compiler.executors import Executor, Interpreter
from autograd.compiler.lanes import Lanes
from autograd.compiler.plan import Plan
from autograd.compiler.program import build
from autograd.compiler.replay import Replay
from autograd.compiler.straight import MOST, Straight
from autograd.compiler.tracing import JitError, Trace, Untraceable, recorded
from autograd.formula import Row
from autograd.nans import has_nan
from autograd.node import Node, tick
from autograd.ops.index import put
from autograd.ops.primitive import Leaves, Primitive
from autograd.ops.shape import shape_of
from autograd.tensor import Mask, Tensor
from autograd.tree import flatten
from autograd.value import Value

DOUBTS = 8  # calls whose results are compared with those of the function itself, where that asks for types
MISS: Any = object()  # what a call returns whose comparisons have other answers
_DOUBLE: set[Any] = {np.dtype(float)}
_PYTHON = {
    "add",
    "sub",
    "mul",
    "div",
    "floordiv",
    "mod",
    "pow",
    "neg",
    "abs",
}  # operations by which a float stays one of Python's
_new = object.__new__
_state_of = attrgetter("bit_generator.state")


class _State(NamedTuple):
    """What a call changes."""

    averages: list[Any]
    randoms: list[Any]  # the states of the random generators


class _Call(NamedTuple):
    """What the node of a call keeps for its gradient."""

    inputs: Any
    outputs: Sequence[float]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    randoms: list[Any]  # the states of the random generators before the call


class Entry:
    """A compiled run."""

    def __init__(
        self, f: Callable[..., Any], name: str, given: list[Any], rebuild: Callable[..., Any], freezes: bool
    ) -> None:
        """Run f and compile what it does; `freezes` tells that arrays of integers and booleans are constants.

        Raises JitError if it does what a replay would not do again, Untraceable if it cannot be replayed.
        """
        self.f = f
        surroundings = Surroundings(f, given)
        fresh, self.positions = _lifted(given, freezes)
        arguments = [fresh[position] for position in self.positions]
        trace, result = _run(f, name, given, fresh, rebuild, surroundings, freezes)
        self.generators = [generator for generator, _, _ in trace.generators.values()]
        self.effects = [(effect.target, effect.change) for effect in trace.effects]
        # whether f may have done other things with the nodes than with the numbers for which they stood; or read the
        # averages that it changes, which the first call tells
        asks = bool(trace.plain) and surroundings.asks_for_types()
        self.doubts = DOUBTS if asks else 1 if self.effects else 0
        leaves, build_result = flatten(result)
        made = list(dict.fromkeys(each for each in leaves if isinstance(each, Node) and trace.made(each)))
        self.is_scalar = all(type(node) is Value and type(node.op) is Row for node in (*trace.nodes, *made))
        if any(isinstance(each, Mask) for each in leaves):
            raise Untraceable("it returns a comparison of arrays")
        self.program: Any
        if self.is_scalar:
            self.program, self.captured = build(trace, arguments, made)
        else:
            self.program = Plan(trace, arguments, made)
            self.captured = self.program.captured
        _check_precision(trace, given)
        if any(type(each) is Value for each in (*given, *self.captured)) and any(
            isinstance(each, np.ndarray) and not each.ndim for each in given
        ):
            raise Untraceable("an array without axes is a number where it meets a Value; pass float(x)")
        self.kinds = [type(node) for node in made]
        self.shapes = [node.shape for node in made]
        self.dtypes = [node.dtype for node in made]
        self.watched = surroundings.around(self.captured, [target for target, _ in self.effects])
        self.results = _results(leaves, made, arguments, trace.start, surroundings)
        self.rebuild = flatten(build_result(range(len(leaves))))[1]
        nodes = {i for i, position in enumerate(self.positions) if isinstance(given[position], Node)}
        wanted = [i in nodes or i >= len(arguments) for i in range(self.program.count)]
        # arrays among the arguments of a program of scalars
        self.unread = [i for i, node in enumerate(arguments) if self.is_scalar and type(node) is not Value]
        reached = {*range(self.program.count)} - {*self.unread} if self.is_scalar else self.program.reached()
        # the inputs that are nodes to which gradients flow
        self.operands = [i for i, is_wanted in enumerate(wanted) if is_wanted and i in reached]
        depends = self.program.depends(wanted) if self.is_scalar else self.program.read(wanted)
        self.is_node = [bool(depends[slot]) for slot in list(self.program.outputs)]
        self.executor = _executor(self.program, wanted, self.is_scalar)
        self.is_single = self.results == [("output", 0)] and self.rebuild([0]) == 0
        self.op = Primitive(
            f"jit({name})", _outputs, (), params={"state": None}, joint_rule=self._shares, hands_back_new=True
        )
        same = [*self.captured] if self.operands == list(range(len(arguments), self.program.count)) else []
        self.all_operands = len(self.operands) == self.program.count
        if same and not any(node.op for node in same):
            links = tuple([(node, i) for i, node in enumerate(same)])
            self.op.leaves = Leaves(tuple(same), links, written_out.untouched(same), written_out.writer(same, "grad"))
        self.is_simple = self.is_single and self.is_node[0] and self.kinds[0] is Tensor
        self.read_captured = written_out.reader(self.captured, "_primal")
        # which of these are arrays, and of what shape and dtype: for others the program is another one
        tensors = [i for i, node in enumerate(self.captured) if not isinstance(node, Value)]
        self.are_alike = written_out.are_alike(tensors, [self.captured[i] for i in tensors])
        recorded_nodes = [weakref.ref(node) for node in trace.nodes]
        trace.forget()
        del result, leaves, build_result, made, fresh, arguments, surroundings
        _check_freed(recorded_nodes, name)

    def fast(self) -> Callable[..., Any] | None:
        """The function of the arguments that answers a call of floats alone, or None for another answer; None if there
        is none: nodes go in, or the program is large, or the result is no tuple or number."""
        if self.operands or not isinstance(self.executor, Straight):
            return None
        given = [f"v{i}" for i in range(len(self.positions))]
        outputs = self.executor.outputs()
        texts = []
        for kind, content in self.results:
            if kind not in ("output", "argument"):
                return None
            texts.append(outputs[content] if kind == "output" else given[content])
        form = _printed(self.rebuild(texts))
        if not form:
            return None
        quick = self.executor.returning(outputs, form)
        if self.watched.is_empty:
            return quick
        return lambda *given: None if self.watched.changed() else quick(*given)

    def describe(self) -> str:
        """What was recorded and how it is run."""
        guards = sum(len(guard[1]) for guard in self.program.guards) if self.is_scalar else len(self.program.guards)
        count = len(self.program.ops) if self.is_scalar else len(self.program.steps)
        return (
            f"{count:,} operations on {self.program.count:,} inputs, {len(self.captured):,} of them "
            f"nodes from outside; {guards:,} comparisons checked; run {self.executor.name}"
        )

    def is_stale(self) -> bool:
        """Whether a node that the function reaches from outside was replaced by another one, or by other data."""
        return self._is_stale(self.read_captured())

    def _is_stale(self, captured: list[Any]) -> bool:
        return self.watched.changed() or not self.are_alike(captured)

    def call(self, given: list[Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What f returns for these arguments, or MISS if a comparison has another answer."""
        numbers = self.read_captured()
        if self._is_stale(numbers):
            return MISS
        if given:
            given = [given[position] for position in self.positions]
            numbers = [*map(_number, given), *numbers]
            for i in self.unread:
                numbers[i] = 0.0
        inputs = self.executor.gathered(numbers)
        randoms = [*map(_state_of, self.generators)]
        try:
            outputs = self.executor.forward(inputs)
        except Exception:
            self._rewind(randoms)
            self.f(*args, **kwargs)  # what it raises itself says more
            raise
        if outputs is None:
            self._rewind(randoms)
            return MISS
        if not self.is_scalar and has_nan(outputs):
            self._rewind(randoms)
            return self.f(*args, **kwargs)  # a zero and an inf may have met in a gradient: the walk itself decides
        for (_, change), data in zip(self.effects, inputs.effects, strict=True) if self.effects else ():
            change(data)
        state = _Call(inputs, outputs, args, kwargs, randoms)
        if self.is_simple and modes.is_recording():
            return self._tensor(state, given)
        nodes = self._nodes(state, given)
        if self.is_single:
            return nodes[0]
        return self.rebuild(_finished(result, nodes, given) for result in self.results)

    def state(self) -> _State:
        """What a call changes, as it is now."""
        return _State([target.copy() for target, _ in self.effects], [*map(_state_of, self.generators)])

    def restore(self, averages: list[Any], randoms: list[Any]) -> None:
        """Give the running averages these numbers, and the random generators these states."""
        for (target, _), numbers in zip(self.effects, averages, strict=True):
            target[...] = numbers
        self._rewind(randoms)

    def _rewind(self, randoms: list[Any]) -> None:
        """The random generators as they were."""
        for generator, state in zip(self.generators, randoms, strict=True):
            generator.bit_generator.state = state

    def _nodes(self, state: _Call, given: list[Any]) -> list[Any]:
        """The outputs as nodes where they depend on nodes, else as NumPy returns them."""
        if not any(self.is_node):
            return [*map(_plain, state.outputs)]
        if not modes.is_recording():
            pairs = zip(state.outputs, self.is_node, strict=True)
            return [_leaf(each) if is_node else _plain(each) for each, is_node in pairs]
        operands = self._its_operands(given)
        if len(state.outputs) == 1 and self.kinds[0] is Value:
            return [_value(state.outputs[0], self.op, operands, (state,))]
        pack = Tensor._apply(self.op, operands, {"state": state})
        if len(state.outputs) == 1:
            return [pack]
        nodes: list[Any] = []
        start = 0
        for each, is_node, shape, dtype, kind in zip(
            state.outputs, self.is_node, self.shapes, self.dtypes, self.kinds, strict=True
        ):
            stop = start + math.prod(shape)
            if not is_node:
                nodes.append(_plain(each))
            elif kind is Value:
                nodes.append(_value(each, _pick(start), (pack,), (pack.data,)))
            else:
                part = pack[start:stop].reshape(shape)
                nodes.append(part if part.dtype == dtype else part.astype(dtype))
            start = stop
        return nodes

    def _its_operands(self, given: list[Any]) -> tuple[Any, ...]:
        """The nodes to which the gradients of a call flow."""
        if self.op.leaves:
            return self.op.leaves.nodes
        inputs = [*given, *self.captured]
        return tuple([inputs[i] for i in self.operands])

    def _tensor(self, state: _Call, given: list[Any]) -> Tensor:
        """The only output of a program."""
        out = _new(Tensor)
        out._primal, out.op, out.grad, out.retains = np.asarray(state.outputs[0]), self.op, None, False
        out.number, out._about = tick(), None
        out.params = {"state": state}
        if self.op.leaves:
            out.links, out.recorded = self.op.leaves.links, tuple(state.inputs.inputs[len(self.positions) :])
        else:
            operands = self._its_operands(given)
            out.links = tuple(zip(operands, range(len(operands)), strict=True))
            out.recorded = tuple([node._primal for node in operands])
        if modes.active:
            out._watch()
        return out

    def _shares(self, gradient: Any, z: Any, given: Any, as_graph: bool, state: _Call | None = None) -> Sequence[Any]:
        """The gradients of the operands."""
        if state is None:
            state = z.y[0] if as_graph else given[0]
            assert state is not None
        if as_graph:
            return self._shares_as_graph(gradient, state, z.inputs)
        upstream: list[Any]
        if len(self.shapes) == 1:
            upstream = [gradient]
        elif self.is_scalar:
            upstream = gradient.tolist()
        else:
            parts = np.split(gradient, np.cumsum([math.prod(shape) for shape in self.shapes])[:-1])
            upstream = [
                part.item() if kind is Value else part.reshape(shape).astype(dtype, copy=False)
                for part, kind, shape, dtype in zip(parts, self.kinds, self.shapes, self.dtypes, strict=True)
            ]
        shares = self.executor.backward(state.inputs, upstream)
        return shares if self.all_operands else [shares[i] for i in self.operands]

    def _shares_as_graph(self, gradient: Any, state: _Call, operands: Sequence[Any]) -> list[Any]:
        """The same as nodes: f is run once more, as it is."""
        now = self.state()
        self._rewind(state.randoms)
        try:
            with modes.enable_grad():
                leaves = flatten(self.f(*state.args, **state.kwargs))[0]
        finally:
            self.restore(*now)
        outputs: list[tuple[Any, Any]] = []
        starts = np.cumsum([0, *(math.prod(shape) for shape in self.shapes)]).tolist()
        for result, node in zip(self.results, leaves, strict=True):
            if result.kind == "output" and isinstance(node, Node):
                share = gradient
                if len(self.shapes) > 1:
                    i = result.content
                    share = gradient[starts[i] : starts[i + 1]].reshape(self.shapes[i])
                if isinstance(node, Value) and isinstance(share, (Tensor, np.ndarray)):
                    share = share.to_value() if isinstance(share, Tensor) else share.item()
                outputs.append((node, share))
        outputs = list({node: (node, share) for node, share in outputs}.values())
        found = backward.gradients(outputs, as_graph=True, stop=set(operands))
        return [found.get(node, 0.0) for node in operands]


def _run(
    f: Callable[..., Any], name: str, given: list[Any], fresh: list[Any], rebuild: Callable[..., Any],
    surroundings: Surroundings, is_last: bool,
) -> tuple[Trace, Any]:  # fmt: skip
    """A recorded run of f on fresh arguments in place of the given ones, and what it returned.

    If f raises an error of its own, and it `is_last`, so that there will be no other run, what f changed stays changed.
    """
    with recorded("grad" in surroundings.names) as trace:
        args, kwargs = rebuild(fresh)
        passed = flatten((args, kwargs))[0]
        for node, each in zip(fresh, given, strict=True):
            if isinstance(node, Mask):
                trace.masked(node)
            if isinstance(node, Node) and not isinstance(each, Node):
                trace.plain[id(node)] = node
        try:
            result = f(*args, **kwargs)
            if trace.refusal is not None:
                raise trace.refusal
            surroundings.check(name, trace.generators)
        except BaseException as error:
            is_unknown = bool(trace.plain) and isinstance(error, (TypeError, AttributeError))
            if is_unknown or isinstance(error, Untraceable):
                surroundings.rewind(name)
            if is_unknown or isinstance(error, (Untraceable, JitError)) or not is_last:
                surroundings.rewind_randoms()
            else:
                for effect in trace.effects:
                    effect.change(effect.node._primal)
            if not is_unknown:
                raise
            raise Untraceable(f"with nodes for the numbers among its arguments it raises {error!r}") from None
    if list(map(id, flatten((args, kwargs))[0])) != list(map(id, passed)):
        raise JitError(f"{name}() changes its arguments; a compiled call would not do that. Return what is new")
    return trace, result


def _check_precision(trace: Trace, given: list[Any]) -> None:
    """Raise Untraceable if numbers of NumPy's, which plain numbers among the arguments are or become, have a precision
    of their own."""
    numbers: set[Any] = {each.dtype for each in given if isinstance(each, np.floating)}
    plain = {key for key, node in trace.plain.items() if type(node) is Value}
    for node in trace.nodes if plain else ():
        if type(node) is Value and all(id(each) in plain for each in node.inputs if isinstance(each, Node)):
            plain.add(id(node))
            if not numbers <= _DOUBLE:
                raise Untraceable("it computes with a number of NumPy's in a precision of its own; pass float(x)")
            if node.op.name not in _PYTHON:
                numbers |= _DOUBLE  # np.sin(0.1) is one
    for node in trace.nodes if numbers else ():
        if isinstance(node, Tensor) and np.result_type(node.dtype, *numbers) != node.dtype:
            raise Untraceable("a number of NumPy's has a precision that the arrays have not; use float(x)")


def _number(argument: Any) -> Any:
    """What goes into a program: an array, or a float."""
    if isinstance(argument, Node):
        return argument._primal
    return argument if isinstance(argument, np.ndarray) else float(argument)


def _printed(form: Any) -> str:
    """Tuples of names as Python writes them; '' for anything else."""
    if isinstance(form, str):
        return form
    parts = [_printed(each) for each in form] if type(form) is tuple else [""]
    return f"({''.join(f'{part}, ' for part in parts)})" if all(parts) else ""


class _Result(NamedTuple):
    """Where a part of the result comes from: 'output' or 'argument' and a number, or 'constant' and the thing."""

    kind: str
    content: Any


def _results(
    leaves: list[Any], made: list[Node], arguments: list[Any], start: float, surroundings: Surroundings
) -> list[_Result]:
    """Where the parts of the result come from. Raises Untraceable for what is made anew at every run."""
    numbers = {id(node): i for i, node in enumerate(arguments)}
    results = [_result(each, made, numbers, start) for each in leaves]
    for kind, content in results:
        if kind == "constant" and not surroundings.knows(content):
            raise Untraceable(f"it returns a new {type(content).__name__}, which would be the same at every replay")
    return results


def _result(each: Any, made: list[Node], arguments: dict[int, int], start: float) -> _Result:
    if id(each) in arguments:
        return _Result("argument", arguments[id(each)])
    if not isinstance(each, Node):
        return _Result("array", each.copy()) if isinstance(each, np.ndarray) else _Result("constant", each)
    for i, node in enumerate(made):
        if node is each:
            return _Result("output", i)
    return _Result("leaf", each._primal) if each.number > start else _Result("constant", each)


def _finished(result: _Result, outputs: list[Any], given: list[Any]) -> Any:
    kind, content = result
    if kind == "output":
        return outputs[content]
    if kind == "argument":
        return given[content]
    if kind == "leaf":
        return _leaf(content)
    return content.copy() if kind == "array" else content


def _plain(data: Any) -> Any:
    """An array or a number: NumPy's functions return no arrays without axes."""
    return data[()] if type(data) is np.ndarray and not data.ndim else data


def _leaf(data: Any) -> Node:
    return Tensor(data.copy()) if isinstance(data, np.ndarray) else Value(data)


def _value(data: float, op: Primitive, operands: tuple[Node, ...], kept: tuple[Any, ...]) -> Value:
    out = _new(Value)
    out._primal, out.op, out.grad, out.number = data, op, 0.0, tick()
    out.x, out.y, out.dx, out.dy = operands, kept, (None,) * len(operands), None
    if modes.active:
        out._watch()
    return out


def _outputs(*_: Any, state: _Call) -> Any:
    if len(state.outputs) == 1:
        return np.asarray(state.outputs[0])
    return np.concatenate([np.ravel(each) for each in state.outputs])


def _executor(program: Any, wanted: Sequence[bool], is_scalar: bool) -> Executor:
    """The fastest way to run a program; `wanted` tells which inputs need gradients."""
    if not is_scalar:
        return Replay(program, wanted)
    if len(program.ops) <= MOST:
        return Straight(program, wanted)
    try:
        return Lanes(program, wanted)
    except TooNarrow:
        return Interpreter(program, wanted)


@cache
def _pick(i: int) -> Primitive:
    """One number of a pack of outputs."""
    return Primitive(f"output {i}", itemgetter(i), [lambda g, z, x: put(g, i, shape_of(x))])


def _lifted(given: list[Any], freezes: bool) -> tuple[list[Any], list[int]]:
    """The arguments with a fresh node for each number and each node, and the places of these."""
    lifted, positions = list(given), []
    first: dict[int, Any] = {}
    for position, each in enumerate(given):
        if isinstance(each, (float, np.floating)):
            lifted[position] = Value(each)
        elif isinstance(each, Value):
            if id(each) in first:  # f may ask whether two arguments are the same node
                lifted[position] = first[id(each)]
                continue
            lifted[position] = first[id(each)] = Value(each._primal, label=each.label)
        elif isinstance(each, Mask):
            raise Untraceable("it takes a comparison of arrays")
        elif isinstance(each, Node):
            if id(each) in first:
                lifted[position] = first[id(each)]
                continue
            lifted[position] = first[id(each)] = Tensor(each.data, label=each.label)
        elif isinstance(each, np.ndarray) and each.dtype.kind == "f":
            lifted[position] = Tensor(each)
        elif isinstance(each, np.ndarray) and each.dtype.kind in "iub" and not freezes:
            lifted[position] = Mask(each.copy())
        else:
            continue
        positions.append(position)
    return lifted, positions


def _check_freed(nodes: list[weakref.ref[Node]], name: str) -> None:
    if any(node() is not None for node in nodes):
        gc.collect()  # the function may have made cycles of its own
    if any(node() is not None for node in nodes):
        raise JitError(
            f"{name}() keeps a node that it made where it outlives the call; a compiled call would not do that again. "
            "Return what is to be kept"
        )
