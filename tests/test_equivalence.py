"""A Value is a Tensor without axes is an element of a Tensor: on random programs all give the same result, the same
gradients and the same second derivatives.

Programs of exact operations (where `math` and NumPy agree to the last bit) run over kinks, ties, zeros and infinities;
programs of smooth ones run where numbers stay moderate.
"""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from autograd import Tensor, Value, grad, hessian, make_jvp, stack
from autograd.functions import FUNCTIONS
from autograd.node import Node
from autograd.rows import ROWS

EXACT = (
    "add sub mul div neg pos abs sign square reciprocal sqrt relu leaky_relu hardtanh softsign maximum minimum fmax "
    "fmin clip where floor ceil trunc round chain_product"
).split()
SMOOTH = (
    "add sub mul div neg square exp expm1 exp2 log1p logaddexp sin cos arctan arcsinh tanh sigmoid softplus "
    "log_sigmoid erf erfc gelu silu mish hypot arctan2 elu selu softsign"
).split()
POINTS = st.sampled_from([0.0, 1.0, -1.0, 0.5, 2.0, -3.0, 1e-3, np.inf, -np.inf])
MODERATE = st.floats(-2, 2).filter(lambda x: abs(x) > 0.1)


@st.composite
def programs(draw, rows, inputs, length):
    """Steps of a program: a row and the numbers of its operands among the inputs and the results so far."""
    steps = []
    for count in range(inputs, inputs + draw(st.integers(1, length))):
        name = draw(st.sampled_from(rows))
        steps.append((name, tuple(draw(st.integers(0, count - 1)) for _ in ROWS[name].args)))
    return steps


def run(steps, inputs):
    """All that a program computes; the last two results are added, so that more than the last step counts."""
    found = list(inputs)
    for name, operands in steps:
        found.append(FUNCTIONS[name](*(found[each] for each in operands)))
    return [*found, found[-1] + found[-2]]


def values(point):
    leaves = [Value(x) for x in point]
    return leaves, leaves, lambda: [leaf.grad for leaf in leaves]


def tensors_without_axes(point):
    leaves = [Tensor(x) for x in point]
    return leaves, leaves, lambda: [leaf.grad for leaf in leaves]


def elements_of_a_tensor(point):
    leaf = Tensor(point)
    return [leaf], list(leaf), lambda: [0.0] * len(point) if leaf.grad is None else list(leaf.grad)


def values_of_a_tensor(point):
    leaf = Tensor(point)
    return (
        [leaf],
        [each.to_value() for each in leaf],
        lambda: [0.0] * len(point) if leaf.grad is None else list(leaf.grad),
    )


def elements_of_a_tensor_of_values(point):
    leaves = [Value(x) for x in point]
    return leaves, list(stack(leaves)), lambda: [leaf.grad for leaf in leaves]


def values_and_tensors(point):
    leaves = [(Value, Tensor)[i % 2](x) for i, x in enumerate(point)]
    return leaves, leaves, lambda: [leaf.grad for leaf in leaves]


KINDS = (values, tensors_without_axes, elements_of_a_tensor, values_of_a_tensor, elements_of_a_tensor_of_values,
         values_and_tensors)  # fmt: skip


def numbers(gradients):
    return [0.0 if g is None else float(g.data if isinstance(g, Node) else g) for g in gradients]


def derivatives(kind, steps, point, weights):
    """The result of a program, its gradient, and the gradient of a combination of that."""
    leaves, inputs, gradients = kind(point)
    *_, result = run(steps, inputs)
    result.backward(create_graph=True)
    first = gradients()
    slope = sum((w * g for w, g in zip(weights, first, strict=True) if g is not None and not isinstance(g, float)), 0.0)
    for leaf in leaves:
        leaf.grad = None
    if not isinstance(slope, (float, int)):
        slope.backward()
    second = gradients()
    for leaf in leaves:
        leaf.grad = None
    result.backward()
    assert numbers(gradients()) == pytest.approx(numbers(first), rel=1e-9, abs=1e-12, nan_ok=True)
    return result.data, numbers(first), numbers(second)


def compare(steps, point, weights, rel, size=1.0):
    expected = derivatives(values, steps, point, weights)
    for kind in KINDS[1:]:
        for found, wanted in zip(derivatives(kind, steps, point, weights), expected, strict=True):
            assert found == pytest.approx(wanted, rel=rel, abs=rel * size, nan_ok=True), kind.__name__
    return expected


@pytest.mark.parametrize(
    ("steps", "point"),
    [
        ([("div", (1, 0))], [0.0, 0.0]),
        ([("sqrt", (0,)), ("mul", (2, 2))], [0.0, 1.0]),
        ([("div", (0, 0))], [np.inf, 1.0]),
    ],
)
def test_programs_that_differed_once(steps, point):
    compare(steps, point, [1.0, -0.5], rel=1e-12)


