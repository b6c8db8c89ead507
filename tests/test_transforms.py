"""The transforms: HIPS autograd's names and arguments, structures, nesting, closures, checkpoint, operations of one's
own, and programs written for HIPS autograd."""

import gc
import itertools
import weakref
from collections import OrderedDict, defaultdict, namedtuple

import numpy
import numpy as onp
import pytest

import autograd.numpy as np
from autograd import (
    Tensor,
    Value,
    checkpoint,
    elementwise_grad,
    grad,
    gradcheck,
    hessian,
    hessian_vector_product,
    jacobian,
    make_jvp,
    make_vjp,
    no_grad,
    value_and_grad,
)
from autograd.extend import defvjp, primitive
from autograd.node import Node

A = onp.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
X = onp.array([0.5, -1.0, 2.0])


def live_nodes():
    gc.collect()
    return sum(isinstance(each, Node) for each in gc.get_objects())


# arguments and structures


def test_floats_and_arrays():
    assert grad(lambda x: x**3)(2.0) == 12.0
    assert type(grad(lambda x: x**3)(2)) is float
    assert grad(lambda x: x**3)(onp.float32(2.0)) == 12.0
    onp.testing.assert_array_equal(grad(lambda x: np.sum(x**2))(X), 2 * X)
    onp.testing.assert_array_equal(grad(lambda x: np.sum(x**2))(onp.array([1, 2])), [2.0, 4.0])
    assert type(grad(lambda x: np.sum(x))(X)) is onp.ndarray
    single = grad(lambda x: np.sum(x**2))(X.astype(onp.float32))
    assert single.dtype == onp.float32
    assert grad(lambda x: 3.0)(2.0) == 0.0
    unused = grad(lambda x: 3.0)(X.astype(onp.float32))
    onp.testing.assert_array_equal(unused, onp.zeros(3))
    assert unused.dtype == onp.float32
    value, slope = value_and_grad(lambda x: x * x)(3.0)
    assert (value, slope) == (9.0, 6.0)
    assert type(value) is type(slope) is float
    value, slope = value_and_grad(lambda x: np.sum(x * x))(X)
    assert type(value) is float


def test_argnum():
    def f(x, y, scale=1.0):
        return np.sum(x * y) * scale

    onp.testing.assert_array_equal(grad(f)(X, 2 * X), 2 * X)
    onp.testing.assert_array_equal(grad(f, 1)(X, 2 * X), X)
    onp.testing.assert_array_equal(grad(f, -1)(X, 2 * X), X)
    onp.testing.assert_array_equal(grad(f, argnum=1)(X, 2 * X, scale=3.0), 3 * X)
    dx, dy = grad(f, (0, 1))(X, 2 * X)
    onp.testing.assert_array_equal(dx, 2 * X)
    onp.testing.assert_array_equal(dy, X)
    (dy,) = grad(f, (1,))(X, 2 * X)
    onp.testing.assert_array_equal(dy, X)
    assert jacobian(lambda x, y: x * y, 1)(X, 2.0).shape == (3,)
    onp.testing.assert_array_equal(hessian(lambda c, x: c * np.sum(x**2), 1)(2.0, X), 4 * onp.eye(3))
    vjp, _ = make_vjp(f, 1)(X, X)
    onp.testing.assert_array_equal(vjp(2.0), 2 * X)
    assert make_jvp(f, 1)(X, X)(onp.ones(3)) == (X @ X, X.sum())


Pair = namedtuple("Pair", "w b")


@pytest.mark.parametrize(
    "tree",
    [
        {"w": X, "b": 2.0}, [X, 2.0], (X, 2.0), Pair(X, 2.0), {"layers": [{"w": X}, (2.0,)]}, OrderedDict(w=X, b=2.0),
        [[X], [[2.0]]],
    ],
)  # fmt: skip
def test_nested_structures(tree):
    def parts(tree):
        if isinstance(tree, dict):
            tree = tree.values()
        return (
            [leaf for each in tree for leaf in parts(each)]
            if not isinstance(tree, (Node, float, onp.ndarray))
            else [tree]
        )

    def f(tree):
        w, b = parts(tree)
        return np.sum(w**2) * b

    found = grad(f)(tree)
    assert type(found) is type(tree)
    assert str(found).count("[") == str(tree).count("[")
    w, b = parts(found)
    onp.testing.assert_allclose(w, 4 * X)
    assert b == pytest.approx(X @ X)
    assert type(b) is float
    value, again = value_and_grad(f)(tree)
    assert value == pytest.approx(2 * X @ X)
    assert str(again) == str(found)
    pushed = make_jvp(f)(tree)(tree)[1]
    assert pushed == pytest.approx(3 * value), "a homogeneous function of degree three"
    product = hessian_vector_product(f)(tree, tree)
    onp.testing.assert_allclose(parts(product)[0], 8 * X)


