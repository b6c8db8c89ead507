"""`Tensor`: construction and dtypes, NumPy's protocols, indexing, mixing with Value, the rules of `backward`,
the modes, copies and pickles, memory and depth; and bad input, which leaves graphs and gradients as they were."""

import copy
import gc
import itertools
import operator
import pickle
import re
import subprocess
import sys
import threading
import weakref

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import AnomalyError, Tensor, Value, detect_anomaly, enable_grad, extend, grad, gradcheck, no_grad
from autograd.tensor import Mask

A = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
U = np.array([[1.0, -2.0, 0.5], [3.0, 1.5, -1.0]])


def gradient_of(f, *operands, upstream=None):
    """The gradients of fresh leaves."""
    leaves = [Tensor(x) for x in operands]
    result = f(*leaves)
    result.backward(np.ones(result.shape) if upstream is None else upstream)
    return [leaf.grad for leaf in leaves] if len(leaves) > 1 else leaves[0].grad


# construction


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_float_dtypes_are_kept_and_not_copied(dtype):
    array = np.ones(3, dtype)
    x = Tensor(array)
    assert x.data is array
    assert x.dtype == dtype
    (x * x).sum().backward()
    assert x.grad.dtype == dtype
    assert (x * 2).dtype == (x + 1.5).dtype == (3 / x).dtype == (x**2).dtype == dtype


@pytest.mark.parametrize("data", [[1, 2], [True, False], np.arange(3), np.array([1, 2], np.uint8), 3, True, np.int8(2)])
def test_ints_and_bools_become_float64(data):
    x = Tensor(data)
    assert x.dtype == np.float64
    np.testing.assert_array_equal(x.data, np.asarray(data))


def test_numbers_and_lists_make_tensors():
    assert Tensor(2.0).shape == ()
    assert Tensor([]).shape == (0,)
    assert Tensor([[1, 2.5], [3, 4]]).shape == (2, 2)
    assert Tensor(np.float32(1)).dtype == np.float32
    assert Tensor(range(3)).shape == (3,)
    x = Tensor(1.0, label="x")
    assert (x.label, x.grad, x.op, x.inputs) == ("x", None, None, ())
    assert Tensor([Value(1.0), 2.0], label="both").label == "both"


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        ("abc", TypeError, "real numbers"), (["a", "b"], TypeError, "real numbers"), (None, TypeError, "real numbers"),
        (1j, TypeError, "complex"), (np.array([1j]), TypeError, "complex"), ([1.0, None], TypeError, "object"),
        ([[1.0], [2.0, 3.0]], ValueError, "same length"), ({1, 2}, TypeError, "object"),
        ({"a": 1}, TypeError, "object"),
        (np.array([object()]), TypeError, "object"), (np.array(["2024-01-01"], "M8[D]"), TypeError, "real numbers"),
        (np.ma.array([1.0, 2.0], mask=[0, 1]), TypeError, "lose its mask"),
        ((x for x in [1.0]), TypeError, "object"), ([[1.0], 2.0], ValueError, "same length"),
    ],
)  # fmt: skip
def test_what_is_no_real_array_is_refused(data, error, words):
    with pytest.raises(error, match=words):
        Tensor(data)
    x = Tensor([1.0])
    with pytest.raises(error, match=words):
        x.data = data
    assert x.data.tolist() == [1.0]


def test_a_node_is_not_wrapped_again():
    for node in (Value(1.0), Tensor([1.0])):
        with pytest.raises(TypeError, match="in a graph already"):
            Tensor(node)


# NumPy's functions and operators

V = np.array([0.5, -1.5, 2.5])
CALLS = [
    # NumPy code, on whichever kind of array
    lambda x: np.concatenate([x, x * 2, A], axis=0), lambda x: np.stack([x, x]), lambda x: np.where(x > 2, x, -x),
    lambda x: np.einsum("ij,kj->ik", x, A), lambda x: np.linalg.norm(x, axis=1), lambda x: np.std(x, ddof=1),
    lambda x: np.sum(x, axis=0), lambda x: np.mean(x, axis=(0, 1), keepdims=True), lambda x: np.var(x, axis=-1),
    lambda x: np.dot(x, x.T), lambda x: np.matmul(x.T, x), lambda x: x @ A.T, lambda x: A.T @ x,
    lambda x: np.outer(V, x),
    lambda x: np.reshape(x, (3, 2)), lambda x: np.transpose(x), lambda x: np.squeeze(x[None]), lambda x: np.ravel(x),
    lambda x: np.maximum(x, 3.0), lambda x: np.minimum(A[::-1], x), lambda x: np.clip(x, 2, 5), lambda x: np.exp(-x),
    lambda x: np.clip(x - 4, None, 1), lambda x: np.clip(x - 9, a_min=-7, a_max=None), lambda x: np.log(x),
    lambda x: np.abs(x - 3),
    lambda x: np.power(x, 3), lambda x: np.power(2, x), lambda x: np.float_power(x, 2), lambda x: np.fabs(x - 3),
    lambda x: np.float64(2) * x, lambda x: np.float32(2) - x, lambda x: 3 / x, lambda x: x / np.int64(3),
    lambda x: True + x,
    lambda x: A + x, lambda x: A - x, lambda x: A * x, lambda x: A / x, lambda x: A**x, lambda x: x**A, lambda x: V * x,
    lambda x: x % 2.5, lambda x: A // x, lambda x: 7 % x, lambda x: [10, 20, 30] * x, lambda x: x - [1, 2, 3],
    lambda x: -x,
    lambda x: np.array(2.0) * x, lambda x: x[0] @ V, lambda x: V @ x[1], lambda x: np.inner(x, V), lambda x: +x,
    lambda x: np.trace(x @ A.T), lambda x: np.diag(x[0]), lambda x: np.tril(x), lambda x: np.diff(x),
    lambda x: np.sort(x),
    lambda x: np.linalg.tensordot(x, x.T, axes=1), lambda x: np.tile(x, 2), lambda x: np.repeat(x, 2, axis=0), lambda x: np.roll(x, 1, axis=1),
    lambda x: np.flip(x, 0),
    lambda x: np.pad(x, 1), lambda x: np.cumsum(x, axis=1), lambda x: np.prod(x, axis=0), lambda x: np.max(x, axis=1),
    lambda x: np.amax(x), lambda x: np.amin(x, 0), lambda x: np.ptp(x), lambda x: np.take(x, [0, 0, 1]),
    lambda x: np.round(x),
    lambda x: np.vstack([x, V]), lambda x: np.hstack([x, x]), lambda x: np.concatenate((x, x), axis=None),
    lambda x: abs(x - 3),
    lambda x: np.split(x, 3, axis=1)[1], lambda x: np.array_split(x, 2, axis=1)[0],
    lambda x: np.broadcast_to(x, (2, 2, 3)),
    lambda x: np.expand_dims(x, 1), lambda x: np.swapaxes(x, 0, 1), lambda x: np.moveaxis(x, 0, 1),
    lambda x: np.rot90(x),
    lambda x: np.linalg.det(x @ x.T), lambda x: np.linalg.inv(x @ x.T), lambda x: np.linalg.solve(x @ x.T, x),
    lambda x: np.linalg.slogdet(x @ x.T)[1], lambda x: np.linalg.cholesky(x @ x.T), lambda x: np.kron(x, A),
    lambda x: np.tensordot(x, A, axes=2), lambda x: np.logaddexp(x, A), lambda x: np.hypot(x, 3.0),
    lambda x: np.arctan2(x, A),
    lambda x: np.take_along_axis(x, np.argsort(x, axis=1), axis=1), lambda x: np.atleast_2d(x[0]),
    lambda x: np.square(x),
    lambda x: np.where(A > 2, x, 0.0), lambda x: np.where(A > 2, 1, x), lambda x: np.positive(x),
    lambda x: np.cumprod(x),
    lambda x: np.linalg.norm(x), lambda x: np.linalg.norm(x, "fro"), lambda x: np.linalg.norm(x, 1, axis=0), np.triu,
    lambda x: x.sum(0) + x.mean(1).sum() + x.max() - x.min() + x.prod() + x.std(ddof=1) + x.var(),
    lambda x: x.reshape(-1),
    lambda x: x.T.reshape(2, 3) * x.transpose(1, 0).reshape((2, -1)), lambda x: x.swapaxes(0, 1).squeeze(),
    lambda x: x.copy(),
    lambda x: x.cumsum(1) + x.cumprod(0), lambda x: x.dot(V) + x.ravel()[:2], lambda x: x.flatten().repeat(2),
    np.transpose,
    lambda x: x.clip(2, 3) + x.round(), lambda x: x.trace() + x.diagonal(1), lambda x: x.sum(axis=1, keepdims=True) * x,
    lambda x: np.sum(x, axis=1, keepdims=True), lambda x: x.astype(np.float32), lambda x: np.reciprocal(x),
    lambda x: x.T @ V[:2],
]  # fmt: skip


