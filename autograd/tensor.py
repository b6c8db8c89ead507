"""`Tensor`: an array in the graph."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import backward, modes, pickling, protocols
from autograd.formula import Row
from autograd.functions import FUNCTIONS
from autograd.node import Node, numbers, taken, tick
from autograd.ops.index import add_at, getitem, set_at
from autograd.ops.primitive import OPERATIONS, Primitive, elementwise, pull
from autograd.ops.shape import data_of, reshape, stack, transpose
from autograd.plain import kind_of
from autograd.quiet import hush, unhush
from autograd.rows import ROWS
from autograd.value import OPERATORS, Value, to_value

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_new = object.__new__
_ndarray = np.ndarray
_FLOAT64 = np.dtype(np.float64)
_ONE = np.ones(())
_NO_PARAMS: dict[str, Any] = {}


class Tensor(Node):
    """A NumPy array that remembers how it was computed, and a gradient.

    `data` is the ndarray: a float array keeps its dtype and is not copied; ints and bools become float64. `grad` is
    None until `backward()`, then an array of the data's shape and dtype. NumPy's operators, methods and functions
    work on it. A (nested) list may hold Values, whose gradients flow on.

    >>> x = Tensor([1.0, 2.0, 3.0])
    >>> (x ** 2).sum().backward()
    >>> x.grad
    array([2., 4., 6.])

    Raises TypeError for complex, object and string data, ValueError for ragged lists.
    """

    # The array (called _data, numpy.ma would take it for its own); the arrays of all operands as they were used;
    # links: (node, position) for those operands that are nodes; the constant parameters of the operation; the array
    # that it made, once `data` is another one.
    __slots__ = ("_primal", "recorded", "links", "params", "retains", "_result")

    priority = 2
    untouched = None

    _primal: NDArray[Any]
    recorded: tuple[Any, ...]
    links: tuple[tuple[Node, int], ...]
    params: dict[str, Any]
    retains: bool
    _result: NDArray[Any]

    def __new__(cls, data: Any = (), *, label: str = "") -> Tensor:  # noqa: D102
        if isinstance(data, (list, tuple)) and holds_nodes(data):
            made: Tensor = array(data)
        else:
            made = _new(cls)
            made._primal = _checked(data)
            made.op = made._about = None
            made.recorded = made.links = ()
            made.params = _NO_PARAMS
            made.grad = None
            made.retains = False
            made.number = tick()
        if label:
            made.label = label
        return made

    def _set_data(self, data: ArrayLike) -> None:
        if data is not self._primal:  # t.data -= step has changed the array itself
            data = _checked(data)
        if self.op is not None and not hasattr(self, "_result"):
            self._result = self._primal
        self._primal = data
        # Graphs of gradients read data again: the number tells them that it is no longer what was recorded.
        self.number = tick() if self.op is None else int(self.number) + 0.5

    data = property(attrgetter("_primal"), _set_data, doc="The array that the node holds.")

    @property
    def inputs(self) -> tuple[Any, ...]:
        """The operands in order: nodes, and arrays or numbers where a constant was used; () for a leaf."""
        inputs = list(self.recorded[: len(self.op.rules)] if self.op and self.op.keeping else self.recorded)
        for node, position in self.links:
            inputs[position] = node
        return tuple(inputs)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the data."""
        return self._primal.shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self._primal.ndim

    @property
    def size(self) -> int:
        """The number of elements."""
        return self._primal.size

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the data."""
        return self._primal.dtype

    @property
    def T(self) -> Tensor:
        """The axes in reverse order."""
        return self.transpose()

    @property
    def mT(self) -> Tensor:
        """Every matrix of a stack transposed: the last two axes change places."""
        if self.ndim < 2:
            raise ValueError(f"mT of a Tensor of shape {self.shape}: a matrix has at least two axes")
        return self.swapaxes(-1, -2)

    @property
    def at(self) -> At:
        """In place of item assignment: ``t.at[index].set(v)`` and ``t.at[index].add(v)`` return the changed copy."""
        return At(self)

    def backward(self, gradient: Any = None, *, create_graph: bool = False, retain_grads: bool = False) -> None:
        """Add to `grad` of every leaf this one was computed from the derivative of this one with respect to it.

        A scalar starts with the gradient 1; any other shape needs the upstream `gradient`, of the same shape. With
        ``create_graph=True`` gradients are themselves nodes; with ``retain_grads=True`` Tensors between keep theirs
        too (Values always do).

        Raises ValueError for a missing gradient or one of the wrong shape.
        """
        if gradient is None:
            if self._primal.dtype is _FLOAT64 and not self._primal.shape:
                gradient = _ONE
            elif self.size == 1:
                gradient = np.ones(self.shape, self.dtype)
            else:
                raise ValueError(
                    f"backward() of a Tensor of shape {self.shape} needs the upstream gradient, an array of that "
                    "shape; or reduce it to a scalar first, as in t.sum().backward()"
                )
        else:
            if not (create_graph and isinstance(gradient, Node)):
                gradient = _checked(data_of(gradient)).astype(self.dtype, copy=False)
            if gradient.shape != self._primal.shape:
                raise ValueError(f"the gradient has shape {gradient.shape}, but the Tensor has shape {self.shape}")
        backward.backward(self, gradient, create_graph, retain_grads)

    def retain_grad(self) -> None:
        """Keep the gradient of this Tensor in `backward()`, though it is not a leaf."""
        self.retains = True

    def all(self, axis: Any = None) -> Any:
        """Whether all elements are true, or not 0."""
        return self._primal.all(axis)

    def any(self, axis: Any = None) -> Any:
        """Whether any element is true, or not 0."""
        return self._primal.any(axis)

    def item(self, *index: Any) -> float:
        """One element as a float, without gradient."""
        taken[0] += 1
        return self._primal.item(*index)  # type: ignore[no-any-return]  # an array of Any

    def round(self, decimals: int = 0) -> Tensor:
        """The nearest integers, or numbers of so many decimals; halves to even. Its derivative is 0.

        Raises TypeError for decimals that are no int.

        >>> Tensor([1.234, 2.5]).round(1)
        Tensor([1.2, 2.5])
        """
        if type(decimals) is not int or decimals:
            return protocols.rounded(self, decimals)  # type: ignore[no-any-return]  # arithmetic of a Tensor
        return Tensor._apply(ROWS["round"], (self,))

    def tolist(self) -> Any:
        """The data as nested lists of floats, without gradient."""
        taken[0] += 1
        return self._primal.tolist()

    def numpy(self) -> NDArray[Any]:
        """The data, without the gradient's history."""
        return self._primal

    def detach(self) -> Tensor:
        """A leaf with the same data, outside the graph."""
        return Tensor(self._primal)

    def copy(self) -> Tensor:
        """A new node with a copy of the data; gradients flow through."""
        return self.pos()

    def astype(self, dtype: Any) -> Any:
        """In another float dtype; the gradient comes back in this one's. Of integers and booleans a plain array: the
        derivative of a step is 0."""
        dtype = np.dtype(dtype)
        return data_of(self).astype(dtype) if dtype.kind in "iub" else OPERATIONS["astype"](self, dtype)

    def to_value(self) -> Value:
        """The only element as a `Value`, with gradient. Raises ValueError if there are more."""
        return to_value(self)

    def reshape(self, *shape: Any) -> Tensor:
        """The same elements in another shape; one side may be -1."""
        return reshape(self, shape[0] if len(shape) == 1 else shape)  # type: ignore[no-any-return]

    def transpose(self, *axes: Any) -> Tensor:
        """The axes in another order, reversed unless given."""
        order = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes or None
        return transpose(self, order)  # type: ignore[no-any-return]

    def flatten(self) -> Tensor:
        """The elements in one row."""
        return self.reshape(-1)

    def clip(self, min: Any = None, max: Any = None) -> Tensor:
        """No element below `min`, none above `max`; a bound that is None is no bound."""
        clipped: Tensor = protocols.clip(self, min, max)
        return clipped

    def argsort(self, axis: int = -1, **options: Any) -> Any:
        """The places of the elements in ascending order; plain integers, without gradient."""
        return self._primal.argsort(axis, **options)

    def argmax(self, axis: int | None = None, *, keepdims: bool = False) -> Any:
        """The places of the greatest elements; plain integers, without gradient."""
        return np.argmax(self._primal, axis, keepdims=keepdims)

    def argmin(self, axis: int | None = None, *, keepdims: bool = False) -> Any:
        """The places of the least elements; plain integers, without gradient."""
        return np.argmin(self._primal, axis, keepdims=keepdims)

    @classmethod
    def _apply(cls, op: Any, operands: Sequence[Any], params: dict[str, Any] | None = None) -> Tensor:
        if type(op) is Row:
            op = elementwise(op)
        if params is None:
            params = op.params
        recorded: list[Any] = []
        links: list[tuple[Node, int]] = []
        for position, operand in enumerate(operands):
            kind = type(operand)
            if kind is float or kind is int or (kind is _ndarray and operand.dtype is _FLOAT64):
                recorded.append(operand)
            elif isinstance(operand, Mask):
                recorded.append(operand._primal)  # it has no gradient: a constant
            elif isinstance(operand, Node):
                recorded.append(operand._primal)
                if op.row is not None and position >= len(op.rules):
                    name = op.row.names[position]
                    raise TypeError(f"{name} of {op.name}() is a constant parameter: pass {name}.data, not a node")
                if op.rules_for_all or op.rules[position] is not None:
                    links.append((operand, position))
            else:
                recorded.append(_constant(operand, op))
        return _record(op, tuple(recorded), tuple(links), params)

    def _watch(self) -> None:
        modes.watch(self, self._forget)

    def _forget(self) -> None:
        self.op = None
        self.recorded = self.links = ()
        self.params = _NO_PARAMS

    def _pull(self, gradient: Any, as_graph: bool, careful: bool) -> list[tuple[Node, Any]]:
        return pull(self, self.links, self.recorded, self.params, gradient, as_graph, careful)

    __array_ufunc__ = protocols.array_ufunc
    __array_function__ = protocols.array_function

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        raise TypeError(
            "a Tensor does not turn into an array by itself, because its gradient would be lost; write t.data for "
            "the array, or call NumPy's functions on the Tensor itself; of a list of Tensors np.stack makes one"
        )

    def __getitem__(self, index: Any) -> Tensor:
        return getitem(self, _plain_index(index))  # type: ignore[no-any-return]

    def __setitem__(self, index: Any, value: Any) -> None:
        raise TypeError(
            "a Tensor cannot be changed in place, because what was computed from it would not follow; "
            "write t = t.at[index].set(value) or t.at[index].add(value)"
        )

    def __iter__(self) -> Iterator[Tensor]:
        if not self.ndim:
            raise TypeError("iteration over a 0-d Tensor")
        return (self[i] for i in range(len(self._primal)))

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("len() of a 0-d Tensor")
        return len(self._primal)

    def __bool__(self) -> bool:
        if self.size != 1:
            raise ValueError(f"the truth of a Tensor of shape {self.shape} is ambiguous; use .all() or .any()")
        return bool(self._primal)

    def __float__(self) -> float:
        raise TypeError(
            "a Tensor does not turn into a plain number, because its gradient would be lost; use the Tensor as it is, "
            "t.item() for the number alone, and np.sin(t) or t.sin() in place of math.sin(t)"
        )

    __int__ = __complex__ = __index__ = __float__
    __hash__ = object.__hash__  # identity: equal data does not make two nodes one

    def __contains__(self, value: Any) -> bool:
        return bool((self._primal == getattr(value, "data", value)).any())

    def __format__(self, spec: str) -> str:
        if spec and self.size != 1:
            return np.array2string(self._primal, separator=", ", formatter={"all": lambda each: format(each, spec)})
        return format(self._primal.item(), spec) if spec else repr(self)

    def __repr__(self) -> str:
        text = np.array2string(self._primal, separator=", ", prefix=f"{type(self).__name__}(")
        dtype = "" if self.dtype in (np.float64, np.bool_) else f", dtype={self.dtype}"
        label = f", label={self.label!r}" if self.label else ""
        return f"{type(self).__name__}({text}{dtype}{label})"

    __copy__ = pickling.copy_node
    __deepcopy__ = pickling.deepcopy_node
    __reduce_ex__ = pickling.reduce_node

    if TYPE_CHECKING:  # the rows of the table and the operations on arrays

        def __getattr__(self, name: str) -> Callable[..., Tensor]: ...
        def __add__(self, other: Any) -> Tensor: ...
        def __radd__(self, other: Any) -> Tensor: ...
        def __sub__(self, other: Any) -> Tensor: ...
        def __rsub__(self, other: Any) -> Tensor: ...
        def __mul__(self, other: Any) -> Tensor: ...
        def __rmul__(self, other: Any) -> Tensor: ...
        def __truediv__(self, other: Any) -> Tensor: ...
        def __rtruediv__(self, other: Any) -> Tensor: ...
        def __floordiv__(self, other: Any) -> Tensor: ...
        def __rfloordiv__(self, other: Any) -> Tensor: ...
        def __mod__(self, other: Any) -> Tensor: ...
        def __rmod__(self, other: Any) -> Tensor: ...
        def __pow__(self, other: Any) -> Tensor: ...
        def __rpow__(self, other: Any) -> Tensor: ...
        def __matmul__(self, other: Any) -> Tensor: ...
        def __rmatmul__(self, other: Any) -> Tensor: ...
        def __neg__(self) -> Tensor: ...
        def __pos__(self) -> Tensor: ...
        def __abs__(self) -> Tensor: ...
        def __lt__(self, other: Any) -> Mask: ...
        def __le__(self, other: Any) -> Mask: ...
        def __gt__(self, other: Any) -> Mask: ...
        def __ge__(self, other: Any) -> Mask: ...