def test_names():
    def loss(x):
        """How far off."""
        return x * x

    assert grad(loss).__name__ == "grad(loss)"
    assert jacobian(grad(loss)).__name__ == "jacobian(grad(loss))"
    assert "How far off." in grad(loss).__doc__
    assert grad(numpy.tanh)(0.0) == 1.0


def test_grad_of_nodes_is_never_touched():
    v, t = Value(2.0), Tensor(X)
    v.grad, t.grad = 7.0, None

    def f(x):
        return np.sum(x * t) * v

    for transform in (grad, jacobian, value_and_grad, hessian):
        transform(f)(X)
        transform(lambda x: v * x)(1.5)
        transform(lambda x: v * x)(v)
    make_jvp(f)(X)(X)
    make_vjp(f)(X)[0](1.0)
    hessian_vector_product(f)(X, X)
    checkpoint(f)(t)
    assert v.grad == 7.0
    assert t.grad is None


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: grad(lambda x: x * 2)(X), TypeError, r"scalar.*shape \(3,\).*jacobian"),
        (lambda: grad(lambda x: x, 1)(2.0), IndexError, "argnum 1 .* 1 positional"),
        (lambda: grad(lambda x: x, (0, 2))(2.0, 3.0), IndexError, "argnum 2"),
        (lambda: grad(lambda x: x, -2)(2.0), IndexError, "argnum -2"),
        (lambda: grad(lambda x: x)("abc"), TypeError, "float, an array.*str"),
        (lambda: grad(lambda x: x)(None), TypeError, "None"),
        (lambda: grad(lambda x: x)({"a": "b"}), TypeError, "str"),
        (lambda: grad(lambda x: "a")(2.0), TypeError, "returns a number.*str"),
        (lambda: grad(lambda x: None)(2.0), TypeError, "None"), (lambda: grad(lambda x: x)(1j), TypeError, "complex"),
        (lambda: grad(lambda x: x)(onp.array([1j])), TypeError, "complex"),
        (lambda: grad(lambda x: x)(), IndexError, "0 positional"),
        (lambda: make_vjp(np.sin)(X)[0](onp.ones(2)), ValueError, r"\(2,\).*\(3,\)"),
        (lambda: make_jvp(np.sin)(X)(onp.ones(2)), ValueError, "tangent"),
        (lambda: make_jvp(np.sin)(X)([X, X]), ValueError, "tangent"),
        (lambda: hessian_vector_product(lambda x: x * 2)(X, X), TypeError, "scalar"),
        (lambda: grad(lambda x: {"a": x})(2.0), TypeError, "dict"),
    ],
)  # fmt: skip
def test_errors_teach(call, error, words):
    with pytest.raises(error, match=words):
        call()


# Jacobians and Hessians


@pytest.mark.parametrize(
    ("f", "shape"),
    [
        (lambda x: x @ A.T, (2, 3)), (lambda x: np.outer(x, x), (3, 3, 3)), (lambda x: np.sum(x), (3,)),
        (lambda x: x[:0], (0, 3)),
        (lambda x: A * 1.0, (2, 3, 3)), (lambda x: [x[0], x[1] * x[2]], (2, 3)), (lambda x: (x, 2 * x), (2, 3, 3)),
        (lambda x: np.array([[x[0]], [x[1]]]), (2, 1, 3)), (lambda x: [1.0, x[0]], (2, 3)), (lambda x: 3.0, (3,)),
    ],
)  # fmt: skip
def test_jacobian_shapes(f, shape):
    found = jacobian(f)(X)
    assert found.shape == shape
    assert type(found) is onp.ndarray
    assert jacobian(f)(X.astype(onp.float32)).shape == shape


def test_jacobian_of_matrices_and_floats():
    assert jacobian(lambda x: x @ x.T)(A).shape == (2, 2, 2, 3)
    onp.testing.assert_array_equal(jacobian(lambda x: x * X)(2.0), X)
    assert jacobian(lambda x: x * x)(3.0) == 6.0
    assert hessian(lambda x: x**3)(2.0) == 12.0
    onp.testing.assert_array_equal(jacobian(lambda x: x * 2)(X), 2 * onp.eye(3))
    both = jacobian(lambda x, y: x * y, (0, 1))(X, 2 * X)
    onp.testing.assert_array_equal(both[0], onp.diag(2 * X))
    onp.testing.assert_array_equal(both[1], onp.diag(X))
    tree = jacobian(lambda p: p["a"] * p["b"])({"a": X, "b": 2.0})
    assert tree["a"].shape == (3, 3)
    assert tree["b"].shape == (3,)


