"""Functions of NumPy that are made of others: NumPy's values, gradients of first and second order, arguments that do not
fit."""

import numpy as np
import pytest

import autograd
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
    "flipud": [(np.flipud, M)],
    "full_like": [(lambda x: x * np.full_like(x, 3.0), M)],
    "nan_to_num": [
        (lambda x: np.nan_to_num(np.where(x > 0, x, np.nan) ** 2), M),
        (lambda x: np.nan_to_num(np.where(x > 0, x, -np.inf), nan=1.0, neginf=-5.0), M),
        (lambda x: np.nan_to_num(np.where(x > 0, x, np.inf)) / 1e300, M),
    ],
    "linalg.trace": [(lambda x: np.linalg.trace(x, offset=1), C)],
    "linalg.diagonal": [(lambda x: np.linalg.diagonal(x, offset=-1), C)],
    "linalg.outer": [(lambda x, y: np.linalg.outer(x, y), V, W)],
    "linalg.vecdot": [(lambda x, y: np.linalg.vecdot(x, y), M, V), (lambda x: np.linalg.vecdot(x, x, axis=0), M)],
    "linalg.vector_norm": [
        (lambda x: np.linalg.vector_norm(x), M), (lambda x: np.linalg.vector_norm(x, keepdims=True), M),
        (lambda x: np.linalg.vector_norm(x, axis=-1, ord=3), M),
    ],
    "linalg.matrix_norm": [(lambda x: np.linalg.matrix_norm(x, keepdims=True), C)],
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
        (lambda y: np.trapezoid(y, dx=2.0, axis=0), M), (lambda y, x: np.trapezoid(y, x, axis=0), M, N),
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
    with pytest.raises(TypeError, match=r"np\.average\(\) of shape \(2, 3\) and weights \(3,\) needs an axis"):
        np.average(Tensor(M), weights=V)
    with pytest.raises(TypeError, match="would lose the gradient"):
        np.full_like(x, Value(3.0))
    with pytest.raises(ValueError, match=r"np\.cross has a rule for vectors of 3 elements, not for shapes \(2,\)"):
        np.cross(x[:2], x[:2])


L = [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.dot(x, L), lambda x: np.dot(x[0], L), lambda x: np.dot(L, x.T), lambda x: np.inner(x, L),
        lambda x: np.inner(L, x), lambda x: np.einsum("ij,j", x, L), lambda x: np.tensordot(x, L, 1),
        lambda x: np.kron(x, L), lambda x: np.kron([[1.0], [2.0]], x), lambda x: np.hstack([x[0], L]),
        lambda x: np.vstack([x, L]), lambda x: np.cross(x, L), lambda x: np.cross(L, x),
        lambda x: np.polyval(x[0], L), lambda x: np.polyval(L, x), lambda x: np.outer(x, L),
        lambda x: np.vdot(x[0], L), lambda x: np.dstack([x[0], L]), lambda x: np.column_stack([x[0], L]),
        lambda x: np.append(x, [L], axis=0), lambda x: np.average(x, axis=1, weights=L),
        lambda x: np.trapezoid(x, L), lambda x: np.linspace(L, x, 3), lambda x: np.linalg.multi_dot([x, L]),
        lambda x: np.broadcast_arrays(x, L)[1] * x,
    ],
)  # fmt: skip
def test_a_list_is_an_array(f):
    found = f(Tensor(M))
    np.testing.assert_allclose(found.data, f(M), rtol=1e-13)
    gradcheck(f, M)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("dot", (L, L)), ("inner", (L, L)), ("tensordot", (L, L, 1)), ("kron", (L, L)), ("sort", (L[::-1],)),
        ("split", (L, 3)), ("array_split", (L, 2)), ("diff", (L,)), ("take_along_axis", (L, [0, 0], 0)),
        ("einsum", ("i,i", L, L)), ("take", (L, [2])), ("norm", (L,)), ("ptp", ((1.0, 2.0),)), ("vstack", ([L, L],)),
    ],
)  # fmt: skip
def test_plain_lists(name, arguments):
    numpys = getattr(np, name, None) or getattr(np.linalg, name)
    plain = [np.asarray(each) if isinstance(each, (list, tuple)) else each for each in arguments]
    np.testing.assert_equal(getattr(autograd, name)(*arguments), numpys(*plain))


def test_a_list_of_values_is_an_operand():
    v, w = Value(1.0), Value(2.0)
    autograd.dot([v, w], [3.0, 4.0]).backward()
    np.dot(Tensor([3.0, 4.0]), [v, w]).backward()
    autograd.sort([w, v])[0].backward()
    autograd.hstack([[v, w], [1.0]]).sum().backward()
    assert (v.grad, w.grad) == (8.0, 9.0)
    assert Tensor([3.0, 4.0]).dot([1.0, 2.0]).item() == 11.0


def test_several_arrays_at_once():
    x, y = np.atleast_2d(Tensor(V), Value(2.0))
    assert (x.shape, y.shape) == ((1, 3), (1, 1))
    assert [each.shape for each in np.atleast_1d(Value(2.0), Tensor(M), 1.0)] == [(1,), (2, 3), (1,)]
