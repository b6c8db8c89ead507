"""Functions of curves that are given by their values at places: slopes, areas, values between, convolutions."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.ops.reduce import axes_of
from autograd.ops.shape import data_of, float_dtype


def _linspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True) -> Any:
    share = np.linspace(0.0, 1.0, num, endpoint, dtype=float_dtype(start, stop))
    share = np.reshape(share, (num,) + (1,) * max(np.ndim(start), np.ndim(stop)))
    return start * (1 - share) + stop * share


def _trapezoid(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Any:
    y = np.moveaxis(y, axis, -1)
    if np.ndim(x) > 1:
        x = np.moveaxis(x, axis, -1)
    return np.sum((dx if x is None else np.diff(x)) * (y[..., 1:] + y[..., :-1]), axis=-1) / 2.0


def _polyval(p: Any, x: Any) -> Any:
    return functools.reduce(lambda y, coefficient: y * x + coefficient, p, 0.0)


def _convolve(a: Any, v: Any, mode: str = "full") -> Any:
    if np.ndim(a) != 1 or np.ndim(v) != 1 or not len(a) or not len(v):
        raise ValueError(f"np.convolve takes two sequences of numbers, not shapes {np.shape(a)} and {np.shape(v)}")
    if mode not in ("full", "same", "valid"):
        raise ValueError(f"the mode is 'full', 'same' or 'valid', not {mode!r}")
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
    if len(set(axes)) < len(axes):
        raise ValueError(f"np.gradient along one axis twice: {axis}")
    is_one = len(varargs) == 1 and not np.ndim(varargs[0])
    spacings = varargs * len(axes) if is_one else varargs or (1.0,) * len(axes)
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
        steps = np.reshape(np.diff(spacing), (-1,) + (1,) * (f.ndim - 1)).astype(float_dtype(f))
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
    if np.shape(places) != np.shape(fp) or not len(places):
        raise ValueError(f"np.interp takes as many values as places, not {np.shape(fp)} and {np.shape(places)}")
    i = np.clip(np.searchsorted(places, data_of(x), side="right") - 1, 0, len(places) - 1)
    flat = np.zeros(1, float_dtype(fp))
    with np.errstate(divide="ignore", invalid="ignore"):  # where a place comes twice
        between = (fp[1:] - fp[:-1]) / (xp[1:] - xp[:-1])
    is_point = len(places) == 1
    slopes = np.concatenate([  # before the first place, between two, behind the last
        flat if left is None or is_point else between[:1], between, flat if right is None or is_point else between[-1:]
    ])  # fmt: skip
    before, slope = slopes[i], slopes[i + 1]
    nearer = np.where(before * slope <= 0, 0.0, np.where(np.abs(before) < np.abs(slope), before, slope))
    inside = fp[i] + np.where(data_of(x) == places[i], nearer, slope) * (x - xp[i])
    low, high = fp[0] if left is None else left, fp[-1] if right is None else right
    return np.where(x < places[0], low, np.where(x > places[-1], high, inside))


DEFINITIONS: dict[str, Callable[..., Any]] = {
    "linspace": _linspace,
    "trapezoid": _trapezoid,
    "polyval": _polyval,
    "convolve": _convolve,
    "correlate": _correlate,
    "gradient": _gradient,
    "interp": _interp,
    "ediff1d": lambda ary: np.diff(np.ravel(ary)),
    "vander": lambda x, N=None, increasing=False: (
        x[:, None] ** (np.arange(len(x) if N is None else N)[:: 1 if increasing else -1])
    ),
}
