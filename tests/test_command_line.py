"""`python -m autograd`: value, derivatives and their check, --steps, --json, --table, and one line with exit code 2 on
bad input.
"""

import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, __main__
from autograd.__main__ import main
from autograd.expression import parse
from autograd.numerical import NumericalGradient
from autograd.readers.text import table
from autograd.rows import ROWS
from autograd.steps import steps, weak_places

EXAMPLE = ["tanh(w*x + b)", "w=0.5", "x=2", "b=-1"]


@pytest.fixture
def run(capsys):
    """Run the command line: its output, which must come without errors."""

    def run(*arguments, code=0):
        assert main(arguments) == code
        printed = capsys.readouterr()
        assert printed.err == ""
        assert "\x1b" not in printed.out
        return printed.out

    return run


@pytest.fixture
def refused(capsys):
    """Run the command line on bad input: the one line that it says, and what stands at the caret if there is one."""

    def refused(*arguments):
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code == 2
        printed = capsys.readouterr()
        assert printed.out == ""
        line, *shown = printed.err.removesuffix("\n").split("\n")
        assert line.startswith("python -m autograd: ")
        assert len(shown) in (0, 2)
        return line.removeprefix("python -m autograd: "), shown and shown[0][len(shown[1]) - 1 :]

    return refused


def numbers(text):
    """What follows each 'df/d… =' in the last part of the output."""
    last = text.rsplit("\n\n", 1)[-1]
    return {name: float(value) for name, value in re.findall(r"^  df/d(\w+) += (\S+)", last, re.MULTILINE)}


def test_the_example(run):
    lines = run(*EXAMPLE).splitlines()
    assert lines[0] == "f = tanh(w*x + b) = 0"
    assert [re.sub(r" ± \S+", " ± …", line) for line in lines[1:]] == [
        "  df/dw = 2     2 ± … numerically",
        "  df/dx = 0.5   0.5 ± … numerically",
        "  df/db = 1     1 ± … numerically",
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        ["x=2", "tanh(w*x + b)", "b=-1", "w=0.5"],
        ["--precision", "6", *EXAMPLE],
        ["x = 2", "w=0.5", "--precision=6", "tanh(w*x + b)", "b= -1e0"],
        ["w=1/2", "x=2*1", "--", "tanh(w*x + b)", "b=-1"],
    ],
)
def test_the_order_of_the_words_does_not_matter(run, arguments):
    assert run(*arguments) == run(*EXAMPLE)


def test_values_may_be_formulas_of_numbers(run):
    assert numbers(run("tan(x)", "x=pi/4")) == {"x": 2.0}


@pytest.mark.parametrize("value", ["inf", "-Infinity", "nan", "1/0"])
def test_values_need_not_be_finite(run, value):
    assert "not checked" in run("x", f"x={value}")


@pytest.mark.parametrize("formula", ["-x**2", "--x**2*-1", "-(x*x)", "- x * x"])
def test_a_formula_may_start_with_a_minus(run, formula):
    text = run(formula, "x=3")
    assert text.startswith(f"f = {formula} = -9\n")
    assert numbers(text) == {"x": -6.0}


def test_precision(run):
    text = run("x / 3", "x=1", "--precision", "12", "--no-check")
    assert text == "f = x / 3 = 0.333333333333\n  df/dx = 0.333333333333\n"


def test_a_variable_may_be_called_f(run):
    assert run("f * f_", "f=2", "f_=3", "--no-check") == "f__ = f * f_ = 6\n  df__/df  = 3\n  df__/df_ = 2\n"


@pytest.mark.parametrize("name", ["self", "name", "value", "text", "arguments", "lambda_", "_", "os", "v1", "N"])
def test_any_name_may_be_a_variable(run, name):
    assert numbers(run(f"3*{name}", f"{name}=2", "--steps")) == {name: 3.0}


def test_numbers_alone(run):
    assert run("9**9**9**9") == "f = 9**9**9**9 = inf\n"
    assert run("2 + 2", "--steps").splitlines()[0] == "f = 2 + 2 = 4"
    assert json.loads(run("2 + 2", "--json")) == {"formula": "2 + 2", "value": 4.0, "inputs": {}, "derivatives": {}}


