"""The operations that networks are made of, each in one node."""

from __future__ import annotations

from functools import lru_cache
from math import isfinite
from typing import Any

import numpy as np

from autograd.functions import FUNCTIONS
from autograd.node import Node
from autograd.ops.primitive import function, primitive
from autograd.ops.reduce import log_softmax, softmax, times
from autograd.ops.shape import data_of, float_dtype, shape_of


def _product(x: Any, y: Any) -> Any:
    """x @ y; of small matrices np.dot is a third faster."""
    return np.dot(x, y) if type(x) is type(y) is np.ndarray and x.ndim == y.ndim == 2 else x @ y


def _weights_rule(g: Any, z: Any, x: Any, w: Any, b: Any) -> Any:
    if len(shape_of(x)) == 2:
        return _product(x.T, g)
    if len(shape_of(x)) == 1:  # as a product of matrices the outer product takes half the time
        return np.dot(x[:, None], g[None]) if type(x) is type(g) is np.ndarray else x[:, None] * g
    return x.reshape((-1, shape_of(x)[-1])).T @ g.reshape((-1, shape_of(g)[-1]))


@lru_cache(64)
def _ones(length: int, dtype: Any) -> Any:
    return np.ones(length, dtype)


def _bias_rule(g: Any, z: Any, x: Any, w: Any, b: Any) -> Any:
    # as a product the sum of the rows takes a fifth of the time
    return np.dot(_ones(len(g), g.dtype), g) if type(g) is np.ndarray and g.ndim == 2 and b.ndim == 1 else g


@primitive(symbol="xw+b", is_product=True, dx=lambda g, z, x, w, b: _product(g, w.T), dw=_weights_rule, db=_bias_rule)
def affine(x: Any, w: Any, b: Any) -> Any:
    """``x @ w + b``: rows of features times a matrix of weights, plus a bias.

    `x` has shape (…, features), `w` (features, outputs), `b` (outputs,).

    >>> affine(np.array([[1.0, 2.0]]), np.eye(2), np.array([10.0, 20.0]))
    array([[11., 22.]])

    Raises ValueError for shapes that do not fit, and for weights that are no matrix.
    """
    if w.ndim != 2:
        raise ValueError("the weights are to be a matrix; write x @ w + b for anything else")
    z = _product(x, w)
    if getattr(b, "dtype", None) is z.dtype or z.dtype == np.result_type(z, b):
        z += b
        return z
    return z + b


def kept(generator: np.random.Generator, shape: tuple[int, ...], p: float) -> Any:
    """Which elements dropout keeps: each is dropped with probability `p`. A compiled function draws at every call."""
    return generator.random(shape) >= p


def follow(average: Any, new: Any, momentum: float) -> None:
    """Move a running average, in place, towards new numbers. A compiled function does so at every call."""
    average *= 1 - momentum
    average += momentum * data_of(new).ravel()


@primitive(internal=True, dx=lambda g, z, x, y: times(g, x - y), dy=lambda g, z, x, y: times(g, y - x))
def half_squares(x: Any, y: Any) -> Any:
    """½ Σ (x - y)² of two arrays of the same shape."""
    error = (x - y).reshape(-1)
    return error.dot(error) / 2


def _cross_entropy_rule(g: Any, z: Any, x: Any, *kept: Any, labels: Any) -> Any:
    rows, classes = shape_of(x)
    if isinstance(x, Node):
        return FUNCTIONS["chain_product"](g / rows, softmax(x) - np.eye(classes, dtype=x.dtype)[labels])
    if not g or not rows:  # a zero wins, even against inf and nan
        return np.zeros_like(x)
    e, total, places = kept or _keeping_exponentials(x, labels)[1]
    share = e / total
    share.put(places, share.take(places) - 1)
    scale = float(g) / rows
    if isfinite(scale):
        share *= scale
        return share
    return times(np.asarray(scale, share.dtype), share)


@lru_cache(64)
def _row_starts(rows: int, classes: int) -> Any:
    return np.arange(rows) * classes


def _keeping_exponentials(x: Any, labels: Any) -> Any:
    """The result, and for its rule the exponentials, their sums, and the places of the labels in the flat array."""
    rows, classes = x.shape
    for label in (labels.item(labels.argmin()), labels.item(labels.argmax())) if rows else ():
        if not 0 <= label < classes:
            raise IndexError(f"cross_entropy() of {classes} classes takes class indices from 0 on, not {label}")
    # along short rows the greatest is found several times faster in columns
    greatest = np.maximum.reduce(x.T.copy(), 0)[:, None] if rows > classes else np.maximum.reduce(x, -1, keepdims=True)
    e = x - greatest
    places = _row_starts(rows, classes) + (labels if labels.dtype.kind == "i" else labels.astype(np.intp))
    at_label = e.take(places)
    np.exp(e, e)
    total = np.dot(e, _ones(classes, e.dtype))
    surprise = np.log(total) - at_label
    mean = np.mean(surprise) if e.itemsize == 2 else np.add.reduce(surprise) / rows  # half sums end at 65504
    return mean, (e, total[:, None], places)


@primitive(internal=True, dx=_cross_entropy_rule, keeping=_keeping_exponentials)
def _cross_entropy(x: Any, labels: Any) -> Any:
    return _keeping_exponentials(x, labels)[0]


@function()
def cross_entropy(x: Any, labels: Any) -> Any:
    """The mean over rows of -log softmax(x) at the label: how surprising the labels are to the logits.

    `x` has shape (rows, classes); `labels` are class indices (rows,) or probabilities (rows, classes).

    >>> float(cross_entropy(np.zeros((2, 4)), np.array([0, 3])))
    1.3862943611198906

    Raises IndexError for a class index out of range, ValueError for labels of another shape.
    """
    # integers among the arguments of a compiled function are known by their array
    is_known = isinstance(labels, Node) and (labels.dtype.kind in "iu" or labels.ndim != 2)
    labels = labels._primal if is_known else np.asarray(labels)
    x = x if isinstance(x, Node) else np.asarray(x, float_dtype(x))
    shape = shape_of(x)
    if len(shape) != 2:
        raise ValueError(f"cross_entropy() takes logits of shape (rows, classes), not {shape}")
    if labels.ndim == 2 and labels.shape == shape:
        return (log_softmax(x) * labels).mean() * -shape[1]  # half sums end at 65504
    if labels.shape != shape[:1] or labels.dtype.kind not in "iu":
        raise ValueError(
            f"cross_entropy() of logits of shape {shape} takes class indices of shape {shape[:1]}, or probabilities of "
            f"shape {shape}, not labels of shape {labels.shape} and dtype {labels.dtype}"
        )
    return _cross_entropy(x, labels)
