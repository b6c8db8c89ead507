"""Numerical derivatives: they are right, they know their own error, and they own up at kinks, jumps and edges.

Then the checker is checked: right gradients pass, near poles and kinks too, and wrong ones are caught, however small,
sparse or cancelling they are.
"""

import math
from collections import namedtuple

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import autograd
from autograd import GradcheckError, Tensor, Value, gradcheck, numerical_grad
from autograd.extend import defvjp, primitive

SMOOTH = {
    "sin": (math.sin, math.cos),
    "exp": (math.exp, math.exp),
    "cube": (lambda x: x**3, lambda x: 3 * x**2),
    "log": (math.log, lambda x: 1 / x),
    "root": (math.sqrt, lambda x: 0.5 / math.sqrt(x)),
    "reciprocal": (lambda x: 1 / x, lambda x: -1 / x**2),
    "tanh": (math.tanh, lambda x: 1 / math.cosh(x) ** 2),
    "tiny": (lambda x: 1e-200 * math.sin(x), lambda x: 1e-200 * math.cos(x)),
    "huge": (lambda x: 1e200 * math.sin(x), lambda x: 1e200 * math.cos(x)),
    "linear": (lambda x: 3 * x - 7, lambda x: 3.0),
    "constant": (lambda x: 1.5, lambda x: 0.0),
    "fast": (lambda x: math.sin(1000 * x), lambda x: 1000 * math.cos(1000 * x)),
    # with a period that divides the first step, or the whole difference
    "periodic": (lambda x: math.sin(20 * math.pi * x), lambda x: 20 * math.pi * math.cos(20 * math.pi * x)),
    "offset": (lambda x: 1e6 + math.sin(x), math.cos),
}
POSITIVE = ("log", "root", "reciprocal")


@pytest.mark.parametrize("name", SMOOTH)
@given(sign=st.sampled_from([1.0, -1.0]), mantissa=st.floats(1, 10), exponent=st.integers(-6, 1))
@example(sign=1.0, mantissa=1.0, exponent=-3)
@example(sign=1.0, mantissa=1.5, exponent=1)
@example(sign=1.0, mantissa=6.5, exponent=-1)
def test_the_derivative_is_right_within_its_own_error(name: str, sign: float, mantissa: float, exponent: int) -> None:
    f, derivative = SMOOTH[name]
    x = mantissa * 10.0**exponent * (1.0 if name in POSITIVE else sign)
    found = numerical_grad(f, x)
    true = derivative(x)
    assert found.smooth
    assert abs(found.value - true) <= 10 * found.error + 1e-12 * abs(true)
    size_within_the_first_step = max(abs(f(x)), abs(f(x + 0.1 * max(abs(x), 1))))
    assert found.error <= 1e-7 * abs(true) + 1e-9 * size_within_the_first_step


@pytest.mark.parametrize("distance", [1e-1, 1e-3, 1e-5, 1e-7, 1e-9])
@pytest.mark.parametrize(("center", "sign"), [(0.0, 1), (0.0, -1), (1.0, 1), (1.0, -1)])
def test_a_kink_near_by_does_no_harm(distance: float, center: float, sign: int) -> None:
    found = numerical_grad(lambda x: max(x - center, 0.0) * math.exp(x), center + sign * distance)
    x = center + sign * distance
    true = (1 + x - center) * math.exp(x) if sign > 0 else 0.0
    assert found.smooth
    assert found.value == pytest.approx(true, rel=1e-5, abs=1e-12)
    assert abs(found.value - true) <= 10 * found.error + 1e-12


@pytest.mark.parametrize(
    ("f", "x", "slopes"),
    [
        (abs, 0.0, (-1, 1)),
        (lambda x: max(x, 0.0), 0.0, (0, 1)),
        (lambda x: max(x, 0.0), 5e-324, (0, 1)),  # nearer to the kink than the smallest step
        (lambda x: 1e-9 * abs(x - 3), 3.0, (-1e-9, 1e-9)),
        (lambda x: max(x, 1.0) + math.exp(x), 1.0, (math.e, math.e + 1)),
        (lambda x: max(min(x, 1.0), 0.0), 1.0, (1, 0)),
    ],
)
def test_a_kink_is_reported_with_its_slopes(f, x, slopes) -> None:
    found = numerical_grad(f, x)
    assert not found.smooth
    ends = found.value - found.error, found.value + found.error
    assert sorted(ends) == pytest.approx(sorted(slopes), rel=0.01, abs=0.01 * abs(slopes[1] - slopes[0]))


