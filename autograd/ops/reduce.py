"""Sums and other reductions along axes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.functions import FUNCTIONS
from autograd.ops.primitive import function, primitive
from autograd.ops.shape import Axis, broadcast_to, data_of, flip, shape_of

_where = FUNCTIONS["where"]
_sum: Callable[..., Any] = np.add.reduce
_product: Callable[..., Any] = np.multiply.reduce


def _axes(x: Any, axis: Axis) -> tuple[int, ...]:
    rank = len(shape_of(x))
    if axis is None:
        return tuple(range(rank))
    return tuple(each % rank for each in (axis if isinstance(axis, tuple) else (axis,)))


def _count(x: Any, axis: Axis) -> int:
    return int(np.prod([shape_of(x)[each] for each in _axes(x, axis)], dtype=int))


def _kept(r: Any, x: Any, axis: Axis) -> Any:
    """A result of a reduction with its axes back, of length one."""
    axes = _axes(x, axis)
    return r.reshape(tuple(1 if i in axes else n for i, n in enumerate(shape_of(x))))


def _spread(g: Any, x: Any, axis: Axis) -> Any:
    return broadcast_to(_kept(g, x, axis) if shape_of(g) else g, shape_of(x))


@primitive(np.sum, dx=lambda g, z, x, axis, keepdims: _spread(g, x, axis))
def sum(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The sum over axes, over all unless given.

    >>> sum(np.ones((2, 3)), axis=0)
    array([2., 2., 2.])
    """
    return _sum(x, axis, keepdims=keepdims)


