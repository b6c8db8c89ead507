"""How a row of the table is read: the formulas it becomes, and for every kind of malformed row an error that names
file, line, row and formula and puts a caret under the fault. The real table is left alone.
"""

import subprocess
import sys
import traceback

import pytest

from autograd import formula, rows
from autograd.formula import FormulaError, declared_rows, row
from autograd.rows import ROWS, did_you_mean, finish

X, Y = ("name", "x"), ("name", "y")


@pytest.fixture(autouse=True)
def a_copy_of_the_table(monkeypatch):
    """Rows that a test declares stay in the test."""
    monkeypatch.setattr(formula, "_declared", declared_rows())


def test_a_good_row():
    row("probe(x, y, k=2) = k * x - y ** 2", symbol="p", dx="k", dy="-2 * y", domain="0 < x < 1 or not y == k",
        kink="x == pi", edges="x=0 y=-1; y=inf x=1e-3")  # fmt: skip
    read = declared_rows()["probe"]
    k, two = ("name", "k"), ("number", 2.0)
    assert (read.name, read.args, dict(read.params), read.names) == ("probe", ("x", "y"), {"k": 2.0}, ("x", "y", "k"))
    assert read.definition == read.compute == ("sub", ("mul", k, X), ("pow", Y, two))
    assert read.partials == (k, ("mul", ("number", -2.0), Y))
    inside = ("and", ("<", ("number", 0.0), X), ("<", X, ("number", 1.0)))
    assert read.domain == ("or", inside, ("not", ("==", Y, k)))
    assert read.kink == ("==", X, ("constant", "pi"))
    assert list(map(dict, read.edges)) == [{"x": 0.0, "y": -1.0}, {"x": 1e-3, "y": float("inf")}]
    assert read.place[0] == __file__


def test_precedence_is_pythons():
    row("probe(x, y) = -x ** 2 / y * -2 ** y % 3")
    minus_square = ("neg", ("pow", X, ("number", 2.0)))
    power = ("neg", ("pow", ("number", 2.0), Y))
    product = ("mul", ("div", minus_square, Y), power)
    assert declared_rows()["probe"].definition == ("mod", product, ("number", 3.0))


def test_derived_partials_follow_the_chain_rule():
    row("probe(x, y) = where(x > 0, sin(x * y), 3)")
    derived = finish(declared_rows())["probe"].named_partials
    condition, product = (">", X, ("number", 0.0)), ("mul", X, Y)
    assert derived == {
        "dx": ("where", condition, ("mul", ("cos", product), Y), ("number", 0.0)),
        "dy": ("where", condition, ("mul", ("cos", product), X), ("number", 0.0)),
    }


