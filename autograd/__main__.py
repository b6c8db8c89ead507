"""The command line: ``python -m autograd "tanh(w*x + b)" w=0.5 x=2 b=-1``."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import math
import os
import re
import sys
from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from autograd.backward import gradients, reachable
from autograd.expression import Expression, ExpressionError, parse
from autograd.numerical import NumericalGradient, numerical_grad
from autograd.readers.text import table
from autograd.rows import did_you_mean
from autograd.steps import steps, weak_places
from autograd.symbolic import latex_together
from autograd.value import Value

_EXAMPLE = 'python -m autograd "tanh(w*x + b)" w=0.5 x=2 b=-1'
_VALUE = re.compile(r"\s*(\w+)\s*=(?!=)(.*)", re.DOTALL)
_PICTURES = {".svg", ".html", ".dot", ".png", ".pdf", ".jpg", ".gif"}  # endings that promise something
_OPTION = re.compile(r"-h|--([a-z][a-z-]{0,30}(=.*)?)?", re.DOTALL)
_SHORT_OPTION = re.compile(r" (-([a-z]{1,30}))(=.*)?", re.DOTALL)  # or a formula, if nothing else is one


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Exit with one line, without the usage."""
        self.exit(2, f"{self.prog}: {message}\n")


class _Derivative(NamedTuple):
    name: str
    at: float
    value: float
    numbers: NumericalGradient | None  # None where no check was asked for
    rounding: float  # how much of it the rounding of values in between may hide from the numbers

    @property
    def agrees(self) -> bool | None:
        """Whether the numbers say the same; None where they say nothing."""
        if self.numbers is None or not self.numbers.smooth:
            return None
        value, error, _ = self.numbers
        return bool(abs(self.value - value) <= 10 * error + 1e-7 * abs(value) + self.rounding)

    def verdict(self, precision: int) -> str:
        """What the numbers say, in words."""
        if self.numbers is None:
            return ""
        value, error, smooth = self.numbers
        if math.isnan(value):
            return f"not checked: no finite values on both sides of {self.name} = {self.at:g}"
        found = f"{value:.{precision}g} ± {error:.1g}"
        if not smooth:
            return (
                f"not checked: {found} numerically, so a kink, a jump, a pole or an edge at {self.name} = {self.at:g}"
            )
        return f"{found} numerically" if self.agrees else f"differs: {found} numerically"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line. Returns 1 if a derivative differs from its check, else 0; exits with 2 on bad input."""
    parser = _parser()
    words = sys.argv[1:] if arguments is None else arguments
    # argparse would take '-x**2' for an option, but not with a space in front
    words = [f" {word}" if word.startswith("-") and not _OPTION.fullmatch(word) else word for word in words]
    options, unknown = parser.parse_known_intermixed_args(words)
    if unknown:
        parser.error(_unknown(unknown[0]))
    if options.table:
        print(table())
        return 0
    try:
        expression, given = _read(options.words)
        result = expression(**given)
        leaves = {name: given[name] for name in expression.names}
        formulas = _latex(result, leaves) if options.latex else ""
    except (ValueError, ImportError) as error:
        parser.error(str(error))
    output = result if isinstance(result, Value) else Value(result)
    output.backward()
    terms = [abs(node.data * node.grad) for node in reachable([output])]
    rounding = 1e-13 * max(filter(math.isfinite, terms), default=0.0)
    derivatives = [
        _Derivative(name, leaf.data, leaf.grad, numbers, rounding)
        for name, leaf in leaves.items()
        if not formulas
        for numbers in [None if options.no_check else _by_numbers(expression, leaves, name)]
    ]
    try:
        on_paper = _drawings(output, _free_name(expression.names), options)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    if on_paper:
        print(on_paper, end="")
    elif formulas:
        print(formulas)
    elif options.json:
        print(_json(expression, output, derivatives))
    else:
        print(_text(expression, output, derivatives, options.precision, options.steps))
    return int(any(derivative.agrees is False for derivative in derivatives))


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m autograd",
        description="The value of a formula and its partial derivatives, checked numerically.",
        epilog=f"For example: {_EXAMPLE}. Functions are the operations of the table; pi and e are constants.",
        allow_abbrev=False,
    )
    parser.add_argument("words", nargs="*", metavar="FORMULA NAME=VALUE", help="a formula, and a number for each name")
    parser.add_argument("--table", action="store_true", help="print the table of derivatives, and nothing else")
    parser.add_argument("--no-check", action="store_true", help="leave out the numerical derivatives")
    parser.add_argument("--precision", type=int, choices=range(1, 18), default=6, metavar="DIGITS",
                        help="significant digits, 1 to 17 (default 6)")  # fmt: skip
    for suffix, what in {"svg": "a picture", "html": "a page to play with", "dot": "Graphviz's text"}.items():
        parser.add_argument(f"--{suffix}", metavar="FILE", type=_file,
                            help=f"draw the graph as {what}; - for the standard output")  # fmt: skip
    parser.add_argument("--open", action="store_true", help="show the drawing in a browser, the page unless --svg")
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--steps", action="store_true", help="show the chain rule line by line")
    shape.add_argument("--latex", action="store_true", help="print the formula and its derivatives as LaTeX")
    shape.add_argument("--json", action="store_true", help="print JSON, with nan and inf as strings")
    return parser


def _file(name: str) -> str:
    if not name.strip():
        raise argparse.ArgumentTypeError("a file needs a name; - is the standard output")
    return name.strip()


def _unknown(option: str) -> str:
    hint = did_you_mean(option, re.findall("--[a-z-]+", _parser().format_usage()))
    return f"unknown option {option!r}{hint} (a formula that starts with - is put in parentheses)"


def _read(words: Sequence[str]) -> tuple[Expression, dict[str, Value]]:
    """The formula, and the leaves with their values."""
    formulas, leaves = [], {}
    for word in words:
        found = _VALUE.fullmatch(word)
        if not found:
            formulas.append(word)
        elif found[1] in leaves:
            raise ExpressionError(f"two values given for {found[1]!r}")
        else:
            leaves[found[1]] = Value(_number(found[1], found[2]), label=found[1])
    if not formulas:
        raise ExpressionError(f"no formula given; for example: {_EXAMPLE}")
    if len(formulas) > 1:
        for each in formulas:
            if (found := _SHORT_OPTION.fullmatch(each)) and found[2] not in leaves:
                raise ExpressionError(_unknown(found[1]))
        both = " and ".join(repr(each.strip()[:60]) for each in formulas[:2])
        raise ExpressionError(f"two formulas given, {both}; put the formula in quotes")
    return parse(formulas[0]), leaves


def _number(name: str, text: str) -> float:
    """A number as Python writes it, or a formula of numbers such as pi/4."""
    with contextlib.suppress(ValueError):
        if math.isfinite(number := float(text)) or "n" in text.lower():  # inf and nan, but not 1e309
            return number
    message = f"the value of {name} cannot be read as a number: {text.strip()[:60]!r}; "
    try:
        expression = parse(text.strip() or "x")
    except ExpressionError as error:
        raise ExpressionError(f"{message}{error}") from None
    if expression.names:
        raise ExpressionError(f"{message}write one, or a formula of numbers, as in {name}=pi/4")
    return float(expression())


def _by_numbers(expression: Expression, leaves: Mapping[str, Value], name: str) -> NumericalGradient:
    values = {each: leaf.data for each, leaf in leaves.items()}
    return numerical_grad(lambda value: expression(**{**values, name: value}), values[name])


def _drawings(output: Value, name: str, options: argparse.Namespace) -> str:
    """Write the drawings that are asked for. Returns what is to be printed in place of the report."""
    if not (options.svg or options.html or options.dot or options.open):
        return ""
    from autograd.drawing.explorer import explore
    from autograd.drawing.picture import draw

    picture, page = draw(output, names={name: output}), explore(output, names={name: output})
    texts = {"svg": picture.to_svg, "html": page.to_html, "dot": picture.to_dot}
    files = {suffix: getattr(options, suffix) for suffix in texts if getattr(options, suffix)}
    on_paper = [suffix for suffix, file in files.items() if file == "-"]
    others = [name for name in ("steps", "latex", "json") if on_paper and getattr(options, name)]
    if len(on_paper + others) > 1:
        raise ValueError(f"only one of --{' and --'.join(on_paper + others)} can go to the standard output")
    for suffix, file in files.items():
        if Path(file).suffix.lower() in _PICTURES - {f".{suffix}"}:
            raise ValueError(f"--{suffix} does not write {Path(file).suffix} files; name it {Path(file).stem}.{suffix}")
    for suffix, file in files.items():
        if file != "-":
            try:
                Path(file).write_text(texts[suffix](), encoding="utf-8")
            except OSError as error:
                raise ValueError(f"cannot write {file!r}: {error.strerror}") from None
    if options.open:
        (picture if options.svg and not options.html else page).show()
    return texts[on_paper[0]]() if on_paper else ""


def _latex(result: Any, leaves: Mapping[str, Value]) -> str:
    inputs = list(leaves.values())
    found = gradients([(result, 1.0)], as_graph=True) if leaves else {}
    derivatives = [found.get(leaf, 0.0) for leaf in inputs]
    name, formula, *others = latex_together([Value(0.0, label=_free_name(leaves)), result, *inputs, *derivatives])
    pairs = zip(others[: len(inputs)], others[len(inputs) :], strict=True)
    return "\n".join(
        [f"{name} = {formula}", *(rf"\frac{{\partial {name}}}{{\partial {leaf}}} = {d}" for leaf, d in pairs)]
    )


def _free_name(names: Container[str]) -> str:
    """A name for the output that is not one of the formula's."""
    name = "f"
    while name in names:
        name += "_"
    return name