def test_hessian():
    def f(x):
        return np.sum(np.sin(x[:, None] * x[None, :])) + np.prod(x)

    table = hessian(f)(X)
    assert table.shape == (3, 3)
    onp.testing.assert_allclose(table, table.T, atol=1e-12)
    assert hessian(lambda x: np.sum(x**2))(A).shape == (2, 3, 2, 3)
    v = onp.array([1.0, -2.0, 0.5])
    onp.testing.assert_allclose(hessian_vector_product(f)(X, v), table @ v, rtol=1e-12)
    onp.testing.assert_allclose(make_jvp(grad(f))(X)(v)[1], table @ v, rtol=1e-12)
    onp.testing.assert_allclose(make_vjp(grad(f))(X)[0](v), table @ v, rtol=1e-12)
    gradcheck(f, X, order=3)


def test_hessian_vector_product_takes_further_arguments():
    def f(scale, x, power=2):
        return scale * np.sum(x**power)

    onp.testing.assert_allclose(hessian_vector_product(f, 1)(2.0, X, onp.ones(3), power=3), 12 * X)


def test_jvp_is_the_jacobian_times_the_tangent():
    def f(x):
        return np.tanh(x @ A.T) * np.sum(x**2)

    v = onp.array([1.0, -2.0, 0.5])
    value, pushed = make_jvp(f)(X)(v)
    onp.testing.assert_allclose(value, onp.tanh(X @ A.T) * (X @ X))
    onp.testing.assert_allclose(pushed, jacobian(f)(X) @ v, rtol=1e-12)
    assert make_jvp(np.sin)(0.5)(2.0) == (onp.sin(0.5), 2 * onp.cos(0.5))
    assert make_jvp(lambda x: 3.0)(0.5)(2.0) == (3.0, 0.0)
    value, pushed = make_jvp(lambda x: np.sum(A))(X)(v)
    assert (value, pushed) == (21.0, 0.0)
    assert make_jvp(lambda x: np.where(x > 0, np.log(x), x))(0.0)(2.0) == (0.0, 2.0)
    assert type(make_jvp(lambda x: 3.0)(0.5)(2.0)[1]) is float
    along = make_jvp(lambda x: np.sum(x**3))(onp.ones(2))
    assert grad(lambda v: along(v * onp.ones(2))[1])(5.0) == 6.0


# nesting


def test_nested_transforms():
    assert grad(grad(grad(lambda x: x**4)))(2.0) == 48.0
    f = np.sin
    for order in range(5):
        assert f(0.3) == pytest.approx([onp.sin(0.3), onp.cos(0.3), -onp.sin(0.3), -onp.cos(0.3), onp.sin(0.3)][order])
        f = grad(f)
    inner = grad(lambda x: x * grad(lambda y: x * y * y)(3.0))
    assert inner(2.0) == pytest.approx(2 * 2 * 2 * 3.0)  # d/dx (x · 2xy) = 4xy at y = 3
    assert type(inner(2.0)) is float
    onp.testing.assert_allclose(jacobian(grad(lambda x: np.sum(x**3)))(X), onp.diag(6 * X))
    onp.testing.assert_allclose(grad(lambda x: np.sum(jacobian(lambda y: y * y)(x)))(X), 2 * onp.ones(3))
    assert make_jvp(make_jvp_of_square)(3.0)(1.0)[1] == pytest.approx(2.0)


def make_jvp_of_square(x):
    return make_jvp(lambda y: y * y)(x)(1.0)[1]


def test_perturbations_are_not_confused():
    """The programs of JAX's autodidax: an inner derivative must not see the outer one's variable."""

    def first(x):
        def g(y):
            return x  # constant in y

        return x * grad(g)(0.0)

    assert grad(first)(0.0) == 0.0
    assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(1.0) == 1.0
    assert grad(lambda x: x * make_jvp(lambda y: x + y)(1.0)(1.0)[1])(1.0) == 1.0
    assert make_jvp(lambda x: x * make_jvp(lambda y: x + y)(1.0)(1.0)[1])(1.0)(1.0)[1] == 1.0
    assert make_jvp(lambda x: x * grad(lambda y: x + y)(1.0))(1.0)(1.0)[1] == 1.0

    def f(x):
        side_effect = []

        def g(y):
            side_effect.append(x * y)
            return y * y

        slope = grad(g)(x)
        return slope * side_effect[0]

    assert grad(f)(2.0) == pytest.approx(3 * 2 * 4.0)  # 2x · x², the kept product is x · x
    assert grad(lambda x: grad(lambda y: np.sin(y) * x)(x))(1.0) == pytest.approx(onp.cos(1.0) - onp.sin(1.0))
    onp.testing.assert_allclose(
        grad(lambda x: np.sum(x * grad(lambda y: np.sum(x * y))(X)))(X), 2 * X
    )  # the inner slope is x itself


