"""A plain description of a graph at one moment: every value, where it came from, and the module that made it."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np

from autograd import scopes
from autograd.backward import reachable
from autograd.drawing.grouping import Group, group
from autograd.formula import Row
from autograd.naming import told_apart
from autograd.node import UNTOUCHED, Node
from autograd.plain import constant, kind_of
from autograd.value import Value


class Summary(NamedTuple):
    """What a drawing says of an array; the numbers are those of its finite elements."""

    shape: tuple[int, ...]
    dtype: str
    least: float
    mean: float
    greatest: float
    size: float  # root of the mean square
    strange: int  # how many elements are nan or infinite


Shown: TypeAlias = float | Summary
Kind = Literal["leaf", "parameter", "constant", "operation"]

_PLAIN = (bool, int, float, str, tuple, list, slice, type, type(...), type(None))
_NUMPY = (np.ndarray, np.generic, np.dtype)


@dataclass(slots=True)
class Item:
    """A node of the graph, or a constant that an operation used."""

    kind: Kind
    name: str  # a label, or the path of a parameter; '' for most operations
    value: Shown
    gradient: Shown | None  # None where there is none: no walk has been there, or it was not kept
    op: str = ""
    symbol: str = ""
    row: Row | None = None  # of the table, where the operation is elementwise
    params: str = ""
    inputs: tuple[int, ...] = ()
    partials: tuple[float | None, ...] = ()  # one for each input of an operation on floats
    group: int = 0


@dataclass
class Snapshot:
    """The items in an order in which every input comes before its use. Group 0 is the whole drawing."""

    items: list[Item]
    outputs: tuple[int, ...]
    groups: list[Group]

    def names(self) -> list[str]:
        """A name for every item, never one for two: its own, else v1, v2 … for operations and x1, x2 … for leaves.

        A constant is called by its value.
        """
        named = [item for item in self.items if item.kind != "constant"]
        stems = ["v" if item.kind == "operation" else "x" for item in named]
        names = iter(told_apart([item.name for item in named], stems))
        return [_constant_name(item.value) if item.kind == "constant" else next(names) for item in self.items]

    @cached_property
    def has_gradients(self) -> bool:
        """Whether a backward walk has left anything."""
        return any(item.gradient for item in self.items)

    @cached_property
    def norms(self) -> list[float | None]:
        """The norm of the gradient of the parameters in each group; None where there is none."""
        squares: list[list[float]] = [[] for _ in self.groups]
        for item in self.items:
            if item.kind == "parameter" and item.gradient is not None:
                found = item.gradient
                size, count = (abs(found), 1) if isinstance(found, float) else (found.size, math.prod(found.shape))
                squares[item.group].append(count * size**2)
        for index in range(len(self.groups) - 1, 0, -1):
            squares[self.groups[index].parent] += squares[index]
        return [math.sqrt(math.fsum(each)) if each else None for each in squares]

    def drawn(self, is_open: Callable[[int], bool]) -> int:
        """How many things stand in a drawing in which these groups are open, constants not counted."""
        direct = [each.members for each in self.groups]
        visible = [True] + [False] * (len(self.groups) - 1)
        closed = 0
        for index, each in enumerate(self.groups[1:], 1):
            direct[each.parent] -= each.members
            if visible[each.parent]:
                visible[index] = is_open(index)
                closed += not visible[index]
        return closed + sum(count for count, is_visible in zip(direct, visible, strict=True) if is_visible)


def snapshot(outputs: Any, names: Mapping[str, Any] | None = None) -> Snapshot:
    """Describe the graph below one node or several. `names` are labels for nodes that have none, such as locals()."""
    roots = _checked(outputs)
    if not isinstance(names, Mapping | None):
        raise TypeError(f"names are given as in names=locals() or names={{'w': w}}, not as {kind_of(names)}")
    nodes: list[Any] = reachable(roots)[::-1]
    given = {id(node): name for name, node in (names or {}).items() if isinstance(node, Node)}
    items: list[Item] = []
    numbers: list[float | None] = []
    index: dict[Node, int] = {}
    for node in nodes:
        if node.op is None:
            item = _leaf(node)
        else:
            operands = []
            for operand in node.inputs:
                if isinstance(operand, Node):
                    operands.append(index[operand])
                else:
                    operands.append(len(items))
                    items.append(Item("constant", "", _shown(operand), None))
                    numbers.append(None)
            item = _operation(node, tuple(operands))
        name = node.label or given.get(id(node))
        if name:
            item.name = str(name)
        index[node] = len(items)
        items.append(item)
        numbers.append(node.number)
    groups = group(items, numbers, scopes.calls(index))
    return Snapshot(items, tuple(dict.fromkeys(index[root] for root in roots)), groups)


def _constant_name(value: Shown) -> str:
    return f"{value:g}" if isinstance(value, float) else f"array{value.shape}"


def _checked(outputs: Any) -> list[Node]:
    roots = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
    if not roots:
        raise ValueError("there is nothing to draw: the list of outputs is empty")
    for root in roots:
        if not isinstance(root, Node):
            number = constant(root) is not None or isinstance(root, np.ndarray)
            hint = ". Did you pass loss.data instead of loss?" if number else ""
            raise TypeError(f"a drawing starts from a Value, a Tensor or a list of them, not {kind_of(root)}{hint}")
    return roots


def _leaf(node: Node) -> Item:
    path = scopes.parameter_name(node)
    return Item("parameter" if path else "leaf", path, _shown(node.data), _gradient(node))


def _operation(node: Any, inputs: tuple[int, ...]) -> Item:
    op, is_number = node.op, isinstance(node, Value)
    row = op if isinstance(op, Row) else op.row
    partials, params = node.partials if is_number else (), "" if is_number else _params(node)
    return Item("operation", "", _shown(node.data), _gradient(node), op.name, op.symbol, row, params, inputs, partials)


def _params(node: Any) -> str:
    """The constants that an operation was given, as far as they are more than the way it works inside."""
    changed = ((key, value) for key, value in node.params.items() if value is not node.op.params.get(key))
    return ", ".join(
        f"{key}={_BRIEF.repr(value)}" for key, value in changed if type(value) in _PLAIN or isinstance(value, _NUMPY)
    )


class _Brief(reprlib.Repr):
    """The `repr` of what is short, and of an array its dtype and shape."""

    def __init__(self) -> None:
        super().__init__()
        self.maxtuple = self.maxlist = 8
        self.maxother = 60

    def repr_ndarray(self, array: Any, level: int) -> str:
        return f"{array.dtype} {array.shape}"


_BRIEF = _Brief()


def _gradient(node: Node) -> Shown | None:
    grad = node.grad
    if grad is None or grad is UNTOUCHED:
        return None
    return grad if type(grad) is float else _shown(getattr(grad, "data", grad))


def _shown(data: Any) -> Shown:
    if type(data) is float:
        return data
    number = constant(data)
    if number is not None and not isinstance(data, np.ndarray):
        return number
    array = np.asarray(data, float)
    finite = array[np.isfinite(array)]
    with np.errstate(all="ignore"):
        least, greatest = (finite.min(), finite.max()) if finite.size else (np.nan, np.nan)
        largest = max(abs(least), abs(greatest)) or 1.0
        scaled = finite / largest  # so that nothing goes beyond all floats
        mean, square = (np.mean(scaled), np.mean(np.square(scaled))) if finite.size else (np.nan, np.nan)
    dtype = str(getattr(data, "dtype", "float64"))
    return Summary(
        array.shape,
        dtype,
        float(least),
        float(mean * largest),
        float(greatest),
        float(np.sqrt(square) * largest),
        array.size - finite.size,
    )
