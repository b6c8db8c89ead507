"""Functions of NumPy that are made of others: NumPy's values, gradients of first and second order, arguments that do not
fit."""

import warnings

import numpy as np
import pytest

import autograd
from autograd import Tensor, Value, grad, gradcheck
from autograd.composed import _DEFINITIONS, _in_numpy

pytestmark = pytest.mark.filterwarnings("ignore:numpy.fix is deprecated")  # from NumPy 2.5 on, but still there

windows = np.lib.stride_tricks.sliding_window_view
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
    "full_like": [(lambda x: x * np.full_like(x, 3.0), M), (lambda x: x * np.full_like(x, x[0, 1]), M)],
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
    "block": [
        (lambda x, y: np.block([[x, y[:, :1]], [y * y, np.ones((2, 1))]]), M, N), (lambda x: np.block([x, 1.0, x[0]]), V),
        (lambda x, y: np.block([[[x], [x * x]], [[y], [y]]]), V, W), (lambda x: np.block(x), M),
        (lambda x: np.block([[x], [1.0, 2.0, x[0]]]), V), (lambda x: np.block([x, x]), C),
    ],
    "sinc": [(np.sinc, M), (np.sinc, np.array([0.0, 1e-9, 0.159, -0.1592, 1.0, -3.5]))],
    "partition": [(lambda x: np.sort(np.partition(x, 1)[:2]), V), (lambda x: np.partition(x, (0, 2), axis=0)[0], S),
                  (lambda x: np.partition(x, 2, axis=None)[2], M)],
    "lib.stride_tricks.sliding_window_view": [
        (lambda x: windows(x, 2), V), (lambda x: windows(x, (2, 3)), S), (lambda x: windows(x, 3, axis=-1), C),
        (lambda x: windows(x, (1, 2), axis=(-1, 1)), C), (lambda x: windows(x, (2, 2), axis=(2, 2)), C),
    ],
    "diagflat": [(lambda x: np.diagflat(x, k=1), M)], "extract": [(lambda x: np.extract(M > 0, x), M)],
    "fmod": [(np.fmod, 5 * M, N), (lambda x: np.fmod(x, 0.3), M), (lambda x: np.fmod(x, -0.3), M)],
    "average": [
        (np.average, M), (lambda x: np.average(x, axis=0), M), (lambda x, w: np.average(x, weights=w * w), M, N),
        (lambda x, w: np.average(x, axis=-1, weights=w * w), M, V),
        (lambda x: np.average(x, axis=0, weights=[1, 3]), M), (lambda x: np.average(x, axis=0, keepdims=True), M),
        (lambda x, w: np.average(x, weights=w * w, keepdims=True), M, N),
    ],
    "select": [(lambda x: np.select([x > 0.5, x > 0, x < -0.5], [x, x * x, -x], default=7.0), M)],
    "cross": [(np.cross, V, W), (np.cross, M, V), (lambda x: np.cross(x, x[::-1] ** 2, axis=0), S)],
    "linspace": [
        (lambda x, y: np.linspace(x, y, 5), 1.0, 3.0), (lambda x, y: np.linspace(x, y, 4, endpoint=False), V, W),
        (lambda x: np.linspace(0.0, x, 3), V),
    ],
    "trapezoid": [
        (lambda y: np.trapezoid(y), V), (lambda y, x: np.trapezoid(y, x), V, W),
        (lambda y: np.trapezoid(y, dx=2.0, axis=0), M), (lambda y, x: np.trapezoid(y, x, axis=0), M, N),
    ],
    "vdot": [(np.vdot, M, N)], "polyval": [(np.polyval, V, M), (lambda x: np.polyval([1, 2, 3], x), V)],
    "quantile": [
        (lambda x: np.quantile(x, 0.3), M), (lambda x: np.quantile(x, [0.1, 0.5, 1.0], axis=1), M),
        (lambda x: np.quantile(x, [[0.0, 0.9]], axis=0, keepdims=True), C), (lambda x: np.quantile(x, 0.2, keepdims=True), M),
    ],
    "percentile": [(lambda x: np.percentile(x, 30), M), (lambda x: np.percentile(x, [25, 75], axis=-1), C)],
    "median": [(np.median, M), (lambda x: np.median(x, axis=1), M), (lambda x: np.median(x, axis=0, keepdims=True), M)],
    "cov": [
        (np.cov, M), (np.cov, V), (np.cov, V, W), (lambda x: np.cov(x, rowvar=False), M),
        (lambda x: np.cov(x, bias=True), M), (lambda x: np.cov(x, ddof=0), M), (np.cov, M, N),
    ],
    "corrcoef": [(np.corrcoef, M), (np.corrcoef, V, W), (lambda x: np.corrcoef(x, rowvar=False), S)],
    "nanmean": [
        (lambda x: np.nanmean(np.where(x > 0, x, np.nan) ** 2), M),
        (lambda x: np.nanmean(np.where(x < 1, x, np.nan), axis=0, keepdims=True), S),
    ],
    "nanvar": [
        (lambda x: np.nanvar(np.where(x > -0.3, x, np.nan)), S), (lambda x: np.nanvar(x, axis=0, ddof=1, keepdims=True), S),
    ],
    "nanstd": [(lambda x: np.nanstd(np.where(x > -0.3, x, np.nan)), S), (lambda x: np.nanstd(x, axis=0), S)],
    "nanmax": [(lambda x: np.nanmax(np.where(x < 0.3, x, np.nan)), S), (lambda x: np.nanmax(x, axis=0, keepdims=True), M)],
    "nanmin": [(lambda x: np.nanmin(np.where(x > -0.3, x, np.nan)), S), (lambda x: np.nanmin(x, axis=1), M)],
    "convolve": [
        (lambda x, y, mode=mode, k=k, m=m: np.convolve(x.ravel()[:k], y.ravel()[:m], mode), S, C)
        for mode in ("full", "same", "valid") for k, m in ((5, 3), (5, 4), (3, 5), (1, 4), (4, 4))
    ],
    "correlate": [
        (lambda x, y, mode=mode, k=k, m=m: np.correlate(x.ravel()[:k], y.ravel()[:m], mode), S, C)
        for mode in ("full", "same", "valid") for k, m in ((5, 3), (6, 4), (3, 5), (4, 6), (4, 4))
    ] + [(np.correlate, V, W)],
    "gradient": [
        (np.gradient, V), (lambda x: np.gradient(x, 0.5), V), (lambda x: np.gradient(x, 0.5, edge_order=2), V),
        (lambda x, t: np.gradient(x, np.cumsum(np.exp(t))), V, W), (lambda x: np.gradient(x, axis=1), S),
        (lambda x, t: np.gradient(x, np.cumsum(np.exp(t)), axis=0, edge_order=2), S, W),
        (lambda x: np.gradient(x)[0] * np.gradient(x)[1], S), (lambda x: np.gradient(x, 2.0, 3.0)[1], S),
        (lambda x: np.gradient(x, 2.0, axis=(1, 0))[0], S),
    ],
    "interp": [
        (lambda x, y: np.interp(x, [-1.0, 0.0, 0.5], y), M, V), (lambda x, y: np.interp(0.2, x, y), np.sort(W), V),
        (lambda x: np.interp(x, [-1.0, 0.5], [2.0, 3.0], left=-1.0, right=7.0), M),
        (lambda x: np.interp(x, [-1.0, 0.5], [2.0, 3.0]), 0.3),
    ],
    "meshgrid": [
        (lambda x, y, i=i, options=options: np.meshgrid(x, y, **options)[i] ** 2, V, V[:2])
        for i in (0, 1) for options in ({}, {"indexing": "ij"}, {"sparse": True})
    ] + [(lambda x, y: np.prod(np.stack(np.meshgrid(x, y, x * y)), 0), V, W)],
    "cumulative_sum": [
        (lambda x: np.cumulative_sum(x, axis=1), M), (lambda x: np.cumulative_sum(x, include_initial=True), V),
        (lambda x: np.cumulative_sum(x, axis=-1, include_initial=True), C),
    ],
    "cumulative_prod": [(lambda x: np.cumulative_prod(x, include_initial=True), V)],
    "insert": [
        (lambda x: np.insert(x, 1, 5.0), V), (lambda x, y: np.insert(x, -1, y, axis=0), M, V),
        (lambda x: np.insert(x, 2, 0.0, axis=1), M), (lambda x: np.insert(x, 3, [1.0, 2.0]), M),
    ],
    "delete": [
        (lambda x: np.delete(x, 1), V), (lambda x: np.delete(x, [0, 2], axis=1), M), (lambda x: np.delete(x, slice(2)), M),
    ],
    "ediff1d": [(np.ediff1d, M)], "unstack": [(lambda x: np.unstack(x, axis=1)[2], M)],
    "vander": [(np.vander, V), (lambda x: np.vander(x, 4, increasing=True), V)],
    "atleast_3d": [(np.atleast_3d, 2.0), (np.atleast_3d, V), (np.atleast_3d, M), (np.atleast_3d, C)],
    "rollaxis": [(lambda x, axis=axis, start=start: np.rollaxis(x, axis, start), C)
                 for axis, start in ((2, 0), (0, 3), (1, 2), (2, 1), (-1, 0))],
    "heaviside": [(lambda x: np.heaviside(x, 0.5) * x, M)],
    "logaddexp2": [(np.logaddexp2, M, N)], "copysign": [(np.copysign, M, N), (lambda x: np.copysign(x, -1.0), M)],
    "fix": [(lambda x: np.fix(x) * x, 3 * M)],
    "matvec": [(lambda x, y: np.matvec(x, y), M, V), (lambda x, y: np.matvec(x, y), S, M)],
    "vecmat": [(lambda x, y: np.vecmat(x, y), V, S), (lambda x, y: np.vecmat(x, y), M, S)],
    "linalg.lstsq": [
        (lambda x, y: np.linalg.lstsq(x, y)[0], M.T, V), (lambda x, y: np.linalg.lstsq(x, y)[1], M.T, S[:, :2]),
        (lambda x, y: np.linalg.lstsq(x, y, rcond=1e-9)[0], M, V[:2]), (lambda x: np.linalg.lstsq(x, V)[3], M.T),
    ],
    "linalg.svdvals": [(lambda x: np.linalg.svdvals(x), M)], "linalg.cross": [(lambda x, y: np.linalg.cross(x, y), V, W)],
    "linalg.cond": [(np.linalg.cond, M), (lambda x: np.linalg.cond(x, 1), S), (lambda x: np.linalg.cond(x, "fro"), S)],
    "linalg.matrix_power": [(lambda x, n=n: np.linalg.matrix_power(x, n) * 1.0 + x, S) for n in (-2, 0, 1, 3)],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "f", "arguments"),
    [(name, f, arguments) for name in _DEFINITIONS for f, *arguments in EXAMPLES[name]],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_values_are_those_of_numpy_and_gradients_agree_with_numbers(name, f, arguments):
    if _in_numpy(name) is None:
        pytest.skip(f"this NumPy has no {name}")
    found = f(*map(Tensor, arguments))
    assert isinstance(found, Tensor)
    np.testing.assert_allclose(found.data, f(*arguments), rtol=1e-13, atol=1e-15)
    gradcheck(f, *arguments, order=2)


