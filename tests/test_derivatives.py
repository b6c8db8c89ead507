"""Every row of the table of derivatives, on floats: its value, its partials, second order, kinks, edges, both readers.

The rows test themselves: points are drawn from a row's own `domain`, away from its own `kink`. So a row that is added
to the table is tested without a line here; only a row that is made of nothing needs its function in `BASE`.
"""

import itertools
import math
import operator

import mpmath
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import autograd
from autograd import Value
from autograd.formula import CONDITIONS, Formula, Row, parts
from autograd.functions import FUNCTIONS
from autograd.numerical import numerical_grad
from autograd.readers import arrays, floats
from autograd.rows import ROWS

Point = tuple[float, ...]

MARGIN = 1e-3  # from kinks and from the edges of a domain
EPSILON = 2.0**-52
EXTREMES = (0.0, -0.0, 1.0, -1.0, 2.0, -3.0, 0.5, 1e-8, 1e17, 709.9, -745.2, 1e3, -1e3, 1e308, -1e308, 5e-324, -5e-324,
            math.inf, -math.inf, math.nan)  # fmt: skip
FEW = settings(max_examples=settings().max_examples // 3)  # an example takes milliseconds, and there are many rows
EVERY_ROW = pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row.name)

# The rows that are not made of other rows, computed by somebody else.
BASE = {
    **{name: getattr(operator, name) for name in ("add", "sub", "mul", "pow", "neg", "pos", "abs")},
    **{name: getattr(mpmath, name) for name in "exp expm1 log log1p sqrt sin cos tan sinh cosh tanh erf hypot".split()},
    **{f"arc{name}": getattr(mpmath, f"a{name}") for name in "sin cos tan tan2 sinh cosh tanh".split()},
    **{name: getattr(mpmath, name) for name in ("floor", "ceil")},
    "div": operator.truediv,
    "exp2": lambda x: 2**x,
    "log2": lambda x: mpmath.log(x, 2),
    "log10": mpmath.log10,
    "cbrt": lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)),
    "trunc": lambda x: mpmath.sign(x) * mpmath.floor(abs(x)),
    "round": mpmath.nint,
}


def evaluated(formula: Formula, names: dict[str, float], slack: float = 0.0):
    """A formula of the table on any numbers; conditions hold with some slack (or, if that is negative, strictly)."""
    head, *args = formula
    if head == "name":
        return names[args[0]]
    if head == "number":
        return args[0]
    if head == "constant":
        return {"pi": +mpmath.pi, "inf": mpmath.inf, "nan": mpmath.nan}[args[0]]
    if head == "where":
        return evaluated(args[1] if evaluated(args[0], names) else args[2], names)
    values = [evaluated(arg, names, slack) for arg in args]
    if head in CONDITIONS:
        return {
            "and": lambda a, b: a and b,
            "or": lambda a, b: a or b,
            "==": lambda a, b: abs(a - b) <= slack,
            "!=": lambda a, b: abs(a - b) > -slack,
            "<": lambda a, b: a < b + slack,
            "<=": lambda a, b: a <= b + slack,
            ">": lambda a, b: a > b - slack,
            ">=": lambda a, b: a >= b - slack,
        }[head](*values)
    row = ROWS[head]
    return BASE[head](*values) if head in BASE else evaluated(row.definition, dict(zip(row.names, values, strict=True)))


def defined(row: Row, *operands):
    """What the row's definition says, to many digits."""
    return evaluated(row.definition, dict(zip(row.names, operands, strict=True)))


def is_smooth(row: Row, point: Point) -> bool:
    """Whether a point lies in the row's domain, away from its edges and from the row's kinks."""
    names = dict(zip(row.names, point, strict=True))
    inside = row.domain is None or evaluated(row.domain, names, -MARGIN)
    return inside and not (row.kink and evaluated(row.kink, names, MARGIN))


def bounds(row: Row) -> tuple[float, float]:
    """Between which numbers arguments are drawn: what the domain says of a single one, else (-8, 8)."""
    low, high = -8.0, 8.0
    if row.domain and len(row.args) == 1:
        for test in parts(row.domain):
            match test:
                case ("<", ("name", _), ("number", number)) | (">", ("number", number), ("name", _)):
                    high = number
                case (">", ("name", _), ("number", number)) | ("<", ("number", number), ("name", _)):
                    low = number
    return low, high


