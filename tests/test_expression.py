"""The parser of formulas typed by a person: what it reads, what it computes, and that everything else, hostile input
included, ends in one ExpressionError with a caret and a remedy.
"""

import inspect
import math
import sys

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autograd import Value
from autograd.expression import ExpressionError, parse
from autograd.functions import FUNCTIONS
from autograd.rows import ROWS


def fault(text):
    """The message, and what stands at the caret ('' where no caret is shown)."""
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    message, *shown = str(caught.value).split("\n")
    assert message
    if not shown:
        return message, ""
    line, caret = shown
    assert caret.strip() == "^"
    return message, line[len(caret) - 1 :]


@pytest.mark.parametrize(
    ("text", "names", "value"),
    [
        ("x", "x", 0.5),
        (" 2 * x + y ", "xy", 3.0),
        ("y*x - y", "yx", -1.0),  # in the order of appearance
        ("-x**2", "x", -0.25),
        ("2**-y", "y", 0.25),
        ("2**3**2", "", 512.0),
        ("-x*-y", "xy", 1.0),
        ("+x", "x", 0.5),
        ("7 % y", "y", 1.0),
        ("(x)", "x", 0.5),
        ("1_000 * 0x10 + 1e-3 + .5", "", 16000.501),
        ("sin(pi*x)", "x", 1.0),
        ("log(e)", "", 1.0),
        ("e1 + _e", ("e1", "_e"), 4.0),
        ("x1in * lambda_ * match", ("x1in", "lambda_", "match"), 42.0),  # no reserved words
        ("maximum(x, y)", "xy", 2.0),
        ("clip(y, -1, 1)", "y", 1.0),
        ("where(x, y, 3)", "xy", 2.0),
        ("leaky_relu(-y)", "y", -0.02),
        ("leaky_relu(-y, 1/4)", "y", -0.5),
        ("1/0", "", math.inf),
        ("log(0)", "", -math.inf),
        ("9**9**9**9", "", math.inf),
        ("exp(exp(exp(9)))", "", math.inf),
    ],
)
def test_what_is_read(text, names, value):
    values = {"x": 0.5, "y": 2.0, "e1": 1.0, "_e": 3.0, "x1in": 2.0, "lambda_": 3.0, "match": 7.0}
    expression = parse(text)
    assert expression.names == tuple(names)
    given_ = {name: values[name] for name in names}
    assert expression(**given_) == pytest.approx(value, rel=1e-15)
    on_nodes = expression(**{name: Value(number) for name, number in given_.items()})
    assert (on_nodes.data if names else on_nodes) == expression(**given_)


def test_not_a_number_is_computed_too():
    assert math.isnan(parse("log(x)")(x=-1.0))


@pytest.mark.parametrize("name", ROWS)
def test_every_row_is_a_function(name):
    row = ROWS[name]
    operands = [1.25, 0.5, 0.75][: len(row.args)]
    text = f"{name}({', '.join('abc'[: len(row.args)])})"
    computed = parse(text)(**dict(zip("abc", operands, strict=False)))
    np.testing.assert_equal(computed, FUNCTIONS[name](*operands))  # nan equals nan


OPERATIONS = st.sampled_from(["+", "-", "*", "/", "**", "%"])
FORMULAS = st.recursive(
    st.sampled_from(["x", "y", "2", "0.5", "3"]),
    lambda inner: (
        st.tuples(inner, OPERATIONS, inner).map(lambda parts: f"({parts[0]} {parts[1]} {parts[2]})")
        | inner.map(lambda text: f"-{text}")
        | inner.map(lambda text: f"sin({text})")
    ),
    max_leaves=12,
)


