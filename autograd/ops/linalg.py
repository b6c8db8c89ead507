"""Products of matrices, equations, determinants. The rules: M. B. Giles, "An extended collection of matrix derivative
results for forward and reverse mode algorithmic differentiation" (2008)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd.functions import FUNCTIONS
from autograd.node import Node
from autograd.ops.primitive import function, primitive
from autograd.ops.reduce import sum, times
from autograd.ops.shape import axis_of, data_of, diagonal, reshape, shape_of, transpose


def _matmul_dx(g: Any, z: Any, x: Any, y: Any) -> Any:
    if len(shape_of(y)) == 1:
        return g[..., None] * y
    if len(shape_of(x)) == 1:
        return (y @ g[..., None])[..., 0]
    return g @ y.mT


def _matmul_dy(g: Any, z: Any, x: Any, y: Any) -> Any:
    if len(shape_of(x)) == 1:
        return g * x if len(shape_of(y)) == 1 else x[:, None] * g[..., None, :]
    if len(shape_of(y)) == 1:
        return (x.mT @ g[..., None])[..., 0]
    return x.mT @ g


@primitive(np.matmul, symbol="@", is_product=True, dx=_matmul_dx, dy=_matmul_dy)
def matmul(x: Any, y: Any) -> Any:
    """The matrix product; stacks of matrices broadcast; vectors as NumPy treats them.

    >>> matmul(np.eye(2), np.array([1.0, 2.0]))
    array([1., 2.])

    Raises ValueError for shapes that do not fit.
    """
    try:
        return np.matmul(x, y)
    except ValueError as error:
        if 0 in (np.ndim(x), np.ndim(y)):
            raise ValueError("a number is no matrix; write x * y") from None
        row, column = np.shape(x)[-1], np.shape(y)[max(np.ndim(y) - 2, 0)]
        if row == column:
            raise ValueError(f"the axes before the last two do not broadcast ({error})") from None
        which = "last axis but one" if np.ndim(y) > 1 else "axis"
        raise ValueError(
            f"the last axis of the first, {row}, must be as long as the {which} of the second, {column}"
        ) from None


@function(np.tensordot, np.linalg.tensordot)
def tensordot(x: Any, y: Any, axes: Any = 2) -> Any:
    """The sum of products over axes of x and of y: the last and first so many, or a pair of lists of axes."""
    if isinstance(axes, int):
        axes = (list(range(len(shape_of(x)) - axes, len(shape_of(x)))), list(range(axes)))
    first, second = ([each] if isinstance(each, int) else list(each) for each in axes)
    first = [axis_of(x, axis) for axis in first]
    second = [axis_of(y, axis) for axis in second]
    if [shape_of(x)[i] for i in first] != [shape_of(y)[i] for i in second]:
        raise ValueError(f"tensordot of shapes {shape_of(x)} and {shape_of(y)}: axes {first} and {second} differ")
    free_x = [i for i in range(len(shape_of(x))) if i not in first]
    free_y = [i for i in range(len(shape_of(y))) if i not in second]
    shape = [shape_of(x)[i] for i in free_x] + [shape_of(y)[i] for i in free_y]
    inner = int(np.prod([shape_of(x)[i] for i in first], dtype=int))
    rows = int(np.prod([shape_of(x)[i] for i in free_x], dtype=int))
    columns = int(np.prod([shape_of(y)[i] for i in free_y], dtype=int))
    left = reshape(transpose(x, [*free_x, *first]), (rows, inner))
    right = reshape(transpose(y, [*second, *free_y]), (inner, columns))
    return reshape(matmul(left, right), shape)


@function(np.dot)
def dot(x: Any, y: Any) -> Any:
    """NumPy's dot: the last axis of x against the last but one of y."""
    if not shape_of(x) or not shape_of(y):
        return FUNCTIONS["mul"](x, y)  # an operator would be a matrix's own, which asks here again
    if len(shape_of(x)) <= 2 and len(shape_of(y)) <= 2:
        return matmul(x, y)
    return tensordot(x, y, ([-1], [-2 if len(shape_of(y)) > 1 else -1]))


@function(np.inner)
def inner(x: Any, y: Any) -> Any:
    """The sum of products over the last axis of both."""
    if not shape_of(x) or not shape_of(y):
        return x * y
    return tensordot(x, y, ([-1], [-1]))