@pytest.mark.parametrize(
    ("arguments", "derivatives", "said"),
    [
        (["relu(x)", "x=0"], {"x": 0.0}, "not checked: 0.5 ± 0.5 numerically, so a kink"),
        (["abs(x)", "x=0"], {"x": 0.0}, "not checked: 0 ± 1 numerically, so a kink"),
        (["floor(x)", "x=2"], {"x": 0.0}, "a jump, a pole or an edge at x = 2"),
        (["sqrt(x)", "x=0"], {"x": math.inf}, "not checked: no finite values on both sides of x = 0"),
        (["log(x)", "x=-1"], {"x": -1.0}, "not checked: no finite values on both sides of x = -1"),
        (["1/x", "x=0"], {"x": -math.inf}, "not checked: no finite values on both sides of x = 0"),
        (["x*x", "x=inf"], {"x": math.inf}, "not checked: no finite values"),
        (["x*x", "x=nan"], {"x": math.nan}, "not checked: no finite values"),
        (["cbrt(x)", "x=0"], {"x": math.inf}, "not checked"),
    ],
)
def test_what_numbers_cannot_check_is_said(run, arguments, derivatives, said):
    text = run(*arguments)
    assert numbers(text) == pytest.approx(derivatives, nan_ok=True)
    assert said in text


def test_where_the_chain_rule_fails_the_check_says_so(run):
    """relu(x) - relu(-x) is x, but at 0 each term is at its kink."""
    text = run("relu(x) - relu(-x)", "x=0", code=1)
    assert "differs: 1 ± " in text
    assert text.endswith("  note: relu(0) is at a kink, where the table chooses the derivative\n")
    assert "note: arccos(1) has no finite derivative" in run("arccos(x/x)", "x=3", code=1)
    assert json.loads(run("relu(x) - relu(-x)", "x=0", "--json", code=1))["by_numbers"]["x"]["agrees"] is False


def test_what_rounding_hides_is_no_difference(run):
    """Beside 0.5 a change of 1e-18 is nothing, so the numbers see a derivative of 0."""
    assert numbers(run("logaddexp(x, 0.5) - y", "x=-40", "y=0.5"))["x"] == pytest.approx(2.57676e-18)
    assert run("1e-9*x", "x=1").endswith("numerically\n")


@pytest.mark.parametrize(("shift", "code"), [(1e-9, 0), (1e-6, 1), (-1e-6, 1), (math.nan, 0)])
def test_the_check_can_fail(monkeypatch, capsys, shift, code):
    monkeypatch.setattr(
        __main__, "numerical_grad", lambda f, x: NumericalGradient(2 * x + shift, 1e-12, shift == shift)
    )
    assert main(["x*x", "x=1"]) == code
    assert ("differs" in capsys.readouterr().out) is bool(code)


def test_json_is_strict(run):
    def refuse(constant):
        raise AssertionError(constant)

    report = json.loads(run("x / y + log(y)", "y=0", "x=1", "--json"), parse_constant=refuse)
    assert report["formula"] == "x / y + log(y)"
    assert report["value"] == "nan"
    assert report["inputs"] == {"x": 1.0, "y": 0.0}
    assert list(report["derivatives"].values()) == ["inf", "nan"]
    assert report["by_numbers"]["x"]["agrees"] is None
    assert set(report["by_numbers"]["y"]) == {"value", "error", "agrees"}


def test_json_has_every_digit(run):
    report = json.loads(run(*EXAMPLE, "--json", "--precision", "2"))
    assert report["value"] == 0.0
    assert report["derivatives"] == {"w": 2.0, "x": 0.5, "b": 1.0}
    assert report["by_numbers"]["w"]["agrees"] is True
    assert report["by_numbers"]["w"]["value"] == pytest.approx(2, abs=10 * report["by_numbers"]["w"]["error"] + 1e-15)
    assert json.loads(run("x/3", "x=1", "--json", "--no-check")) == {
        "formula": "x/3",
        "value": 1 / 3,
        "inputs": {"x": 1.0},
        "derivatives": {"x": 1 / 3},
    }