@pytest.mark.parametrize("x", [1e-3, 1e-9, 1e-16])
def test_an_edge_of_the_domain_near_by_does_no_harm(x: float) -> None:
    found = numerical_grad(lambda z: 2 * z if z > 0 else math.nan, x)
    assert found.smooth
    assert found.value == pytest.approx(2, rel=1e-9)
    assert numerical_grad(math.log, x).value == pytest.approx(1 / x, rel=1e-6)


@pytest.mark.parametrize("x", [1e-3, 1e-17, 1e-20, 1e-300])
@pytest.mark.parametrize(
    ("f", "derivative"),
    [
        (math.log, lambda x: 1 / x),
        (math.sqrt, lambda x: 0.5 / math.sqrt(x)),
        (lambda x: x * math.log(x), lambda x: math.log(x) + 1),
        (lambda x: max(x, 0.0), lambda x: 1.0),
        (lambda x: max(-x, 0.0), lambda x: 0.0),
        (lambda x: math.copysign(1.0, x), lambda x: 0.0),
    ],
)
def test_the_steps_shrink_to_the_size_of_the_point(f, derivative, x: float) -> None:
    found = numerical_grad(f, x)
    assert found.smooth
    assert found.value == pytest.approx(derivative(x), rel=1e-7, abs=1e-12)
    assert abs(found.value - derivative(x)) <= 10 * found.error + 1e-12 * abs(derivative(x))


@pytest.mark.parametrize("power", range(-22, -16))
@given(mantissa=st.floats(1, 10))
def test_a_function_may_vary_at_the_size_of_the_point(power: int, mantissa: float) -> None:
    x = mantissa * 10.0**power
    found = numerical_grad(lambda x: np.array([math.tanh(1e20 * x), math.hypot(x, 1e-20)]), x)
    assert found.smooth.all()
    true = np.array([1e20 / np.cosh(min(1e20 * x, 300)) ** 2, x / math.hypot(x, 1e-20)])
    assert (abs(found.value - true) <= 10 * found.error + 1e-9 * true).all()


@pytest.mark.parametrize("f", [math.floor, np.cbrt, lambda x: abs(x) ** 0.5, lambda x: math.copysign(1.0, x)])
def test_where_the_slopes_grow_without_bound_the_error_is_infinite(f) -> None:
    found = numerical_grad(f, 0.0)
    assert not found.smooth
    assert found.error == math.inf


@given(x=st.floats(-100, 100), turn=st.floats(0.01, 10), offset=st.floats(-100, 100))
@example(x=10.51538421158945, turn=1.511544129568408, offset=-1.533270141307348)
@example(x=-2.96, turn=1.72, offset=72.3)
@example(x=2.225073858507203e-309, turn=0.5, offset=0.0)  # where the last digits are of one size
def test_a_kink_is_never_taken_for_smooth(x: float, turn: float, offset: float) -> None:
    found = numerical_grad(lambda z: offset + math.sin(z) + turn * max(z - x, 0.0), x)
    assert not found.smooth
    assert found.value == pytest.approx(math.cos(x) + turn / 2, abs=0.01 * turn)
    assert found.error == pytest.approx(turn / 2, rel=0.05)


@pytest.mark.parametrize("curve", [np.square, np.cosh, lambda d: 1 - np.cos(d), lambda d: d**4, lambda d: 7 + 0 * d])
@given(x=st.floats(-3, 3), offset=st.sampled_from([0.0, 3.0]))
def test_where_the_slope_is_zero_it_says_zero(curve, x: float, offset: float) -> None:
    found = numerical_grad(lambda z: offset + curve(z - x), x)
    assert found.smooth
    assert abs(found.value) <= 10 * found.error <= 1e-10


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (math.floor, 1.0),  # a jump
        (math.sqrt, 0.0),  # an edge of the domain, with an exception outside
        (lambda x: x**0.5, 0.0),  # complex outside
        (lambda x: float(np.log(x)), 0.0),  # not finite here
        (np.cbrt, 0.0),  # an infinite slope
        (lambda x: math.copysign(1.0, x), 0.0),
        (lambda x: x, math.inf),
        (lambda x: x, math.nan),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_where_there_is_no_derivative_it_says_so(f, x) -> None:
    found = numerical_grad(f, x)
    assert not found.smooth
    assert math.isnan(found.value) or found.error > 0.1 * abs(found.value)


