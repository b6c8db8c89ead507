"""`jit` of functions of Tensors and of Tensors and Values mixed: values, gradients, masks, shapes, dtypes, refusals."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import (
    JitError,
    JitWarning,
    Tensor,
    Value,
    affine,
    cross_entropy,
    grad,
    jit,
    log_softmax,
    softmax,
    stack,
    value_and_grad,
)
from autograd.tree import flatten
from tests.agreement import same_gradients

pytestmark = pytest.mark.filterwarnings("error::autograd.JitWarning")
RNG = np.random.default_rng(0)


def check(f, *arrays, compiled=None):
    """Values and gradients of a function and of its compiled self are the same, twice over."""
    compiled = compiled or jit(f)
    for _ in range(2):
        mine, its = [Tensor(a) for a in arrays], [Tensor(a) for a in arrays]
        left, right = f(*mine), compiled(*its)
        np.testing.assert_allclose(right.data, left.data, rtol=1e-12)
        assert type(left) is type(right)
        upstream = RNG.normal(size=left.shape).astype(left.dtype) if left.shape else None
        left.backward(upstream)
        right.backward(upstream)
        same_gradients(mine, its, rtol=1e-9)
    return compiled


@pytest.mark.parametrize(
    "f",
    [
        lambda x, y: (x * y + x).tanh(),
        lambda x, y: (x @ y.T).sum(axis=0),
        lambda x, y: np.where(x > y, x * y, x - y).mean(),
        lambda x, y: np.where((x > 0) & ~(y > 0), x, y * 2).sum(),
        lambda x, y: x[1:] * y[:-1],
        lambda x, y: x[[0, 0, 2]] + y.max(axis=1, keepdims=True),
        lambda x, y: np.concatenate([x, y], axis=1).reshape(-1),
        lambda x, y: softmax(x) * np.exp(y),
        lambda x, y: (x.sum() * y.sum()).to_value(),
        lambda x, y: stack([x[0, 0].to_value() * 2, y[1, 1].to_value()]).sum(),
        lambda x, y: x * 3.0,
        lambda x, y: ((x > 0) * y).sum(),
    ],
)
def test_values_and_gradients(f):
    compiled = check(f, RNG.normal(size=(3, 4)), RNG.normal(size=(3, 4)))
    check(f, RNG.normal(size=(3, 4)), RNG.normal(size=(3, 4)), compiled=compiled)
    assert "runs as it is" not in compiled.explain()


def test_other_shapes_are_recorded_anew():
    f = jit(lambda x, y: (x @ y).sum())
    for n in (3, 5, 3):
        check(lambda x, y: (x @ y).sum(), RNG.normal(size=(n, 4)), RNG.normal(size=(4, n)), compiled=f)
    assert "recorded 2 times" in f.explain()


def test_float32_stays_float32():
    f = check(lambda x, y: (x * y).tanh() * 0.5, np.ones((2, 2), np.float32), np.ones((2, 2), np.float32))
    check(lambda x, y: (x * y).tanh() * 0.5, np.ones((2, 2)), np.ones((2, 2)), compiled=f)


def test_masks_are_live():
    f = jit(lambda x: np.where(x > 0, x, 0.1 * x))
    assert f(Tensor([1.0, -1.0])).data.tolist() == [1.0, -0.1]
    assert f(Tensor([-1.0, 1.0])).data.tolist() == [-0.1, 1.0]
    assert f.explain().count("recorded once") == 1


def test_truth_is_a_guard():
    f = jit(lambda x: x * 2 if x.sum() > 0 else x * 3)
    assert [f(Tensor([1.0])).item(), f(Tensor([-1.0])).item(), f(Tensor([2.0])).item()] == [2.0, -3.0, 4.0]


def test_arrays_in_arrays_out():
    f = jit(lambda x, y: x * y + 1)
    out = f(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    assert type(out) is np.ndarray
    assert out.tolist() == [4.0, 9.0]


def test_parameters_are_read_at_every_call():
    w = Tensor(np.ones(2))
    f = jit(lambda x: (w * x).sum())
    assert f(np.ones(2)).item() == 2.0
    w.data = np.array([2.0, 3.0])
    f(np.ones(2)).backward()
    assert w.grad.tolist() == [1.0, 1.0]
    assert f(np.ones(2)).item() == 5.0


def test_an_index_array_may_come_twice():
    x = Tensor([1.0, 2.0, 4.0])
    assert jit(lambda x: x[[0, 1]].sum() + (x[[0, 1]] ** 2).sum())(x).item() == 8.0
    f = jit(lambda x, i, k: (x[i] + 10 * x[k]).sum())
    for i, k in ((0, 0), (1, 2), (2, 2)):  # at first the two were alike
        leaf = Tensor([1.0, 2.0, 4.0])
        f(leaf, np.array([i]), np.array([k])).backward()
        assert leaf.grad.tolist() == [(each == i) + 10 * (each == k) for each in range(3)]
    many = np.arange(2000) % 3
    others = np.where(np.arange(2000) == 1000, 0, many)  # which print alike, as the middle is left out
    assert jit(lambda x: x[many].sum() - x[others].sum())(x).item() == (x[many].sum() - x[others].sum()).item() != 0


def test_small_numbers_tell_floats_and_nodes_apart_too():
    f = jit(lambda x: x * 1e-9 if isinstance(x, Value) else x * 2e-9)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert f(1.0) == 2e-9


def test_labels_are_constants_for_which_it_is_recorded_anew():
    w = Tensor(RNG.normal(size=(3, 4)))
    f = jit(lambda x, labels: cross_entropy(affine(x, w, np.zeros(4)), labels))
    x = RNG.normal(size=(5, 3))
    for labels in (np.array([0, 1, 2, 3, 0]), np.array([3, 2, 1, 0, 0])):
        expected = cross_entropy(x @ w, labels)
        assert f(x, labels).item() == pytest.approx(expected.item())


def test_several_results():
    x = Tensor(RNG.normal(size=(2, 3)))
    y = Tensor(x.data)

    def f(x):
        h = x.tanh()
        return h, h.sum().to_value(), {"n": (h * h).mean(axis=0), "k": 3}

    def total(h, s, d):
        return (h * h).sum() + s * 3 + (d["n"] * d["n"]).sum() + d["k"]

    total(*f(x)).backward()
    total(*jit(f)(y)).backward()
    np.testing.assert_allclose(x.grad, y.grad)


def test_gradients_as_graphs():
    def f(x):
        return (x.tanh() * x).sum()

    x = np.array([0.3, -0.7])
    np.testing.assert_allclose(grad(lambda x: grad(jit(f))(x).sum())(x), grad(lambda x: grad(f)(x).sum())(x))
    np.testing.assert_allclose(jit(value_and_grad(f))(x)[1], grad(f)(x))
    np.testing.assert_allclose(jit(grad(lambda x: grad(f)(x).sum()))(x), grad(lambda x: grad(f)(x).sum())(x))


@pytest.mark.parametrize(
    "f", [np.var, lambda x: log_softmax(x)[0, 0], lambda x: (softmax(x) * np.array([1.0, 2.0, np.inf])).sum()]
)
def test_gradients_whose_rules_mind_inf_are_recorded(f):
    compiled, x = jit(grad(f)), np.array([[1.0, 2.0, 4.0], [2.0, 5.0, 0.5]])  # a fallback would warn
    for point in (x, x + 1, [[1.0, np.inf, 2.0], [1.0, 2.0, 3.0]], [[1.0, -np.inf, 2.0], [1e3, -1e3, 3.0]]):
        np.testing.assert_array_equal(compiled(np.array(point)), grad(f)(np.array(point)))
    assert "recorded once" in compiled.explain()


def test_a_zero_wins_against_inf():
    def f(x):
        return np.where(x > 0, np.log(x) * x, x).sum()

    check(f, np.array([0.0, 1.0, -1.0]))
    np.testing.assert_allclose(jit(grad(f))(np.array([0.0, 1.0])), grad(f)(np.array([0.0, 1.0])))


@pytest.mark.parametrize(
    "escape",
    [
        lambda x: x * x.data.sum(),
        lambda x: x * x.item(0),
        lambda x: x * float((x > 0).mean()),
        lambda x: x * x.max().item(),
        lambda x: x * x.argsort(),
        lambda x: x * x.argmax(),
    ],
)
def test_reading_arrays_out_of_the_graph_is_refused(escape):
    with pytest.raises(JitError, match="inside a jitted function"):
        jit(escape)(Tensor([1.0, 2.0]))


@pytest.mark.parametrize("f", [lambda x: x[x > 1.5].sum(), lambda x: np.sort(x).sum(), lambda x: x[np.argmax(x)]])
def test_what_depends_on_the_data_otherwise_runs_as_it_is(f):
    compiled = jit(f)
    with pytest.warns(JitWarning, match="runs as it is"):
        compiled(Tensor([1.0, 2.0]))
    for data in ([1.0, 2.0], [2.0, 3.0]):
        assert compiled(Tensor(data)).item() == f(Tensor(data)).item()


def test_values_and_tensors_mixed():
    w = Value(2.0)
    t = Tensor([1.0, 2.0])
    f = jit(lambda x: (w * x * t).sum().to_value() * w)
    for _ in range(2):
        w.grad, t.grad = 0.0, None
        f(np.array([3.0, 4.0])).backward()
        assert (w.grad, t.grad.tolist()) == (2 * 2 * 11.0, [12.0, 16.0])


UNARY = {"tanh": np.tanh, "exp": np.exp, "relu": lambda x: x.relu(), "sum": lambda x: x.sum(axis=0), "T": lambda x: x.T}
BINARY = {"add": np.add, "mul": np.multiply, "max": np.maximum, "where": lambda x, y: np.where(x > y, x, y * y)}


@given(
    st.lists(st.tuples(st.sampled_from([*UNARY, *BINARY]), st.integers(0, 20), st.integers(0, 20)), max_size=8),
    st.integers(0, 1000),
)
def test_random_programs(steps, seed):
    def f(x, y):
        results = [x, y]
        for name, i, j in steps:
            operands = [results[i % len(results)], results[j % len(results)]]
            results.append(UNARY[name](operands[0]) if name in UNARY else BINARY[name](*operands))
        return sum(each.sum() for each in results)

    rng = np.random.default_rng(seed)
    with np.errstate(all="ignore"):
        compiled = check(f, rng.normal(size=(3, 3)), rng.normal(size=(3, 3)))
        check(f, rng.normal(size=(3, 3)), rng.normal(size=(3, 3)), compiled=compiled)
        slope, expected = jit(grad(f, (0, 1))), grad(f, (0, 1))
        for _ in range(2):
            x, y = rng.normal(size=(3, 3)), rng.normal(size=(3, 3))
            np.testing.assert_allclose(slope(x, y), expected(x, y), rtol=1e-9, atol=1e-12)


def test_what_is_computed_twice_is_computed_once_but_leaves_stay_two():
    a, b = Tensor([1.0, 2.0]), Tensor([1.0, 2.0])
    f = jit(lambda: ((a * 2.0).exp() * (a * 2.0).exp() + (b * 2.0).exp()).sum())
    f().backward()
    np.testing.assert_allclose(a.grad, 4 * np.exp(4 * a.data))
    np.testing.assert_allclose(b.grad, 2 * np.exp(2 * b.data))
    assert "7 operations" in f.explain()


LIVE = {
    "where": lambda x: np.where(x > 0, x * 2, 3 * x).sum(),
    "mask": lambda x: ((x > 0) * x).sum(),
    "masks": lambda x: (((x > 0) & (x < 1)) * x * x).sum(),
    "relu": lambda x: (x.relu() * x).sum(),
    "maximum": lambda x: (np.maximum(x, x[::-1]) * x).sum(),
    "clip": lambda x: np.clip(x, -1, 1).sum(),
    "floor": lambda x: (np.floor(x) * x).sum(),
    "isnan": lambda x: np.where(np.isnan(x), 0.0, x * x).sum(),
    "max": lambda x: x.max() * x.sum(),
    "prod": lambda x: x.prod(),
    "std": lambda x: x.std(),
}


@pytest.mark.parametrize("name", LIVE)
def test_gradients_of_gradients_are_live(name):
    f = LIVE[name]

    def curvature(x):
        return (grad(f)(x) * x).sum()

    compiled = jit(grad(f)), grad(jit(f)), jit(grad(curvature)), grad(jit(curvature))
    rng = np.random.default_rng(0)
    for _ in range(4):
        x = rng.normal(size=4)
        for found, expected in zip(compiled, (grad(f), grad(f), grad(curvature), grad(curvature)), strict=True):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", JitWarning)  # some of them run as they are
                np.testing.assert_allclose(found(x), expected(x), rtol=1e-9)


def test_gradients_with_integers_among_the_arguments():
    def loss(w, x, labels):
        return cross_entropy(x @ w, labels)

    compiled = jit(value_and_grad(loss))
    w, x = RNG.normal(size=(3, 4)), RNG.normal(size=(2, 3))
    for labels in ([0, 1], [2, 3], [1, 1]):
        found, expected = (f(w, x, np.array(labels)) for f in (compiled, value_and_grad(loss)))
        np.testing.assert_allclose(found[0], expected[0])
        np.testing.assert_allclose(found[1], expected[1])


def test_tensors_and_values_captured_together_accumulate():
    t, w = Tensor([1.0, 2.0, 3.0]), Value(2.0)
    f = jit(lambda: (t * w).sum().to_value())
    for calls in (1, 2, 3):
        f().backward()
        assert t.grad.tolist() == [2.0 * calls] * 3
        assert w.grad == 6.0 * calls


def test_a_tensor_that_is_not_used_gets_no_gradient():
    v, t = Value(0.5), Tensor([1.0, 2.0, 3.0])
    f = jit(lambda a, b: a.tanh() * 2.0)
    f(v, t).backward()
    assert t.grad is None
    t.grad = np.ones(3)
    f(v, t).backward()
    assert t.grad.tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("product", [lambda x, w: x @ w, lambda x, w: np.einsum("ij,jk->ik", x, w)])
def test_a_zero_wins_in_products(product):
    data, kept = np.array([[1.0, 2.0], [np.inf, 3.0]]), np.array([[True], [False]])
    w, twin = Tensor([[1.0, -1.0], [0.0, 2.0]]), Tensor([[1.0, -1.0], [0.0, 2.0]])
    f = jit(lambda x: np.where(kept, product(x, w), 0.0).sum())
    f(data).backward()
    np.where(kept, product(data, twin), 0.0).sum().backward()
    assert w.grad.tolist() == twin.grad.tolist() == [[1.0, 1.0], [2.0, 2.0]]


def test_a_result_without_a_gradient_is_a_node_like_any_other():
    f = jit(lambda x: (x.sign(), x * 2.0))
    x = Tensor([3.0, -2.0])
    sign, double = f(x)
    assert type(sign) is Tensor
    sign.sum().backward()
    assert x.grad is None or x.grad.tolist() == [0.0, 0.0]
    double.sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]
    only = jit(lambda x: x.sign())(x)
    assert type(only) is Tensor
    only.backward([1.0, 1.0])
    assert x.grad.tolist() == [2.0, 2.0]


def test_the_result_has_a_gradient_too():
    w, t = Value(2.0), Tensor([1.0, 2.0])
    for _ in range(2):
        z = jit(lambda: w * w)()
        z.backward()
        assert z.grad == 1.0
        y = jit(lambda: (t * t).sum())()
        y.retain_grad()
        y.backward()
        assert y.grad == 1.0


def test_a_zero_wins_in_affine_whose_bias_shows_no_nan():
    data, kept = np.array([[1.0, 2.0], [np.inf, 3.0]]), np.array([[True], [False]])
    w, b, twin = Tensor([[1.0, -1.0], [0.0, 2.0]]), Tensor([0.0, 1.0]), Tensor([[1.0, -1.0], [0.0, 2.0]])
    jit(lambda x: np.where(kept, affine(x, w, b), 0.0).sum())(data).backward()
    np.where(kept, affine(data, twin, b.data), 0.0).sum().backward()
    assert w.grad.tolist() == twin.grad.tolist() == [[1.0, 1.0], [2.0, 2.0]]


@pytest.mark.parametrize("name", ["relu", "abs", "maximum", "clip"])
def test_values_with_kinks_beside_tensors(name):
    w = [Value(0.5), Value(-2.0), Value(3.0)]

    def f(x):
        parts = [each.clip(-1.0, 1.0) if name == "clip" else each.maximum(0.1) if name == "maximum"
                 else getattr(each, name)() for each in w]  # fmt: skip
        return (stack(parts) * x).sum()

    compiled, x = jit(f), np.array([1.0, 2.0, 3.0])
    for _ in range(2):
        found = []
        for g in (f, compiled):
            for each in w:
                each.grad = 0.0
            z = g(x)
            z.backward()
            found.append((z.item(), [each.grad for each in w]))
        assert found[0] == found[1]


@pytest.mark.parametrize(
    "f",
    [
        np.sum,
        lambda x: (x.sum(), x * 2.0),
        lambda x: x[0] * 2.0,
        lambda x: np.sum(x, keepdims=True),
        value_and_grad(lambda x: (x * x).sum()),
        grad(lambda x: (x * x).sum()),
    ],
)
@pytest.mark.parametrize("x", [np.arange(3.0), np.arange(3.0, dtype=np.float32)])
def test_numbers_come_back_as_numbers(f, x):
    """What has no axes is a NumPy number, which is a float in double precision, where NumPy returns one."""
    expected, compiled = flatten(f(x))[0], jit(f)
    for _ in range(3):
        found = flatten(compiled(x))[0]
        assert [isinstance(each, np.ndarray) for each in found] == [isinstance(each, np.ndarray) for each in expected]
        assert all(isinstance(each, (np.ndarray, np.floating)) for each in found)
        for mine, its in zip(found, expected, strict=True):
            np.testing.assert_array_equal(mine, its)
    assert isinstance(jit(grad(lambda x: x * x))(np.array(2.0)), float)
