"""Functions of NumPy that are made of others: on nodes each of those finds its own rule."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd.node import Node
from autograd.ops.primitive import taking_lists
from autograd.ops.reduce import axes_of
from autograd.ops.shape import broadcast_to, data_of


def _column_stack(tup: Sequence[Any]) -> Any:
    return np.concatenate([x if np.ndim(x) > 1 else np.reshape(x, (-1, 1)) for x in tup], axis=1)


def _dstack(tup: Sequence[Any]) -> Any:
    planes = [x if np.ndim(x) > 1 else np.reshape(x, (1, -1)) for x in tup]
    return np.concatenate([x if np.ndim(x) > 2 else np.expand_dims(x, 2) for x in planes], axis=2)


def _append(arr: Any, values: Any, axis: int | None = None) -> Any:
    return np.concatenate([np.ravel(arr), np.ravel(values)] if axis is None else [arr, values], axis or 0)


def _average(a: Any, axis: int | None = None, weights: Any = None) -> Any:
    if weights is None:
        return np.mean(a, axis=axis)
    if np.shape(weights) != np.shape(a):  # one weight for each place along the axis
        if axis is None:
            raise TypeError(f"np.average() of shape {np.shape(a)} and weights {np.shape(weights)} needs an axis")
        weights = np.reshape(weights, [np.size(weights) if place == axis % a.ndim else 1 for place in range(a.ndim)])
    return np.sum(a * weights, axis=axis) / np.sum(weights * np.ones(np.shape(a), _dtype(a)), axis=axis)


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


def _linspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True) -> Any:
    share = np.linspace(0.0, 1.0, num, endpoint, dtype=_dtype(start, stop))
    share = np.reshape(share, (num,) + (1,) * max(np.ndim(start), np.ndim(stop)))
    return start * (1 - share) + stop * share


def _trapezoid(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Any:
    y = np.moveaxis(y, axis, -1)
    if np.ndim(x) > 1:
        x = np.moveaxis(x, axis, -1)
    return np.sum((dx if x is None else np.diff(x)) * (y[..., 1:] + y[..., :-1]), axis=-1) / 2.0


def _vector_norm(x: Any, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    return np.reshape(np.linalg.norm(_in_one(x, axis), ord, 0), _rest(x, axis, keepdims))


def _cond(x: Any, p: Any = None) -> Any:
    if p in (None, 2, -2):
        sizes = np.linalg.svd(x, compute_uv=False)
        return sizes[..., -1] / sizes[..., 0] if p == -2 else sizes[..., 0] / sizes[..., -1]
    return np.linalg.norm(x, p, (-2, -1)) * np.linalg.norm(np.linalg.inv(x), p, (-2, -1))


def _rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    axis, start = axis % np.ndim(a), start + np.ndim(a) if start < 0 else start
    return np.moveaxis(a, axis, start - (axis < start))


def _matrix_power(a: Any, n: int) -> Any:
    if n == 0:
        return a * 0.0 + np.eye(np.shape(a)[-1], dtype=_dtype(a))
    return functools.reduce(np.matmul, [a if n > 0 else np.linalg.inv(a)] * abs(n))


def _lstsq(a: Any, b: Any, rcond: float | None = None) -> tuple[Any, Any, int, Any]:
    solution, distances, rank, _ = np.linalg.lstsq(data_of(a), data_of(b), rcond)
    smallest = np.finfo(solution.dtype).eps * max(np.shape(a)) if rcond is None else rcond
    x = np.linalg.pinv(a, smallest) @ b
    if len(distances):
        distances = np.reshape(np.sum((b - a @ x) ** 2, 0), distances.shape)
    return x, distances, int(rank), np.linalg.svd(a, compute_uv=False)


def _full_like(a: Any, fill_value: Any, dtype: Any = None) -> Any:
    if isinstance(fill_value, Node):
        filled = broadcast_to(fill_value, np.shape(a))
        return filled if dtype is None else filled.astype(dtype)
    return np.full_like(data_of(a), fill_value, dtype)


def _vdot(a: Any, b: Any) -> Any:
    return np.dot(np.ravel(a), np.ravel(b))


def _nan_to_num(x: Any, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Any:
    limits = np.finfo(np.result_type(x))
    highest, lowest = limits.max if posinf is None else posinf, limits.min if neginf is None else neginf
    return np.where(np.isnan(x), nan, np.where(x == np.inf, highest, np.where(x == -np.inf, lowest, x)))


def _polyval(p: Any, x: Any) -> Any:
    return functools.reduce(lambda y, coefficient: y * x + coefficient, p, 0.0)


def _dtype(*arrays: Any) -> Any:
    """The dtype of what is computed of these: single precision stays single."""
    return np.result_type(0.0, *map(data_of, arrays))


def _quantile(a: Any, q: Any, axis: Any = None, keepdims: bool = False) -> Any:
    q = np.asarray(q, float)
    if not ((q >= 0) & (q <= 1)).all():
        raise ValueError("quantiles must be from 0 to 1, percentiles from 0 to 100")
    in_order = np.sort(_in_one(a, axis), axis=0)
    place = q.ravel() * (len(in_order) - 1)
    below = np.floor(place).astype(int)
    share = np.reshape(place - below, (-1,) + (1,) * (in_order.ndim - 1)).astype(_dtype(a))
    low, high = in_order[below], in_order[np.minimum(below + 1, len(in_order) - 1)]
    found = np.where(share < 0.5, low + share * (high - low), high - (1 - share) * (high - low))
    return np.reshape(_nan_if_last(found, in_order), (*q.shape, *_rest(a, axis, keepdims)))


def _median(a: Any, axis: Any = None, keepdims: bool = False) -> Any:
    in_order = np.sort(_in_one(a, axis), axis=0)
    half = len(in_order) // 2
    middle = in_order[half] if len(in_order) % 2 else (in_order[half - 1] + in_order[half]) / 2
    return np.reshape(_nan_if_last(middle, in_order), _rest(a, axis, keepdims))


def _in_one(a: Any, axis: Any) -> Any:
    """The elements along some axes, or along all, which become the first one."""
    axes = axes_of(a, axis)
    first = np.moveaxis(a, axes, range(len(axes)))
    return np.reshape(first, (-1, *np.shape(first)[len(axes) :]))


def _nan_if_last(found: Any, in_order: Any) -> Any:
    return np.where(np.isnan(in_order[-1]), np.nan, found)


def _rest(a: Any, axis: Any, keepdims: bool) -> tuple[int, ...]:
    """The shape that is left of an array without some axes, or without all."""
    return np.shape(np.all(data_of(a), axis=axis, keepdims=keepdims))


def _cov(m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: int | None = None) -> Any:
    rows = [x if rowvar or np.ndim(x) < 2 else np.transpose(x) for x in (m, y) if x is not None]
    x = np.concatenate([np.atleast_2d(each) for each in rows])
    x = x - np.mean(x, axis=1, keepdims=True)
    count = x.shape[1] - (int(not bias) if ddof is None else ddof)
    return np.squeeze(x @ np.transpose(x) / max(count, 0))


def _corrcoef(x: Any, y: Any = None, rowvar: bool = True) -> Any:
    c = _cov(x, y, rowvar)
    if np.ndim(c) == 0:
        return c / c
    width = np.sqrt(np.diagonal(c))
    return c / width[:, None] / width


def _convolve(a: Any, v: Any, mode: str = "full") -> Any:
    if np.ndim(a) != 1 or np.ndim(v) != 1 or not len(a) or not len(v):
        raise ValueError(f"np.convolve takes two sequences of numbers, not shapes {np.shape(a)} and {np.shape(v)}")
    x, kernel = (v, a) if len(v) > len(a) else (a, v)
    n, m = len(x), len(kernel)
    first, count = {"full": (0, n + m - 1), "same": ((m - 1) // 2, n), "valid": (m - 1, n - m + 1)}[mode]
    places = np.arange(first, first + count)[:, None] - np.arange(m)
    is_inside = (places >= 0) & (places < n)  # what is beyond the ends does not meet the kernel, not even a nan of it
    return np.sum(np.where(is_inside, x[np.clip(places, 0, n - 1)] * kernel, 0.0), axis=1)


def _correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    return _convolve(a, v[::-1], mode) if len(a) >= len(v) else _correlate(v, a, mode)[::-1]


def _gradient(f: Any, *varargs: Any, axis: int | tuple[int, ...] | None = None, edge_order: int = 1) -> Any:
    axes = axes_of(f, axis)
    spacings = varargs * len(axes) if len(varargs) == 1 else varargs or (1.0,) * len(axes)
    if len(spacings) != len(axes):
        raise TypeError(f"np.gradient takes one spacing, or one for each of {len(axes)} axes, not {len(varargs)}")
    found = [_slopes(f, spacing, each, edge_order) for spacing, each in zip(spacings, axes, strict=True)]
    return found[0] if len(found) == 1 else tuple(found)


def _slopes(f: Any, spacing: Any, axis: int, edge_order: int) -> Any:
    """Second-order differences: the parabola through each place and its neighbours; at the ends its own, or a line."""
    f = np.moveaxis(f, axis, 0)
    if len(f) <= edge_order or edge_order not in (1, 2):
        raise ValueError(f"np.gradient of {len(f)} places with edge_order={edge_order}: 1 needs 2 places, 2 needs 3")
    if np.ndim(spacing):
        steps = np.reshape(np.diff(spacing), (-1,) + (1,) * (f.ndim - 1))
        slopes = (f[1:] - f[:-1]) / steps
        inner = (slopes[:-1] * steps[1:] + slopes[1:] * steps[:-1]) / (steps[:-1] + steps[1:])
    else:
        slopes = (f[1:] - f[:-1]) / spacing
        inner = (f[2:] - f[:-2]) / (2 * spacing)
    first, last = slopes[:1], slopes[-1:]
    if edge_order == 2:
        first = first - (inner[:1] - first)
        last = last + (last - inner[-1:])
    return np.moveaxis(np.concatenate([first, inner, last]), 0, axis)


def _interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None) -> Any:
    places = data_of(xp)
    i = np.clip(np.searchsorted(places, data_of(x), side="right") - 1, 0, max(len(places) - 2, 0))
    following = np.minimum(i + 1, len(places) - 1)
    slope = (fp[following] - fp[i]) / np.where(following > i, xp[following] - xp[i], 1.0)
    inside = fp[i] + slope * (x - xp[i])
    low, high = fp[0] if left is None else left, fp[-1] if right is None else right
    return np.where(x < places[0], low, np.where(x > places[-1], high, inside))


def _meshgrid(*xi: Any, indexing: str = "xy", sparse: bool = False, copy: bool = True) -> Any:
    # `copy` means nothing where arrays are not changed in place
    order = [1, 0, *range(2, len(xi))] if indexing == "xy" and len(xi) > 1 else [*range(len(xi))]
    sides = np.eye(len(xi), dtype=int) * -2 + 1  # -1, the length that is left, for each along an axis of its own
    grids = [np.reshape(x, tuple(sides[place])) for x, place in zip(xi, order, strict=True)]
    return tuple(grids) if sparse else np.broadcast_arrays(*grids)


def _nanmean(a: Any, axis: Any = None, keepdims: bool = False) -> Any:
    known = ~np.isnan(data_of(a))
    count = np.sum(known, axis=axis, keepdims=keepdims, dtype=_dtype(a))
    return np.sum(np.where(known, a, 0.0), axis=axis, keepdims=keepdims) / count


def _nanvar(a: Any, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> Any:
    known = ~np.isnan(data_of(a))
    error = np.where(known, a - _nanmean(a, axis, keepdims=True), 0.0)
    freedom = np.sum(known, axis=axis, keepdims=keepdims, dtype=_dtype(a)) - ddof
    return np.sum(error * error, axis=axis, keepdims=keepdims) / np.where(freedom > 0, freedom, np.nan)


def _but_nan(greatest: Callable[..., Any], no_matter: float) -> Callable[..., Any]:
    def but_nan(a: Any, axis: Any = None, keepdims: bool = False) -> Any:
        unknown = np.isnan(data_of(a))
        found = greatest(np.where(unknown, no_matter, a), axis=axis, keepdims=keepdims)
        return np.where(np.all(unknown, axis=axis, keepdims=keepdims), np.nan, found)

    return but_nan


def _cumulative(total: Callable[..., Any], start: float) -> Callable[..., Any]:
    def cumulative(x: Any, axis: int | None = None, include_initial: bool = False) -> Any:
        if axis is None and np.ndim(x) > 1:
            raise ValueError(f"np.cumulative_{total.__name__[3:]} of shape {np.shape(x)} needs an axis")
        axis = axis or 0
        found = total(x, axis=axis)
        if not include_initial:
            return found
        shape = [1 if i == axis % found.ndim else n for i, n in enumerate(found.shape)]
        return np.concatenate([np.full(shape, start, _dtype(x)), found], axis=axis)

    return cumulative


def _insert(arr: Any, obj: int, values: Any, axis: int | None = None) -> Any:
    if not isinstance(obj, (int, np.integer)):
        raise TypeError(f"np.insert has a rule for one place, a whole number, not for {obj!r}; use np.concatenate")
    arr, axis = (np.ravel(arr), 0) if axis is None else (arr, axis)
    if not -np.shape(arr)[axis] <= obj <= np.shape(arr)[axis]:
        raise IndexError(f"np.insert at {obj} of an axis of {np.shape(arr)[axis]}")
    values = values if isinstance(values, Node) else np.asarray(values, _dtype(arr))
    values = np.reshape(values, (1,) * (np.ndim(arr) - np.ndim(values)) + np.shape(values))
    arr = np.moveaxis(arr, axis, 0)
    values = np.broadcast_to(values, (len(values), *np.shape(arr)[1:]))
    obj = obj + len(arr) if obj < 0 else obj
    return np.moveaxis(np.concatenate([arr[:obj], values, arr[obj:]]), 0, axis)


_COMPOSED: dict[str, Callable[..., Any]] = {
    "deg2rad": lambda x: x * (math.pi / 180), "radians": lambda x: x * (math.pi / 180),
    "rad2deg": lambda x: x * (180 / math.pi), "degrees": lambda x: x * (180 / math.pi),
    "conjugate": lambda x: +x, "real": lambda val: +val, "copy": lambda a: +a,
    "fliplr": lambda m: m[:, ::-1], "flipud": lambda m: m[::-1],
    "full_like": _full_like,
    "hsplit": lambda ary, parts: np.split(ary, parts, axis=min(1, np.ndim(ary) - 1)),
    "vsplit": lambda ary, parts: np.split(ary, parts, axis=0),
    "dsplit": lambda ary, parts: np.split(ary, parts, axis=2),
    "compress": lambda condition, a, axis=None: np.take(a, np.flatnonzero(condition), axis),
    "nansum": lambda a, axis=None, keepdims=False: np.sum(np.where(np.isnan(a), 0.0, a), axis=axis, keepdims=keepdims),
    "vecdot": lambda x1, x2: np.sum(x1 * x2, axis=-1),
    "broadcast_arrays": lambda *args: tuple(
        np.broadcast_to(x, np.broadcast_shapes(*map(np.shape, args))) for x in args
    ),
    "linalg.multi_dot": lambda arrays: functools.reduce(np.matmul, arrays),
    "linalg.matrix_transpose": lambda x: np.swapaxes(x, -1, -2),
    "linalg.trace": lambda x, offset=0: np.trace(x, offset, -2, -1),
    "linalg.diagonal": lambda x, offset=0: np.diagonal(x, offset, -2, -1),
    "linalg.outer": lambda x1, x2: np.outer(x1, x2),
    "linalg.vecdot": lambda x1, x2, axis=-1: np.sum(x1 * x2, axis=axis),
    "linalg.vector_norm": _vector_norm,
    "linalg.matrix_norm": lambda x, keepdims=False, ord="fro": np.linalg.norm(x, ord, (-2, -1), keepdims),
    "nan_to_num": _nan_to_num,
    "matrix_transpose": lambda x: np.swapaxes(x, -1, -2),
    "column_stack": _column_stack, "dstack": _dstack, "append": _append, "average": _average, "select": _select,
    "cross": _cross, "linspace": _linspace, "trapezoid": _trapezoid, "vdot": _vdot, "polyval": _polyval,
    "linalg.matrix_power": _matrix_power, "linalg.lstsq": _lstsq,
    "quantile": _quantile, "median": _median, "cov": _cov, "corrcoef": _corrcoef,
    "percentile": lambda a, q, axis=None, keepdims=False: _quantile(a, np.asarray(q) / 100, axis, keepdims),
    "nanmean": _nanmean, "nanvar": _nanvar, "nanstd": lambda *args, **named: np.sqrt(_nanvar(*args, **named)),
    "nanmax": _but_nan(np.max, -np.inf), "nanmin": _but_nan(np.min, np.inf),
    "convolve": _convolve, "correlate": _correlate, "gradient": _gradient, "interp": _interp, "meshgrid": _meshgrid,
    "cumulative_sum": _cumulative(np.cumsum, 0.0), "cumulative_prod": _cumulative(np.cumprod, 1.0),
    "insert": _insert, "ediff1d": lambda ary: np.diff(np.ravel(ary)),
    "delete": lambda arr, obj, axis=None: np.take(
        arr, np.delete(np.arange(np.size(arr) if axis is None else np.shape(arr)[axis]), obj), axis
    ),
    "vander": lambda x, N=None, increasing=False: x[:, None] ** (
        np.arange(len(x) if N is None else N)[:: 1 if increasing else -1]
    ),
    "atleast_3d": lambda arr: np.expand_dims(arr, [(0, 1, 2), (0, 2), (2,), ()][min(np.ndim(arr), 3)]),
    "unstack": lambda x, axis=0: tuple(np.moveaxis(x, axis, 0)), "rollaxis": _rollaxis,
    "heaviside": lambda x1, x2: np.where(x1 == 0, x2, np.where(x1 < 0, 0.0, np.sign(x1))),
    "logaddexp2": lambda x1, x2: np.logaddexp(x1 * math.log(2), x2 * math.log(2)) / math.log(2),
    "copysign": lambda x1, x2: np.abs(x1) * (1 - 2 * np.signbit(x2).astype(_dtype(x1, x2))),
    "fix": lambda x: np.trunc(x),
    "matvec": lambda x1, x2: (x1 @ x2[..., None])[..., 0], "vecmat": lambda x1, x2: (x1[..., None, :] @ x2)[..., 0, :],
    "linalg.svdvals": lambda x: np.linalg.svd(x, compute_uv=False),
    "linalg.cross": lambda x1, x2, *, axis=-1: _cross(x1, x2, axis=axis),
    "linalg.cond": _cond,
}  # fmt: skip


def _in_numpy(name: str) -> Any:
    """The function of that name; None in a NumPy that does not have it."""
    place: Any = np
    for part in name.split("."):
        place = getattr(place, part, None)
    return place


for _name, _rule in _COMPOSED.items():
    _rule.__qualname__ = f"np.{_name}"  # as Python calls it where arguments do not fit
COMPOSED = {_in_numpy(name): taking_lists(rule) for name, rule in _COMPOSED.items() if _in_numpy(name)}