class Mask(Tensor):
    """A boolean Tensor, as comparisons make it. It has no gradient; as an operand it is a constant."""

    __slots__ = ()

    def __new__(cls, data: Any) -> Mask:  # noqa: D102
        made: Mask = _new(cls)
        made._primal = np.asarray(data)
        made.op = made.grad = made._about = None
        made.retains = False
        made.recorded = made.links = ()
        made.params = _NO_PARAMS
        made.number = tick()
        return made

    def sum(self, *args: Any, **kwargs: Any) -> Any:
        """How many elements are true."""
        return self._primal.sum(*args, **kwargs)

    def mean(self, *args: Any, **kwargs: Any) -> Any:
        """The share of elements that are true."""
        return self._primal.mean(*args, **kwargs)

    def nonzero(self) -> Any:
        """The places of the elements that are true, as NumPy gives them."""
        return self._primal.nonzero()

    def astype(self, dtype: Any) -> Any:
        """A plain array of another dtype."""
        return self._primal.astype(dtype)

    def copy(self) -> Mask:
        """The same, with data of its own."""
        return Mask(self._primal.copy())

    def __float__(self) -> float:
        return float(self._primal)

    def __int__(self) -> int:
        return int(self._primal)

    def __index__(self) -> int:
        return self._primal.__index__()

    def backward(self, *args: Any, **kwargs: Any) -> None:
        """Raise TypeError: nothing flows through a comparison."""
        raise TypeError("backward() of a comparison: a boolean Tensor has no gradient")

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.asarray(self._primal, dtype)

    def __and__(self, other: Any) -> Mask:
        return Mask(self._primal & np.asarray(other))

    def __or__(self, other: Any) -> Mask:
        return Mask(self._primal | np.asarray(other))

    def __xor__(self, other: Any) -> Mask:
        return Mask(self._primal ^ np.asarray(other))

    def __invert__(self) -> Mask:
        return Mask(~self._primal)

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__


