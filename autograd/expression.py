"""A safe parser for formulas typed by a person, as in ``tanh(w*x + b)``.

Python's own parser does the parsing, and only what is listed here gets through: numbers, names, + - * / % **, and
calls of the rows of the table. Nothing is handed to ``eval``; a number becomes a float before anything is computed.
"""

from __future__ import annotations

import ast
import inspect
import keyword
import math
import re
import sys
import unicodedata
import warnings
from dataclasses import dataclass
from typing import Any

from autograd.formula import LEAVES, OPERATORS, Formula, parts
from autograd.functions import FUNCTIONS
from autograd.rows import ROWS, did_you_mean

CONSTANTS = {"pi": math.pi, "e": math.e}

_MOST_CHARACTERS = 1_000
_MOST_NODES = 200
_GRAMMAR = "a formula is made of numbers, names, + - * / % ** ( ) and functions such as tanh(x)"
_FOREIGN = re.compile(r"[^A-Za-z0-9_ .,()+*/%-]")
_REMEDIES = {
    "^": "use ** for powers", "²": "use **2", "³": "use **3", "√": "use sqrt(x)", "π": "use pi",
    **dict.fromkeys("×·⋅∙", "use * for a product"), **dict.fromkeys("÷∕⁄", "use / for a quotient"),
    **dict.fromkeys("−–—", "use - for minus"), "=": "a formula has no '='; values stand after it, as in x=2",
}  # fmt: skip
_USUAL_NAMES = {
    "ln": "log", "min": "minimum", "max": "maximum", "sgn": "sign", "swish": "silu", "logistic": "sigmoid",
    "asin": "arcsin", "acos": "arccos", "atan": "arctan", "atan2": "arctan2",
    "asinh": "arcsinh", "acosh": "arccosh", "atanh": "arctanh",
}  # fmt: skip


class ExpressionError(ValueError):
    """A formula that cannot be read or evaluated; the message says what to write instead, with a caret."""

    def __init__(self, message: str, text: str = "", column: int = 0) -> None:
        start = max(0, column - 60)  # of a long formula only the surroundings are shown
        line = "".join(char if char.isprintable() else "?" for char in text[start : start + 100])
        super().__init__(f"{message}\n    {line}\n    {' ' * (column - start)}^" if text else message)


@dataclass(frozen=True)
class Expression:
    """A formula and the names in it, in the order of their appearance. Call it with a value for each name.

    >>> square = parse("x**2 + c")
    >>> square.names, square(x=3.0, c=1.0)
    (('x', 'c'), 10.0)
    """

    text: str
    formula: Formula
    names: tuple[str, ...]

    def __call__(self, /, **values: Any) -> Any:
        """A float for floats, a node where one was given. Raises ExpressionError for a missing or an unknown name."""
        for name in self.names:
            if name not in values:
                spare = next((f", and {each!r} is not in the formula" for each in values if each not in self.names), "")
                raise ExpressionError(f"no value given for {name!r}{spare}; add {name}=...")
        for name in values:
            if name in CONSTANTS:
                raise ExpressionError(f"{name!r} is the number {CONSTANTS[name]}; choose another name")
            if name not in self.names:
                occur = f"its names are {', '.join(self.names)}" if self.names else "it has no names"
                raise ExpressionError(f"{name!r} is not in the formula; {occur}{did_you_mean(name, self.names)}")

        def evaluate(formula: Formula) -> Any:
            head, *args = formula
            if head in LEAVES:
                return values[args[0]] if head == "name" else args[0]
            return FUNCTIONS[head](*map(evaluate, args))

        return evaluate(self.formula)


