"""Functions of NumPy that are made of others: on nodes each of those finds its own rule."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd.ops.primitive import taking_lists
from autograd.ops.shape import data_of


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
    return np.sum(a * weights, axis=axis) / np.sum(weights * np.ones(np.shape(a)), axis=axis)


def _select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Any:
    pairs = reversed(list(zip(condlist, choicelist, strict=True)))
    return functools.reduce(lambda rest, pair: np.where(pair[0], pair[1], rest), pairs, default)


def _cross(a: Any, b: Any) -> Any:
    if np.shape(a)[-1:] != (3,) or np.shape(b)[-1:] != (3,):
        raise ValueError(f"np.cross has a rule for vectors of 3 elements, not for shapes {np.shape(a)}, {np.shape(b)}")
    following, third = [1, 2, 0], [2, 0, 1]
    return a[..., following] * b[..., third] - a[..., third] * b[..., following]


def _linspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True) -> Any:
    share = np.linspace(0.0, 1.0, num, endpoint)
    return start + np.reshape(share, (num,) + (1,) * max(np.ndim(start), np.ndim(stop))) * (stop - start)


def _trapezoid(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Any:
    y = np.moveaxis(y, axis, -1)
    if np.ndim(x) > 1:
        x = np.moveaxis(x, axis, -1)
    return np.sum((dx if x is None else np.diff(x)) * (y[..., 1:] + y[..., :-1]), axis=-1) / 2.0


def _matrix_power(a: Any, n: int) -> Any:
    if n == 0:
        return a * 0.0 + np.eye(np.shape(a)[-1])
    return functools.reduce(np.matmul, [a if n > 0 else np.linalg.inv(a)] * abs(n))


def _vdot(a: Any, b: Any) -> Any:
    return np.dot(np.ravel(a), np.ravel(b))


def _nan_to_num(x: Any, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Any:
    limits = np.finfo(np.result_type(x))
    highest, lowest = limits.max if posinf is None else posinf, limits.min if neginf is None else neginf
    return np.where(np.isnan(x), nan, np.where(x == np.inf, highest, np.where(x == -np.inf, lowest, x)))


def _polyval(p: Any, x: Any) -> Any:
    return functools.reduce(lambda y, coefficient: y * x + coefficient, p, 0.0)


_COMPOSED: dict[str, Callable[..., Any]] = {
    "deg2rad": lambda x: x * (math.pi / 180), "radians": lambda x: x * (math.pi / 180),
    "rad2deg": lambda x: x * (180 / math.pi), "degrees": lambda x: x * (180 / math.pi),
    "conjugate": lambda x: +x, "real": lambda val: +val, "copy": lambda a: +a,
    "fliplr": lambda m: m[:, ::-1], "flipud": lambda m: m[::-1],
    "full_like": lambda a, *given, **options: np.full_like(data_of(a), *given, **options),  # refuses nodes there
    "hsplit": lambda ary, parts: np.split(ary, parts, axis=min(1, np.ndim(ary) - 1)),
    "vsplit": lambda ary, parts: np.split(ary, parts, axis=0),
    "dsplit": lambda ary, parts: np.split(ary, parts, axis=2),
    "compress": lambda condition, a, axis=None: np.take(a, np.flatnonzero(condition), axis),
    "nansum": lambda a, axis=None: np.sum(np.where(np.isnan(a), 0.0, a), axis=axis),
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
    "linalg.vector_norm": lambda x, axis=None, keepdims=False, ord=2: np.linalg.norm(
        x, None if ord == 2 else ord, axis, keepdims
    ),
    "linalg.matrix_norm": lambda x, keepdims=False, ord="fro": np.linalg.norm(x, ord, (-2, -1), keepdims),
    "nan_to_num": _nan_to_num,
    "matrix_transpose": lambda x: np.swapaxes(x, -1, -2),
    "column_stack": _column_stack, "dstack": _dstack, "append": _append, "average": _average, "select": _select,
    "cross": _cross, "linspace": _linspace, "trapezoid": _trapezoid, "vdot": _vdot, "polyval": _polyval,
    "linalg.matrix_power": _matrix_power,
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