def test_steps(run):
    text = run(*EXAMPLE, "--steps", "--no-check")
    assert text.splitlines() == [
        "f = tanh(w*x + b) = 0",
        "",
        "forward: every value is computed from values above it",
        "  w = 0.5",
        "  x = 2",
        "  b = -1",
        "  v1 = w * x = 0.5 * 2 = 1",
        "  v2 = v1 + b = 1 + -1 = 0",
        "  v3 = tanh(v2) = tanh(0) = 0",
        "  f = v3",
        "",
        "backward, from the last line to the first: a result hands its own derivative on to each operand,",
        "times the partial derivative of the operation; what arrives at one operand is added up",
        "  df/dv3 = 1",
        "  v3 = tanh(v2)",
        "    df/dv2 += df/dv3 * (1 - v3 * v3) = 0 + 1 * 1 = 1",
        "  v2 = v1 + b",
        "    df/dv1 += df/dv2 * 1 = 0 + 1 * 1 = 1",
        "    df/db += df/dv2 * 1 = 0 + 1 * 1 = 1",
        "  v1 = w * x",
        "    df/dw += df/dv1 * x = 0 + 1 * 2 = 2",
        "    df/dx += df/dv1 * w = 0 + 1 * 0.5 = 0.5",
        "",
        "  df/dw = 2",
        "  df/dx = 0.5",
        "  df/db = 1",
    ]


def test_steps_show_that_contributions_are_added(run):
    lines = run("x*x", "x=3", "--steps").splitlines()
    assert "    df/dx += df/dv1 * x = 0 + 1 * 3 = 3" in lines
    assert "    df/dx += df/dv1 * x = 3 + 1 * 3 = 6" in lines


def test_steps_tell_nodes_of_one_label_apart():
    one, other = Value(2.0, label="w"), Value(5.0, label="w")
    product = one * other
    product.label = "f"
    product.backward()
    text = steps(product)
    assert "  w_2 = 5\n  f = w * w_2 = 2 * 5 = 10\n\nbackward" in text
    assert "    df/dw_2 += df/df * w = 0 + 1 * 2 = 2" in text


def test_steps_put_a_label_that_is_a_formula_in_parentheses():
    x, total = Value(2.0, label="x"), Value(3.0, label="a + b")
    output = x * total
    output.backward()
    text = steps(output)
    assert "  v1 = x * (a + b) = 2 * 3 = 6" in text
    assert "    df/d(a + b) += df/dv1 * x = 0 + 1 * 2 = 2" in text
    assert "    df/dx += df/dv1 * (a + b) = 0 + 1 * 3 = 3" in text


def test_steps_say_that_a_zero_wins(run):
    text = run("where(x > 0, log(x), y)".replace("x > 0", "x"), "x=0", "y=2", "--steps")
    assert "= 0 + 0 * inf = 0  (zero times anything is zero)" in text


@given(
    st.lists(st.sampled_from(["+ x", "* y", "- sin(x)", "/ (2 + y)", "** 2", "* x * x"]), min_size=1, max_size=8),
    st.floats(-3, 3),
    st.floats(-1, 3),
)
def test_steps_end_in_the_gradients(operations, x, y):
    leaves = {"x": Value(x, label="x"), "y": Value(y, label="y")}
    text = "x + y"
    for operation in operations:
        text = f"({text}) {operation}"
    output = parse(text)(**leaves)
    output.backward()
    found = re.findall(r"df/d([xy]) \+= .* = (\S+)$", steps(output, precision=17), re.MULTILINE)
    assert {name: float(value) for name, value in found} == {name: leaf.grad for name, leaf in leaves.items()}


def test_weak_places_are_named():
    x = Value(0.0)
    assert weak_places(x.exp() * 2) == []
    assert weak_places(x.sqrt()) == ["sqrt(0) has no finite derivative"]
    assert weak_places(x.clip(0.0, 1.0)) == ["clip(0, 0, 1) is at a kink, where the table chooses the derivative"]