def test_results_are_plain_only_where_nothing_outer_was_reached():
    v, t = Value(3.0), Tensor(X)
    slope = grad(lambda x: v * x * x)(2.0)
    assert isinstance(slope, Value)
    slope.backward()
    assert v.grad == 4.0
    slopes = grad(lambda x: np.sum(t * x**2))(X)
    assert isinstance(slopes, Tensor)
    slopes.sum().backward()
    onp.testing.assert_array_equal(t.grad, 2 * X)
    value, slope = value_and_grad(lambda x: v + x)(1.0)
    assert isinstance(value, Value)
    assert slope == 1.0
    t.grad = None
    table = jacobian(lambda x: x * t)(X)
    assert isinstance(table, Tensor)
    table.sum().backward()
    onp.testing.assert_array_equal(t.grad, onp.ones(3))
    v.grad = 0.0
    value, pushed = make_jvp(lambda x: v * x)(2.0)(1.0)
    assert isinstance(pushed, Value)
    pushed.backward()
    assert v.grad == 1.0
    assert grad(lambda x: x * v.data)(2.0) == 3.0
    at = Value(2.0)
    slope = grad(lambda x: x**3)(at)
    slope.backward()
    assert at.grad == 12.0


def test_transforms_under_no_grad_are_constants_outside():
    with no_grad():
        assert grad(lambda x: x**3)(2.0) == 12.0
        assert hessian(lambda x: x**3)(2.0) == 12.0
        onp.testing.assert_array_equal(jacobian(lambda x: x * x)(X), onp.diag(2 * X))


def test_tangents_and_upstreams_may_be_nodes():
    u = Tensor([1.0, 2.0, 3.0])
    vjp, _ = make_vjp(np.sin)(X)
    shares = vjp(u)
    shares.sum().backward()
    onp.testing.assert_allclose(u.grad, onp.cos(X))
    v = Value(2.0)
    _, pushed = make_jvp(np.sin)(0.5)(v)
    pushed.backward()
    assert v.grad == onp.cos(0.5)


# checkpoint


def deep(x, w):
    for _ in range(20):
        x = np.tanh(x * w + 0.1)
    return np.sum(x)


def test_checkpoint_has_the_same_gradients():
    w = onp.array([0.9, 1.1, 0.5])
    for f in (deep, lambda x, w: deep(x, w) * x[0]):
        plain, saved = value_and_grad(f, (0, 1))(X, w), value_and_grad(checkpoint(f), (0, 1))(X, w)
        assert plain[0] == saved[0]
        for one, other in zip(plain[1], saved[1], strict=True):
            onp.testing.assert_array_equal(one, other)
        onp.testing.assert_allclose(hessian(f)(X, w), hessian(checkpoint(f))(X, w), rtol=1e-12)
        onp.testing.assert_allclose(
            make_jvp(f)(X, w)(onp.ones(3))[1], make_jvp(checkpoint(f))(X, w)(onp.ones(3))[1], rtol=1e-12
        )
        gradcheck(checkpoint(f), X, w, order=2)
    assert grad(checkpoint(np.tanh))(0.5) == grad(np.tanh)(0.5)
    assert grad(grad(checkpoint(lambda x: x**3)))(2.0) == 12.0
    assert grad(lambda p: checkpoint(lambda p: p["a"] * p["b"][0])(p))({"a": 2.0, "b": [3.0]}) == {"a": 3.0, "b": [2.0]}
    assert checkpoint(lambda x: x * 2)(3.0) == 6.0


def test_checkpoint_and_captured_nodes():
    w, v = Tensor(onp.array([0.9, 1.1, 0.5])), Value(2.0)
    middle = w * 3.0

    @checkpoint
    def f(x):
        return np.sum(np.tanh(x * middle)) * v

    x = Tensor(X)
    f(x).backward()
    again = Tensor(X)
    w2, v2 = Tensor(w.data), Value(2.0)
    (np.sum(np.tanh(again * (w2 * 3.0))) * v2).backward()
    onp.testing.assert_allclose(x.grad, again.grad)
    onp.testing.assert_allclose(w.grad, w2.grad)
    assert v.grad == pytest.approx(v2.grad)
    assert type(v.grad) is float
    checkpoint(lambda: v * v)().backward()
    assert v.grad == pytest.approx(v2.grad + 4.0)
    x.grad = None
    f(x).backward(create_graph=True)
    slope = x.grad
    v.grad = 0.0
    slope.sum().backward()
    assert v.grad == pytest.approx(again.grad.sum() / 2)


