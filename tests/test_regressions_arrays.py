"""Faults that other engines had or have, on arrays: each test names the project, and the number in its public tracker
where there is one."""

import gc
import math
import sys
import tracemalloc

import numpy as np
import pytest

import autograd
from autograd import Tensor, Value, grad, gradcheck, hessian, jacobian, no_grad, value_and_grad

INF, NAN = np.inf, np.nan


def gradient_at(f, *points):
    """The gradients of the sum, at plain numbers or arrays."""
    leaves = [Tensor(point) for point in points]
    result = f(*leaves)
    result.backward(np.ones(result.shape))
    found = [0.0 if leaf.grad is None else leaf.grad for leaf in leaves]
    return found if len(found) > 1 else found[0]


# What eight libraries disagree about: one rule, the subgradient nearest to zero, equal shares at ties, limits at edges.
EDGES = {
    "abs(0)": (np.abs, [0.0], [0]),  # JAX #37820: 1
    "relu(0)": (autograd.relu, [0.0], [0]),  # HIPS, CasADi: 1/2
    "maximum(1, 1)": (np.maximum, [1.0, 1.0], [0.5, 0.5]),  # MyGrad: 0 0
    "maximum(x, 0) at 0": (lambda x: np.maximum(x, 0), [0.0], [0.5]),  # JAX #37821
    "max(1, 3, 3)": (np.max, [[1.0, 3.0, 3.0]], [[0, 0.5, 0.5]]),  # HIPS #138 #141 #212, MyGrad: 0 1 0, DeZero: 0 1 1
    "clip at its edges": (lambda x: np.clip(x, 0, 1), [[0.0, 1.0]], [[0.5, 0.5]]),
    "sqrt(0)": (np.sqrt, [0.0], [INF]),  # HIPS: ZeroDivisionError on floats; JAX #3058
    "x**0 at 0": (lambda x: x**0, [0.0], [0]),  # DeZero: nan
    "0**2": (np.power, [0.0, 2.0], [0, 0]),  # CasADi #104: nan
    "0**0": (np.power, [0.0, 0.0], [0, 0]),  # JAX: nan; tinygrad #8126
    "(-2)**3": (np.power, [-2.0, 3.0], [12, NAN]),
    "norm(0, 0)": (np.linalg.norm, [[0.0, 0.0]], [[0, 0]]),  # HIPS #151 #183 #570, PyTorch #2421, JAX #3058: nan
    "norm of rows": (lambda x: np.linalg.norm(x, axis=1), [[[0.0, 0.0], [0.0, 2.0]]], [[[0, 0], [0, 1]]]),
    "arctan2(0, 0)": (np.arctan2, [0.0, 0.0], [0, 0]),
    "where(x > 0, log(x), x) at 0": (lambda x: np.where(x > 0, np.log(x), x), [0.0], [1]),  # all but CasADi: nan
    "prod(0, 2, 3)": (np.prod, [[0.0, 2.0, 3.0]], [[6, 0, 0]]),  # HIPS: nan 0 0
    "std of equal numbers": (np.std, [[3.0, 3.0]], [[0, 0]]),  # all but PyTorch: nan
    "hypot(0, 0)": (np.hypot, [0.0, 0.0], [0, 0]),  # JAX: 1/2 1/2, PyTorch: nan
    "logaddexp(-inf, -inf)": (np.logaddexp, [-INF, -INF], [0.5, 0.5]),  # all: nan
    "sigmoid(-1000)": (autograd.sigmoid, [-1000.0], [0]),
    "1 / (1 + exp(-x)) at -1000": (lambda x: 1 / (1 + np.exp(-x)), [-1000.0], [0]),  # all: nan
    "tanh by hand at 1000": (lambda x: np.tanh(x), [1000.0], [0]),  # micrograd #74 and its kin overflow
}


@pytest.mark.parametrize("name", EDGES)
def test_kinks_and_edges(name):
    f, points, expected = EDGES[name]
    found = gradient_at(f, *points)
    for one, wanted in zip(found if len(points) > 1 else [found], expected, strict=True):
        np.testing.assert_array_equal(one, wanted)