class At:
    """A place in a Tensor, from ``t.at[index]``."""

    def __init__(self, tensor: Tensor) -> None:
        self._tensor = tensor
        self._index: Any = ...

    def __getitem__(self, index: Any) -> At:
        place = At(self._tensor)
        place._index = _plain_index(index)
        return place

    def set(self, value: Any) -> Tensor:
        """A copy of the Tensor in which the value stands at the index; gradients flow to both."""
        return set_at(self._tensor, value, self._index)  # type: ignore[no-any-return]

    def add(self, value: Any) -> Tensor:
        """A copy of the Tensor with the value added at the index; what is indexed twice gets it twice."""
        return add_at(self._tensor, value, self._index)  # type: ignore[no-any-return]


def array(data: Any, dtype: Any = None, **options: Any) -> Any:
    """What `numpy.array` makes, but a Tensor, with gradients, where there are nodes in the nested lists; `options` are
    NumPy's, and but for `ndmin` they mean nothing to a Tensor.

    >>> array([Value(1.0), 2.0])
    Tensor([1., 2.])
    """
    if isinstance(data, Node):
        made = data if isinstance(data, Tensor) else stack([data]).reshape(())
    elif isinstance(data, (list, tuple)) and holds_nodes(data):
        made = stack([each if isinstance(each, Node) else array(each) for each in data])
    else:
        return np.array(data, dtype, **options)
    if options.get("ndmin", 0) > made.ndim:
        made = made[(None,) * (options["ndmin"] - made.ndim)]
    return made if dtype is None or made.dtype == dtype else made.astype(dtype)