def parse(text: str) -> Expression:
    """Read a formula of at most 1 000 characters and 200 operations, names and numbers.

    >>> parse("tanh(w*x + b)").names
    ('w', 'x', 'b')

    Raises ExpressionError, with a caret and a remedy, for anything else.
    """
    text = text.strip()
    if not text:
        raise ExpressionError("the formula is empty; write one such as 'tanh(w*x + b)'")
    if len(text) > _MOST_CHARACTERS:
        raise ExpressionError(f"the formula has {len(text)} characters; at most {_MOST_CHARACTERS} are read")
    if foreign := _FOREIGN.search(text):
        raise ExpressionError(_remedy(foreign[0]), text, foreign.start())
    for word in re.finditer(r"[A-Za-z_]\w*", text):
        if keyword.iskeyword(word[0]):
            message = f"{word[0]!r} is a reserved word of Python, not a name; write {word[0]}_ or another one"
            raise ExpressionError(message, text, word.start())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about '2or x' and the like, which are refused below
            tree = ast.parse(text, mode="eval").body
        size = sum(isinstance(node, ast.expr) for node in ast.walk(tree))
        if size > _MOST_NODES:
            raise ExpressionError(f"the formula has {size} parts; at most {_MOST_NODES} are read")
        formula = _read(tree, text)
        return Expression(text, formula, _names(formula))
    except SyntaxError as error:
        column = min(error.offset or len(text) + 1, len(text) + 1) - 1
        raise ExpressionError(_syntax(error.msg), text, column) from None
    except (RecursionError, MemoryError):
        raise ExpressionError("the formula is nested too deeply") from None


def _read(node: ast.expr, text: str) -> Formula:
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            if number <= sys.float_info.max:
                return ("number", float(number))
            message = "this number is too large for a float, which ends at 1.8e308"
        case ast.Name(id=name) if name in CONSTANTS:
            return ("number", CONSTANTS[name])
        case ast.Name(id=name) if name in FUNCTIONS:
            message = f"{name!r} is a function; write {_call(name)}"
        case ast.Name(id=name):
            return ("name", name)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return ("neg", _read(operand, text))
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _read(operand, text)
        case ast.BinOp(op=op, left=left, right=right) if type(op) in OPERATORS:
            return (OPERATORS[type(op)], _read(left, text), _read(right, text))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in FUNCTIONS:
            row = ROWS[name]
            given = [_read(arg, text) for arg in args]
            if len(row.args) <= len(given) <= len(row.names):
                for index, param in enumerate(row.names[: len(given)]):
                    if param in row.params and _names(given[index]):
                        message = f"{param} of {name} is a number, without names in it"
                        raise ExpressionError(message, text, args[index].col_offset)
                return (name, *given)
            message = f"{name!r} of {len(given)} arguments; write {_call(name)}"
        case ast.Call(func=ast.Name(id=name)) if name not in FUNCTIONS:
            meant = did_you_mean(_USUAL_NAMES.get(name, name), FUNCTIONS)
            message = f"unknown function {name!r}{meant or f'; for a product write {name}*(...)'}"
        case ast.Call(func=ast.Constant()):
            message = "a product needs its *, as in 2*(x + 1)"
        case _:
            message = _GRAMMAR
    raise ExpressionError(message, text, node.col_offset)


def _names(formula: Formula) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part[1] for part in parts(formula) if part[0] == "name"))


def _call(name: str) -> str:
    return f"{name}{inspect.signature(FUNCTIONS[name])}"


def _remedy(char: str) -> str:
    if char in _REMEDIES:
        return f"{_REMEDIES[char]} instead of {char!r}" if char != "=" else _REMEDIES[char]
    if char.isascii():
        return f"{char!r} has no place in a formula; {_GRAMMAR}"
    kind = unicodedata.name(char, f"the character U+{ord(char):04X}")
    return f"{char!r} is {kind}; a formula is written in the letters a-z, A-Z and the digits 0-9"


def _syntax(message: str) -> str:
    if "decimal literal" in message:
        return "a number does not go on like this; a product is written 2*x"
    return f"this cannot be read; {_GRAMMAR if message.startswith('invalid syntax') else message}"