def test_checkpoint_forgets_and_frees():
    x = Tensor(X)
    before = live_nodes()
    y = deep(x, 1.1)
    plain = live_nodes() - before
    del y
    assert live_nodes() == before
    z = checkpoint(deep)(x, 1.1)
    assert live_nodes() - before <= 3 < 20 < plain
    gc.disable()
    try:
        z.backward()
        reference = weakref.ref(z)
        del z
        assert reference() is None
    finally:
        gc.enable()
    x.grad = None
    assert live_nodes() == before


# operations of one's own


def test_a_primitive_of_ones_own():
    calls = []

    @primitive
    def scaled(x, y, *, power=1):
        calls.append((type(x), type(y)))
        return x * onp.asarray(y) ** power

    defvjp(
        scaled,
        lambda ans, x, y, power: lambda g: g * y**power,
        lambda ans, x, y, power: lambda g: g * x * power * y ** (power - 1),
    )
    assert scaled(2.0, 3.0) == 6.0
    assert grad(scaled, (0, 1))(2.0, 3.0, power=2) == (9.0, 12.0)
    assert not any(issubclass(kind, Node) for pair in calls for kind in pair)
    assert isinstance(scaled(Value(2.0), 3.0), Value)
    assert isinstance(scaled(Tensor(X), 3.0), Tensor)
    onp.testing.assert_allclose(grad(lambda x: np.sum(scaled(x, 3.0, power=2)))(X), 9 * onp.ones(3))
    gradcheck(lambda x, y: scaled(x, y, power=3), X, 2.0, order=2)
    assert grad(lambda y: scaled(Value(2.0), y, power=2).data)(3.0) == 0.0


def test_rules_of_ones_own():
    @primitive
    def step(x, y):
        return onp.floor(x) * y

    defvjp(step, None, lambda ans, x, y: lambda g: g * np.floor(x))
    assert grad(step, (0, 1))(2.5, 3.0) == (0.0, 2.0)

    @primitive
    def no_rules(x):
        return x

    with pytest.raises(TypeError, match=r"no_rules.*defvjp"):
        grad(no_rules)(1.0)
    with pytest.raises(TypeError, match="primitive"):
        defvjp(lambda x: x, lambda ans, x: lambda g: g)
    with pytest.raises(TypeError, match=r"a rule of no_rules\(\) is a function, .*, not 3"):
        defvjp(no_rules, 3)
    with pytest.raises(ValueError, match=r"defvjp\(no_rules, …\) was given 1 rules for 2 argnums"):
        defvjp(no_rules, lambda ans, x: lambda g: g, argnums=(0, 1))
    for strange in (None, "text", no_rules):
        with pytest.raises(TypeError, match=r"argument 0 of no_rules\(\) is .*; pass anything else by its name"):
            no_rules(strange, Value(1.0))

    @primitive
    def total(x):
        return float(onp.sum(x))

    defvjp(total, lambda ans, x: lambda g: g * onp.ones(onp.shape(x)))
    onp.testing.assert_array_equal(grad(total)(X), onp.ones(3))


# programs for HIPS autograd


def test_tanh_of_the_readme():
    def tanh(x):
        return (1.0 - np.exp(-2 * x)) / (1.0 + np.exp(-2 * x))

    grad_tanh = grad(tanh)
    assert grad_tanh(1.0) == pytest.approx(0.41997434161402603)
    assert (tanh(1.0001) - tanh(0.9999)) / 0.0002 == pytest.approx(grad_tanh(1.0), abs=1e-8)
    derivatives = [tanh]
    for _ in range(6):
        derivatives.append(grad(derivatives[-1]))
    t = onp.tanh(1.0)
    polynomials = [t, 1 - t**2]
    slope = onp.polynomial.Polynomial([1, 0, -1])
    polynomial = slope
    for _ in range(5):
        polynomial = polynomial.deriv() * slope
        polynomials.append(polynomial(t))
    assert [f(1.0) for f in derivatives] == pytest.approx(polynomials, rel=1e-9)


def test_logistic_regression():
    def sigmoid(x):
        return 0.5 * (np.tanh(x / 2.0) + 1)

    inputs = np.array([[0.52, 1.12, 0.77], [0.88, -1.08, 0.15], [0.52, 0.06, -1.30], [0.74, -2.49, 1.39]])
    targets = np.array([True, True, False, True])

    def training_loss(weights):
        preds = sigmoid(np.dot(inputs, weights))
        label_probabilities = preds * targets + (1 - preds) * (1 - targets)
        return -np.sum(np.log(label_probabilities))

    training_gradient_fun = grad(training_loss)
    weights = np.array([0.0, 0.0, 0.0])
    first = training_loss(weights)
    for _ in range(100):
        weights -= training_gradient_fun(weights) * 0.01
    assert first == pytest.approx(4 * onp.log(2))
    assert training_loss(weights) < 0.7 * first
    gradcheck(training_loss, weights, order=2)


