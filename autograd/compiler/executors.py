"""What runs a program, and the interpreter, the simplest way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from autograd.compiler.program import Program
from autograd.quiet import hush, unhush


class Executor(Protocol):
    """Runs a program forward and back. What `gathered` returns is the key to what the last run left behind: the same
    thing, not an equal one, is not run again."""

    name: str

    def gathered(self, numbers: list[float]) -> Any:
        """The inputs in the form in which this executor takes them."""

    def forward(self, inputs: Any) -> Sequence[float] | None:
        """The outputs; None if a guard has another answer than was recorded."""

    def backward(self, inputs: Any, upstream: Sequence[float]) -> Sequence[float]:
        """The gradients of the inputs, for an upstream gradient of each output."""


class Interpreter:
    """One operation after the other, on floats: for programs that nothing faster suits, and where a gradient is nan."""

    name = "operation by operation"

    def __init__(self, program: Program, wanted: Sequence[bool]) -> None:
        self.program = program
        self.depends = program.depends(wanted)
        self.last: tuple[Any, list[float]] = (None, [])

    def gathered(self, numbers: list[float]) -> list[float]:
        """The inputs as they are."""
        return numbers

    def forward(self, inputs: Any) -> Sequence[float] | None:
        """The outputs; None if a guard has another answer than was recorded."""
        values = self.values(inputs)
        if not self.program.agrees(values):
            return None
        return [values[slot] for slot in self.program.outputs.tolist()]

    def backward(self, inputs: Any, upstream: Sequence[float]) -> Sequence[float]:
        """The gradients of the inputs, for an upstream gradient of each output."""
        return self.program.sweep(self.values(inputs), upstream, self.depends.tolist())

    def values(self, inputs: Any) -> list[float]:
        """The numbers of all slots."""
        seen, values = self.last  # read at once: another thread may set it
        if seen is not inputs:
            token = hush()
            try:
                values = self.program.run([*map(float, inputs)])
            finally:
                unhush(token)
            self.last = inputs, values
        return values
