"""The error function on arrays, which NumPy does not have.

Rational approximations of W. J. Cody, "Rational Chebyshev approximations for the error function",
Mathematics of Computation 23 (1969), in three ranges of |x|; accurate to a few units in the last place of a double.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    _Array = NDArray[Any]

_NEAR = 0.46875  # below it erf by a series in x², above it erfc
_FAR = 4.0
_NEAR_P = (1.85777706184603153e-1, 3.16112374387056560e0, 1.13864154151050156e2, 3.77485237685302021e2,
           3.20937758913846947e3)  # fmt: skip
_NEAR_Q = (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3)
_MIDDLE_P = (2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594e0, 6.61191906371416295e1,
             2.98635138197400131e2, 8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3,
             1.23033935479799725e3)  # fmt: skip
_MIDDLE_Q = (1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3,
             3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3)  # fmt: skip
_FAR_P = (1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1, 1.25781726111229246e-1,
          1.60837851487422766e-2, 6.58749161529837803e-4)  # fmt: skip
_FAR_Q = (1.0, 2.56852019228982242e0, 1.87295284992346725e0, 5.27905102951428412e-1, 6.05183413124413191e-2,
          2.33520497626869185e-3)  # fmt: skip


def erf(x: Any) -> Any:
    """The error function 2/√π ∫₀ˣ exp(-t²) dt, element by element; float dtypes are kept.

    >>> erf(np.array([0.0, 1.0]))
    array([0.        , 0.84270079])
    """
    return _by_range(x, _near, lambda x, tail: np.copysign(1 - tail, x))


def erfc(x: Any) -> Any:
    """The complementary error function 1 - erf(x), without cancellation for large x."""
    return _by_range(x, lambda x: 1 - _near(x), lambda x, tail: np.where(x > 0, tail, 2 - tail))


def _by_range(x: Any, near: Callable[[_Array], _Array], away: Callable[[_Array, _Array], _Array]) -> Any:
    x = np.asarray(x)
    x = x if x.dtype.kind == "f" else x.astype(np.float64)
    if x.dtype.itemsize < 4:  # the polynomials would leave the range of half precision
        return _by_range(x.astype(np.float32), near, away).astype(x.dtype)
    size = np.abs(x)
    result = np.array(x)  # a nan stays a nan
    inside, outside = size <= _NEAR, size > _NEAR
    if inside.any():
        result[inside] = near(x[inside])
    if outside.any():
        result[outside] = away(x[outside], _tail(size[outside]))
    return result[()]


def _near(x: _Array) -> _Array:
    return x * _ratio(_NEAR_P, _NEAR_Q, x * x)


def _tail(y: _Array) -> _Array:
    """erfc(y) for y > _NEAR."""
    y = np.minimum(y, 30.0)  # erfc(27) is already zero; keeps the squares finite
    scaled = _ratio(_MIDDLE_P, _MIDDLE_Q, y)
    far = y > _FAR
    if far.any():
        inverse = 1 / (y[far] * y[far])
        scaled[far] = (1 / np.sqrt(np.pi) - inverse * _ratio(_FAR_P, _FAR_Q, inverse)) / y[far]
    rounded = np.floor(y * 16) / 16  # exp(-y²) in two factors, so that rounding y² costs nothing
    scaled *= np.exp(-rounded * rounded) * np.exp(-(y - rounded) * (y + rounded))
    return scaled


def _ratio(over: Sequence[float], under: Sequence[float], x: _Array) -> _Array:
    """The ratio of two polynomials, whose highest coefficients come first; in place, which takes half of the time."""
    values = []
    for first, *others in (over, under):
        value = np.full_like(x, first)
        for coefficient in others:
            value *= x
            value += coefficient
        values.append(value)
    values[0] /= values[1]
    return values[0]
