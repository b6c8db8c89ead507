"""What `Value` and `Tensor` share: a place in the graph."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, ClassVar

# Creation order is a topological order: a node is made after its inputs. The walks sort by it.
numbers = itertools.count(1)
tick = numbers.__next__  # where it is called most, next(numbers) takes a fifth less time

# How often a plain number was taken out of a node, for transforms that get a plain number for a result.
taken = [0]

# The gradient of a Value that no walk has reached yet, known by its identity: a float of its own, whoever computes 0.0.
UNTOUCHED = float("0")


class Node:
    """Anything the graph is made of: data, the operation that made it, its inputs, its gradient.

    A leaf has no operation (``op`` is None). ``number`` tells the order of creation.
    """

    __slots__ = ("grad", "op", "number", "_about", "__weakref__")

    priority: ClassVar[int] = 0  # of two kinds in one operation the higher one makes the result
    untouched: ClassVar[Any]  # the gradient that no walk has reached: UNTOUCHED of a Value, None of a Tensor

    array_kind: ClassVar[Any]  # what operations on arrays make: Tensor, which sets this

    shape: Any
    ndim: Any
    size: Any
    dtype: Any
    retains: bool
    grad: Any
    op: Any
    number: float
    _primal: Any  # what `data` shows: a float, or an array
    _about: dict[str, Any] | None  # what is known of few nodes; a Tensor without has None, a Value not even that

    @property
    def data(self) -> Any:
        """The number or array that the node holds."""
        raise NotImplementedError

    @property
    def inputs(self) -> tuple[Any, ...]:
        """The operands in order: nodes, and plain numbers or arrays where a constant was used; () for a leaf."""
        raise NotImplementedError

    @classmethod
    def _apply(cls, op: Any, operands: Sequence[Any], params: dict[str, Any] | None = None) -> Node:
        """The node that an operation makes of the operands, at least one of them a node."""
        raise NotImplementedError

    def _pull(self, gradient: Any, as_graph: bool, careful: bool) -> list[tuple[Node, Any]]:
        """What this node hands back to each input that is a node, for an upstream gradient."""
        raise NotImplementedError

    @property
    def label(self) -> str:
        """A name for pictures and printed formulas; '' unless given."""
        label: str = self._recall("label", "")
        return label

    @label.setter
    def label(self, label: str | None) -> None:
        self._remember("label", label or "")

    def _remember(self, what: str, thing: Any) -> None:
        """Keep what is known of few nodes: 'label', 'path' in a model, 'calls' that returned the node."""
        about = getattr(self, "_about", None)
        if about is None:
            self._about = {what: thing}
        else:
            about[what] = thing

    def _recall(self, what: str, otherwise: Any = None) -> Any:
        """What was kept under this name."""
        about = getattr(self, "_about", None)
        return otherwise if about is None else about.get(what, otherwise)

    @property
    def _prev(self) -> Any:
        """The input nodes, as a set in order (micrograd's name)."""
        return dict.fromkeys(operand for operand in self.inputs if isinstance(operand, Node)).keys()

    @property
    def _op(self) -> str:
        """The operation's symbol as micrograd writes it: '+', '*', '**2', 'ReLU'; '' for a leaf."""
        if self.op is None:
            return ""
        if self.op.name == "pow" and not isinstance(self.inputs[1], Node):
            return f"**{self.inputs[1]:g}"
        symbol: str = self.op.symbol
        return {"×": "*", "÷": "/"}.get(symbol, symbol)
