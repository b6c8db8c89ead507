"""The operations that networks are made of, each in one node."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.ops.primitive import primitive
from autograd.ops.reduce import log_softmax, softmax
from autograd.ops.shape import shape_of


def _weights_rule(g: Any, z: Any, x: Any, w: Any, b: Any) -> Any:
    if len(shape_of(x)) == 2:
        return x.T @ g
    return x.reshape((-1, shape_of(x)[-1])).T @ g.reshape((-1, shape_of(g)[-1]))


@primitive(symbol="xw+b", dx=lambda g, z, x, w, b: g @ w.T, dw=_weights_rule, db=lambda g, z, x, w, b: g)
def affine(x: Any, w: Any, b: Any) -> Any:
    """``x @ w + b``: rows of features times a matrix of weights, plus a bias.

    `x` has shape (…, features), `w` (features, outputs), `b` (outputs,).

    >>> affine(np.array([[1.0, 2.0]]), np.eye(2), np.array([10.0, 20.0]))
    array([[11., 22.]])
    """
    z = np.matmul(x, w)
    if z.dtype == np.result_type(z, b):
        z += b
        return z
    return z + b


def _cross_entropy_rule(g: Any, z: Any, x: Any, labels: Any) -> Any:
    rows, classes = shape_of(x)
    if isinstance(x, np.ndarray) and labels.ndim == 1:
        share = softmax(x)
        share[np.arange(rows), labels] -= 1.0
        share *= g / rows
        return share
    targets = np.eye(classes)[labels] if labels.ndim == 1 else labels
    return g * (softmax(x) * targets.sum(axis=1, keepdims=True) - targets) / rows


@primitive(dx=_cross_entropy_rule)
def cross_entropy(x: Any, labels: Any) -> Any:
    """The mean over rows of -log softmax(x) at the label: how surprising the labels are to the logits.

    `x` has shape (rows, classes); `labels` are class indices (rows,) or probabilities (rows, classes).

    >>> float(cross_entropy(np.zeros((2, 4)), np.array([0, 3])))
    1.3862943611198906

    Raises IndexError for a class index out of range, ValueError for labels of another shape.
    """
    logs = log_softmax(x)
    if labels.ndim == 2 and labels.shape == x.shape:
        return -np.vdot(logs, labels) / len(x)
    if labels.shape != x.shape[:1] or labels.dtype.kind not in "iu":
        raise ValueError(
            f"cross_entropy() of logits of shape {x.shape} takes {len(x)} class indices, or probabilities of that "
            f"shape, not labels of shape {labels.shape} and dtype {labels.dtype}"
        )
    # as unsigned numbers negative labels are out of range, and do not count from the end
    return -np.add.reduce(logs[np.arange(len(x)), labels.astype(np.uintp)]) / len(x)