@given(step=st.floats(1e-4, 1e-2), place=st.floats(0.1, 0.9), whole=st.integers(-50, 50))
def test_a_staircase_is_flat_and_a_saw_is_steep(step: float, place: float, whole: int) -> None:
    x = (whole + place) * step
    stairs = numerical_grad(lambda x: step * math.floor(x / step), x)
    saw = numerical_grad(lambda x: x - step * math.floor(x / step), x)
    assert stairs.smooth
    assert saw.smooth
    assert abs(stairs.value) <= 10 * stairs.error + 1e-12
    assert abs(saw.value - 1) <= 10 * saw.error + 1e-12


@given(x=st.floats(-3, 3), offset=st.floats(1e2, 1e7))
def test_rounding_inside_of_f_is_not_mistaken_for_a_flat_function(x: float, offset: float) -> None:
    found = numerical_grad(lambda x: (2 * x + math.sin(x) + offset) - offset, x)
    assert found.value == pytest.approx(2 + math.cos(x), rel=1e-3)


def log_sigmoid(x: float) -> float:
    return math.log(1 / (1 + math.exp(-20 - 0.01 * x)))


ROUNDED = {
    "log of sigmoid": (log_sigmoid, lambda x: 0.01 / (1 + math.exp(20 + 0.01 * x)), (-100, 100)),
    "softplus": (lambda x: math.log(1 + math.exp(-x)), lambda x: -1 / (1 + math.exp(x)), (0, 60)),
    "scaled": (lambda x: 0.03 * math.log(1 + math.exp(-x)), lambda x: -0.03 / (1 + math.exp(x)), (0, 60)),
    "arccos of cos": (lambda x: math.acos(math.cos(1e-6 * x)), lambda x: 1e-6, (0.1, 100)),
    "float32": (lambda x: float(np.tanh(np.float32(x))), lambda x: 1 / math.cosh(x) ** 2, (-4, 4)),
}


@pytest.mark.parametrize("name", ROUNDED)
def test_a_flat_stretch_that_rounding_made_is_not_mistaken_for_a_flat_function(name: str) -> None:
    f, derivative, ends = ROUNDED[name]
    missed = 0  # rounded values may also agree by chance
    for x in np.random.default_rng(0).uniform(*ends, 100).tolist():
        found, true = numerical_grad(f, x), derivative(x)
        assert found.smooth
        assert found.value == pytest.approx(true, rel=0.05, abs=1e-14)
        assert found.error <= 0.2 * abs(true) + 1e-14
        missed += abs(found.value - true) > 10 * found.error + 1e-4 * abs(true)
    assert missed <= 1


def test_how_well_a_rounded_function_is_known() -> None:
    found = numerical_grad(log_sigmoid, 1.0)
    assert found.value == pytest.approx(2.0407e-11, rel=1e-3)
    assert 1e-16 < found.error < 1e-13


@pytest.mark.parametrize("x", [0.5, 1.95, -3.0001, 100.5])
def test_between_its_steps_a_staircase_is_constant(x: float) -> None:
    found = numerical_grad(math.floor, x)
    assert (found.value, found.smooth) == (0.0, True)
    assert found.error < 1e-10


@pytest.mark.parametrize("x", [1e6 + 0.5, 1e8 + 0.5, -1e10 + 0.5])
def test_from_afar_a_staircase_looks_like_a_slope_and_that_is_admitted(x: float) -> None:
    found = numerical_grad(math.floor, x)
    assert found.smooth
    assert abs(found.value) <= 10 * found.error
    slope = numerical_grad(lambda x: 3 * x + 7, x)
    assert slope.value == pytest.approx(3, rel=1e-9)
    assert slope.error < 1e-9


@given(x=st.floats(-1, 1))
def test_single_precision_inside_of_f_is_no_harm(x: float) -> None:
    found = numerical_grad(lambda x: float(np.tanh(np.float32(x)) + np.float32(2) * np.float32(x)), x)
    assert found.value == pytest.approx(3 - math.tanh(x) ** 2, rel=1e-3)