@primitive(np.mean, dx=lambda g, z, x, axis, keepdims: _spread(g / _count(x, axis), x, axis))
def mean(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The mean over axes, over all unless given."""
    return np.mean(x, axis, keepdims=keepdims)


def _var_rule(g: Any, z: Any, x: Any, axis: Axis, ddof: float, keepdims: bool) -> Any:
    deviation = x - mean(x, axis, keepdims=True)
    return _kept(g, x, axis) * deviation * (2 / (_count(x, axis) - ddof))


@primitive(np.var, dx=_var_rule)
def var(x: Any, axis: Axis = None, ddof: float = 0, keepdims: bool = False) -> Any:
    """The variance over axes, with divisor N - ddof."""
    return np.var(x, axis, ddof=ddof, keepdims=keepdims)


def _std_rule(g: Any, z: Any, x: Any, axis: Axis, ddof: float, keepdims: bool) -> Any:
    # no spread, no slope: 0 there, the subgradient nearest to zero
    flat = data_of(_kept(z, x, axis)) == 0
    scale = _where(flat, 1.0, _kept(z, x, axis)) * (_count(x, axis) - ddof)
    return _kept(g, x, axis) * _where(flat, 0.0, (x - mean(x, axis, keepdims=True)) / scale)


@primitive(np.std, dx=_std_rule)
def std(x: Any, axis: Axis = None, ddof: float = 0, keepdims: bool = False) -> Any:
    """The standard deviation over axes, with divisor N - ddof; its gradient where all elements are equal is 0.

    >>> float(std(np.array([1.0, 3.0]), ddof=1))
    1.4142135623730951
    """
    return np.std(x, axis, ddof=ddof, keepdims=keepdims)


def _extremum_rule(g: Any, z: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    hit = data_of(x) == data_of(_kept(z, x, axis))  # equal shares at ties
    return _kept(g, x, axis) * (hit / np.maximum(_sum(hit, _axes(x, axis), keepdims=True), 1))


@primitive(np.max, np.amax, dx=_extremum_rule)
def max(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The greatest element over axes; equal ones share the gradient."""
    return np.max(x, axis, keepdims=keepdims)


@primitive(np.min, np.amin, dx=_extremum_rule)
def min(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The least element over axes; equal ones share the gradient."""
    return np.min(x, axis, keepdims=keepdims)


def _prod_rule(g: Any, z: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    if (data_of(x) != 0).all():
        return _kept(g, x, axis) * _kept(z, x, axis) / x
    # the product of all others, for every element, without a division by zero
    axes = _axes(x, axis)
    front = [i for i in range(len(shape_of(x))) if i not in axes]
    order = [*front, *axes]
    moved = x.transpose(order)
    rows = moved.reshape((*(shape_of(x)[i] for i in front), 1, -1))
    n = shape_of(rows)[-1]
    others = prod(_where(np.eye(n, dtype=bool), 1.0, rows), axis=-1)
    return _kept(g, x, axis) * others.reshape(shape_of(moved)).transpose(list(np.argsort(order)))


@primitive(np.prod, dx=_prod_rule)
def prod(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The product over axes; right at zeros too.

    >>> from autograd import grad
    >>> grad(prod)(np.array([0.0, 2.0, 3.0]))
    array([6., 0., 0.])
    """
    return _product(x, axis, keepdims=keepdims)


@primitive(np.cumsum, dx=lambda g, z, x, axis: _cumsum_rule(g, x, axis))
def cumsum(x: Any, axis: int | None = None) -> Any:
    """The running sum along an axis, or over all elements in one row."""
    return np.cumsum(x, axis)


def _cumsum_rule(g: Any, x: Any, axis: int | None) -> Any:
    along = 0 if axis is None else axis
    return flip(cumsum(flip(g, along), along), along).reshape(shape_of(x))


@primitive(np.cumprod, dx=lambda g, z, x, axis: _cumprod_rule(g, z, x, axis))
def cumprod(x: Any, axis: int | None = None) -> Any:
    """The running product along an axis, or over all elements in one row; right at zeros too."""
    return np.cumprod(x, axis)


def _cumprod_rule(g: Any, z: Any, x: Any, axis: int | None) -> Any:
    if axis is None:
        return _cumprod_rule(g, z, x.reshape(-1), 0).reshape(shape_of(x))
    if (data_of(x) != 0).all():
        return flip(cumsum(flip(g * z, axis), axis), axis) / x
    # element i, product k ≥ i: the product of the first k elements but the i-th
    rows = x.swapaxes(axis, -1)
    n = shape_of(rows)[-1]
    others = cumprod(_where(np.eye(n, dtype=bool), 1.0, rows.reshape((*shape_of(rows)[:-1], 1, n))), -1)
    later = np.triu(np.ones((n, n), bool))
    shares = _where(later, others, 0.0) * g.swapaxes(axis, -1).reshape((*shape_of(rows)[:-1], 1, n))
    return sum(shares, axis=-1).swapaxes(axis, -1)


def _logsumexp_rule(g: Any, z: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    kept = _kept(z, x, axis)
    infinite = np.isinf(data_of(kept))  # all terms -inf, or some +inf: those that tie for the maximum share
    tied = (data_of(x) == data_of(kept)) & infinite
    shares = tied / np.maximum(_sum(tied, _axes(x, axis), keepdims=True), 1)
    return _kept(g, x, axis) * _where(infinite, shares, FUNCTIONS["exp"](x - _where(infinite, 0.0, kept)))


@primitive(dx=_logsumexp_rule)
def logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """log(sum(exp(x))) over axes, without overflow.

    >>> float(logsumexp(np.array([1000.0, 1000.0])))
    1000.6931471805599
    """
    top = np.max(x, axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0)
    with np.errstate(divide="ignore", over="ignore"):
        result = np.log(_sum(np.exp(x - top), axis, keepdims=True)) + top
    return result if keepdims else result.reshape(_sum(x, axis).shape)


def _norm_rule(g: Any, z: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    kept = _kept(z, x, axis)
    zero = data_of(kept) == 0
    return _kept(g, x, axis) * _where(zero, 0.0, x / _where(zero, 1.0, kept))


@primitive(internal=True, dx=_norm_rule)
def _euclidean(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return np.sqrt(_sum(x * x, axis, keepdims=keepdims))


@function(np.linalg.norm)
def norm(x: Any, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Any:
    """The vector norm over axes: Euclidean unless `ord` is another number, inf or -inf; its gradient at 0 is 0.

    Of a matrix without `axis` the Frobenius norm. Raises ValueError for matrix norms that need singular values.

    >>> float(norm(np.array([3.0, 4.0])))
    5.0
    """
    rank = len(shape_of(x))
    if ord is None or (ord == "fro" and len(_axes(x, axis)) == 2) or (ord == 2 and len(_axes(x, axis)) == 1):
        return _euclidean(x, axis, keepdims)
    if len(_axes(x, axis)) != 1:
        raise ValueError(f"norm(ord={ord!r}) over {rank if axis is None else axis} axes has no rule; give one axis")
    size = FUNCTIONS["abs"](x)
    if ord in (np.inf, -np.inf):
        return (max if ord > 0 else min)(size, axis, keepdims)
    return sum(size**ord, axis, keepdims) ** (1 / ord) if ord != 1 else sum(size, axis, keepdims)


@function(np.ptp)
def ptp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The greatest minus the least element."""
    return max(x, axis, keepdims) - min(x, axis, keepdims)


@function(np.diff)
def diff(x: Any, n: int = 1, axis: int = -1) -> Any:
    """The n-th difference of neighbours along an axis."""
    before = (slice(None),) * (axis % len(shape_of(x)))
    for _ in range(n):
        x = x[(*before, slice(1, None))] - x[(*before, slice(None, -1))]
    return x


@primitive(dx=lambda g, z, x, axis: z * (g - sum(g * z, axis, keepdims=True)))
def softmax(x: Any, axis: int = -1) -> Any:
    """exp(x) / sum(exp(x)) along an axis, without overflow.

    >>> softmax(np.array([1000.0, 1000.0]))
    array([0.5, 0.5])
    """
    e = np.exp(x - np.max(x, axis, keepdims=True))
    return e / _sum(e, axis, keepdims=True)


@primitive(dx=lambda g, z, x, axis: g - FUNCTIONS["exp"](z) * sum(g, axis, keepdims=True))
def log_softmax(x: Any, axis: int = -1) -> Any:
    """log(softmax(x)) along an axis, without overflow or cancellation."""
    shifted = x - np.max(x, axis, keepdims=True)
    return shifted - np.log(_sum(np.exp(shifted), axis, keepdims=True))
