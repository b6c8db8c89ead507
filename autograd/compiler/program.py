"""Recorded scalars as a flat list of rows of the table, and the interpreter that defines what a program means.

Every number has a slot: first the inputs, then the constants, then one for each recorded operation in order. An
operation is a row and the slots of its operands, in arrays: a program of a million operations takes 30 bytes for each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.tracing import Trace, Untraceable
from autograd.formula import Row
from autograd.node import Node
from autograd.protocols import COMPARISONS
from autograd.readers import floats
from autograd.value import Value

Ints = NDArray[np.int64]
COMPARE: dict[str, Any] = {name: ufunc for ufunc, name in COMPARISONS.items()}


class Program:
    """Rows applied to slots. `operands` has a row of slots for each operation, -1 where there is none."""

    def __init__(
        self,
        count: int,
        constants: list[float],
        rows: list[Row],
        ops: Sequence[int],
        operands: Any,
        outputs: list[int],
        guards: list[tuple[str, int, int, bool]],
    ) -> None:
        self.count = count  # of inputs
        self.constants = np.array(constants, float)
        self.rows = rows
        self.ops = np.array(ops, np.int16)
        self.operands = np.asarray(operands, np.int32)
        self.outputs = np.array(outputs, np.int32)
        self._depends: tuple[list[bool], NDArray[np.bool_]] | None = None
        self.guards: list[tuple[str, Ints, Ints, NDArray[np.bool_]]] = []
        for name in COMPARE:
            mine = [guard for guard in guards if guard[0] == name]
            if mine:
                left, right = (np.array([guard[side] for guard in mine]) for side in (1, 2))
                self.guards.append((name, left, right, np.array([guard[3] for guard in mine])))

    @property
    def first(self) -> int:
        """The slot of the first operation."""
        return self.count + len(self.constants)

    @property
    def size(self) -> int:
        """The number of slots."""
        return self.first + len(self.ops)

    @property
    def nbytes(self) -> int:
        """The memory of the program itself."""
        return self.ops.nbytes + self.operands.nbytes + self.constants.nbytes

    def depends(self, wanted: Sequence[bool]) -> NDArray[np.bool_]:
        """Which slots were computed from the wanted inputs."""
        if self._depends is None or self._depends[0] != [*wanted]:
            depends = [False, *wanted, *(False for _ in self.constants)]  # the first one stands for no operand
            columns = (self.operands.T + 1).tolist()
            if len(columns) == 2:
                for left, right in zip(*columns, strict=True):
                    depends.append(depends[left] or depends[right])
            else:
                for slots in zip(*columns, strict=True):
                    depends.append(True in [depends[slot] for slot in slots])
            self._depends = [*wanted], np.array(depends[1:], bool)
        return self._depends[1]

    def run(self, inputs: Sequence[float]) -> list[float]:
        """The numbers of all slots."""
        values: list[float] = [*inputs, *self.constants.tolist()]
        functions = [floats.evaluate(row) for row in self.rows]
        lengths = [len(row.names) for row in self.rows]
        for op, operands in zip(self.ops.tolist(), self.operands.tolist(), strict=True):
            values.append(functions[op](*(values[slot] for slot in operands[: lengths[op]]))[0])
        return values

    def sweep(self, values: Sequence[float], upstream: Sequence[float], depends: Sequence[bool]) -> list[float]:
        """The gradients of the inputs, for an upstream gradient of each output: the walk over Values, slot by slot."""
        gradients = [0.0] * self.size
        for slot, gradient in zip(self.outputs.tolist(), upstream, strict=True):
            gradients[slot] += gradient
        functions = [floats.evaluate(row) for row in self.rows]
        lengths = [len(row.names) for row in self.rows]
        ops, operands = self.ops.tolist(), self.operands.tolist()
        for i in range(len(ops) - 1, -1, -1):
            gradient = gradients[self.first + i]
            if gradient:
                op = ops[i]
                slots = operands[i][: lengths[op]]
                partials = functions[op](*(values[slot] for slot in slots))[1:]
                for slot, partial in zip(slots, partials, strict=False):
                    if partial and depends[slot]:
                        gradients[slot] += gradient * partial
        return gradients[: self.count]

    def agrees(self, values: Any) -> bool:
        """Whether the guards have the answers that were recorded."""
        if not self.guards:
            return True
        values = np.asarray(values)
        return all(
            np.array_equal(COMPARE[name](values[left], values[right]), answers)
            for name, left, right, answers in self.guards
        )


def build(trace: Trace, arguments: Sequence[Node], outputs: Sequence[Node]) -> tuple[Program, list[Node]]:
    """The program that computes the outputs from the arguments, and the nodes from outside that it reads besides.

    Raises Untraceable if anything but Values and rows of the table is in it.
    """
    inputs: dict[Node, int] = {node: i for i, node in enumerate(arguments)}
    constants: dict[Any, int] = {}
    slots: dict[Node, int] = {}
    captured: list[Node] = []
    rows: dict[Row, int] = {}
    ops: list[int] = []
    operands: list[int] = []

    def slot_of(operand: Any) -> int:
        """Three kinds of slots are told apart by the remainder; they are put in order at the end."""
        if isinstance(operand, Node):
            if operand in slots:
                return slots[operand] * 3
            if operand.op is not None or operand.number < trace.start or operand in inputs:
                if operand not in inputs:
                    inputs[operand] = len(inputs)
                    captured.append(operand)
                return inputs[operand] * 3 + 1
            operand = operand._primal  # a leaf made by the run itself
        key = operand if operand else (operand, str(operand))  # 0.0 and -0.0 are two constants
        return constants.setdefault(key, len(constants)) * 3 + 2

    needed = _needed(trace, outputs)
    width = max([len(getattr(node.op, "names", ())) for node in needed], default=1)
    for node in needed:
        if type(node) is not Value or type(node.op) is not Row:
            raise Untraceable(f"it uses {getattr(node.op, 'name', 'a Tensor')}() on arrays")
        ops.append(rows.setdefault(node.op, len(rows)))
        found = 0
        for operand in node.inputs:
            slot = slots.get(operand) if type(operand) is Value else None
            operands.append(slot_of(operand) if slot is None else slot * 3)
            found += 1
        if found < width:
            operands += [-1] * (width - found)
        slots[node] = len(slots)
    for node in (*outputs, *(each for guard in trace.guards for each in (guard.left, guard.right))):
        if isinstance(node, Node) and type(node) is not Value:
            raise Untraceable("it returns or compares Tensors")
    found_outputs = [slot_of(node) for node in outputs]
    found_guards = [slot_of(each) for guard in trace.guards for each in (guard.left, guard.right)]

    start = np.array([len(inputs) + len(constants), 0, len(inputs)])

    def placed(found: list[int]) -> Ints:
        array = np.array(found, np.int64)
        return np.where(array < 0, -1, array // 3 + start[array % 3])

    guards = placed(found_guards).tolist()
    values = [key[0] if isinstance(key, tuple) else key for key in constants]
    program = Program(
        len(inputs), values, list(rows), ops, placed(operands).reshape(len(ops), width),
        placed(found_outputs).tolist(),
        [(g.name, guards[2 * i], guards[2 * i + 1], g.answer) for i, g in enumerate(trace.guards)],
    )  # fmt: skip
    return program, captured


def _needed(trace: Trace, outputs: Sequence[Node]) -> list[Any]:
    """The recorded nodes that outputs and guards depend on, in order."""
    wanted: set[Any] = {*outputs}
    for guard in trace.guards:
        wanted.update(each for each in (guard.left, guard.right) if isinstance(each, Node))
    needed = []
    for node in reversed(trace.nodes):
        if node in wanted:
            needed.append(node)
            wanted.update(node.inputs)  # the floats among them do no harm
    return needed[::-1]