def test_an_mlp_with_a_list_of_tuples():
    random = np.random.RandomState(0)
    sizes = [1, 8, 1]
    params = [(random.randn(m, n) * 0.5, random.randn(n) * 0.5) for m, n in itertools.pairwise(sizes)]
    inputs = np.linspace(-2, 2, 20).reshape((20, 1))
    targets = np.sin(inputs)

    def neural_net_predict(params, inputs):
        for W, b in params:
            outputs = np.dot(inputs, W) + b
            inputs = np.tanh(outputs)
        return outputs

    def objective(params, step):
        return np.mean((neural_net_predict(params, inputs) - targets) ** 2)

    gradient = grad(objective)
    start = objective(params, 0)
    for step in range(150):
        params = [(W - 0.1 * dW, b - 0.1 * db) for (W, b), (dW, db) in zip(params, gradient(params, step), strict=True)]
    assert objective(params, 0) < 0.1 * start
    gradcheck(lambda params: objective(params, 0), params)


def rosenbrock(x):
    return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2


def test_rosenbrock_with_scipy():
    optimize = pytest.importorskip("scipy.optimize")
    start = np.array([-1.2, 1.0])
    found = optimize.minimize(value_and_grad(rosenbrock), start, jac=True, method="BFGS")
    onp.testing.assert_allclose(found.x, [1, 1], atol=1e-6)
    newton = optimize.minimize(
        rosenbrock, start, jac=grad(rosenbrock), hessp=hessian_vector_product(rosenbrock), method="Newton-CG"
    )
    onp.testing.assert_allclose(newton.x, [1, 1], atol=1e-3)
    exact = optimize.minimize(rosenbrock, start, jac=grad(rosenbrock), hess=hessian(rosenbrock), method="trust-exact")
    onp.testing.assert_allclose(exact.x, [1, 1], atol=1e-6)
    onp.testing.assert_array_equal(start, [-1.2, 1.0])


def test_loops_and_branches():
    def f(x):
        total = 0.0
        for i, each in enumerate(x):
            total = total + (each**i if each > 0 else -each)
        return total

    onp.testing.assert_allclose(grad(f)(X), [0.0, -1.0, 4.0])

    def by_array(x):
        return np.sum(np.array([x[i] * (i + 1) for i in range(len(x))]))

    onp.testing.assert_array_equal(grad(by_array)(X), [1, 2, 3])
    assert grad(lambda x: np.array([x, x * x]).sum())(3.0) == 7.0
    assert grad(lambda x: sum([x * i for i in range(4)]))(2.0) == 6.0


def test_fixed_points_and_fancy_shapes():
    def logsumexp(x, axis=None):
        highest = np.max(x, axis=axis, keepdims=True)
        return np.log(np.sum(np.exp(x - highest), axis=axis)) + np.squeeze(highest, axis)

    gradcheck(lambda x: logsumexp(x, 1), A + onp.array([[0.1], [0.2]]), order=2)

    def covariance(x, scale):
        diffs = np.expand_dims(x / scale, 1) - np.expand_dims(x / scale, 0)
        return np.exp(-0.5 * np.sum(diffs**2, axis=2)) + 1e-2 * np.eye(len(x))

    def log_likelihood(scale):
        cov = covariance(A, scale)
        solution = np.linalg.solve(cov, np.array([1.0, -1.0]))
        return -0.5 * (np.dot(np.array([1.0, -1.0]), solution) + np.linalg.slogdet(cov)[1])

    gradcheck(log_likelihood, 1.5, order=2)
    for m, n in itertools.product((1, 2), (1, 3)):
        gradcheck(lambda x: np.einsum("ij,ik->jk", x, x)[..., 0], onp.arange(1.0, 1 + m * n).reshape(m, n))


def test_a_rule_that_returns_another_shape_is_refused():
    @primitive
    def total(x):
        return onp.sum(x)

    defvjp(total, lambda ans, x: lambda g: g * onp.ones(2))  # of the right value, for a wrong shape
    with pytest.raises(ValueError, match=r"total\(\) for argument 0 returned shape \(2,\).*shape \(3, 2\)"):
        grad(total)(onp.zeros((3, 2)))

    @primitive
    def plus(x, y):
        return x + y

    defvjp(plus, lambda ans, x, y: lambda g: g, lambda ans, x, y: lambda g: g)  # broadcasting is undone for the rule
    assert grad(lambda x: plus(x, onp.zeros((3, 2))).sum())(onp.zeros(2)).tolist() == [3.0, 3.0]