@given(FORMULAS, st.floats(0.1, 3), st.floats(0.1, 3))
def test_python_computes_the_same(text, x, y):
    try:
        expected = eval(text, {"sin": math.sin}, {"x": x, "y": y})
    except (ArithmeticError, ValueError):
        return
    names = {"x": x, "y": y}
    expression = parse(text)
    if not isinstance(expected, complex):
        computed = expression(**{name: names[name] for name in expression.names})
        assert computed == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("text", "message", "at"),
    [
        ("", "the formula is empty; write one such as", ""),
        ("  ", "the formula is empty", ""),
        ("x^2", "use ** for powers instead of '^'", "^2"),
        ("tahn(x)", "unknown function 'tahn'; did you mean 'tanh'?", "tahn"),
        ("2 * ln(x)", "unknown function 'ln'; did you mean 'log'?", "ln(x)"),
        ("min(x, y)", "did you mean 'minimum'?", "min"),
        ("asin(x)", "did you mean 'arcsin'?", "asin"),
        ("Sin(x)", "did you mean 'sin'?", "Sin"),
        ("1 + sin", "'sin' is a function; write sin(x)", "sin"),
        ("tanh()", "'tanh' of 0 arguments; write tanh(x)", "tanh()"),
        ("tanh(x, y)", "'tanh' of 2 arguments; write tanh(x)", "tanh("),
        ("maximum(x)", "'maximum' of 1 arguments; write maximum(x, y)", "maximum"),
        ("leaky_relu(x, 1, 2)", "'leaky_relu' of 3 arguments; write leaky_relu(x, slope=0.01)", "leaky"),
        ("leaky_relu(x, 1 + y)", "slope of leaky_relu is a number, without names", "1 + y"),
        ("leaky_relu(x, slope=1)", "a formula has no '='", "=1)"),
        ("2x", "a product is written 2*x", "2x"),
        ("2(x + 1)", "a product needs its *", "2(x"),
        ("x(y + 1)", "unknown function 'x'; for a product write x*(...)", "x("),
        ("(x + 1)(y)", "a formula is made of numbers", "(x + 1)(y)"),
        ("x y", "this cannot be read; a formula is made of numbers", "y"),
        ("x +", "this cannot be read; a formula is made of numbers", ""),
        ("(x", "'(' was never closed", "(x"),
        ("x)", "unmatched ')'", ")"),
        ("x, y", "a formula is made of numbers", "x, y"),
        ("()", "a formula is made of numbers", "()"),
        ("1 + x // y", "a formula is made of numbers", "x // y"),
        ("1e999", "too large for a float, which ends at 1.8e308", "1e999"),
        ("2 * " + "9" * 400, "too large for a float", "999"),
        ("2j", "a formula is made of numbers", "2j"),
        ("007", "this cannot be read", "007"),
        ("True", "'True' is a reserved word of Python, not a name; write True_ or another one", "True"),
        ("1 + None", "'None' is a reserved word", "None"),
        ("...", "a formula is made of numbers", "..."),
        # not formulas
        ("__import__('os')", "has no place in a formula", "'os')"),
        ("__import__(os)", "unknown function '__import__'", "__import__"),
        ("eval(x)", "unknown function 'eval'", "eval"),
        ("x.__class__", "a formula is made of numbers", "x.__class__"),
        ("1..real", "a formula is made of numbers", "1..real"),
        ("sin(x).real(y)", "a formula is made of numbers", "sin(x).real(y)"),
        ("lambda: x", "':' has no place in a formula", ": x"),
        ("2 * lambda", "'lambda' is a reserved word of Python, not a name; write lambda_", "lambda"),
        ("lambda*x", "'lambda' is a reserved word", "lambda*x"),
        ("x + in", "'in' is a reserved word", "in"),
        ("(x := 2)", "':' has no place in a formula", ":= 2"),
        ("x = 2", "a formula has no '='; values stand after it, as in x=2", "= 2"),
        ("x == 2", "a formula has no '='", "== 2"),
        ("x < 2", "'<' has no place in a formula", "< 2"),
        ("x is y", "'is' is a reserved word", "is y"),
        ("x in y", "'in' is a reserved word", "in y"),
        ("not x", "'not' is a reserved word", "not x"),
        ("x or y", "'or' is a reserved word", "or y"),
        ("2or x", "'or' is a reserved word", "or x"),
        ("x if y else 2", "'if' is a reserved word", "if y else 2"),
        ("'x' * 9", "has no place in a formula", "'x'"),
        ('f"{x}"', "has no place in a formula", '"{x}"'),
        ("[x]", "'[' has no place", "[x]"),
        ("x[0]", "'[' has no place", "[0]"),
        ("{x}", "'{' has no place", "{x}"),
        ("x; y", "';' has no place", "; y"),
        ("x # y", "'#' has no place", "# y"),
        ("x @ y", "'@' has no place", "@ y"),
        ("~x", "'~' has no place", "~x"),
        ("x\n+ y", r"'\n' has no place", "?+ y"),
        ("x\0", r"'\x00' has no place", "?"),
        ("sin(*x)", "a formula is made of numbers", "*x)"),
        ("sin(**x)", "a formula is made of numbers", "sin(**x)"),
        ("(yield)", "'yield' is a reserved word", "yield)"),
        ("await x", "'await' is a reserved word", "await x"),
        ("import os", "'import' is a reserved word", "import os"),
        # letters that look like others
        ("2 × x", "use * for a product instead of '×'", "× x"),
        ("x − 1", "use - for minus instead of '−'", "− 1"),
        ("x ÷ 2", "use / for a quotient", "÷ 2"),
        ("x²", "use **2 instead of '²'", "²"),
        ("2*π", "use pi instead of 'π'", "π"),
        ("1 + х", "'х' is CYRILLIC SMALL LETTER HA; a formula is written in the letters a-z", "х"),
        ("ｘ + 1", "'ｘ' is FULLWIDTH LATIN SMALL LETTER X", "ｘ + 1"),
        ("𝐱", "'𝐱' is MATHEMATICAL BOLD SMALL X", "𝐱"),
        ("x\u200b", "is ZERO WIDTH SPACE", "?"),
        ("x\ud800", "the character U+D800", "?"),
        ("x\ue000", "the character U+E000", "?"),
    ],
)  # fmt: skip
def test_what_is_refused(text, message, at):
    said, pointed = fault(text)
    assert message in said
    assert pointed.startswith(at) if at else pointed == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x" * 1_001, "1001 characters; at most 1000"),
        ("-" * 5_000 + "x", "5001 characters"),
        ("(" * 5_000 + "x" + ")" * 5_000, "10001 characters"),
        ("+".join("x" * 5_000), "9999 characters"),
        ("-" * 900 + "x", "901 parts; at most 200|nested too deeply"),
        ("+".join("x" * 101), "201 parts; at most 200"),
        ("(" * 300 + "x" + ")" * 300, "too many nested parentheses|nested too deeply"),
        ("sin(" * 150 + "x" + ")" * 150, "parts; at most 200|nested too deeply"),
        ("x**" * 150 + "x", "301 parts"),
    ],
)
def test_endless_formulas_are_refused(text, message):
    with pytest.raises(ExpressionError, match=message):
        parse(text)


