"""Functions of functions: gradients, Jacobians, Hessians, products with them. Names and arguments are HIPS autograd's.

A float argument runs on `Value`, an array on `Tensor`; arguments may be nested dicts, lists and tuples of them. The
results are plain floats and arrays, but nodes where the function reached nodes from outside, among them the arguments
of an outer transform: so transforms nest, to any order. The `.grad` of nodes is never touched.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from autograd import backward, modes
from autograd.functions import FUNCTIONS
from autograd.node import Node, taken, tick
from autograd.ops.primitive import Primitive
from autograd.ops.shape import data_of, shape_of, stack
from autograd.plain import constant, kind_of, positions
from autograd.tensor import Mask, Tensor, array
from autograd.tree import flatten, matched
from autograd.value import Value

ArgNum = int | tuple[int, ...]


def grad(f: Callable[..., Any], argnum: ArgNum = 0) -> Callable[..., Any]:
    """The gradient of a scalar function with respect to an argument, or a tuple of arguments.

    >>> grad(lambda x: x ** 3)(2.0)
    12.0
    >>> grad(grad(np.exp))(0.0)
    1.0
    """

    @_named("grad", f)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        return _value_and_gradient(f, argnum, args, kwargs)[1]

    return gradient


def value_and_grad(f: Callable[..., Any], argnum: ArgNum = 0) -> Callable[..., Any]:
    """A function that returns the value of f and its gradient; `scipy.optimize.minimize(…, jac=True)` takes it.

    >>> value_and_grad(lambda x: (x * x).sum())(np.array([1.0, 2.0]))
    (5.0, array([2., 4.]))

    Raises TypeError if f does not return a scalar.
    """

    @_named("value_and_grad", f)
    def both(*args: Any, **kwargs: Any) -> Any:
        return _value_and_gradient(f, argnum, args, kwargs)

    return both


def _value_and_gradient(f: Callable[..., Any], argnum: ArgNum, args: Any, kwargs: Any) -> tuple[Any, Any]:
    pullback, value = _pulled_back(f, argnum, args, kwargs)
    shape = shape_of(value)
    if math.prod(shape) != 1:
        raise TypeError(
            f"a gradient needs a function that returns a scalar, not one that returns shape {shape}; "
            "use jacobian(), or reduce the result, as with np.sum"
        )
    gradient = pullback(np.ones(shape) if shape else 1.0)
    return value if isinstance(value, Node) else float(np.reshape(value, ()) if shape else value), gradient


def elementwise_grad(f: Callable[..., Any], argnum: ArgNum = 0) -> Callable[..., Any]:
    """The gradient of the sum of what f returns: the derivative of every element, where an element of the result
    depends on the same element of the argument alone.

    >>> elementwise_grad(np.tanh)(np.array([0.0, 100.0]))
    array([1., 0.])
    """

    @_named("elementwise_grad", f)
    def slopes(*args: Any, **kwargs: Any) -> Any:
        pullback, value = _pulled_back(f, argnum, args, kwargs)
        return pullback(np.ones(shape_of(value)))

    return slopes


def make_vjp(f: Callable[..., Any], argnum: ArgNum = 0) -> Callable[..., Any]:
    """A function that returns ``vjp, value``: the value of f, and the function that carries an upstream gradient of
    the value's shape back to the argument (vector-Jacobian product).

    >>> vjp, value = make_vjp(np.sin)(np.array([0.0, np.pi]))
    >>> vjp(np.array([1.0, 2.0]))
    array([ 1., -2.])
    """

    @_named("make_vjp", f)
    def run(*args: Any, **kwargs: Any) -> Any:
        return _pulled_back(f, argnum, args, kwargs)

    return run


def _pulled_back(f: Callable[..., Any], argnum: ArgNum, args: Any, kwargs: Any) -> tuple[Callable[[Any], Any], Any]:
    leaves, rebuild, result = _traced(f, argnum, args, kwargs)
    inner = _is_closed(result, leaves)

    def vjp(upstream: Any) -> Any:
        return rebuild(_shares(result, upstream, leaves, as_graph=not inner or isinstance(upstream, Node)))

    return vjp, (_plain(result) if inner else result)


def make_jvp(f: Callable[..., Any], argnum: ArgNum = 0) -> Callable[..., Any]:
    """A function that returns ``jvp``, which carries a tangent of the argument's structure forward: ``jvp(v)`` is
    ``value, Jacobian @ v``.

    The pull back is linear in the upstream gradient; what carries *its* gradients back carries tangents forward.

    >>> make_jvp(np.sin)(0.0)(2.0)
    (0.0, 2.0)
    """

    @_named("make_jvp", f)
    def run(*args: Any, **kwargs: Any) -> Any:
        def jvp(tangent: Any) -> Any:
            leaves, rebuild, result = _traced(f, argnum, args, kwargs)
            inner = _is_closed(result, leaves)
            value = _plain(result) if inner else result
            if not isinstance(result, Node):
                return value, np.zeros(np.shape(result)) if np.shape(result) else 0.0
            upstream = _fresh(_zeros(result))
            tangents = _matched(tangent, rebuild(leaves))
            pulled = _shares(result, upstream, leaves, as_graph=True)
            outputs = [
                (each, _like(each, v)) for each, v in zip(pulled, tangents, strict=True) if isinstance(each, Node)
            ]
            inner = inner and not any(isinstance(v, Node) for v in tangents)
            found = backward.gradients(outputs, as_graph=not inner, stop={upstream, *leaves})
            return value, found.get(upstream, _zeros(result))

        return jvp

    return run


def jacobian(f: Callable[..., Any], argnum: ArgNum = 0) -> Callable[..., Any]:
    """All derivatives of a function: an array of the shape of the value followed by the shape of the argument.

    >>> jacobian(lambda x: x * x)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """

    @_named("jacobian", f)
    def all_derivatives(*args: Any, **kwargs: Any) -> Any:
        leaves, rebuild, result = _traced(f, argnum, args, kwargs)
        as_graph = not _is_closed(result, leaves)
        shape = shape_of(result)
        if not shape:
            return rebuild(_shares(result, 1.0, leaves, as_graph))
        rows = []
        for place in np.ndindex(shape):
            upstream = np.zeros(shape)
            upstream[place] = 1.0
            rows.append(_shares(result, upstream, leaves, as_graph))
        join = stack if as_graph else np.stack
        return rebuild(
            (join(list(entries)).reshape(shape + leaf.shape) if entries else np.zeros(shape + leaf.shape))
            for leaf, entries in zip(leaves, zip(*rows, strict=True) if rows else [()] * len(leaves), strict=True)
        )

    return all_derivatives


def hessian(f: Callable[..., Any], argnum: int = 0) -> Callable[..., Any]:
    """The second derivatives of a function: the Jacobian of its Jacobian.

    >>> hessian(lambda x: x[0] * x[1])(np.array([3.0, 4.0]))
    array([[0., 1.],
           [1., 0.]])
    """

    @_named("hessian", f)
    def all_second_derivatives(*args: Any, **kwargs: Any) -> Any:
        given = [args[index] for index in positions(argnum, len(args))]
        shapes = set(map(shape_of, flatten(given)[0]))
        if len(shapes) > 1 or any(isinstance(each, dict) for each in given):
            what = "several shapes" if len(shapes) > 1 else "a dict"
            raise TypeError(
                f"hessian() takes numbers and arrays of one shape, not {what}; put the parts into one array, or use "
                "hessian_vector_product(), which takes structures"
            )
        return jacobian(jacobian(f, argnum), argnum)(*args, **kwargs)

    return all_second_derivatives


def hessian_vector_product(f: Callable[..., Any], argnum: int = 0) -> Callable[..., Any]:
    """A function of the arguments of f and a vector of the argument's structure: the Hessian times the vector, for
    about the price of two gradients.

    >>> hessian_vector_product(lambda x: (x ** 3).sum())(np.array([1.0, 2.0]), np.array([1.0, 1.0]))
    array([ 6., 12.])
    """

    @_named("hessian_vector_product", f)
    def product(*args: Any, **kwargs: Any) -> Any:
        *given, vector = args

        def slope(*inner: Any) -> Any:
            _, gradients = _value_and_gradient(f, argnum, inner, kwargs)
            total: Any = 0.0
            for g, v in zip(flatten(gradients)[0], _matched(vector, gradients), strict=True):
                total = total + (g * v).sum() if shape_of(g) else total + g * v
            return total

        return grad(slope, argnum)(*given)

    return product


def checkpoint(f: Callable[..., Any]) -> Callable[..., Any]:
    """The function with its intermediate results forgotten and computed again in the backward pass: less memory, more
    time. What f uses of nodes outside gets its gradients too.

    >>> grad(checkpoint(lambda x: np.tanh(x) ** 2))(0.0)
    0.0

    Raises RuntimeError in the backward pass if f then comes to another result, as one that draws random numbers does.
    """

    @_named("checkpoint", f)
    def run(*args: Any, **kwargs: Any) -> Any:
        given, rebuild = flatten((args, kwargs))
        if not modes.is_recording():
            return f(*args, **kwargs)
        start = tick()
        own = {
            index: _fresh(each)
            for index, each in enumerate(given)
            if isinstance(each, Node) and not isinstance(each, Mask)
        }

        def recompute(operands: dict[int, Any]) -> Any:
            arguments, named = rebuild(operands.get(index, each) for index, each in enumerate(given))
            return f(*arguments, **named)

        result = recompute(own)
        if not isinstance(result, Node):
            return result
        captured = _captured(result, start, set(own.values()))
        numbers = [each.number for each in captured]
        operands = [*(given[index] for index in own), *captured]
        data, is_value = result.data, isinstance(result, Value)

        def shares(gradient: Any, z: Any, recorded: Any, as_graph: bool) -> list[Any]:
            for each, number in zip(captured, numbers, strict=True):
                if each.number != number:
                    raise RuntimeError(
                        f"{op.name} computes again with the data that was used, but .data of {each!r} was set since; "
                        "compute the output anew before backward()"
                    )
            with modes.enable_grad():
                fresh = {
                    index: _fresh(given[index]) if as_graph else _leaf(each)
                    for index, each in zip(own, recorded, strict=False)
                }
                again = recompute(fresh)
            if not _is_alike(data_of(again), data):
                raise RuntimeError(
                    f"{op.name} came to another result when it was computed again, so it has no gradient: its function "
                    "draws random numbers (draw them outside and pass them as arguments), or something was changed"
                )
            wanted = [*fresh.values(), *captured]
            return _shares(again, gradient, wanted, as_graph)

        op = Primitive(f"checkpoint({getattr(f, '__name__', 'f')})", lambda *_: data, (), joint_rule=shares)
        node = Tensor._apply(op, operands)
        return node.to_value() if is_value else node

    return run


def _is_alike(again: Any, before: Any) -> bool:
    """Whether two results differ by no more than rounding."""
    if np.shape(again) != np.shape(before):
        return False
    with np.errstate(all="ignore"):
        size = np.max(np.abs(before), initial=0.0, where=np.isfinite(before))
        rounding = 1000 * np.finfo(np.result_type(before)).eps
        return bool(np.allclose(again, before, rtol=rounding, atol=rounding * size, equal_nan=True))


def _captured(result: Node, start: float, leaves: set[Node]) -> list[Node]:
    """The nodes from before `start` that the result is or was computed from, the arguments aside."""
    if result.number < start:
        return [result]
    used = [
        operand
        for node in backward.reachable([result], leaves)
        if node not in leaves and node.number > start
        for operand in node.inputs
        if isinstance(operand, Node) and operand.number < start
    ]
    return list(dict.fromkeys(used))


def _named(transform: str, f: Callable[..., Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    if not callable(f):
        way_out = "; the gradient of a node is y.backward(), then x.grad" if isinstance(f, Node) else ""
        raise TypeError(f"{transform}() takes a function, not {kind_of(f)}{way_out}")

    def rename(function: Callable[..., Any]) -> Callable[..., Any]:
        name = getattr(f, "__name__", "f")
        function = wraps(f)(function) if hasattr(f, "__name__") else function
        function.__name__ = function.__qualname__ = f"{transform}({name})"
        return function

    return rename


def _leaf(data: Any) -> Node:
    number = constant(data) if not isinstance(data, np.ndarray) else None
    if number is not None:
        return Value(number)
    if isinstance(data, np.ndarray):
        return Tensor(data)
    raise TypeError(
        f"an argument to differentiate is a float, an array, or a dict, list or tuple of them, not {kind_of(data)}"
    )


def _fresh(data: Any) -> Node:
    """A node of its own for an argument: a leaf, or one linked to the node that was given."""
    return FUNCTIONS["pos"](data) if isinstance(data, Node) else _leaf(data)


def _traced(f: Callable[..., Any], argnum: ArgNum, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
    """Run f with fresh nodes for the arguments: those nodes, how to build the argument's structure, the result."""
    chosen = positions(argnum, len(args))
    given, rebuild = flatten(tuple(args[index] for index in chosen))
    with modes.enable_grad():
        leaves = [_fresh(each) for each in given]
        arguments = list(args)
        for index, each in zip(chosen, rebuild(leaves), strict=True):
            arguments[index] = each
        before = taken[0]
        result = f(*arguments, **kwargs)
    if not isinstance(result, Node) and taken[0] > before:
        warnings.warn(
            f"{getattr(f, '__name__', 'f')}() returned a plain number or array, and .item() or .tolist() was called in "
            f"it, at {modes.line_of_caller()}: what they return has no gradient. Return the node itself", stacklevel=2,
        )  # fmt: skip
    if isinstance(result, (list, tuple)):
        for each in result:
            if not isinstance(each, (Node, np.ndarray)) and constant(each) is None:
                raise TypeError(
                    f"a function to differentiate returns numbers, arrays or nodes, but {kind_of(each)} was among what "
                    "it returned; return the result alone"
                )
        if len(shapes := dict.fromkeys(map(shape_of, result))) > 1:
            raise ValueError(
                f"a function to differentiate returns one result, or several of one shape, not {kind_of(result)} of "
                f"shapes {' and '.join(map(str, shapes))}; return the result alone"
            )
        result = stack([each if isinstance(each, Node) else np.asarray(each, float) for each in result])
    if not isinstance(result, Node) and (constant(result) is None and not isinstance(result, np.ndarray)):
        raise TypeError(f"a function to differentiate returns a number, an array or a node, not {kind_of(result)}")

    def build(shares: Any) -> Any:
        built = rebuild(shares)
        return built if isinstance(argnum, tuple) else built[0]

    return leaves, build, result