# header, the rest of the row, what the message says, where the caret stands
MALFORMED = {
    "no signature": ("x * y", {}, "a row starts with its signature", "x * y"),
    "a bare name": ("probe", {}, "a row starts with its signature", "probe"),
    "a method": ("a.probe(x)", {}, "a row starts with its signature", "a.probe"),
    "an open signature": ("probe(x = x", {"dx": "1"}, "signature cannot be read", "(x = x"),
    "no spaces around =": ("probe(x)=x", {"dx": "1"}, "a row is written 'mul(x, y) = x * y'", "=x"),
    "empty": ("", {}, "signature cannot be read", ""),
    "no argument": ("probe() = 1", {}, "at least one argument", "probe()"),
    "a parameter alone": ("probe(k=1) = k", {}, "at least one argument", "probe(k=1)"),
    "an argument twice": ("probe(x, x) = x", {}, "no name twice", "probe(x, x)"),
    "an argument as parameter": ("probe(x, x=1) = x", {}, "no name twice", "probe(x"),
    "a number as argument": ("probe(x, 2) = x", {}, "an argument is a name", "2) = x"),
    "a starred argument": ("probe(*x) = x", {}, "an argument is a name", "*x)"),
    "z as argument": ("probe(x, z) = x", {}, "other than z", "z) = x"),
    "pi as argument": ("probe(pi) = pi", {}, "other than z, pi", "pi) = pi"),
    "inf as parameter": ("probe(x, inf=1) = x", {}, "a parameter is a name other than z, pi", "inf=1"),
    "a dictionary of parameters": ("probe(x, **k) = x", {}, "a parameter is a name", "**k"),
    "a parameter without number": ("probe(x, k='a') = x", {}, "parameter k needs a number", "'a'"),
    "a computed parameter": ("probe(x, k=y + 1) = x", {}, "parameter k needs a number", "y + 1"),
    "a list as parameter": ("probe(x, k=[1]) = x", {}, "parameter k needs a number", "[1]"),
    "a reserved word": ("number(x) = x", {"dx": "1"}, "cannot be called 'number'", "number(x)"),
    "a row twice": ("exp(x)", {"dx": "z"}, "'exp' is already in the table (line ", "exp(x)"),
    "no partials": ("probe(x)", {}, "needs its partials", "probe(x)"),
    "a partial missing": ("probe(x, y) = x * y", {"dx": "y"}, "needs the partials dx, dy, not dx", "probe(x, y)"),
    "a partial too many": ("probe(x) = x", {"dx": "1", "dy": "1"}, "needs the partials dx, not dx, dy", "probe(x)"),
    "a misspelt partial": ("probe(x) = x", {"dX": "1"}, "needs the partials dx, not dX", "probe(x)"),
    "a misspelt option": ("probe(x) = x", {"dx": "1", "domian": "x > 0"}, "not dx, domian", "probe(x)"),
    "an unknown name": ("probe(x) = x * k", {}, "unknown name 'k'; here stand x, pi, inf, nan", "k"),
    "z in the definition": ("probe(x) = z * x", {}, "unknown name 'z'", "z * x"),
    "z in the domain": ("probe(x) = x", {"domain": "z > 0"}, "unknown name 'z'", "z > 0"),
    "an unknown name in a partial": ("probe(x) = x", {"dx": "2 + y"}, "unknown name 'y'; here stand z, x", "y"),
    "an unknown name in `by`": ("probe(x) = x", {"by": "x + t"}, "unknown name 't'", "t"),
    "an unknown name in the kink": ("probe(x) = x", {"kink": "x == t"}, "unknown name 't'", "t"),
    "an open parenthesis": ("probe(x) = x", {"dx": "2 * (x"}, "never closed", "(x"),
    "an operator missing": ("probe(x) = x", {"dx": "2 x"}, "", "x"),
    "nothing": ("probe(x) = x", {"dx": ""}, "", ""),
    "two statements": ("probe(x) = x", {"dx": "1; 2"}, "invalid syntax", "; 2"),
    "a number, not a text": ("probe(x) = x", {"dx": 1}, "a formula is a text, as in dx='1'", "1"),
    "a text in a formula": ("probe(x) = x", {"dx": "x * 'a'"}, "a formula is made of numbers", "'a'"),
    "a truth value": ("probe(x) = x", {"dx": "True"}, "a formula is made of numbers", "True"),
    "a complex number": ("probe(x) = x", {"dx": "2j"}, "a formula is made of numbers", "2j"),
    "an attribute": ("probe(x) = x", {"dx": "2 * x.real"}, "a formula is made of numbers", "x.real"),
    "a subscript": ("probe(x) = x", {"dx": "x[0]"}, "a formula is made of numbers", "x[0]"),
    "a lambda": ("probe(x) = x", {"dx": "(lambda: 1)()"}, "a formula is made of numbers", "(lambda: 1)()"),
    "a keyword argument": ("probe(x) = x", {"dx": "sin(x=x)"}, "a formula is made of numbers", "sin(x=x)"),
    "an operator unknown here": ("probe(x) = x", {"dx": "1 + x // 2"}, "a formula is made of numbers", "x // 2"),
    "a choice in Python": ("probe(x) = x", {"dx": "1 if x > 0 else 2"}, "a formula is made of numbers", "1 if"),
    "a comparison as a number": ("probe(x) = x", {"dx": "2 * (x > 0)"}, "a formula is made of numbers", "x > 0"),
    "a number as a condition": ("probe(x) = x", {"domain": "x + 1"}, "a condition is made of comparisons", "x + 1"),
    "an unknown comparison": ("probe(x) = x", {"kink": "x is 0"}, "a condition is made of comparisons", "x is 0"),
    "a number in a where": ("probe(x) = where(1, x, x)", {}, "a condition is made of comparisons", "1, x"),
    "a letter of two bytes before": ("probe(x, µ=1) = µ * k", {}, "unknown name 'k'", "k"),
    "blanks before": ("probe(x) = x", {"dx": "   2 * k"}, "unknown name 'k'", "k"),
    "an edge without number": ("probe(x) = x", {"edges": "x=0; x=a"}, "an edge is a number for each", " x=a"),
    "an edge without =": ("probe(x) = x", {"edges": "0"}, "an edge is a number for each", "0"),
    "an edge of another name": ("probe(x) = x", {"edges": "y=0"}, "an edge is a number for each", "y=0"),
    "an edge with a name left out": ("probe(x, y) = x", {"edges": "x=0"}, "an edge is a number for each", "x=0"),
}