def test_the_limits_are_reached():
    assert parse("x" * 1_000).names == ("x" * 1_000,)
    assert parse("+".join("x" * 100))(x=1.0) == 100
    assert parse("-" * 199 + "x")(x=1.0) == -1
    x = Value(1e-3)
    deep = parse("sin(" * 99 + "x" + ")" * 99)(x=x)  # as deep as a formula can be
    deep.backward()
    assert 0.99 < x.grad < 1


def test_too_deep_for_the_stack():
    def at_depth(depth):
        return parse("-" * 150 + "x") if depth == 0 else at_depth(depth - 1)

    with pytest.raises(ExpressionError, match="nested too deeply"):
        at_depth(sys.getrecursionlimit() - len(inspect.stack()) - 100)


def test_of_a_long_formula_only_the_surroundings_are_shown():
    with pytest.raises(ExpressionError) as caught:
        parse("x + " * 49 + "y^2 + " + "x" * 400)
    line, caret = str(caught.value).split("\n")[1:]
    assert line[len(caret) - 1] == "^"
    assert len(line) < 120


@given(st.text(max_size=60) | st.text(alphabet="xyz0189.e+-*/%() ,sincotah_", max_size=60))
@example("1e")
@example("0x")
@example("1_")
@example("1__0")
@example("x.")
@example("\\")
@example("f(")
@example("%")
@example("0_7")
@example("1if x else 2")
def test_any_text_is_read_or_refused(text):
    try:
        expression = parse(text)
    except ExpressionError:
        return
    assert isinstance(expression(**dict.fromkeys(expression.names, 0.5)), float)


def test_missing_and_unknown_values():
    formula = parse("w*x + b")
    with pytest.raises(ExpressionError, match=r"no value given for 'b'; add b=\.\.\."):
        formula(w=1.0, x=2.0)
    with pytest.raises(ExpressionError, match="'c' is not in the formula; its names are w, x, b"):
        formula(w=1.0, x=2.0, b=3.0, c=4.0)
    with pytest.raises(ExpressionError, match=r"'X' is not in the formula; .* did you mean 'x'"):
        formula(w=1.0, x=2.0, b=3.0, X=4.0)
    with pytest.raises(ExpressionError, match="'x' is not in the formula; it has no names"):
        parse("2 + 2")(x=1.0)
    with pytest.raises(ExpressionError, match=r"'e' is the number 2\.718281828459045; choose another name"):
        parse("e * x")(x=1.0, e=3.0)
    assert parse("self + text")(self=1.0, text=2.0) == 3.0