def test_sinc_at_zero_has_derivatives_of_every_order():
    f = np.sinc
    for wanted in (1.0, 0.0, -(np.pi**2) / 3, 0.0, np.pi**4 / 5, 0.0, -(np.pi**6) / 7):
        assert f(0.0) == pytest.approx(wanted, rel=1e-14)
        f = grad(f)


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
    with pytest.raises(TypeError, match=r"np\.percentile\(\) got an unexpected keyword argument 'method'"):
        np.percentile(x, 30, method="nearest")
    with pytest.raises(TypeError, match=r"np\.nanstd\(\) got an unexpected keyword argument 'dtype'"):
        np.nanstd(x, dtype=float)
    with pytest.raises(TypeError, match=r"np\.average\(\) of shape \(2, 3\) and weights \(3,\) needs an axis"):
        np.average(Tensor(M), weights=V)
    with pytest.raises(ValueError, match=r"np\.cross has a rule for vectors of 3 elements, not for shapes \(2,\)"):
        np.cross(x[:2], x[:2])
    with pytest.raises(ValueError, match="lists of one depth that are not empty"):
        np.block([[x], x])
    with pytest.raises(ValueError, match="lists of one depth that are not empty"):
        np.block([[x], []])
    with pytest.raises(ValueError, match=r"of shape \(3,\): window of 4 along axis 0"):
        windows(x, 4)
    with pytest.raises(ValueError, match=r"a window for each axis, not \(2, 2\) for axes \(0,\)"):
        windows(x, (2, 2), axis=0)
    with pytest.raises(IndexError, match="index 7 is out of bounds"):
        np.take(x, [7])