@pytest.mark.parametrize(
    "bad", [np.log, np.sqrt, lambda x: 1 / x, lambda x: x**0.5, lambda x: np.log(x) * x, np.arctanh]
)
def test_where_does_not_pass_the_nan_of_its_dead_branch(bad):
    """PyTorch #68425 #52248 #23395 #156212, tinygrad #12409: 0 times inf in the branch that was not taken."""
    x = np.array([-1.0, 0.0, 0.25])
    safe = gradient_at(lambda x: np.where(x > 0, bad(x), 2 * x), x)
    assert safe[:2].tolist() == [2, 2]
    assert np.isfinite(safe).all()
    table = hessian(lambda x: np.sum(np.where(x > 0, bad(x), 2 * x)))(x)
    assert np.isfinite(table).all()
    masked = gradient_at(lambda x: bad(x) * (x > 0), x)
    assert masked[0] == masked[1] == 0


def test_second_derivative_through_a_zero():
    """A mask in place of the careful product would lose it: (log x)² at 1."""
    assert grad(grad(lambda x: np.log(x) ** 2))(np.array(1.0)) == 2.0
    assert hessian(lambda x: np.sum(np.where(x > 0, x * np.log(x) ** 2, 0.0)))(np.array([1.0, 0.0])).tolist() == [
        [2, 0],
        [0, 0],
    ]


def test_leaves_of_equal_data_stay_two():
    """tinygrad 0.14 de-duplicates them: 5 and 5 in place of 2 and 3."""
    x, y = Tensor(1.0), Tensor(1.0)
    (2 * x + 3 * y).backward()
    assert (x.grad, y.grad) == (2.0, 3.0)
    a = np.ones(2)
    x, y = Tensor(a), Tensor(a)
    (2 * x + 3 * y).sum().backward()
    assert (x.grad.tolist(), y.grad.tolist()) == ([2, 2], [3, 3])


def test_a_node_used_twice():
    """tinygrad #165 (diamonds), MyGrad #130 (an order that broke), micrograd #64."""
    x = Tensor([2.0])
    y = x * x
    z = y * y + y
    w = z * y + x
    w.backward()
    assert x.grad.tolist() == [6 * 2**5 + 4 * 2**3 + 1]
    assert gradient_at(lambda x: x * x, [3.0]).tolist() == [6]


def test_diamonds_cost_no_more_than_their_nodes():
    """SmallPebble sums over paths: here there are 2**200 of them."""
    x = Tensor([1.0])
    y = x
    for _ in range(200):
        y = (y + y) * 0.5
    y.backward()
    assert x.grad.tolist() == [1.0]


def test_a_second_backward_counts_nothing_twice():
    """micrograd: 8 in place of 4; 20 in place of 12 after zeroing the leaves alone."""
    x = Tensor([1.0])
    y = x * 2
    z = y * 2
    z.backward()
    x.grad = None
    z.backward()
    assert x.grad.tolist() == [4.0]


