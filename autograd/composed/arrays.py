"""Arrays joined, cut, filled and multiplied, and functions of their elements."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd.node import Node
from autograd.ops.reduce import axes_in_one, left_shape
from autograd.ops.shape import axis_of, broadcast_to, data_of, float_dtype, plain_integers


def _column_stack(tup: Sequence[Any]) -> Any:
    return np.concatenate([x if np.ndim(x) > 1 else np.reshape(x, (-1, 1)) for x in tup], axis=1)


def _dstack(tup: Sequence[Any]) -> Any:
    planes = [x if np.ndim(x) > 1 else np.reshape(x, (1, -1)) for x in tup]
    return np.concatenate([x if np.ndim(x) > 2 else np.expand_dims(x, 2) for x in planes], axis=2)


def _block(blocks: Any) -> Any:
    def depth_of(part: Any) -> int:
        depths = {depth_of(each) for each in part} if isinstance(part, list) else {-1}
        if len(depths) != 1:
            raise ValueError(f"np.block takes lists of one depth that are not empty, not {blocks!r}")
        return depths.pop() + 1

    def joined(part: Any, depth: int) -> Any:
        if depth:
            return np.concatenate([joined(each, depth - 1) for each in part], axis=-depth)
        return np.reshape(part, (1,) * (whole - np.ndim(part)) + np.shape(part))

    def axes_of(part: Any) -> int:
        return max(map(axes_of, part)) if isinstance(part, list) else np.ndim(part)

    depth = depth_of(blocks)
    whole = max(depth, axes_of(blocks))
    return joined(blocks, depth)


def _append(arr: Any, values: Any, axis: int | None = None) -> Any:
    return np.concatenate([np.ravel(arr), np.ravel(values)] if axis is None else [arr, values], axis or 0)


def _select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Any:
    pairs = reversed(list(zip(condlist, choicelist, strict=True)))
    return functools.reduce(lambda rest, pair: np.where(pair[0], pair[1], rest), pairs, default)


def _cross(a: Any, b: Any, *, axis: int = -1) -> Any:
    if axis != -1:
        return np.moveaxis(_cross(np.moveaxis(a, axis, -1), np.moveaxis(b, axis, -1)), -1, axis)
    if np.shape(a)[-1:] != (3,) or np.shape(b)[-1:] != (3,):
        raise ValueError(f"np.cross has a rule for vectors of 3 elements, not for shapes {np.shape(a)}, {np.shape(b)}")
    following, third = [1, 2, 0], [2, 0, 1]
    return a[..., following] * b[..., third] - a[..., third] * b[..., following]


def _vector_norm(x: Any, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    return np.reshape(np.linalg.norm(axes_in_one(x, axis), ord, 0), left_shape(x, axis, keepdims))


def _cond(x: Any, p: Any = None) -> Any:
    if p in (None, 2, -2):
        sizes = np.linalg.svd(x, compute_uv=False)
        return sizes[..., -1] / sizes[..., 0] if p == -2 else sizes[..., 0] / sizes[..., -1]
    return np.linalg.norm(x, p, (-2, -1)) * np.linalg.norm(np.linalg.inv(x), p, (-2, -1))


def _rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    axis, start = axis_of(a, axis), start + np.ndim(a) if start < 0 else start
    return np.moveaxis(a, axis, start - (axis < start))


def _matrix_power(a: Any, n: int) -> Any:
    if n == 0:
        return np.where(False, a, np.eye(np.shape(a)[-1], dtype=float_dtype(a)))
    return functools.reduce(np.matmul, [a if n > 0 else np.linalg.inv(a)] * abs(n))


def _lstsq(a: Any, b: Any, rcond: float | None = None) -> tuple[Any, Any, int, Any]:
    solution, distances, rank, _ = np.linalg.lstsq(data_of(a), data_of(b), rcond)
    smallest = np.finfo(solution.dtype).eps * max(np.shape(a)) if rcond is None else rcond
    x = np.linalg.pinv(a, smallest) @ b
    if len(distances):
        distances = np.reshape(np.sum((b - a @ x) ** 2, 0), distances.shape)
    return x, distances, int(rank), np.linalg.svd(a, compute_uv=False)


def _logaddexp2(x1: Any, x2: Any) -> Any:
    scale = np.result_type(0.0, *(x.dtype for x in (x1, x2) if hasattr(x, "dtype"))).type(math.log(2))
    return np.logaddexp(x1 * scale, x2 * scale) / scale


def _full_like(a: Any, fill_value: Any, dtype: Any = None) -> Any:
    if isinstance(fill_value, Node):
        return broadcast_to(fill_value, np.shape(a)).astype(np.result_type(data_of(a)) if dtype is None else dtype)
    return np.full_like(data_of(a), fill_value, dtype)


def _vdot(a: Any, b: Any) -> Any:
    return np.dot(np.ravel(a), np.ravel(b))


def _nan_to_num(
    x: Any, copy: bool = True, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Any:
    if not copy:
        raise TypeError("np.nan_to_num(copy=False) would change what has a gradient; leave copy=False out")
    limits = np.finfo(np.result_type(x))
    highest, lowest = limits.max if posinf is None else posinf, limits.min if neginf is None else neginf
    return np.where(np.isnan(x), nan, np.where(x == np.inf, highest, np.where(x == -np.inf, lowest, x)))


def _meshgrid(*xi: Any, indexing: str = "xy", sparse: bool = False, copy: bool = True) -> Any:
    # `copy` means nothing where arrays are not changed in place
    if indexing not in ("xy", "ij"):
        raise ValueError(f"indexing is 'xy' or 'ij', not {indexing!r}")
    order = [1, 0, *range(2, len(xi))] if indexing == "xy" and len(xi) > 1 else [*range(len(xi))]
    sides = np.eye(len(xi), dtype=int) * -2 + 1  # -1, the length that is left, for each along an axis of its own
    grids = [np.reshape(x, tuple(sides[place])) for x, place in zip(xi, order, strict=True)]
    return tuple(grids) if sparse else np.broadcast_arrays(*grids)


def _cumulative(total: Callable[..., Any], start: float) -> Callable[..., Any]:
    def cumulative(x: Any, axis: int | None = None, include_initial: bool = False) -> Any:
        if axis is None and np.ndim(x) > 1:
            raise ValueError(f"np.cumulative_{total.__name__[3:]} of shape {np.shape(x)} needs an axis")
        axis = axis or 0
        found = total(x, axis=axis)
        if not include_initial:
            return found
        shape = [1 if i == axis % found.ndim else n for i, n in enumerate(found.shape)]
        return np.concatenate([np.full(shape, start, float_dtype(x)), found], axis=axis)

    return cumulative


def _insert(arr: Any, obj: int, values: Any, axis: int | None = None) -> Any:
    if not isinstance(obj, (int, np.integer)):
        raise TypeError(f"np.insert has a rule for one place, a whole number, not for {obj!r}; use np.concatenate")
    arr, axis = (np.ravel(arr), 0) if axis is None else (arr, axis_of(arr, axis))
    if not -np.shape(arr)[axis] <= obj <= np.shape(arr)[axis]:
        raise IndexError(f"np.insert at {obj} of an axis of {np.shape(arr)[axis]}")
    values = values if isinstance(values, Node) else np.asarray(values, float_dtype(arr))
    values = np.reshape(values, (1,) * (np.ndim(arr) - np.ndim(values)) + np.shape(values))
    arr = np.moveaxis(arr, axis, 0)
    values = np.broadcast_to(values, (len(values), *np.shape(arr)[1:]))
    obj = obj + len(arr) if obj < 0 else obj
    return np.moveaxis(np.concatenate([arr[:obj], values, arr[obj:]]), 0, axis)


def _copysign(x1: Any, x2: Any) -> Any:
    one = np.ones((), float_dtype(x1, x2))
    return abs(x1) * np.where(np.signbit(x2), -one, one)


def _sinc(x: Any) -> Any:
    x = x * math.pi
    near = abs(x) < 0.5  # where Taylor's series has all derivatives, and the quotient none at 0
    square = np.where(near, x * x, 0.0)
    series: Any = 1.0
    for k in range(8, 0, -1):
        series = 1.0 - series * square / (2 * k * (2 * k + 1))
    far = np.where(near, 1.0, x)
    return np.where(near, series, np.sin(far) / far)


def _partition(a: Any, kth: Any, axis: int | None = -1) -> Any:
    if axis is None:
        return _partition(np.ravel(a), kth)
    return np.take_along_axis(a, np.argpartition(data_of(a), kth, axis), axis)


def _sliding_window_view(x: Any, window_shape: Any, axis: Any = None) -> Any:
    windows = window_shape if isinstance(window_shape, tuple) else (window_shape,)
    axes = range(np.ndim(x)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    if len(windows) != len(axes):
        raise ValueError(f"sliding_window_view() takes a window for each axis, not {window_shape} for axes {axes}")
    for window, each in zip(windows, axes, strict=True):
        starts = np.shape(x)[axis_of(x, each)] - window + 1
        if window < 0 or starts < 1:
            raise ValueError(f"sliding_window_view() of shape {np.shape(x)}: window of {window} along axis {each}")
        x = np.moveaxis(np.take(x, np.arange(starts)[:, None] + np.arange(window), each), axis_of(x, each) + 1, -1)
    return x


def _delete(arr: Any, obj: Any, axis: int | None = None) -> Any:
    places = np.arange(np.size(arr) if axis is None else np.shape(arr)[axis_of(arr, axis)])
    return np.take(arr, np.delete(places, obj if isinstance(obj, slice) else plain_integers(obj)), axis)


DEFINITIONS: dict[str, Callable[..., Any]] = {
    "deg2rad": lambda x: x * (math.pi / 180),
    "radians": lambda x: x * (math.pi / 180),
    "rad2deg": lambda x: x * (180 / math.pi),
    "degrees": lambda x: x * (180 / math.pi),
    "conjugate": lambda x: +x,
    "real": lambda val: +val,
    "copy": lambda a: +a,
    "fliplr": lambda m: m[:, ::-1],
    "flipud": lambda m: m[::-1],
    "full_like": _full_like,
    "hsplit": lambda ary, parts: np.split(ary, parts, axis=min(1, np.ndim(ary) - 1)),
    "vsplit": lambda ary, parts: np.split(ary, parts, axis=0),
    "dsplit": lambda ary, parts: np.split(ary, parts, axis=2),
    "compress": lambda condition, a, axis=None: np.take(a, np.flatnonzero(condition), axis),
    "vecdot": lambda x1, x2: np.sum(x1 * x2, axis=-1),
    "broadcast_arrays": lambda *args: tuple(
        np.broadcast_to(x, np.broadcast_shapes(*map(np.shape, args))) for x in args
    ),
    "nan_to_num": _nan_to_num,
    "matrix_transpose": lambda x: np.swapaxes(x, -1, -2),
    "column_stack": _column_stack,
    "dstack": _dstack,
    "append": _append,
    "block": _block,
    "sinc": _sinc,
    "partition": _partition,
    "lib.stride_tricks.sliding_window_view": _sliding_window_view,
    "diagflat": lambda v, k=0: np.diag(np.ravel(v), k),
    "extract": lambda condition, arr: np.compress(np.ravel(condition), np.ravel(arr)),
    # the sign of the first argument, as C has it, but exact where x1 is 0
    "fmod": lambda x1, x2: np.where(x1 < 0, -np.mod(-x1, abs(x2)), np.mod(x1, abs(x2))),
    "select": _select,
    "cross": _cross,
    "vdot": _vdot,
    "meshgrid": _meshgrid,
    "cumulative_sum": _cumulative(np.cumsum, 0.0),
    "cumulative_prod": _cumulative(np.cumprod, 1.0),
    "insert": _insert,
    "delete": _delete,
    "atleast_3d": lambda arr: np.expand_dims(arr, [(0, 1, 2), (0, 2), (2,), ()][min(np.ndim(arr), 3)]),
    "unstack": lambda x, axis=0: tuple(np.moveaxis(x, axis, 0)),
    "rollaxis": _rollaxis,
    "heaviside": lambda x1, x2: np.where(x1 == 0, x2, np.where(x1 < 0, 0.0, np.sign(x1))),
    "logaddexp2": _logaddexp2,
    "copysign": _copysign,
    "fix": lambda x: np.trunc(x),
    "matvec": lambda x1, x2: (x1 @ x2[..., None])[..., 0],
    "vecmat": lambda x1, x2: (x1[..., None, :] @ x2)[..., 0, :],
    "linalg.multi_dot": lambda arrays: functools.reduce(np.matmul, arrays),
    "linalg.matrix_transpose": lambda x: np.swapaxes(x, -1, -2),
    "linalg.trace": lambda x, offset=0: np.trace(x, offset, -2, -1),
    "linalg.diagonal": lambda x, offset=0: np.diagonal(x, offset, -2, -1),
    "linalg.outer": lambda x1, x2: np.outer(x1, x2),
    "linalg.vecdot": lambda x1, x2, axis=-1: np.sum(x1 * x2, axis=axis),
    "linalg.vector_norm": _vector_norm,
    "linalg.matrix_norm": lambda x, keepdims=False, ord="fro": np.linalg.norm(x, ord, (-2, -1), keepdims),
    "linalg.matrix_power": _matrix_power,
    "linalg.lstsq": _lstsq,
    "linalg.svdvals": lambda x: np.linalg.svd(x, compute_uv=False),
    "linalg.cross": lambda x1, x2, *, axis=-1: _cross(x1, x2, axis=axis),
    "linalg.cond": _cond,
}