@pytest.mark.parametrize(
    ("f", "arguments"),
    [
        (lambda x: np.linalg.vector_norm(x, ord=1), (M,)), (lambda x: np.linalg.vector_norm(x, ord=np.inf), (M,)),
        (lambda x: np.linalg.vector_norm(x, axis=(0, 1), ord=3, keepdims=True), (M,)),
        (lambda x: np.linalg.vector_norm(x, axis=(0, 2), ord=1), (C,)), (np.linalg.cond, (np.diag([1.0, 0.0]),)),
        (np.linalg.cond, (np.diag([1.0, 1e-17]),)), (lambda x: np.linalg.cond(x, -2), (S,)),
        (lambda x: np.rollaxis(x, 0, -1), (C,)), (lambda x: np.insert(x, 0, [1.0, 2.0]), ([],)),
        (lambda x: np.insert(x, 0, [[1.0], [2.0], [3.0]], axis=0), (np.ones((3, 2)),)),
        (lambda x: np.insert(x, 1, [[1.0], [2.0]], axis=1), (np.ones((3, 2)),)),
        (np.median, ([1e308],)), (np.median, (np.full(3, 40000, np.float16),)), (np.mean, (np.full(2000, 100, np.float16),)),
        (np.gradient, ([0.0, 1e20, 1.0, 2.0],)), (np.gradient, ([0.0, 1.0, np.nan, 2.0, 5.0],)),
        (lambda x: np.interp(x, [1.0], [3.0]), ([0.0, 1.0, 2.0],)), (lambda x: np.heaviside(x, 0.5), ([-np.inf, np.nan],)),
        (lambda x: np.nanvar(x, ddof=3), ([2.0, 1.0],)), (lambda x: np.convolve(x, [1.0, np.nan]), ([1.0, 0.0, 2.0],)),
        (lambda x: np.linspace(x, 1.0, 5)[-1], (1e20,)), (lambda x: np.median(x, axis=(0, 2)), (C,)),
        (lambda x: np.quantile(x, [0.2, 0.7], axis=(-1, 0), keepdims=True), (C,)),
        (lambda x: np.nansum(x, axis=0, keepdims=True), (M,)), (lambda x: np.diff(x, n=0, prepend=0.0), (V,)),
        (lambda x: np.fix(x), (M,)), (lambda x: np.copysign(x, [-0.0, 1.0, -1.0]), ([0.0, -0.0, np.nan],)),
        (lambda x: np.fmod(x, [0.0, 2.0, np.inf, 3.0, 2.0]), ([1.0, -4.0, -5.0, np.nan, np.inf],)),
        (lambda x: np.sinc(x), ([0.0, np.nan, 1e-200],)),
        (lambda x: np.take(x, [-1, 3, 7], mode="wrap"), (V,)), (lambda x: np.take(x, [-1, 3, 7], 1, mode="clip"), (M,)),
        (lambda x: np.sort(x, kind="stable"), (M,)), (lambda x: np.sort(x, 0, "heapsort", stable=None), (M,)),
    ],
)  # fmt: skip
def test_at_the_edges_they_are_numpys(f, arguments):
    arguments = [np.asarray(each) for each in arguments]
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        wanted = f(*arguments)
    found = f(*map(Tensor, arguments)).data
    assert found.dtype == np.asarray(wanted).dtype
    np.testing.assert_allclose(found, wanted, rtol=1e-13)