@pytest.mark.parametrize("call", CALLS)
def test_numpy_code_on_tensors(call):
    """The same result and dtype as on arrays, and the right gradient."""
    x = Tensor(A)
    result, expected = call(x), call(A.copy())
    assert isinstance(result, Tensor)
    assert result.dtype == expected.dtype
    np.testing.assert_allclose(result.data, expected, rtol=1e-13)
    if result.dtype == np.float64:
        gradcheck(lambda x: call(x), A + 0.01 * U)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.sum(x, dtype=None, out=None), lambda x: np.mean(x, 0, dtype=None),
        lambda x: np.reshape(x, (3, 2), order="C"), lambda x: np.ravel(x, order="C"), lambda x: np.sort(x, kind=None),
        lambda x: np.median(x, overwrite_input=False), lambda x: np.percentile(x, 30, method="linear"),
        lambda x: np.concatenate([x, x], dtype=None, out=None), lambda x: np.stack([x, x], axis=0, out=None),
        lambda x: np.exp(x, where=True, casting="same_kind"), lambda x: np.matmul(x, x.T, order="".join("K")),
        lambda x: np.clip(x, 0.5, 1, out=None), lambda x: np.linalg.svd(x, compute_uv=False, hermitian=False), lambda x: np.dot(x, 2, out=None),
        lambda x: np.take(x, [0], mode="raise"), lambda x: np.trace(x, dtype=None), lambda x: np.cumsum(x, None, dtype=None),
        lambda x: np.average(x, 1, keepdims=True), lambda x: np.average(x, 0, weights=[1, 3], keepdims=True),
    ],
)  # fmt: skip
def test_what_numpy_has_by_default_may_be_spelled_out(call):
    np.testing.assert_allclose(call(Tensor(A)).data, call(A), rtol=1e-14, strict=True)


@pytest.mark.parametrize("axis", [None, 0, -1])
def test_the_places_of_extremes_may_keep_their_axis(axis):
    assert np.array_equal(Tensor(A).argmax(axis, keepdims=True), A.argmax(axis, keepdims=True))
    assert np.array_equal(Tensor(A).argmin(axis, keepdims=True), A.argmin(axis, keepdims=True))


@pytest.mark.parametrize(
    ("ask", "name"),
    [
        (lambda x: np.histogram(x), "np.histogram"), (lambda x: np.linalg.eig(x @ x.T), "np.linalg.eig"),
        (lambda x: np.fft.fft(x), "np.fft.fft"), (lambda x: np.unwrap(x), "np.unwrap"),
        (lambda x: np.nextafter(x, 0), "np.nextafter"), (lambda x: np.spacing(x), "np.spacing"),
        (lambda x: np.add(x, x, out=np.zeros((2, 3))), "np.add with out="),
        (lambda x: np.divide.reduce(x), "np.divide.reduce"),
        (lambda x: np.add.reduce(x, initial=1.0), "np.add.reduce with initial="),
        (lambda x: np.exp(x, where=A > 2), "np.exp with where="),
        (lambda x: np.multiply.outer(x, x, dtype=float), "np.multiply.outer"),
        (lambda x: np.sum(x, out=np.zeros(())), "sum.*out"), (lambda x: np.sum(x, where=A > 2), "sum.*where"),
        (lambda x: np.sum(x, 0, np.float32), "sum"), (lambda x: np.mean(x, dtype=np.float32), "mean.*dtype"),
        (lambda x: np.std(x, 0, None, None, 1), "std"), (lambda x: np.concatenate([x, x], out=A), "concatenate.*out"),
        (lambda x: np.add.at(A.copy(), 0, x), "np.add.at"), (lambda x: np.add.reduceat(x, [0]), "np.add.reduceat"),
        (lambda x: np.clip(x, 0, 1, out=A), "np.clip with out="),
        (lambda x: np.maximum.accumulate(x), "np.maximum.accumulate"),
        (lambda x: np.copyto(A.copy(), x), "np.copyto"), (lambda x: np.exp(x, np.zeros((2, 3))), "np.exp with out="),
        (lambda x: np.add(x, 1, dtype=np.float32), "np.add with dtype="), (lambda x: np.unique(x), "np.unique"),
        (lambda x: np.put(A.copy(), [0], x), "np.put"), (lambda x: np.dot(A, x.T, out=np.zeros((2, 2))), "dot.*out"),
    ],
)  # fmt: skip
def test_what_has_no_rule_says_its_name(ask, name):
    """Never a silent array without gradient."""
    x = Tensor(A)
    with pytest.raises(TypeError, match=name):
        ask(x)
    np.testing.assert_array_equal(x.data, A)


def test_an_array_is_not_written_through_a_tensor():
    """`array += tensor` would lose the gradient: NumPy asks for out=, and is told so."""
    total = np.zeros((2, 3))
    with pytest.raises(TypeError, match=r"np\.add with out="):
        total += Tensor(A)
    with pytest.raises(TypeError, match="turn into an array"):
        total[0] = Tensor(V)
    assert not total.any()
    x = y = Tensor(V)
    x += 1
    assert y.data.tolist() == V.tolist()


@pytest.mark.parametrize(
    ("convert", "way_out"),
    [
        (np.asarray, "t.data"), (np.array, "t.data"), (lambda x: np.array([x, x]), "t.data"), (float, "t.item"),
        (int, "t.item"),
        (complex, "t.item"), (lambda x: [1, 2][x], "t.item"), (np.float64, "t.data|t.item"),
        (lambda x: np.zeros(1)[x], "t.d|t.i"),
    ],
)  # fmt: skip
def test_silent_conversions_raise(convert, way_out):
    with pytest.raises(TypeError, match=way_out):
        convert(Tensor(1.0))


@pytest.mark.parametrize(
    "other",
    [
        "a",
        None,
        1j,
        b"a",
        {},
        set(),
        np.array([1j]),
        np.array(["a"]),
        np.array([None]),
        object(),
        np.ma.array([1.0, 2.0], mask=[0, 1]),
    ],
)
@pytest.mark.parametrize(
    "op", [operator.add, operator.mul, operator.sub, operator.truediv, operator.pow, operator.matmul]
)
def test_operands_that_are_no_numbers(op, other):
    x = Tensor([1.0, 2.0])
    for left, right in ((x, other), (other, x)):
        with pytest.raises(TypeError):
            op(left, right)


