"""Recorded operations on arrays as a flat plan: the same NumPy functions one after the other, without the graph.

Results that nothing else uses are dropped, and what is computed twice of the same operands is computed once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd.compiler.program import COMPARE
from autograd.compiler.tracing import Question, Trace, Untraceable, arrays_in
from autograd.formula import Row
from autograd.functions import FUNCTIONS
from autograd.node import Node
from autograd.ops.primitive import PRIMITIVES, Primitive, elementwise, zero_wins
from autograd.readers import arrays
from autograd.value import TO_VALUE, Value


class _Like(NamedTuple):
    """What has to be known of a node to fit a share of the gradient to it."""

    priority: int
    shape: tuple[int, ...]
    dtype: Any


class Step(NamedTuple):
    """An operation: what it makes of which slots. A constant operand is in a slot of its own."""

    name: str
    call: Callable[..., Any]
    operands: tuple[int, ...]
    result: int
    # the slot of an operand, and its rule as a function of g, z, *operands: the usual one, and one in which a zero wins
    rules: tuple[tuple[int, Callable[..., Any], Callable[..., Any]], ...]
    places: tuple[int, ...]  # which operands these rules are for
    row: Row | None  # of the table, where the operation is elementwise
    params: dict[str, Any]
    keeps: int = 0  # the call returns, beside the result, what the rules get behind so many operands; 0 if it does not


class Plan:
    """A recorded run on arrays."""

    def __init__(self, trace: Trace, arguments: Sequence[Node], outputs: Sequence[Node]) -> None:
        """Raises Untraceable if an operation cannot be repeated without the graph."""
        self.arguments = arguments
        self.captured: list[Node] = []
        self.slots: dict[int, int] = {}  # by the identity of a node or of an array
        self.values: list[Any] = []
        self.likes: list[_Like | None] = []
        self.steps: list[Step] = []
        self.known: dict[Any, int] = {}  # operations on the same operands
        self.kept: list[Any] = []  # so that identities stay what they are while this is built
        self.start = trace.start
        for node in arguments:
            self._new_slot(node, node)
        made = {id(node) for node in trace.nodes}
        self.live = {id(getattr(event, "_primal", None)) for event in trace.nodes}  # arrays that depend on the inputs
        self.live |= {id(getattr(event, "answer", None)) for event in trace.nodes} | set(self.slots)
        self.live.discard(id(None))
        changing = [effect.node for effect in trace.effects]
        needed = _needed(trace, [*outputs, *changing])
        for event in trace.nodes:
            if id(event) in needed:
                self._find_captured(event.inputs, made)
        for guard in trace.guards:
            self._find_captured((guard.left, guard.right), made)
        self.count = len(self.values)
        for event in trace.nodes:
            if id(event) in needed:
                self._add(event)
        self.outputs = [self.slots[id(node)] for node in outputs]
        self.effects = [self.slots[id(node)] for node in changing]
        self.guards = [
            (COMPARE[guard.name], self._slot(guard.left), self._slot(guard.right), guard.answer)
            for guard in trace.guards
        ]
        for step in self.steps:
            self.values[step.result] = None
        self.constants = self.values[self.count :]
        del self.kept, self.known, self.arguments, self.values, self.slots, self.live

    def _new_slot(self, thing: Any, node: Any = None, data: Any = None) -> int:
        slot = self.slots[id(thing)] = len(self.values)
        self.kept.append(thing)
        if node is not None:
            data = node._primal
            if isinstance(data, np.ndarray):
                self.slots[id(data)] = slot
                self.kept.append(data)
        self.values.append(data)
        self.likes.append(_Like(node.priority, node.shape, node.dtype) if node is not None else None)
        return slot

    def _find_captured(self, operands: Iterable[Any], made: set[int]) -> None:
        for operand in operands:
            if (
                isinstance(operand, Node)
                and id(operand) not in made
                and id(operand) not in self.slots
                and (operand.op is not None or operand.number < self.start)
            ):
                self._new_slot(operand, operand)
                self.captured.append(operand)

    def _slot(self, operand: Any) -> int:
        if isinstance(operand, (Node, np.ndarray)) and id(operand) in self.slots:
            return self.slots[id(operand)]
        if isinstance(operand, Node):
            return self._new_slot(operand, data=operand._primal)  # made by the run itself
        if isinstance(operand, np.ndarray):
            return self._new_slot(operand, data=operand)
        key = (type(operand), repr(operand))
        if key not in self.known:
            self.known[key] = self._new_slot(object(), data=operand)
        return self.known[key]

    def _add(self, event: Any) -> None:
        if isinstance(event, Question):
            operands = tuple(self._slot(each) for each in event.inputs)
            self.steps.append(
                Step(
                    "question", event.call, operands, self._new_slot(event.answer, data=event.answer), (), (), None, {}
                )
            )
            return
        op = event.op
        primitive: Primitive = elementwise(op) if type(op) is Row else op
        known = primitive.row is not None or op is TO_VALUE or PRIMITIVES.get(primitive.name) is primitive
        if not known or primitive.joint_rule is not None:
            raise Untraceable(f"{primitive.name}() cannot be repeated without the graph")
        params = {} if type(event) is Value else event.params
        live = [each for each in arrays_in(params.values()) if id(each) in self.live]
        if any(each.dtype == bool for each in live):
            raise Untraceable(f"{primitive.name}() takes an array that depends on the data, such as a mask as an index")
        # an operand without a gradient, such as a comparison, is known by its array
        given = event.inputs
        operands = tuple(self._slot(each) for each in given)
        linked = [i for i, each in enumerate(given) if isinstance(each, Node)]
        # arrays may be other ones at the next call, and `repr` leaves out their middle
        key = (primitive, type(event), operands, tuple(linked), repr(params))
        same: int | None = None
        if primitive.name == "pos" and type(given[0]) is type(event):
            same = operands[0]  # nothing in a plan writes to what it reads, so that a copy is not needed
        elif next(arrays_in(params.values()), None) is None:
            same = self.known.get(key)
        if same is not None:
            self.slots[id(event)] = self.slots[id(event._primal)] = same
            self.kept += (event, event._primal)
            return
        slot = self.known[key] = self._new_slot(event, event)

        def filled(make: Callable[..., Any], *which: Any) -> Callable[..., Any]:
            return _filled(lambda given: make(primitive, given, *which), params, live)

        places = tuple(i for i in linked if primitive.takes_sequence or primitive.rules[i] is not None)
        rules = tuple((operands[i], filled(_rule, i, type(event)), filled(_careful_rule, i)) for i in places)
        operands += tuple(self.slots[id(each)] for each in live)
        call = filled(_forward, event.ndim, type(event))
        keeps = len(primitive.rules) if primitive.keeping else 0
        self.steps.append(Step(primitive.name, call, operands, slot, rules, places, primitive.row, params, keeps))

    def shape(self, slot: int) -> tuple[int, ...]:
        """The shape of what is in a slot."""
        like = self.likes[slot]
        return np.shape(self.constants[slot - self.count]) if like is None else like.shape

    def dtype(self, slot: int) -> Any:
        """The dtype of what is in a slot."""
        like = self.likes[slot]
        return np.result_type(self.constants[slot - self.count]) if like is None else like.dtype

    def number(self, slot: int) -> float | None:
        """The plain number that is in a slot in every run."""
        constant = self.constants[slot - self.count] if slot >= self.count else None
        return constant if isinstance(constant, (int, float)) else None

    def reached(self) -> set[int]:
        """The inputs that gradients of the outputs can reach."""
        reached = set(self.outputs)
        for step in reversed(self.steps):
            if step.result in reached:
                reached.update(slot for slot, _, _ in step.rules)
        return reached

    def depends(self, wanted: Sequence[bool]) -> list[bool]:
        """Which slots have a gradient that reaches the wanted inputs."""
        depends = [*wanted, *(False for _ in self.constants)]
        for step in self.steps:
            depends[step.result] = any(depends[slot] for slot, _, _ in step.rules)
        return depends

    def read(self, wanted: Sequence[bool]) -> list[bool]:
        """Which slots were computed from the wanted inputs, be it without a gradient."""
        read = [*wanted, *(False for _ in self.constants)]
        for step in self.steps:
            read[step.result] = any(read[slot] for slot in step.operands)
        return read


def _filled(make: Callable[..., Any], params: dict[str, Any], live: list[Any]) -> Callable[..., Any]:
    """The function that `make` makes of parameters; arrays among them that change from call to call come as its last
    operands."""
    if not live:
        made: Callable[..., Any] = make(params)
        return made
    numbers = {id(each): i for i, each in enumerate(live, -len(live))}

    def fill(given: Any, operands: tuple[Any, ...]) -> Any:
        if isinstance(given, tuple):
            return tuple([fill(each, operands) for each in given])
        return operands[numbers[id(given)]] if id(given) in numbers else given

    def call(*operands: Any) -> Any:
        now = {name: fill(given, operands) for name, given in params.items()}
        return make(now)(*operands[: -len(live)])

    return call


def _forward(op: Primitive, params: dict[str, Any], ndim: int, kind: type) -> Callable[..., Any]:
    forward = op.forward
    if op.keeping is not None:
        keeping = op.keeping

        def both(*operands: Any) -> Any:
            z, kept = keeping(*operands, **params)
            return np.asarray(z), kept

        return both
    if kind is Value:
        return forward if op is TO_VALUE else lambda *operands: float(forward(*operands))
    if op.takes_sequence:
        return lambda *operands: forward(operands, **params)
    made: Callable[..., Any] = (lambda *operands: forward(*operands, **params)) if params else forward
    return made if ndim else lambda *operands: np.asarray(made(*operands))


def _rule(op: Primitive, params: dict[str, Any], i: int, kind: type = Node) -> Callable[..., Any]:
    if op.takes_sequence:
        every: Any = op.rules[0]
        return lambda g, z, *operands: every(i, g, z, operands, **params)
    rule: Any = op.rules[i]
    if kind is Value and op.row is not None:  # the rule is one of arrays
        return lambda *numbers: float(rule(*map(np.asarray, numbers)))
    return (lambda g, z, *operands: rule(g, z, *operands, **params)) if params else rule


def _careful_rule(op: Primitive, params: dict[str, Any], i: int) -> Callable[..., Any]:
    if op.row is None:
        rule = _rule(op, params, i)
        if not op.is_product:
            return rule
        return lambda g, z, *operands: zero_wins(lambda _, g, given: rule(g, z, *given), i, g, operands)
    partial = arrays.partial(op.row, i)
    return lambda g, z, *operands: FUNCTIONS["chain_product"](g, partial(z, *map(np.asarray, operands)))


def _needed(trace: Trace, outputs: Sequence[Node]) -> set[int]:
    """The identities of the recorded operations that outputs and guards depend on."""
    wanted = {id(node) for node in outputs}
    for guard in trace.guards:
        wanted.update((id(guard.left), id(guard.right)))
    needed = set()
    for event in reversed(trace.nodes):
        if not wanted.isdisjoint(
            (id(event), id(getattr(event, "answer", event)), id(getattr(event, "_primal", event)))
        ):
            needed.add(id(event))
            wanted.update(map(id, event.inputs))
            wanted.update(map(id, arrays_in(getattr(event, "params", {}).values())))
    return needed
