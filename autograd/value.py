"""`Value`: a float in the graph."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import partial
from numbers import Number
from operator import attrgetter
from typing import TYPE_CHECKING, Any, SupportsFloat

import numpy as np

from autograd import backward, modes, pickling, protocols
from autograd.backward import walk_tree, walk_values
from autograd.formula import Row, refuse
from autograd.functions import FUNCTIONS, call
from autograd.node import UNTOUCHED, Node, numbers, taken, tick
from autograd.ops.primitive import PRIMITIVES, Primitive, pull
from autograd.ops.shape import broadcast_to, to_tensor
from autograd.plain import constant, kind_of
from autograd.readers import floats, methods, nodes
from autograd.readers.generated import function_from
from autograd.rows import ROWS

_new = object.__new__


class Value(Node):
    """A float that remembers how it was computed, and a gradient.

    `data` is the float, `grad` the derivative of whatever `backward()` was called on with respect to it (0.0 at
    first). Every row of the table of derivatives is a method, an operator or both.

    >>> x = Value(3.0, label="x")
    >>> y = x * x + 2 * x
    >>> y.backward()
    >>> y.data, x.grad
    (15.0, 8.0)

    Raises TypeError for anything but a real number.
    """

    # As in a row of the table: x and y are the operands and dx and dy the partial derivatives, recorded as floats
    # when the node is made. A constant operand has no partial (None). Where there are more than two operands, x is
    # the tuple of them and dx that of their partials. A leaf has none of the four.
    __slots__ = ("_primal", "x", "y", "dx", "dy")

    priority = 1
    untouched = UNTOUCHED
    shape = ()
    ndim = 0
    size = 1
    dtype = float
    retains = True

    _primal: float
    grad: Any
    x: Any
    y: Any
    dx: Any
    dy: Any

    def __init__(self, data: SupportsFloat, label: str = "") -> None:  # by keyword alone it would take longer
        self._primal = data if type(data) is float else _number(data)
        self.grad = UNTOUCHED
        self.op = None
        self.number = next(numbers)
        if label:
            self.label = label

    def _set_data(self, data: SupportsFloat) -> None:
        self._primal = data if type(data) is float else _number(data)
        # Graphs of gradients read data again: the number tells them that it is no longer what was recorded.
        self.number = tick() if self.op is None else int(self.number) + 0.5

    data = property(attrgetter("_primal"), _set_data, doc="The float that the node holds.")

    @property
    def inputs(self) -> tuple[Any, ...]:
        """The operands in order: nodes, or floats where a constant was used; () for a leaf."""
        if self.op is None:
            return ()
        if type(self.x) is tuple:
            return self.x
        return (self.x,) if self.y is None else (self.x, self.y)

    @property
    def partials(self) -> tuple[float | None, ...]:
        """The recorded derivative of this node with respect to each input; None for a constant."""
        if self.op is None:
            return ()
        if type(self.x) is tuple:
            return self.dx  # type: ignore[no-any-return]
        return (self.dx,) if self.y is None else (self.dx, self.dy)

    def backward(self, gradient: Any = None, *, create_graph: bool = False) -> None:
        """Set `grad` of every node this one was computed from, to the derivative of this one with respect to it.

        `gradient` is the upstream gradient, 1.0 unless given. Leaves accumulate over calls; other nodes hold what the
        last call found. With ``create_graph=True`` the gradients are themselves nodes, and can be differentiated.

        >>> x = Value(2.0)
        >>> (x ** 3).backward(create_graph=True)
        >>> x.grad.data
        12.0
        """
        if gradient is None:
            if not (create_graph or modes.active) and (walk_tree(self, 1.0) or walk_values(self, 1.0)):
                return
            gradient = 1.0
        elif not (create_graph and isinstance(gradient, Node)):
            number = constant(gradient)
            if number is None:
                given = kind_of(gradient)
                raise TypeError(f"backward() of a Value takes the upstream gradient as a real number, not {given}")
            gradient = number
        elif gradient.shape != ():
            raise ValueError(f"the gradient has shape {gradient.shape}, but a Value has shape ()")
        backward.backward(self, gradient, create_graph)

    def _backward(self) -> None:
        """Add this node's share to the gradients of its inputs: one step of the chain rule, by hand."""
        backward.step(self)

    def item(self) -> float:
        """The float, without gradient."""
        taken[0] += 1
        return self._primal

    def to_tensor(self) -> Any:
        """A Tensor without axes, with gradient."""
        return to_tensor(self)

    def detach(self) -> Value:
        """A leaf with the same data, outside the graph."""
        return Value(self._primal)

    @classmethod
    def _apply(cls, op: Row, operands: Sequence[Any], params: dict[str, Any] | None = None) -> Any:
        row = op
        if any(isinstance(operand, np.ndarray) and operand.ndim for operand in operands):
            return Node.array_kind._apply(row, operands)
        numbers = [operand._primal if isinstance(operand, Value) else constant(operand) for operand in operands]
        for operand, number in zip(operands, numbers, strict=True):
            if number is None:
                raise TypeError(f"{row.name}() of a Value and {kind_of(operand)}: expected Values or real numbers")
        for name, operand in zip(row.params, operands[len(row.args) :], strict=True):
            if isinstance(operand, Node):
                raise TypeError(f"{name} of {row.name}() is a constant parameter: pass {name}.data, not a node")
        z, *computed = floats.evaluate(row)(*numbers)
        kept = tuple(
            operand if isinstance(operand, Value) else number for operand, number in zip(operands, numbers, strict=True)
        )
        partials: tuple[float | None, ...] = tuple(
            dx if isinstance(operand, Value) else None
            for dx, operand in zip([*computed, *(None for _ in row.params)], operands, strict=True)
        )
        out = _new(Value)
        out._primal, out.op, out.grad, out.number = z, row, UNTOUCHED, tick()
        if len(kept) > 2:
            out.x, out.y, out.dx, out.dy = kept, None, partials, None
        else:
            out.x, out.y, out.dx, out.dy = (*kept, None, *partials, None) if len(kept) == 1 else (*kept, *partials)
        if modes.active:
            out._watch()
        return out

    def _watch(self) -> None:
        modes.watch(self, self._forget)

    def _forget(self) -> None:
        self.op = None
        del self.x, self.y, self.dx, self.dy

    def _pull(self, gradient: Any, as_graph: bool, careful: bool) -> list[tuple[Node, Any]]:
        if type(self.op) is Primitive:  # its operands are in x, what it recorded of them in y
            return pull(self, [(each, i) for i, each in enumerate(self.x)], self.y, {}, gradient, as_graph, careful)
        if as_graph:
            return nodes.pull(self, gradient)
        return [
            (operand, gradient * dx if gradient and dx else 0.0)
            for operand, dx in zip(self.inputs, self.partials, strict=True)
            if dx is not None
        ]

    __array_ufunc__ = protocols.array_ufunc
    __array_function__ = protocols.array_function

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        raise TypeError(
            "a Value does not turn into an array by itself, because its gradient would be lost; "
            "write v.data for the number, or autograd.stack([v, w]) for a Tensor of Values"
        )

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        grad = self.grad.data if isinstance(self.grad, Node) else self.grad  # whose own gradient may be this Value
        return f"Value(data={self._primal}, grad={grad}{label})"

    def __format__(self, spec: str) -> str:
        return format(self._primal, spec) if spec else repr(self)

    __hash__ = object.__hash__  # identity: equal data does not make two nodes one

    def __bool__(self) -> bool:
        return self._primal != 0.0

    __copy__ = pickling.copy_node
    __deepcopy__ = pickling.deepcopy_node
    __reduce_ex__ = pickling.reduce_node

    if TYPE_CHECKING:  # the rows of the table

        def __getattr__(self, name: str) -> Callable[..., Value]: ...
        def __add__(self, other: Any) -> Value: ...
        def __radd__(self, other: Any) -> Value: ...
        def __sub__(self, other: Any) -> Value: ...
        def __rsub__(self, other: Any) -> Value: ...
        def __mul__(self, other: Any) -> Value: ...
        def __rmul__(self, other: Any) -> Value: ...
        def __truediv__(self, other: Any) -> Value: ...
        def __rtruediv__(self, other: Any) -> Value: ...
        def __floordiv__(self, other: Any) -> Value: ...
        def __rfloordiv__(self, other: Any) -> Value: ...
        def __mod__(self, other: Any) -> Value: ...
        def __rmod__(self, other: Any) -> Value: ...
        def __pow__(self, other: Any) -> Value: ...
        def __rpow__(self, other: Any) -> Value: ...
        def __neg__(self) -> Value: ...
        def __pos__(self) -> Value: ...
        def __abs__(self) -> Value: ...
        def __lt__(self, other: Any) -> bool: ...
        def __le__(self, other: Any) -> bool: ...
        def __gt__(self, other: Any) -> bool: ...
        def __ge__(self, other: Any) -> bool: ...