def test_a_float_gives_floats() -> None:
    found = numerical_grad(math.sin, 1)
    assert [type(part) for part in found] == [float, float, bool]
    assert numerical_grad(lambda x: np.float64(2) * x, np.float32(3)).value == pytest.approx(2.0)


def test_the_jacobian_has_the_shape_of_the_output_and_then_of_the_argument() -> None:
    matrix = np.arange(6.0).reshape(2, 3)
    found = numerical_grad(lambda x: matrix @ x, np.ones((3, 4)))
    assert found.value.shape == found.error.shape == found.smooth.shape == (2, 4, 3, 4)
    np.testing.assert_allclose(found.value, np.einsum("ik,jl->ijkl", matrix, np.eye(4)), atol=1e-12)
    assert numerical_grad(lambda x: x * np.ones(5), 2.0).value.shape == (5,)
    assert numerical_grad(np.sum, np.ones((2, 3))).value.shape == (2, 3)
    assert numerical_grad(np.sum, np.array(2.0)).value.shape == ()
    assert numerical_grad(lambda x: x, np.ones((0, 3))).value.shape == (0, 3, 0, 3)
    assert numerical_grad(np.sum, np.ones((0, 3))).smooth.dtype == bool


def test_outputs_do_not_disturb_each_other() -> None:
    # one output is nan on the right, one has a kink, one is large, one small; each gets its own derivative
    def f(x: float) -> np.ndarray:
        return np.array([math.nan if x > 1.01 else x**2, abs(x - 1), 1e9 * math.exp(x), 1e-9 * math.sin(x)])

    found = numerical_grad(f, 1.0)
    assert found.smooth.tolist() == [True, False, True, True]
    np.testing.assert_allclose(found.value[[0, 2, 3]], [2, 1e9 * math.e, 1e-9 * math.cos(1)], rtol=1e-9)
    assert found.error[1] == pytest.approx(1, rel=0.01)


def test_arguments_are_chosen_by_number_and_may_be_structures() -> None:
    def f(scale, params, power):
        return scale * (params["w"][0] * params["w"][1] ** power).sum() + params["b"]

    Pair = namedtuple("Pair", "first second")
    params = {"w": Pair(np.array([1.0, 2.0]), np.array([3.0, 4.0])), "b": 5}
    found = numerical_grad(f, 2.0, params, 2, argnum=1)
    assert isinstance(found.value["w"], Pair)
    np.testing.assert_allclose(found.value["w"].first, [18, 32])
    np.testing.assert_allclose(found.value["w"].second, [12, 32])
    assert found.value["b"] == pytest.approx(1)
    assert found.smooth["b"] is True
    scale, power = numerical_grad(f, 2.0, params, 2.0, argnum=(0, -1)).value
    assert scale == pytest.approx(41)
    assert power == pytest.approx(2 * (9 * math.log(3) + 32 * math.log(4)))


def test_a_result_may_be_a_node() -> None:
    w = Value(3.0)
    assert numerical_grad(lambda x: w * x, 2.0).value == pytest.approx(3.0)
    assert w.grad == 0.0
    np.testing.assert_allclose(numerical_grad(lambda x: Tensor([1.0, 2.0]) * x, 2.0).value, [1, 2])


def test_the_argument_is_neither_changed_nor_shared() -> None:
    x = np.arange(3.0)

    def spoils(a: np.ndarray) -> float:
        total = float((a * a).sum())
        a[:] = -100.0
        return total

    np.testing.assert_allclose(numerical_grad(spoils, x).value, [0, 2, 4], atol=1e-12)
    assert x.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("f", "x", "message"),
    [
        (abs, "3", r"args\[0\] is a str"),
        (abs, 1j, r"args\[0\] is a complex"),
        (abs, None, r"args\[0\] is None"),
        (abs, Value(2.0), r"args\[0\] is a Value.*pass its .data"),
        (np.sum, np.array([1j]), r"args\[0\] is an array of shape \(1,\) and dtype complex128"),
        (lambda d: d["a"], {"a": [1.0, "x"]}, r"args\[0\]\['a'\]\[1\] is a str"),
        (lambda x: x * 1j, 1.0, "the result of f is a complex"),
        (lambda x: None, 1.0, "the result of f is None"),
        (lambda x: [x], 1.0, "the result of f is a list"),
    ],
)
def test_what_is_not_real_is_refused(f, x, message) -> None:
    with pytest.raises(TypeError, match=message):
        numerical_grad(f, x)


