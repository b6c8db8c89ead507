"""Shapes: the same elements in another arrangement, or repeated, or padded with zeros."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from autograd.node import Node
from autograd.ops.primitive import function, primitive

Axis: TypeAlias = int | tuple[int, ...] | None
Shape: TypeAlias = int | Sequence[int]


def shape_of(x: Any) -> tuple[int, ...]:
    """The shape of an array, a node, or a number: ()."""
    return getattr(x, "shape", ())


def data_of(x: Any) -> Any:
    """The array in a node, or the array itself."""
    return x.data if isinstance(x, Node) else x


def array_of(x: Any) -> Any:
    """A node as it is, anything else as an array."""
    return x if isinstance(x, Node) else np.asarray(x)


def float_dtype(*arrays: Any) -> Any:
    """The dtype of what is computed of these: single precision stays single."""
    return np.result_type(0.0, *map(data_of, arrays))


def axis_of(x: Any, axis: int) -> int:
    """An axis counted from the front. Raises numpy.exceptions.AxisError if there is no such axis."""
    rank = len(shape_of(x))
    if not isinstance(axis, (int, np.integer)):
        raise TypeError(f"an axis is an integer, not {axis!r}; several of them are a tuple")
    if not -rank <= axis < rank:
        raise np.exceptions.AxisError(axis, rank)
    return axis % rank


def plain_integers(given: Any) -> Any:
    """An integer or several, as NumPy takes them. A node raises its own TypeError: its gradient would be lost."""
    if isinstance(given, Node):
        node: Any = given
        return node.__index__()
    return [*map(plain_integers, given)] if isinstance(given, (list, tuple)) else given


def _summed(g: Any, z: Any, x: Any, shape: Shape) -> Any:
    return sum_to(g, shape_of(x))


@primitive(np.broadcast_to, dx=_summed)
def broadcast_to(x: Any, shape: Shape) -> Any:
    """The array repeated to a shape, as NumPy broadcasts; a new array, not a view.

    >>> broadcast_to(np.array([1.0, 2.0]), (2, 2))
    array([[1., 2.],
           [1., 2.]])
    """
    spread = np.empty(shape, x.dtype if isinstance(x, np.ndarray) else np.float64)
    spread[...] = x
    return spread


@primitive(internal=True, dx=lambda g, z, x, shape: broadcast_to(g, shape_of(x)))
def sum_to(x: Any, shape: tuple[int, ...]) -> Any:
    """The sum over everything that broadcasting would have added to a shape: the inverse pair of `broadcast_to`.

    >>> sum_to(np.ones((3, 2)), (2,))
    array([3., 3.])
    """
    extra = x.ndim - len(shape)
    axes = (*range(extra), *(extra + i for i, n in enumerate(shape) if n == 1 != x.shape[extra + i]))
    summed = np.add.reduce(x, axes) if axes else x
    return summed if summed.shape == shape else summed.reshape(shape)


@primitive(dx=lambda g, z, x: g)
def to_tensor(x: Any) -> Any:
    """A `Value` as a Tensor without axes, with gradient."""
    return np.asarray(x)


def _cast_back(g: Any, z: Any, x: Any, dtype: Any) -> Any:
    return astype(g, x.dtype)


@primitive(np.astype, dx=_cast_back)
def astype(x: Any, dtype: Any) -> Any:
    """In another float dtype."""
    if np.dtype(dtype).kind != "f":
        raise TypeError(f"astype({dtype}) would lose the gradient; use t.data.astype({np.dtype(dtype)})")
    return x.astype(dtype)


@primitive(np.reshape, dx=lambda g, z, x, shape: g.reshape(shape_of(x)))
def reshape(x: Any, shape: Shape) -> Any:
    """The same elements in another shape; one side may be -1.

    >>> reshape(np.arange(4.0), (2, 2))
    array([[0., 1.],
           [2., 3.]])
    """
    return np.reshape(x, shape)


@primitive(np.transpose, np.permute_dims,
           dx=lambda g, z, x, axes: g.transpose(None if axes is None else _inverse(axes)))  # fmt: skip
def transpose(x: Any, axes: Sequence[int] | None = None) -> Any:
    """The axes in another order, reversed unless given."""
    return np.transpose(x, axes)


@primitive(np.swapaxes, dx=lambda g, z, x, axis1, axis2: g.swapaxes(axis1, axis2))
def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    """Two axes exchanged."""
    return np.swapaxes(x, axis1, axis2)


def _moved_back(g: Any, z: Any, x: Any, source: Shape, destination: Shape) -> Any:
    return moveaxis(g, destination, source)


@primitive(np.moveaxis, dx=_moved_back)
def moveaxis(x: Any, source: Shape, destination: Shape) -> Any:
    """Axes moved to other places."""
    return np.moveaxis(x, source, destination)


@primitive(np.squeeze, dx=lambda g, z, x, axis: g.reshape(shape_of(x)))
def squeeze(x: Any, axis: Axis = None) -> Any:
    """Without axes of length one."""
    return np.squeeze(x, axis)


@primitive(np.expand_dims, dx=lambda g, z, x, axis: g.reshape(shape_of(x)))
def expand_dims(x: Any, axis: int | tuple[int, ...]) -> Any:
    """With new axes of length one."""
    return np.expand_dims(x, axis)


@primitive(np.ravel, dx=lambda g, z, x: g.reshape(shape_of(x)))
def ravel(x: Any) -> Any:
    """The elements in one row."""
    return np.ravel(x)


def _gathered(g: Any, z: Any, x: Any, places: Any, shape: tuple[int, ...]) -> Any:
    return gather(g, places)


@primitive(internal=True, dx=_gathered)
def scatter(x: Any, places: Any, shape: tuple[int, ...]) -> Any:
    """A new array of a shape, to which element i of x was added at its place: a number from 1, or 0 for nowhere."""
    summed = np.zeros(int(np.prod(shape)) + 1, x.dtype)
    np.add.at(summed, np.ravel(places), np.ravel(x))
    return summed[1:].reshape(shape)


@primitive(internal=True, dx=lambda g, z, x, places: scatter(g, places, shape_of(x)))
def gather(x: Any, places: Any) -> Any:
    """The elements of x at their places: numbers from 1, and 0 for a zero; the inverse pair of `scatter`."""
    return np.concatenate([np.zeros(1, x.dtype), np.ravel(x)])[places]


def _rearrangement(numpy_function: Callable[..., Any]) -> Callable[[Callable[..., Any]], Any]:
    """An operation that only moves, repeats or drops elements, or adds zeros. One rule serves them all: what it does
    to the numbers of the elements tells where each share of the gradient belongs."""

    def make(forward: Callable[..., Any]) -> Any:
        def dx(g: Any, z: Any, x: Any, **params: Any) -> Any:
            shape = shape_of(x)
            places = np.arange(1, np.prod(shape, dtype=int) + 1).reshape(shape)
            return scatter(g, forward(places, **params), shape)

        return primitive(numpy_function, dx=dx)(forward)

    return make


@_rearrangement(np.repeat)
def repeat(x: Any, repeats: Any, axis: int | None = None) -> Any:
    """Every element repeated."""
    return np.repeat(x, repeats, axis)


@_rearrangement(np.tile)
def tile(x: Any, reps: Shape) -> Any:
    """The whole array repeated."""
    return np.tile(x, plain_integers(reps))


@_rearrangement(np.flip)
def flip(x: Any, axis: Axis = None) -> Any:
    """The elements in reverse order along axes."""
    return np.flip(x, axis)


@_rearrangement(np.roll)
def roll(x: Any, shift: Shape, axis: Axis = None) -> Any:
    """The elements shifted along axes, those shifted out entering on the other side."""
    return np.roll(x, shift, axis)


@_rearrangement(np.rot90)
def rot90(x: Any, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Any:
    """Turned by k quarters."""
    return np.rot90(x, k, axes)


@_rearrangement(np.diag)
def diag(x: Any, k: int = 0) -> Any:
    """The k-th diagonal of a matrix, or the matrix with that diagonal."""
    return np.diag(x, k)


@_rearrangement(np.diagonal)
def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The diagonal of two axes, as the last axis."""
    return np.diagonal(x, offset, axis1, axis2)