# A Value of a Tensor keeps the tensor in x and the array that was used in y.
TO_VALUE = Primitive("to_value", lambda x: x.item(), [lambda g, z, x: broadcast_to(g, x.shape)])
PRIMITIVES[TO_VALUE.name] = TO_VALUE


def to_value(tensor: Any) -> Value:
    """The only element of a Tensor as a Value, with gradient."""
    if tensor.size != 1:
        raise ValueError(
            f"to_value() of a Tensor of shape {tensor.shape}: pick one element first, as in t[0].to_value()"
        )
    out = _new(Value)
    out._primal, out.op, out.grad, out.number = tensor._primal.item(), TO_VALUE, UNTOUCHED, tick()
    out.x, out.y, out.dx, out.dy = (tensor,), (tensor._primal,), (1.0,), None
    if modes.active:
        out._watch()
    return out


def _number(data: Any) -> float:
    number = constant(data)
    if number is None:
        raise TypeError(_not_a_number(data))
    return number


def _not_a_number(data: object) -> str:
    if isinstance(data, Node):
        return f"Value() of {kind_of(data)}: it is in a graph already; use it as it is, or Value(x.data) for a new leaf"
    if isinstance(data, str):
        return f"Value() of the string {data!r}: write Value(float({data!r}))"
    if isinstance(data, complex):
        return f"Value() of the complex number {data!r}: gradients here are real; use .real or .imag"
    way_out = "; write Value(float(…))" if type(data).__name__ == "Decimal" else ""
    return f"Value() takes a real number, not {kind_of(data)}{way_out}"