def test_elementwise_grad():
    x = onp.array([0.0, 1.0])
    onp.testing.assert_allclose(elementwise_grad(elementwise_grad(np.sin))(x), -onp.sin(x))
    assert elementwise_grad(np.sin)(0.0) == 1.0


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda: grad(3), r"grad\(\) takes a function, not an int"),
        (lambda: grad(Value(1.0)), r"not a Value; .*y.backward\(\)"),
        (lambda: grad(lambda x: x, "x")(1.0), r"argnum is the position.*not 'x'"),
        (lambda: value_and_grad(lambda x: (x, "aux"))(1.0), "a str was among what it returned"),
    ],
)
def test_what_a_transform_cannot_take(ask, says):
    with pytest.raises(TypeError, match=says):
        ask()


def test_vectors_match_dicts_by_key():
    def f(p):
        return p["a"] ** 3 + 5 * p["b"] ** 3

    assert hessian_vector_product(f)({"a": 1.0, "b": 1.0}, {"b": 0.0, "a": 1.0}) == {"a": 6.0, "b": 0.0}
    assert make_jvp(f)({"a": 1.0, "b": 1.0})({"b": 0.0, "a": 1.0}) == (6.0, 3.0)


def test_vectors_are_arrays_of_the_arguments_shapes():
    product, jvp = hessian_vector_product(lambda x: (x**3).sum()), make_jvp(lambda x: (x**3).sum())(X)
    assert product(X, [1, 2, 3]).tolist() == (6 * X * [1, 2, 3]).tolist()
    assert jvp([1, 2, 3])[1] == (3 * X**2) @ [1, 2, 3]
    assert make_vjp(np.sin)(X)[0]([1, 2, 3]).tolist() == (onp.cos(X) * [1, 2, 3]).tolist()
    for wrong in (onp.ones(2), 1.0, onp.ones((1, 3)), [X, X]):
        with pytest.raises(ValueError, match="tangent vector has shape"):
            product(X, wrong)
    with pytest.raises(ValueError, match="the same structure"):
        hessian_vector_product(lambda p: p["a"] ** 2)({"a": 1.0}, {"b": 1.0})
    with pytest.raises(ValueError, match="the same structure"):
        make_jvp(lambda p: p[0] * p[1])([1.0, 2.0])([1.0])
    for imaginary in (1j * X, "abc", None):
        for call in (make_vjp(np.sin)(X)[0], make_vjp(np.sin)(1.0)[0], jvp, lambda v: product(X, v)):
            with pytest.raises(TypeError, match="real numbers"):
                call(imaginary)


def test_dicts_of_ones_own_class():
    class Parameters(dict):
        def __init__(self, name):
            self.name = name

    given = Parameters("layer")
    given["w"] = 3.0
    for tree in (given, defaultdict(float, w=3.0), OrderedDict(w=3.0)):
        found = grad(lambda p: p["w"] ** 2)(tree)
        assert type(found) is type(tree)
        assert found == {"w": 6.0}
        assert tree == {"w": 3.0}
    assert found is not tree
    assert grad(lambda p: p["w"] ** 2)(given).name == "layer"


def test_argnum_may_be_numpys_but_not_twice_the_same():
    assert grad(lambda x, y: x * y, onp.int64(1))(2.0, 3.0) == 2.0
    for twice in ((0, 0), (0, -2)):
        with pytest.raises(ValueError, match="twice"):
            grad(lambda x, y: x * y, twice)(2.0, 3.0)


def test_a_primitive_that_rounds_has_the_gradient_its_rule_says():
    @primitive
    def bit(x):
        return x > 0.5

    @primitive
    def whole(x):
        return onp.floor(x).astype(int)

    for f in (bit, whole):
        defvjp(f, lambda ans, x: lambda g: g)
        assert grad(lambda x, f=f: (f(x) * [1.0, 2.0, 3.0]).sum())(X).tolist() == [1, 2, 3]
        assert grad(f)(2.0) == 1.0
        assert f(Tensor(X)).dtype == onp.float64
        assert f(Tensor(X)).tolist() == f(X).astype(float).tolist()
    for wrong in ("text", None, 1j):
        loses = primitive(lambda x, wrong=wrong: wrong)
        defvjp(loses, lambda ans, x: lambda g: g)
        with pytest.raises(TypeError, match=r"<lambda>\(\) returned .* real numbers"):
            loses(Tensor(X))


def test_checkpoint_of_a_function_that_returns_what_it_captured():
    assert grad(lambda x: checkpoint(lambda y: x)(x * 2) ** 2)(3.0) == 6.0
    assert grad(grad(lambda x: checkpoint(lambda y: x)(x * 2) ** 3))(3.0) == 18.0
    w = Tensor([1.0, 2.0])
    y = checkpoint(lambda q: w)(Tensor([1.0, 2.0]))
    (y * y).sum().backward()
    assert w.grad.tolist() == [2, 4]
    assert grad(lambda x: checkpoint(lambda y: y)(x) ** 2)(3.0) == 6.0