@pytest.mark.parametrize(
    ("f", "words"),
    [
        (lambda x: x + np.ones(2), r"\(2, 3\) and \(2,\)"),
        (lambda x: np.ones((4, 1, 2)) * x, r"\(4, 1, 2\) and \(2, 3\)"),
        (lambda x: x @ x, r"matmul.*\(2, 3\) and \(2, 3\)"), (lambda x: np.dot(x, x), r"\(2, 3\) and \(2, 3\)"),
        (lambda x: np.where(x > 0, x, np.ones(2)), r"where.*\(2,\)"), (lambda x: x.reshape(4, 2), r"reshape.*\(2, 3\)"),
        (lambda x: np.concatenate([x, x[0]]), r"concatenate.*\(2, 3\) and \(3,\)"),
        (lambda x: np.stack([x, x[0]]), "stack"),
        (lambda x: np.einsum("ij,ij", x), "names 2 operands"), (lambda x: np.einsum("ijk", x), r"shape \(2, 3\)"),
        (lambda x: np.einsum("ij,j", x, x[:, 0]), "index 'j' has lengths"),
        (lambda x: np.broadcast_to(x, (3,)), "broadcast_to"),
        (lambda x: np.split(x, 2, axis=1), "equal parts"), (lambda x: np.tensordot(x, x, axes=1), "tensordot"),
        (lambda x: np.squeeze(x, 0), "size"), (lambda x: np.transpose(x, (0, 0)), "repeated|axes"),
        (lambda x: x.to_value(), "one element"),
        (lambda x: np.pad(x, 1, "maximum"), "maximum"), (lambda x: np.linalg.norm(x, 3), "norm"),
        (lambda x: np.linalg.norm(x[0], "nuc"), "norm"), (lambda x: np.linalg.svd(x), "full_matrices=False"),
        (lambda x: np.linalg.norm(x[0], 0), "norm"), (lambda x: x.at[0].set(np.ones(2)), "set_at"),
        (lambda x: x.at[0].add(np.ones(2)), "add_at"),
    ],
)  # fmt: skip
def test_shapes_that_do_not_fit_are_named(f, words):
    x = Tensor(A)
    with pytest.raises(ValueError, match=words):
        f(x)
    assert x.grad is None
    assert isinstance(x + 1, Tensor)


@pytest.mark.parametrize(
    "f", [np.linalg.inv, lambda x: np.linalg.solve(x, np.ones(2)), lambda x: np.linalg.cholesky(-x)]
)
def test_singular_matrices_are_numpys_error(f):
    with pytest.raises(np.linalg.LinAlgError):
        f(Tensor(np.ones((2, 2))))


def test_numpy_answers_about_the_data():
    x = Tensor(A)
    assert (np.shape(x), np.ndim(x), np.size(x)) == ((2, 3), 2, 6)
    assert np.argmax(x) == x.argmax() == 5
    assert x.argmin(axis=1).tolist() == [0, 0]
    assert np.argsort(x, axis=1).tolist() == [[0, 1, 2]] * 2
    assert np.isin(x, [4.0]).tolist() == (x.data == 4.0).tolist()
    assert [each.tolist() for each in np.triu_indices_from(x)] == [
        each.tolist() for each in np.triu_indices_from(x.data)
    ]
    assert np.all(x > 0)
    assert not np.any(x < 0)
    assert np.allclose(x, A)
    assert np.array_equal(x, x)
    assert np.count_nonzero(x) == 6
    assert np.isnan(x).data.tolist() == [[False] * 3] * 2
    assert np.where(x > 5)[1].tolist() == [2]
    assert type(np.zeros_like(x)) is np.ndarray
    assert np.ones_like(x).shape == (2, 3)
    assert np.result_type(x) == np.float64
    assert x.all()
    assert x.any()
    np.testing.assert_allclose(x.data, A)


def test_methods_of_ufuncs():
    A = np.arange(1.0, 7.0).reshape(2, 3) / 5
    for f in (
        np.add.reduce, lambda x: np.add.reduce(x, axis=1, keepdims=True), np.maximum.reduce, np.add.accumulate,
        lambda x: np.multiply.outer(x, x[0]), lambda x: np.subtract.outer(x[0], x), np.minimum.reduce,
        lambda x: np.multiply.accumulate(x, axis=1), lambda x: np.multiply.reduce(x, axis=None),
        lambda x: np.diff(x, prepend=0.0, append=x[:, :1]), lambda x: np.diff(x, axis=0, append=2.0),
    ):  # fmt: skip
        np.testing.assert_allclose(f(Tensor(A)).data, f(A), rtol=1e-14)
        gradcheck(f, A)
    rounded = np.round(Tensor([1.26, -0.04, 25.0]), 1)
    assert rounded.tolist() == [1.3, -0.0, 25.0]
    assert np.around(Tensor([126.0]), -1).tolist() == [130.0]
    assert Tensor([1.26, -0.04, 25.0]).round(1).tolist() == [1.3, -0.0, 25.0]
    assert Tensor([126.0, 0.5]).round(decimals=-1).tolist() == [130.0, 0.0]
    assert Tensor([1.26, 0.5]).round(np.int64(1)).tolist() == [1.3, 0.5]
    assert Tensor([1.26, 0.5]).round(np.int64(0)).tolist() == [1.0, 0.0]
    for decimals in (1.5, "1", None, Tensor([1.0, 2.0])):
        with pytest.raises(TypeError, match="an int for the argument decimals"):
            Tensor([1.26]).round(decimals)
    assert autograd.FUNCTIONS["round"](Tensor([0.5, 1.5])).tolist() == Tensor([0.5, 1.5]).round().tolist() == [0.0, 2.0]
    with pytest.raises(TypeError, match=r"write a = a \+ x in place of a \+= x"):
        A += Tensor(A)


@pytest.mark.parametrize("name", ["erf", "erfc", "expit", "log_expit", "logit"])
def test_functions_of_scipy(name):
    f, x = getattr(pytest.importorskip("scipy.special"), name), np.array([0.2, 0.7])
    np.testing.assert_allclose(f(Tensor(x)).data, f(x), rtol=1e-14)
    gradcheck(f, x, order=2)
    gradcheck(f, 0.3)


@pytest.mark.parametrize("function", [autograd.erf, autograd.erfc])
def test_error_functions_in_half_precision(function):
    numbers = np.arange(2**16, dtype=np.uint16).view(np.float16)  # all that there are
    exact = [function(float(each)) for each in numbers]
    found = function(Tensor(numbers)).data
    assert found.dtype == np.float16
    np.testing.assert_allclose(found, np.float16(exact), rtol=np.finfo(np.float16).eps, atol=1e-7)


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ((2, 3), (2, 3), r"shapes \(2, 3\) and \(2, 3\): the last axis of the first, 3, .* last axis but one of the second, 2"),
        ((3,), (2,), "the last axis of the first, 3, must be as long as the axis of the second, 2"),
        ((2, 3), (), r"write x \* y"), ((2, 3, 4), (3, 4, 5), "before the last two do not broadcast"),
    ],
)  # fmt: skip
def test_matrices_that_do_not_fit(first, second, message):
    for x, y in ((Tensor(np.ones(first)), np.ones(second)), (np.ones(first), Tensor(np.ones(second)))):
        with pytest.raises(ValueError, match=message):
            x @ y


def test_a_function_of_scipy_without_a_rule_is_not_called_numpys():
    with pytest.raises(TypeError, match="the ufunc psi has no derivative rule"):
        pytest.importorskip("scipy.special").digamma(Tensor([1.0]))