def _is_closed(result: Any, leaves: list[Node]) -> bool:
    """Whether a result was computed from these leaves and later ones alone, and they are linked to nothing outside."""
    if not isinstance(result, Node):
        return True
    if any(leaf.op is not None for leaf in leaves):
        return False
    start = min((leaf.number for leaf in leaves), default=np.inf)  # what is younger, inner transforms have made
    stack, seen = [result], set()
    while stack:
        node = stack.pop()
        if node.op is None and node.number < start:
            return False
        if node not in seen:
            seen.add(node)
            stack += [each for each in node.inputs if isinstance(each, Node)]
    return True


def _shares(result: Any, upstream: Any, leaves: list[Node], as_graph: bool) -> list[Any]:
    """What an upstream gradient of the result makes of the leaves' gradients; zeros where there is no path."""
    if not isinstance(result, Node):
        return [*map(_zeros, leaves)]
    found = backward.gradients([(result, _like(result, upstream))], as_graph, stop=set(leaves))
    shares = [found[leaf] if leaf in found else _zeros(leaf) for leaf in leaves]
    return shares if as_graph else [*map(_plain, shares)]


def _matched(vector: Any, argument: Any) -> list[Any]:
    """What a tangent vector holds, in the order of the argument. Raises ValueError if structure or shapes differ."""
    vectors = list(map(_real, matched(vector, argument)))
    for v, leaf in zip(vectors, flatten(argument)[0], strict=True):
        if shape_of(v) != shape_of(leaf):
            raise ValueError(f"the tangent vector has shape {shape_of(v)} for an argument of shape {shape_of(leaf)}")
    return vectors


def _real(given: Any) -> Any:
    """A node, an array or a number, of which a list makes an array or a node. Raises TypeError for what is not real."""
    if isinstance(given, (list, tuple)):
        given = array(given)
    if not isinstance(given, Node) and np.asarray(given).dtype.kind not in "fiub":
        raise TypeError(f"a gradient or a vector is made of real numbers, not {kind_of(given)}")
    return given


def _like(node: Node, upstream: Any) -> Any:
    """An upstream gradient as the node's own kind of data."""
    upstream = _real(upstream)
    if shape_of(upstream) != node.shape:
        raise ValueError(f"the gradient has shape {shape_of(upstream)}, but the result has shape {node.shape}")
    if isinstance(upstream, Node):
        return upstream
    return float(upstream) if node.priority == 1 else np.asarray(upstream, node.dtype)


def _plain(result: Any) -> Any:
    data = data_of(result)
    return data if shape_of(data) else float(data)


def _zeros(node: Node) -> Any:
    return np.zeros(node.shape, node.dtype) if node.shape else 0.0
