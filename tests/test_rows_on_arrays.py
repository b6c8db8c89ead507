"""Every row of the table on arrays against the float reader, element by element: values, gradients, broadcasting,
special values, dtypes, second order; and paths with a zero on them."""

import itertools
import math

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import Tensor, Value, grad, hessian
from autograd.functions import FUNCTIONS
from autograd.readers import arrays, floats
from autograd.readers.arrays import ARRAY, NAMESPACE, NUMPY_NAMES
from autograd.readers.printer import spell
from autograd.rows import ROWS

SOME = settings(max_examples=max(settings().max_examples // 2, 1))
FEW = settings(max_examples=max(settings().max_examples // 5, 1))
every_row = pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row.name)

# 0.25 and not 0.5: NumPy makes of (-inf) ** 0.5 inf or nan, depending on which of its loops comes to it
SPECIAL = (0.0, -0.0, 1.0, -1.0, 0.25, 2.0, -3.0, 20.0, -750.0, 800.0, 1e-320, 1e-8, 1e300, -1e300, math.inf, -math.inf,
           math.nan)  # fmt: skip
ROUND = st.sampled_from([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0])  # where kinks, ties and edges are met
SMOOTH = st.floats(-3, 3).filter(lambda x: abs(x) > 1e-3)
SEEDS = st.integers(0, 2**20)


def holds(condition, names):
    """A condition of the table on arrays."""
    return condition is None or eval(spell(condition, ARRAY), {**NAMESPACE, **names})


def within(row, seed, shapes):
    """Arrays inside the domain of a row, away from its kink."""
    random = np.random.default_rng(seed)
    whole = np.broadcast_shapes(*shapes)
    made = [random.uniform(-3, 3, shape) for shape in shapes]
    for _ in range(400):
        names = dict(zip(row.names, (*made, *row.params.values()), strict=True))
        with np.errstate(all="ignore"):
            good = np.broadcast_to(holds(row.domain, names), whole)
            if row.kink is not None:
                good = good & ~np.broadcast_to(holds(row.kink, names), whole)
        if good.all():
            return made
        bad = autograd.ops.shape.sum_to  # which elements of each array take part in a bad point
        made = [np.where(bad((~good).astype(float), x.shape) > 0, random.uniform(-3, 3, x.shape), x) for x in made]
    raise AssertionError(f"no points found inside the domain of {row.name}")


def carried(upstream, partial):
    """The product of the chain rule: a zero wins even against inf and nan."""
    return upstream * partial if upstream and partial else 0.0


def by_floats(row, operands, upstream, params=()):
    """The row by the float reader, element by element: the result, and what each operand is handed back."""
    result = np.empty(upstream.shape)
    shares = [np.zeros(x.shape) for x in operands]
    spread = [np.broadcast_to(np.arange(x.size).reshape(x.shape), upstream.shape) for x in operands]
    for place in np.ndindex(upstream.shape):
        point = [x.flat[where[place]] for x, where in zip(operands, spread, strict=True)]
        result[place], *partials = floats.evaluate(row)(*map(float, point), *params)
        for share, where, partial in zip(shares, spread, partials, strict=True):
            with np.errstate(all="ignore"):
                share.flat[where[place]] += carried(float(upstream[place]), partial)
    return result, shares


def by_tensors(row, operands, upstream, params=()):
    leaves = [Tensor(x) for x in operands]
    result = FUNCTIONS[row.name](*leaves, *params)
    result.backward(upstream)
    return result.data, [leaf.grad for leaf in leaves]


def agree(found, expected, size=1.0):
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-13 * size)


@st.composite
def operands(draw, row, elements):
    """Arrays of shapes that broadcast, down to no axes and to size 0, and an upstream gradient for the result."""
    drawn = draw(hnp.mutually_broadcastable_shapes(num_shapes=len(row.args), max_dims=3, min_side=0, max_side=3))
    made = [draw(hnp.arrays(float, shape, elements=elements)) for shape in drawn.input_shapes]
    upstream = np.random.default_rng(draw(SEEDS)).uniform(-2, 2, drawn.result_shape)
    return made, upstream


@every_row
@SOME
@given(data=st.data())
def test_value_and_gradient_are_the_float_readers(row, data):
    made, upstream = data.draw(operands(row, ROUND | SMOOTH))
    params = tuple(data.draw(st.floats(0.25, 2)) for _ in row.params)
    kept = [x.copy() for x in (*made, upstream)]
    result, shares = by_tensors(row, made, upstream, params)
    expected, expected_shares = by_floats(row, made, upstream, params)
    agree(result, expected)
    for share, wanted, x in zip(shares, expected_shares, made, strict=True):
        assert share.shape == x.shape
        agree(share, wanted, size=100)
    for x, before in zip((*made, upstream), kept, strict=True):
        np.testing.assert_array_equal(x, before)
    for one, other in itertools.combinations([*shares, *made, upstream, np.asarray(result)], 2):
        assert not np.shares_memory(one, other) or one.size == 0


@every_row
def test_special_values_are_the_float_readers(row):
    """Zeros, infinities, nan and what overflows, in all pairs, in one array: the careful walk among them."""
    count = len(row.args)
    points = np.array(list(itertools.product(SPECIAL if count < 3 else SPECIAL[::2], repeat=count))).T
    for number in (1.0, -2.0, 0.0):
        upstream = np.full(points.shape[1], number)
        expected, expected_shares = by_floats(row, list(points), upstream, tuple(row.params.values()))
        result, shares = by_tensors(row, list(points), upstream)
        agree(result, expected)
        for share, wanted, arg in zip(shares, expected_shares, row.args, strict=True):
            np.testing.assert_allclose(share, wanted, rtol=1e-11, atol=1e-13, err_msg=f"d{arg} at {points.T}")


@every_row
@FEW
@given(data=st.data())
def test_second_order_is_that_of_values(row, data):
    seed = data.draw(SEEDS)
    made = within(row, seed, [(3,)] * len(row.args))
    random = np.random.default_rng(seed)
    weights = random.uniform(0.5, 2, (len(made), 3))

    def curvature(leaves, weights, total):
        """The gradient of a combination of gradients."""
        total(FUNCTIONS[row.name](*leaves)).backward(create_graph=True)
        slope = total(sum(w * leaf.grad for w, leaf in zip(weights, leaves, strict=True)))
        for leaf in leaves:
            leaf.grad = 0.0
        if slope.inputs:
            slope.backward()
        return [leaf.grad for leaf in leaves]

    found = curvature([Tensor(x) for x in made], weights, lambda t: t.sum())
    for i in range(3):
        values = curvature([Value(x[i]) for x in made], weights[:, i], lambda v: v)
        for one, other in zip(found, values, strict=True):
            agree(one[i] if np.ndim(one) else one, other, size=100)


@every_row
@FEW
@given(data=st.data())
def test_single_precision_stays_single(row, data):
    made = [x.astype(np.float32) for x in within(row, data.draw(SEEDS), [(2, 3), (3,), (2, 1)][: len(row.args)])]
    upstream = np.array([[1.0, -2.0, 0.5], [1.5, 2.0, -1.0]], np.float32)
    result, shares = by_tensors(row, made, upstream)
    assert result.dtype == np.float32
    expected, expected_shares = by_tensors(row, [x.astype(float) for x in made], upstream.astype(float))
    np.testing.assert_allclose(result, expected, rtol=2e-4, atol=1e-5)
    for share, wanted in zip(shares, expected_shares, strict=True):
        assert share.dtype == np.float32
        np.testing.assert_allclose(share, wanted, rtol=2e-3, atol=1e-4 * (1 + abs(wanted).max()))
    plain = FUNCTIONS[row.name](*made)
    assert type(plain) is not Tensor
    assert plain.dtype == np.float32
    if row.name != "where":  # which takes its dtype from the choices
        for number in (0.5, 1):
            mixed = FUNCTIONS[row.name](Tensor(made[0]), *(number for _ in made[1:]))
            assert mixed.dtype == np.float32, "a Python number raises no dtype"


@every_row
def test_constant_operands(row):
    """A number or an array in the place of any operand gives what a node there would, without its gradient."""
    made = within(row, 3, [(4,)] * len(row.args))
    upstream = np.array([1.0, -2.0, 0.5, 3.0])
    result, shares = by_tensors(row, made, upstream)
    for index in range(len(made)):
        leaf = Tensor(made[index])
        mixed = FUNCTIONS[row.name](*(leaf if i == index else x for i, x in enumerate(made)))
        mixed.backward(upstream)
        np.testing.assert_array_equal(mixed.data, result)
        np.testing.assert_array_equal(leaf.grad, shares[index])
        number = [Tensor(x[:1]) if i == index else float(x[0]) for i, x in enumerate(made)]
        FUNCTIONS[row.name](*number).backward(upstream[:1])
        np.testing.assert_array_equal(number[index].grad, shares[index][:1])


@every_row
def test_a_row_is_a_function_a_method_and_numpys(row):
    made = within(row, 5, [(2, 2)] * len(row.args))
    upstream = np.array([[1.0, -2.0], [0.5, 3.0]])
    result, shares = by_tensors(row, made, upstream)
    ways = []
    if row.name != "where":  # it takes the condition first
        ways.append(lambda x, *others: getattr(x, row.name)(*others))
    if row.name in NUMPY_NAMES:
        ways.append(getattr(np, NUMPY_NAMES[row.name]))
    if row.name == "where":
        ways.append(np.where)
    for way in ways:
        leaves = [Tensor(x) for x in made]
        again = way(*leaves)
        again.backward(upstream)
        np.testing.assert_array_equal(again.data, result)
        for leaf, share in zip(leaves, shares, strict=True):
            np.testing.assert_array_equal(leaf.grad, share)
    np.testing.assert_array_equal(FUNCTIONS[row.name](*made), result)


@every_row
def test_too_many_operands_are_refused(row):
    """NumPy would take one more for an array to write into."""
    made = [Tensor([1.0, 2.0]) for _ in range(len(row.names) + 1)]
    for call in (FUNCTIONS[row.name], lambda x, *others: getattr(x, row.name)(*others)):
        with pytest.raises(TypeError, match="argument"):
            call(*made)
    assert all((x.data == [1.0, 2.0]).all() for x in made)


@pytest.mark.parametrize("kind", [Tensor, Value])
def test_a_parameter_of_a_row_is_a_constant(kind):
    x = Tensor([1.0, -2.0])
    with pytest.raises(TypeError, match=r"slope of leaky_relu.* constant parameter"):
        autograd.leaky_relu(x, kind(0.1))
    with pytest.raises(TypeError, match=r"slope of leaky_relu.* constant parameter"):
        x.leaky_relu(slope=kind(0.1))


@every_row
def test_the_printed_sources_are_what_runs(row):
    assert arrays.forward_source(row).startswith(f"def forward_{row.name}(")
    for index, arg in enumerate(row.args):
        assert arrays.vjp_source(row, index).startswith(f"def vjp_{row.name}_{arg}(g, z, ")


PATHS = [
    # f, at, first derivative, second derivative
    (lambda x: np.where(x > 0, np.log(x), x), 0.0, 1.0, 0.0),
    (lambda x: np.where(x > 0, x * np.log(x), x), 0.0, 1.0, 0.0),
    (lambda x: np.where(x > 0, np.sqrt(x), 0.0), 0.0, 0.0, 0.0),
    (lambda x: np.where(x > 0, 1 / x, 2 * x), 0.0, 2.0, 0.0),
    (lambda x: np.where(x == 0, 1 + x * x, np.sin(x) / x), 0.0, 0.0, 2.0),
    (lambda x: np.where(x < 700, np.exp(x), x), 1000.0, 1.0, 0.0),
    (lambda x: np.log(x) ** 2, 1.0, 0.0, 2.0),  # the zero on the path is not a constant one
    (lambda x: x * np.log(x), 1.0, 1.0, 1.0),
    (lambda x: 0.0 * np.log(x), 0.0, 0.0, 0.0),
    (lambda x: np.log(x) * 0.0 + x**2, 0.0, 0.0, 2.0),
    (lambda x: np.sqrt(x * x), 0.0, 0.0, None),
    (lambda x: np.sqrt(x**4), 0.0, 0.0, None),
    (lambda x: np.hypot(x, 0.0), 0.0, 0.0, None),
    (lambda x: x**0, 0.0, 0.0, 0.0),
    (lambda x: x**1, 0.0, 1.0, 0.0),
    (lambda x: x**2, 0.0, 0.0, 2.0),
    (lambda x: x**0.5, 4.0, 0.25, -1 / 32),
    (lambda x: np.exp(-1 / (x * x)), 0.0, 0.0, None),
    (lambda x: np.abs(x) ** 3, 0.0, 0.0, 0.0),
    (lambda x: autograd.softplus(x), -800.0, 0.0, 0.0),
    (lambda x: np.logaddexp(x, 0.0), 1000.0, 1.0, 0.0),
    (lambda x: np.minimum(np.exp(x), 1.0), 1000.0, 0.0, 0.0),
    (lambda x: autograd.elu(x), 1000.0, 1.0, 0.0),
    (lambda x: autograd.log_sigmoid(x), -1000.0, 1.0, 0.0),
    (lambda x: autograd.silu(x), -800.0, 0.0, 0.0),
]


@pytest.mark.parametrize(("f", "at", "first", "second"), PATHS)
def test_a_path_with_a_zero_on_it_contributes_zero(f, at, first, second):
    """For a Value, a Tensor without axes, and an element among others that need no care."""
    assert grad(f)(at) == pytest.approx(first, abs=1e-15)
    assert grad(f)(np.array(at)) == pytest.approx(first, abs=1e-15)
    among = np.array([at, 2.0, at])
    leaf = Tensor(among)
    f(leaf).backward(np.ones(3))
    assert leaf.grad[[0, 2]] == pytest.approx([first, first], abs=1e-15)
    assert leaf.grad[1] == pytest.approx(grad(f)(2.0))
    if second is not None:
        assert grad(grad(f))(at) == pytest.approx(second, abs=1e-15)
        assert grad(grad(f))(np.array(at)) == pytest.approx(second, abs=1e-15)
        table = hessian(lambda x: f(x).sum())(among)
        assert table == pytest.approx(np.diag([second, grad(grad(f))(2.0), second]), abs=1e-14)


def test_an_upstream_zero_wins():
    x = Tensor([0.0, 0.0, 4.0])
    np.log(x).backward(np.array([0.0, 1.0, 1.0]))
    np.testing.assert_array_equal(x.grad, [0.0, np.inf, 0.25])
    x = Tensor([-1.0, 1.0])
    np.sqrt(x).backward(np.array([0.0, 1.0]))
    np.testing.assert_array_equal(x.grad, [0.0, 0.5])


def test_an_honest_nan_stays():
    x, y = Tensor([-1.0, 1.0]), Tensor([1.0, 2.0])
    (np.sqrt(x) * y).sum().backward()
    assert np.isnan(x.grad).tolist() == [True, False]
    assert np.isnan(y.grad).tolist() == [True, False]


def test_the_kinks_of_the_table_on_arrays():
    """abs, relu, maximum, minimum, clip, hypot, sqrt and powers where the table chooses."""
    for f, at, expected in [
        (np.abs, [0.0, -0.0], [0, 0]), (autograd.relu, [0.0, -0.0], [0, 0]), (np.sqrt, [0.0, 4.0], [np.inf, 0.25]),
        (lambda x: np.maximum(x, 1.0), [1.0, 2.0], [0.5, 1]), (lambda x: np.minimum(x, x), [1.0, 2.0], [1, 1]),
        (lambda x: np.clip(x, 0.0, 1.0), [0.0, 1.0, 3.0], [0.5, 0.5, 0]), (lambda x: np.hypot(x, x), [0.0], [0]),
        (lambda x: x**0, [0.0, 2.0], [0, 0]), (lambda x: x**-1, [0.0], [-np.inf]), (lambda x: np.sign(x), [0.0], [0]),
        (lambda x: np.arctan2(x, x), [0.0], [0]), (lambda x: x**3.0, [-2.0], [12]), (np.cbrt, [0.0], [np.inf]),
    ]:  # fmt: skip
        x = Tensor(at)
        f(x).backward(np.ones(len(at)))
        np.testing.assert_array_equal(x.grad, expected)


@pytest.mark.parametrize(
    ("x", "y", "dx", "dy"),
    [(0.0, 2.0, 0, 0), (0.0, 0.0, 0, 0), (-2.0, 3.0, 12, np.nan), (0.0, 1.0, 1, 0), (0.0, -1.0, -np.inf, -np.inf)],
)
def test_powers(x, y, dx, dy):
    base, exponent = Tensor([x, 2.0]), Tensor([y, 3.0])
    (base**exponent).backward(np.ones(2))
    np.testing.assert_allclose(base.grad, [dx, 12])
    np.testing.assert_allclose(exponent.grad, [dy, 8 * np.log(2)])