def test_steps_are_plain_arrays():
    """Of integers and truths there is no gradient to lose."""
    x = Tensor([1.5, -2.5, 0.5])
    assert np.zeros(np.sum(x > 0)).shape == (2,)
    assert [*range(np.sum(x > 0))] == [0, 1]
    places = np.floor(x).astype(int)
    assert type(places) is np.ndarray
    assert places.tolist() == [1, -3, 0]
    assert x.argsort().tolist() == [1, 2, 0]
    mask = x > 0
    assert mask.astype(float).tolist() == [1.0, 0.0, 1.0]
    assert (mask.copy() == mask).all()
    assert [each.tolist() for each in mask.nonzero()] == [[0, 2]]
    assert (float(mask[0]), int(mask[1])) == (1.0, 0)
    assert mask.sum(axis=0, keepdims=True).tolist() == [2]
    assert grad(lambda x: (x * np.floor(x).astype(int)).sum())(x.data).tolist() == [1.0, -3.0, 0.0]


def test_numpy_for_code_of_hips_autograd():
    import autograd.numpy as anp

    x = np.array([1.0, 2.0])
    for f in (
        lambda x: anp.mean([x[0] ** 2, 3 * x[1]]), lambda x: anp.dot([x[0], x[0]], [1.0, 2.0]),
        lambda x: anp.full((2, 2), x[1]) * x[0], lambda x: anp.r_[x, 1.0, x * 2, 0:3] ** 2,
        lambda x: anp.c_[x, x * 2] ** 2, lambda x: anp.concatenate([[x[0]], [x[1] * x[0]], x]),
        lambda x: anp.asarray(x) * anp.asarray([x[0], 1.0]), lambda x: anp.array(x * x, ndmin=2),
        lambda x: anp.array([x, x * x], ndmin=3, copy=True), lambda x: anp.vstack([[x[0], 1.0], x * x]),
        lambda x: anp.where([x[0] > 0, False], [x[0], 1.0], x),
    ):  # fmt: skip
        np.testing.assert_allclose(f(Tensor(x)).data, f(x))
        gradcheck(f, x)
    assert anp.full((2, 2), Tensor(2.0)).shape == (2, 2)
    assert anp.full(2, 3.0).tolist() == [3.0, 3.0]
    assert anp.r_[0:3].tolist() == [0, 1, 2]
    assert anp.asarray([1, 2], dtype=float).dtype == float
    same = Tensor([1.0])
    assert anp.asarray(same) is same
    names: dict[str, object] = {}
    exec("from autograd.numpy import *", names)
    assert names["sin"] is np.sin
    assert names["array"] is anp.array


def test_a_number_taken_out_of_the_graph_is_told_of():
    with pytest.warns(UserWarning, match=rf"was called in it, at {re.escape(__file__)}, line {here() + 1}: "):
        assert grad(lambda x: (x @ x).item())(np.ones(2)).tolist() == [0.0, 0.0]
    with pytest.warns(UserWarning, match="Return the node itself"):
        assert grad(lambda x: x.item() ** 2)(3.0) == 0.0
    assert grad(lambda x: x * x.item())(3.0) == 3.0  # as a constant it may be used
    assert grad(lambda x: 2.0)(3.0) == 0.0
    assert np.isscalar(Value(1.0))


def test_a_rule_for_some_arguments_only():
    @extend.primitive
    def power(k, x):
        return x**k

    extend.defvjp(power, lambda ans, k, x: lambda g: g * k * x ** (k - 1), argnums=[1])
    assert grad(power, 1)(3, 2.0) == 12.0
    assert grad(grad(lambda x: power(3.0, x)))(2.0) == 12.0
    with pytest.raises(TypeError, match="its argnums tell which have one"):
        grad(power, 0)(3.0, 2.0)

    @extend.primitive
    def scaled(x, k):
        return x * k

    extend.defvjp(scaled, lambda ans, x, k: lambda g: g * k)
    assert grad(scaled)(2.0, 3.0) == 3.0  # a constant needs no rule behind the others either
    assert grad(grad(lambda x: scaled(x * x, np.float64(3.0))))(2.0) == 6.0
    assert grad(lambda x: np.sum(scaled(x, range(3))))(np.ones(3)).tolist() == [0.0, 1.0, 2.0]
    with pytest.raises(TypeError, match="argument 1 of scaled.* is a str, .* pass anything else by its name"):
        scaled(Value(2.0), "3")
    with pytest.raises(TypeError, match=r"scaled\(\) has no rule for argument 1, which is a node"):
        grad(scaled, 1)(2.0, 3.0)


def test_autograd_numpy_is_numpy():
    import autograd.numpy.random as npr
    from autograd.numpy.linalg import norm

    import autograd.numpy as anp

    assert anp.tanh is np.tanh
    assert anp.pi == np.pi
    assert anp.linalg is np.linalg
    assert npr.default_rng is np.random.default_rng
    assert norm is np.linalg.norm
    assert "einsum" in dir(anp)
    v, t = Value(2.0), Tensor([1.0, 2.0])
    made = anp.array([v, v * 3, 1.0])
    (made * np.array([1.0, 10.0, 100.0])).sum().backward()
    assert v.grad == 31.0
    assert anp.array([t, [v, v]]).shape == (2, 2)
    assert anp.array(t) is t
    assert anp.array([[v], [t[0]]]).shape == (2, 1)
    assert type(anp.array([1.0])) is np.ndarray
    assert anp.array([v, 1.0], dtype=np.float32).dtype == np.float32
    with pytest.raises(AttributeError, match="no_such"):
        _ = anp.no_such


# comparisons


def test_comparisons_make_masks():
    x = Tensor([1.0, 2.0, 3.0])
    for compare in (operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne):
        for other in (2, 2.0, np.float64(2), np.array([3.0, 2.0, 1.0]), Tensor([3.0, 2.0, 1.0]), Value(2.0)):
            data = other.data if isinstance(other, (Tensor, Value)) else other
            for found, expected in (
                (compare(x, other), compare(x.data, data)),
                (compare(other, x), compare(data, x.data)),
            ):
                assert isinstance(found, Mask)
                assert found.dtype == bool
                np.testing.assert_array_equal(found.data, expected)
    mask = x > 1
    assert (mask & (x < 3)).data.tolist() == [False, True, False]
    assert (~mask | False).data.tolist() == [True, False, False]
    assert (mask ^ [True, True, True]).data.tolist() == [True, False, False]
    assert (mask.sum(), mask.mean(), mask.any(), mask.all()) == (2, 2 / 3, True, False)
    assert np.logical_and(mask, x < 3).data.tolist() == [False, True, False]
    assert np.asarray(mask).dtype == bool
    assert repr(mask) == "Mask([False,  True,  True])"


def test_masks_are_constants():
    x = Tensor([1.0, 2.0, 3.0])
    mask = x > 1
    (x * mask).sum().backward()
    assert x.grad.tolist() == [0, 1, 1]
    x.grad = None
    (mask * x + np.where(mask, x, 10 * x) + x[mask].sum() + (1 - mask) * x).sum().backward()
    assert x.grad.tolist() == [0 + 10 + 0 + 1, 1 + 1 + 3, 1 + 1 + 3]
    with pytest.raises(TypeError, match="no gradient"):
        mask.backward()


def test_the_truth_of_a_tensor():
    assert bool(Tensor([2.0]))
    assert not Tensor(0.0)
    with pytest.raises(ValueError, match="ambiguous"):
        bool(Tensor([1.0, 2.0]))
    with pytest.raises(ValueError, match="ambiguous"):
        bool(Tensor([1.0, 2.0]) == Tensor([1.0, 2.0]))
    assert (Tensor([1.0]) == "a") is False
    assert (Tensor([1.0]) != None) is True  # noqa: E711
    assert 2.0 in Tensor([1.0, 2.0])
    assert 3.0 not in Tensor([1.0, 2.0])