def test_an_exception_at_the_point_itself_is_passed_on() -> None:
    with pytest.raises(ZeroDivisionError):
        numerical_grad(lambda x: 1 / x, 0.0)


RIGHT = {
    "sin": (autograd.sin, 0.7),
    "exp at 15": (autograd.exp, 15.0),
    "cube at 1000": (lambda x: x**3, 1e3),
    "log near its pole": (autograd.log, 1e-3),
    "reciprocal near its pole": (lambda x: 1 / x, -1e-6),
    "tan near its pole": (autograd.tan, 1.57),
    "arcsin near its edge": (autograd.arcsin, 0.999),
    "relu right of its kink": (autograd.relu, 1e-5),
    "relu left of its kink": (autograd.relu, -1e-5),
    "abs": (abs, -0.3),
    "tanh where it is flat": (autograd.tanh, 9.0),
    "sigmoid where it is flat": (autograd.sigmoid, -40.0),
    "tiny": (lambda x: 1e-30 * autograd.sin(x), 1.0),
    "huge": (lambda x: 1e30 * autograd.sin(x), 1.0),
    "linear": (lambda x: 3 * x - 7, 2.0),
    "identity": (lambda x: x, 2.0),
    "zero": (lambda x: x - x, 2.0),
    "an even function at 0": (autograd.cosh, 0.0),
    "used twice": (lambda x: x * autograd.sin(x) + x, 0.4),
    "a logarithm whose argument is rounded": (lambda x: (1 + autograd.exp(-x)).log(), 30.0),
    "one whose argument is 1": (lambda x: (1 + autograd.exp(-x)).log(), 50.0),
    "a staircase from afar": (autograd.floor, 1e8 + 0.5),
    "log at 1e-20": (autograd.log, 1e-20),
    "reciprocal at 1e-16": (lambda x: 1 / x, 1e-16),
    "relu at 1e-20": (autograd.relu, 1e-20),
    "a narrow peak": (lambda x: autograd.exp(-1e6 * x * x), 0.01),
    "sum of softmax": (lambda x: autograd.exp(x) / (autograd.exp(x) + 2) + 2 / (autograd.exp(x) + 2), 0.4),
}


@pytest.mark.parametrize("shape", ["float", (), (1,), (2, 3)])
@pytest.mark.parametrize("name", RIGHT)
def test_right_gradients_pass(name: str, shape) -> None:
    f, x = RIGHT[name]
    random = np.random.default_rng(0)
    point = x if shape == "float" else x * random.uniform(0.999, 1, shape)
    report = gradcheck(f, point, order=2)
    assert report.checked > 0
    assert (report.wrong, report.undefined) == (0, 0)


def test_what_rounding_inside_hides_is_not_called_wrong() -> None:
    assert gradcheck(lambda x: (1e-6 * x).cos().arccos(), 3.0).wrong == 0
    assert gradcheck(lambda x: (1 / (1 + (-20 - 0.01 * x).exp())).log(), 1.0).wrong == 0


def test_several_arguments_structures_and_mixtures_pass() -> None:
    random = np.random.default_rng(1)
    x, w, b = random.normal(size=(4, 3)), random.normal(size=(3, 2)), random.normal(size=2)

    def layers(params, x):
        return {"out": autograd.tanh(x @ params["w"] + params["b"][0]) * params["scale"], "b": params["b"]}

    report = gradcheck(layers, {"w": w, "b": [b], "scale": 2}, x, order=2)
    entries, outputs = 6 + 2 + 1 + 12, 8 + 2
    assert report.checked == entries * (outputs + 1) + entries * (entries + 1)
    assert gradcheck(lambda a: a * a[::-1], b, order=2).wrong == 0
    assert gradcheck(lambda a: a @ a.T, w, order=2).wrong == 0
    assert gradcheck(lambda a: autograd.exp(a) * np.ones((11, 1)), random.normal(size=11), order=2).wrong == 0
    assert gradcheck(lambda p, q: p * q + p, 2.0, 3.0, order=3).wrong == 0