@pytest.mark.parametrize("name", sorted(_DEFINITIONS))
def test_single_precision_stays_single(name):
    if _in_numpy(name) is None:
        pytest.skip(f"this NumPy has no {name}")
    for f, *arguments in EXAMPLES[name]:
        with np.errstate(all="ignore"):
            plain = np.asarray(f(*[np.asarray(each, np.float32) for each in arguments]))
        if plain.dtype == np.float32:
            assert f(*[Tensor(np.asarray(each, np.float32)) for each in arguments]).dtype == np.float32


def test_kinks_take_the_subgradient_nearest_to_zero():
    zeros = np.zeros((2, 2))
    assert (grad(lambda x: np.linalg.norm(x, 2))(zeros) == 0).all()
    assert (grad(lambda x: np.linalg.norm(x, "nuc"))(zeros) == 0).all()
    assert grad(lambda x: np.copysign(x, 1.0))(0.0) == 0.0
    assert grad(lambda x: np.copysign(x, 1.0))(-0.0) == 0.0


def test_places_and_shapes_that_are_not_there():
    for f in (np.median, np.nanmean, np.gradient, lambda x, axis: np.linalg.norm(x, 2, (0, axis))):
        with pytest.raises(np.exceptions.AxisError):
            f(Tensor(M), axis=5)
    assert np.full_like(Tensor(M), Tensor(2.0), dtype=np.float32).dtype == np.float32
    with pytest.raises(IndexError, match="at 3 of an axis of 2"):
        np.insert(Tensor(np.ones((3, 2))), 3, 7.0, axis=1)
    with pytest.raises(ValueError, match="expected a matrix"):
        np.linalg.svd(Value(2.0))