def test_hash_is_identity():
    x, y = Tensor([1.0]), Tensor([1.0])
    assert len({x, y, x}) == 2
    assert {x: "x", y: "y"}[x] == "x"


# indexing

INDICES = [
    0, -1, slice(1, None), slice(None, None, -1), (0, 1), (slice(None), 2), None, ..., (..., 0), (None, 0, ..., None),
    (1, None),
    [0, 1], [0, 0, 1], [[0], [1]], ([0, 1, 1], [2, 2, 2]), (slice(None), [0, 0]), np.array([1, -1]), np.array(1),
    np.int64(1),
    A > 2, (A > 2).any(axis=0)[None].repeat(2, 0), np.array([True, False]), (0, V > 0),
    (np.array([[0, 1], [1, 1]]), 1), (),
    (slice(None), [False, True, True]), True, np.True_, ([], []), (slice(0, 0),), np.array([], int),
    (np.array([0, 1]), None, np.array([0, 0])),
]  # fmt: skip


@pytest.mark.parametrize("index", INDICES, ids=repr)
def test_indexing_is_numpys_and_loses_no_sums(index):
    x = Tensor(A)
    part = x[index]
    expected = A[index]
    np.testing.assert_array_equal(part.data, expected)
    upstream = np.arange(1.0, 1 + expected.size).reshape(expected.shape)
    part.backward(upstream)
    counted = np.zeros_like(A)
    np.add.at(counted, index, upstream)
    np.testing.assert_array_equal(x.grad, counted)


@given(data=st.data())
def test_any_index(data):
    shape = data.draw(hnp.array_shapes(max_dims=3, max_side=4))
    index = data.draw(
        hnp.basic_indices(shape, allow_newaxis=True)
        | hnp.integer_array_indices(shape)
        | hnp.arrays(bool, shape)
        | st.lists(st.integers(-shape[0], shape[0] - 1), min_size=1, max_size=5)
    )
    array = np.arange(1.0, 1 + np.prod(shape)).reshape(shape)
    x = Tensor(array)
    part = x[index]
    np.testing.assert_array_equal(part.data, array[index])
    upstream = np.random.default_rng(0).uniform(1, 2, part.shape)
    part.backward(upstream)
    counted = np.zeros(shape)
    np.add.at(counted, index, upstream)
    np.testing.assert_allclose(x.grad, counted, rtol=1e-14)


@pytest.mark.parametrize(
    ("index", "words"),
    [
        (np.array([0.0, 1.0]), "float64"), ([0.5], "float"), (Tensor([0.0]), "astype"), (Value(1.0), "astype"),
        ("a", "."),
        (5, "out of bounds"), ([0, 7], "out of bounds"), ((0, 0, 0), "too many"), (np.array([True]), "boolean"),
        (1.5, "."),
    ],
)  # fmt: skip
def test_bad_indices(index, words):
    x = Tensor(A)
    with pytest.raises(IndexError, match=words):
        x[index]
    with pytest.raises(IndexError, match=words):
        x.at[index].set(1.0)
    with pytest.raises(IndexError, match=words):
        x.at[index].add(1.0)


def test_item_assignment_says_what_to_write():
    x = Tensor(A.copy())
    with pytest.raises(TypeError, match=r"t\.at\[index\]\.set\(value\)"):
        x[0] = 1.0
    with pytest.raises(TypeError, match=r"t\.at\[index\]\.add\(value\)"):
        x[0] += 1.0
    np.testing.assert_array_equal(x.data, A)


@pytest.mark.parametrize("index", [0, (slice(None), 1), [1, 0], A > 2, (0, [2, 1]), ..., (1, 2), None], ids=repr)
def test_at_set_and_add(index):
    value = 10.0 * np.arange(1.0, 1 + A[index].size).reshape(A[index].shape)
    for method, change in (
        ("set", lambda x: x.__setitem__(index, value)),
        ("add", lambda x: np.add.at(x, index, value)),
    ):
        x, v = Tensor(A.copy()), Tensor(value)
        changed = getattr(x.at[index], method)(v)
        expected = A.copy()
        change(expected)
        np.testing.assert_array_equal(changed.data, expected)
        np.testing.assert_array_equal(x.data, A)
        changed.backward(U)
        kept = U.copy()
        if method == "set":
            kept[index] = 0
        np.testing.assert_array_equal(x.grad, kept)
        np.testing.assert_array_equal(v.grad, U[index])
    spread = Value(2.0)
    Tensor(A).at[index].add(spread).backward(U)
    assert spread.grad == pytest.approx(U[index].sum())


def test_at_with_repeated_indices():
    x, v = Tensor([0.0, 0.0]), Tensor([1.0, 2.0, 4.0])
    added = x.at[[0, 1, 0]].add(v)
    assert added.data.tolist() == [5.0, 2.0]
    added.backward(np.array([1.0, 10.0]))
    assert v.grad.tolist() == [1.0, 10.0, 1.0]
    assert x.grad.tolist() == [1.0, 10.0]
    with pytest.raises(IndexError, match="twice"):
        x.at[[0, 1, 0]].set(v)


def test_iteration_length_and_the_like():
    x = Tensor(A)
    assert len(x) == 2
    assert [row.shape for row in x] == [(3,), (3,)]
    first, second = x
    (first * 2 + second * 3).sum().backward()
    np.testing.assert_array_equal(x.grad, [[2] * 3, [3] * 3])
    assert x.tolist() == A.tolist()
    assert x.numpy() is x.data
    assert Tensor([2.5]).item() == 2.5
    assert (x.T.shape, x.ndim, x.size) == ((3, 2), 2, 6)
    for call in (len, iter):
        with pytest.raises(TypeError, match="0-d"):
            call(Tensor(1.0))


def test_repr_and_format():
    x = Tensor([1.0, 2.0])
    assert repr(x) == "Tensor([1., 2.])"
    assert repr(Tensor([1.0], label="w")) == "Tensor([1.], label='w')"
    assert repr(Tensor(np.float32([1.0]))) == "Tensor([1.], dtype=float32)"
    assert f"{x.sum():.2f}" == "3.00"
    assert f"{x}" == str(x) == repr(x)
    assert repr(Tensor(np.zeros((0, 2))))


# Value and Tensor in one graph


def test_a_value_is_an_operand_without_axes():
    for op in (operator.add, operator.sub, operator.mul, operator.truediv, operator.pow):
        for order in (lambda v, t: (v, t), lambda v, t: (t, v)):
            v, t = Value(1.5), Tensor(V**2)
            v0, t0 = Tensor(1.5), Tensor(V**2)
            mixed, plain = op(*order(v, t)), op(*order(v0, t0))
            assert isinstance(mixed, Tensor)
            np.testing.assert_array_equal(mixed.data, plain.data)
            for result in (mixed, plain):
                result.backward(V)
            assert type(v.grad) is float
            assert v.grad == v0.grad
            np.testing.assert_array_equal(t.grad, t0.grad)


@pytest.mark.parametrize(
    "product",
    [
        lambda v, a: v * a, lambda v, a: a * v, lambda v, a: a.tolist() * (v * np.ones(3)),
        lambda v, a: np.multiply(v, a),
        lambda v, a: autograd.mul(a, v), lambda v, a: a * v.to_tensor(), lambda v, a: (v * Tensor(a)),
        lambda v, a: autograd.stack([v, v, v]) * a, lambda v, a: Tensor([v, v, v]) * a,
        lambda v, a: Tensor([[v] * 3])[0] * a,
        lambda v, a: autograd.stack([v * x for x in a.tolist()]), lambda v, a: np.where(a > 0, v, v) * a,
    ],
)  # fmt: skip
def test_ways_of_multiplying_a_value_by_an_array(product):
    v = Value(2.0)
    result = product(v, V)
    assert isinstance(result, Tensor)
    np.testing.assert_array_equal(result.data, 2 * V)
    result.backward(np.array([1.0, 2.0, -1.0]))
    assert type(v.grad) is float
    assert v.grad == pytest.approx(V @ [1.0, 2.0, -1.0])