def test_latex(run):
    assert run("f*alpha_1**2/w12", "f=2", "alpha_1=3", "w12=1", "--latex").splitlines() == [
        r"\text{f\_} = \frac{\alpha_{1}^{2} f}{w_{12}}",
        r"\frac{\partial \text{f\_}}{\partial f} = \frac{\alpha_{1}^{2}}{w_{12}}",
        r"\frac{\partial \text{f\_}}{\partial \alpha_{1}} = \frac{2 \alpha_{1} f}{w_{12}}",
        r"\frac{\partial \text{f\_}}{\partial w_{12}} = - \frac{\alpha_{1}^{2} f}{w_{12}^{2}}",
    ]
    assert run("x", "x=1", "--latex").splitlines() == ["f = x", r"\frac{\partial f}{\partial x} = 1"]
    assert run("2*x + relu(y)", "x=1", "y=-1", "--latex").splitlines()[1:] == [
        r"\frac{\partial f}{\partial x} = 2",
        r"\frac{\partial f}{\partial y} = 0",
    ]
    assert run("2 + 2", "--latex") == "f = 4\n"


def test_a_name_means_the_same_in_all_of_the_latex(run):
    assert run("t_1 + tanh(x)", "t_1=2", "x=3", "--latex").splitlines() == [
        r"f = t_{1} + \tanh{\left(x \right)}",
        r"\frac{\partial f}{\partial t_{1}} = 1",
        r"\frac{\partial f}{\partial x} = \begin{aligned}",
        r"& 1 - \text{t1}^{2} \\",  # the part called t1 is no t_1, although that is not in this formula
        r"\text{where}\quad & \text{t1} = \tanh{\left(x \right)}",
        r"\end{aligned}",
    ]
    assert run("x_1 - x1", "x_1=2", "x1=3", "--latex").splitlines()[1:] == [
        r"\frac{\partial f}{\partial x_{1}} = 1",
        r"\frac{\partial f}{\partial \text{x1}} = -1",
    ]
    assert run("_x", "_x=1", "--latex").splitlines()[1] == r"\frac{\partial f}{\partial \text{\_x}} = 1"


@pytest.mark.parametrize("formula", ["sin(" * 99 + "x" + ")" * 99, "*".join("x" * 100), "**".join("x" * 50)])
def test_latex_of_the_longest_formulas_ends(run, formula):
    assert run(formula, "x=1", "--latex").startswith("f = ")


def test_latex_needs_sympy(monkeypatch, refused):
    monkeypatch.setitem(sys.modules, "sympy", None)
    line, _ = refused("x", "x=1", "--latex")
    assert 'pip install "wengert[sympy]"' in line


def test_the_table(run):
    assert run("--table") == table() + "\n"