def check(error, place, message, caret):
    assert message in error.msg
    assert (error.filename, error.lineno) == place
    assert error.text[error.offset - 1 :].startswith(caret)
    shown = traceback.format_exception_only(error)
    assert __file__ in shown[0]
    if caret.strip():
        assert any(line.strip() == "^" for line in shown)


@pytest.mark.parametrize(("header", "rest", "message", "caret"), MALFORMED.values(), ids=MALFORMED)
def test_malformed_rows(header, rest, message, caret):
    before = declared_rows()
    with pytest.raises(FormulaError) as caught:
        row(header, **rest)
    check(caught.value, (__file__, caught.traceback[0].lineno + 1), message, caret)
    if "signature" not in message:
        assert "probe" in caught.value.msg or "probe" in caught.value.text or header in caught.value.text
    assert declared_rows() == before


# header, the rest of the row, what the message says, where the caret stands: found when the table is complete
MISFITS = {
    "an unknown row": ("probe(x) = 2 * tahn(x)", {}, "'tahn' is not a row of the table; did you mean 'tanh'", "tahn"),
    "an unknown row in a partial": ("probe(x) = x", {"dx": "x * expp(x)"}, "'expp' is not a row", "expp(x)"),
    "an unknown row in a condition": ("probe(x) = x", {"domain": "x > lim(x)"}, "'lim' is not a row", "lim(x)"),
    "too many arguments": ("probe(x) = sin(x, x)", {}, "sin takes 1 arguments, not 2", "sin(x, x)"),
    "too few arguments": ("probe(x) = maximum(x)", {}, "maximum takes 2 arguments, not 1", "maximum(x)"),
    "too few for where": ("probe(x) = where(x, x)", {}, "where takes 3 arguments, not 2", "where(x, x)"),
    "a parameter left out": ("probe(x) = leaky_relu(x)", {}, "leaky_relu takes 2 arguments, not 1", "leaky_relu(x)"),
    "made of itself": ("probe(x) = 1 + probe(x)", {}, "made of itself: probe -> probe", "1 + probe(x)"),
    "computed by itself": ("probe(x) = x", {"by": "1 * probe(x)"}, "made of itself: probe -> probe", "x"),
}  # fmt: skip


@pytest.mark.parametrize(("header", "rest", "message", "caret"), MISFITS.values(), ids=MISFITS)
def test_rows_that_do_not_fit_the_table(header, rest, message, caret):
    row(header, **rest)
    place = declared_rows()["probe"].place
    assert place[0] == __file__
    with pytest.raises(FormulaError) as caught:
        finish(declared_rows())
    check(caught.value, place, message, caret)
    assert "'probe'" in caught.value.msg


@pytest.mark.parametrize("partials", [{}, {"dx": "1"}], ids=["derived", "given"])
def test_rows_made_of_each_other_in_a_circle(partials):
    row("outside(x) = first(x) * x", **partials)
    row("first(x) = 2 * second(x)", **partials)
    row("second(x) = third(x)", **partials)
    row("third(x) = first(x) + 1", **partials)
    with pytest.raises(FormulaError, match="'third' is made of itself: first -> second -> third -> first"):
        finish(declared_rows())


def test_partials_may_go_in_circles():
    row("one(x)", dx="other(x)")
    row("other(x)", dx="one(x)")
    assert finish(declared_rows())["one"].partials == (("other", X),)


def test_the_table_itself_was_left_alone():
    assert finish(declared_rows()).keys() == ROWS.keys() == rows.ROWS.keys()
    assert "probe" not in ROWS


@pytest.mark.parametrize(
    ("name", "hint"),
    {
        "tahn": "; did you mean 'tanh'?",  # the same letters, though 'tan' has fewer edits
        "Tanh": "; did you mean 'tanh'?",
        "SIGMOID": "; did you mean 'sigmoid'?",
        "relu6": "; did you mean 'relu'?",
        "qqqq": "",
    }.items(),
)
def test_suggestions(name, hint):
    assert did_you_mean(name, ROWS) == hint


def test_a_row_does_not_take_the_name_of_a_method():
    program = (
        "import importlib.util, sys, types\n"
        "package = types.ModuleType('autograd')\n"  # so that nothing is imported before the row is there
        "package.__path__ = importlib.util.find_spec('autograd').submodule_search_locations\n"
        "sys.modules['autograd'] = package\n"
        "from autograd import derivatives, formula\n"
        "formula.row('backward(x) = x', dx='1')\n"
        "from autograd import value\n"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False).stderr
    assert "FormulaError" in told
    assert "a row cannot be called 'backward': a Value has that already" in told