def test_across_and_back():
    x = Tensor(A)
    v = x[1, 2].to_value()
    assert type(v) is Value
    w = v * v + x.sum().to_value()
    w.backward()
    expected = np.ones_like(A)
    expected[1, 2] += 12
    np.testing.assert_array_equal(x.grad, expected)
    assert v.grad == 12.0
    y = Value(3.0)
    (y.to_tensor().exp() * Tensor([1.0, 2.0])).sum().to_value().log().backward()
    assert y.grad == pytest.approx(1.0)
    assert Tensor([[2.0]]).to_value().data == 2.0


def test_second_order_across_kinds():
    v, x = Value(2.0), Tensor([1.0, 2.0])
    y = ((v * x) ** 3).sum().to_value() * v
    y.backward(create_graph=True)
    slope, others = v.grad, x.grad
    v.grad, x.grad = 0.0, None
    (slope + others.sum().to_value()).backward()
    # y = v⁴ Σx³: ∂y/∂v = 4v³ Σx³, ∂y/∂x = 3v⁴x²
    assert v.grad == pytest.approx(12 * 4 * 9 + 12 * 8 * 5)
    np.testing.assert_allclose(x.grad, 12 * 8 * np.array([1.0, 4.0]) + 6 * 16 * np.array([1.0, 2.0]))


# backward


def test_leaves_accumulate_and_others_do_not():
    x = Tensor([1.0, 2.0])
    y = x * 3
    z = (y * y).sum()
    y.retain_grad()
    z.backward()
    np.testing.assert_array_equal(x.grad, [18, 36])
    np.testing.assert_array_equal(y.grad, [6, 12])
    z.backward()
    np.testing.assert_array_equal(x.grad, [36, 72])
    np.testing.assert_array_equal(y.grad, [6, 12])
    assert z.grad is None
    for cleared in (None, 0, 0.0, np.zeros(2)):
        x.grad = cleared
        z.backward()
        np.testing.assert_array_equal(x.grad, [18, 36])
    first = x.grad
    z.backward()
    np.testing.assert_array_equal(first, [18, 36])  # what was read stays as it was
    x.grad = "a"
    with pytest.raises(TypeError, match="None to clear"):
        z.backward()
    assert x.grad == "a"


def test_infinite_gradients_accumulate_without_warnings():
    x = Tensor([1.0, 0.0])
    x.grad = np.array([np.inf, np.inf])
    (x * np.array([-np.inf, np.inf])).sum().backward()
    assert np.isnan(x.grad[0])
    assert x.grad[1] == np.inf


def test_retain_grads():
    x = Tensor([1.0, 2.0])
    y = x * 3
    z = (y * y).sum()
    z.backward(retain_grads=True)
    np.testing.assert_array_equal(y.grad, [6, 12])
    assert z.grad == 1
    grads = [x.grad, y.grad, z.grad]
    for one, other in itertools.combinations(grads, 2):
        assert not np.shares_memory(one, other)


def test_the_upstream_gradient():
    x = Tensor([1.0, 2.0])
    (x * 2).backward([1, 10])
    np.testing.assert_array_equal(x.grad, [2, 20])
    x.grad = None
    (x * 2).backward(Tensor([1.0, 10.0]))
    assert type(x.grad) is np.ndarray
    x.grad = None
    Tensor(np.float32([1.0])).backward(np.array([0.1]))
    upstream = np.array([1.0, 2.0])
    x.backward(upstream)
    assert not np.shares_memory(x.grad, upstream)
    y = Tensor([[3.0]])
    (y * 2).backward()
    np.testing.assert_array_equal(y.grad, [[2.0]])


@pytest.mark.parametrize(
    ("upstream", "error", "words"),
    [
        (None, ValueError, r"shape \(2, 3\) needs the upstream gradient.*sum\(\)\.backward\(\)"),
        (np.ones(3), ValueError, r"\(3,\).*\(2, 3\)"), (np.ones((2, 1)), ValueError, r"\(2, 1\)"),
        (1.0, ValueError, r"\(\)"),
        ("a", TypeError, "real"), (1j, TypeError, "complex"), (np.ones((2, 3)) * 1j, TypeError, "complex"),
        (Tensor(np.ones(3)), ValueError, r"\(3,\)"), ([[1.0], [2.0, 3.0]], ValueError, "same length"),
    ],
)  # fmt: skip
def test_bad_upstream_gradients_change_nothing(upstream, error, words):
    x = Tensor(A)
    x.grad = kept = np.ones((2, 3))
    y = x * 2
    for result in (y, x):
        with pytest.raises(error, match=words):
            result.backward(upstream)
        assert x.grad is kept
        np.testing.assert_array_equal(kept, np.ones((2, 3)))
    y.backward(A)
    np.testing.assert_array_equal(x.grad, 1 + 2 * A)


def test_an_error_in_the_walk_changes_no_gradient():
    x, y = Tensor([1.0]), Tensor([2.0])
    x.grad = y.grad = None
    z = x * y
    x.grad = "not a gradient"
    with pytest.raises(TypeError, match="None to clear"):
        z.backward()
    assert y.grad is None


def test_create_graph():
    x = Tensor([1.0, 2.0, 3.0])
    (x**3).sum().backward(create_graph=True)
    first = x.grad
    assert isinstance(first, Tensor)
    x.grad = None
    first.sum().backward(create_graph=True)
    second = x.grad
    np.testing.assert_array_equal(second.data, 6 * x.data)
    x.grad = None
    second.sum().backward()
    assert type(x.grad) is np.ndarray
    np.testing.assert_array_equal(x.grad, [6, 6, 6])
    x.grad = None
    (x * 2).sum().backward(create_graph=True)
    assert isinstance(x.grad, Tensor), "a constant gradient is a node too"
    x.grad = None
    v = Tensor([1.0, 0.0, 2.0])
    (x**2).backward(v, create_graph=True)
    x.grad.sum().backward()
    np.testing.assert_array_equal(v.grad, 2 * x.data)


def test_gradients_of_leaves_never_share_memory():
    x, y = Tensor([1.0, 2.0]), Tensor([3.0, 4.0])
    (x + y).backward(U[0, :2])
    assert not np.shares_memory(x.grad, y.grad)
    a, b, c = Tensor(A), Tensor(A), Tensor(A)
    (np.stack([a, b]) + c).reshape(-1).backward(np.arange(12.0))
    for one, other in itertools.combinations([a.grad, b.grad, c.grad], 2):
        assert not np.shares_memory(one, other)
    np.testing.assert_array_equal(a.grad + b.grad, c.grad)


def test_what_is_recorded_is_what_was_computed():
    """Another array in `.data`, later, does not change a pending gradient: neither an operand's nor a result's."""
    for f in (np.tanh, np.exp, np.sqrt, autograd.sigmoid, lambda x: x * x, autograd.softmax, autograd.norm, np.cumprod):
        x = Tensor([0.5, 1.5])
        y = f(x)
        (y * 2.0).sum().backward()
        expected = x.grad
        x.grad = None
        z = f(x)
        total = (z * 2.0).sum()
        x.data = np.array([9.0, 9.0])
        z.data = np.full(z.shape, 7.0)
        z.data = np.full(z.shape, 8.0)
        total.data = 5.0
        total.backward()
        np.testing.assert_array_equal(x.grad, expected)
        with pytest.raises(RuntimeError, match=r"\.data"):
            total.backward(create_graph=True)


