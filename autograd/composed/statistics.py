"""Averages, quantiles, covariances, and statistics of what is known where the rest is nan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.ops.reduce import axes_in_one, left_shape
from autograd.ops.shape import axis_of, data_of, float_dtype


def _average(a: Any, axis: int | None = None, weights: Any = None, *, keepdims: bool = False) -> Any:
    if weights is None:
        return np.mean(a, axis=axis, keepdims=keepdims)
    if np.shape(weights) != np.shape(a):  # one weight for each place along the axis
        if axis is None:
            raise TypeError(f"np.average() of shape {np.shape(a)} and weights {np.shape(weights)} needs an axis")
        if isinstance(axis, tuple) or np.shape(weights) != (np.shape(a)[axis_of(a, axis)],):
            raise ValueError(f"weights of shape {np.shape(weights)} are not one for each place along axis {axis}")
        weights = np.reshape(weights, [np.size(weights) if place == axis % a.ndim else 1 for place in range(a.ndim)])
    total = np.sum(weights * np.ones(np.shape(a), float_dtype(a)), axis=axis, keepdims=keepdims)
    return np.sum(a * weights, axis=axis, keepdims=keepdims) / total


def _quantile(a: Any, q: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    q = np.asarray(q, float)
    if not ((q >= 0) & (q <= 1)).all():
        raise ValueError("quantiles must be from 0 to 1, percentiles from 0 to 100")
    in_order = _in_order(a, axis)
    place = q.ravel() * (len(in_order) - 1)
    below = np.floor(place).astype(int)
    share = np.reshape(place - below, (-1,) + (1,) * (in_order.ndim - 1)).astype(float_dtype(a))
    low, high = in_order[below], in_order[np.minimum(below + 1, len(in_order) - 1)]
    found = np.where(share < 0.5, low + share * (high - low), high - (1 - share) * (high - low))
    return np.reshape(_nan_if_last(found, in_order), (*q.shape, *left_shape(a, axis, keepdims)))


def _median(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    in_order = _in_order(a, axis)
    half = len(in_order) // 2
    middle = in_order[half] if len(in_order) % 2 else (in_order[half - 1] + in_order[half]) / 2
    return np.reshape(_nan_if_last(middle, in_order), left_shape(a, axis, keepdims))


def _in_order(a: Any, axis: Any) -> Any:
    """The elements along some axes, which become the first one; nan if there are none."""
    in_order = np.sort(axes_in_one(a, axis), axis=0)
    if len(in_order):
        return in_order
    return np.concatenate([in_order, np.full((1, *in_order.shape[1:]), np.nan, float_dtype(a))])


def _nan_if_last(found: Any, in_order: Any) -> Any:
    return np.where(np.isnan(in_order[-1]), np.nan, found)


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


def _nanmean(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    known = ~np.isnan(data_of(a))
    count = np.sum(known, axis=axis, keepdims=keepdims, dtype=float_dtype(a))
    return np.sum(np.where(known, a, 0.0), axis=axis, keepdims=keepdims) / count


def _nanvar(a: Any, axis: Any = None, *, ddof: int = 0, keepdims: bool = False) -> Any:
    known = ~np.isnan(data_of(a))
    error = np.where(known, a - _nanmean(a, axis, keepdims=True), 0.0)
    freedom = np.sum(known, axis=axis, keepdims=keepdims, dtype=float_dtype(a)) - ddof
    return np.sum(error * error, axis=axis, keepdims=keepdims) / np.where(freedom > 0, freedom, np.nan)


def _but_nan(greatest: Callable[..., Any], no_matter: float) -> Callable[..., Any]:
    def but_nan(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
        unknown = np.isnan(data_of(a))
        found = greatest(np.where(unknown, no_matter, a), axis=axis, keepdims=keepdims)
        return np.where(np.all(unknown, axis=axis, keepdims=keepdims), np.nan, found)

    return but_nan


DEFINITIONS: dict[str, Callable[..., Any]] = {
    "nansum": lambda a, axis=None, *, keepdims=False: np.sum(
        np.where(np.isnan(a), 0.0, a), axis=axis, keepdims=keepdims
    ),
    "average": _average,
    "quantile": _quantile,
    "median": _median,
    "cov": _cov,
    "corrcoef": _corrcoef,
    "percentile": lambda a, q, axis=None, *, keepdims=False: _quantile(a, np.asarray(q) / 100, axis, keepdims=keepdims),
    "nanmean": _nanmean,
    "nanvar": _nanvar,
    "nanstd": lambda a, axis=None, *, ddof=0, keepdims=False: np.sqrt(_nanvar(a, axis, ddof=ddof, keepdims=keepdims)),
    "nanmax": _but_nan(np.max, -np.inf),
    "nanmin": _but_nan(np.min, np.inf),
}