@st.composite
def points(draw: st.DrawFn, row: Row) -> Point:
    """Operands where a row is smooth: arguments, then parameters, at their defaults or not."""
    args = (draw(st.floats(*bounds(row))) for _ in row.args)
    params = (draw(st.sampled_from((default, 0.25, 0.75))) for default in row.params.values())
    point = (*args, *params)
    assume(is_smooth(row, point))
    return point


def leaves(row: Row, point: Point) -> list[Value | float]:
    """A Value for each argument, the parameters as they are."""
    return [Value(number) for number in point[: len(row.args)]] + list(point[len(row.args) :])


def is_close(actual: float, expected: float, relative: float, absolute: float = 0.0) -> bool:
    """Whether the error is small against the expected number itself; beyond that only underflow is forgiven."""
    return bool(abs(actual - expected) <= relative * abs(expected) + absolute + 2.0**-1022)


@EVERY_ROW
@FEW
@given(data=st.data())
def test_the_value_is_what_the_definition_and_numpy_say(row, data):
    point = data.draw(points(row))
    value, *partials = floats.evaluate(row)(*point)
    rounding = 16 * EPSILON * sum(abs(x * dx) for x, dx in zip(point, partials, strict=False))
    with mpmath.workdps(40):
        assert is_close(value, defined(row, *map(mpmath.mpf, point)), 64 * EPSILON, rounding)
    if row.name in arrays.NUMPY_NAMES:
        assert is_close(value, float(getattr(np, arrays.NUMPY_NAMES[row.name])(*point)), 64 * EPSILON, rounding)


@EVERY_ROW
@FEW
@given(data=st.data(), upstream=st.floats(0.5, 3.0))
def test_every_partial_is_what_differences_say(row, data, upstream):
    point = data.draw(points(row))
    operands = leaves(row, point)
    FUNCTIONS[row.name](*operands).backward(upstream)
    for index, leaf in enumerate(operands[: len(row.args)]):
        number = numerical_grad(FUNCTIONS[row.name], *point, argnum=index)
        assert number.smooth
        assert is_close(leaf.grad / upstream, number.value, 1e-9, 10 * number.error)


@EVERY_ROW
@FEW
@given(data=st.data())
def test_every_partial_has_nearly_all_digits_right(row, data):
    point = data.draw(points(row))
    _, *partials = floats.evaluate(row)(*point)
    exact = tuple(map(mpmath.mpf, point))
    with mpmath.workdps(40):
        for index, partial in enumerate(partials):
            order = tuple(int(index == other) for other in range(len(point)))
            assert is_close(partial, mpmath.diff(lambda *x: defined(row, *x), exact, order), 1e-10, 1e-18)


@EVERY_ROW
@FEW
@given(data=st.data())
def test_second_order(row, data):
    point = data.draw(points(row))
    operands = leaves(row, point)
    args = operands[: len(row.args)]
    FUNCTIONS[row.name](*operands).backward(create_graph=True)
    for first, gradient in enumerate([leaf.grad for leaf in args]):
        for leaf in args:
            leaf.grad = 0.0
        gradient.backward()
        for second, leaf in enumerate(args):
            number = numerical_grad(lambda *x: floats.evaluate(row)(*x)[1 + first], *point, argnum=second)  # noqa: B023
            if number.smooth:
                assert is_close(leaf.grad, number.value, 1e-8, 10 * number.error)


@pytest.mark.parametrize("row", [row for row in ROWS.values() if len(row.args) > 1], ids=lambda row: row.name)
@given(x=st.floats(0.01, 8.0), is_negative=st.booleans())
def test_the_same_node_for_every_argument(row, x, is_negative):
    x = -x if is_negative and row.name != "pow" else x
    leaf = Value(x)
    FUNCTIONS[row.name](*(leaf for _ in row.args)).backward()
    number = numerical_grad(lambda x: FUNCTIONS[row.name](*(x for _ in row.args)), x)
    assert is_close(leaf.grad, number.value, 1e-9, 10 * number.error + 1e-15)