def test_an_argument_or_output_without_a_path_has_gradient_zero() -> None:
    assert gradcheck(lambda x, y: x * x, 2.0, np.ones(2), order=2).wrong == 0
    assert gradcheck(lambda x: 3.0, 2.0, order=2).wrong == 0
    assert gradcheck(lambda x: [x * x, 1.0, np.ones(2)], 2.0, order=2).wrong == 0
    assert gradcheck(lambda x: x.detach() * 0.0, 2.0).wrong == 0


@pytest.mark.parametrize("args", [(), ({},), (np.ones((0, 3)),)])
def test_nothing_to_check_is_no_fault(args) -> None:
    report = gradcheck(lambda *args: args[0] * 2 if args and not isinstance(args[0], dict) else 1.0, *args, order=2)
    assert report.checked == 0
    assert "entries checked: 0" in str(report)
    assert gradcheck(lambda x: [], 1.0).wrong == 0


def wrongly(y, gradient):
    """The value of y, with the gradient of something else."""
    return gradient + (y.detach() - gradient.detach())


def swapped(x):
    y = autograd.sin(x)
    order = np.array([1, 0, *range(2, len(x))])
    return wrongly(y, y[order])


def cancelling(x):
    y = autograd.exp(x)
    return wrongly(y, y + 0.01 * (y[0] - y[1]) * np.array([1.0, -1.0, *np.zeros(len(x) - 2)]))


def one_entry(x):
    y = x * x
    factors = np.ones(x.shape)
    factors[2, 3] = 1.01
    return wrongly(y, y * factors)


def sine(rule):
    """The sine as an operation with a rule of its own."""
    operation = primitive(lambda x: np.sin(x))
    defvjp(operation, lambda ans, x: lambda g: rule(g, x))
    return operation


deaf = sine(lambda g, x: np.cos(x))  # to what comes from upstream