@_rearrangement(np.triu)
def triu(x: Any, k: int = 0) -> Any:
    """The upper triangle, zeros below the k-th diagonal."""
    return np.triu(x, k)


@_rearrangement(np.tril)
def tril(x: Any, k: int = 0) -> Any:
    """The lower triangle, zeros above the k-th diagonal."""
    return np.tril(x, k)


@_rearrangement(np.pad)
def _pad(x: Any, pad_width: Any, mode: str = "constant") -> Any:
    return np.pad(x, pad_width, mode)  # type: ignore[call-overload]


@function(np.pad)
def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: float = 0.0) -> Any:
    """More elements at both ends of every axis: a constant, or as mode 'edge', 'reflect', 'symmetric', 'wrap' says.

    >>> pad(np.array([1.0, 2.0]), 1)
    array([0., 1., 2., 0.])

    Raises ValueError for other modes.
    """
    if mode not in ("constant", "edge", "reflect", "symmetric", "wrap"):
        raise ValueError(f"pad() has no derivative for mode={mode!r}; use constant, edge, reflect, symmetric or wrap")
    padded = _pad(x, pad_width, mode)
    if mode == "constant" and constant_values != 0:
        return padded + np.pad(np.zeros_like(data_of(x)), pad_width, constant_values=constant_values)
    return padded