@EVERY_ROW
@FEW
@given(data=st.data())
def test_methods_functions_and_operators_compute_the_same(row, data):
    point = data.draw(points(row))
    wanted = floats.evaluate(row)(*point)
    args = range(len(row.args))

    def check(result: Value, operands: list[Value | float]) -> None:
        recorded = tuple(partial for partial in result.partials if partial is not None)
        nodes = [index for index in args if isinstance(operands[index], Value)]
        assert (result.data, *recorded) == (wanted[0], *(wanted[1 + index] for index in nodes))
        for mine, its in zip(result.inputs, operands, strict=True):
            assert mine is its if isinstance(its, Value) else mine == its

    for is_node in itertools.product((True, False), repeat=len(row.args)):
        args_given = [Value(x) if node else x for x, node in zip(point, is_node, strict=False)]
        operands = args_given + list(point[len(args) :])
        if any(is_node):
            check(FUNCTIONS[row.name](*operands), operands)
        if is_node[0]:
            check(getattr(operands[0], row.name)(*operands[1:]), operands)
        operation = getattr(operator, {"div": "truediv"}.get(row.name, row.name), None)
        if any(is_node) and operation and row.name in (*"add sub mul div pow neg pos abs mod floordiv".split(),):
            check(operation(*operands), operands)
    assert FUNCTIONS[row.name](*point) == wanted[0]


def nearest_to_zero(gradients: np.ndarray) -> np.ndarray:
    """The point of least norm in the convex hull of some gradients (E. G. Gilbert's algorithm)."""
    nearest = gradients[0]
    for _ in range(2000):
        step = gradients[np.argmin(gradients @ nearest)] - nearest
        if not step.any():
            break
        nearest = nearest + np.clip(-(nearest @ step) / (step @ step), 0, 1) * step
    return nearest


KINKED = [row for row in ROWS.values() if row.kink and row.name != "where"]  # a choice is no number to differentiate by


@pytest.mark.parametrize("row", KINKED, ids=lambda row: row.name)
def test_at_a_kink_the_subgradient_nearest_to_zero_is_chosen(row):
    def value(*args: float) -> float:
        return FUNCTIONS[row.name](*args)

    def slopes(args: np.ndarray) -> list[float]:
        steps = 1e-7 * np.eye(len(args))
        return [(value(*(args + step)) - value(*(args - step))) / 2e-7 for step in steps]

    directions = np.random.default_rng(1).normal(size=(20, len(row.args)))
    found = 0
    for args in itertools.product(np.arange(-1.5, 1.75, 0.5).tolist(), repeat=len(row.args)):
        names = dict(zip(row.names, (*args, *row.params.values()), strict=True))
        if (row.domain is None or evaluated(row.domain, names)) and evaluated(row.kink, names):
            found += 1
            chosen = floats.evaluate(row)(*args, *row.params.values())[1:]
            around = np.array([args + 1e-4 * direction for direction in directions])
            gradients = np.array([slopes(near) for near in around])
            if max(abs(value(*near) - value(*args)) for near in around) < 0.01:
                assert np.allclose(chosen, nearest_to_zero(gradients), atol=0.01)
            else:  # at a jump: the derivative of one of the pieces
                assert np.isclose(chosen, gradients, atol=0.01).all(axis=1).any()
    assert found