def test_detach_and_copy():
    x = Tensor([1.0, -0.0])
    (x.detach() * x).sum().backward()
    np.testing.assert_array_equal(x.grad, x.data)
    y = x.copy()
    assert not np.shares_memory(y.data, x.data)
    assert np.signbit(y.data[1])
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, [2.0, 1.0])


# modes


def test_no_grad():
    x = Tensor([1.0])
    with no_grad():
        y = np.tanh(x * 2) @ np.ones(1)
        with enable_grad():
            z = x * 3
    assert (y.op, y.inputs, y.recorded) == (None, (), ())
    assert z.inputs
    assert (x * 2).inputs
    with pytest.raises(ValueError, match="axis"), no_grad():
        np.sum(x, axis=1)
    assert (x * 2).inputs

    @no_grad()
    def f(x):
        return x * 2

    assert not f(x).inputs
    found = []
    with no_grad():
        thread = threading.Thread(target=lambda: found.append((x * 2).inputs))
        thread.start()
        thread.join()
    assert found[0]


def here():
    return sys._getframe(1).f_lineno


def test_anomalies_are_found_where_they_are_born():
    x = Tensor([0.0, 1.0], label="x")
    with detect_anomaly(), pytest.raises(AnomalyError) as error:
        np.log(x) * 2
    assert f"{__file__}, line {here() - 1}" in str(error.value)
    assert "log(x=" in str(error.value)
    with detect_anomaly():
        y = np.sqrt(x)
        line = here() - 1
        with pytest.raises(AnomalyError) as error:
            y.sum().backward()
    assert "sqrt" in str(error.value)
    assert f"line {line}" in str(error.value)
    assert x.grad is None
    with detect_anomaly():
        ((x + 1) * np.array([np.inf, 1.0])).sum()  # what came in infinite was not born here


@pytest.mark.parametrize(
    ("f", "name", "spoil"),
    [
        (lambda x, w: x * w, "mul", lambda x, w, y: x.data.__setitem__(0, 9.0)),
        (lambda x, w: x * w, "mul", lambda x, w, y: w.data.__imul__(2.0)),
        (lambda x, w: np.tanh(x), "tanh", lambda x, w, y: y.data.fill(0.0)),
        (lambda x, w: np.concatenate([x, w]), "concatenate", lambda x, w, y: w.data.fill(0.0)),
        (lambda x, w: x @ w, "matmul", lambda x, w, y: np.negative(w.data, out=w.data)),
        (lambda x, w: np.std(x) * w, "std", lambda x, w, y: x.data.sort()),
        (lambda x, w: Value(2.0) * x, "mul", lambda x, w, y: x.data.fill(1.0)),
    ],
)  # fmt: skip
def test_an_array_changed_in_place_is_an_anomaly(f, name, spoil):
    x, w = Tensor([3.0, 1.0, 2.0]), Tensor([4.0, 5.0, 6.0])
    with detect_anomaly():
        y = f(x, w)
        upstream = np.ones(y.shape)
        y.backward(upstream)  # nothing was changed yet
        x.grad = w.grad = None
        spoil(x, w, y)
        with pytest.raises(AnomalyError) as error:
            y.backward(upstream)
    assert "changed in place" in str(error.value)
    assert name in str(error.value)
    assert f"{__file__}, line {f.__code__.co_firstlineno}" in str(error.value)
    assert x.grad is None
    assert w.grad is None


def test_rebinding_is_no_anomaly():
    x = Tensor([1.0, 2.0])
    with detect_anomaly():
        y = np.tanh(x)
        x.data = np.zeros(2)
        y.data = np.zeros(2)
        y.sum().backward()
    np.testing.assert_allclose(x.grad, 1 - np.tanh([1.0, 2.0]) ** 2)


def test_training_steps_under_detect_anomaly():
    """Parameters are changed in place between steps, as optimisers do."""
    w = Tensor([1.0, 2.0])
    with detect_anomaly():
        for _ in range(3):
            (w * w).sum().backward()
            w.data -= 0.1 * w.grad
            w.grad = None
    np.testing.assert_allclose(w.data, np.array([1.0, 2.0]) * 0.8**3)


def test_no_warnings_and_no_switches():
    """IEEE results, in arithmetic, whatever NumPy's own settings are."""
    with np.errstate(all="raise"):
        before = np.geterr()
        x = Tensor([0.0, -1.0, 1000.0, np.inf])
        for result in (
            1 / x,
            np.log(x),
            np.exp(x),
            np.sqrt(x),
            x**-0.5,
            x - np.inf,
            0 * x,
            np.mean(Tensor([])),
            x.std(),
        ):
            result.backward(np.ones(result.shape))
            (result * result).sum().backward(create_graph=True)
        assert np.geterr() == before
        assert np.isneginf(np.log(Tensor(0.0)).data)
        assert np.isnan(np.log(Tensor(-1.0)).data)
        assert (1 / Tensor(0.0)).data == np.inf
        assert np.isnan(((Tensor(-8.0)) ** (1 / 3)).data)


# copies, pickles, memory, depth


def network(x, w):
    h = np.tanh(x @ w)
    return (h[:, [0, 0]] * autograd.softmax(h)).sum() + np.concatenate([x.ravel(), w.at[0].set(2.0).ravel()]).std()


def twins():
    w = Tensor(np.array([[0.1, -0.2], [0.3, 0.4], [0.5, -0.6]]), label="w")
    y = network(A * w[0, 0], w)
    y.label = "y"
    return w, y


def test_pickle_and_deepcopy():
    w, y = twins()
    y.backward()
    w.grad, expected = None, w.grad
    for w2, y2 in (pickle.loads(pickle.dumps((w, y))), copy.deepcopy((w, y))):
        assert (w2.label, y2.label, y2.op) == ("w", "y", y.op)
        assert w2 is not w
        assert not np.shares_memory(w2.data, w.data)
        y2.backward()
        leaf = w2 if w2.grad is not None else next(n for n in autograd.backward.reachable([y2]) if n.label == "w")
        np.testing.assert_array_equal(leaf.grad, expected)
        assert w.grad is None
    leaf = Tensor(np.float32([1.0, 2.0]), label="a")
    leaf.grad = np.float32([3.0, 4.0])
    for again in (pickle.loads(pickle.dumps(leaf)), copy.deepcopy(leaf), copy.copy(leaf)):
        assert repr(again) == repr(leaf)
        assert again.grad.tolist() == [3, 4]
        assert (again * 2).inputs[0] is again
    copied = copy.deepcopy(leaf)
    copied.data[0] = copied.grad[0] = 9
    assert (leaf.data[0], leaf.grad[0]) == (1, 3)


def test_deepcopy_of_a_graph_copies_its_arrays():
    x = Tensor([1.0, 2.0])
    y = x * x
    y2 = copy.deepcopy(y)
    x.data *= 10
    y2.sum().backward()
    assert y2.inputs[0].grad.tolist() == [2.0, 4.0]
    assert y2.inputs[0] is y2.inputs[1]


def test_pickles_of_mixed_graphs():
    v, x = Value(2.0), Tensor([1.0, 3.0])
    y = (v * x).sum().to_value() * v
    again = pickle.loads(pickle.dumps(y))
    assert again.data == y.data == 16.0
    again.backward()
    leaves = [node for node in autograd.backward.reachable([again]) if node.op is None]
    assert sorted(np.sum(leaf.grad) for leaf in leaves) == [8.0, 16.0]


def test_a_graph_with_ones_own_operation_says_why_it_does_not_pickle():
    twice = extend.primitive(lambda x: 2 * x)
    extend.defvjp(twice, lambda ans, x: lambda g: 2 * g)
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(twice(Tensor([1.0])))


