"""Graphs as sympy expressions and LaTeX: every row and random expressions, their values and their derivatives; names of
symbols, numbers, shared parts, long and deep graphs, wrong arguments."""

import contextlib
import itertools
import math
import sys
from functools import cache

import pytest
import sympy
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

import autograd
from autograd import Tensor, Value, latex, to_sympy
from autograd.functions import FUNCTIONS
from autograd.readers.text import holds
from autograd.rows import ROWS
from autograd.symbolic import latex_together

FEW = settings(max_examples=settings().max_examples // 4)
EIGHTHS = st.integers(-32, 32).map(lambda number: number / 8)  # exact in sums and products, and often at a kink

# What random expressions are made of: defined everywhere, and continuous, so that rounding does no harm.
UNARY = "neg abs tanh sigmoid sin cos softplus relu leaky_relu elu hardtanh square arctan softsign gelu erf".split()
BINARY = "add sub mul maximum minimum fmax fmin logaddexp hypot".split()


def number_of(expression, point):
    """What an expression is at a point, computed by sympy with 30 digits."""
    exact = {sympy.Symbol(name): sympy.Rational(value) for name, value in point.items()}
    return float(sympy.N(expression.subs(exact), 30))


def number_of_shared(definitions, expression, point):
    known = dict(point)
    for symbol, part in definitions:
        known[symbol.name] = number_of(part, known)
    return number_of(expression, known)


@cache
def points_of(row):
    """Points of the row's domain on a grid that the kinks are on too."""
    step = {1: 64, 2: 8}.get(len(row.args), 2)
    grid = itertools.product([number / step for number in range(-4 * step, 4 * step + 1)], repeat=len(row.args))
    points = [dict(zip(row.args, numbers, strict=True)) | dict(row.params) for numbers in grid]
    return [point for point in points if row.domain is None or holds(row.domain, point)]


def close(number):
    return pytest.approx(number, rel=1e-9, abs=1e-9)


def squared_over_and_over(x, times):
    for _ in range(times):
        x = x * x + 1
    return x


@pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row.name)
@FEW
@given(data=st.data())
def test_the_formula_of_every_row_and_of_its_derivatives_has_their_value(row, data):
    point = data.draw(st.sampled_from(points_of(row)))
    leaves = [Value(point[name], label=name) for name in row.args]
    z = FUNCTIONS[row.name](*leaves)
    assert number_of(to_sympy(z), point) == close(z.data)
    z.backward(create_graph=True)
    for leaf in leaves:
        if math.isfinite(leaf.grad.data):
            assert number_of(to_sympy(leaf.grad), point) == close(leaf.grad.data)


@st.composite
def programs(draw):
    """Steps that each apply a row to leaves and earlier results, given by their positions."""
    steps = []
    for count in range(3, 3 + draw(st.integers(1, 7))):
        position = st.integers(0, count - 1)
        kind = draw(st.sampled_from([*UNARY, *BINARY, "clip", "where"]))
        if kind in UNARY:
            operands = [draw(position)]
        elif kind in BINARY:
            operands = [draw(position), draw(st.one_of(position, EIGHTHS))]
        elif kind == "clip":
            operands = [draw(position), -1.0, draw(st.one_of(position, st.just(0.5)))]
        else:
            operands = [draw(st.integers(0, 2)), draw(position), draw(position)]  # a leaf is exactly zero, or it is not
        steps.append((kind, operands))
    return steps


@given(programs(), st.tuples(EIGHTHS, EIGHTHS, EIGHTHS))
@example([("mul", [0, 1]), ("relu", [3]), ("mul", [4, 4])], (1.0, -2.0, 0.0))
def test_random_expressions_and_their_derivatives(steps, numbers):
    point = dict(zip("abc", numbers, strict=True))
    nodes = [Value(number, label=name) for name, number in point.items()]
    for kind, operands in steps:
        nodes.append(FUNCTIONS[kind](*(nodes[o] if isinstance(o, int) else o for o in operands)))
    z = nodes[-1]
    assume(abs(z.data) < 1e6)
    z.backward(create_graph=True)
    for node in (z, *(leaf.grad for leaf in nodes[:3])):
        node = Value(node) if isinstance(node, float) else node
        assert number_of_shared(*to_sympy(node, shared=True), point) == close(node.data)
        latex(node)
        try:
            expression = to_sympy(node)
        except ValueError:
            continue
        assert number_of(expression, point) == close(node.data)