@given(st.data())
def test_exact_programs(data):
    point = data.draw(st.lists(POINTS, min_size=2, max_size=3))
    steps = data.draw(programs(EXACT, len(point), 7))
    weights = [1.0, -0.5, 2.0][: len(point)]
    results = [each.data for each in run(steps, [Value(x) for x in point])]
    for kind in KINDS:
        np.testing.assert_array_equal([float(each.data) for each in run(steps, kind(point)[1])], results)
    compare(steps, point, weights, rel=1e-9)


@given(st.data())
def test_smooth_programs(data):
    point = data.draw(st.lists(MODERATE, min_size=2, max_size=3))
    steps = data.draw(programs(SMOOTH, len(point), 6))
    weights = [1.0, -0.5, 2.0][: len(point)]
    assume(all(1e-2 < abs(each.data) < 30 for each in run(steps, [Value(x) for x in point])))
    _, first, second = derivatives(values, steps, point, weights)
    size = max(map(abs, (1.0, *first, *second)))
    assume(size < 1e6)
    compare(steps, point, weights, rel=1e-9, size=size)


@given(st.data())
def test_a_tensor_is_many_values(data):
    """The same program on three points at once, with one operand that all share."""
    points = data.draw(st.lists(st.tuples(POINTS, POINTS), min_size=3, max_size=3))
    shared = data.draw(POINTS)
    steps = data.draw(programs(EXACT, 3, 7))
    columns = [Tensor(np.array(column)) for column in zip(*points, strict=True)]
    common = Tensor(shared)
    upstream = np.array([1.0, -2.0, 0.5])
    *_, result = run(steps, [*columns, common])
    if result.shape == ():
        return  # the program saw nothing but what is shared
    result.backward(upstream)
    total = 0.0
    for i, point in enumerate(points):
        leaves = [Value(x) for x in (*point, shared)]
        *_, alone = run(steps, leaves)
        assert result.data[i] == pytest.approx(alone.data, nan_ok=True)
        alone.backward(upstream[i])
        for column, leaf in zip(columns, leaves, strict=False):
            found = 0.0 if column.grad is None else column.grad[i]
            assert found == pytest.approx(leaf.grad, rel=1e-9, abs=1e-12, nan_ok=True)
        with np.errstate(all="ignore"):
            total += np.float64(leaves[2].grad)
    if np.isfinite(total):  # else it matters what is summed first
        assert (0.0 if common.grad is None else float(common.grad)) == pytest.approx(total, rel=1e-9, abs=1e-9)


@settings(max_examples=max(settings().max_examples // 2, 1))
@given(st.data())
def test_transforms_agree(data):
    point = data.draw(st.lists(MODERATE, min_size=3, max_size=3))
    steps = data.draw(programs(SMOOTH, 3, 5))
    assume(all(1e-2 < abs(each.data) < 30 for each in run(steps, [Value(x) for x in point])))

    def of_numbers(*x):
        return run(steps, x)[-1]

    def of_an_array(x):
        return run(steps, list(x))[-1]

    everything = (0, 1, 2)
    by_numbers = grad(of_numbers, everything)(*point)
    size = max(1.0, *map(abs, by_numbers))
    assume(size < 1e6)
    assert all(type(each) is float for each in by_numbers)
    array = np.array(point)
    assert grad(of_an_array)(array) == pytest.approx(by_numbers, rel=1e-9, abs=1e-10 * size)
    table = hessian(of_an_array)(array)
    by_rows = [grad(lambda *x, i=i: grad(of_numbers, i)(*x), everything)(*point) for i in everything]
    assert table == pytest.approx(np.array(by_rows), rel=1e-8, abs=1e-8 * max(1.0, abs(table).max()))
    assert table == pytest.approx(table.T, rel=1e-8, abs=1e-8 * max(1.0, abs(table).max()))
    tangent = np.array([1.0, -2.0, 0.5])
    assert make_jvp(of_an_array)(array)(tangent)[1] == pytest.approx(tangent @ by_numbers, rel=1e-9, abs=1e-9 * size)
    assert make_jvp(of_numbers, everything)(*point)(tuple(tangent))[1] == pytest.approx(
        tangent @ by_numbers, rel=1e-9, abs=1e-9 * size
    )


def test_the_same_bits_every_time():
    steps = [("mul", (0, 1)), ("tanh", (2,)), ("add", (3, 0)), ("exp", (4,)), ("div", (5, 1)), ("sin", (6,))]
    for kind in KINDS:
        found = {repr(derivatives(kind, steps, [0.3, -0.7], [1.0, 2.0])) for _ in range(3)}
        assert len(found) == 1