@function(np.outer)
def outer(x: Any, y: Any) -> Any:
    """Every element of x times every element of y, as a matrix."""
    return reshape(x, (-1, 1)) * reshape(y, (1, -1))


@function(np.trace)
def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The sum of a diagonal."""
    return sum(diagonal(x, offset, axis1, axis2), axis=-1)


def _einsum_rule(i: int, g: Any, z: Any, operands: Sequence[Any], subscripts: str) -> Any:
    inputs, output = _parsed(subscripts, operands)
    wanted = inputs[i]
    # indices of this operand that the others do not have are spread by ones; repeated ones sit on a diagonal
    fresh = iter(_unused("".join((*inputs, output))))
    letters: list[str] = []
    extra: list[Any] = []
    extra_subscripts: list[str] = []
    for axis, letter in enumerate(wanted):
        side = shape_of(operands[i])[axis]
        if letter in letters:
            new = next(fresh)
            extra.append(np.eye(side))
            extra_subscripts.append(letter + new)
            letters.append(new)
        else:
            extra.append(np.ones(side))
            extra_subscripts.append(letter)
            letters.append(letter)
    others = [j for j in range(len(operands)) if j != i]
    terms = ",".join([output, *(inputs[j] for j in others), *extra_subscripts])
    return einsum(f"{terms}->{''.join(letters)}", g, *(operands[j] for j in others), *extra)


def _parsed(subscripts: str, operands: Sequence[Any]) -> tuple[list[str], str]:
    """Subscripts with the output written out, and letters in place of an ellipsis."""
    left, arrow, output = subscripts.replace(" ", "").partition("->")
    inputs = left.split(",")
    if len(inputs) != len(operands):
        raise ValueError(f"einsum({subscripts!r}) names {len(inputs)} operands, but there are {len(operands)}")
    free = _unused(subscripts)
    longest = ""
    for i, (term, operand) in enumerate(zip(inputs, operands, strict=True)):
        if "..." in term:
            dots = free[-(len(shape_of(operand)) - len(term) + 3) :] if len(shape_of(operand)) > len(term) - 3 else ""
            longest = max(longest, dots, key=len)
            inputs[i] = term.replace("...", dots)
    if not arrow:
        names = left.replace("...", "")
        output = longest + "".join(sorted(c for c in set(names) if names.count(c) == 1 and c.isalpha()))
    return inputs, output.replace("...", longest)


def _unused(text: str) -> str:
    return "".join(c for c in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" if c not in text)


@primitive(internal=True, takes_sequence=True, is_product=True, doperands=_einsum_rule)
def _einsum(operands: Sequence[Any], subscripts: str) -> Any:
    return np.einsum(subscripts, *operands, optimize=len(operands) > 2)


@function(np.einsum)
def einsum(subscripts: str, *operands: Any, optimize: Any = None) -> Any:
    """Sums of products in Einstein's notation; `optimize` is accepted and chosen for you.

    >>> float(einsum("ii->", np.eye(3)))
    3.0
    """
    if not isinstance(subscripts, str):
        raise TypeError("einsum() takes its subscripts as a string, as in einsum('ij,jk->ik', x, y)")
    inputs, output = _parsed(subscripts, operands)
    for term, operand in zip(inputs, operands, strict=True):
        if len(term) != len(shape_of(operand)):
            raise ValueError(f"einsum({subscripts!r}): {term!r} does not fit an operand of shape {shape_of(operand)}")
        for i, letter in enumerate(term):  # an index that broadcasts would need its own rule: spread it first
            side = max(
                shape_of(other)[j]
                for other_term, other in zip(inputs, operands, strict=True)
                for j, other_letter in enumerate(other_term)
                if other_letter == letter
            )
            if shape_of(operand)[i] != side and shape_of(operand)[i] != 1:
                raise ValueError(
                    f"einsum({subscripts!r}): index {letter!r} has lengths {shape_of(operand)[i]} and {side}"
                )
    return _einsum(operands, f"{','.join(inputs)}->{output}")


_ILL = 1e6  # the condition of a matrix, from which on its determinant is not differentiated through its inverse
_FEW_ROWS = 8  # of a matrix, up to which cofactors take little time


@primitive(np.linalg.inv, dx=lambda g, z, x: -(z.mT @ g @ z.mT))
def inv(x: Any) -> Any:
    """The inverse of a matrix, or of a stack of them. Raises numpy.linalg.LinAlgError if singular."""
    return np.linalg.inv(x)


def _det_rule(g: Any, z: Any, x: Any) -> Any:
    # where there is nearly no inverse, its own derivatives would lose all digits
    is_small = isinstance(x, Node) and 0 < shape_of(x)[-1] <= _FEW_ROWS and np.isfinite(data_of(x)).all()
    if (data_of(z) != 0).all() and not (is_small and (np.linalg.cond(data_of(x)) > _ILL).any()):
        return times(times(g, z)[..., None, None], inv(x).mT)
    # the cofactors, determinants of what is left without a row and a column
    n = shape_of(x)[-1]
    left = np.array([[j for j in range(n) if j != i] for i in range(n)], int).reshape(n, n - 1)
    minors = x[..., left[:, None, :, None], left[None, :, None, :]]
    signs = 1.0 - 2.0 * (np.add.outer(np.arange(n), np.arange(n)) % 2)
    return FUNCTIONS["chain_product"](g[..., None, None], signs * det(minors))


@primitive(np.linalg.det, dx=_det_rule)
def det(x: Any) -> Any:
    """The determinant of a matrix, or of a stack of them."""
    return np.linalg.det(x)


@primitive(internal=True, dx=lambda g, z, x: times(g[..., None, None], inv(x).mT))
def _log_abs_det(x: Any) -> Any:
    return np.linalg.slogdet(x)[1]


class SlogdetResult(NamedTuple):
    """The sign and the logarithm of the absolute value of a determinant."""

    sign: Any
    logabsdet: Any


@function(np.linalg.slogdet)
def slogdet(x: Any) -> SlogdetResult:
    """The sign (a constant) and the logarithm of the absolute value of the determinant."""
    with np.errstate(all="ignore"):
        sign = np.linalg.slogdet(data_of(x))[0]
    return SlogdetResult(sign, _log_abs_det(x))


def _solve_dy(g: Any, z: Any, x: Any, y: Any) -> Any:
    return solve(x.mT, g[..., None])[..., 0] if len(shape_of(y)) == 1 else solve(x.mT, g)


def _solve_dx(g: Any, z: Any, x: Any, y: Any) -> Any:
    v = _solve_dy(g, z, x, y)
    if len(shape_of(y)) == 1:
        return -(v[..., :, None] * z[..., None, :])
    return -(v @ z.mT)


@primitive(np.linalg.solve, dx=_solve_dx, dy=_solve_dy)
def solve(x: Any, y: Any) -> Any:
    """The solution of ``x @ solution = y``. Raises numpy.linalg.LinAlgError if x is singular.

    >>> solve(np.array([[2.0, 0.0], [0.0, 4.0]]), np.array([1.0, 1.0]))
    array([0.5 , 0.25])
    """
    return np.linalg.solve(x, y)


def _cholesky_rule(g: Any, z: Any, x: Any) -> Any:
    n = shape_of(x)[-1]
    half = np.tril(np.ones((n, n))) - 0.5 * np.eye(n)  # the lower triangle, the diagonal halved
    inverse = inv(z)
    s = inverse.mT @ ((z.mT @ (g * np.tril(np.ones((n, n))))) * half) @ inverse
    return (s + s.mT) / 2


@primitive(np.linalg.cholesky, dx=_cholesky_rule)
def cholesky(x: Any) -> Any:
    """The lower triangle L of ``x = L @ L.T``; the gradient is symmetric, as x is.

    Raises numpy.linalg.LinAlgError if x is not positive definite.
    """
    return np.linalg.cholesky(x)


@function(np.kron)
def kron(x: Any, y: Any) -> Any:
    """The Kronecker product: every element of x times the whole of y."""
    rank = max(len(shape_of(x)), len(shape_of(y)))
    first, second = ((1,) * (rank - len(shape_of(each))) + shape_of(each) for each in (x, y))
    spread = reshape(x, [n for side in first for n in (side, 1)]) * reshape(
        y, [n for side in second for n in (1, side)]
    )
    return reshape(spread, tuple(n * m for n, m in zip(first, second, strict=True)))