def test_the_derivative_of_a_weighted_sum_is_the_input():
    w = [Value(0.1 * i, label=f"w1{i}") for i in (1, 2, 3)]
    x = [Value(float(i), label=f"x{i}") for i in (1, 2, 3)]
    b = Value(0.5, label="b3")
    z = w[0] * x[0] + w[1] * x[1] + w[2] * x[2] + b
    assert str(to_sympy(z)) == "b3 + w11*x1 + w12*x2 + w13*x3"
    z.backward(create_graph=True)
    assert to_sympy(w[0].grad) == sympy.Symbol("x1")
    assert to_sympy(b.grad) == sympy.Integer(1)
    assert latex(w[0].grad) == "x_{1}"


def test_the_derivative_of_the_sigmoid():
    x = Value(0.3, label="x")
    by_row, by_hand = x.sigmoid(), 1 / (1 + (-x).exp())
    for s in (by_row, by_hand):
        x.grad = 0.0
        s.backward(create_graph=True)
        expected = to_sympy(s) * (1 - to_sympy(s))
        assert sympy.simplify(to_sympy(x.grad) - expected) == 0
    assert to_sympy(by_row) == to_sympy(by_hand)


def test_second_derivatives_are_formulas_too():
    x = Value(2.0, label="x")
    (x**3).backward(create_graph=True)
    first, x.grad = x.grad, 0.0
    first.backward(create_graph=True)
    assert to_sympy(first) == 3 * sympy.Symbol("x") ** 2
    assert to_sympy(x.grad) == 6 * sympy.Symbol("x")


def test_the_least_squares_gradient_has_no_coefficient_of_one():
    o, t = Value(0.2, label="o"), Value(0.9, label="t")
    (0.5 * (t - o) ** 2).backward(create_graph=True)
    assert str(to_sympy(t.grad)) == "-o + t"


def test_leaves_without_a_label_are_numbered_in_the_order_of_creation():
    x, y, z = Value(1.0), Value(2.0, label="y"), Value(3.0)
    assert str(to_sympy((z - y) * x)) == "x1*(x2 - y)"
    assert str(to_sympy(x * Value(1.0, label="x1") * Value(1.0, label="x2"))) == "x1*x2*x3"


def test_leaves_with_the_same_label_stay_different():
    first, second = Value(1.0, label="w"), Value(2.0, label="w")
    assert to_sympy(first - second) != 0
    assert str(to_sympy(first - second)) == "w - w_2"
    assert str(to_sympy(first * second * Value(3.0, label="w_2"))) == "w*w_2*w_3"


@pytest.mark.parametrize(
    "label", ["E", "I", "S", "N", "O", "Q", "pi", "oo", "zoo", "lambda", "None", "x**2", "2", "a b"]
)
def test_any_label_is_a_symbol(label):
    x = Value(3.0, label=label)
    expression = to_sympy(x * x)
    assert expression == sympy.Symbol(label) ** 2
    assert number_of(expression, {label: 3}) == 9.0


@pytest.mark.parametrize(
    ("label", "printed"),
    [
        ("w_11", "w_{11}"),
        ("theta", r"\theta"),
        ("layer 1.w[0]", r"\text{layer 1.w[0]}"),
        (r"\input{/etc/passwd}", r"\text{\textbackslash{}input\{/etc/passwd\}}"),
        ("50%&more#~^", r"\text{50\%\&more\#\textasciitilde{}\textasciicircum{}}"),
        ("가중치", "가중치"),
        ("_x", r"\text{\_x}"),
        ("x_", r"\text{x\_}"),
        ("x__2", r"\text{x\_\_2}"),  # not the square of x
        ("xabs", r"\text{xabs}"),  # nor its absolute value
        ("e", r"\text{e}"),
        ("pi", r"\text{pi}"),
        ("1x", r"\text{1x}"),
    ],
)
def test_labels_in_latex(label, printed):
    assert latex(Value(1.0, label=label).exp()) == f"e^{{{printed}}}"


def test_no_two_names_look_alike_in_latex():
    assert latex(Value(2.0) * Value(3.0, label="x_1")) == r"\text{x1} x_{1}"
    assert latex(Value(2.0, label="x1") - Value(3.0, label="x_1")) == r"x_{1} - \text{x\_1}"
    assert latex(Value(2.0, label="x_12") - Value(3.0, label="x_1_2")) == r"x_{12} - \text{x\_1\_2}"
    part = Value(3.0, label="t_1").sin()
    assert latex(part * part).splitlines()[1:3] == [
        r"& \text{t1}^{2} \\",
        r"\text{where}\quad & \text{t1} = \sin{\left(t_{1} \right)}",
    ]