X = np.random.default_rng(2).uniform(-1, 1, 5)
WRONG = {
    "factor 1.0005": (lambda x: wrongly(autograd.sin(x), 1.0005 * autograd.sin(x)), 0.7),
    "factor 1.001 of arrays": (lambda x: wrongly(autograd.sin(x), 1.001 * autograd.sin(x)), X),
    "factor 1.000001": (lambda x: wrongly(autograd.sin(x), (1 + 1e-6) * autograd.sin(x)), 0.7),
    "factor 1.000001 of arrays": (lambda x: wrongly(autograd.exp(x), (1 + 1e-6) * autograd.exp(x)), X),
    "factor 1.000001 at a pole": (lambda x: wrongly(autograd.log(x), (1 + 1e-6) * autograd.log(x)), 1e-3),
    "sign": (lambda x: wrongly(autograd.cos(x), -autograd.cos(x)), 0.7),
    "factor 2 at 1e-7": (lambda x: wrongly(1e-7 * autograd.sin(x), 2e-7 * autograd.sin(x)), 0.7),
    "factor 2 at 1e-7 of arrays": (lambda x: wrongly(1e-7 * autograd.sin(x), 2e-7 * autograd.sin(x)), X),
    "factor 2 at 1e-300": (lambda x: wrongly(1e-300 * autograd.sin(x), 2e-300 * autograd.sin(x)), 0.7),
    "a small output beside a large one": (
        lambda x: [1e6 * x, wrongly(1e-7 * autograd.sin(x), 2e-7 * autograd.sin(x))],
        0.7,
    ),
    "two rows swapped": (swapped, X),
    "two rows swapped of a sum": (lambda x: (swapped(x) * np.arange(1.0, 6.0)).sum(), X),
    "cancelling in the column sum": (cancelling, X),
    "one of 3600 entries": (one_entry, np.random.default_rng(3).uniform(0.5, 1.5, (60, 60))),
    "missing": (lambda x: x.detach() * 2, 0.7),
    "superfluous": (lambda x: 1.0 + 1e-6 * (x - x.detach()), 0.7),
    "nan": (sine(lambda g, x: g * math.nan), 0.7),
    "inf": (sine(lambda g, x: g * math.inf), X),
    "one branch of a reuse lost": (lambda x: x * x.detach(), 0.7),
    "upstream gradient forgotten": (deaf, 0.7),
    "upstream gradient forgotten of arrays": (deaf, X),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_gradients_are_caught(name: str) -> None:
    f, x = WRONG[name]
    with pytest.raises(GradcheckError) as caught:
        gradcheck(f, x)
    report = caught.value.args[0]
    assert report.wrong > 0
    assert report.undefined == 0
    assert report.worst.smooth


def test_what_is_wrong_is_named() -> None:
    with pytest.raises(GradcheckError) as caught:
        gradcheck(lambda p: one_entry(p["w"]).sum(), {"b": 1.0, "w": np.full((4, 6), 1.5)})
    report = caught.value.args[0]
    assert (report.checked, report.wrong) == (25, 1)
    assert report.worst.name == "∂f/∂args[0]['w'][2, 3]"
    assert report.worst.analytic == pytest.approx(3.03)
    assert report.worst.numerical == pytest.approx(3.0)
    assert 0 < report.worst.error < 1e-7
    text = str(caught.value)
    assert "entries checked: 25, wrong: 1" in text
    assert "∂f/∂args[0]['w'][2, 3] = 3.03 by the chain rule, 3 ± " in text


def test_the_output_is_named_where_there_are_several() -> None:
    with pytest.raises(GradcheckError, match=r"∂f\['b'\]\[1\]/∂args\[0\]\[1\] = 4 by the chain rule, 2 ± "):
        gradcheck(lambda x: {"a": 1e3 * x, "b": wrongly(2 * x, x * np.array([2.0, 4.0]))}, np.ones(2))


def test_a_wrong_second_derivative_is_caught_at_the_second_order() -> None:
    def f(x):
        return autograd.sin(x) + 1e-6 * (x - x.detach()) ** 2

    assert gradcheck(f, 0.7).wrong == 0
    with pytest.raises(GradcheckError) as caught:
        gradcheck(f, 0.7, order=2)
    worst = caught.value.args[0].worst
    assert worst.name == "∂(∂f/∂args[0])/∂args[0]"
    assert worst.numerical == pytest.approx(-math.sin(0.7), rel=1e-9)
    assert worst.analytic == pytest.approx(-math.sin(0.7) + 2e-6, rel=1e-9)
    with pytest.raises(GradcheckError):
        gradcheck(f, X, order=2)


@pytest.mark.parametrize("x", [0.0, 5e-324, np.array([1.0, 0.0])])
def test_a_straddled_kink_is_an_error_of_its_own(x) -> None:
    with pytest.raises(GradcheckError, match=r"(?s)without a derivative: [^0].*a kink, whose two slopes") as caught:
        gradcheck(autograd.relu, x)
    report = caught.value.args[0]
    assert report.wrong == 0
    assert report.undefined > 0
    assert report.worst.error == pytest.approx(0.5, rel=0.01)


def test_an_edge_of_the_domain_is_an_error_of_its_own() -> None:
    with pytest.raises(GradcheckError, match="inf by the chain rule, nan ± inf numerically: f is not finite on both"):
        gradcheck(autograd.sqrt, 0.0)


def test_a_jump_is_an_error_of_its_own() -> None:
    message = "± inf numerically: a jump or a vertical tangent, where the slopes grow without bound"
    with pytest.raises(GradcheckError, match=message) as caught:
        gradcheck(autograd.floor, 1.0)
    assert (caught.value.args[0].wrong, caught.value.args[0].undefined) == (0, 1)


def test_a_wrong_entry_is_worse_than_a_kink() -> None:
    with pytest.raises(GradcheckError) as caught:
        gradcheck(lambda x, y: autograd.relu(x) + wrongly(y, 2 * y), 0.0, 1.0)
    assert (caught.value.args[0].wrong, caught.value.args[0].undefined) == (1, 1)
    assert caught.value.args[0].worst.name == "∂f/∂args[1]"


def test_nothing_is_written_to_nodes_or_arguments() -> None:
    w = Value(3.0)
    t = Tensor([1.0, 2.0])
    (w * t).sum().backward()
    x = np.array([1.0, 2.0])
    params = {"x": x}
    gradcheck(lambda p: (w * t * p["x"] * p["x"]).sum(), params, order=2)
    assert w.grad == 3.0
    assert t.grad.tolist() == [3.0, 3.0]
    assert params["x"] is x
    assert x.tolist() == [1.0, 2.0]


def test_switches_of_the_caller_do_not_matter() -> None:
    with autograd.no_grad():
        assert gradcheck(autograd.sin, 0.7, order=2).wrong == 0
        assert not autograd.is_recording()
    with autograd.detect_anomaly():  # the numbers look where log is nan, and that is no anomaly of the caller's
        assert gradcheck(autograd.log, 1e-3).wrong == 0


def test_the_same_check_says_the_same() -> None:
    def report():
        return str(gradcheck(lambda a: autograd.tanh(a @ a.T), np.arange(6.0).reshape(2, 3) / 6, order=2))

    assert report() == report()


@pytest.mark.parametrize(
    ("f", "x", "message"),
    [
        (abs, "3", r"args\[0\] is a str"),
        (abs, Value(3.0), r"args\[0\] is a Value.*pass its .data"),
        (lambda p: p[0], [1.0, None], r"args\[0\]\[1\] is None"),
        (lambda x: {"loss": None}, 1.0, r"f\['loss'\] is None"),
    ],
)
def test_gradcheck_refuses_what_is_not_real(f, x, message) -> None:
    with pytest.raises(TypeError, match=message):
        gradcheck(f, x)


def test_the_report_is_readable_at_the_prompt():
    report = gradcheck(autograd.sin, 0.0)
    assert repr(report) == str(report)
    assert repr(report).startswith(
        "entries checked: 1, wrong: 0, without a derivative: 0; the worst is\n∂f/∂args[0] = 1"
    )


@pytest.mark.parametrize("order", [0, -1, 1.5, "2"])
def test_an_order_that_is_none(order):
    with pytest.raises(ValueError, match=f"order is how often f is differentiated, 1 or more, not {order!r}"):
        gradcheck(autograd.sin, 1.0, order=order)


def test_a_small_output_that_carries_the_rounding_of_greater_ones_is_no_kink():
    """One element of this inverse cancels to a millionth of the others."""
    rows = (
        [4.97244647, -1.30068726, 2.21984645],
        [0.54160155, 4.10005303, 1.54619859],
        [0.74523075, -1.21527235, 2.12740347],
    )
    a = np.array(rows)
    assert abs(np.linalg.inv(a)[1, 0]) < 2e-6
    gradcheck(np.linalg.inv, a, order=2)


def test_an_infinite_output_is_no_kink_of_the_others():
    slope = numerical_grad(lambda x: np.array([np.inf, np.sin(x)]), 0.5)
    assert slope.smooth[1]
    assert not numerical_grad(lambda x: np.array([np.inf, abs(x)]), 0.0).smooth[1]


def test_a_missing_point_is_told():
    with pytest.raises(TypeError, match="no argument number 0: pass the point too"):
        numerical_grad(math.sin)


def test_positions_of_arguments_are_read_as_grad_reads_them():
    def f(x, y):
        return x * y

    assert numerical_grad(f, 2.0, 3.0, argnum=(1, -2)).value == pytest.approx((2.0, 3.0))
    assert numerical_grad(f, 2.0, 3.0, argnum=(-1, 0)).value == pytest.approx((2.0, 3.0))
    assert numerical_grad(f, 2.0, 3.0, argnum=np.int64(1)).value == pytest.approx(2.0)
    assert numerical_grad(f, 2.0, 3.0, argnum=(np.int64(1),)).value == pytest.approx((2.0,))


@pytest.mark.parametrize(
    ("argnum", "error", "message"),
    [
        ((0, 0), ValueError, r"argnum \(0, 0\) names an argument twice"),
        ((1, -1), ValueError, r"argnum \(1, -1\) names an argument twice"),
        (2, IndexError, "argnum 2 of a function called with 2 positional arguments"),
        ((0, -3), IndexError, "argnum -3 of a function called with 2 positional arguments"),
        (1.0, TypeError, "argnum is the position of an argument, or a tuple of positions, not 1.0"),
        ([0, 1], TypeError, r"argnum is the position of an argument, or a tuple of positions, not \[0, 1\]"),
    ],
)
def test_positions_that_are_none_are_refused_as_grad_refuses_them(argnum, error, message):
    with pytest.raises(error, match=message):
        numerical_grad(lambda x, y: x * y, 2.0, 3.0, argnum=argnum)
    with pytest.raises(error, match=message):
        autograd.grad(lambda x, y: x * y, argnum)(2.0, 3.0)