@pytest.mark.parametrize("create_graph", [False, True])
def test_checkpoint_notices_data_that_was_set_since(create_graph):
    w, x = Tensor([1.0, 2.0]), Tensor([3.0, 4.0])
    y = checkpoint(lambda x: x * w)(x).sum()
    w.data = [5.0, 6.0]
    with pytest.raises(RuntimeError, match="was set since"):
        y.backward(create_graph=create_graph)
    assert (w.grad, x.grad) == (None, None)
    y = checkpoint(lambda x: x * x)(x).sum()
    x.data = [5.0, 6.0]  # the argument was recorded
    if create_graph:
        with pytest.raises(RuntimeError, match="was set since"):
            y.backward(create_graph=True)
    else:
        y.backward()
        assert x.grad.tolist() == [6, 8]


def test_checkpoint_notices_random_numbers():
    rng, x = onp.random.default_rng(0), Tensor([1.0, 2.0])
    for size in (1.0, 1e-12):
        y = checkpoint(lambda x, size=size: x + size * rng.normal(size=2))(x - x).sum()
        with pytest.raises(RuntimeError, match="came to another result"):
            y.backward()
        assert x.grad is None
    for special in ([onp.nan, onp.inf], [0.0, -onp.inf], [onp.nan, onp.nan]):
        checkpoint(lambda x: x + 1)(Tensor(special)).sum().backward()


def test_the_second_derivatives_of_determinants_of_nearly_singular_matrices():
    def cofactors(m):
        return (
            m[0, 0] * (m[1, 1] * m[2, 2] - m[1, 2] * m[2, 1]) - m[0, 1] * (m[1, 0] * m[2, 2] - m[1, 2] * m[2, 0])
            + m[0, 2] * (m[1, 0] * m[2, 1] - m[1, 1] * m[2, 0])
        )  # fmt: skip

    rng = onp.random.default_rng(3)
    singular = rng.normal(size=(3, 2)) @ rng.normal(size=(2, 3))
    assert onp.isnan(hessian(np.linalg.det)(onp.full((2, 2), onp.nan))).any()
    large = onp.diag([1e-8, *onp.ones(49)])
    assert hessian_vector_product(np.linalg.det)(large, onp.eye(50)).shape == (50, 50)
    for far in (0.0, 1e-9, 1e-6, 1e-3):
        m = singular + far * onp.eye(3)
        onp.testing.assert_allclose(hessian(np.linalg.det)(m), hessian(cofactors)(m), atol=1e-8)
    assert hessian(np.linalg.det)(onp.zeros((0, 0))).shape == (0, 0, 0, 0)


def test_hessian_of_a_dict_says_what_to_do():
    with pytest.raises(TypeError, match="hessian_vector_product"):
        hessian(lambda p: p["a"] ** 2)({"a": 1.0})
    with pytest.raises(TypeError, match="of one shape, not several shapes.*hessian_vector_product"):
        hessian(lambda p: np.sum(p[0]) * p[1])([X, 1.0])
    with pytest.raises(TypeError, match="of one shape, not several shapes.*hessian_vector_product"):
        hessian(lambda x, y: np.sum(x) * y, (0, 1))(X, 1.0)
    assert onp.array_equal(hessian(lambda p: p[0] * p[1])([3.0, 4.0]), [[0.0, 1.0], [1.0, 0.0]])


@pytest.mark.parametrize("transform", [grad, value_and_grad, jacobian, make_vjp])
def test_results_of_several_shapes_are_refused(transform):
    with pytest.raises(ValueError, match=r"not a tuple of shapes \(\) and \(3,\); return the result alone"):
        transform(lambda x: (np.sum(x), x))(X)


@pytest.mark.parametrize("share", [None, 2j, "2"])
def test_a_rule_that_returns_no_number_is_named(share):
    twice = primitive(lambda x: 2 * x)
    defvjp(twice, lambda ans, x: lambda g: share)
    for x in (1.0, onp.ones(2)):
        with pytest.raises(TypeError, match="rule of <lambda>.. for argument 0 returned"):
            grad(lambda x: np.sum(twice(x)))(x)


def test_a_comparison_is_a_constant_of_checkpoint():
    x = Tensor([1.0, 2.0])
    checkpoint(lambda x, m: np.where(m, x, 0.0))(x, Tensor([1.0, 2.0]) > 1).sum().backward()
    assert x.grad.tolist() == [0, 1]
