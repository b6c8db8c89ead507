"""The ways to run a program, and which of them suits it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from autograd.compiler.program import Program
from autograd.quiet import hush, unhush


class Executor(Protocol):
    """Runs a program forward and back. The list of inputs is the key to what the last run left behind: the same list,
    not an equal one, is not run again."""

    name: str

    def forward(self, inputs: list[float]) -> Sequence[float] | None:
        """The outputs; None if a guard has another answer than was recorded."""

    def backward(self, inputs: list[float], upstream: Sequence[float]) -> Sequence[float]:
        """The gradients of the inputs, for an upstream gradient of each output."""


class Interpreter:
    """One operation after the other, on floats: for programs that nothing faster suits, and where a gradient is nan."""

    name = "operation by operation"

    def __init__(self, program: Program, wanted: Sequence[bool]) -> None:
        self.program = program
        self.depends = program.depends(wanted)
        self.last: tuple[list[float], list[float]] = ([], [])

    def forward(self, inputs: list[float]) -> Sequence[float] | None:
        """The outputs; None if a guard has another answer than was recorded."""
        values = self.values(inputs)
        if not self.program.agrees(values):
            return None
        return [values[slot] for slot in self.program.outputs.tolist()]

    def backward(self, inputs: list[float], upstream: Sequence[float]) -> Sequence[float]:
        """The gradients of the inputs, for an upstream gradient of each output."""
        return self.program.sweep(self.values(inputs), upstream, self.depends.tolist())

    def values(self, inputs: list[float]) -> list[float]:
        """The numbers of all slots."""
        seen, values = self.last  # read at once: another thread may set it
        if seen is not inputs:
            token = hush()
            try:
                values = self.program.run(inputs)
            finally:
                unhush(token)
            self.last = inputs, values
        return values