def _join_rule(i: int, g: Any, z: Any, arrays: Sequence[Any], axis: int | None = 0) -> Any:
    sizes = [np.prod(shape_of(x), dtype=int) if axis is None else shape_of(x)[axis] for x in arrays]
    start = int(sum(sizes[:i]))
    along = 0 if axis is None else axis % g.ndim
    part = g[(slice(None),) * along + (slice(start, start + int(sizes[i])),)]
    return part.reshape(shape_of(arrays[i])) if axis is None else part


@primitive(np.concatenate, takes_sequence=True, darrays=_join_rule)
def concatenate(arrays: Sequence[Any], axis: int | None = 0) -> Any:
    """Arrays joined along an axis.

    >>> concatenate([np.ones(1), np.zeros(2)])
    array([1., 0., 0.])
    """
    return np.concatenate(arrays, axis)


@primitive(np.stack, takes_sequence=True,
           darrays=lambda i, g, z, arrays, axis: g[(slice(None),) * (axis % g.ndim) + (i,)])  # fmt: skip
def stack(arrays: Sequence[Any], axis: int = 0) -> Any:
    """Arrays or Values of one shape joined along a new axis.

    >>> from autograd import Value
    >>> stack([Value(1.0), Value(2.0)])
    Tensor([1., 2.])
    """
    return np.stack(arrays, axis)


@function(np.atleast_1d)
def atleast_1d(x: Any, *more: Any) -> Any:
    """With at least one axis; of several arrays a tuple."""
    if more:
        return tuple(map(atleast_1d, (x, *more)))
    return x if len(shape_of(x)) >= 1 else reshape(x, (1,))


@function(np.atleast_2d)
def atleast_2d(x: Any, *more: Any) -> Any:
    """With at least two axes; of several arrays a tuple."""
    if more:
        return tuple(map(atleast_2d, (x, *more)))
    return x if len(shape_of(x)) >= 2 else reshape(x, (1, -1))


@function(np.vstack)
def vstack(arrays: Sequence[Any]) -> Any:
    """Arrays stacked as rows."""
    return concatenate([atleast_2d(x) for x in arrays], axis=0)


@function(np.hstack)
def hstack(arrays: Sequence[Any]) -> Any:
    """Arrays stacked as columns; vectors end to end."""
    arrays = [atleast_1d(x) for x in arrays]
    return concatenate(arrays, axis=0 if len(shape_of(arrays[0])) == 1 else 1)


@function(np.array_split)
def array_split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """The array in parts along an axis: that many, the first ones longer if need be, or cut at the given indices."""
    axis = axis_of(x, axis)
    cut = np.array_split(np.arange(shape_of(x)[axis]), plain_integers(indices_or_sections))
    before = (slice(None),) * axis
    return [x[(*before, slice(part[0], part[-1] + 1) if len(part) else slice(0, 0))] for part in cut]


@function(np.split)
def split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """The array in parts along an axis: that many equal ones, or cut at the given indices.

    >>> [part.tolist() for part in split(np.arange(4.0), 2)]
    [[0.0, 1.0], [2.0, 3.0]]

    Raises ValueError if that many equal ones there cannot be; see `array_split`.
    """
    length = shape_of(x)[axis_of(x, axis)]
    if isinstance(indices_or_sections, (int, np.integer)) and length % indices_or_sections:
        raise ValueError(f"split() of {length} elements into {indices_or_sections} equal parts; use array_split()")
    return array_split(x, indices_or_sections, axis)


def _inverse(axes: Sequence[int]) -> list[int]:
    order: list[int] = np.argsort([axis % len(axes) for axis in axes]).tolist()
    return order