def test_formulas_printed_together_share_their_names():
    x, t = Value(2.0, label="x"), Value(3.0, label="t1")
    part, other = x.sin(), x.cos()
    first, second, third = latex_together([part * part + t, other * other, part * part])
    assert r"& t_{2} = \sin" in first
    assert r"& t_{3} = \cos" in second  # t1 is a variable, t2 another part
    assert r"& t_{2} = \sin" in third


def test_a_label_is_never_evaluated(tmp_path):
    victim = tmp_path / "victim"
    label = f"__import__('pathlib').Path({str(victim)!r}).touch()"
    x = Value(1.0, label=label)
    expression = to_sympy(x + 1, shared=True)[1]
    latex(x + 1)
    assert [symbol.name for symbol in expression.free_symbols] == [label]
    assert not victim.exists()


@given(st.floats(allow_nan=False, allow_infinity=False))
@example(376.7445987031044)  # near the middle between two doubles
def test_every_number_keeps_its_value(number):
    written = to_sympy(number)
    assert written.is_Float or written.is_Integer
    assert float(written) == number
    assert written.is_Integer == (number.is_integer() and abs(number) < 2**53)


@given(st.floats(1e-3, 1e15, exclude_max=True))
@example(1 / 3)
@example(0.1 + 0.2)
@example(70368744177664.12)  # of which the double ends in 125, so that rounding it once more may go up
def test_numbers_print_as_python_prints_them(number):
    printed = repr(number).removesuffix(".0")
    assert str(to_sympy(number - Value(1.0, label="x"))) == f"{printed} - x"


def test_infinities_and_nan():
    assert to_sympy(math.inf) is sympy.oo
    assert to_sympy(-math.inf) is -sympy.oo
    assert to_sympy(math.nan) is sympy.nan
    x = Value(1.0, label="x")
    assert number_of(to_sympy(autograd.clip(x, 0.0, math.inf)), {"x": 5}) == 5.0


def test_a_where_becomes_a_piecewise():
    c, x = Value(0.0, label="c"), Value(3.0, label="x")
    expression = to_sympy(autograd.where(c, x, -x))
    assert isinstance(expression, sympy.Piecewise)
    assert [number_of(expression, {"c": c, "x": 3}) for c in (0, 2)] == [-3.0, 3.0]
    assert to_sympy(autograd.where(x > 0, x, -x)) == sympy.Symbol("x")  # the condition is known
    assert to_sympy(autograd.where(x < 0, x, -x)) == -sympy.Symbol("x")


def test_a_condition_that_holds_for_nan_or_not():
    x = Value(3.0, label="x")
    for z in (autograd.where(math.nan, x, -x), (x - math.nan).leaky_relu()):
        assert str(to_sympy(z)) == {3.0: "x"}.get(z.data, "nan")


def test_conditions_inside_conditions_are_given_names():
    x = Value(-3.0, label="x")
    z = x.leaky_relu().elu()
    with pytest.raises(ValueError, match=r"a condition inside a condition; to_sympy\(node, shared=True\)"):
        to_sympy(z)
    definitions, expression = to_sympy(z + 1, shared=True)
    assert len(definitions) == 2
    assert len(to_sympy(z, shared=True)[0]) == 1
    assert number_of_shared(definitions, expression, {"x": -3}) == close(z.data + 1)


@pytest.mark.parametrize("ties", [0.5, 1.5, 2.5, -0.5, -1.5, -2.5])
def test_round_goes_to_the_even_number(ties):
    x = Value(ties, label="x")
    assert number_of(to_sympy(x.round()), {"x": ties}) == round(ties)


def test_what_is_shared_is_defined_once_by_its_label_or_a_number():
    x = Value(2.0, label="x")
    s = x.sin()
    c = s * s + 1
    c.label = "c"
    definitions, expression = to_sympy(c / (c + 1), shared=True)
    assert [(str(symbol), str(part)) for symbol, part in definitions] == [("t1", "sin(x)"), ("c", "t1**2 + 1")]
    assert str(expression) == "c/(c + 1)"


def test_a_name_for_a_part_is_not_a_label_of_a_leaf():
    x = Value(2.0, label="t1")
    s = x.sin()
    definitions, expression = to_sympy(s * s, shared=True)
    assert [str(symbol) for symbol, _ in definitions] == ["t2"]
    assert str(expression) == "t2**2"


def test_a_row_that_writes_its_operand_twice_shares_it():
    x = Value(0.5, label="x")
    definitions, _ = to_sympy(x.sin().mish(), shared=True)
    assert [str(part) for _, part in definitions] == ["sin(x)"]