def _refuse(way_out: str) -> Callable[[Value], Any]:
    def refuse(self: Value) -> Any:
        raise TypeError(f"a Value does not turn into a plain number, because its gradient would be lost; {way_out}")

    return refuse


def _rounded(name: str) -> Callable[..., Value]:
    def method(self: Value, *digits: int) -> Value:
        if digits:
            raise TypeError("round() of a Value takes no digits; write f'{v:.2f}' to print, or np.round(v, 2)")
        rounded: Value = getattr(self, name)()
        return rounded

    return method


def _mixed(row: Row, left: Any, right: Any) -> Any:
    """An operator with an operand that the fast path does not know."""
    for operand in (left, right):
        if not isinstance(operand, (Value, np.ndarray)) and constant(operand) is None:
            return NotImplemented  # the other side may know what to do
    return Value._apply(row, (left, right))


def _comparison(compare: Callable[[float, float], bool]) -> Callable[[Value, Any], Any]:
    def method(self: Value, other: Any) -> Any:
        number = other._primal if isinstance(other, Value) else constant(other)
        return NotImplemented if number is None else compare(self._primal, number)

    method.__name__ = f"__{compare.__name__}__"
    return method


def _compiled_on_first_use(name: str, row: Row, source: Callable[[], str]) -> None:
    """Put a stub on Value that compiles the method when it is first called, and takes its place."""

    def stub(*operands: Any, **named: Any) -> Any:
        method = function_from(source(), row.name, _NAMESPACE | {"row": row, "ieee": floats.ieee(row)})
        method.__name__, method.__qualname__, method.__doc__ = name, f"Value.{name}", row.doc
        setattr(Value, name, method)
        return method(*operands, **named)

    stub.__name__, stub.__qualname__, stub.__doc__ = name, f"Value.{name}", row.doc
    stub.__signature__ = FUNCTIONS[row.name].__signature__  # type: ignore[attr-defined]  # a function has none
    setattr(Value, name, stub)


Number.register(Value)  # for those who ask whether something is a number, as np.isscalar does
_NAMESPACE = floats.NAMESPACE | {
    "Value": Value, "numbers": numbers, "UNTOUCHED": UNTOUCHED, "active": modes.active, "call": call, "mixed": _mixed,
    "new_value": partial(object.__new__, Value),  # called in a sixth less time than object.__new__ with its argument
}  # fmt: skip
OPERATORS = {
    "add": "add", "sub": "sub", "mul": "mul", "div": "truediv", "floordiv": "floordiv", "mod": "mod", "pow": "pow",
    "neg": "neg", "pos": "pos", "abs": "abs",
}  # fmt: skip

for _row in ROWS.values():
    if hasattr(Value, _row.name):
        refuse(f"a row cannot be called {_row.name!r}: a Value has that already", _row.texts["z"], 0, _row.place)
    _compiled_on_first_use(_row.name, _row, partial(methods.method_source, _row))
for _name, _operator in OPERATORS.items():
    _row = ROWS[_name]
    _compiled_on_first_use(f"__{_operator}__", _row, partial(methods.operator_source, _row))
    if len(_row.args) == 2:
        _compiled_on_first_use(f"__r{_operator}__", _row, partial(methods.operator_source, _row, reflected=True))
for _compare in (operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne):
    setattr(Value, f"__{_compare.__name__}__", _comparison(_compare))
for _rounding in ("round", "floor", "ceil", "trunc"):
    setattr(Value, f"__{_rounding}__", _rounded(_rounding))
for _conversion in ("float", "int", "complex", "index"):
    setattr(
        Value, f"__{_conversion}__",
        _refuse("write v.data for the number, and np.sin(v) or v.sin() in place of math.sin(v)"),
    )  # fmt: skip
