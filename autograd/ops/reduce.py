"""Sums and other reductions along axes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import modes
from autograd.functions import FUNCTIONS
from autograd.node import Node
from autograd.ops.primitive import function, primitive
from autograd.ops.shape import Axis, axis_of, broadcast_to, data_of, flip, reshape, shape_of, transpose

_where = FUNCTIONS["where"]
_sum: Callable[..., Any] = np.add.reduce
_product: Callable[..., Any] = np.multiply.reduce
_FEW = 1000  # entries: writing them takes no longer than making a view


def axes_of(x: Any, axis: Axis) -> tuple[int, ...]:
    """The axes as numbers from 0: all of them if `axis` is None. Raises numpy.exceptions.AxisError for no axis of x."""
    rank = len(shape_of(x))
    if axis is None or not rank:
        return tuple(range(rank))
    return tuple(axis_of(x, each) for each in (axis if isinstance(axis, tuple) else (axis,)))


def axes_in_one(a: Any, axis: Any) -> Any:
    """The elements along some axes, or along all, which become the first one."""
    axes = axes_of(a, axis)
    first = np.moveaxis(a, axes, range(len(axes)))
    return np.reshape(first, (_count(a, axis), *np.shape(first)[len(axes) :]))


def left_shape(a: Any, axis: Any, keepdims: bool) -> tuple[int, ...]:
    """The shape that is left of an array without some axes, or without all."""
    return np.shape(np.all(data_of(a), axis=axis, keepdims=keepdims))


def _as_float(x: Any) -> Any:
    """Differences of integers and exponentials of small ones would not be what they are of floats."""
    return x.astype(float) if isinstance(x, (np.ndarray, np.generic)) and x.dtype.kind in "iub" else x


def _count(x: Any, axis: Axis) -> int:
    if axis is None:
        return getattr(x, "size", 1)
    return int(np.prod([shape_of(x)[each] for each in axes_of(x, axis)], dtype=int))


def _kept(r: Any, x: Any, axis: Axis) -> Any:
    """A result of a reduction with its axes back, of length one."""
    axes = axes_of(x, axis)
    return r.reshape(tuple(1 if i in axes else n for i, n in enumerate(shape_of(x))))


def _spread(g: Any, z: Any, x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    if (type(g) is np.ndarray or isinstance(g, np.generic)) and not g.ndim:
        shape = getattr(x, "shape", ())
        if getattr(x, "size", 1) <= _FEW:
            spread = np.empty(shape, g.dtype)
            spread.fill(g)
            return spread
        return np.ndarray(shape, g.dtype, np.asarray(g), 0, (0,) * len(shape))  # a view: nothing is written
    return broadcast_to(_kept(g, x, axis) if shape_of(g) else g, shape_of(x))


def times(g: Any, local: Any) -> Any:
    """The product of the chain rule, in which a zero wins even against inf and nan."""
    product = g * local
    if isinstance(product, Node) and modes.is_watched():  # what is recorded must not depend on the numbers of this run
        return FUNCTIONS["chain_product"](g, local)
    return product if np.isfinite(data_of(product)).all() else FUNCTIONS["chain_product"](g, local)


def _share_of(hit: Any, z: Any, x: Any, axis: Axis) -> Any:
    """The share of each element where those that hit share equally."""
    count = np.maximum(_sum(hit, axes_of(x, axis), keepdims=True), 1)  # in integers: half precision ends at 65504
    return (hit / count).astype(z.dtype)


@primitive(np.sum, passes_on_nan=True, dx=_spread)
def sum(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """The sum over axes, over all unless given.

    >>> sum(np.ones((2, 3)), axis=0)
    array([2., 2., 2.])
    """
    return _sum(x, axis, keepdims=keepdims)


def _mean_rule(g: Any, z: Any, x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    count = _count(x, axis)
    if count > 65504 and g.dtype == np.float16:  # which holds no greater number
        return _spread(g / (count / 2**15) / 2**15, z, x, axis)
    return _spread(g / count, z, x, axis)


@primitive(np.mean, passes_on_nan=True, dx=_mean_rule)
def mean(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """The mean over axes, over all unless given; that of nothing is nan."""
    if getattr(x, "dtype", None) == np.float16:  # whose sum ends at 65504
        return np.mean(x, axis, keepdims=keepdims)
    return _sum(x, axis, keepdims=keepdims) / _count(x, axis)


def _var_rule(g: Any, z: Any, x: Any, axis: Axis, ddof: float, keepdims: bool) -> Any:
    deviation = x - mean(x, axis, keepdims=True)
    freedom = _count(x, axis) - ddof
    return times(_kept(g, x, axis), deviation * (2 / freedom if freedom > 0 else np.inf))


@primitive(np.var, dx=_var_rule)
def var(x: Any, axis: Axis = None, *, ddof: float = 0, keepdims: bool = False) -> Any:
    """The variance over axes, with divisor N - ddof, or 0 where that is negative."""
    if _count(x, axis) > ddof:
        return np.var(x, axis, ddof=ddof, keepdims=keepdims)
    deviation = x - mean(x, axis, keepdims=True)
    return _sum(deviation * deviation, axis, keepdims=keepdims) / 0.0  # NumPy says the same with a warning


def _std_rule(g: Any, z: Any, x: Any, axis: Axis, ddof: float, keepdims: bool) -> Any:
    # no spread, no slope: 0 there, the subgradient nearest to zero; a rounded mean may make z a little more than 0
    data, axes = data_of(x), axes_of(x, axis)
    least = np.min(data, axes, keepdims=True, initial=np.inf)
    flat = (data_of(_kept(z, x, axis)) == 0) | (least == np.max(data, axes, keepdims=True, initial=-np.inf))
    freedom = _count(x, axis) - ddof
    scale = _where(flat, 1.0, _kept(z, x, axis)) * (freedom if freedom > 0 else 0.0)
    return times(_kept(g, x, axis), _where(flat, 0.0, (x - mean(x, axis, keepdims=True)) / scale))


@primitive(np.std, dx=_std_rule)
def std(x: Any, axis: Axis = None, *, ddof: float = 0, keepdims: bool = False) -> Any:
    """The standard deviation over axes, with divisor N - ddof; its gradient where all elements are equal is 0.

    >>> float(std(np.array([1.0, 3.0]), ddof=1))
    1.4142135623730951
    """
    return np.sqrt(var(x, axis, ddof=ddof, keepdims=keepdims))


def _extremum_rule(g: Any, z: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    hit = data_of(x) == data_of(_kept(z, x, axis))
    return times(_kept(g, x, axis), _share_of(hit, z, x, axis))


@primitive(np.max, np.amax, dx=_extremum_rule)
def max(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """The greatest element over axes; equal ones share the gradient."""
    return np.max(x, axis, keepdims=keepdims)


@primitive(np.min, np.amin, dx=_extremum_rule)
def min(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """The least element over axes; equal ones share the gradient."""
    return np.min(x, axis, keepdims=keepdims)


def _prod_rule(g: Any, z: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    if _divides(z):
        return times(_kept(g, x, axis), _kept(z, x, axis) / x)
    # the product of all others, for every element, without a division by zero
    axes = axes_of(x, axis)
    front = [i for i in range(len(shape_of(x))) if i not in axes]
    order = [*front, *axes]
    moved = transpose(x, order)
    rows = reshape(moved, (*(shape_of(x)[i] for i in front), 1, _count(x, axis)))
    n = shape_of(rows)[-1]
    others = prod(_where(np.eye(n, dtype=bool), 1.0, rows), axis=-1)
    return times(_kept(g, x, axis), others.reshape(shape_of(moved)).transpose(list(np.argsort(order))))


def _divides(product: Any) -> bool:
    """Whether a product may be divided by its factors: none is 0, and nothing under- or overflowed."""
    sizes = np.abs(data_of(product))
    return bool(((sizes >= np.finfo(sizes.dtype).tiny) & (sizes < np.inf)).all())


@primitive(np.prod, dx=_prod_rule)
def prod(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
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
        return _cumprod_rule(g, z, reshape(x, -1), 0).reshape(shape_of(x))
    weighted = g * z
    if _divides(z) and _divides(np.where(data_of(g) == 0, data_of(z), data_of(weighted))):
        return flip(cumsum(flip(weighted, axis), axis), axis) / x
    # element i, product k ≥ i: the product of the first k elements but the i-th
    rows = x.swapaxes(axis, -1)
    n = shape_of(rows)[-1]
    others = cumprod(_where(np.eye(n, dtype=bool), 1.0, rows.reshape((*shape_of(rows)[:-1], 1, n))), -1)
    later = np.triu(np.ones((n, n), bool))
    shares = times(_where(later, others, 0.0), g.swapaxes(axis, -1).reshape((*shape_of(rows)[:-1], 1, n)))
    return sum(shares, axis=-1).swapaxes(axis, -1)


def _logsumexp_rule(g: Any, z: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    kept = _kept(z, x, axis)
    infinite = np.isinf(data_of(kept))  # all terms -inf, or some +inf: those that tie for the maximum share
    tied = (data_of(x) == data_of(kept)) & infinite
    shares = _share_of(tied, z, x, axis)
    return times(_kept(g, x, axis), _where(infinite, shares, FUNCTIONS["exp"](x - _where(infinite, 0.0, kept))))


@primitive(dx=_logsumexp_rule)
def logsumexp(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """log(sum(exp(x))) over axes, without overflow.

    >>> float(logsumexp(np.array([1000.0, 1000.0])))
    1000.6931471805599
    """
    x = _as_float(x)
    top = np.max(x, axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0)
    with np.errstate(divide="ignore", over="ignore"):
        result = np.log(_sum(np.exp(x - top), axis, keepdims=True)) + top
    return result if keepdims else result.reshape(_sum(x, axis).shape)


def _norm_rule(g: Any, z: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    kept = _kept(z, x, axis)
    zero = data_of(kept) == 0
    return times(_kept(g, x, axis), _where(zero, 0.0, x / _where(zero, 1.0, kept)))


@primitive(internal=True, dx=_norm_rule)
def euclidean(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """The root of the sum of the squares."""
    return np.sqrt(_sum(x * x, axis, keepdims=keepdims))


@function(np.ptp)
def ptp(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """The greatest minus the least element."""
    return max(x, axis, keepdims=keepdims) - min(x, axis, keepdims=keepdims)


@function(np.diff)
def diff(x: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """The n-th difference of neighbours along an axis; `prepend` and `append` are put at the ends of it before."""
    if n < 0:
        raise ValueError(f"diff() takes n from 0 on, not {n}")
    if n and (prepend is not None or append is not None):
        one = [1 if place == axis_of(x, axis) else side for place, side in enumerate(shape_of(x))]
        parts = [each for each in (prepend, x, append) if each is not None]
        x = np.concatenate([each if shape_of(each) else np.broadcast_to(each, one) for each in parts], axis)
    before = (slice(None),) * axis_of(x, axis)
    for _ in range(n):
        x = x[(*before, slice(1, None))] - x[(*before, slice(None, -1))]
    return x


@primitive(dx=lambda g, z, x, axis: times(g - sum(times(g, z), axis, keepdims=True), z))
def softmax(x: Any, axis: int = -1) -> Any:
    """exp(x) / sum(exp(x)) along an axis, without overflow.

    >>> softmax(np.array([1000.0, 1000.0]))
    array([0.5, 0.5])
    """
    x = _as_float(x)
    e = np.exp(x - np.maximum.reduce(x, axis, keepdims=True))
    e /= _sum(e, axis, keepdims=True)
    return e


@primitive(dx=lambda g, z, x, axis: g - times(g.sum(axis, keepdims=True), np.exp(z)))
def log_softmax(x: Any, axis: int = -1) -> Any:
    """log(softmax(x)) along an axis, without overflow or cancellation."""
    x = _as_float(x)
    shifted = x - np.maximum.reduce(x, axis, keepdims=True)
    return shifted - np.log(_sum(np.exp(shifted), axis, keepdims=True))
