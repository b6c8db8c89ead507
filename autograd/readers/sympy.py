"""Reads a row for sympy: the same operation on sympy's expressions, so that a graph can be read as a formula.

sympy simplifies sums, products and powers as it builds them. Functions are left as they are: asked to simplify
``tanh(tanh(…))``, sympy takes a time that grows exponentially.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any, NamedTuple

from autograd.formula import Formula, Row
from autograd.rows import ROWS

WAY_OUT = "to_sympy(node, shared=True) gives its parts names"


def load() -> Any:
    """The package sympy. Raises ImportError if it is not installed."""
    try:
        import sympy
    except ImportError as error:
        raise ImportError('formulas are written by sympy: pip install "wengert[sympy]"') from error
    return sympy


def number(value: float) -> Any:
    """A float as sympy's Integer where it is one, else as a Float that prints as Python does."""
    sympy = load()
    if math.isinf(value):
        return sympy.oo if value > 0 else -sympy.oo
    if math.isnan(value):
        return sympy.nan
    if value.is_integer() and abs(value) < 2**53:
        return sympy.Integer(int(value))
    digits = max(15, len(repr(value).partition("e")[0].lstrip("-0.").replace(".", "")))
    written = sympy.Float(repr(value), digits)
    return written if float(written) == value else sympy.Float(value, digits)


def apply(row: Row, operands: Sequence[Any]) -> Any:
    """What a row makes of expressions, one for each argument and parameter."""
    return _call(row.name, operands)


class Weight(NamedTuple):
    """What a row writes: how many operations, how many times each operand (``x * tanh(x)``), and whether in cases."""

    operations: int
    times: tuple[int, ...]
    has_cases: bool


@cache
def weight(row: Row) -> Weight:
    """What writing the row once costs."""
    sympy = load()
    operands = [sympy.Dummy() for _ in row.names]
    written = list(sympy.preorder_traversal(apply(row, operands)))
    operations = sum(bool(part.args) for part in written)
    return Weight(operations, tuple(map(written.count, operands)), any(part.is_Piecewise for part in written))


def _call(name: str, operands: Sequence[Any]) -> Any:
    spelled = _spellings()
    if name in spelled:
        return spelled[name](*operands)
    row = ROWS[name]
    return _read(row.definition, dict(zip(row.names, operands, strict=True)))


def _read(formula: Formula, values: Mapping[str, Any]) -> Any:
    head, args = formula[0], formula[1:]
    if head == "number":
        return number(args[0])
    if head == "constant":
        return load().pi if args[0] == "pi" else number(float(args[0]))
    if head == "name":
        return values[args[0]]
    return _call(head, [_read(arg, values) for arg in args])


@cache
def _spellings() -> dict[str, Callable[..., Any]]:
    """The rows, conditions and `where` that sympy has, or can say in a word. All others are taken apart."""
    sympy = load()

    def plain(name: str) -> Callable[..., Any]:
        return partial(getattr(sympy, name), evaluate=False)

    def power(x: Any, y: Any) -> Any:
        if x.is_Add and y not in (0, 1):
            return sympy.Pow(x, y, evaluate=False)  # nothing to simplify, but sympy would look long for an infinity
        if x.is_Rational and y.is_Integer and (x.p.bit_length() + x.q.bit_length()) * abs(y) > 1_000:
            x = sympy.Float(x)  # exact, this might have more digits than there is room for
        return x**y

    def comparison(name: str) -> Callable[..., Any]:
        def compare(x: Any, y: Any) -> Any:
            if sympy.nan in (x, y):
                return sympy.true if name == "Ne" else sympy.false
            return getattr(sympy, name)(x, y, evaluate=bool(x.is_Number and y.is_Number))

        return compare

    def where(test: Any, x: Any, y: Any) -> Any:
        if isinstance(test, sympy.Expr):  # the row takes a number for its condition
            test = comparison("Ne")(test, sympy.S(0))
        if test in (sympy.true, sympy.false):
            return x if test else y
        if test.has(sympy.Piecewise):  # sympy would solve it for each case
            raise ValueError(f"written out, this formula has a condition inside a condition; {WAY_OUT}")
        return plain("Piecewise")((x, test), (y, True))

    half = sympy.Rational(1, 2)
    sign, magnitude, floor, mod = plain("sign"), plain("Abs"), plain("floor"), plain("Mod")
    exp, log = plain("exp"), plain("log")
    return {
        **{name: plain(name) for name in "sin cos tan sinh cosh tanh erf erfc floor sign exp log".split()},
        **{f"arc{name}": plain(f"a{name}") for name in "sin cos tan tan2 sinh cosh tanh".split()},
        **{"abs": magnitude, "ceil": plain("ceiling"), "mod": mod, "sqrt": lambda x: power(x, half)},
        **{"maximum": plain("Max"), "minimum": plain("Min"), "fmax": plain("Max"), "fmin": plain("Min")},
        **{name: getattr(operator, name) for name in "add sub mul neg pos".split()},
        "div": lambda x, y: x * power(y, sympy.S(-1)), "pow": power, "chain_product": operator.mul, "where": where,
        "exp2": lambda x: power(sympy.S(2), x),
        "expm1": lambda x: exp(x) - 1,
        "log2": lambda x: log(x) / log(2),
        "log10": lambda x: log(x) / log(10),
        "log1p": lambda x: log(1 + x),
        "cbrt": lambda x: sign(x) * magnitude(x) ** sympy.Rational(1, 3),
        "hypot": lambda x, y: power(power(x, sympy.S(2)) + power(y, sympy.S(2)), half),
        "trunc": lambda x: sign(x) * floor(magnitude(x)),
        # half to even: where x + ½ is an odd number, floor(x + ½) is one too many
        "round": lambda x: floor(x + half) - where(plain("Eq")(mod(x + half, 2), 1), sympy.S(1), sympy.S(0)),
        "<": comparison("Lt"), "<=": comparison("Le"), ">": comparison("Gt"), ">=": comparison("Ge"),
        "==": comparison("Eq"), "!=": comparison("Ne"),
        "and": sympy.And, "or": sympy.Or, "not": sympy.Not,
    }  # fmt: skip


def tidy(expression: Any) -> Any:
    """The expression with whole Floats, as in 0.5 * 2 * x, made Integers."""
    if expression.is_Float:
        is_whole = abs(expression) < 2**53 and float(expression).is_integer()
        return load().Integer(int(expression)) if is_whole else expression
    args = [tidy(arg) for arg in expression.args]
    if all(map(operator.is_, args, expression.args)):
        return expression
    return expression.func(*args, **({"evaluate": False} if expression.is_Function or expression.is_Relational else {}))