HALF = (0.5, 0.5)
GOLDEN = [
    ("abs", (0.0,), (0.0,)),
    ("abs", (-0.0,), (0.0,)),
    ("relu", (0.0,), (0.0,)),
    ("sign", (0.0,), (0.0,)),
    ("leaky_relu", (0.0,), (0.01,)),
    ("elu", (0.0,), (1.0,)),
    ("hardtanh", (1.0,), (0.0,)),
    ("hypot", (0.0, 0.0), (0.0, 0.0)),
    ("hypot", (-0.0, 0.0), (0.0, 0.0)),
    ("arctan2", (0.0, 0.0), (0.0, 0.0)),
    ("maximum", (1.0, 1.0), HALF),
    ("minimum", (1.0, 1.0), HALF),
    ("fmax", (-2.0, -2.0), HALF),
    ("fmin", (-2.0, -2.0), HALF),
    ("fmax", (math.nan, 1.0), (0.0, 1.0)),
    ("fmin", (1.0, math.nan), (1.0, 0.0)),
    ("clip", (0.0, 0.0, 1.0), (0.5, 0.5, 0.0)),
    ("clip", (1.0, 0.0, 1.0), (0.5, 0.0, 0.5)),
    ("clip", (2.0, 0.0, 1.0), (0.0, 0.0, 1.0)),
    ("logaddexp", (math.inf, math.inf), HALF),
    ("logaddexp", (-math.inf, -math.inf), HALF),
    ("logaddexp", (0.0, -math.inf), (1.0, 0.0)),
    ("sqrt", (0.0,), (math.inf,)),
    ("sqrt", (-0.0,), (math.inf,)),
    ("cbrt", (0.0,), (math.inf,)),
    ("log", (0.0,), (math.inf,)),
    ("log1p", (-1.0,), (math.inf,)),
    ("arcsin", (1.0,), (math.inf,)),
    ("arccos", (1.0,), (-math.inf,)),
    ("arccosh", (1.0,), (math.inf,)),
    ("arctanh", (1.0,), (math.inf,)),
    ("logit", (0.0,), (math.inf,)),
    ("pow", (0.0, 2.0), (0.0, 0.0)),
    ("pow", (0.0, 1.0), (1.0, 0.0)),
    ("pow", (0.0, 0.0), (0.0, 0.0)),
    ("pow", (-2.0, 3.0), (12.0, math.nan)),
    ("pow", (0.0, -1.0), (-math.inf, -math.inf)),
    ("pow", (-8.0, 1 / 3), (math.nan, math.nan)),
    ("where", (0.0, 2.0, 3.0), (0.0, 0.0, 1.0)),
    ("mod", (4.0, 2.0), (1.0, -2.0)),
    *(("pow", (x, 0.0), (0.0, 0.0 if x == 0 else math.nan if not x > 0 else math.log(x))) for x in EXTREMES),
]


@pytest.mark.parametrize(("name", "point", "expected"), GOLDEN)
def test_kinks_and_edges_as_published(name, point, expected):
    values = [Value(x) for x in point]
    FUNCTIONS[name](*values).backward()
    np.testing.assert_equal([value.grad for value in values], list(expected))


@pytest.mark.parametrize(
    ("name", "point", "expected"),
    [
        ("pow", (2.0, 0.0), [[0.0, 0.5], [0.5, math.log(2) ** 2]]),  # the case y = 0 has a derivative by y too
        ("pow", (3.0, 1.0), [[0.0, 1 + math.log(3)], [1 + math.log(3), 3 * math.log(3) ** 2]]),
        ("pow", (0.0, 2.0), [[2.0, 0.0], [0.0, 0.0]]),
        ("logaddexp", (1.0, 1.0), [[0.25, -0.25], [-0.25, 0.25]]),
        ("maximum", (1.0, 1.0), [[0.0, 0.0], [0.0, 0.0]]),
        ("hypot", (3.0, 4.0), [[16 / 125, -12 / 125], [-12 / 125, 9 / 125]]),
    ],
)
def test_second_order_where_a_formula_has_cases(name, point, expected):
    values = [Value(x) for x in point]
    FUNCTIONS[name](*values).backward(create_graph=True)
    hessian = []
    for gradient in [value.grad for value in values]:
        for value in values:
            value.grad = 0.0
        gradient.backward()
        hessian.append([value.grad for value in values])
    np.testing.assert_allclose(hessian, expected, rtol=1e-14)


