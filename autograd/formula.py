"""Reads the rows of the table of derivatives: text in, nested immutable tuples out.

A formula is one of

    ('number', 2.0)   ('constant', 'pi')   ('name', 'x')
    (row, *formulas)                   a call of a row: 'x * y' and 'mul(x, y)' both become ('mul', x, y)
    ('<', a, b) …  ('and', a, b)  ('or', a, b)  ('not', a)        conditions

Python's own parser does the parsing; nothing else of Python is allowed in.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NoReturn, TypeAlias

Formula: TypeAlias = tuple[Any, ...]

CONSTANTS = ("pi", "inf", "nan")
COMPARISONS = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}
CONDITIONS = (*COMPARISONS.values(), "and", "or", "not")
LEAVES = ("number", "constant", "name")
OPERATORS = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div", ast.Mod: "mod", ast.Pow: "pow",
}  # fmt: skip

ZERO: Formula = ("number", 0.0)
ONE: Formula = ("number", 1.0)


class FormulaError(SyntaxError):
    """A row that cannot be read; shown by Python like any syntax error: file, line, formula, caret."""


@dataclass(eq=False)
class Row:
    """One elementwise operation: ``z = name(*args, *params)`` and what is known about it."""

    name: str
    args: tuple[str, ...]
    params: Mapping[str, float]
    definition: Formula  # what the documentation shows
    compute: Formula  # how it is computed (`by`), where that differs
    partials: tuple[Formula | None, ...]  # one for each argument; None until derived (see rows.py)
    symbol: str
    domain: Formula | None  # where the operation is defined and smooth enough to test
    kink: Formula | None  # where it has no derivative, and the table chooses one
    edges: tuple[Mapping[str, float], ...]  # points worth showing in the printed table
    place: tuple[str, int]  # file and line
    texts: Mapping[str, str]  # the formulas as they were written: 'z', 'by', 'dx' …

    @property
    def names(self) -> tuple[str, ...]:
        """Arguments and parameters, in the order of the signature."""
        return (*self.args, *self.params)

    @property
    def call(self) -> Formula:
        """The row of its own arguments and parameters, as a formula."""
        return (self.name, *(("name", name) for name in self.names))

    @property
    def named_partials(self) -> dict[str, Formula]:
        """The partials by name: 'dx', 'dy' …"""
        return {f"d{arg}": partial for arg, partial in zip(self.args, self.partials, strict=True) if partial}

    @property
    def doc(self) -> str:
        """A docstring for what is made of the row."""
        partials = "; ".join(f"∂z/∂{key[1:]} = {text}" for key, text in self.texts.items() if key[1:] in self.args)
        return f"z = {self.texts['z']}, element by element.\n\n{partials or 'Differentiated through its formula.'}"

    def __repr__(self) -> str:
        return f"<row {self.name}({', '.join(self.names)})>"


_declared: dict[str, Row] = {}


def row(
    header: str,
    *,
    symbol: str | None = None,
    by: str | None = None,
    domain: str | None = None,
    kink: str | None = None,
    edges: str = "",
    **partials: str,
) -> None:
    """Add a row to the table: its formula, one partial derivative for each argument (`dx=`, `dy=` …), its symbol
    and the domain its tests draw from.

    In a partial, ``z`` is the result. A parameter written with ``=`` in the header is a constant. `by` is the
    numerically stable way to compute the row where that is not its definition. A row without partials is
    differentiated through the rows it is made of. `kink` is where the row has no derivative and the table chooses
    one; `edges` lists further points that the printed table shows, as ``"x=0 y=2; x=0 y=0"``.

    Raises FormulaError, with file, line, formula and caret, on anything malformed.
    """
    caller = sys._getframe(1)
    place = (caller.f_code.co_filename, caller.f_lineno)
    signature, _, body = header.partition(" = ")
    name, args, params = _read_signature(signature, header, place)
    if name in _declared:
        refuse(f"row {name!r} is already in the table (line {_declared[name].place[1]})", header, 0, place)
    names = (*args, *params)

    def read(text: str, allowed: tuple[str, ...], condition: bool = False) -> Formula:
        return _read_formula(text, allowed, name, place, condition)

    definition = read(body, names) if body else (name, *(("name", n) for n in names))
    compute = read(by, names) if by else definition
    if partials:
        wanted = tuple(f"d{arg}" for arg in args)
        if set(partials) != set(wanted):
            refuse(f"row {name!r} needs the partials {', '.join(wanted)}, not {', '.join(partials)}", header, 0, place)
    elif definition[0] == name:
        refuse(f"row {name!r} is not made of other rows, so it needs its partials", header, 0, place)
    points = tuple(_read_point(point, edges, args, name, place) for point in edges.split(";") if point.strip())
    _declared[name] = Row(
        name=name,
        args=args,
        params=MappingProxyType(params),
        definition=definition,
        compute=compute,
        partials=tuple(read(partials[f"d{arg}"], ("z", *names)) if partials else None for arg in args),
        symbol=symbol or name,
        domain=read(domain, names, True) if domain else None,
        kink=read(kink, names, True) if kink else None,
        edges=points,
        place=place,
        texts={
            key: text
            for key, text in {"z": body or signature, "by": by, **partials, "domain": domain, "kink": kink}.items()
            if text
        },
    )


def declared_rows() -> dict[str, Row]:
    """The rows read so far, in the order of the table; their calls are not yet checked against each other."""
    return dict(_declared)


def parts(formula: Formula) -> Iterator[Formula]:
    """The formula and everything in it, outermost first."""
    yield formula
    if formula[0] not in LEAVES:
        for part in formula[1:]:
            yield from parts(part)


def substitute(formula: Formula, values: Mapping[str, Formula]) -> Formula:
    """The formula with names replaced by formulas."""
    if formula[0] == "name":
        return values.get(formula[1], formula)
    if formula[0] in LEAVES:
        return formula
    return (formula[0], *(substitute(part, values) for part in formula[1:]))


def _read_signature(text: str, header: str, place: tuple[str, int]) -> tuple[str, tuple[str, ...], dict[str, float]]:
    try:
        call = ast.parse(text, mode="eval").body
    except SyntaxError as error:
        message = f"the signature cannot be read: {error.msg}; a row is written 'mul(x, y) = x * y'"
        refuse(message, header, (error.offset or 1) - 1, place)
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name)):
        refuse("a row starts with its signature, as in 'mul(x, y) = x * y'", header, 0, place)
    if call.func.id in LEAVES:
        refuse(f"a row cannot be called {call.func.id!r}: formulas use that word themselves", header, 0, place)
    args, params = [], {}
    for arg in call.args:
        if not isinstance(arg, ast.Name) or arg.id == "z" or arg.id in CONSTANTS:
            refuse("an argument is a name other than z, pi, inf and nan", header, arg.col_offset, place)
        args.append(arg.id)
    for keyword in call.keywords:
        if keyword.arg is None or keyword.arg == "z" or keyword.arg in CONSTANTS:
            refuse("a parameter is a name other than z, pi, inf and nan", header, keyword.col_offset, place)
        try:
            params[keyword.arg] = float(ast.literal_eval(keyword.value))
        except (ValueError, TypeError):
            refuse(f"the parameter {keyword.arg} needs a number", header, keyword.value.col_offset, place)
    if not args or len({*args, *params}) < len(args) + len(params):
        refuse("a row needs at least one argument, and no name twice", header, 0, place)
    return call.func.id, tuple(args), params


def _read_point(
    point: str, edges: str, args: tuple[str, ...], row_name: str, place: tuple[str, int]
) -> Mapping[str, float]:
    try:
        values = {name: float(value) for name, _, value in (pair.partition("=") for pair in point.split())}
    except ValueError:
        values = {}
    if values.keys() != set(args):
        message = f"row {row_name!r}: an edge is a number for each argument, as in 'x=0 y=2'"
        refuse(message, edges, edges.index(point), place)
    return MappingProxyType(values)


def _read_formula(text: str, names: tuple[str, ...], row_name: str, place: tuple[str, int], condition: bool) -> Formula:
    if not isinstance(text, str):
        refuse(f"row {row_name!r}: a formula is a text, as in dx='1'", repr(text), 0, place)
    text = text.strip()

    def fail(message: str, node: ast.expr) -> NoReturn:
        column = len(text.encode()[: node.col_offset].decode())  # the parser counts bytes
        refuse(f"row {row_name!r}: {message}", text, column, place)

    def value(node: ast.expr) -> Formula:
        match node:
            case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
                return ("number", float(number))
            case ast.Name(id=name) if name in CONSTANTS:
                return ("constant", name)
            case ast.Name(id=name) if name in names:
                return ("name", name)
            case ast.Name(id=name):
                fail(f"unknown name {name!r}; here stand {', '.join((*names, *CONSTANTS))}", node)
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
                return ("number", -float(number))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return ("neg", value(operand))
            case ast.BinOp(op=op, left=left, right=right) if type(op) in OPERATORS:
                return (OPERATORS[type(op)], value(left), value(right))
            case ast.Call(func=ast.Name(id="where"), args=[test, left, right], keywords=[]):
                return ("where", truth(test), value(left), value(right))
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
                return (name, *(value(arg) for arg in args))
        fail("a formula is made of numbers, arguments, + - * / % **, calls of other rows and where()", node)

    def truth(node: ast.expr) -> Formula:
        match node:
            case ast.Compare(left=left, ops=ops, comparators=rights) if all(type(op) in COMPARISONS for op in ops):
                sides = [value(side) for side in (left, *rights)]
                pairs = [(COMPARISONS[type(op)], a, b) for op, a, b in zip(ops, sides, sides[1:], strict=False)]
                return _joined("and", pairs)
            case ast.BoolOp(op=op, values=tests):
                return _joined("and" if isinstance(op, ast.And) else "or", [truth(test) for test in tests])
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return ("not", truth(operand))
            case ast.Name():
                return value(node)
        fail("a condition is made of comparisons joined by and, or, not", node)

    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError as error:
        refuse(f"row {row_name!r}: {error.msg}", text, (error.offset or 1) - 1, place)
    return truth(tree) if condition else value(tree)


def _joined(word: str, tests: list[Formula]) -> Formula:
    joined = tests[0]
    for test in tests[1:]:
        joined = (word, joined, test)
    return joined


def refuse(message: str, text: str, column: int, place: tuple[str, int]) -> NoReturn:
    """Raise a FormulaError that shows the text and a caret under one of its columns, counted from 0."""
    file, line = place
    raise FormulaError(message, (file, line, column + 1, text, line, column + 2))  # without an end 3.13 marks the rest