def test_sixty_squarings_print_in_sixty_lines():
    z = squared_over_and_over(Value(1e-3, label="x"), 60)
    definitions, expression = to_sympy(z, shared=True)
    assert len(definitions) == 59
    assert str(expression) == "t59**2 + 1"
    assert latex(z).count("\n") == 61
    with pytest.raises(ValueError, match="shared=True"):
        to_sympy(z)


def test_latex_is_one_block_with_every_shared_part_once():
    z = squared_over_and_over(Value(1.0, label="x"), 2)
    assert latex(z).splitlines() == [
        r"\begin{aligned}",
        r"& t_{1}^{2} + 1 \\",
        r"\text{where}\quad & t_{1} = x^{2} + 1",
        r"\end{aligned}",
    ]
    assert latex(Value(1.0, label="x") / 3) == r"\frac{x}{3}"


def test_a_chain_that_writes_its_operand_twice_is_refused_before_it_is_written():
    z = Value(0.5, label="x")
    for _ in range(9):
        z = z.mish()
    with pytest.raises(ValueError, match="more than 1000 operations"):
        to_sympy(z)
    assert len(to_sympy(z, shared=True)[0]) == 8


def test_a_sum_of_many_terms_is_one_formula():
    terms = [Value(1.0, label=f"w{i}") * i for i in range(2, 302)]
    assert len(to_sympy(sum(terms)).args) == 300


def test_a_formula_that_is_nested_too_deeply_is_refused_before_it_is_written():
    z = Value(0.5, label="x")
    for _ in range(50):
        z = z.sin()
    assert str(to_sympy(z)).count("sin") == 50
    with pytest.raises(ValueError, match="50 inside one another"):
        to_sympy(z.sin())


def test_a_chain_of_20_000_operations():
    x = z = Value(0.5, label="x")
    for _ in range(20_000):
        z = z.sin()
    with pytest.raises(ValueError, match="shared=True"):
        to_sympy(z)
    with pytest.raises(ValueError, match=r"20,000 operations; latex\(\) prints up to 5,000"):
        latex(z)
    definitions, expression = to_sympy(z, shared=True)
    assert sum(str(part).count("sin") for _, part in [*definitions, (None, expression)]) == 20_000
    assert x.grad == 0.0


@pytest.mark.parametrize("row", [row for row in ROWS.values() if len(row.args) < 3], ids=lambda row: row.name)
def test_no_row_is_slow_or_too_deep_when_it_is_nested(row):
    x = z = Value(0.5, label="x")
    for _ in range(30):
        z = FUNCTIONS[row.name](z) if len(row.args) == 1 else FUNCTIONS[row.name](z, x)
    latex(z)
    with contextlib.suppress(ValueError):  # where it is too long to be written out
        str(to_sympy(z))


def test_the_graph_is_left_alone():
    x = Value(2.0, label="x")
    z = x * x
    z.backward()
    to_sympy(z)
    latex(z)
    assert (x.grad, z.grad, z.label) == (4.0, 1.0, "")


@pytest.mark.parametrize("function", [to_sympy, latex])
@pytest.mark.parametrize(
    ("given", "message"),
    [
        (Tensor([1.0, 2.0]), r"are for Values, not a Tensor; pick an element"),
        ((Tensor([1.0, 2.0]) * 2.0)[0].to_value() * 2, "are for graphs of Values; this one holds a Tensor"),
        ("x + 1", "are for Values, not a str"),
        (None, "are for Values, not None"),
    ],
    ids=["Tensor", "Value of a Tensor", "str", "None"],
)
def test_what_is_no_value_is_refused(function, given, message):
    with pytest.raises(TypeError, match=message):
        function(given)


def test_without_sympy_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sympy", None)
    with pytest.raises(ImportError, match=r'pip install "wengert\[sympy\]"'):
        to_sympy(Value(1.0, label="x") + 1)


def test_a_leaf_whose_data_was_set_is_still_a_leaf():
    w = Value(0.5, label="w")
    z = (w * 2 - 3) ** 2
    w.data = 0.25
    assert str(to_sympy(z)) == "(2*w - 3)**2"
    assert latex(z) == r"\left(2 w - 3\right)^{2}"


def test_a_compiled_function_keeps_no_formula():
    y = autograd.jit(lambda x: x * x)(Value(3.0))
    for ask in (to_sympy, latex):
        with pytest.raises(TypeError, match=r"jit\(<lambda>\) keeps no formula; run a compiled function under jit"):
            ask(y)