REVERSED = [
    (lambda t: 2.0 / t, lambda a: 2.0 / a), (lambda t: 2.0 - t, lambda a: 2.0 - a),
    (lambda t: 2.0**t, lambda a: 2.0**a),
    (lambda t: 7.0 % t, lambda a: 7.0 % a), (lambda t: 7.0 // t, lambda a: 7.0 // a),
    (lambda t: np.array([1.0, 2.0]) / t, lambda a: np.array([1.0, 2.0]) / a),
    (lambda t: np.array([[1.0, 2.0]]) @ t, lambda a: np.array([[1.0, 2.0]]) @ a),
    (lambda t: np.float64(2) / t, lambda a: np.float64(2) / a),
    (lambda t: np.float32(2) ** t, lambda a: np.float32(2) ** a),
    (lambda t: Value(2.0) / t, lambda a: 2.0 / a), (lambda t: [1.0, 2.0] - t, lambda a: [1.0, 2.0] - a),
]  # fmt: skip


@pytest.mark.parametrize(("f", "plain"), REVERSED)
def test_reversed_operators(f, plain):
    """micrograd-pp: 2.0/x became x/2 and a @ b was turned round; tinygrad #149 #151; CasADi #103 #203 #1401 #1831."""
    a = np.array([3.0, 4.5])
    result = f(Tensor(a))
    assert isinstance(result, Tensor)
    np.testing.assert_array_equal(result.data, plain(a))
    gradcheck(f, a)


def test_an_array_times_a_value_is_no_object_array():
    """micrograd: np.array([1., 2.]) * Value is an array of objects."""
    v = Value(3.0)
    for product in (np.array([1.0, 2.0]) * v, v * np.array([1.0, 2.0])):
        assert isinstance(product, Tensor)
        assert product.dtype == np.float64
    with pytest.raises(TypeError, match="stack"):
        np.array([v, v])


def test_plain_numpy_under_grad():
    """HIPS autograd #416 #436: "ArrayBox has no attribute exp" with numpy in place of its own module."""
    assert grad(lambda x: np.exp(x) + np.sum(np.tanh(x)))(1.0) == pytest.approx(np.e + 1 - np.tanh(1) ** 2)
    np.testing.assert_allclose(jacobian(lambda x: np.outer(x, np.exp(x)))(np.zeros(1)), [[[1.0 + 0.0]]])


@pytest.mark.parametrize("point", [3, np.int64(3), np.array(3), np.array([3]), [3], True])
def test_integer_input(point):
    """HIPS autograd #3 #482: the gradient at an integer was an integer, or an error."""
    found = grad(lambda x: np.sum((x[0] if isinstance(x, list) else x) ** 2.0))(point)
    assert np.ravel(found).tolist() == [2.0 * np.ravel(point)[0]]
    assert np.asarray(found).dtype == np.float64


def test_single_precision_is_not_raised():
    """HIPS autograd #163 #199."""
    x = np.ones((2, 2), np.float32)
    for f in (
        lambda x: np.sum(np.tanh(x * 2) / 3), lambda x: np.mean(x**2), lambda x: np.linalg.norm(x), np.std,
        lambda x: np.sum(np.where(x > 0, x, 0.0)), lambda x: np.max(x), lambda x: np.sum(autograd.softmax(x)[0]),
        lambda x: np.sum(np.pad(x, 1, constant_values=2.0)), lambda x: np.prod(x), lambda x: np.sum(np.clip(x, 0, 0.5)),
        lambda x: autograd.logsumexp(x), lambda x: np.sum(autograd.leaky_relu(x)), lambda x: np.sum(x @ x.T),
    ):  # fmt: skip
        assert grad(f)(x).dtype == np.float32
        assert f(Tensor(x)).dtype == np.float32


def test_ties_in_half_precision():
    """tinygrad #12296: the count of ties overflowed."""
    x = Tensor(np.ones(100_000, np.float16))
    x.max().backward()
    assert x.grad.dtype == np.float16
    assert x.grad.astype(float).sum() == pytest.approx(1.0, rel=0.05)


def test_means_in_half_precision():
    """More elements than the greatest number there is: their count overflowed."""
    x = np.ones((70_000, 2), np.float16)
    for f, wanted in (
        (lambda x: x[:, 0].mean(), 1 / 70_000),
        (lambda x: x.mean(axis=0)[0], 1 / 70_000),
        (np.mean, 1 / 140_000),
    ):
        assert grad(f)(x)[5, 0] == np.float16(wanted)
    labels = np.full(x.shape, 0.5, np.float16)
    assert autograd.cross_entropy(Tensor(x), labels).item() == pytest.approx(np.log(2), rel=1e-3)
    labels[:, 0] = 0.0
    assert grad(autograd.cross_entropy)(x, labels)[5] == pytest.approx([0.25 / 70_000, -0.25 / 70_000], rel=0.02)


def test_repeated_indices_lose_no_sums():
    """`out[idx] += g` counts a repeated index once."""
    found = gradient_at(lambda x: x[[0, 0, 2]] * np.array([1.0, 10.0, 100.0]), [1.0, 2.0, 3.0])
    assert found.tolist() == [11, 0, 100]
    table = gradient_at(lambda x: x[np.array([[0, 1], [1, 1]])], [1.0, 2.0])
    assert table.tolist() == [1, 3]


def test_what_is_added_at_an_index_broadcasts():
    """np.add.at of NumPy 2.4 misreads operands that broadcast over a table of indices: 11, or anything, for 22."""
    x, y = Tensor([0.0]), Tensor([1.0, 10.0])
    added = x.at[np.zeros((2, 2), int)].add(y)
    assert added.data.tolist() == [22.0]
    added.backward(np.ones(1))
    assert y.grad.tolist() == [2.0, 2.0]


def test_item_assignment_is_refused_and_the_way_out_is_right():
    """HIPS autograd #58 #177 #556 #559; MyGrad #93 #98: assigning through a variable that was used twice."""
    x = Tensor([1.0, 2.0])
    y = x * x
    with pytest.raises(TypeError, match=r"at\[index\]\.set"):
        y[0] = x[1]
    z = y.at[0].set(x[1] * y[1])
    (y.sum() + z.sum()).backward()
    # y + z = x₀² + x₁² + x₁³ + x₁²
    assert x.grad.tolist() == [2.0, 2 * 2 + 3 * 4 + 2 * 2]


def test_lists_of_nodes_say_what_to_write():
    """HIPS autograd PR #757: np.mean of a list of boxes."""
    for nodes in ([Value(1.0), Value(3.0)], [Tensor([1.0]), Tensor([3.0])]):
        with pytest.raises(TypeError, match="gradient would be lost"):
            np.mean(nodes)
        assert autograd.stack(nodes).mean().data == 2.0


def test_no_grad_ends_with_an_exception():
    """micrograd-pp: gradients stayed off."""
    x = Tensor([1.0])
    with pytest.raises(KeyError), no_grad():
        raise KeyError
    assert (x * 2).inputs


def test_gradients_do_not_share_memory():
    """MyGrad's tests ask for it; HIPS hands the same array to both operands of a sum."""
    x, y = Tensor([1.0]), Tensor([2.0])
    (x + y).backward()
    x.grad += 5
    assert y.grad.tolist() == [1.0]


def test_graphs_that_are_gone_are_gone():
    """PyTorch #4661 #7343, micrograd: cycles keep graphs alive until the garbage collector comes."""
    x = Tensor(np.ones((200, 200)))
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        for _ in range(30):
            y = np.tanh(x * 2)
            (y * y).sum().backward()
            x.grad = None
        del y
        left = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
        gc.enable()
    assert left < 100_000  # one array of it has 320 000 bytes


def test_backward_forgets_gradients_as_it_goes():
    """HIPS autograd #219: the gradients of all intermediate results were kept to the end."""
    x = Tensor(np.ones(100_000))
    y = x
    for _ in range(30):
        y = np.sin(y)
    total = y.sum()
    tracemalloc.start()
    try:
        total.backward()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 6 * x.data.nbytes


def test_a_deep_graph_is_freed_without_recursion():
    """PyTorch #5534, CasADi #2192: the destructor overflowed; CasADi #246 #1408: printing did."""
    x = Tensor(1.0)
    y = x
    for _ in range(5 * sys.getrecursionlimit()):
        y = y * 1.0
    assert len(repr(y)) < 40
    y.backward()
    del y
    assert x.grad == 1.0


def test_value_and_grad_fits_scipy():
    """The value is a plain float and the gradient a plain array of float64."""
    value, gradient = value_and_grad(lambda x: np.sum(x**2))(np.array([1.0, 2.0]))
    assert type(value) is float
    assert type(gradient) is np.ndarray


def test_unbroadcasting_down_to_a_scalar_and_to_nothing():
    """A gradient has the shape of its operand, whatever broadcasting did; so too where a side is 0."""
    for one, other in [((), (2, 3)), ((1, 3), (2, 1)), ((1,), (0,)), ((2, 1, 1), (3, 0)), ((1, 1), (4,))]:
        x, y = gradient_at(lambda x, y: x * y + x / (1 + y * y), np.ones(one), np.ones(other))
        assert (x.shape, y.shape) == (one, other)


def test_the_dtype_of_a_constant_array_does_not_leak():
    x = Tensor(np.ones(2, np.float32))
    (x * np.array([1.0, 2.0])).sum().backward()
    assert x.grad.dtype == np.float32
    assert x.grad.tolist() == [1, 2]
    for kind in (np.int32, np.uint8, bool):
        y = Tensor(np.array([2.0, 3.0]))
        (y * np.array([1, 0], kind) - y / np.array([1, 1], kind)).sum().backward()
        assert y.grad.tolist() == [0, -1]


@pytest.mark.parametrize(
    "product",
    [
        lambda x, w: x @ w,
        lambda x, w: autograd.affine(x, w, np.zeros(2)),
        lambda x, w: np.einsum("ij,jk->ik", x, w),
        lambda x, w: np.tensordot(x, w, 1),
    ],
    ids=["matmul", "affine", "einsum", "tensordot"],
)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("create_graph", [False, True])
def test_a_zero_wins_in_a_product_of_arrays(product, bad, create_graph):
    """A row that is masked out leaves no trace, whatever stands in it; where no zero is on the path, inf stays."""
    data = np.array([[1.0, 2.0], [bad, 3.0], [4.0, 5.0]])
    x, w = Tensor(data), Tensor([[1.0, -1.0], [0.0, 2.0]])
    kept = np.array([[True], [False], [True]])
    np.where(kept, product(x, w), 0.0).sum().backward(create_graph=create_graph)
    assert plain(w.grad).tolist() == [[5.0, 5.0], [7.0, 7.0]]
    assert plain(x.grad).tolist() == [[0.0, 2.0], [0.0, 0.0], [0.0, 2.0]]

    w.grad = None
    product(x, w).sum().backward(create_graph=create_graph)
    assert repr(plain(w.grad)[0].tolist()) == repr([bad + 5.0, bad + 5.0])
    assert plain(w.grad)[1].tolist() == [10.0, 10.0]


def plain(gradient):
    return gradient.data if isinstance(gradient, Tensor) else gradient


def test_a_masked_array_does_not_swallow_a_gradient():
    with pytest.raises(TypeError, match="does not turn into an array"):
        np.ma.array([1.0, 2.0], mask=[False, True]) * Tensor([1.0, 2.0])


def test_taking_along_an_axis_broadcasts_the_others():
    data = np.arange(12.0).reshape(3, 4)
    for indices, axis in [([[0, 2]], 1), ([[1], [0], [3]], 1), ([[2, 0, 0, 1]], 0), ([[2]], -1)]:
        expected = np.take_along_axis(data, np.array(indices), axis)
        assert autograd.take_along_axis(data, indices, axis).tolist() == expected.tolist()
        assert np.take_along_axis(Tensor(data), np.array(indices), axis).tolist() == expected.tolist()
        gradcheck(lambda x, i=indices, axis=axis: np.take_along_axis(x, np.array(i), axis), data)
    with pytest.raises(ValueError, match=r"indices with 2 axes, not of shape \(1,\)"):
        np.take_along_axis(Tensor(data), np.array([0]), 1)


def test_a_plain_mask_and_a_comparison():
    t, plain = Tensor([-1.0, 2.0]), np.array([True, True])
    for found, expected in [
        (plain & (t > 0), [False, True]), (~plain | (t > 0), [False, True]), (plain ^ (t > 0), [True, False]),
        (np.bool_(True) & (t > 0), [False, True]), (np.invert(t > 0), [True, False]),
    ]:  # fmt: skip
        assert type(found) is type(t > 0)
        assert found.tolist() == expected


def test_second_order_with_a_constant_array_in_front():
    base, y = np.array([0.5, 2.0]), np.array([1.5, 2.5])
    np.testing.assert_allclose(hessian(lambda y: np.sum(base**y))(y), np.diag(base**y * np.log(base) ** 2), rtol=1e-14)
    gradcheck(lambda y: np.arctan2(base, y), y, order=2)


def test_rows_that_are_masked_out_leave_no_trace():
    rows = np.array([[-INF, -INF], [1.0, 2.0]])
    mask = np.array([[False], [True]])
    kept = gradient_at(lambda x: autograd.log_softmax(x), rows[1:2])
    for f in (autograd.log_softmax, autograd.softmax):
        assert gradient_at(lambda x, f=f: np.where(mask, f(x), 0.0)[:, 0], rows)[0].tolist() == [0, 0]
    assert gradient_at(lambda x: np.where(mask, autograd.log_softmax(x), 0.0), rows)[1].tolist() == kept[0].tolist()
    factors = np.array([[1e-300, 1e200, 1e200, 1e200], [1.0, 2.0, 3.0, 4.0]])
    found = gradient_at(lambda x: np.where(mask[:, 0], np.prod(x, axis=1), 0.0), factors)
    assert found.tolist() == [[0, 0, 0, 0], [24, 12, 8, 6]]
    stack = np.array([[[NAN, 1.0], [1.0, NAN]], [[2.0, 1.0], [1.0, 3.0]]])
    for f in (np.linalg.det, lambda x: np.linalg.slogdet(x)[1]):
        found = gradient_at(lambda x, f=f: np.where(mask[:, 0], f(x), 0.0), stack)
        np.testing.assert_array_equal(found, [np.zeros((2, 2)), gradient_at(f, stack[1])])


def test_products_near_the_ends_of_the_floats():
    cases = [
        (np.prod, [1e-162, 3e-162], [3e-162, 1e-162]),
        (lambda x: 1e10 * np.prod(x), [1e20, 1e280], [1e290, 1e30]),
        (lambda x: 1e-200 * np.prod(x), [1e-100, 1e-100], [1e-300, 1e-300]),
        (lambda x: np.cumprod(x)[1], [1e-162, 3e-162], [3e-162, 1e-162]),
        (lambda x: 1e10 * np.cumprod(x)[1], [1e20, 1e280], [1e290, 1e30]),
        (lambda x: 1e-200 * np.cumprod(x)[1], [1e-100, 1e-100], [1e-300, 1e-300]),
    ]
    for f, at, expected in cases:
        np.testing.assert_allclose(grad(f)(np.array(at)), expected, rtol=1e-14)


def test_clip_as_a_method_takes_what_numpys_takes():
    t = Tensor([0.1, 0.5, 0.9])
    bounds = [
        ((), {"min": 0.3}),
        ((), {"max": 0.3}),
        ((0.3,), {}),
        ((0.3, None), {}),
        ((None, 0.3), {}),
        ((0.3, 0.6), {}),
    ]
    for args, named in bounds:
        assert t.clip(*args, **named).tolist() == t.data.clip(*args, **named).tolist()
    assert grad(lambda x: x.clip(min=0.3).sum())(t.data).tolist() == [0, 1, 1]


def test_the_error_function_in_half_precision():
    """Its polynomials left the range of half precision: erf(3) was nan."""
    x = np.array([-8, -3, -1, 0, 0.3, 1, 3, 5, 8], np.float16)
    for f, g in ((autograd.erf, math.erf), (autograd.erfc, math.erfc)):
        found = f(Tensor(x)).data
        assert found.dtype == np.float16
        assert found.tolist() == np.array([*map(g, x.tolist())], np.float16).tolist()


@pytest.mark.parametrize(
    ("f", "at", "upstream", "expected"),
    [
        (lambda x: ((x * np.array([NAN])) * 0.0).sum(), [1.0], None, [0.0]),
        (lambda x: (x * 0.0).sum(), [1.0], NAN, [0.0]),
        (lambda x: x @ np.array([[INF, 1.0], [1.0, 1.0]]), [[INF, 1.0]], [[0.0, 1.0]], [[1.0, 1.0]]),
        (lambda x: autograd.cross_entropy(x, [0]), [[NAN, 1.0]], 0.0, [[0.0, 0.0]]),
        (lambda x: autograd.cross_entropy(x, [0]) * 0.0, [[INF, 1.0]], None, [[0.0, 0.0]]),
        (lambda x: np.std(x), [0.0, 1e-200], None, [0.0, 0.0]),
        (lambda x: np.var(x, ddof=3), [1.0, 2.0, 4.0], None, [-INF, -INF, INF]),
        (lambda x: np.var(x, ddof=5), [1.0, 2.0, 4.0], None, [-INF, -INF, INF]),
        (lambda x: np.std(x, ddof=3), [1.0, 2.0, 4.0], None, [NAN, NAN, NAN]),
        (lambda x: np.std(x, ddof=5), [1.0, 2.0, 4.0], None, [NAN, NAN, NAN]),
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("create_graph", [False, True])
def test_zeros_win_and_what_is_not_finite_is_told(f, at, upstream, expected, create_graph):
    leaf = Tensor(at)
    f(leaf).backward(upstream, create_graph=create_graph)
    np.testing.assert_array_equal(autograd.ops.shape.data_of(leaf.grad), expected)


def test_the_loss_of_many_rows_in_half_precision():
    assert autograd.cross_entropy(Tensor(np.zeros((60000, 10), np.float16)), np.zeros(60000, int)).item() == (
        pytest.approx(math.log(10), rel=1e-3)
    )


def test_a_view_takes_no_share_of_another_gradient():
    x = Tensor([1.0, 2.0, 3.0])
    y, z = x.reshape(3), x.flatten()
    (y * 2 + z * 5).sum().backward(retain_grads=True)
    assert (y.grad.tolist(), z.grad.tolist(), x.grad.tolist()) == ([2.0] * 3, [5.0] * 3, [7.0] * 3)
    t = Tensor(np.ones(2000))
    t.sum().backward()
    t.grad[:] = 9.0
    other = Tensor([1.0])
    other.sum().backward()
    assert other.grad.tolist() == [1.0]


def test_a_checkpoint_that_rounds_otherwise_when_it_is_computed_again():
    runs = []

    def f(x):
        runs.append(1)
        return x - 1.0 + np.array([1e-17 * len(runs), 0.0])  # as another order of summation would leave

    assert grad(lambda x: autograd.checkpoint(f)(x).sum())(np.array([1.0, 2.0])).tolist() == [1.0, 1.0]
    assert len(runs) == 2


def test_the_nuclear_norm_of_a_matrix_without_full_rank():
    """Singular values that rounding leaves instead of 0 had a share, which made second derivatives wrong."""
    a, b, v = (np.random.default_rng(seed).normal(size=(3, 2)) for seed in range(3))

    def f(a):
        return np.linalg.norm(a @ b.T, "nuc")

    def slope(t):
        return np.sum(grad(f)(a + t * v) * v)

    assert np.sum(autograd.hessian_vector_product(f)(a, v) * v) == pytest.approx((slope(1e-5) - slope(-1e-5)) / 2e-5)
    stretched = [[1.0, 2.0], [0.5, 1.0]]
    left, _, right = np.linalg.svd(stretched)
    np.testing.assert_allclose(
        grad(lambda x: np.linalg.norm(x, "nuc"))(np.array(stretched)), np.outer(left[:, 0], right[0]), rtol=1e-12
    )
    assert hessian(lambda x: np.linalg.norm(x * x, "nuc"))(np.zeros((3, 1))).tolist() == np.zeros((3, 1, 3, 1)).tolist()