def holds_nodes(data: Any) -> bool:
    """Whether there is a node in a nested list or tuple."""
    return any(isinstance(each, Node) or (isinstance(each, (list, tuple)) and holds_nodes(each)) for each in data)


def _checked(data: Any) -> NDArray[Any]:
    if isinstance(data, Node):
        raise TypeError(
            f"Tensor() of {kind_of(data)}: it is in a graph already; use it as it is, t.detach() for a new leaf, "
            "or v.to_tensor() for a Tensor of a Value"
        )
    try:
        made = np.asarray(data)
    except ValueError as error:
        raise ValueError(f"Tensor() of a ragged list: all rows need the same length ({error})") from None
    _check_unmasked(data)
    if made.dtype.kind == "f":
        return made
    if made.dtype.kind in "iub":
        return made.astype(np.float64)
    raise TypeError(f"a Tensor holds real numbers, not {made.dtype} data such as {kind_of(data)}")


def _constant(operand: Any, op: Primitive) -> Any:
    """A constant operand as NumPy takes it."""
    _check_unmasked(operand)
    made = np.asarray(operand)
    if made.dtype.kind not in "fiub":
        raise TypeError(f"{op.name}() of a Tensor and {kind_of(operand)}: expected nodes, real numbers or real arrays")
    return made if made.ndim or isinstance(operand, np.ndarray) else made[()]