def test_long_chains():
    """200 000 nodes: forward, backward, second order, copies and freeing need no recursion."""
    n = 200_000
    x = Tensor(1.0)
    y = x
    for _ in range(n):
        y = y + 0.5
    assert y.data == 1 + n / 2
    y.backward()
    assert x.grad == 1.0
    del y
    z = x
    for _ in range(10_000):
        z = z * 1.0001
    x.grad = None
    z.backward(create_graph=True)
    assert copy.deepcopy(z).data == pickle.loads(pickle.dumps(z)).data == z.data
    assert len(repr(z)) < 100
    assert x.grad.data == pytest.approx(1.0001**10_000)
    x.grad = None


def test_graphs_are_freed_without_the_garbage_collector():
    gc.collect()
    gc.disable()
    try:
        w, y = twins()
        y.backward()
        nodes = [weakref.ref(node) for node in autograd.backward.reachable([y])]
        del w, y
        assert not any(ref() is not None for ref in nodes)
        w, y = twins()
        y.backward(create_graph=True)
        nodes = [weakref.ref(node) for node in autograd.backward.reachable([y, w.grad])]
        w.grad = None  # a gradient that is a graph leads back to its leaf
        del w, y
        assert not any(ref() is not None for ref in nodes)
        with detect_anomaly():
            w, y = twins()
            y.backward()
            nodes = [weakref.ref(node) for node in autograd.backward.reachable([y])]
            del w, y
            assert not any(ref() is not None for ref in nodes)
        assert gc.collect() == 0 or not gc.garbage
    finally:
        gc.enable()


def test_memory_of_gradients_is_not_held_by_the_walk():
    """After backward only leaves have gradients; an upstream array is not kept alive."""
    x = Tensor(np.ones(3))
    y = x * 2
    upstream = np.ones(3)
    references = sys.getrefcount(upstream)
    y.backward(upstream)
    assert sys.getrefcount(upstream) == references
    assert y.grad is None


def test_the_same_bits_whatever_the_hash_seed():
    program = """
import numpy as np
from autograd import Tensor, Value, stack
random = np.random.default_rng(0)
x = Tensor(random.standard_normal((5, 4)))
v = [Value(float(a)) for a in random.standard_normal(4)]
h = x
for i in range(6):
    h = np.tanh(h * stack(v) + np.roll(h, i, axis=0)) + x[[0, 0, 1, 2, 4]] * h.std()
(h.sum() + sum(a * a for a in v)).backward()
print(x.grad.tobytes().hex(), [a.grad.hex() for a in v])
"""
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed, "PATH": ""}, capture_output=True, check=True
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(outputs) == 1
    assert outputs.pop()


def test_functions_gather_nodes_from_lists_and_generators():
    v, w = Value(1.0), Value(2.0)
    autograd.sum(x * x for x in (v, w)).backward()
    assert (v.grad, w.grad) == (2.0, 4.0)
    assert autograd.mean([v, w]).item() == 1.5
    assert autograd.sum(i for i in range(3)) == 3


@pytest.mark.parametrize("shapes", [((2,), (3,)), ((2, 3), (2,)), ((2,), (1, 2, 2)), ((), (2, 2))])
def test_kron(shapes):
    x, y = (np.random.default_rng(0).normal(size=shape) for shape in shapes)
    np.testing.assert_allclose(np.kron(Tensor(x), y).data, np.kron(x, y))
    gradcheck(np.kron, x, y)


def test_names_that_numpy_has_too():
    t = Tensor(np.arange(24.0).reshape(2, 3, 4))
    assert (t.mT.data == t.data.mT).all()
    with pytest.raises(ValueError, match="at least two axes"):
        Tensor([1.0]).mT
    assert np.linalg.slogdet(Tensor(np.eye(2) * 3.0)).logabsdet.item() == pytest.approx(2 * np.log(3.0))
    assert f"{Tensor([1.0, 2.0]):.1f} {Tensor([1.0]):.1f}" == "[1.0, 2.0] 1.0"


def test_an_array_that_a_rule_keeps_is_not_added_to():
    """The walk adds in place to arrays of its own alone, and it goes on to use what it has handed out."""
    kept, small = np.array([2.0, 3.0]), np.array([10.0, 20.0])
    keeper = extend.primitive(lambda x: 2 * x)
    extend.defvjp(keeper, lambda ans, x: lambda g: kept)
    x = Tensor([1.0, 1.0])
    (keeper(x) + keeper(x) + keeper(x)).backward(small)
    assert x.grad.tolist() == [6.0, 9.0]
    assert kept.tolist() == [2.0, 3.0]
    assert small.tolist() == [10.0, 20.0]

    y = Tensor([1.0, 1.0])
    (y + (y + y) + (y - y) + 2 * y).backward(small)
    assert y.grad.tolist() == [50.0, 100.0]
    assert small.tolist() == [10.0, 20.0]


def test_gradients_are_no_arrays_of_anybody_else():
    kept, x = np.array([1.0, 2.0, 3.0]), Tensor(np.ones(3))
    keeper = extend.primitive(lambda x: np.sum(kept * x))
    extend.defvjp(keeper, lambda ans, x: lambda g: kept)
    keeper(x).backward()
    assert x.grad.tolist() == [1.0, 2.0, 3.0]
    assert not np.shares_memory(x.grad, kept)

    itself = extend.primitive(lambda x: np.sum(x * x) / 2)
    extend.defvjp(itself, lambda ans, x: lambda g: x)
    y = Tensor(np.ones(3))
    itself(y).backward()
    assert y.grad.tolist() == [1.0, 1.0, 1.0]
    assert not np.shares_memory(y.grad, y.data)

    a, b, upstream = Tensor([1.0, 2.0]), Tensor([3.0, 4.0]), np.array([5.0, 6.0])
    (a + b).backward(upstream)
    arrays = [a.grad, b.grad, upstream, a.data, b.data]
    assert not any(np.shares_memory(one, other) for i, one in enumerate(arrays) for other in arrays[:i])


def test_gradients_without_axes_stay_arrays():
    x = Tensor(2.0)
    for _ in range(3):
        (x * x).backward()
    assert isinstance(x.grad, np.ndarray)
    assert x.grad == 12.0
    x.grad = 1.0
    (x * x).backward()
    assert isinstance(x.grad, np.ndarray)
    x.grad[...] = 0.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t: autograd.sum(t, 0, axis=1), "multiple values for argument 'axis'"),
        (lambda t: t.sum(0, axis=1), "multiple values for argument 'axis'"),
        (lambda t: autograd.sum(t, axes=1), "unexpected keyword argument 'axes'"),
        (lambda t: np.sum(t, dtype=float), r"argument 'dtype'; it is sum\(x, axis=None, \*, keepdims=False\)"),
        (lambda t: np.std(t, axis=[0]), r"an axis is an integer, not \[0\]; several of them are a tuple"),
        (lambda t: autograd.sum(t, 0, True), "too many positional"),
        (lambda t: autograd.reshape(t), "missing 1 required positional argument: 'shape'"),
        (lambda t: t.repeat(), "missing 1 required positional argument: 'repeats'"),
        (lambda t: t.tanh(3), "takes 1 positional argument but 2 were given"),
    ],
)
def test_wrong_arguments_of_an_operation(call, message):
    with pytest.raises(TypeError, match=message):
        call(Tensor(np.ones((2, 3))))


def test_an_operand_by_its_name():
    t = Tensor(np.ones((2, 3)))
    assert autograd.sum(x=t, axis=0).data.tolist() == [2.0, 2.0, 2.0]
    assert autograd.matmul(t, y=t.T).shape == (2, 2)