@pytest.mark.parametrize("x", [-1e308, -1e4, -1000.0, -745.0, -40.0, 0.0, 40.0, 745.0, 1000.0, 1e4, 1e308])
@pytest.mark.parametrize("name", ["sigmoid", "softplus", "log_sigmoid"])
def test_logistic_functions_are_stable(name, x):
    leaf = Value(x)
    result = FUNCTIONS[name](leaf)
    result.backward()
    with mpmath.workdps(400):
        assert is_close(result.data, float(defined(ROWS[name], mpmath.mpf(x))), 1e-14)
        logistic = 1 / (1 + mpmath.exp(-mpmath.mpf(x)))
        slope = {"sigmoid": logistic * (1 - logistic), "softplus": logistic, "log_sigmoid": 1 - logistic}[name]
        assert is_close(leaf.grad, float(slope), 1e-14, 1e-16)  # sigmoid's slope at +40 is below the rounding of 1


@pytest.mark.parametrize("x", [-1000.0, -1e308, 0.0, 1000.0, 1e308])
@pytest.mark.parametrize("y", [-1000.0, -1e308, 0.0, 999.0, 1e308])
def test_logaddexp_is_stable(x, y):
    left, right = Value(x), Value(y)
    result = autograd.logaddexp(left, right)
    result.backward()
    assert is_close(result.data, float(defined(ROWS["logaddexp"], mpmath.mpf(x), mpmath.mpf(y))), 1e-15)
    assert left.grad + right.grad == pytest.approx(1.0, abs=1e-15)
    assert left.grad == float(1 / (1 + mpmath.exp(mpmath.mpf(y) - mpmath.mpf(x))))


@pytest.mark.parametrize(
    ("name", "at_minus_infinity", "at_infinity"),
    [
        ("sigmoid", (0.0, 0.0), (1.0, 0.0)),
        ("softplus", (0.0, 0.0), (math.inf, 1.0)),
        ("log_sigmoid", (-math.inf, 1.0), (0.0, 0.0)),
        ("tanh", (-1.0, 0.0), (1.0, 0.0)),
        ("exp", (0.0, 0.0), (math.inf, math.inf)),
        ("relu", (0.0, 0.0), (math.inf, 1.0)),
        ("elu", (-1.0, 0.0), (math.inf, 1.0)),
    ],
)
def test_limits(name, at_minus_infinity, at_infinity):
    assert floats.evaluate(ROWS[name])(-math.inf, *ROWS[name].params.values()) == at_minus_infinity
    assert floats.evaluate(ROWS[name])(math.inf, *ROWS[name].params.values()) == at_infinity


def assert_same(row: Row, point: Point) -> None:
    """Both readers of a row find the same, IEEE's special values included, and the sign of zero where it is defined."""
    with np.errstate(all="ignore"):
        by_arrays = arrays.evaluate(row)(*map(np.float64, point))
    for index, (mine, theirs) in enumerate(zip(floats.evaluate(row)(*point), map(float, by_arrays), strict=True)):
        tolerance = 1e-14 if index and row.name in ("tanh", "mish") else 0.0  # 1 - z * z has lost digits to 1
        assert type(mine) is float
        assert mine == theirs or (mine != mine and theirs != theirs) or is_close(mine, theirs, 1e-12, tolerance), (
            point, index, mine, theirs,
        )  # fmt: skip
        if mine == 0.0 and row.name not in ("maximum", "minimum", "fmax", "fmin", "relu"):
            assert math.copysign(1.0, mine) == math.copysign(1.0, theirs), (point, index, mine, theirs)


@EVERY_ROW
@given(data=st.data())
def test_the_reader_for_floats_agrees_with_the_reader_for_arrays(row, data):
    args = tuple(data.draw(st.floats(-50, 50) | st.sampled_from(EXTREMES)) for _ in row.args)
    assert_same(row, (*args, *row.params.values()))


@EVERY_ROW
def test_the_readers_agree_at_extreme_points(row):
    args = EXTREMES if len(row.args) < 3 else EXTREMES[::3]
    for point in itertools.product(args, repeat=len(row.args)):
        assert_same(row, (*point, *row.params.values()))


def test_every_row_has_its_derivatives():
    for row in ROWS.values():
        assert len(row.partials) == len(row.args)
        assert all(row.partials)
        assert set(row.named_partials) == {f"d{arg}" for arg in row.args}
        assert row.definition[0] != row.name or row.name in BASE or row.name == "where"
