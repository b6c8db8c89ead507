"""Functions of NumPy that are made of others: NumPy's values, gradients of first and second order, arguments that do not
fit."""

import numpy as np
import pytest

from autograd import Tensor, Value, grad, gradcheck
from autograd.composed import _COMPOSED, _in_numpy

random = np.random.default_rng(5)
V, W = random.normal(size=3), random.normal(size=3)
M, N = random.normal(size=(2, 3)), random.normal(size=(2, 3))
S, C = random.normal(size=(3, 3)), random.normal(size=(1, 2, 4))

# for each function: calls of it, as a function of arrays, and these
EXAMPLES = {
    "deg2rad": [(np.deg2rad, M)], "radians": [(np.radians, M)], "rad2deg": [(np.rad2deg, M)],
    "degrees": [(np.degrees, M)], "conjugate": [(np.conj, M)],
    "real": [(np.real, M)], "copy": [(np.copy, M)], "fliplr": [(np.fliplr, M)],
    "hsplit": [(lambda x: np.hsplit(x, 3)[1], M), (lambda x: np.hsplit(x, [1])[1], V)],
    "vsplit": [(lambda x: np.vsplit(x, 2)[1], M)], "dsplit": [(lambda x: np.dsplit(x, 2)[1], C)],
    "compress": [
        (lambda x: np.compress([True, False, True], x), V), (lambda x: np.compress([False, True], x, axis=1), M),
    ],
    "nansum": [
        (lambda x: np.nansum(np.where(x > 0, x, np.nan) ** 2), M), (lambda x: np.nansum(x, axis=0), M),
    ],
    "vecdot": [(lambda x, y: np.vecdot(x, y), M, V)],
    "broadcast_arrays": [(lambda x, y: np.broadcast_arrays(x, y)[0] * np.broadcast_arrays(x, y)[1], V, M)],
    "linalg.multi_dot": [(lambda x: np.linalg.multi_dot([x, x.T, x]), M)],
    "linalg.matrix_transpose": [(lambda x: np.linalg.matrix_transpose(x), C)],
    "matrix_transpose": [(lambda x: np.matrix_transpose(x), C)],
    "column_stack": [(lambda x, y: np.column_stack([x, y]), V, S), (lambda x: np.column_stack([x, x * x]), V)],
    "dstack": [(lambda x: np.dstack([x, x * x]), V), (lambda x: np.dstack([x, x]), M), (lambda x: np.dstack([x]), C)],
    "append": [(lambda x: np.append(x, [1.0, 2.0]), M), (lambda x, y: np.append(x, y, axis=0), M, N)],
    "average": [
        (np.average, M), (lambda x: np.average(x, axis=0), M), (lambda x, w: np.average(x, weights=w * w), M, N),
        (lambda x, w: np.average(x, axis=-1, weights=w * w), M, V),
        (lambda x: np.average(x, axis=0, weights=[1, 3]), M),
    ],
    "select": [(lambda x: np.select([x > 0.5, x > 0, x < -0.5], [x, x * x, -x], default=7.0), M)],
    "cross": [(np.cross, V, W), (np.cross, M, V)],
    "linspace": [
        (lambda x, y: np.linspace(x, y, 5), 1.0, 3.0), (lambda x, y: np.linspace(x, y, 4, endpoint=False), V, W),
        (lambda x: np.linspace(0.0, x, 3), V),
    ],
    "trapezoid": [
        (lambda y: np.trapezoid(y), V), (lambda y, x: np.trapezoid(y, x), V, W),
        (lambda y: np.trapezoid(y, dx=2.0, axis=0), M),
    ],
    "vdot": [(np.vdot, M, N)], "polyval": [(np.polyval, V, M), (lambda x: np.polyval([1, 2, 3], x), V)],
    "linalg.matrix_power": [(lambda x, n=n: np.linalg.matrix_power(x, n) * 1.0 + x, S) for n in (-2, 0, 1, 3)],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "f", "arguments"),
    [(name, f, arguments) for name in _COMPOSED for f, *arguments in EXAMPLES[name]],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_values_are_those_of_numpy_and_gradients_agree_with_numbers(name, f, arguments):
    if _in_numpy(name) is None:
        pytest.skip(f"this NumPy has no {name}")
    found = f(*map(Tensor, arguments))
    assert isinstance(found, Tensor)
    np.testing.assert_allclose(found.data, f(*arguments), rtol=1e-13, atol=1e-15)
    gradcheck(f, *arguments, order=2)


def test_a_value_goes_through():
    assert grad(lambda x: np.sum(np.linspace(0.0, x, 5)))(2.0) == 2.5
    assert grad(np.deg2rad)(90.0) == np.pi / 180
    assert np.select([Value(1.0) > 0], [Value(2.0)]).data == 2.0


def test_arguments_that_do_not_fit():
    x = Tensor(V)
    with pytest.raises(TypeError, match=r"np\.linspace\(\) got an unexpected keyword argument 'retstep'"):
        np.linspace(0.0, x, 3, retstep=True)
    with pytest.raises(TypeError, match=r"np\.nansum\(\) got an unexpected keyword argument 'dtype'"):
        np.nansum(x, dtype=float)
    with pytest.raises(ValueError, match=r"np\.cross has a rule for vectors of 3 elements, not for shapes \(2,\)"):
        np.cross(x[:2], x[:2])