def _check_unmasked(data: Any) -> None:
    mask = getattr(data, "mask", None)
    if mask is not None and np.any(mask):
        raise TypeError("an array with masked entries would lose its mask: fill them first, as in x.filled(0.0)")


def _plain_index(index: Any) -> Any:
    if isinstance(index, tuple):
        return tuple(map(_plain_index, index))
    if isinstance(index, Mask):
        return index._primal
    if isinstance(index, Node):
        raise IndexError(
            f"an index is made of integers, slices and boolean arrays, not {kind_of(index)}; if it holds whole "
            "numbers, use t.data.astype(int)"
        )
    if isinstance(index, list):
        index = np.asarray(index, dtype=None if index else int)
    if isinstance(index, np.ndarray) and index.dtype.kind not in "iub":
        raise IndexError(f"an index array needs an integer or boolean dtype, not {index.dtype}")
    return index


def _record(
    op: Primitive, recorded: tuple[Any, ...], links: tuple[tuple[Node, int], ...], params: dict[str, Any]
) -> Tensor:
    """The new node that an operation makes of its operands, given their arrays and which of them are nodes."""
    token = hush()
    try:
        if params is op.params and not op.is_special:  # the defaults are the forward's own, and names take time
            z = op.forward(recorded[0], recorded[1]) if len(recorded) == 2 else op.forward(*recorded)
        elif op.takes_sequence:
            z = op.forward(recorded, **params)
        elif op.keeping:
            z, kept = op.keeping(*recorded, **params)
            recorded = (*recorded, *kept)
        else:
            z = op.forward(*recorded, **params)
    except ValueError as error:
        if type(error) is not ValueError:  # an axis out of range, a singular matrix: NumPy's own error says it
            raise
        shapes = " and ".join(str(np.shape(each)) for each in recorded)
        raise ValueError(f"{op.name}() of shape{'s' * (len(recorded) > 1)} {shapes}: {error}") from None
    finally:
        unhush(token)
    if type(z) is not _ndarray:
        z = np.asarray(z)
    if z.dtype is not _FLOAT64 and z.dtype.kind != "f":
        return Mask(z)
    out = _new(Tensor)
    out._primal = z
    out.op = op
    out.recorded = recorded
    out.links = links
    out.params = params
    out.grad = out._about = None
    out.retains = False
    out.number = next(numbers)
    if modes.active:
        out._watch()
    return out