def test_nan_and_inf_go_where_numpy_lets_them():
    x = np.array([[np.nan, 1.0, np.inf, np.inf], [-np.inf, 2.0, 3.0, 0.0]])
    for f in (np.median, np.nanmax, np.nanmin, np.nanmean, lambda x, **axis: np.quantile(x, 0.4, **axis)):
        for each, axis in ((x, {"axis": 0}), (x, {"axis": 1}), (x, {}), (x[1:, :2], {"axis": 0}), (x[:1, 2:], {})):
            found = f(Tensor(each), **axis).data
            with np.errstate(all="ignore"):
                np.testing.assert_array_equal(found, f(each, **axis))
    np.testing.assert_array_equal(np.nanmax(Tensor([[np.nan], [1.0]]), axis=1).data, [np.nan, 1.0])
    with pytest.raises(ValueError, match="from 0 to 1"):
        np.quantile(Tensor(V), 1.5)
    with pytest.raises(TypeError, match=r"np\.insert has a rule for one place"):
        np.insert(Tensor(V), [0, 1], 2.0)
    with pytest.raises(ValueError, match="needs 3"):
        np.gradient(Tensor([1.0, 2.0]), edge_order=2)
    with pytest.raises(TypeError, match="one spacing"):
        np.gradient(Tensor(S), 1.0, 2.0, 3.0)


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


def test_arguments_by_their_places_are_numpys():
    x = np.array([np.nan, 2.0])
    for copy in (True, 1):
        assert np.nan_to_num(Tensor(x), copy, 3.0).tolist() == np.nan_to_num(x, copy, 3.0).tolist() == [3, 2]
    with pytest.raises(TypeError, match="copy=False"):
        np.nan_to_num(Tensor(x), False)
    for f in (np.nansum, np.nanmean, np.nanvar, np.nanstd, np.nanmax, np.nanmin, np.median):
        with pytest.raises(TypeError, match="positional argument"):  # NumPy's third is dtype= or out=, not keepdims=
            f(Tensor(x), 0, None)
    booleans = np.array([True, False, True])
    assert np.take(Tensor([1.0, 2.0, 3.0]), booleans).tolist() == [2, 1, 2]
    assert grad(lambda t: np.take(t, booleans).sum())(np.ones(2)).tolist() == [1, 2]


def test_interpolation_at_its_places_takes_the_slope_nearest_to_zero():
    def slopes(fp, **ends):
        return [grad(lambda x: np.interp(x, [0.0, 1.0, 2.0], fp, **ends))(float(x)) for x in range(3)]

    assert slopes([0.0, 1.0, 5.0]) == [0.0, 1.0, 0.0]
    assert slopes([0.0, 4.0, 5.0]) == [0.0, 1.0, 0.0]
    assert slopes([0.0, -4.0, -5.0]) == [0.0, -1.0, 0.0]
    assert slopes([0.0, 1.0, -5.0]) == [0.0, 0.0, 0.0]
    assert slopes([0.0, 1.0, 5.0], left=-1.0, right=7.0) == [1.0, 1.0, 4.0]  # jumps: the limit from inside
    assert np.interp(Tensor([2.0]), [0.0, 1.0, 2.0], [np.nan, 1.0, 5.0]).tolist() == [5.0]
    assert np.interp(Tensor([0.5]), [0.0, 1.0, 1.0, 2.0], [0.0, 1.0, 2.0, 5.0]).tolist() == [0.5]
    assert grad(lambda fp: np.interp(1.0, [0.0, 1.0, 2.0], fp))(np.array([0.0, 1.0, 5.0])).tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    "f",
    [
        lambda n: np.tile(np.ones(2), n), lambda n: np.tile(Tensor([1.0]), (2, n)), lambda n: np.split(np.ones(4), n),
        lambda n: np.array_split(Tensor(np.ones(4)), n), lambda n: np.hsplit(np.ones(4), n), lambda n: np.delete(np.ones(4), n),
    ],
)  # fmt: skip
def test_a_node_is_no_count(f):
    for node in (Value(2.0), Tensor(2.0)):
        with pytest.raises(TypeError, match="its gradient would be lost"):
            f(node)


