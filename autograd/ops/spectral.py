"""Eigenvalues and singular values, and what is made of them: the pseudo-inverse and the norms of matrices.

The rules: M. B. Giles (2008), as for `linalg`; J. Townsend, "Differentiating the singular value decomposition" (2016);
G. H. Golub and V. Pereyra, "The differentiation of pseudo-inverses and nonlinear least squares problems" (1973).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from autograd.functions import FUNCTIONS
from autograd.ops.primitive import function, primitive
from autograd.ops.reduce import axes_of, euclidean, max, min, sum, times
from autograd.ops.shape import Axis, data_of, moveaxis, shape_of


def _over_gaps(upstream: Any, values: Any) -> Any:
    """``upstream[i, j] / (values[j] - values[i])``, 0 on the diagonal (F in Giles): what turns vector i to vector j;
    inf where two values are equal and upstream is not 0, as vectors of equal values are no function of the matrix."""
    no_turn = np.eye(shape_of(values)[-1], dtype=values.dtype)
    return times(upstream, (1 - no_turn) / (values[..., None, :] - values[..., :, None] + no_turn))


def _eigenvalues_rule(g: Any, z: Any, x: Any, UPLO: Any) -> Any:
    v = _eigenvectors(x, UPLO)
    return (v * g[..., None, :]) @ v.mT


@primitive(internal=True, dx=_eigenvalues_rule)
def _eigenvalues(x: Any, UPLO: Any = "L") -> Any:
    return np.linalg.eigh(x, UPLO)[0]


def _eigenvectors_rule(g: Any, z: Any, x: Any, UPLO: Any) -> Any:
    share = z @ _over_gaps(z.mT @ g, _eigenvalues(x, UPLO)) @ z.mT
    return (share + share.mT) / 2


@primitive(internal=True, dx=_eigenvectors_rule)
def _eigenvectors(x: Any, UPLO: Any = "L") -> Any:
    return np.linalg.eigh(x, UPLO)[1]


class EighResult(NamedTuple):
    """The eigenvalues in ascending order, and the eigenvectors as columns."""

    eigenvalues: Any
    eigenvectors: Any


@function(np.linalg.eigh)
def eigh(x: Any, UPLO: Any = "L") -> EighResult:
    """The eigenvalues and eigenvectors of a symmetric matrix; the gradient is symmetric, as x is.

    Eigenvectors of one and the same eigenvalue are no function of x: what minds which they are gets nan or inf for a
    gradient.

    >>> eigh(np.array([[2.0, 0.0], [0.0, 1.0]])).eigenvalues
    array([1., 2.])
    """
    return EighResult(_eigenvalues(x, UPLO), _eigenvectors(x, UPLO))


@function(np.linalg.eigvalsh)
def eigvalsh(x: Any, UPLO: Any = "L") -> Any:
    """The eigenvalues of a symmetric matrix in ascending order; the gradient is symmetric, as x is."""
    return _eigenvalues(x, UPLO)


def _side_rule(g: Any, z: Any, s: Any, other: Any) -> Any:
    """The share of ``z * s @ other.T`` where z, on one side of the singular values, has the upstream gradient g."""
    turned = z.mT @ g
    share = z @ (_over_gaps(turned - turned.mT, s * s) * s[..., None, :])
    if shape_of(z)[-2] > shape_of(z)[-1]:
        share = share + times(g - z @ turned, 1 / s[..., None, :])
    return share @ other.mT


def _values_rule(g: Any, z: Any, x: Any) -> Any:
    # at 0 a singular value has a kink, as the absolute value; 0 is what NumPy's matrix_rank takes for it
    s = data_of(z)
    g = FUNCTIONS["where"](s <= s[..., :1] * (np.finfo(s.dtype).eps * np.max(shape_of(x)[-2:])), 0.0, g)
    return (_left(x) * g[..., None, :]) @ _right(x).mT


@primitive(internal=True, dx=_values_rule)
def _singular_values(x: Any) -> Any:
    return np.linalg.svd(x, full_matrices=False)[1]


def _left_rule(g: Any, z: Any, x: Any) -> Any:
    return _side_rule(g, z, _singular_values(x), _right(x))


@primitive(internal=True, dx=_left_rule)
def _left(x: Any) -> Any:
    return np.linalg.svd(x, full_matrices=False)[0]


def _right_rule(g: Any, z: Any, x: Any) -> Any:
    return _side_rule(g, z, _singular_values(x), _left(x)).mT


@primitive(internal=True, dx=_right_rule)
def _right(x: Any) -> Any:
    return np.linalg.svd(x, full_matrices=False)[2].mT


class SVDResult(NamedTuple):
    """``U * S @ Vh``: vectors as columns, the singular values in descending order, vectors as rows."""

    U: Any
    S: Any
    Vh: Any


@function(np.linalg.svd)
def svd(x: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """The singular value decomposition of a matrix; of one that is not square only with ``full_matrices=False``.

    >>> svd(np.array([[0.0, 2.0], [1.0, 0.0]])).S
    array([2., 1.])

    Raises ValueError for all vectors of a matrix that is not square: some of them are no function of x.
    """
    if len(shape_of(x)) < 2:
        raise ValueError(f"svd() of shape {shape_of(x)}: expected a matrix, or a stack of them")
    rows, columns = shape_of(x)[-2:]
    if not compute_uv:
        return _singular_values(x)
    if full_matrices and rows != columns:
        raise ValueError(f"svd() of shape {shape_of(x)} has a derivative with full_matrices=False only")
    return SVDResult(_left(x), _singular_values(x), _right(x).mT)


def _pinv_rule(g: Any, z: Any, x: Any, rcond: Any) -> Any:
    across, along = z @ z.mT, z.mT @ z
    gt = g.mT
    return -(z.mT @ g @ z.mT) + (gt - x @ (z @ gt)) @ across + along @ (gt - (gt @ z) @ x)


@primitive(np.linalg.pinv, dx=_pinv_rule)
def pinv(x: Any, rcond: Any = None) -> Any:
    """The pseudo-inverse (Moore and Penrose) of a matrix whose rank does not change nearby; the gradient takes the
    singular values that `rcond` cuts off for zeros.

    >>> pinv(np.array([[2.0, 0.0], [0.0, 4.0], [0.0, 0.0]]))
    array([[0.5 , 0.  , 0.  ],
           [0.  , 0.25, 0.  ]])
    """
    return np.linalg.pinv(x) if rcond is None else np.linalg.pinv(x, rcond)


@function(np.linalg.norm)
def norm(x: Any, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Any:
    """The norm over axes: Euclidean, of a matrix Frobenius', unless `ord` says which; its gradient at 0 is 0.

    >>> float(norm(np.array([3.0, 4.0])))
    5.0

    Raises ValueError for a norm that NumPy does not have either, and for the number of elements that are not 0.
    """
    axes = axes_of(x, axis)
    if ord is None or (ord == "fro" and len(axes) == 2) or (ord == 2 and len(axes) == 1):
        return euclidean(x, axis, keepdims=keepdims)
    if len(axes) == 2 and ord in (1, -1, np.inf, -np.inf, 2, -2, "nuc"):
        matrix = moveaxis(x, axes, (-2, -1))
        if ord in (2, -2, "nuc"):
            sizes = _singular_values(matrix)
        else:
            sizes = sum(FUNCTIONS["abs"](matrix), -2 if abs(ord) == 1 else -1)
        size = sum(sizes, -1) if ord == "nuc" else (max if ord > 0 else min)(sizes, -1)
        return np.expand_dims(size, tuple(sorted(axes))) if keepdims else size
    if len(axes) != 1 or isinstance(ord, str) or ord == 0:
        raise ValueError(f"norm(ord={ord!r}) over {len(axes)} axes has no derivative rule; give another order")
    size = FUNCTIONS["abs"](x)
    if ord in (np.inf, -np.inf):
        return (max if ord > 0 else min)(size, axis, keepdims=keepdims)
    if ord == 1:
        return sum(size, axis, keepdims=keepdims)
    power = FUNCTIONS["pow"]  # of arrays as of nodes: ``**`` may round otherwise
    return power(sum(power(size, ord), axis, keepdims=keepdims), 1 / ord)