def test_help_names_every_option(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0
    text = capsys.readouterr().out
    assert all(
        option in text for option in ("--steps", "--json", "--latex", "--table", "--no-check", "--precision", "w=0.5")
    )


@pytest.mark.parametrize(
    ("arguments", "message", "at"),
    [
        ([], 'no formula given; for example: python -m autograd "tanh(w*x + b)" w=0.5 x=2 b=-1', ""),
        (["x=1"], "no formula given", ""),
        ([""], "the formula is empty", ""),
        (["w*x + b", "w=1", "x=2"], "no value given for 'b'; add b=...", ""),
        (["w*x + b", "w=1", "x=2", "B=3"], "no value given for 'b', and 'B' is not in the formula; add b=...", ""),
        (["x", "x=1", "z=2"], "'z' is not in the formula; its names are x", ""),
        (
            ["width", "wdith=1", "width=2"],
            "'wdith' is not in the formula; its names are width; did you mean 'width'?",
            "",
        ),
        (["x", "x=1", "x=1"], "two values given for 'x'", ""),
        (["x", "x=one"], "the value of x cannot be read as a number: 'one'", ""),
        (["x", "x="], "the value of x cannot be read as a number: ''", ""),
        (["x", "x=1j"], "the value of x cannot be read as a number: '1j'", ""),
        (["x", "x=__import__('os')"], "the value of x cannot be read as a number: \"__import__('os')\"", ""),
        (["x", "x=2^3"], "cannot be read as a number: '2^3'; use ** for powers instead of '^'", "^3"),
        (["x", "x=1e309"], "cannot be read as a number: '1e309'; this number is too large for a float", "1e309"),
        (["x", "x=1", "2x="], "cannot be read as a number: ''; write one", ""),
        (["x", "x= "], "cannot be read as a number: ''; write one, or a formula of numbers, as in x=pi/4", ""),
        (["x*y", "x=2", "y=x"], "the value of y cannot be read as a number: 'x'", ""),
        (["2x", "2x=1"], "a product is written 2*x", "2x"),
        (["x", "2x=1", "x=1"], "'2x' is not in the formula", ""),
        (["e*x", "x=1", "e=2"], "'e' is the number 2.718281828459045; choose another name", ""),
        (["tanh(w*x", "+", "b)", "w=1"], "two formulas given, 'tanh(w*x' and '+'; put the formula in quotes", ""),
        (["tahn(x)", "x=1"], "unknown function 'tahn'; did you mean 'tanh'?", "tahn(x)"),
        (["x^2", "x=1"], "use ** for powers", "^2"),
        (["-x^2", "x=1"], "use ** for powers", "^2"),
        (["y == x", "x=1"], "a formula has no '='", "== x"),
        (["y = x", "x=1"], "the value of y cannot be read as a number: 'x'", ""),
        (["x", "x=1", "--jsn"], "unknown option '--jsn'; did you mean '--json'?", ""),
        (["--zz", "zz=1"], "unknown option '--zz' (a formula that starts with - is put in parentheses)", ""),
        (["--x", "x=1"], "a formula that starts with - is put in parentheses", ""),
        (["x", "x=1", "-s"], "unknown option '-s' (a formula", ""),
        (["x", "x=1", "-svg=graph.svg"], "unknown option '-svg'; did you mean '--svg'?", ""),
        (["x", "-x", "x=1"], "two formulas given, 'x' and '-x'; put the formula in quotes", ""),
        (["x", "x=1", "--js"], "unknown option '--js'; did you mean '--json'?", ""),  # no abbreviations
        (["x", "x=1", "--precision", "many"], "argument --precision: invalid int value: 'many'", ""),
        (["x", "x=1", "--precision", "0"], "argument --precision: invalid choice", ""),
        (["x", "x=1", "--precision", "-3"], "argument --precision: invalid choice", ""),
        (["x", "x=1", "--precision"], "argument --precision: expected one argument", ""),
        (["x", "x=1", "--latex", "--json"], "argument --json: not allowed with argument --latex", ""),
        (["x", "x=1", "--json", "--steps"], "argument --steps: not allowed with argument --json", ""),
        (["x", "x=1", "--svg", "-", "--dot", "-"], "only one of --svg and --dot can go to the standard output", ""),
        (["x", "x=1", "--dot", "-", "--json"], "only one of --dot and --json can go to the standard output", ""),
        (["x", "x=1", "--html", "-", "--latex"], "only one of --html and --latex can go to the standard output", ""),
        (["x", "x=1", "--svg", ""], "argument --svg: a file needs a name", ""),
        (["x", "x=1", "--html="], "argument --html: a file needs a name", ""),
        (["x", "x=1", "--dot", " "], "argument --dot: a file needs a name", ""),
        (["x", "x=1", "--svg", "/nowhere/graph.svg"], "cannot write '/nowhere/graph.svg': No such file", ""),
        (["x", "x=1", "--svg", "graph.png"], "--svg does not write .png files; name it graph.svg", ""),
        # hostile and endless
        (["-" * 5_000 + "x", "x=1"], "5001 characters; at most 1000", ""),
        (["-" * 300 + "x", "x=1"], "", ""),
        (["(" * 5_000 + "x" + ")" * 5_000, "x=1"], "10001 characters; at most 1000", ""),
        (["(" * 300 + "x" + ")" * 300, "x=1"], "", "("),
        (["__import__('os').system('ls')"], "has no place in a formula", "'os'"),
        (["x.__class__", "x=1"], "a formula is made of numbers", "x.__class__"),
        (["lambda: 0"], "has no place in a formula", ": 0"),
        (["9" * 400], "too large for a float", "999"),
        (["1e999"], "too large for a float", "1e999"),
        (["х", "x=1"], "CYRILLIC SMALL LETTER HA", "х"),
        (["x", "х=1", "x=1"], "'х' is not in the formula", ""),
        (["x\udc80", "x=1"], "the character U+DC80", "?"),
        (["x" * 100, "y" * 5_000 + "=1", "x" * 100 + "=1"], "is not in the formula", ""),
    ],
)
def test_bad_input(refused, arguments, message, at):
    said, pointed = refused(*arguments)
    assert message in said
    assert pointed[: len(at)] == at if at else True


@pytest.mark.parametrize("name", ROWS)
def test_every_row_can_be_asked_for(run, name):
    letters = "abc"[: len(ROWS[name].args)]
    given_ = [f"{letter}={value}" for letter, value in zip(letters, ["1.25", "0.4", "0.75"], strict=False)]
    text = run(f"{name}({', '.join(letters)})", *given_, "--steps")
    assert list(numbers(text)) == list(letters)


def in_a_process(*arguments, **environment):
    command = [sys.executable, "-W", "error", "-m", "autograd", *arguments]
    done = subprocess.run(command, capture_output=True, env=os.environ | environment, timeout=120, check=False)
    return done.returncode, done.stdout, done.stderr


def test_as_a_program():
    code, out, err = in_a_process(*EXAMPLE)
    assert (code, err) == (0, b"")
    assert out.startswith(b"f = tanh(w*x + b) = 0")
    code, out, err = in_a_process("tahn(x)", "x=1")
    assert (code, out) == (2, b"")
    assert err.splitlines()[1:] == [b"    tahn(x)", b"    ^"]


def test_a_terminal_without_the_signs_gets_others():
    code, out, err = in_a_process("x", "x=1", PYTHONIOENCODING="ascii")
    assert (code, err) == (0, b"")
    assert b"1 ? " in out


def test_the_table_does_not_depend_on_hashes():
    tables = {in_a_process("--table", PYTHONHASHSEED=seed, PYTHONIOENCODING="utf-8")[1] for seed in "01"}
    assert tables == {table().replace("\n", os.linesep).encode() + os.linesep.encode()}


@pytest.mark.skipif(os.name == "nt", reason="pipes close in another way there")
def test_a_closed_pipe_is_no_error():
    script = f"{sys.executable} -W error -m autograd --table | head -n 1 >/dev/null; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, timeout=120, check=True)
    assert (done.stdout, done.stderr) == (b"0\n", b"")


def test_latex_and_a_drawing_at_once(run, tmp_path):
    said = run("x*y", "x=1", "y=2", "--latex", "--svg", str(tmp_path / "graph.svg"))
    assert said.startswith("f = x y")
    assert (tmp_path / "graph.svg").read_text(encoding="utf-8").startswith("<svg")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device that is always full")
def test_a_full_disk_is_said_in_one_line():
    script = f"{sys.executable} -W error -m autograd --table >/dev/full"
    done = subprocess.run(["bash", "-c", script], capture_output=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (1, b"python -m autograd: cannot write: No space left on device\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device that is always full")
def test_a_drawing_on_a_full_disk_names_the_file(refused):
    line, _ = refused("x*x", "x=2", "--svg", "/dev/full")
    assert line == "cannot write '/dev/full': No space left on device"


@pytest.mark.skipif(os.name == "nt", reason="outputs close in another way there")
def test_a_closed_output_is_said_in_one_line():
    script = f"{sys.executable} -W error -m autograd x x=1 >&-"
    done = subprocess.run(["bash", "-c", script], capture_output=True, timeout=120, check=False)
    message = b"python -m autograd: cannot write: the standard output is closed\n"
    assert (done.returncode, done.stderr) == (1, message)