def _binary(op: Primitive, reflected: bool = False) -> Callable[..., Any]:
    """An operation on two operands as a method."""
    mine, its = (1, 0) if reflected else (0, 1)

    def method(self: Tensor, other: Any) -> Any:
        kind = type(other)
        if kind is Tensor:
            array = other._primal
        elif kind is float or kind is int or (kind is _ndarray and other.dtype is _FLOAT64):
            array = other
        elif isinstance(other, (str, bytes, complex, dict, set, type(None))):
            return NotImplemented
        else:
            if isinstance(other, np.matrix) and op.name == "mul" and self.ndim:
                raise TypeError(
                    "m * t of a numpy.matrix would be the product of matrices: write m @ t for that, or "
                    "np.asarray(m) * t for the product of the elements"
                )
            return Tensor._apply(op, (other, self) if reflected else (self, other))
        if type(self) is Mask:
            return Tensor._apply(op, (other, self) if reflected else (self, other))
        links = ((self, mine), (other, its)) if kind is Tensor else ((self, mine),)
        return _record(op, (array, self._primal) if reflected else (self._primal, array), links, op.params)

    return method


def _unary(op: Primitive) -> Callable[..., Any]:
    """An operation on one operand as a method."""

    def alone(self: Tensor) -> Any:
        if type(self) is Mask:
            return Tensor._apply(op, (self,))
        return _record(op, (self._primal,), ((self, 0),), op.params)

    def with_params(self: Tensor, *args: Any, **kwargs: Any) -> Any:
        if args or kwargs or type(self) is Mask:
            return OPERATIONS[op.name](self, *args, **kwargs)
        return _record(op, (self._primal,), ((self, 0),), op.params)

    return with_params if op.params else alone


def _comparison(ufunc: Any) -> Callable[[Tensor, Any], Any]:
    def method(self: Tensor, other: Any) -> Any:
        if isinstance(other, (str, bytes, dict, set, type(None))):
            return NotImplemented
        return protocols.array_ufunc(self, ufunc, "__call__", self, other)

    return method


def _delegate(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def method(self: Tensor, *args: Any, **kwargs: Any) -> Any:
        return function(self, *args, **kwargs)

    return method


def _shortest(name: str, reflected: bool = False) -> Callable[..., Any]:
    """A row of the table or an operation as a method, by the shortest way there is."""
    row, function = ROWS.get(name), OPERATIONS.get(name)
    if row is not None and len(row.names) <= 2 and not row.params:
        op = elementwise(row)
        return _unary(op) if len(row.names) == 1 else _binary(op, reflected)
    own: Primitive | None = getattr(function, "op", None)
    if own is not None and not own.takes_sequence and inspect.Parameter.empty not in own.params.values():
        if len(own.rules) == 1:
            return _unary(own)
        if len(own.rules) == 2 and not own.params:
            return _binary(own, reflected)
    return _delegate(function or FUNCTIONS[name])


def _made_on_first_use(method_name: str, name: str, reflected: bool = False) -> None:
    """Put a stub on Tensor that makes the method when it is first called, and takes its place."""
    function = OPERATIONS.get(name) or FUNCTIONS[name]

    @wraps(function)
    def stub(*args: Any, **kwargs: Any) -> Any:
        method = wraps(function)(_shortest(name, reflected))
        setattr(Tensor, method_name, method)
        return method(*args, **kwargs)

    setattr(Tensor, method_name, stub)


Node.array_kind = Tensor
for _name, _dunder in {**OPERATORS, "matmul": "matmul"}.items():
    _made_on_first_use(f"__{_dunder}__", _name)
    if _name not in ("neg", "pos", "abs"):
        _made_on_first_use(f"__r{_dunder}__", _name, reflected=True)
for _ufunc, _dunder in protocols.COMPARISONS.items():
    setattr(Tensor, f"__{_dunder}__", _comparison(_ufunc))
# every row of the table, and every operation on arrays that takes the array first, is a method too
for _name in {**FUNCTIONS, **OPERATIONS}:
    if not hasattr(Tensor, _name) and _name not in ("concatenate", "stack", "vstack", "hstack", "einsum"):
        _made_on_first_use(_name, _name)