def _text(
    expression: Expression, output: Value, derivatives: Sequence[_Derivative], precision: int, with_steps: bool
) -> str:
    name = _free_name(expression.names)
    lines = [f"{name} = {expression.text} = {output.data:.{precision}g}"]
    if with_steps:
        lines += ["", steps(output, name, precision), ""]
    names = [f"d{name}/d{each.name}" for each in derivatives]
    values = [f"{each.value:.{precision}g}" for each in derivatives]
    for left, right, each in zip(names, values, derivatives, strict=True):
        line = f"  {left:<{max(map(len, names))}} = {right:<{max(map(len, values))}}   {each.verdict(precision)}"
        lines.append(line.rstrip())
    if any(each.numbers and not each.agrees for each in derivatives):
        lines += [f"  note: {place}" for place in weak_places(output, precision)]
    return "\n".join(lines)


def _json(expression: Expression, output: Value, derivatives: Sequence[_Derivative]) -> str:
    report: dict[str, Any] = {
        "formula": expression.text,
        "value": _strict(output.data),
        "inputs": {each.name: _strict(each.at) for each in derivatives},
        "derivatives": {each.name: _strict(each.value) for each in derivatives},
    }
    checks = {
        each.name: {"value": _strict(each.numbers.value), "error": _strict(each.numbers.error), "agrees": each.agrees}
        for each in derivatives if each.numbers
    }  # fmt: skip
    return json.dumps(report | ({"by_numbers": checks} if checks else {}), indent=2, allow_nan=False)


def _strict(number: float) -> float | str:
    """JSON has no nan and no inf; they are written as strings."""
    return number if math.isfinite(number) else str(number)


if __name__ == "__main__":
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal may lack ± and ×
    code: int | str
    if sys.stdout is None:  # closed, as in '>&-'
        sys.exit("python -m autograd: cannot write: the standard output is closed")
    try:
        code = main()
        sys.stdout.flush()
    except OSError as error:  # nobody reads on, as in '--table | head', or the disk is full
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nor may the exit find more to write
        code = 0 if isinstance(error, BrokenPipeError) else f"python -m autograd: cannot write: {error.strerror}"
    sys.exit(code)
