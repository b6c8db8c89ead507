"""Elements picked by an index, put in their place, or put in order."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np

from autograd.functions import FUNCTIONS
from autograd.ops.primitive import function, primitive
from autograd.ops.shape import axis_of, data_of, reshape, shape_of


def is_basic(index: Any) -> bool:
    """Whether an index picks every element at most once by its form: numbers, slices, new axes, an ellipsis."""
    return all(
        isinstance(each, (int, np.integer, slice)) or each is None or each is Ellipsis
        for each in (index if isinstance(index, tuple) else (index,))
    )


def _put_back(g: Any, z: Any, x: Any, index: Any) -> Any:
    return put(g, index, shape_of(x))


@primitive(internal=True, dx=_put_back)
def getitem(x: Any, index: Any) -> Any:
    """``x[index]``: basic, integer or boolean indexing."""
    return x[index]


@primitive(internal=True, dx=lambda g, z, x, index, shape: getitem(g, index))
def put(x: Any, index: Any, shape: tuple[int, ...]) -> Any:
    """Zeros of a shape with x added at the index; what is indexed twice gets both: the inverse pair of `getitem`."""
    placed = np.zeros(shape, x.dtype)
    if is_basic(index):
        placed[index] = x
    else:
        np.add.at(placed, index, x)
    return placed


def _kept(g: Any, index: Any) -> Any:
    """The gradient without the places that were overwritten."""
    mask = np.ones(shape_of(g), bool)
    mask[index] = False
    return FUNCTIONS["where"](mask, g, 0.0)


@primitive(internal=True, dx=lambda g, z, x, y, index: _kept(g, index), dy=lambda g, z, x, y, index: getitem(g, index))
def set_at(x: Any, y: Any, index: Any) -> Any:
    """A copy of x in which y stands at the index; see `Tensor.at`.

    Raises IndexError if the index picks an element twice, where the result would depend on the order.
    """
    if not is_basic(index):
        times = np.zeros(x.shape, int)
        np.add.at(times, index, 1)
        if (times > 1).any():
            raise IndexError("at[…].set() with an index that picks an element twice; use add() or make it unique")
    changed = np.array(x)
    changed[index] = y
    return changed


@primitive(internal=True, dx=lambda g, z, x, y, index: g, dy=lambda g, z, x, y, index: getitem(g, index))
def add_at(x: Any, y: Any, index: Any) -> Any:
    """A copy of x with y added at the index; what is indexed twice gets both; see `Tensor.at`."""
    changed = np.array(x)
    if is_basic(index):
        changed[index] += y
    else:
        np.add.at(changed, index, np.broadcast_to(y, changed[index].shape))  # NumPy itself may misread what broadcasts
    return changed


@function(np.take_along_axis)
def take_along_axis(x: Any, indices: Any, axis: int | None = -1) -> Any:
    """The elements whose places along an axis the integer array `indices` gives; as in NumPy the other axes broadcast.

    Raises ValueError if `indices` has another number of axes than x.
    """
    indices = np.asarray(data_of(indices))
    if indices.dtype.kind not in "iu":
        raise IndexError(f"take_along_axis() takes an integer array of indices, not one of dtype {indices.dtype}")
    if axis is None:
        return reshape(x, -1)[indices]
    axis = axis_of(x, axis)
    shape = shape_of(x)
    if indices.ndim != len(shape):
        raise ValueError(
            f"take_along_axis() of shape {shape} takes indices with {len(shape)} axes, not of shape {indices.shape}"
        )
    grid = list(np.ogrid[tuple(map(slice, shape))])
    grid[axis] = indices
    return x[tuple(grid)]


@function(np.take)
def take(x: Any, indices: Any, axis: int | None = None, *, mode: Literal["raise", "wrap", "clip"] = "raise") -> Any:
    """The elements, or the slices along an axis, at integer places; booleans are the places 0 and 1.

    Places that are not there raise IndexError, unless `mode` is "wrap" or "clip".
    """
    indices = np.asarray(indices)
    if indices.dtype.kind == "b":
        indices = indices.astype(int)
    if mode != "raise":
        size = math.prod(shape_of(x)) if axis is None else shape_of(x)[axis_of(x, axis)]
        indices = np.take(np.arange(size), indices, mode=mode)
    if axis is None:
        return reshape(x, -1)[indices]
    return x[(slice(None),) * axis_of(x, axis) + (indices,)]


@function(np.sort)
def sort(x: Any, axis: int | None = -1, kind: str | None = None, *, stable: bool | None = None) -> Any:
    """The elements in ascending order along an axis; equal ones stay in their order, and so do their gradients.

    The order is a stable one whatever `kind` and `stable` say.

    The method returns them too, rather than sort in place as that of an array does.
    """
    if axis is None:
        return sort(reshape(x, -1))
    return take_along_axis(x, np.argsort(data_of(x), axis, kind="stable"), axis)
