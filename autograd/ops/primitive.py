"""What an operation on arrays is made of, and how its rules are applied."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, wraps
from itertools import chain, repeat
from operator import is_
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np

from autograd import nans
from autograd.formula import Row
from autograd.functions import FUNCTIONS
from autograd.node import Node
from autograd.readers import arrays, nodes
from autograd.tree import flatten

_F = TypeVar("_F", bound=Callable[..., Any])


class Leaves(NamedTuple):
    """The leaves that all calls of one compiled function have as operands, known by the identity of this tuple or of
    these links. `are_untouched` tells whether none has a gradient yet, `put` sets the gradients of all."""

    nodes: tuple[Node, ...]
    links: tuple[tuple[Node, int], ...]
    are_untouched: Callable[[], bool]
    put: Callable[[Sequence[Any]], None]


@dataclass(eq=False)
class Primitive:
    """An operation on arrays: its forward, and for each operand a rule ``g, z, *operands, **params`` → share of ``g``.

    A rule gets arrays, or nodes where a graph of gradients is asked for. An operation on a sequence of operands has
    one rule for all of them, which gets the position first.
    """

    name: str
    forward: Callable[..., Any]
    rules: Sequence[Callable[..., Any] | None]
    takes_sequence: bool = False
    symbol: str = ""
    row: Row | None = None
    params: dict[str, Any] = field(default_factory=dict)  # names and defaults
    joint_rule: Callable[..., Any] | None = None  # one rule that returns the shares of all operands
    hands_back_new: bool = False  # whether these shares are new arrays of the operands' own shapes and dtypes
    is_product: bool = False  # whether a share is a sum of products of the upstream gradient and the other operands
    passes_on_nan: bool = False  # whether no nan among the operands is left out of the result, and rules only ask NumPy
    # the forward of a node: returns the result, and a tuple of what its rules get behind the operands
    keeping: Callable[..., Any] | None = None
    leaves: Leaves | None = None  # the operands of every node of it, where these are distinct leaves

    def __post_init__(self) -> None:
        self.symbol = self.symbol or self.name
        self.is_special = self.takes_sequence or self.keeping is not None
        self.rules_for_all = self.takes_sequence or self.joint_rule is not None
        self.rules_know_defaults = all(_has_defaults(rule, self.params) for rule in self.rules)

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def __reduce__(self) -> Any:
        if self.row is not None:
            return elementwise, (self.row,)
        if PRIMITIVES.get(self.name) is self:
            return _named, (self.name,)
        raise TypeError(f"a graph with {self.name}() in it cannot be pickled, because its rules are known here alone")


def _has_defaults(rule: Any, params: dict[str, Any]) -> bool:
    """Whether a rule does the same without these parameters: they are its own defaults."""
    if not params:
        return True
    defaults, code = getattr(rule, "__defaults__", None) or (), getattr(rule, "__code__", None)
    if len(defaults) < len(params) or code is None:
        return False
    names = code.co_varnames[: code.co_argcount]
    return names[-len(params) :] == tuple(params) and all(map(is_, defaults[-len(params) :], params.values()))


def _named(name: str) -> Primitive:
    return PRIMITIVES[name]


PRIMITIVES: dict[str, Primitive] = {}
OPERATIONS: dict[str, Callable[..., Any]] = {}  # by name, as functions of arrays or nodes
BY_NUMPY: dict[Any, Callable[..., Any]] = {}  # the same by the NumPy function that they stand for


def primitive(
    *numpy: Any,
    takes_sequence: bool = False,
    symbol: str = "",
    internal: bool = False,
    is_product: bool = False,
    passes_on_nan: bool = False,
    keeping: Callable[..., Any] | None = None,
    **rules: Any,
) -> Callable[[Callable[..., Any]], Any]:
    """Make an operation of a forward on arrays: ``@primitive(np.sum, dx=lambda g, z, x: …)``.

    The rules are named after the forward's first parameters, its operands; the others are constants. `numpy` are the
    NumPy functions that call it when they meet a node. What is `internal` is no public function. It `is_product` if its
    rules multiply the upstream gradient with the other operands and add up, and do nothing else. It `passes_on_nan` if
    every nan among its operands is in the result, and its rules are made of elementwise functions and sums of NumPy.
    `keeping` is the forward of a node: it returns the result, and a tuple of what its rules get behind the operands.
    """

    def make(forward: Callable[..., Any]) -> Any:
        name = forward.__name__.strip("_")
        signature, count = inspect.signature(forward), len(rules)
        parameters = signature.parameters
        assert [f"d{each}" for each in parameters][:count] == list(rules), f"rules of {name}: {list(rules)}"
        params = {each: p.default for each, p in list(parameters.items())[count:]}
        op = Primitive(
            name, forward, tuple(rules.values()), takes_sequence, symbol, None, params, is_product=is_product,
            passes_on_nan=passes_on_nan, keeping=keeping,
        )  # fmt: skip
        operation = _operation(op, signature)
        PRIMITIVES[name] = op
        if not internal:
            OPERATIONS[name] = operation
        BY_NUMPY.update(dict.fromkeys(numpy, operation))
        return operation

    return make


def function(*numpy: Any) -> Callable[[_F], _F]:
    """Register a function that is composed of operations, rather than one itself."""

    def make(composed: _F) -> _F:
        takes_lists = taking_lists(composed)
        OPERATIONS[composed.__name__.strip("_")] = takes_lists
        BY_NUMPY.update(dict.fromkeys(numpy, takes_lists))
        return takes_lists

    return make


# what the parameters are called that are operands, or sequences of operands, in functions composed of others; those
# that NumPy calls have its names
_OPERANDS = set("x y a b f p m v start stop val values weights ary arr x1 x2 xp fp".split())
_SEQUENCES = set("arrays tup choicelist".split())


def taking_lists(composed: _F) -> _F:
    """The function with lists among its operands made arrays, or nodes where they hold nodes."""
    parameters = inspect.signature(composed).parameters.values()
    names = [each.name for each in parameters if each.kind is each.POSITIONAL_OR_KEYWORD]
    rest = "x" if any(each.kind is each.VAR_POSITIONAL for each in parameters) else ""  # for all later positions

    def taken(name: str, given: Any) -> Any:
        if not isinstance(given, (list, tuple)):
            return given
        if name in _SEQUENCES:
            return [taken("x", each) for each in given]
        return _gathered(given) if name in _OPERANDS else given

    @wraps(composed)
    def takes_lists(*args: Any, **kwargs: Any) -> Any:
        for each in (*args, *kwargs.values()) if kwargs else args:
            if isinstance(each, (list, tuple)):
                break
        else:
            return composed(*args, **kwargs)
        args = tuple(map(taken, chain(names, repeat(rest)), args))
        return composed(*args, **{name: taken(name, each) for name, each in kwargs.items()})

    return cast(_F, takes_lists)


def _operation(op: Primitive, signature: inspect.Signature) -> Callable[..., Any]:
    count = len(op.rules)
    operand_names, parameters = list(signature.parameters)[:count], list(signature.parameters.values())[count:]
    names = [each.name for each in parameters if each.kind is each.POSITIONAL_OR_KEYWORD]
    # the parameters that are still free where so many of them were given by position
    free = [op.params.keys() - names[:given] for given in range(len(names) + 1)]

    @wraps(op.forward)
    def operation(*args: Any, **kwargs: Any) -> Any:
        if len(args) == count and not kwargs and not op.takes_sequence:  # the shortest way for the most frequent case
            for operand in args:
                if isinstance(operand, Node):
                    return Node.array_kind._apply(op, args, op.params)
        for operand in args[0] if op.takes_sequence and args else args[:count]:
            if isinstance(operand, Node):
                break
        else:
            if not op.takes_sequence:
                args = (*map(_gathered, args[:count]), *args[count:])
            if not any(isinstance(each, Node) for each in (*args, *kwargs.values())):
                return op.forward(*args, **kwargs)
        given = len(args)
        if not count <= given <= count + len(names) or (kwargs and not kwargs.keys() <= free[given - count]):
            try:
                signature.bind(*args, **kwargs)
            except TypeError as error:
                untyped = [each.replace(annotation=each.empty) for each in signature.parameters.values()]
                raise TypeError(f"{op.name}() {error}; it is {op.name}{inspect.Signature(untyped)}") from None
            args = (*args, *(kwargs.pop(name) for name in operand_names[given:]))
        params = op.params
        if given == count + 1:  # such as an axis: a third of the time
            params = {**params, names[0]: args[count]}
        elif given > count:
            params = params | dict(zip(names, args[count:], strict=False))
        if kwargs:
            params = params | kwargs
        operands = tuple(args[0]) if op.takes_sequence else args[:count]
        return Node.array_kind._apply(op, operands, params)

    operation.__qualname__ = operation.__name__ = op.name
    operation.op = op  # type: ignore[attr-defined]
    return operation


def _gathered(operand: Any) -> Any:
    """An array, or a node where the list or iterator holds nodes."""
    if isinstance(operand, Iterator):
        operand = list(operand)
    if isinstance(operand, (list, tuple)) and any(isinstance(each, Node) for each in flatten(operand)[0]):
        return Node.array_kind(operand)
    return np.asarray(operand)


@cache
def elementwise(row: Row) -> Primitive:
    """A row of the table as an operation on arrays."""
    return Primitive(
        name=row.name,
        forward=arrays.forward(row),
        rules=[arrays.vjp(row, index) for index in range(len(row.args))],
        symbol=row.symbol,
        row=row,
        passes_on_nan=not row.params and len(row.args) < 4 and nans.passes_on(arrays.forward(row), len(row.args)),
    )


def pull(
    node: Any, links: Sequence[tuple[Node, int]], recorded: Sequence[Any], params: dict[str, Any],
    gradient: Any, as_graph: bool, careful: bool,
) -> list[tuple[Node, Any]]:  # fmt: skip
    """What a node hands back to its operands that are nodes, for an upstream gradient.

    `careful` takes the product of the chain rule so that a zero wins even against inf and nan.
    """
    op: Primitive = node.op
    z, given = (node, node.inputs) if as_graph else (getattr(node, "_result", node.data), recorded)
    if as_graph:
        for operand, _ in links:
            nodes.check_unchanged(node, operand)
    if op.joint_rule is not None:
        shares = op.joint_rule(gradient, z, given, as_graph=as_graph, **params)
        return [(operand, shares[position]) for operand, position in links]
    if op.row is not None and (as_graph or careful):
        reader = nodes if as_graph else arrays
        if not as_graph:
            given = tuple(map(np.asarray, given))  # Python's own 1 / 0 would raise
        times = FUNCTIONS["chain_product"] if careful else _times
        return [(operand, times(gradient, reader.partial(op.row, i)(z, *given))) for operand, i in links]

    def share(position: int, gradient: Any, given: Sequence[Any]) -> Any:
        if op.takes_sequence:
            return op.rules[0](position, gradient, z, given, **params)  # type: ignore[misc]
        return op.rules[position](gradient, z, *given, **params)  # type: ignore[misc]

    if careful and op.is_product:
        return [(operand, zero_wins(share, position, gradient, given)) for operand, position in links]
    return [(operand, share(position, gradient, given)) for operand, position in links]


def zero_wins(share: Callable[..., Any], position: int, gradient: Any, given: Sequence[Any]) -> Any:
    """What `share` makes of a position, the upstream gradient and the operands, where that is a sum of their products
    and a zero wins: an element is inf or nan only if some product of it has no zero in it."""
    plain = share(position, gradient, given)
    if np.isfinite(_numbers(plain)).all():
        return plain
    factors = [gradient, *given]
    finite = [np.isfinite(_numbers(factor)) for factor in factors]
    nonzero = [(_numbers(factor) != 0).astype(float) for factor in factors]
    reached = np.zeros(())
    for i, each in enumerate(finite):
        if i != position + 1 and not each.all():
            marks = [*nonzero[:i], (~each).astype(float), *nonzero[i + 1 :]]
            reached = reached + share(position, marks[0], marks[1:])
    where = FUNCTIONS["where"]
    gradient, *given = (where(each, factor, 0.0) for each, factor in zip(finite, factors, strict=True))
    return where(reached > 0, plain, share(position, gradient, given))


def _numbers(operand: Any) -> Any:
    return operand.data if isinstance(operand, Node) else np.asarray(operand)


def _times(gradient: Any, local: Any) -> Any:
    if not isinstance(local, Node) and np.ndim(local) == 0:
        if local == 0:
            return 0.0
        if local == 1:
            return gradient
    return gradient * local