def test_logaddexp2_and_copysign_of_two_kinds():
    assert np.logaddexp2(Tensor([4.0]), np.float32([4.0])).item() == 5.0
    assert isinstance(np.copysign(np.ones(2), Tensor([1.0, -2.0])), Tensor)
    single = Tensor(np.ones(2, np.float32))
    assert np.copysign(single, -np.ones(2)).dtype == np.float64
    assert np.copysign(single, single).dtype == np.copysign(2.0, single).dtype == np.float32


def test_several_arrays_at_once():
    x, y = np.atleast_2d(Tensor(V), Value(2.0))
    assert (x.shape, y.shape) == ((1, 3), (1, 1))
    assert [each.shape for each in np.atleast_1d(Value(2.0), Tensor(M), 1.0)] == [(1,), (2, 3), (1,)]


def test_what_numpy_refuses_is_refused():
    x = Tensor(M)
    for axis in (2, -3):
        for f in (np.rollaxis, lambda x, axis: np.insert(x, 0, 1.0, axis), lambda x, axis: np.delete(x, 0, axis)):
            with pytest.raises(np.exceptions.AxisError):
                f(x, axis)
    with pytest.raises(ValueError, match="twice"):
        np.gradient(x, axis=(0, -2))
    with pytest.raises(TypeError, match="one for each of 2 axes"):
        np.gradient(Tensor(np.ones((3, 3))), [0.0, 1.0, 3.0])
    with pytest.raises(ValueError, match="not one for each place"):
        np.average(Tensor(np.ones((3, 4))), axis=1, weights=np.ones((2, 2)))
    with pytest.raises(ValueError, match="'xy' or 'ij'"):
        np.meshgrid(x[0], x[1], indexing="ji")
    with pytest.raises(ValueError, match="'full', 'same' or 'valid'"):
        np.convolve(x[0], [1.0], "bad")
    with pytest.raises(ValueError, match="as many values as places"):
        np.interp(x[0], [1.0, 2.0, 3.0], x[0][:2])
    with pytest.raises(ValueError, match="from 0 on, not -1"):
        np.diff(x, -1)
    matrix = np.ones((3, 3)).view(np.matrix)
    for f in (lambda: matrix * x[0], lambda: x[0] * matrix):
        with pytest.raises(TypeError, match=r"write m @ t"):
            f()
    assert (matrix @ x.T).data.tolist() == (np.ones((3, 3)) @ M.T).tolist()
    assert np.full_like(Tensor(np.ones(3, np.float32)), Tensor(2.0)).dtype == np.float32


def test_of_nothing():
    wide, high = Tensor(np.zeros((3, 0))), Tensor(np.zeros((0, 3), np.float32))
    for f in (np.median, lambda x, axis: np.quantile(x, 0.5, axis), np.linalg.vector_norm):
        assert f(wide, axis=0).shape == (0,)
    for f in (np.median, lambda x, axis: np.quantile(x, 0.5, axis)):
        assert np.isnan(f(high, axis=0).data).tolist() == [True] * 3
        assert f(high, axis=0).dtype == np.float32


def test_to_the_power_of_nothing():
    infinite = Tensor(np.array([[np.inf, 1.0], [np.nan, 1.0]], np.float32))
    power = np.linalg.matrix_power(infinite, 0)
    assert power.tolist() == [[1, 0], [0, 1]]
    assert power.dtype == np.float32
    power.sum().backward()
    assert infinite.grad.tolist() == [[0, 0], [0, 0]]


def test_the_precision_is_that_of_the_values_and_not_of_the_places():
    assert np.gradient(Tensor(np.ones(4, np.float32)), np.arange(4.0)).dtype == np.float32
